//! `composer benchmark`: figures to compare, with published ones or between machines.

mod frames;
mod scaling;
mod speed;

use super::terminal::Terminal;
use clap::Subcommand;

/// `composer benchmark`.
#[derive(Debug, Subcommand)]
pub enum BenchmarkCommand {
    /// Likelihood on a published set of frames ({"train", "valid", "test"} as JSON), in nats per frame
    Frames(Box<frames::FramesArgs>),
    /// What a training step and a generated step cost on this machine, in time and memory
    Speed(speed::SpeedArgs),
    /// How that cost grows with the length and the batch, and falls with the threads
    Scaling(scaling::ScalingArgs),
}

/// Runs the benchmark that was chosen.
pub fn run(command: &BenchmarkCommand, terminal: &mut Terminal) -> anyhow::Result<()> {
    match command {
        BenchmarkCommand::Frames(args) => frames::run(args, terminal),
        BenchmarkCommand::Speed(args) => speed::run(args, terminal),
        BenchmarkCommand::Scaling(args) => scaling::run(args, terminal),
    }
}
