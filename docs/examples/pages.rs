//! Writes the book into a folder, `target/book` if none is given, as `composer course` does.

use std::path::PathBuf;

fn main() -> Result<(), composer_course::Error> {
    let folder = std::env::args_os().nth(1).map_or_else(|| PathBuf::from("target/book"), PathBuf::from);
    println!("{}", composer_course::write(&folder)?.display());
    Ok(())
}
