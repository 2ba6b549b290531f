//! All tests of the crate as one program: linking is what costs time. One module per subject.

mod bad_input;
mod benchmark;
mod carried;
mod command_line;
mod common;
mod compose;
mod conditions;
mod configuration;
mod convert;
mod evaluate;
mod failure_detection;
mod gradcheck;
mod ingest_and_inspect;
mod memorisation;
mod metre;
mod option_table;
mod output_files;
mod parts;
mod pick;
mod pipes;
mod primers;
mod reproducibility;
mod resume;
mod study;
mod untrusted;
mod used_files;
