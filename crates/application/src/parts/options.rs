//! What a training of a model for a new part depends on: options, and what suits each task where there are none.

use super::contour::BASS;
use super::gaps::marked;
use super::grid::{drums, pitched};
use crate::error::wrong_option;
use crate::humanise::{self, Kind};
use crate::settings::training_with;
use composer_bptt::{AttentionScore, Cell, RecurrentConfig};
use composer_models::seq2seq::{AttentionConfig, Task};
use composer_models::{Encoding, NoteWiseConfig, Seq2SeqConfig};
use composer_training::sampling::Curve;
use composer_training::{OptimizerConfig, Sampling, TrainingConfig};
use std::path::PathBuf;
use toml::Value;

/// How a new part is conditioned on the given one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conditioning {
    /// At each step on what sounds at the same time, by an encoder that runs in both directions.
    Aligned,
    /// On all steps at once, by attention.
    Attention,
    /// By the state that the encoder ends with.
    Bridge,
}

/// What to train. Where an option is `None`, the default of the task holds: docs/parts.md.
#[derive(Clone, Debug)]
pub struct TrainPartOptions {
    /// The task.
    pub task: Task,
    /// Folders of MIDI files; to reharmonise, each with the name of its style: rag=FOLDER.
    pub folders: Vec<String>,
    /// Where to write the model.
    pub output: PathBuf,
    /// A folder for checkpoints, metrics and curves; `None`: none are kept.
    pub output_dir: Option<PathBuf>,
    /// A folder of a run that was stopped, to resume it with the same other options.
    pub resume: Option<PathBuf>,
    /// Epochs at most.
    pub epochs: Option<u64>,
    /// Epochs of unconditional training before that.
    pub unconditional_epochs: Option<u64>,
    /// Hidden units of the decoder; `None`: 96, or those of the model that the training starts from.
    pub hidden: Option<usize>,
    /// Hidden units of the recurrence over the notes of a step; 0: each pitch on its own. `None`: what suits the task, or that of the model
    /// that the training starts from.
    pub note_hidden: Option<usize>,
    /// Bars ago (one, two, four …) whose same step is an input of the decoder, so many of them; `None`: what suits the task.
    pub look_back: Option<usize>,
    /// Hidden units of the encoder in each direction.
    pub encoder: Option<usize>,
    /// Dropout of the decoder's output; `None`: 0.3, or that of the model that the training starts from.
    pub dropout: Option<f64>,
    /// Input dropout of the source.
    pub source_dropout: Option<f64>,
    /// Input dropout of the history.
    pub history_dropout: Option<f64>,
    /// Weight decay.
    pub weight_decay: Option<f64>,
    /// How the new part is conditioned on the source.
    pub conditioning: Option<Vec<Conditioning>>,
    /// The attention score; `None`: general, or that of the model that the training starts from.
    pub score: Option<AttentionScore>,
    /// Share of inputs at the end of training that the model sampled itself; 0 is teacher forcing.
    pub scheduled_sampling: f64,
    /// Cell of encoder and decoder; `None`: GRU, or those of the model that the training starts from.
    pub cell: Option<Cell>,
    /// Single settings of the training over those of the task, by name: `ema_decay`, `training.schedule.kind`.
    pub settings: Vec<(String, Value)>,
    /// Trainings, each with another sixth of the pieces held out, that are compared with unconditional models.
    pub compare: Option<u8>,
    /// A model that the training starts from, a file or the name of a built-in one; `None`: random weights.
    pub init_from: Option<PathBuf>,
    /// Whether a training that starts from a model is compared with the same from random weights, which takes as long again.
    pub compare_from_nothing: bool,
    /// Seed of weights, order and dropout.
    pub seed: u64,
}

impl Default for TrainPartOptions {
    fn default() -> Self {
        Self {
            task: Task::Accompany,
            folders: Vec::new(),
            output: "part.safetensors".into(),
            output_dir: None,
            resume: None,
            epochs: None,
            unconditional_epochs: None,
            hidden: None,
            note_hidden: None,
            look_back: None,
            encoder: None,
            dropout: None,
            source_dropout: None,
            history_dropout: None,
            weight_decay: None,
            conditioning: None,
            score: None,
            scheduled_sampling: 0.0,
            cell: None,
            settings: Vec::new(),
            compare: None,
            init_from: None,
            compare_from_nothing: false,
            seed: 1,
        }
    }
}

/// The place in the bar, modulo so many steps, is an input of both sides: a bar of 4/4.
const METRE: usize = 16;

/// So is the number of steps to the bar line, up to this: a bar of 12/8.
const BAR_LINE: usize = 24;

/// The options, and for the rest what suits each task best.
pub(super) struct Recipe {
    /// Epochs of unconditional training first; 0: none.
    pub(super) unconditional_epochs: u64,
    pub(super) conditioning: Vec<Conditioning>,
    pub(super) training: TrainingConfig,
}

impl TrainPartOptions {
    /// The options with what suits the task; `given` is the model that the training starts from.
    pub(super) fn recipe(&self, given: Option<&Seq2SeqConfig>) -> anyhow::Result<Recipe> {
        let drum = self.task == Task::Drum;
        let ways = match given {
            Some(given) => ways_of(given),
            None if drum || matches!(self.task, Task::Infill | Task::Humanise) => vec![Conditioning::Aligned],
            None => vec![Conditioning::Aligned, Conditioning::Attention],
        };
        let conditioning = self.conditioning.clone().unwrap_or(ways);
        let only_aligned = conditioning == [Conditioning::Aligned];
        let unconditional_epochs =
            self.unconditional_epochs.unwrap_or(if drum && only_aligned { 25 } else { 0 });
        if unconditional_epochs > 0 && !only_aligned {
            return Err(wrong_option(
                "unconditional_epochs",
                "needs aligned conditioning alone: no other kind can be added to a trained model without a change",
            ));
        }
        let defaults = TrainingConfig::for_pairs();
        let humanise = self.task == Task::Humanise;
        let usual_decay = if drum {
            0.3
        } else if humanise {
            0.1
        } else {
            0.02
        };
        let weight_decay = self.weight_decay.unwrap_or(usual_decay);
        let curve = if self.scheduled_sampling > 0.0 { Curve::LinearToEnd } else { Curve::TeacherForcing };
        let training = TrainingConfig {
            epochs: self.epochs.unwrap_or(if drum {
                10
            } else if humanise {
                12
            } else {
                14
            }),
            transpose: if drum || humanise { 0 } else { 5 }, // transposed drums are other drums
            tbptt_len: if humanise { 256 } else { defaults.tbptt_len }, // two steps a note
            source_dropout: self.source_dropout.unwrap_or(if drum || humanise { 0.0 } else { 0.1 }),
            history_dropout: self.history_dropout.unwrap_or(if drum || humanise { 0.2 } else { 0.1 }),
            optimizer: OptimizerConfig { weight_decay, ..defaults.optimizer },
            sampling: Sampling { curve, floor: 1.0 - self.scheduled_sampling, ..Sampling::default() },
            seed: self.seed,
            ..defaults
        };
        let training = training_with(&training, &self.settings)?;
        Ok(Recipe { unconditional_epochs, conditioning, training })
    }
}

/// The model of a task, for so many styles; one that humanises performs notes of a kind.
pub(super) fn configuration(
    task: Task,
    styles: usize,
    kind: Kind,
    options: &TrainPartOptions,
    recipe: &Recipe,
) -> Seq2SeqConfig {
    let frames = |representation, look_back| Encoding::Frames {
        representation,
        metre: METRE,
        bar_line: BAR_LINE,
        look_back,
        longest_match: false,
        returns: false,
        rhythm: false,
        note_lengths: 0,
        note_velocities: 0,
    };
    let cell = options.cell.unwrap_or(Cell::Gru);
    let stack = |hidden| RecurrentConfig { cell, hidden, ..RecurrentConfig::default() };
    let (drum, humanise) = (task == Task::Drum, task == Task::Humanise);
    let usual = if humanise { (128, 80, 0.4) } else { (96, if drum { 64 } else { 32 }, 0.3) };
    let (score, hidden) =
        (options.score.unwrap_or(AttentionScore::General), options.hidden.unwrap_or(usual.0));
    let (note_hidden, look_back) = match task {
        Task::Accompany | Task::Reharmonise => (96, 2),
        // Note by note, held-out drums are far likelier, and what is written is a hi-hat and little else: docs/parts.md.
        Task::Drum | Task::Infill | Task::Humanise => (0, 0),
    };
    let (note_hidden, look_back) =
        (options.note_hidden.unwrap_or(note_hidden), options.look_back.unwrap_or(look_back));
    let reads = |way| recipe.conditioning.contains(&way);
    Seq2SeqConfig {
        source: match task {
            Task::Drum => frames(BASS.layout(), 0),
            Task::Infill => frames(marked(), 0),
            Task::Accompany | Task::Reharmonise => frames(pitched(), 0),
            Task::Humanise => humanise::source_encoding(kind),
        },
        target: match task {
            Task::Humanise => humanise::target_encoding(),
            Task::Drum => frames(drums(), look_back),
            Task::Accompany | Task::Reharmonise | Task::Infill => frames(pitched(), look_back),
        },
        styles,
        encoder: RecurrentConfig { bidirectional: true, ..stack(options.encoder.unwrap_or(usual.1)) },
        decoder: stack(hidden),
        bridge: reads(Conditioning::Bridge),
        aligned: reads(Conditioning::Aligned),
        attention: reads(Conditioning::Attention).then_some(AttentionConfig { score, hidden: hidden / 2 }),
        output_dropout: options.dropout.unwrap_or(usual.2),
        note_wise: (note_hidden > 0).then(|| NoteWiseConfig {
            recurrent: stack(note_hidden),
            output_dropout: 0.0,
            relative_logits: false,
        }),
    }
    .completed()
}

/// How a model is conditioned on its source.
fn ways_of(config: &Seq2SeqConfig) -> Vec<Conditioning> {
    let ways = [
        (config.aligned, Conditioning::Aligned),
        (config.attention.is_some(), Conditioning::Attention),
        (config.bridge, Conditioning::Bridge),
    ];
    ways.into_iter().filter(|(has, _)| *has).map(|(_, way)| way).collect()
}
