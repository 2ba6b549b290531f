//! `composer benchmark frames`.

use crate::cli::help::with_cells;
use crate::cli::terminal::Terminal;
use clap::Args;
use composer::benchmark::{FramesOptions, Recipe, frames};
use composer_bptt::Cell;
use composer_models::Network;
use std::path::PathBuf;

/// `composer benchmark frames`.
#[derive(Clone, Debug, Args)]
pub struct FramesArgs {
    /// The dataset as JSON: pieces as lists of frames of MIDI pitches, such as JSB Chorales and Nottingham
    pub file: PathBuf,

    /// Only the two baselines, without training a network
    #[arg(long)]
    pub baselines: bool,

    #[arg(help = with_cells("Cell of the network"), long, default_value_t = FramesOptions::default().cell)]
    pub cell: Cell,

    /// Hidden units of its layer
    #[arg(long, default_value_t = FramesOptions::default().hidden)]
    pub hidden: usize,

    /// Maximum number of epochs
    #[arg(long, default_value_t = FramesOptions::default().epochs)]
    pub epochs: u64,

    /// Dropout before the output
    #[arg(long, default_value_t = FramesOptions::default().dropout)]
    pub dropout: f64,

    /// How frames are made: all pitches on their own (independent), conditioned on those below as in RNN-NADE (coupled), note by note (note-wise), or by recurrences with the same weights for all pitches (biaxial)
    #[arg(long, default_value_t = FramesOptions::default().network)]
    pub network: Network,

    #[arg(long, conflicts_with = "network", hide = true)]
    pub coupled: bool,

    #[arg(help = with_cells("Cell of the note stack"), long, default_value_t = FramesOptions::default().note_cell)]
    pub note_cell: Cell,

    /// Hidden units of the note stack
    #[arg(long, default_value_t = FramesOptions::default().note_hidden)]
    pub note_hidden: usize,

    /// Tell the network what followed the longest earlier passage that equals the last frames
    #[arg(long)]
    pub longest_match: bool,

    /// Augmentation: maximum transposition during training, in semitones; published figures use none
    #[arg(long, default_value_t = FramesOptions::default().transpose)]
    pub transpose: i8,

    /// Peak learning rate
    #[arg(long, default_value_t = FramesOptions::default().learning_rate)]
    pub learning_rate: f64,

    /// All settings of the network by the size of the set alone: best, or independent (pitches)
    #[arg(long, conflicts_with_all = ["cell", "hidden", "epochs", "dropout", "network", "coupled", "longest_match", "transpose", "learning_rate"])]
    pub recipe: Option<Recipe>,

    /// Maximum minutes of a training; 0: no limit, and 55 with a recipe
    #[arg(long, default_value_t = 0.0)]
    pub minutes: f64,

    /// Seed of weights, order and dropout
    #[arg(long, default_value_t = 1)]
    pub seed: u64,

    /// Train with so many seeds, and print their mean and its 95 % interval
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    pub seeds: u64,
    /// Also write the network to this file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["baselines", "seeds"])]
    pub output: Option<PathBuf>,
}

/// Runs the command.
pub fn run(args: &FramesArgs, terminal: &mut Terminal) -> anyhow::Result<()> {
    let FramesArgs { baselines, cell, hidden, epochs, dropout, note_cell, note_hidden, .. } = *args;
    let FramesArgs { longest_match, transpose, learning_rate, minutes, seed, seeds, .. } = *args;
    let options = FramesOptions {
        file: args.file.clone(),
        baselines,
        cell,
        hidden,
        epochs,
        dropout,
        network: if args.coupled { Network::Coupled } else { args.network },
        note_cell,
        note_hidden,
        longest_match,
        transpose,
        learning_rate,
        minutes,
        seed,
        seeds,
        output: args.output.clone(),
        ..FramesOptions::default()
    };
    let found = frames(&options, args.recipe, terminal)?;
    terminal.result(|| found.to_json(), || &found)
}
