//! `composer score`.

use super::files::save;
use super::terminal::Terminal;
use clap::Args;
use composer::surprise::surprise_of;
use composer::text::surprise as text;
use composer::{Progress, TrainedModel, outputs};
use std::path::PathBuf;

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
    outputs::check([&args.file].into_iter().chain(&args.model), &args.svg)?;
    let model = TrainedModel::load_or_built_in(args.model.as_deref())?;
    let scored = surprise_of(&model, &args.file)?;
    if let Some(left_out) = text::left_out(&scored) {
        terminal.warning(&left_out);
    }
    if let Some(path) = &args.svg
        && save(path, scored.to_svg().as_bytes(), "The piano roll is in", terminal)?
    {
        return Ok(());
    }
    terminal
        .result(|| text::record(&args.file, &scored, args.top), || text::text(&args.file, &scored, args.top))
}
