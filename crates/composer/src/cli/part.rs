//! `composer accompany`, `drum` and `reharmonise`: a part for a given one.

use super::recipes;
use super::terminal::Terminal;
use clap::Args;
use composer::again::Made;
use composer::convert::output_format;
use composer::parts::{Beside, GivenFile, MelodyOptions, NewPart, PartOptions};
use composer::text::pieces::{part, part_record};
use composer::{Progress, accompany, drum, outputs, reharmonise};
use std::path::PathBuf;

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

/// `composer accompany`.
#[derive(Clone, Debug, Args)]
pub struct AccompanyArgs {
    /// Options of all parts
    #[command(flatten)]
    pub part: PartArgs,

    /// Where the melody is
    #[command(flatten)]
    pub melody: MelodyArgs,
}

/// `composer drum`.
#[derive(Clone, Debug, Args)]
pub struct DrumArgs {
    /// Options of all parts
    #[command(flatten)]
    pub part: PartArgs,

    /// Track of the bass, counted from 0
    #[arg(long, value_name = "N")]
    pub bass_track: Option<usize>,
}

/// `composer reharmonise`.
#[derive(Clone, Debug, Args)]
pub struct ReharmoniseArgs {
    /// Options of all parts
    #[command(flatten)]
    pub part: PartArgs,

    /// The new style, one of those that the model knows
    #[arg(long)]
    pub style: String,

    /// Where the melody is
    #[command(flatten)]
    pub melody: MelodyArgs,
}

/// Runs `composer accompany`.
pub fn accompany_melody(args: &AccompanyArgs, terminal: &mut Terminal) -> anyhow::Result<()> {
    let (file, options) = args.part.read()?;
    args.part.save(&accompany(&file, &options, &args.melody.options())?, "accompanied", terminal)
}

/// Runs `composer drum`.
pub fn drum_to_bass(args: &DrumArgs, terminal: &mut Terminal) -> anyhow::Result<()> {
    let (file, options) = args.part.read()?;
    args.part.save(&drum(&file, &options, args.bass_track)?, "drums", terminal)
}

/// Runs `composer reharmonise`.
pub fn reharmonise_melody(args: &ReharmoniseArgs, terminal: &mut Terminal) -> anyhow::Result<()> {
    let (file, options) = args.part.read()?;
    let part = reharmonise(&file, &args.style, &options, &args.melody.options())?;
    args.part.save(&part, &args.style, terminal)
}

impl MelodyArgs {
    fn options(&self) -> MelodyOptions {
        MelodyOptions { track: self.melody_track, below: self.below_melody }
    }
}

impl PartArgs {
    /// The given file, and the options.
    fn read(&self) -> anyhow::Result<(GivenFile, PartOptions)> {
        self.output.as_deref().map(output_format).transpose()?;
        let PartArgs { temperature, max_polyphony, seed, .. } = *self;
        let options = PartOptions { model: self.model.clone(), temperature, max_polyphony, seed };
        Ok((GivenFile::read(&self.file)?, options))
    }

    /// Writes the result and what else was asked for; `ending` goes into the name of the file.
    fn save(&self, new: &NewPart, ending: &str, terminal: &mut Terminal) -> anyhow::Result<()> {
        new.remarks.iter().for_each(|remark| terminal.note(remark));
        let path =
            terminal.place(outputs::place(self.output.as_deref(), &self.file, &format!("{ending}.mid")));
        let is_again = terminal.is_again();
        let beside = Beside { wav: self.wav && !is_again, page: self.page && !is_again };
        let files = beside.files(&path)?;
        let read = [Some(self.file.as_path()), self.model.as_deref()];
        outputs::check(read.into_iter().flatten(), &files)?;
        let format = output_format(&path)?;
        let made = Made { path, seed: self.seed, output: 1, nats_per_step: None };
        if recipes::save(std::slice::from_ref(&made), [new.to_bytes(format)], &read, terminal)? {
            return Ok(());
        }
        new.write_beside(&made.path, beside, &self.file)?;
        terminal.result(|| part_record(&files, new), || part(&files))
    }
}
