//! All tests of the crate as one program: linking is what costs time. One module per subject.

mod bad_input;
mod benchmark;
mod common;
mod compose;
mod configuration;
mod evaluate;
mod gradcheck;
mod habits;
mod ingest_and_inspect;
mod memorised;
mod outside_eyes;
mod parts;
mod reproducible;
mod resume;
mod spoilt;
mod study;
