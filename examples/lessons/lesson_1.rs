//! Lesson 1: one piece in three representations: how many symbols it needs, and what each of them loses.
//!
//! `cargo run --release -p composer-examples --example lesson_1 -- tune.mid`; without a file, the first Arabesque by Debussy.

mod common;

use common::{Outcome, Results};
use composer_music::midi;
use composer_music::representation::{AnyRepresentation, Representation};
use composer_music::{Score, corpus};
use composer_report::{charts, piano_roll};

/// The tune that the command names, or the Arabesque.
fn tune() -> Outcome<Score> {
    if let Some(path) = std::env::args().nth(1) {
        return Ok(midi::read(&std::fs::read(path)?)?.score);
    }
    let (_, bytes) = corpus::shipped::files()
        .find(|(name, _)| name.contains("arabesque"))
        .ok_or("the built-in corpus has no Arabesque")?;
    Ok(midi::read(bytes)?.score)
}

fn main() -> Outcome<()> {
    let score = tune()?;
    let mut results = Results::of("lesson_1");
    results.number("notes", score.notes().count() as f64);
    results.number("quarters", score.end() as f64 / f64::from(score.ticks_per_quarter));

    let names = ["frames", "metrical-events", "remi"];
    let mut lengths = Vec::new();
    // ANCHOR: encode
    for name in names {
        let representation = AnyRepresentation::by_name(name)?;
        let symbols = representation.encode(&score)?;
        let kept = representation.quantise(&score)?;
        assert_eq!(representation.decode(&symbols)?, kept.score);
        // ANCHOR_END: encode
        let loss = kept.loss;
        lengths.push(symbols.len() as f64);
        results.number(format!("{name}.symbols"), symbols.len() as f64);
        results.number(format!("{name}.vocabulary"), representation.vocabulary().size() as f64);
        results.number(format!("{name}.moved"), loss.moved as f64);
        results.number(format!("{name}.largest_shift_ms"), 1e3 * loss.largest_shift);
        results.number(format!("{name}.merged"), loss.merged as f64);
        results.number(format!("{name}.cut"), loss.cut as f64);
    }
    results.number("events_per_frame", lengths[1] / lengths[0]);

    // Four bars, as a picture.
    let end = 4 * 4 * u64::from(score.ticks_per_quarter);
    let mut opening = score.clone();
    for track in &mut opening.tracks {
        track.notes.retain(|note| note.onset < end);
    }
    results.figure("roll", piano_roll::svg(&opening, "the first four bars", &[]));
    let longest = lengths.iter().copied().fold(1.0, f64::max);
    let shares: Vec<f64> = lengths.iter().map(|length| length / longest).collect();
    results.figure("lengths", charts::bars(&names, &[("symbols, as a share of the most", &shares)])?);
    results.finish()
}
