//! `composer learn-part`: the deprecated name of `composer train --task`.

use super::cluster;
use super::help::choice;
use super::task_args::{self, Part, PartTrainingArgs, TASKS};
use super::terminal::Terminal;
use clap::Args;
use composer::parts::TrainPartOptions;
use std::path::PathBuf;

/// `composer learn-part`.
#[derive(Clone, Debug, Args)]
pub struct LearnArgs {
    /// What to train a model for
    #[arg(value_parser = choice(TASKS))]
    pub task: Part,

    /// Folders of music; for reharmonise each with the name of its style: rag=FOLDER
    #[arg(required = true, value_name = "[STYLE=]FOLDER")]
    pub folders: Vec<String>,

    /// Also write a run folder with checkpoints, metrics and TensorBoard curves, from which the run can be resumed
    #[arg(long, value_name = "FOLDER")]
    pub output_dir: Option<PathBuf>,

    /// Resume the run in a folder, with the same other options
    #[arg(long, value_name = "FOLDER", conflicts_with = "output_dir")]
    pub resume: Option<PathBuf>,

    /// Maximum number of epochs; early stopping on the validation loss [default: 14, for drums 10]
    #[arg(long)]
    pub epochs: Option<u64>,

    /// Hidden units of the decoder [default: 96]
    #[arg(long)]
    pub hidden: Option<usize>,

    /// Dropout of the decoder's output [default: 0.3]
    #[arg(long)]
    pub dropout: Option<f64>,

    /// Seed of weights, order and dropout
    #[arg(long, default_value_t = TrainPartOptions::default().seed)]
    pub seed: u64,

    /// Options of the tasks
    #[command(flatten)]
    pub part: PartTrainingArgs,
}

/// Runs the command.
pub fn run(args: &LearnArgs, terminal: &mut Terminal) -> anyhow::Result<()> {
    let Some(task) = args.task else {
        return Err(super::failure::wrong_input("use composer train to train a model that composes"));
    };
    let options = TrainPartOptions {
        output_dir: args.output_dir.clone(),
        resume: args.resume.clone(),
        epochs: args.epochs,
        hidden: args.hidden,
        dropout: args.dropout,
        seed: args.seed,
        ..args.part.options(task, args.folders.clone())
    };
    cluster::run(terminal, |ranks, terminal| task_args::run(&options, false, ranks, terminal))
}
