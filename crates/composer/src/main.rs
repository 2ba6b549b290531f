//! The `composer` command: arguments → typed options → library calls → exit code. No mathematics lives here.

mod along_the_way;
mod cli;
mod commands;
mod config;
mod failure;
mod interrupt;
mod material;
mod progress;
mod report;
mod run;
mod session;
mod tensorboard;

use clap::Parser;
use composer_tensor::allocations::CountingAllocator;
use std::process::ExitCode;

/// Counts only while `benchmark speed` asks it to.
#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

fn main() -> ExitCode {
    let arguments = cli::Arguments::parse();
    match commands::run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("composer: {}", failure::sentence(&error));
            ExitCode::from(failure::exit_code(&error))
        }
    }
}
