//! Tied across pitch: a recurrence over time that all pitches share, and one over the pitches of a frame that all times share.
//!
//! ```text
//! x_(t,p)   features of pitch p at step t: what sounds around it in the frame before, relative to it, and the place in the bar
//! h_(t,p) = cell_time(x_(t,p), h_(t−1,p))                      the recurrent stack of the model, one row for each pitch
//! z_(t,p) = [h_(t,p), what is decided of the pitches p − 1, …, p − below, conditions]
//! g_(t,p) = cell_notes(z_(t,p), g_(t,p−1))                     from the lowest pitch up, from a state of zeros
//! y_(t,p) = W_output g_(t,p) + b_output
//! P(p sounds | pitches below) = σ(y_(t,p)[0])
//! P(p is struck | it sounds and did before, pitches below) = σ(y_(t,p)[1])
//! P(frame) = Π_p P(p | pitches below)                          exact, by the chain rule of probability
//! ```
//!
//! This is the biaxial LSTM of Johnson ("Composing music with recurrent neural networks", 2015) and the tied parallel network BALSTM of
//! Johnson ("Generating Polyphonic Music Using Tied Parallel Networks", 2017), with any cell and depth. No weight belongs to a pitch but
//! those of its own place ([`BiaxialConfig::absolute`]). Without them, transposed music has transposed probabilities, except near the ends
//! of the range: features of what is around a pitch end there, and the second recurrence begins at its lowest pitch.

mod block;
mod config;
mod features;
mod layers;
mod passes;
mod writer;

pub use config::BiaxialConfig;
pub(crate) use features::FeatureRows;
pub(crate) use layers::Biaxial;
pub(crate) use passes::BiaxialWorkspace;
pub(crate) use writer::PitchScratch;
