//! Trains on a folder of MIDI files, composes, and writes what it composed as MIDI and WAV.
//!
//! `cargo run --release -p composer-examples --example train_on_midi -- my_music` reads a folder of at least three files; without
//! one, the built-in music. Prints the loss on held-out pieces and the files. This network is tiny and learns for two epochs: the
//! defaults of `Settings` are those for music worth hearing, and take two minutes.

use composer::prelude::*;
use std::path::PathBuf;

/// Trains on the files of the folder `music` into the run folder `output`.
pub fn run(music: String, output: PathBuf) -> Result<Trained> {
    let mut settings = Settings::default();
    settings.music.folder = music; // empty: the built-in music
    settings.model.hidden = 24;
    settings.training.epochs = 2;
    settings.training.copies = 1;

    let compositions = ComposeOptions { num_outputs: 2, length: Length::Bars(4), ..Default::default() };
    let options = TrainOptions { settings, output_dir: Some(output), compositions, ..Default::default() };
    train(&options, &mut ())
}

fn main() -> Result<()> {
    let music = std::env::args().nth(1).unwrap_or_default();
    let trained = run(music, tempfile::tempdir()?.keep())?;
    println!("{:.2} nats per step", trained.summary.outcome.best.valid_nll);
    for piece in &trained.compositions {
        println!("{}.mid", trained.folder.join(&piece.file_stem).display());
    }
    Ok(())
}
