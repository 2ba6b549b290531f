//! Sequence representations: a score as the symbols that a network reads and writes.
//!
//! | name | symbols | holds |
//! |---|---|---|
//! | [`frames`] | multi-hot steps | pitches and onsets on a grid |
//! | [`events`] | note on, note off, time shift, velocity | a performance to 10 ms, or a grid with dynamics |
//! | [`remi`] | bar, position, pitch, duration, velocity, tempo, metre, program | multitrack music in bars |
//! | [`voices`] | one token per voice and step | chorales and other music in fixed parts |
//! | [`chords`] | one chord symbol per beat | harmony |
//! | [`bars`] | frequent patterns of [`remi`] within bars | the same as `remi`, shorter |
//!
//! Every one is a [`Representation`]: it encodes a score, decodes any symbols to a valid score, says with
//! [`Representation::quantise`] what it keeps of a score and what not, and has a fingerprint. The law that all of them
//! obey is `decode(encode(score)) == quantise(score)`, and no sequence of symbols makes `decode` panic.
//!
//! [`contour`] is for sources only: what a drum model conditions on of a bass line.

mod any;
pub mod bars;
pub mod chords;
pub mod contour;
mod error;
pub mod events;
mod frame;
mod frame_parts;
pub mod frames;
pub mod grid;
mod interface;
mod pitch;
pub mod quantise;
pub mod remi;
mod symbols;
pub mod velocity;
pub mod voices;

pub use any::{AnyRepresentation, DEFAULT_PATTERNS};
pub use error::Error;
pub use interface::Representation;
pub use pitch::pitch_name;
pub use quantise::{Loss, Quantised};
pub use symbols::{Symbols, Vocabulary};
