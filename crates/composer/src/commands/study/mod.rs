//! `composer study`: experiments that show how recurrent networks behave.

pub mod cells;
pub mod gradient_flow;
pub mod memory;

use crate::failure::wrong_input;
use clap::Subcommand;
use composer_studies::Error;
use indicatif::{ProgressBar, ProgressStyle};

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
pub fn run(command: &StudyCommand) -> anyhow::Result<()> {
    match command {
        StudyCommand::Memory(args) => memory::run(args),
        StudyCommand::GradientFlow(args) => gradient_flow::run(args),
        StudyCommand::Cells(args) => cells::run(args),
    }
}

/// An error of a study, with settings by the names that they have on the command line.
pub(super) fn refused(error: Error) -> anyhow::Error {
    match error {
        Error::Setting { name, value, must } => {
            let option = match name {
                "batch" => "batch-size".into(),
                name => name.replace('_', "-"),
            };
            wrong_input(format!("--{option} is {value}, and must be {must}"))
        }
        Error::TooFewParameters { .. } => wrong_input(format!("--{error}")),
        Error::TooShort { .. } => wrong_input(format!("{error} (--bars)")),
        error => wrong_input(error),
    }
}

/// Items in their order, those that were named twice once.
pub(super) fn each_once<T: Copy + PartialEq>(items: &[T]) -> Vec<T> {
    let mut once: Vec<T> = Vec::new();
    for &item in items {
        if !once.contains(&item) {
            once.push(item);
        }
    }
    once
}

/// A bar of so many steps, by a template of indicatif.
pub(super) fn progress_bar(steps: u64, template: &str) -> ProgressBar {
    let bar = ProgressBar::new(steps);
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("━╸ "));
    }
    bar
}
