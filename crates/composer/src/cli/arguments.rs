//! All commands, and what holds for each of them.

use super::terminal::Terminal;
use super::{
    benchmark, compose, course, diagnose, evaluate, failure, gradcheck, humanise, ingest, inspect,
    learn_part, listen, listening, models, part, recipes, rewrite, runs, score, shell, studio, study, sweep,
    train,
};
use clap::{CommandFactory, Parser, Subcommand};
use composer::convert::{Conversion, Target, convert};
use composer::quick_start::{WELCOME, is_in_clone};
use std::io::Write;
use std::process::ExitCode;

/// Train recurrent networks on polyphonic music, and compose with them.
///
/// `composer train` trains on the built-in corpus, composes, and writes a report with piano rolls and players: about two minutes, no
/// files needed. Inside a clone of the project, composer without a command does the same.
#[derive(Debug, Parser)]
#[command(
    name = "composer",
    version,
    propagate_version = true,
    subcommand_help_heading = "Commands",
    disable_help_subcommand = true
)]
struct Arguments {
    /// The command; none: how to begin, and inside a clone of the project the quick start
    #[command(subcommand)]
    command: Option<Command>,

    /// Number of threads [default: the number of cores]; results do not depend on it
    #[arg(long, global = true, value_name = "N")]
    threads: Option<usize>,

    /// Print results as JSON
    #[arg(long, global = true)]
    json: bool,

    /// Print only results and errors
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    quiet: bool,

    /// Print more: one line per epoch, and the causes of errors
    #[arg(long, short, global = true)]
    verbose: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
enum Command {
    /// Train a model on a folder of music (MIDI, MusicXML, ABC), then compose, evaluate and write a report
    Train(Box<train::TrainArgs>),
    /// Train once for every combination of some settings, and print one table
    Sweep(sweep::SweepArgs),
    /// List the training runs in a folder
    Runs(runs::RunsArgs),
    /// Compose with a trained model, or with the built-in one
    Compose(Box<compose::ComposeArgs>),
    /// List the built-in models, or print the card of one
    Models(models::ModelsArgs),
    /// Compute the likelihood of a piece under a model, note by note
    Score(score::ScoreArgs),
    /// Write an accompaniment for a melody, which is not changed
    Accompany(part::AccompanyArgs),
    /// Write drums for a bass line
    Drum(part::DrumArgs),
    /// Reharmonise a melody: write an accompaniment in another style
    Reharmonise(part::ReharmoniseArgs),
    /// Write some bars of a tune anew, between what is before and what is after
    Infill(Box<rewrite::InfillArgs>),
    /// Vary a tune more or less
    Vary(Box<rewrite::VaryArgs>),
    /// Give the quantised notes of a tune velocities and timing, as players do
    Humanise(humanise::HumaniseArgs),
    /// Make a result exactly again, by the JSON file beside it
    Again(recipes::AgainArgs),
    /// Compose and edit in a browser, train and look inside a network: opens a page of this computer
    Studio(studio::StudioArgs),
    /// Deprecated: use train --task accompany, drum or reharmonise
    #[command(hide = true)]
    LearnPart(learn_part::LearnArgs),
    /// Detect failures of pieces of music: which, in which bars, the likely cause and what to try
    Diagnose(diagnose::DiagnoseArgs),
    /// Compare music with real music, or compute the likelihood of held-out music under a model
    Evaluate(Box<evaluate::EvaluateArgs>),
    /// Make a listening test of folders of music, and serve it to people's browsers
    #[command(subcommand)]
    Listen(listen::ListenCommand),
    /// Summarise a listening test: win rates, intervals, and the sample size needed
    Listening(listening::ListeningArgs),
    /// Show the contents of a file of music: tracks and roles, a piano roll, and what each representation loses
    Inspect(inspect::InspectArgs),
    /// Convert music between MIDI, MusicXML and ABC, or into sound
    Convert {
        /// Files of music, or folders with them, then the file or folder to write; - is the standard input or output
        #[arg(required = true, num_args = 2.., value_name = "PATH")]
        paths: Vec<std::path::PathBuf>,
        /// Format: midi, musicxml, mxl (compressed MusicXML), abc, or wav for sound [default: by the ending of OUT]
        #[arg(long, value_name = "FORMAT")]
        to: Option<Target>,
        /// Render sound with a SoundFont (.sf2) instead of the built-in synthesiser
        #[arg(long, value_name = "FILE")]
        soundfont: Option<std::path::PathBuf>,
    },
    /// Encode folders of music as a corpus, with a report on every file
    Ingest(ingest::IngestArgs),
    /// Check the hand-written gradients against central differences
    Gradcheck(gradcheck::GradcheckArgs),
    /// Experiments on recurrent networks: memory, gradient flow, scheduled sampling
    #[command(subcommand)]
    Study(study::StudyCommand),
    /// Benchmarks: likelihood on published datasets, speed and memory on this machine
    #[command(subcommand)]
    Benchmark(benchmark::BenchmarkCommand),
    /// Write the course and the guides as pages that need no network
    Course(course::CourseArgs),
    /// Print a completion script for a shell
    Completions(shell::CompletionsArgs),
    /// Print the manual page
    Man(shell::ManArgs),
}

/// Runs the program.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return failure::usage(&error),
    };
    let mut terminal = Terminal::new(arguments.json, arguments.quiet, arguments.verbose);
    match run(arguments, &mut terminal).and_then(|()| Ok(terminal.flush()?)) {
        Ok(()) => ExitCode::SUCCESS,
        // The reader closed the pipe.
        Err(_) if terminal.is_closed() => ExitCode::SUCCESS,
        Err(error) => failure::report(error, terminal.is_verbose()),
    }
}

fn run(arguments: Arguments, terminal: &mut Terminal) -> anyhow::Result<()> {
    if arguments.threads == Some(0) {
        return Err(failure::wrong_input("--threads is 0, and must be at least 1"));
    }
    if let Some(threads) = arguments.threads.or_else(composer::cluster::threads) {
        rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;
    }
    match arguments.command {
        None if !std::env::current_dir().is_ok_and(|folder| is_in_clone(&folder)) => {
            Ok(write!(terminal, "{WELCOME}")?)
        }
        None => train::run(&train::TrainArgs::parse_from(["train"]), terminal),
        Some(command) => run_command(command, terminal),
    }
}

fn run_command(command: Command, terminal: &mut Terminal) -> anyhow::Result<()> {
    match command {
        Command::Train(args) => train::run(&args, terminal),
        Command::Sweep(args) => sweep::run(&args, terminal),
        Command::Runs(args) => runs::run(&args, terminal),
        Command::Compose(args) => compose::run(&args, terminal),
        Command::Models(args) => models::run(&args, terminal),
        Command::Score(args) => score::run(&args, terminal),
        Command::Accompany(args) => part::accompany_melody(&args, terminal),
        Command::Drum(args) => part::drum_to_bass(&args, terminal),
        Command::Reharmonise(args) => part::reharmonise_melody(&args, terminal),
        Command::Infill(args) => rewrite::infill_bars(&args, terminal),
        Command::Vary(args) => rewrite::vary_tune(&args, terminal),
        Command::Humanise(args) => humanise::run(&args, terminal),
        Command::Again(args) => recipes::run(&args, recorded, terminal),
        Command::Studio(args) => studio::run(&args, terminal),
        Command::LearnPart(args) => learn_part::run(&args, terminal),
        Command::Diagnose(args) => diagnose::run(&args, terminal),
        Command::Evaluate(args) => evaluate::run(&args, terminal),
        Command::Listen(command) => listen::run(&command, terminal),
        Command::Listening(args) => listening::run(&args, terminal),
        Command::Inspect(args) => inspect::run(&args, terminal),
        Command::Convert { paths, to, soundfont } => {
            match convert(&paths, to, soundfont.as_deref(), terminal)? {
                Conversion::Bytes(bytes) => terminal.write_file(&bytes),
                Conversion::Files(files) => terminal.result(|| &files, || format!("{}\n", files.join("\n"))),
            }
        }
        Command::Ingest(args) => ingest::run(&args, terminal),
        Command::Gradcheck(args) => gradcheck::run(&args, terminal),
        Command::Study(command) => study::run(&command, terminal),
        Command::Benchmark(command) => benchmark::run(&command, terminal),
        Command::Course(args) => course::run(&args, terminal),
        Command::Completions(args) => shell::completions(&args, Arguments::command(), terminal),
        Command::Man(args) => shell::man(&args, Arguments::command(), terminal),
    }
}

/// What runs the command of recorded arguments, if it is one that writes music.
fn recorded(arguments: &[String]) -> anyhow::Result<recipes::Work> {
    let words = std::iter::once("composer").chain(arguments.iter().map(String::as_str));
    let command = Arguments::try_parse_from(words).ok().and_then(|arguments| arguments.command);
    let Some(
        command @ (Command::Compose(_)
        | Command::Accompany(_)
        | Command::Drum(_)
        | Command::Reharmonise(_)
        | Command::Infill(_)
        | Command::Humanise(_)
        | Command::Vary(_)),
    ) = command
    else {
        let text = "the file says no command that this version knows and that writes music";
        return Err(failure::wrong_input(text));
    };
    Ok(Box::new(|terminal| run_command(command, terminal)))
}
