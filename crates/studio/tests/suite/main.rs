//! All tests of the crate as one program. One module per subject.

mod attacks;
mod common;
mod keeping;
mod learning;
mod making;
mod sounds;
mod stopping;
mod taking;
mod taking_attacks;
