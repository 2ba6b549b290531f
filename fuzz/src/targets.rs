//! The table of all targets.

use crate::Target;

mod decoders;
mod midi_reader;

/// All targets, in the order in which they run.
pub const TARGETS: &[Target] = &[midi_reader::TARGET, decoders::TARGET];
