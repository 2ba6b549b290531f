//! `composer study`: experiments that show how recurrent networks behave.

mod cells;
mod gradient_flow;
mod memory;

use super::terminal::Terminal;
use clap::Subcommand;

/// `composer study`.
#[derive(Debug, Subcommand)]
pub enum StudyCommand {
    /// How far back each cell remembers: adding, copy, temporal order and recall at growing lengths (about 10 minutes)
    Memory(memory::MemoryArgs),
    /// How far back a gradient reaches through the gates of each cell, before and after training on music
    GradientFlow(gradient_flow::FlowArgs),
    /// Every cell on frames and on events, by teacher forcing, scheduled sampling and its controls (a quarter of an hour or more)
    Cells(cells::CellsArgs),
}

/// Runs the study that was chosen.
pub fn run(command: &StudyCommand, terminal: &mut Terminal) -> anyhow::Result<()> {
    match command {
        StudyCommand::Memory(args) => memory::run(args, terminal),
        StudyCommand::GradientFlow(args) => gradient_flow::run(args, terminal),
        StudyCommand::Cells(args) => cells::run(args, terminal),
    }
}
