//! Options that all commands for a new part share, and what they write.

use super::failure::wrong_input;
use super::files::save;
use super::recipes;
use super::terminal::Terminal;
use clap::Args;
use composer::Progress;
use composer::again::Made;
use composer::convert::output_format;
use composer::outputs;
use composer::parts::{GivenFile, MelodyOptions, NewPart, PartOptions};
use composer::sound::write_wav;
use composer_music::input::{self, is_standard};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Options of every command that adds a part.
#[derive(Clone, Debug, Args)]
pub struct PartArgs {
    /// The file with the given part: MIDI, MusicXML or ABC; - is the standard input
    pub file: PathBuf,

    /// File to write, in the format of its ending: .mid, .musicxml, .mxl or .abc; - is the standard output, as MIDI [default: next to the input]
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,

    /// A model trained with `composer train --task`, or the name of a built-in model [default: the built-in model of the command]
    #[arg(long, value_name = "MODEL")]
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
        self.output.as_deref().map_or(Ok(composer_music::notation::Format::Midi), output_format)?;
        Ok(GivenFile::read(&self.file)?)
    }

    /// The same with its result in a folder, and nothing beside it.
    pub fn into_folder(self, folder: &Path, ending: &str) -> Self {
        let output = self.output(ending).file_name().map(|name| folder.join(name));
        Self { output, wav: false, page: false, ..self }
    }

    /// Writes the result and what else was asked for; `ending` goes into the name of the file.
    pub fn save(&self, part: &NewPart, ending: &str, terminal: &mut Terminal) -> anyhow::Result<()> {
        part.remarks.iter().for_each(|remark| terminal.note(remark));
        let path = self.output(ending);
        if is_standard(&path) && (self.wav || self.page) {
            return Err(wrong_input(
                "--wav and --page write files next to the MIDI file: name it with --output",
            ));
        }
        let mut files = vec![path.clone()];
        files.extend(self.wav.then(|| path.with_extension("wav")));
        files.extend(self.page.then(|| path.with_extension("html")));
        let read = [Some(&self.file), self.model.as_ref()].into_iter().flatten();
        let written: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
        outputs::check(&read.map(PathBuf::as_path).collect::<Vec<_>>(), &written)?;
        if save(&path, &part.to_bytes(output_format(&path)?)?, "", terminal)? {
            return Ok(());
        }
        let made = Made { path: &path, seed: self.seed, output: 1, nats_per_step: None };
        recipes::write(&[made], &[Some(&self.file), self.model.as_deref()], terminal)?;
        if self.wav {
            write_wav(&part.score, None, &path.with_extension("wav"))?;
        }
        if self.page {
            let name = input::shown(self.file.file_name().unwrap_or_default().as_ref());
            let wav = path.with_extension("wav");
            let wav = wav.file_name().filter(|_| self.wav).map(|wav| wav.to_string_lossy().into_owned());
            let html = part.to_html(&name, wav.as_deref());
            save(&path.with_extension("html"), html.as_bytes(), "", terminal)?;
        }
        if terminal.is_json() {
            let files = serde_json::json!({ "files": files, "replaced_notes": part.replaced, "remarks": part.remarks });
            return terminal.print_json(&files);
        }
        for file in files {
            writeln!(terminal, "{}", input::shown(&file))?;
        }
        Ok(())
    }

    /// Where the MIDI file goes: next to the input, whose name gets another ending; of the standard input to the standard output.
    fn output(&self, ending: &str) -> PathBuf {
        match &self.output {
            Some(path) => path.clone(),
            None if is_standard(&self.file) => self.file.clone(),
            None => self.file.with_extension(format!("{ending}.mid")),
        }
    }
}
