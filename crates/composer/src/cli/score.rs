//! `composer score`.

use super::files::save;
use super::terminal::Terminal;
use clap::Args;
use composer::inspect::read_midi;
use composer::{Progress, TrainedModel, outputs, surprise};
use composer_music::input;
use composer_music::representation::pitch_name;
use composer_music::text::counted;
use serde_json::json;
use std::io::Write;
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
    if scored.left_out > 0 {
        let are = if scored.left_out == 1 { "is a drum" } else { "are drums" };
        let notes = counted(scored.left_out, "note");
        terminal.warning(&format!("{notes} {are} or outside the model's range, and not scored."));
    }
    if let Some(path) = &args.svg
        && save(path, scored.to_svg().as_bytes(), "The piano roll is in", terminal)?
    {
        return Ok(());
    }
    let (steps, notes, nats) = (scored.surprise.steps.len(), scored.surprise.notes.len(), scored.nats());
    let most = scored.most_surprising(args.top);
    if terminal.is_json() {
        let notes_json = most.iter().map(|(note, bar, beat)| {
            json!({ "bar": bar, "beat": beat, "pitch": note.pitch, "name": pitch_name(note.pitch), "nats": note.nll })
        });
        terminal.print_json(&json!({
            "file": args.file,
            "steps": steps,
            "notes": notes,
            "left_out": scored.left_out,
            "nats": nats,
            "nats_per_step": nats / steps as f64,
            "most_surprising": notes_json.collect::<Vec<_>>(),
        }))?;
    } else {
        writeln!(terminal, "{shown}: {}, {}", counted(steps, "step"), counted(notes, "note"))?;
        writeln!(terminal, "  NLL {nats:.1} nats, {:.3} per step", nats / steps as f64)?;
        writeln!(terminal, "  most surprising notes (highest NLL):")?;
        for (note, bar, beat) in most {
            let name = pitch_name(note.pitch);
            writeln!(terminal, "    bar {bar:>3}, beat {beat:<4} {name:<4} {:6.2} nats", note.nll)?;
        }
    }
    Ok(())
}
