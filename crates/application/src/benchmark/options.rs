//! [`FramesOptions`]: what the benchmark of likelihoods trains.

use composer_bptt::Cell;
use composer_models::Network;
use std::path::PathBuf;

/// How the network of the benchmark of likelihoods is trained.
#[derive(Clone, Debug)]
pub struct FramesOptions {
    /// The set: pieces of frames of MIDI pitches, as JSON.
    pub file: PathBuf,
    /// Only the two baselines, without a network.
    pub baselines: bool,
    /// Cell of the network.
    pub cell: Cell,
    /// Units of its layer.
    pub hidden: usize,
    /// Epochs at most.
    pub epochs: u64,
    /// Dropout before the output.
    pub dropout: f64,
    /// How the network makes frames.
    pub network: Network,
    /// Cell of the note stack, if the network writes note by note or pitch by pitch.
    pub note_cell: Cell,
    /// Units of the note stack.
    pub note_hidden: usize,
    /// Decay of the moving average of the weights; 0: none.
    pub ema_decay: f64,
    /// Variants of each piece in an epoch.
    pub copies: usize,
    /// Epochs without a better validation before training stops.
    pub patience: u64,
    /// The network is told what followed the longest earlier passage of the piece that equals the last frames.
    pub longest_match: bool,
    /// Semitones to transpose by at most during training.
    pub transpose: i8,
    /// Peak learning rate.
    pub learning_rate: f64,
    /// Minutes of a training at most; 0: no limit.
    pub minutes: f64,
    /// Seed of weights, order and dropout.
    pub seed: u64,
    /// Trainings, each of a seed of its own from `seed` on.
    pub seeds: u64,
    /// Where to write the network.
    pub output: Option<PathBuf>,
}

impl Default for FramesOptions {
    fn default() -> Self {
        Self {
            file: PathBuf::new(),
            baselines: false,
            cell: Cell::Lstm,
            hidden: 200,
            epochs: 60,
            dropout: 0.5,
            network: Network::Independent,
            note_cell: Cell::Gru,
            note_hidden: 192,
            ema_decay: 0.0,
            copies: 1,
            patience: 8,
            longest_match: false,
            transpose: 0,
            learning_rate: 0.004,
            minutes: 0.0,
            seed: 1,
            seeds: 1,
            output: None,
        }
    }
}
