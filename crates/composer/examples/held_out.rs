//! Copies the test pieces of a folder of music, which no training on that folder learns from, into another folder: real music for the card of a
//! model. Usage: `held_out FOLDER OUT`.

use anyhow::{Context, Result};
use composer_music::corpus;
use std::path::Path;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, out] = &arguments[..] else { anyhow::bail!("usage: held_out FOLDER OUT") };
    let split = corpus::split(corpus::load(Path::new(folder))?.pieces);
    std::fs::create_dir_all(out)?;
    for piece in &split.test {
        let to = Path::new(out).join(piece.name.replace('/', "_"));
        std::fs::copy(Path::new(folder).join(&piece.name), &to)
            .with_context(|| format!("cannot copy {}", piece.name))?;
    }
    println!("{} of {} pieces", split.test.len(), split.train.len() + split.valid.len() + split.test.len());
    Ok(())
}
