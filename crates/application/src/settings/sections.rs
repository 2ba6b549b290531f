//! The sections of the settings beside the training itself, with their defaults.

use composer_bptt::{Cell, RecurrentConfig};
use composer_models::{Condition, Network};
use composer_music::corpus::Criteria;
use composer_music::notation::Options;
use composer_music::representation::frames::{FrameParts, FrameRepresentation};
use serde::{Deserialize, Serialize};

/// The training music, and how it is encoded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Music {
    /// Folder with music (MIDI, MusicXML, ABC); empty: the built-in corpus.
    pub folder: String,
    /// The representation, by name.
    pub representation: String,
    /// Whether the repeats of MusicXML and ABC are played. Files say it only where they are not.
    #[serde(skip_serializing_if = "Clone::clone")]
    pub repeats: bool,
    /// Steps of a quarter in frames: 4 for sixteenths, 3 for triplet eighths, 6 for both, 12 for all of their divisions.
    pub steps_per_quarter: u32,
    /// Which parts frames hold: `together`, all but drums as one part; `melody`, the melody apart from the rest; `lead-sheet`, the melody and chords that are found; `quartet`, the four parts of a string
    /// quartet; `choir`, four voices; `drums`, drums alone.
    #[serde(skip_serializing_if = "is_together")]
    pub parts: FrameParts,
    /// A network of frames has the place of a step in its bar as an input, modulo so many sixteenths. 0: no such input.
    pub metre: usize,
    /// It has the number of steps to the next bar line, up to so many sixteenths, and the beats as inputs. 0: no such inputs.
    pub bar_line: usize,
    /// It has what sounded at this place of earlier bars as inputs: one bar ago, then two, then four. 0: no such inputs.
    pub look_back: usize,
    /// A network has what followed the longest earlier passage that equals the last steps, or the last tokens, as inputs.
    pub longest_match: bool,
    /// A note-wise network decides how long each note lasts where it begins, up to so many sixteenths; longer notes are cut. 0: it decides at
    /// every step which notes are held.
    #[serde(skip_serializing_if = "is_zero")]
    pub note_lengths: usize,
    /// It also decides the velocity of each note, one of so many, after its length. 0: it does not.
    #[serde(skip_serializing_if = "is_zero")]
    pub note_velocities: usize,
    /// A network of the tokens of `voices` has the chord, the turn, the lengths of notes and the place in the bar as inputs.
    pub voice_inputs: bool,
    /// Where the styles of pieces come from, for a network that is told of them: `folder`, the folders below the training folder, or a file with
    /// the path of a piece, a tab and its style in each line.
    #[serde(skip_serializing_if = "is_folder")]
    pub style_from: String,
}

/// Steps of a quarter in sixteenths.
const STEPS_PER_QUARTER: u32 = 4;

fn is_together(parts: &FrameParts) -> bool {
    *parts == FrameParts::Together
}

fn is_folder(style_from: &String) -> bool {
    style_from == FOLDER
}

/// The usual source of styles.
pub(crate) const FOLDER: &str = "folder";

impl Music {
    /// So many sixteenths in steps of frames.
    pub(crate) fn steps(&self, sixteenths: usize) -> usize {
        sixteenths * self.steps_per_quarter as usize / STEPS_PER_QUARTER as usize
    }

    /// How scores become frames.
    pub(crate) fn frames(&self) -> FrameRepresentation {
        FrameRepresentation {
            steps_per_quarter: self.steps_per_quarter,
            ..FrameRepresentation::of_parts(self.parts)
        }
    }

    /// The reverse.
    pub(crate) fn sixteenths(steps: usize, steps_per_quarter: u32) -> usize {
        steps * STEPS_PER_QUARTER as usize / steps_per_quarter.max(1) as usize
    }

    /// Which files are used, and how their notation becomes notes.
    pub(crate) fn criteria(&self) -> Criteria {
        Criteria { notation: Options { repeats: self.repeats, ..Options::default() }, ..Criteria::default() }
    }
}

impl Default for Music {
    fn default() -> Self {
        // Steps of a bar of 4/4, and of the longest that is usual: 12/8 or 6/4.
        Self {
            folder: String::new(),
            representation: "frames".into(),
            repeats: true,
            steps_per_quarter: STEPS_PER_QUARTER,
            parts: FrameParts::Together,
            metre: 16,
            bar_line: 24,
            look_back: 3,
            longest_match: false,
            note_lengths: 0,
            note_velocities: 0,
            voice_inputs: true,
            style_from: FOLDER.into(),
        }
    }
}

/// The network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Model {
    /// Cell of every layer, by the name that [`Cell::names`] lists.
    pub cell: Cell,
    /// Units in each layer.
    pub hidden: usize,
    /// Layers on top of each other.
    pub layers: usize,
    /// Whether the cells have biases.
    pub bias: bool,
    /// Whether the gates are normalised inside the cells.
    pub layer_norm: bool,
    /// Dropout between layers.
    pub dropout: f64,
    /// Whether that dropout keeps its mask through a sequence.
    pub variational_dropout: bool,
    /// Dropout of the previous state on its way into the gates, one mask for a sequence.
    pub recurrent_dropout: f64,
    /// Dropout between the top layer and the output.
    pub output_dropout: f64,
    /// How a network of frames makes them: independent, coupled, note-wise or biaxial.
    pub network: Network,
    /// Cell of the stack that writes the notes of a frame, if the network is note-wise or biaxial.
    pub note_cell: Cell,
    /// Units in each of its layers.
    pub note_hidden: usize,
    /// Its layers.
    pub note_layers: usize,
    /// The stack that writes notes has logits of intervals from the outer notes of the last frame, and of notes that earlier bars had.
    pub relative_logits: bool,
    /// What the network is told of the music: style, metre, density, polyphony, register, key, bars left, form, harmony, rhythm.
    pub conditions: Vec<Condition>,
    /// A network of frames attends to the finished bars of the piece, compared in so many dimensions. 0: no such attention.
    #[serde(skip_serializing_if = "is_zero")]
    pub bar_attention: usize,
    /// A network of tokens reads them as learnt vectors of so many numbers, one of frames the sum of the vectors of all features that are on. 0: only
    /// where another setting needs vectors, then as wide as a layer.
    #[serde(skip_serializing_if = "is_zero")]
    pub embedding: usize,
    /// The output weights of a network of tokens are those vectors.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub tie_weights: bool,
    /// Dropout of whole tokens in what a network of tokens reads, one mask for a sequence.
    #[serde(skip_serializing_if = "is_zero_share")]
    pub embedding_dropout: f64,
    /// The output of a network of tokens is a mixture of so many softmaxes.
    #[serde(skip_serializing_if = "is_one")]
    pub softmaxes: usize,
    /// Probability that a unit keeps its state.
    pub zoneout: f64,
    /// Probability that a unit of an LSTM keeps its cell state.
    pub zoneout_cell: f64,
    /// A model to initialise the weights from, a file or the name of a built-in one; empty: random weights.
    pub init_from: String,
}

/// What a network of frames is told where nothing else is asked for; one of tokens is told nothing.
pub(super) const USUAL_CONDITIONS: [Condition; 9] = [
    Condition::Metre,
    Condition::Density,
    Condition::Polyphony,
    Condition::Register,
    Condition::Key,
    Condition::BarsLeft,
    Condition::Form,
    Condition::Harmony,
    Condition::Rhythm,
];

/// In the place of the names of conditions: [`USUAL_CONDITIONS`] of frames, none of tokens.
pub(super) const USUAL: &str = "usual";

impl Default for Model {
    fn default() -> Self {
        let usual = RecurrentConfig::default();
        Self {
            cell: usual.cell,
            hidden: 160,
            layers: usual.layers,
            bias: usual.bias,
            layer_norm: usual.layer_norm,
            dropout: 0.3,
            variational_dropout: usual.variational_dropout,
            recurrent_dropout: usual.recurrent_dropout,
            output_dropout: 0.3,
            network: Network::NoteWise,
            note_cell: Cell::Gru,
            note_hidden: 96,
            note_layers: 1,
            relative_logits: true,
            conditions: USUAL_CONDITIONS.to_vec(),
            bar_attention: 0,
            embedding: 0,
            tie_weights: false,
            embedding_dropout: 0.0,
            softmaxes: 1,
            zoneout: usual.zoneout,
            zoneout_cell: usual.zoneout_cell,
            init_from: String::new(),
        }
    }
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

fn is_one(number: &usize) -> bool {
    *number == 1
}

fn is_zero_share(share: &f64) -> bool {
    *share == 0.0
}

/// What is written during training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Run {
    /// Seconds between checkpoints.
    pub checkpoint_seconds: f64,
    /// Updates between checkpoints; 0: by time alone.
    pub checkpoint_updates: u64,
    /// Whether to write event files for TensorBoard.
    pub tensorboard: bool,
    /// Whether to compose a few bars at epochs 1, 2, 4, 8 ….
    pub samples: bool,
    /// A model that composes for the report beside the trained one, a file or the name of a built-in one; empty: that of `compose`, where the
    /// music is the built-in corpus; none: no model.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub beside: String,
}

impl Default for Run {
    fn default() -> Self {
        Self {
            checkpoint_seconds: 60.0,
            checkpoint_updates: 0,
            tensorboard: true,
            samples: true,
            beside: String::new(),
        }
    }
}
