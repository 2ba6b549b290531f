//! All tests of the crate as one program: linking is what costs time. One module per subject.

mod beam;
mod common;
mod coupled_frames;
mod forms;
mod frames;
mod grammar;
mod note_lengths;
mod note_wise_frames;
mod rewriting;
mod token_stream;
