//! The command line, in words for musicians.

use crate::commands::runs::RunsArgs;
use crate::commands::train_args::TrainArgs;
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use std::str::FromStr;

/// Teach a recurrent network to write polyphonic music.
///
/// Without a command, composer trains on the music that it carries, composes, and writes a page to look at and
/// listen to: about two minutes, no files needed.
#[derive(Debug, Parser)]
#[command(
    version,
    propagate_version = true,
    subcommand_help_heading = "What it can do",
    disable_help_subcommand = true
)]
pub struct Arguments {
    /// What to do; nothing: the quick start.
    #[command(subcommand)]
    pub command: Option<Command>,

    /// How many processor cores to use; the result is the same with any number
    #[arg(long, global = true, value_name = "N")]
    pub threads: Option<usize>,
}

/// What it can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Learn from a folder of MIDI files, then compose, evaluate and write a report
    Train(Box<TrainArgs>),
    /// List the trainings in a folder
    Runs(RunsArgs),
    /// Write new music, with your own trained model or the one that composer carries
    Compose(Box<ComposeArgs>),
    /// Show how likely a model finds a piece, note by note: where was it surprised?
    Score(crate::commands::score::ScoreArgs),
    /// Write an accompaniment for a melody, which stays as it is
    Accompany(crate::commands::parts::accompany::AccompanyArgs),
    /// Write drums for a bass line
    Drum(crate::commands::parts::drum::DrumArgs),
    /// Keep a melody and write harmony in another style
    Reharmonise(crate::commands::parts::reharmonise::ReharmoniseArgs),
    /// Train a model for accompany, drum or reharmonise on your own music
    LearnPart(crate::commands::parts::learn::LearnArgs),
    /// Say what is wrong with pieces of music: where, why, and what to try next
    Diagnose(DiagnoseArgs),
    /// Compare music with real music, or measure how well a model predicts music that it has not seen
    Evaluate(Box<EvaluateArgs>),
    /// Sum up a listening test: who wins, how sure that is, and how many judgements it takes
    Listening(crate::commands::listening::ListeningArgs),
    /// Say what is in a MIDI file: roles, a piano roll, and what each representation makes of it
    Inspect(crate::commands::inspect::InspectArgs),
    /// Read folders of MIDI files into an encoded corpus, with an account of every file
    Ingest(crate::commands::ingest::IngestArgs),
    /// Check the hand-written gradients against finite differences
    Gradcheck(GradcheckArgs),
    /// Show how recurrent networks behave: what they remember, what becomes of their gradients, what scheduled sampling gains
    #[command(subcommand)]
    Study(crate::commands::study::StudyCommand),
    /// Measure: likelihood to compare with published figures, speed and memory on this machine
    #[command(subcommand)]
    Benchmark(crate::commands::benchmark::BenchmarkCommand),
}

/// Options of writing music.
#[derive(Clone, Debug, Args)]
pub struct MusicArgs {
    /// How many pieces to write
    #[arg(long, default_value_t = 3, value_name = "N")]
    pub num_outputs: usize,

    /// How long each piece is: 16bars (of four quarters) or 256steps
    #[arg(long, default_value = "16bars")]
    pub length: Length,

    /// How adventurous: 1 as learnt, lower is tamer, higher is wilder, 0 always the most likely [default: 0.6 for frames,
    /// 0.9 for tokens]
    #[arg(long)]
    pub temperature: Option<f64>,

    /// Notes that may sound together at most
    #[arg(long, default_value_t = 8, value_name = "N")]
    pub max_polyphony: usize,

    /// The same seed gives the same music, another seed another
    #[arg(long, default_value_t = 1)]
    pub seed: u64,

    /// Quarter notes per minute [default: as in the music it learnt from]
    #[arg(long)]
    pub qpm: Option<f64>,

    /// Play with the sounds of a SoundFont file (.sf2) instead of the built-in ones
    #[arg(long, value_name = "FILE")]
    pub soundfont: Option<PathBuf>,
}

/// `composer compose`.
#[derive(Clone, Debug, Args)]
pub struct ComposeArgs {
    /// The trained model: model.safetensors of a run [default: the one that composer carries, of piano rags and game music]
    #[arg(long, value_name = "FILE")]
    pub model: Option<PathBuf>,

    /// Where to write the music
    #[arg(long, default_value = "compositions", value_name = "FOLDER")]
    pub output_dir: PathBuf,

    /// What to write
    #[command(flatten)]
    pub music: MusicArgs,

    /// How to steer it
    #[command(flatten)]
    pub steer: crate::commands::steer::SteerArgs,
}

/// `composer diagnose`.
#[derive(Clone, Debug, Args)]
pub struct DiagnoseArgs {
    /// MIDI files, or folders of them
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// Folder of real music in the style that the files should have; without it, the music that composer carries
    #[arg(long, value_name = "FOLDER")]
    pub reference: Option<PathBuf>,

    /// The files are whole pieces: judge also how they begin and end
    #[arg(long)]
    pub whole: bool,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// `composer evaluate`.
#[derive(Clone, Debug, Args)]
pub struct EvaluateArgs {
    /// Folder of MIDI files to judge, or one file; several are judged side by side; needs none with --model
    #[arg(required_unless_present = "model", value_name = "FOLDER")]
    pub music: Vec<PathBuf>,

    /// A trained model, to measure how well it predicts the test pieces of the reference
    #[arg(long, value_name = "FILE")]
    pub model: Option<PathBuf>,

    /// Folder of real music to compare with; without it, the music that composer carries
    #[arg(long, alias = "data", value_name = "FOLDER")]
    pub reference: Option<PathBuf>,

    /// Where to write the page
    #[arg(long, default_value = "evaluation.html", value_name = "FILE")]
    pub output: PathBuf,

    /// Also show the metrics of MusPy 0.5.0, quirks included, to compare with figures in papers
    #[arg(long)]
    pub muspy: bool,

    /// Print JSON instead of tables
    #[arg(long)]
    pub json: bool,

    /// Seed of the resampling behind the intervals
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// `composer gradcheck`.
#[derive(Clone, Debug, Args)]
pub struct GradcheckArgs {
    /// Which cell
    #[arg(help = format!("Which cell: {}, or all", composer_bptt::Cell::names()))]
    #[arg(long, default_value = "all")]
    pub cell: String,

    /// Whose gradients are checked: textbook (plain loops), fused (what runs) or reference (a tape)
    #[arg(long, default_value = "fused", value_name = "NAME")]
    pub implementation: composer_bptt::Implementation,

    /// Layers on top of each other
    #[arg(long, default_value_t = 2)]
    pub layers: usize,

    /// Units in each layer
    #[arg(long, default_value_t = 5)]
    pub hidden: usize,

    /// Time steps
    #[arg(long, default_value_t = 6)]
    pub steps: usize,

    /// Sequences side by side
    #[arg(long, default_value_t = 3)]
    pub batch: usize,

    /// Read the sequence in both directions
    #[arg(long)]
    pub bidirectional: bool,

    /// Normalise the gates inside the cells
    #[arg(long)]
    pub layer_norm: bool,

    /// Seed of weights and inputs
    #[arg(long, default_value_t = 1)]
    pub seed: u64,

    /// Make the gradients of this gate (i, f, g, o, r, z, n or h) 1 % too large, to see the check catch it
    #[arg(long, value_name = "GATE")]
    pub falsify: Option<String>,

    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// A length of music.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// Bars of four quarters.
    Bars(usize),
    /// Steps of the model's grid.
    Steps(usize),
}

/// A day of sixteenths at 120: nobody waits for more.
const MAX_STEPS: usize = 1_000_000;

impl FromStr for Length {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
        let number: usize = digits
            .parse()
            .map_err(|_| "write a number and a unit, for example 16bars or 256steps".to_string())?;
        if number == 0 || number > MAX_STEPS {
            return Err(format!("a length must be between 1 and {MAX_STEPS}"));
        }
        match text[digits.len()..].trim() {
            "" | "bar" | "bars" => Ok(Length::Bars(number)),
            "step" | "steps" => Ok(Length::Steps(number)),
            unit => Err(format!("\"{unit}\" is not a unit of length: use bars or steps")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn lengths_are_bars_or_steps() {
        assert_eq!("16bars".parse(), Ok(Length::Bars(16)));
        assert_eq!("1 bar".parse(), Ok(Length::Bars(1)));
        assert_eq!("8".parse(), Ok(Length::Bars(8)));
        assert_eq!("256steps".parse(), Ok(Length::Steps(256)));
        for bad in
            ["", "bars", "0bars", "-3bars", "3miles", "99999999999999999999", "1e3bars", "10000000steps"]
        {
            assert!(bad.parse::<Length>().is_err(), "{bad}");
        }
    }
}
