//! The `composer` command: arguments → typed options → one call of the library → print. See `cli`.

mod cli;

use composer_tensor::allocations::CountingAllocator;
use std::process::ExitCode;

/// Counts only while `benchmark speed` asks it to.
#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

fn main() -> ExitCode {
    cli::main()
}
