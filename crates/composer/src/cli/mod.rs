//! The command line: a file for each command, or for those that share their options, with its arguments and what runs it.

mod arguments;
mod benchmark;
mod cluster;
mod compose;
mod course;
mod diagnose;
mod evaluate;
mod failure;
mod files;
mod gradcheck;
mod help;
mod humanise;
mod ingest;
mod inspect;
mod interrupt;
mod learn_part;
mod listen;
mod listening;
mod models;
mod music_args;
mod part;
mod pick_args;
mod recipes;
mod rewrite;
mod runs;
mod score;
mod serving;
mod shell;
mod steering;
mod studio;
mod study;
mod sweep;
mod task_args;
mod terminal;
mod train;

pub use arguments::main;
