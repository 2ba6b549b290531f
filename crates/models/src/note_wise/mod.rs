//! Frame, then notes: a second recurrence writes the notes of each frame from the lowest up and ends with a stop.
//!
//! The recurrence over time gives a *context* for each frame. From it the *note stack* begins, and reads each note that is decided:
//!
//! ```text
//! h_0 = tanh(W_bridge context + b_bridge)                    of every layer; c_0 = 0
//! h_k = cell(features(note_k), h_(k−1))                      the note decided last; the start before the first
//! y_k = W_output h_k + b_output
//! logit_k[v] = y_k[v] + (W_context context)[v] + y_k[C + interval]     interval: from note_k up to v
//! P(note_(k+1) = v) = softmax over the notes above note_k, and stop
//! P(frame) = Π_k P(note_k | notes below)                     exact, by the chain rule of probability
//! ```
//!
//! With [`Encoding::Frames`](crate::Encoding::Frames)`::note_lengths`, only the notes that begin are written, and each has a length (`lengths`).
//!
//! A note is a pitch that is held from the frame before, where it sounded there, or one that is struck. Autoregressive frames are those
//! of RNN-NADE (Boulanger-Lewandowski et al. 2012); here a chord is a sequence of its notes, as in event models, and time has one step for
//! each frame.

mod block;
mod choices;
mod config;
mod layers;
mod layout;
mod lengths;
mod logits;
mod passes;
mod relative;
mod workspace;
mod writer;

pub use choices::each_choice;
pub use config::NoteWiseConfig;
pub use layers::NOTES_PREFIX;
pub(crate) use layers::NoteWise;
pub(crate) use layout::Decided;
pub(crate) use workspace::{NoteNll, NoteWorkspace};
pub use writer::{NextNote, NotePosition, NoteScratch};
