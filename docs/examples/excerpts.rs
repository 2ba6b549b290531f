//! Writes `excerpts.txt`: what the chapters include from the sources of other crates.

use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = here.parent().unwrap_or(here);
    std::fs::write(here.join("excerpts.txt"), composer_course::include::collect(root)?)?;
    Ok(())
}
