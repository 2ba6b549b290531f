//! The command line: one file for each command, with its arguments and its `run`.

mod accompany;
mod arguments;
mod benchmark;
mod compose;
mod diagnose;
mod drum;
mod evaluate;
mod failure;
mod files;
mod gradcheck;
mod help;
mod ingest;
mod inspect;
mod interrupt;
mod learn_part;
mod listening;
mod models;
mod music_args;
mod part_args;
mod pick_args;
mod reharmonise;
mod runs;
mod score;
mod shell;
mod steering;
mod study;
mod task_args;
mod terminal;
mod train;

pub use arguments::main;
