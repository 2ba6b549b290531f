//! `composer score`.

use super::files::save;
use super::terminal::Terminal;
use clap::Args;
use composer::inspect::read_midi;
use composer::text::surprise as text;
use composer::{Progress, TrainedModel, outputs, surprise};
use composer_music::input;
use std::path::{Path, PathBuf};

/// `composer score`.
#[derive(Clone, Debug, Args)]
pub struct ScoreArgs {
    /// The piece, a file of MIDI, MusicXML or ABC; - is the standard input
    pub file: PathBuf,

    /// The trained model: model.safetensors of a run, or the name of a built-in model [default: compose]
    #[arg(long, value_name = "MODEL")]
    pub model: Option<PathBuf>,

    /// Also draw a piano roll to this SVG file, with surprising notes in red; - draws it to the standard output instead of printing
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,

    /// Number of the most surprising notes to list
    #[arg(long, default_value_t = 10, value_name = "N")]
    pub top: usize,
}

/// Runs the command.
pub fn run(args: &ScoreArgs, terminal: &mut Terminal) -> anyhow::Result<()> {
    let svg: Vec<&Path> = args.svg.iter().map(PathBuf::as_path).collect();
    let read: Vec<&Path> =
        [Some(&args.file), args.model.as_ref()].into_iter().flatten().map(PathBuf::as_path).collect();
    outputs::check(&read, &svg)?;
    let model = TrainedModel::load_or_built_in(args.model.as_deref())?;
    let shown = input::shown(&args.file);
    let piece = read_midi(&args.file)?.score;
    let scored =
        surprise(&model, &piece).map_err(|error| anyhow::Error::from(error).context(shown.to_string()))?;
    if let Some(left_out) = text::left_out(&scored) {
        terminal.warning(&left_out);
    }
    if let Some(path) = &args.svg
        && save(path, scored.to_svg().as_bytes(), "The piano roll is in", terminal)?
    {
        return Ok(());
    }
    terminal.result(|| text::record(&args.file, &scored, args.top), || text::text(&shown, &scored, args.top))
}
