//! `composer study`: experiments that show how recurrent networks behave.

mod cells;
mod gradient_flow;
mod memory;

use super::terminal::Terminal;
use clap::Subcommand;

/// `composer study`.
#[derive(Debug, Subcommand)]
pub enum StudyCommand {
    /// Long-term memory of each cell: adding, copy, temporal order and recall at increasing lengths (about 10 minutes)
    Memory(memory::MemoryArgs),
    /// Gradient flow through time and through the gates of each cell, before and after training on music
    GradientFlow(gradient_flow::FlowArgs),
    /// Cells and representations under one budget, with teacher forcing, scheduled sampling and controls (15 minutes or more)
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
