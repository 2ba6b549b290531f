//! `composer benchmark frames`: likelihoods that can be compared with published ones.

use crate::commands::likelihood::model_nll;
use crate::failure::wrong_input;
use crate::progress::{TrainingProgress, thousands};
use clap::Args;
use composer_bptt::{Cell, Init, RecurrentConfig};
use composer_evaluation::likelihood::marginal::Marginal;
use composer_evaluation::likelihood::markov::MarkovChain;
use composer_evaluation::likelihood::{FrameSpace, Nll};
use composer_models::{Encoding, ModelConfig, Sequence, SequenceModel};
use composer_music::frame_json::{FrameSets, read_frame_json};
use composer_music::representation::frames::{Frame, FrameRepresentation};
use composer_training::{TrainingConfig, train};
use std::path::PathBuf;

/// `composer benchmark frames`.
#[derive(Clone, Debug, Args)]
pub struct FramesArgs {
    /// The set: pieces of frames of MIDI pitches, as in the JSB Chorales and Nottingham sets
    pub file: PathBuf,

    /// Only the two baselines, without training a network
    #[arg(long)]
    pub baselines: bool,

    /// Cell of the network
    #[arg(help = format!("Cell of the network: {}", Cell::names()))]
    #[arg(long, default_value = "lstm")]
    pub cell: Cell,

    /// Units in its layer
    #[arg(long, default_value_t = 200)]
    pub hidden: usize,

    /// Times to go through the training set at most
    #[arg(long, default_value_t = 60)]
    pub epochs: u64,

    /// Share of units that are switched off at random while training
    #[arg(long, default_value_t = 0.5)]
    pub dropout: f64,

    /// Let the pitches of a frame see each other, as in RNN-NADE; without it they are independent
    #[arg(long)]
    pub coupled: bool,

    /// Semitones to transpose by at most while training; the published figures do not transpose
    #[arg(long, default_value_t = 0)]
    pub transpose: i8,

    /// How large the steps of learning are at their largest
    #[arg(long, default_value_t = 0.004)]
    pub learning_rate: f64,

    /// Seed of weights, order and dropout
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// Runs the command.
pub fn run(args: &FramesArgs) -> anyhow::Result<()> {
    let sets = read_frame_json(&args.file).map_err(wrong_input)?;
    let space = FrameSpace { onset_plane: false, ..FrameSpace::PIANO };
    let mut rows = vec![
        ("per-pitch marginal".to_string(), Marginal::fit(&sets.train, space).score(&sets.test)),
        ("per-pitch Markov chain".to_string(), MarkovChain::fit(&sets.train, space).score(&sets.test)),
    ];
    if !args.baselines {
        rows.push(trained(&sets, args)?);
    }
    let frames: usize = sets.test.iter().map(Vec::len).sum();
    println!("{}: {} test pieces, {} frames", args.file.display(), sets.test.len(), thousands(frames as u64));
    println!("{:<32}{:>12}{:>20}", "nats per frame, test set", "all frames", "without the first");
    for (name, nll) in &rows {
        println!("{name:<32}{:>12.3}{:>20.3}", nll.per_frame(), nll.per_frame_without_first());
    }
    Ok(())
}

/// Trains a network on the training set, stops by the validation set, and scores the test set once.
fn trained(sets: &FrameSets, args: &FramesArgs) -> anyhow::Result<(String, Nll)> {
    let sequences = |pieces: &[Vec<Frame>]| pieces.iter().cloned().map(Sequence::Frames).collect::<Vec<_>>();
    let representation = FrameRepresentation { onset_plane: false, ..FrameRepresentation::default() };
    let recurrent = RecurrentConfig { cell: args.cell, hidden: args.hidden, ..RecurrentConfig::default() };
    let config = ModelConfig {
        output_dropout: args.dropout,
        coupled: args.coupled,
        ..ModelConfig::new(Encoding::frames(representation), recurrent)
    };
    let training = TrainingConfig {
        epochs: args.epochs,
        batch_size: 16,
        copies: 1,
        transpose: args.transpose,
        learning_rate: args.learning_rate,
        seed: args.seed,
        ..TrainingConfig::default()
    };
    let (train_set, valid_set) = (sequences(&sets.train), sequences(&sets.valid));
    let mut model = SequenceModel::new(config, &Init::default(), args.seed)?;
    model.init_output_bias(&train_set);
    let mut progress = TrainingProgress::new(args.epochs);
    let outcome = train(&mut model, &train_set, &valid_set, &training, &mut progress);
    progress.finish();
    let outcome = outcome?;
    let coupled = if args.coupled { " coupled" } else { "" };
    let name = format!("{} {}{coupled} (epoch {})", args.cell, args.hidden, outcome.best.epoch);
    Ok((name, model_nll(&model, &sequences(&sets.test))?))
}
