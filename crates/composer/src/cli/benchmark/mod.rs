//! `composer benchmark`: figures to compare, with published ones or between machines.

mod frames;
mod leakage;
mod scaling;
mod speed;

use super::terminal::Terminal;
use clap::Subcommand;

/// `composer benchmark`.
#[derive(Debug, Subcommand)]
pub enum BenchmarkCommand {
    /// Likelihood on a published piano-roll dataset ({"train", "valid", "test"} as JSON), in nats per frame
    Frames(Box<frames::FramesArgs>),
    /// How much of the test pieces of such a dataset is in its training pieces, and likelihood without those
    Leakage(leakage::LeakageArgs),
    /// Time and memory of a training step and of a generated step on this machine
    Speed(speed::SpeedArgs),
    /// Time of a training step against sequence length, batch size and number of threads
    Scaling(scaling::ScalingArgs),
}

/// Runs the benchmark that was chosen.
pub fn run(command: &BenchmarkCommand, terminal: &mut Terminal) -> anyhow::Result<()> {
    match command {
        BenchmarkCommand::Frames(args) => frames::run(args, terminal),
        BenchmarkCommand::Leakage(args) => leakage::run(args, terminal),
        BenchmarkCommand::Speed(args) => speed::run(args, terminal),
        BenchmarkCommand::Scaling(args) => scaling::run(args, terminal),
    }
}
