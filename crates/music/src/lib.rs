//! Scores, MIDI in and out, sequence representations, corpora and augmentation.
//!
//! ```
//! use composer_music::representation::frames::{DecodeOptions, FrameRepresentation};
//! use composer_music::{corpus, midi};
//!
//! let piece = &corpus::shipped::piano().pieces[0];
//! let frames = FrameRepresentation::default();
//! let steps = frames.encode(&piece.score);
//! let again = frames.decode(&steps[..64], &DecodeOptions { tempo: 92.0, ..DecodeOptions::default() });
//! let bytes = midi::write(&again)?;
//! assert_eq!(midi::read(&bytes)?.score, again);
//! # Ok::<(), midi::Error>(())
//! ```
//!
//! A file becomes a [`Score`] in [`midi`]; a [`Score`] becomes symbols and comes back in [`representation`]; [`corpus`]
//! and [`ingest`] do it for folders, [`augment`] and [`roles`] prepare scores
//! for training; [`metre`] says which bar and beat a tick is in, [`time_by_metre`] how long a piece is in which metre; [`inspect`] and
//! [`picture`] describe them. [`input`] reads files that nobody vouches for, [`text`] shows what they say, [`atomic_file`] replaces
//! files whole or not at all.

pub mod atomic_file;
pub mod augment;
pub mod cache;
mod chord_kind;
pub mod corpus;
pub mod frame_json;
pub mod ingest;
pub mod input;
pub mod inspect;
pub mod key;
pub mod metre;
pub mod midi;
pub mod notation;
pub mod pedal;
pub mod picture;
pub mod representation;
pub mod roles;
pub mod score;
pub mod tempo_map;
pub mod text;
pub mod time_by_metre;
mod track_name;

pub use chord_kind::ChordKind;
pub use metre::{Bar, BarMap, Metre};
pub use score::{ChordSymbol, KeySignature, Note, Pedal, Score, Tempo, Ticks, TimeSignature, Track};
pub use tempo_map::TempoMap;
pub use track_name::TrackName;

/// The examples of README.md, as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeExamples;
