//! Scores, MIDI in and out, sequence representations, corpora and augmentation.

pub mod augment;
pub mod cache;
pub mod corpus;
pub mod frame_json;
pub mod ingest;
pub mod inspect;
pub mod midi;
pub mod pedal;
pub mod picture;
pub mod representation;
pub mod roles;
pub mod score;
pub mod tempo_map;

pub use score::{KeySignature, Note, Pedal, Score, Tempo, Ticks, TimeSignature, Track};
pub use tempo_map::TempoMap;
