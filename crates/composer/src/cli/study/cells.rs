//! `composer study cells`.

use crate::cli::help::{each_once, named, typed_command, with_cells};
use crate::cli::terminal::Terminal;
use clap::Args;
use composer::study::cells;
use composer::text::studies as text;
use composer_bptt::Cell;
use composer_studies::cells::Config;
use std::path::PathBuf;

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
    #[arg(long, default_value_t = Config::default().seed)]
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
    let CellsArgs { floor, seeds, updates, parameters, bars, compositions, learning_rate, seed, .. } = *args;
    let config = Config {
        arms: each_once(&named(&args.arms)?),
        cells: each_once(&args.cells),
        forms: each_once(&named(&args.forms)?),
        floor,
        seeds,
        updates,
        parameters,
        batch: args.batch_size,
        bars,
        compositions,
        learning_rate,
        seed,
    }
    .with_teacher_forcing();
    let studied = cells(args.corpus.as_deref(), &config, &args.output_dir, args.resume, terminal)?;
    let page = studied.write(&config, &args.output_dir, &typed_command())?;
    terminal.result(|| text::cells_record(&studied, &page), || text::cells(&studied, &config, &page))
}
