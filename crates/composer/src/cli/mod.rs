//! The command line: one file for each command, with its arguments and its `run`.

mod accompany;
mod arguments;
mod benchmark;
mod cluster;
mod compose;
mod diagnose;
mod drum;
mod evaluate;
mod failure;
mod files;
mod gradcheck;
mod help;
mod infill;
mod ingest;
mod inspect;
mod interrupt;
mod learn_part;
mod listening;
mod models;
mod music_args;
mod part_args;
mod pick_args;
mod recipes;
mod reharmonise;
mod rewrite_args;
mod runs;
mod score;
mod shell;
mod steering;
mod study;
mod sweep;
mod task_args;
mod terminal;
mod train;
mod vary;

pub use arguments::main;
