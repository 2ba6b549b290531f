//! All tests of the crate as one program: linking is what costs time. One module per subject.

mod allocations;
mod arrays;
mod attention;
mod checkpointing;
mod common;
mod coupling;
mod documentation;
mod exercises;
mod invariants;
mod link1_differences;
mod link2_reference;
mod link3_precision;
mod link4_pytorch;
mod link5_loss_curve;
mod losses;
mod mixture;
mod negative_controls;
mod probe;
mod regularisation;
mod squared_error;
mod textbook_layers;
mod views;
mod worked_examples;
