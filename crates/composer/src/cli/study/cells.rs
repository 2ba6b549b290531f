//! `composer study cells`.

use crate::cli::failure::wrong_input;
use crate::cli::files::write_all;
use crate::cli::help::{each_once, typed_command, with_cells};
use crate::cli::terminal::Terminal;
use clap::Args;
use composer::study::{Studied, cells};
use composer::text::studies;
use composer_bptt::Cell;
use composer_report::study::cells::{CellsReport, headline};
use composer_report::study::cells_text::{bars_csv, table, trainings_csv};
use composer_studies::Error;
use composer_studies::cells::{Arm, Config};
use std::path::PathBuf;
use std::str::FromStr;

/// `composer study cells`.
#[derive(Clone, Debug, Args)]
pub struct CellsArgs {
    /// Folder with MIDI files [default: the built-in corpus]
    pub corpus: Option<PathBuf>,

    #[arg(help = with_cells("Cells to compare"), long = "cell",
        alias = "cells",
        value_delimiter = ',',
        default_value = "rnn,lstm,gru",
        value_name = "CELL"
    )]
    pub cells: Vec<Cell>,

    /// Representations: frames, events
    #[arg(
        long = "representation",
        alias = "representations",
        value_delimiter = ',',
        default_value = "frames,events",
        value_name = "NAME"
    )]
    pub forms: Vec<String>,

    /// Trial arms, by the inputs during training: teacher-forcing, linear, exponential, inverse-sigmoid (scheduled sampling), always,
    /// noise, dropout (controls)
    #[arg(
        long = "arm",
        alias = "arms",
        value_delimiter = ',',
        default_value = "teacher-forcing,linear,always,noise",
        value_name = "ARM"
    )]
    pub arms: Vec<String>,

    /// Final probability of a true input with linear scheduled sampling and noise; the initial one is 1. The other schedules replace as
    /// many inputs
    #[arg(long, default_value_t = Config::default().floor, value_name = "P")]
    pub floor: f64,

    /// Number of seeds, for the intervals
    #[arg(long, default_value_t = Config::default().seeds, value_name = "N")]
    pub seeds: usize,

    /// Updates per training
    #[arg(long, default_value_t = Config::default().updates, value_name = "N")]
    pub updates: u64,

    /// Maximum number of parameters per model
    #[arg(long, default_value_t = Config::default().parameters, value_name = "N")]
    pub parameters: usize,

    /// Batch size
    #[arg(long, default_value_t = Config::default().batch, value_name = "N")]
    pub batch_size: usize,

    /// Bars (of four quarters) of a sequence; compositions are four times as long
    #[arg(long, default_value_t = Config::default().bars, value_name = "N")]
    pub bars: usize,

    /// Number of compositions per network
    #[arg(long, default_value_t = Config::default().compositions, value_name = "N")]
    pub compositions: usize,

    /// Learning rate
    #[arg(long, default_value_t = Config::default().learning_rate, value_name = "RATE")]
    pub learning_rate: f64,

    /// The first seed
    #[arg(long, default_value_t = 1)]
    pub seed: u64,

    /// Go on with a study that was stopped: trainings that are finished in the folder are not run again
    #[arg(long)]
    pub resume: bool,

    /// Folder for cells.html and its data as CSV
    #[arg(long, value_name = "FOLDER", default_value = "studies")]
    pub output_dir: PathBuf,
}

/// Runs the command.
pub fn run(args: &CellsArgs, terminal: &mut Terminal) -> anyhow::Result<()> {
    let config = config(args)?;
    let studied = cells(args.corpus.as_deref(), &config, &args.output_dir, args.resume, terminal)?;
    let Studied { found, music, seconds, threads } = &studied;
    let report = CellsReport {
        study: found,
        config: &config,
        music,
        seconds: *seconds,
        threads: *threads,
        command: &typed_command(),
    };
    let page = write_all(
        &args.output_dir,
        &[
            ("cells.csv", trainings_csv(found)),
            ("cells-bars.csv", bars_csv(found)),
            ("cells.html", report.to_html()?),
        ],
    )?;
    terminal.result(
        || studies::cells(found, &page, *seconds),
        || {
            let (table, headline, minutes) =
                (table(found, &config), headline(found, &config), seconds / 60.0);
            format!("{table}{headline}\n{page} (with two CSV files), {minutes:.1} minutes\n")
        },
    )
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
