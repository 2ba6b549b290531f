//! Options that all commands for a new part share, and what they write.

use super::terminal::Terminal;
use anyhow::Context;
use clap::Args;
use composer::Progress;
use composer::parts::{GivenFile, MelodyOptions, NewPart, PartOptions};
use composer::sound::write_wav;
use composer_music::atomic_file::write_atomically;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Options of every command that adds a part.
#[derive(Clone, Debug, Args)]
pub struct PartArgs {
    /// The MIDI file with the given part
    pub file: PathBuf,

    /// MIDI file to write [default: next to the input]
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// A model trained with `composer train --task` [default: the built-in model]
    #[arg(long, value_name = "FILE")]
    pub model: Option<PathBuf>,

    /// Temperature: 1 is the model's own distribution, lower is safer, higher is riskier, 0 is greedy
    #[arg(long, default_value_t = PartOptions::default().temperature)]
    pub temperature: f64,

    /// Maximum polyphony of the new part
    #[arg(long, default_value_t = PartOptions::default().max_polyphony, value_name = "N")]
    pub max_polyphony: usize,

    /// Seed of the random numbers; the same seed gives the same music
    #[arg(long, default_value_t = PartOptions::default().seed)]
    pub seed: u64,

    /// Also write a WAV file
    #[arg(long)]
    pub wav: bool,

    /// Also write an HTML page with both parts, a player and the attention weights
    #[arg(long)]
    pub page: bool,
}

/// Options of commands that write an accompaniment.
#[derive(Clone, Copy, Debug, Args)]
pub struct MelodyArgs {
    /// Track of the melody, counted from 0
    #[arg(long, value_name = "N")]
    pub melody_track: Option<usize>,

    /// Keep every note of the accompaniment below the melody
    #[arg(long)]
    pub below_melody: bool,
}

impl MelodyArgs {
    /// The options.
    pub fn options(&self) -> MelodyOptions {
        MelodyOptions { track: self.melody_track, below: self.below_melody }
    }
}

impl PartArgs {
    /// The options.
    pub fn options(&self) -> PartOptions {
        let PartArgs { temperature, max_polyphony, seed, .. } = *self;
        PartOptions { model: self.model.clone(), temperature, max_polyphony, seed }
    }

    /// The given file.
    pub fn read(&self) -> anyhow::Result<GivenFile> {
        Ok(GivenFile::read(&self.file)?)
    }

    /// Writes the result and what else was asked for; `ending` goes into the name of the file.
    pub fn save(&self, part: &NewPart, ending: &str, terminal: &mut Terminal) -> anyhow::Result<()> {
        part.remarks.iter().for_each(|remark| terminal.note(remark));
        let path = self.output.clone().unwrap_or_else(|| self.file.with_extension(format!("{ending}.mid")));
        let mut files = vec![path.clone()];
        write(&path, &part.midi)?;
        if self.wav {
            let path = path.with_extension("wav");
            write_wav(&part.score, None, &path)?;
            files.push(path);
        }
        if self.page {
            let path = path.with_extension("html");
            let name = self.file.file_name().unwrap_or_default().to_string_lossy();
            write(&path, part.to_html(&name)?.as_bytes())?;
            files.push(path);
        }
        if terminal.is_json() {
            let files = serde_json::json!({ "files": files, "replaced_notes": part.replaced, "remarks": part.remarks });
            return terminal.print_json(&files);
        }
        for file in files {
            writeln!(terminal, "{}", file.display())?;
        }
        Ok(())
    }
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    write_atomically(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}
