//! What a short program needs, from all crates: `use composer::prelude::*;`.

pub use crate::compose::{ComposeOptions, Length, Piece, Primer, compose};
pub use crate::diagnose::{DiagnoseOptions, diagnose};
pub use crate::evaluate::{EvaluateOptions, evaluate};
pub use crate::inspect::{inspect, read_midi};
pub use crate::parts::{MelodyOptions, NewPart, PartOptions, accompany, drum, reharmonise};
pub use crate::settings::{Layers, Preset, Settings};
pub use crate::sound::write_wav;
pub use crate::surprise::surprise;
pub use crate::train::{TrainOptions, Trained, train};
pub use crate::{Error, ErrorKind, Progress, Result, TrainedModel};

pub use composer_audio::{RenderOptions, render, wav_bytes};
pub use composer_bptt::gradcheck::{CellOptions, check_cells};
pub use composer_bptt::{
    Attention, Cell, Embedding, Init, Input, Linear, Parameters, Recurrent, RecurrentConfig,
    RecurrentWorkspace, State,
};
pub use composer_decoding::{FrameOptions, Generator, Rules, TokenOptions};
pub use composer_evaluation::likelihood::Nll;
pub use composer_models::sequence_model::Stepper;
pub use composer_models::{
    Encoding, LanguageModel, ModelConfig, Seq2Seq, Sequence, SequenceModel, file as model_file,
};
pub use composer_music::representation::frames::{Frame, FrameRepresentation};
pub use composer_music::representation::{AnyRepresentation, Representation, Symbols};
pub use composer_music::{Note, Score, Track, corpus, midi};
pub use composer_training::{
    Control, Observer, Optimizer, OptimizerConfig, TrainingConfig, train as train_model,
};
