//! Scores, MIDI in and out, sequence representations, corpora and augmentation.

pub mod representation;
pub mod score;

pub use score::{KeySignature, Note, Pedal, Score, Tempo, Ticks, TimeSignature, Track};
