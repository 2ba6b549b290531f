//! The `composer` command.
fn main() {}
