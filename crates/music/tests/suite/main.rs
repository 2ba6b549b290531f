//! All tests of the crate as one program: linking is what costs time. One module per subject.

mod abc;
mod abc_sections;
mod augmentation;
mod common;
mod corpus;
mod frame_json;
mod frames;
mod hostile_notation;
mod ingest;
mod inspect;
mod midi;
mod musicxml;
mod notation;
mod notation_read_back;
mod notation_round_trip;
mod odd_files;
mod odd_notation;
mod raw_file;
mod reader_report;
mod representations;
mod roles;
