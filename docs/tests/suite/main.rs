//! The book: what it includes, links to and says in numbers is there.

mod common;
mod exercises;
mod formulas;
mod links;
mod numbers;
mod pages;
mod structure;
