//! All tests of the crate as one program: linking is what costs time. One module per subject.

mod bar_attention;
mod biaxial;
mod checkpointing;
mod conditions;
mod model_file;
mod note_lengths;
mod note_wise;
mod pytorch_interchange;
mod seq2seq;
mod single_notes;
mod tokens;
mod values;
mod views;
mod whole_gradients;
