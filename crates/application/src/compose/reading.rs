//! What a model reads of a primer, and what it cannot.

use super::plan::Plan;
use crate::error::wrong_input;
use composer_decoding::Error as DecodingError;
use composer_decoding::grammar::{Grammar, MusicGrammar, steps_per_quarter};
use composer_decoding::primer::Primer;
use composer_music::TempoMap;
use composer_music::representation::events::{Section, Time};
use composer_music::representation::frames::FrameParts;
use composer_music::representation::grid::Grid;
use composer_music::representation::quantise::{Clock, Loss};
use composer_music::representation::{AnyRepresentation, Representation, Symbols};
use composer_music::text::counted;

/// A shift of a note in time that nobody hears, in seconds.
const INAUDIBLE: f64 = 0.0055;

/// What the model does not read of a primer as it is written, in sentences.
///
/// # Errors
/// There is nothing that it could read, or notes lie outside its range.
pub(super) fn account(
    representation: &AnyRepresentation,
    primer: &Primer,
    injected: bool,
) -> anyhow::Result<Vec<String>> {
    let none = |what: &str| DecodingError::Primer(format!("the primer has no {what} to go on from"));
    let drums = primer.score.notes().any(|note| note.is_drum());
    match representation {
        AnyRepresentation::Frames(frames) => primer.check_frames(frames)?,
        AnyRepresentation::Voices(voices) => primer.check_range(voices.pitch_low, voices.pitch_high)?,
        AnyRepresentation::Events(events) if events.section == Section::Drums => {
            drums.then_some(()).ok_or_else(|| none("drums"))?;
        }
        _ if has_programs(representation) => {
            primer.score.notes().next().ok_or_else(|| none("notes"))?;
        }
        _ => primer.check_range(0, 127)?,
    }
    let Loss { notes, moved, largest_shift, merged, cut, dropped, .. } =
        representation.quantise(&primer.score).map_err(wrong_input)?.loss;
    if let AnyRepresentation::Chords(_) = representation {
        return Ok(vec![format!(
            "The model reads the {} of the primer as chord symbols.",
            counted(notes, "note")
        )]);
    }
    let mut sentences = Vec::new();
    let kept = if injected { "; the music begins with them all the same" } else { "" };
    for (reason, number) in dropped {
        sentences.push(format!(
            "The model does not read {number} of the primer's {} ({reason}){kept}.",
            counted(notes, "note")
        ));
    }
    if moved > 0 && largest_shift > INAUDIBLE {
        let kept = if injected { "; the music has them where they are" } else { "" };
        sentences.push(format!(
            "The model reads {moved} of the primer's {} moved to its grid of {} to a quarter, by {:.0} ms at most{kept}.",
            counted(notes, "note"),
            counted(steps_per_quarter(representation) as usize, "step"),
            1000.0 * largest_shift
        ));
    }
    for (number, what) in [(merged, "as one with another"), (cut, "shortened")] {
        if number > 0 {
            sentences
                .push(format!("The model reads {number} of the primer's {} {what}.", counted(notes, "note")));
        }
    }
    Ok(sentences)
}

/// Whether a model writes drums alone.
pub(super) fn writes_drums(representation: &AnyRepresentation) -> bool {
    match representation {
        AnyRepresentation::Events(events) => events.section == Section::Drums,
        AnyRepresentation::Frames(frames) => frames.parts == FrameParts::Drums,
        _ => false,
    }
}

/// Whether notes have programs of their own, and drums are written.
pub(super) fn has_programs(representation: &AnyRepresentation) -> bool {
    match representation {
        AnyRepresentation::Remi(remi) => remi.programs,
        AnyRepresentation::Bars(bars) => bars.base.programs,
        _ => false,
    }
}

/// The tokens of a primer with its rests, and the grammar that has read them if the piece begins with them.
pub(super) fn tokens(
    representation: &AnyRepresentation,
    primer: &Primer,
    plan: &Plan,
    grammar: &mut MusicGrammar,
    injected: bool,
) -> anyhow::Result<Vec<u32>> {
    let score = if injected { &plan.score } else { &primer.score };
    let until = if injected { plan.begin } else { end(representation, primer) };
    let Symbols::Tokens(mut tokens) = representation.encode(score).map_err(wrong_input)? else {
        return Err(wrong_input("this model names frames as its tokens: its file is damaged"));
    };
    let mut reader = grammar.clone();
    tokens.iter().for_each(|&token| reader.push(token));
    let rest = reader.rest_until(until);
    rest.iter().for_each(|&token| reader.push(token));
    tokens.extend(rest);
    if injected {
        reader.release();
        *grammar = reader;
    }
    Ok(tokens)
}

/// The step where a primer ends that only conditions the model.
pub(super) fn end(representation: &AnyRepresentation, primer: &Primer) -> u64 {
    let clock = match representation {
        AnyRepresentation::Events(events) if events.time == Time::Performance => {
            Clock::Performance(TempoMap::new(&primer.score))
        }
        _ => Clock::Metrical(Grid::new(
            primer.score.ticks_per_quarter,
            steps_per_quarter(representation) as u32,
        )),
    };
    clock.step(primer.length)
}
