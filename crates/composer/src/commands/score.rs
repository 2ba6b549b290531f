//! `composer score`: how likely a model finds a piece, note by note, and a picture of where it was surprised.

use crate::failure::wrong_input;
use anyhow::Context;
use clap::Args;
use composer_decoding::surprise::{NoteSurprise, Surprise, surprise};
use composer_models::sequence_model::Stepper;
use composer_models::{Encoding, SequenceModel};
use composer_music::atomic_file::write_atomically;
use composer_music::representation::frames::FrameRepresentation;
use composer_music::representation::pitch_name;
use composer_music::{Score, midi};
use std::fmt::Write;
use std::path::PathBuf;

/// `composer score`.
#[derive(Clone, Debug, Args)]
pub struct ScoreArgs {
    /// The piece
    pub file: PathBuf,

    /// The trained model: model.safetensors of a run [default: the one that composer carries]
    #[arg(long, value_name = "FILE")]
    pub model: Option<PathBuf>,

    /// Where to draw the picture [default: beside the piece, ending in .surprise.svg]
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,

    /// How many of the most surprising notes to list
    #[arg(long, default_value_t = 10, value_name = "N")]
    pub top: usize,
}

/// Runs the command.
pub fn run(args: &ScoreArgs) -> anyhow::Result<()> {
    let (model, _) = super::compose::load(args.model.as_deref())?;
    let piece = midi::read_file(&args.file)
        .map_err(|error| wrong_input(format!("{}: {error}", args.file.display())))?
        .score;
    let Encoding::Frames { representation, .. } = *model.encoding() else {
        return Err(wrong_input("this model writes tokens, and score needs one that writes frames"));
    };
    let heard = hear(&model, &representation, &piece, args)?;
    let bar = Bar::of(&piece, &representation);
    let mut worst = heard.notes.clone();
    worst.sort_by(|a, b| b.nll.total_cmp(&a.nll));
    let total: f64 = heard.steps.iter().sum();
    println!("{}: {} steps, {} notes", args.file.display(), heard.steps.len(), heard.notes.len());
    println!("  {total:.1} nats in all, {:.3} per step", total / heard.steps.len() as f64);
    println!("  the most surprising notes:");
    for note in worst.iter().take(args.top) {
        let (number, beat) = bar.place(note.step);
        println!("    bar {number:>3}, beat {beat:<4} {:<4} {:6.2} nats", pitch_name(note.pitch), note.nll);
    }
    let path = args.svg.clone().unwrap_or_else(|| args.file.with_extension("surprise.svg"));
    write_atomically(&path, picture(&heard, &bar).as_bytes())
        .with_context(|| format!("cannot write {}", path.display()))?;
    println!("  picture: {}", path.display());
    Ok(())
}

fn hear(
    model: &SequenceModel,
    representation: &FrameRepresentation,
    piece: &Score,
    args: &ScoreArgs,
) -> anyhow::Result<Surprise> {
    let frames = representation.encode(piece);
    if frames.is_empty() {
        return Err(wrong_input(format!(
            "{} has no pitched notes in the model's range",
            args.file.display()
        )));
    }
    let left_out = piece.notes().filter(|note| {
        note.is_drum() || !(representation.pitch_low..=representation.pitch_high).contains(&note.pitch)
    });
    let left_out = left_out.count();
    if left_out > 0 {
        eprintln!("{left_out} notes are drums or outside the model's range, and are not scored.");
    }
    Ok(surprise(Stepper::new(model), &frames)?)
}

/// Bars of the first metre, in steps.
struct Bar {
    steps: f64,
    beat: f64,
}

impl Bar {
    fn of(piece: &Score, representation: &FrameRepresentation) -> Self {
        let (beats, value) = piece.time_signatures.first().map_or((4, 4), |m| (m.numerator, m.denominator));
        let beat = 4.0 * f64::from(representation.steps_per_quarter) / f64::from(value.max(1));
        Self { steps: beat * f64::from(beats.max(1)), beat }
    }

    /// Bar and beat of a step, both from 1.
    fn place(&self, step: usize) -> (usize, f64) {
        let step = step as f64;
        ((step / self.steps) as usize + 1, step % self.steps / self.beat + 1.0)
    }
}

/// Width of the picture, height of a pitch, and room for labels at the left.
const WIDTH: f64 = 960.0;
const KEY: f64 = 4.0;
const MARGIN: f64 = 34.0;
/// Nats at which a note is as red as can be.
const MOST: f64 = 8.0;
/// Height of the curve over the notes.
const CURVE: f64 = 70.0;

/// A piano roll in which surprising notes are red and expected ones blue, with the nats of every step above it.
fn picture(heard: &Surprise, bar: &Bar) -> String {
    let low = heard.notes.iter().map(|note| note.pitch).min().unwrap_or(60);
    let high = heard.notes.iter().map(|note| note.pitch).max().unwrap_or(72);
    let steps = heard.steps.len().max(1) as f64;
    let x = |step: f64| MARGIN + step / steps * (WIDTH - MARGIN - 6.0);
    let top = CURVE + 16.0;
    let bottom = top + f64::from(high - low + 1) * KEY;
    let mut svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {:.0}" role="img" aria-label="Surprise of every note" font-family="sans-serif" font-size="11">"#,
        bottom + 22.0
    );
    for number in 0..=(steps / bar.steps) as usize {
        let at = x(number as f64 * bar.steps);
        let _ =
            write!(svg, r##"<line x1="{at:.1}" x2="{at:.1}" y1="8" y2="{bottom:.1}" stroke="#e4e7ec"/>"##);
    }
    let highest = heard.steps.iter().copied().fold(1.0, f64::max);
    let points: String = (heard.steps.iter().enumerate())
        .map(|(step, nll)| format!("{:.1},{:.1} ", x(step as f64 + 0.5), 8.0 + CURVE * (1.0 - nll / highest)))
        .collect();
    let _ = write!(svg, r##"<polyline points="{points}" fill="none" stroke="#475467" stroke-width="0.8"/>"##);
    let _ = write!(svg, r##"<text x="2" y="16" fill="#667085">{highest:.0} nats</text>"##);
    for note in &heard.notes {
        let NoteSurprise { step, steps: lasts, pitch, nll } = *note;
        let (left, right) = (x(step as f64), x((step + lasts) as f64));
        let _ = write!(
            svg,
            r#"<rect x="{left:.2}" y="{:.1}" width="{:.2}" height="{KEY}" fill="{}"><title>{} {nll:.2} nats</title></rect>"#,
            top + f64::from(high - pitch) * KEY,
            (right - left - 0.5).max(1.0),
            colour(nll),
            pitch_name(pitch)
        );
    }
    let _ = write!(
        svg,
        r##"<text x="{MARGIN}" y="{:.1}" fill="#667085">blue: expected; red: {MOST} nats and more. Above: nats of every step.</text></svg>"##,
        bottom + 16.0
    );
    svg
}

/// From blue over grey to red.
fn colour(nll: f64) -> String {
    let share = (nll / MOST).clamp(0.0, 1.0);
    let mix = |from: f64, to: f64| (from + share * (to - from)).round();
    format!("rgb({},{},{})", mix(70.0, 208.0), mix(130.0, 42.0), mix(190.0, 38.0))
}
