//! `composer study`: experiments that show how recurrent networks behave.

pub mod gradient_flow;
pub mod memory;

use clap::Subcommand;

/// `composer study`.
#[derive(Debug, Subcommand)]
pub enum StudyCommand {
    /// How far back each cell remembers: adding, copy, temporal order and recall at growing lengths (about 10 minutes)
    Memory(memory::MemoryArgs),
    /// How far back a gradient reaches through the gates of each cell, before and after training on music
    GradientFlow(gradient_flow::FlowArgs),
}

/// Runs the study that was chosen.
pub fn run(command: &StudyCommand) -> anyhow::Result<()> {
    match command {
        StudyCommand::Memory(args) => memory::run(args),
        StudyCommand::GradientFlow(args) => gradient_flow::run(args),
    }
}
