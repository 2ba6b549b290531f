//! One module per command.

pub mod benchmark;
mod compose;
mod diagnose;
mod dry_run;
mod evaluate;
mod gradcheck;
pub mod ingest;
pub mod inspect;
pub mod likelihood;
pub mod listening;
pub mod parts;
pub mod runs;
pub mod score;
pub mod steer;
pub mod study;
pub mod train;
pub mod train_args;

use crate::cli::{Arguments, Command};
use crate::failure::wrong_input;
use clap::Parser;

/// Runs the command that the arguments ask for; none is the quick start.
pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    if let Some(threads) = arguments.threads {
        if threads == 0 {
            return Err(wrong_input("--threads is 0, and must be at least 1"));
        }
        rayon::ThreadPoolBuilder::new().num_threads(threads).build_global()?;
    }
    match &arguments.command {
        None => match Arguments::parse_from(["composer", "train"]).command {
            Some(Command::Train(args)) => train::run(&args),
            _ => unreachable!("the arguments above are `train`"),
        },
        Some(Command::Train(args)) => train::run(args),
        Some(Command::Runs(args)) => runs::run(args),
        Some(Command::Compose(args)) => compose::run(args),
        Some(Command::Score(args)) => score::run(args),
        Some(Command::Accompany(args)) => parts::accompany::run(args),
        Some(Command::Drum(args)) => parts::drum::run(args),
        Some(Command::Reharmonise(args)) => parts::reharmonise::run(args),
        Some(Command::LearnPart(args)) => parts::learn::run(args),
        Some(Command::Diagnose(args)) => diagnose::run(args),
        Some(Command::Evaluate(args)) => evaluate::run(args),
        Some(Command::Listening(args)) => listening::run(args),
        Some(Command::Inspect(args)) => inspect::run(args),
        Some(Command::Ingest(args)) => ingest::run(args),
        Some(Command::Gradcheck(args)) => gradcheck::run(args),
        Some(Command::Study(command)) => study::run(command),
        Some(Command::Benchmark(command)) => benchmark::run(command),
    }
}
