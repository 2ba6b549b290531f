//! `composer study cells`: the table, the page and the data.

use super::{each_once, progress_bar, refused};
use crate::failure::wrong_input;
use crate::material::Material;
use crate::report::charts::cell_name;
use crate::report::study::cells::{CellsReport, headline, number, plus_minus};
use crate::run::OutputFolder;
use clap::Args;
use composer_bptt::Cell;
use composer_music::representation::frames::FrameRepresentation;
use composer_studies::Error;
use composer_studies::cells::{Arm, Config, Event, MEASURES, Outcome, Study, change, over_cells, study};
use std::fmt::Write;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Instant;

/// `composer study cells`.
#[derive(Clone, Debug, Args)]
pub struct CellsArgs {
    /// Folder with MIDI files; without it, the music that composer carries
    pub corpus: Option<PathBuf>,

    /// Cells side by side
    #[arg(help = format!("Cells side by side: {}", Cell::names()))]
    #[arg(
        long = "cell",
        alias = "cells",
        value_delimiter = ',',
        default_value = "rnn,lstm,gru",
        value_name = "CELL"
    )]
    pub cells: Vec<Cell>,

    /// How the music is written: frames, events
    #[arg(
        long = "representation",
        alias = "representations",
        value_delimiter = ',',
        default_value = "frames,events",
        value_name = "NAME"
    )]
    pub forms: Vec<String>,

    /// What networks read while they learn: teacher-forcing, linear, exponential, inverse-sigmoid (scheduled sampling), always,
    /// noise, dropout (controls)
    #[arg(
        long = "arm",
        alias = "arms",
        value_delimiter = ',',
        default_value = "teacher-forcing,linear,always,noise",
        value_name = "ARM"
    )]
    pub arms: Vec<String>,

    /// Probability that a symbol is the true one at the end of linear scheduled sampling and of noise; it begins with 1
    #[arg(long, default_value_t = Config::default().floor, value_name = "P")]
    pub floor: f64,

    /// Trainings of each kind, for the intervals
    #[arg(long, default_value_t = Config::default().seeds, value_name = "N")]
    pub seeds: usize,

    /// Updates of each training
    #[arg(long, default_value_t = Config::default().updates, value_name = "N")]
    pub updates: u64,

    /// Parameters of each model, at most
    #[arg(long, default_value_t = Config::default().parameters, value_name = "N")]
    pub parameters: usize,

    /// Stretches of music side by side in an update
    #[arg(long, default_value_t = Config::default().batch, value_name = "N")]
    pub batch_size: usize,

    /// Bars (of four quarters) of a stretch; compositions are four times as long
    #[arg(long, default_value_t = Config::default().bars, value_name = "N")]
    pub bars: usize,

    /// Pieces that each network composes
    #[arg(long, default_value_t = Config::default().compositions, value_name = "N")]
    pub compositions: usize,

    /// Learning rate
    #[arg(long, default_value_t = Config::default().learning_rate, value_name = "RATE")]
    pub learning_rate: f64,

    /// The first seed
    #[arg(long, default_value_t = 1)]
    pub seed: u64,

    /// Where to write cells.html and its data as CSV
    #[arg(long, value_name = "FOLDER", default_value = "studies")]
    pub output_dir: PathBuf,
}

/// Runs the command.
pub fn run(args: &CellsArgs) -> anyhow::Result<()> {
    let config = config(args)?;
    let material = Material::load(args.corpus.as_deref(), FrameRepresentation::default())?;
    material.announce();
    let train = &material.train.scores;
    let held_out: Vec<_> = material.valid.scores.iter().chain(&material.test.scores).cloned().collect();
    config.check(train, &held_out).map_err(refused)?;
    let folder = OutputFolder::create(&args.output_dir)?;
    let trials = config.trials().len();
    let threads = rayon::current_num_threads().min(trials);
    eprintln!(
        "{trials} trainings of {} updates and one of the reference, {threads} at a time.",
        config.updates
    );
    let bar =
        progress_bar(config.all_updates(), "{bar:28.cyan/blue} {percent:>3}%  about {eta_precise} left");
    let started = Instant::now();
    let found = study(train, &held_out, &config, threads, &mut |event| match event {
        Event::Updated => bar.inc(1),
        Event::Finished(outcome) => bar.suspend(|| eprintln!("{}", line(outcome))),
    });
    bar.finish_and_clear();
    let (found, seconds) = (found.map_err(refused)?, started.elapsed().as_secs_f64());
    folder.write("cells.csv", trainings_csv(&found).as_bytes())?;
    folder.write("cells-bars.csv", bars_csv(&found).as_bytes())?;
    let report = CellsReport {
        study: &found,
        config: &config,
        music: &material.name,
        seconds,
        threads,
        command: &command(args),
    };
    folder.write("cells.html", report.to_html()?.as_bytes())?;
    print!("{}", table(&found, &config));
    println!("{}", headline(&found, &config));
    println!(
        "{} (two tables as CSV beside it), {:.1} minutes",
        folder.path("cells.html").display(),
        seconds / 60.0
    );
    Ok(())
}

fn config(args: &CellsArgs) -> anyhow::Result<Config> {
    let mut arms: Vec<Arm> = read(&args.arms)?;
    if !arms.contains(&Arm::TeacherForcing) {
        // What all others are compared with.
        arms.insert(0, Arm::TeacherForcing);
    }
    Ok(Config {
        cells: each_once(&args.cells),
        forms: read(&args.forms)?,
        arms,
        floor: args.floor,
        seeds: args.seeds,
        updates: args.updates,
        parameters: args.parameters,
        batch: args.batch_size,
        bars: args.bars,
        compositions: args.compositions,
        learning_rate: args.learning_rate,
        seed: args.seed,
    })
}

/// Names, those that were named twice once.
fn read<T: FromStr<Err = Error> + Copy + PartialEq>(names: &[String]) -> anyhow::Result<Vec<T>> {
    let all = names.iter().map(|name| name.parse()).collect::<Result<Vec<T>, _>>().map_err(wrong_input)?;
    Ok(each_once(&all))
}

/// How one training went, in a line.
fn line(outcome: &Outcome) -> String {
    let trial = outcome.trial;
    format!(
        "{:<7} {:<9} {:<16} seed {:<3} {:>7.3} nats per quarter  {:>4.0} s",
        trial.form.to_string(),
        cell_name(trial.cell),
        trial.arm.to_string(),
        trial.seed,
        outcome.nll_per_quarter,
        outcome.seconds
    )
}

/// The table that is printed: what each arm changes.
fn table(found: &Study, config: &Config) -> String {
    let mut text = String::new();
    for &form in &config.forms {
        let _ = write!(text, "\n{:<64}", form.to_string());
        for &arm in &config.arms {
            let _ = write!(text, "{:>20}", arm.to_string());
        }
        for measure in &MEASURES {
            let _ = write!(text, "\n{:<64}", format!("{}, {}", measure.title, measure.unit));
            for &arm in &config.arms {
                let shown = match arm {
                    Arm::TeacherForcing => {
                        number(over_cells(&found.outcomes, form, arm, measure), measure.digits)
                    }
                    _ => plus_minus(change(&found.outcomes, form, arm, measure), measure.digits, true),
                };
                let _ = write!(text, "{shown:>20}");
            }
        }
        text.push('\n');
    }
    text.push_str("\nMeans over cells and seeds; all but the first column: change from teacher forcing, with 95 % intervals.\n");
    text
}

/// One line for each training.
fn trainings_csv(found: &Study) -> String {
    let mut text =
        String::from("representation,cell,arm,seed,hidden,parameters,updates,seconds,nll_per_step");
    for measure in &MEASURES {
        let _ = write!(text, ",{}", measure.name);
    }
    for o in &found.outcomes {
        let _ = write!(
            text,
            "\n{},{},{},{},{},{},{},{:.3},{}",
            o.trial.form,
            o.trial.cell,
            o.trial.arm,
            o.trial.seed,
            o.hidden,
            o.parameters,
            o.updates,
            o.seconds,
            o.nll_per_step
        );
        for measure in &MEASURES {
            let _ = write!(text, ",{}", (measure.of)(o));
        }
    }
    text.push('\n');
    text
}

/// Every figure of every bar; real music has neither cell nor seed.
fn bars_csv(found: &Study) -> String {
    let mut text = String::from("representation,cell,arm,seed,quantity,bar,value\n");
    let mut add = |head: &str, quantity: &str, values: &mut dyn Iterator<Item = f64>| {
        for (bar, value) in values.enumerate() {
            let _ = writeln!(text, "{head},{quantity},{},{value}", bar + 1);
        }
    };
    let all = found.outcomes.iter().map(|o| {
        let Outcome { trial, bars, recovery, .. } = o;
        let head = format!("{},{},{},{}", trial.form, trial.cell, trial.arm, trial.seed);
        (head, bars, recovery.as_slice())
    });
    for (head, bars, recovery) in all.chain([(String::from("frames,,real,"), &found.real, &[][..])]) {
        add(&head, "pitch_classes", &mut bars.iter().map(|bar| bar.pitch_classes));
        add(&head, "density", &mut bars.iter().map(|bar| bar.density));
        add(&head, "lengths", &mut bars.iter().map(|bar| bar.lengths));
        add(&head, "reference_nll", &mut bars.iter().map(|bar| bar.reference_nll));
        add(&head, "perturbation", &mut recovery.iter().copied());
    }
    text
}

/// The command that makes all of this again.
fn command(args: &CellsArgs) -> String {
    let corpus = args.corpus.as_ref().map(|path| format!(" {}", path.display())).unwrap_or_default();
    let cells: Vec<String> = args.cells.iter().map(ToString::to_string).collect();
    format!(
        "composer study cells{corpus} --cell {} --representation {} --arm {} --floor {} --seeds {} --updates {} --parameters {} \
         --batch-size {} --bars {} --compositions {} --learning-rate {} --seed {}",
        cells.join(","),
        args.forms.join(","),
        args.arms.join(","),
        args.floor,
        args.seeds,
        args.updates,
        args.parameters,
        args.batch_size,
        args.bars,
        args.compositions,
        args.learning_rate,
        args.seed
    )
}
