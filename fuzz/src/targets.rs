//! The table of all targets.

use crate::Target;

mod abc_reader;
mod cache;
mod checkpoint;
mod decoders;
mod frame_json;
mod midi_reader;
mod model_file;
mod musicxml_reader;
mod mxl_reader;
mod notation_writer;
mod part_model_file;
mod raw_file;
mod representation_options;
mod settings;
mod texts;

/// All targets, in the order in which they run.
pub const TARGETS: &[Target] = &[
    midi_reader::TARGET,
    musicxml_reader::TARGET,
    mxl_reader::TARGET,
    abc_reader::TARGET,
    notation_writer::TARGET,
    raw_file::TARGET,
    decoders::TARGET,
    representation_options::TARGET,
    cache::TARGET,
    frame_json::TARGET,
    model_file::TARGET,
    part_model_file::TARGET,
    checkpoint::TARGET,
    settings::TARGET,
    texts::TARGET,
];
