//! What a short program needs, from all crates: `use composer_application::prelude::*;`.
//!
//! * **Music**: [`train`] on a folder of MIDI and [`compose`] with the model; [`accompany`], [`drum`], [`reharmonise`];
//!   [`evaluate`], [`diagnose`], [`surprise`]; [`Score`], [`midi`], [`corpus`]; sound by [`render`] and [`write_wav`].
//! * **Networks**: [`SequenceModel`] with its shortcuts ([`SequenceModel::tokens`], [`SequenceModel::values`],
//!   [`SequenceModel::mapping`]), trained by [`train_model`]; [`continue_tokens`] and [`SequenceModel::forecast`] continue a sequence.
//! * **A training loop of your own**: [`SequenceBatch`], [`Workspace`], [`Mode`], [`Optimizer`], [`clip_grad_norm`].
//! * **Layers**: [`Recurrent`], [`Linear`], [`Embedding`], [`Attention`] over [`Parameters`]; [`gradcheck`] for your own.
//! * **Files**: [`TrainedModel`], [`model_file`], [`load_state`] for what PyTorch saved.
//! * **Arrays and random numbers**: the names of ndarray and rand that these need.
//!
//! The folder `examples` of the repository has a program of each kind.

pub use crate::compose::{ComposeOptions, Length, Piece, Primer, SavedPiece, compose};
pub use crate::diagnose::{DiagnoseOptions, diagnose};
pub use crate::evaluate::{EvaluateOptions, evaluate};
pub use crate::inspect::{inspect, read_midi};
pub use crate::parts::{GivenFile, MelodyOptions, NewPart, PartOptions, accompany, drum, reharmonise};
pub use crate::settings::{Layers, Preset, Settings};
pub use crate::sound::write_wav;
pub use crate::surprise::surprise;
pub use crate::train::{TrainOptions, Trained, train};
pub use crate::{Error, ErrorKind, Progress, Result, TrainedModel};

pub use composer_audio::{RenderOptions, render, wav_bytes};
pub use composer_bptt::gradcheck::{self, CellOptions, check_cells};
pub use composer_bptt::{
    Attention, Cell, Embedding, Init, Input, Linear, Mode, Parameters, Recurrent, RecurrentConfig,
    RecurrentWorkspace, State,
};
pub use composer_decoding::{FrameOptions, Generator, Rules, TokenOptions, continue_tokens};
pub use composer_evaluation::likelihood::Nll;
pub use composer_models::Stepper;
pub use composer_models::file::{self as model_file, load_state};
pub use composer_models::{
    Encoding, LanguageModel, ModelConfig, Seq2Seq, Sequence, SequenceBatch, SequenceModel, Workspace,
    forecast,
};
pub use composer_music::representation::frames::{Frame, FrameRepresentation};
pub use composer_music::representation::{AnyRepresentation, Representation, Symbols};
pub use composer_music::{Note, Score, Track, corpus, midi};
pub use composer_training::{
    Control, Observer, Optimizer, OptimizerConfig, TrainingConfig, clip_grad_norm, train as train_model,
};

pub use ndarray::{self, Array2, Array3, array, s};
pub use rand::{RngExt, SeedableRng};
pub use rand_chacha::ChaCha8Rng;
