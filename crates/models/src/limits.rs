//! What a model file may claim before anything is computed or allocated from it.

use crate::encoding::{Encoding, LOOK_BACK};
use crate::note_lengths::{LONGEST, VELOCITIES};
use crate::notes::Notes;
use crate::voices::VoiceInputs;
use composer_music::representation::frames::FrameRepresentation;
use composer_music::representation::{AnyRepresentation, Representation};
use serde_json::Value;

/// Most symbols, real values, styles or steps of a metrical cycle.
const MAX_SYMBOLS: usize = 1 << 24;
/// Most steps of a grid in a quarter note, or quarters in a chord.
const MAX_STEPS: u64 = 960;
/// Most learnt patterns of a representation.
const MAX_PATTERNS: usize = 1 << 16;
/// Slowest and fastest tempo, in quarters per minute.
const TEMPOS: std::ops::RangeInclusive<f64> = 1.0..=10_000.0;

/// Refuses numbers of an encoding that no model has, in words.
pub(crate) fn check_encoding(encoding: &Encoding) -> Result<(), String> {
    let sizes = match encoding {
        Encoding::Frames { representation, metre, look_back, note_lengths, note_velocities, .. } => {
            check_note_ends(representation, *note_lengths, *note_velocities)?;
            check_options(&serde_json::to_value(representation).unwrap_or_default())?;
            if *look_back > LOOK_BACK.len() {
                return Err(format!("look_back is {look_back}, and it can be {} at most", LOOK_BACK.len()));
            }
            vec![("metre", *metre)]
        }
        Encoding::Tokens { vocabulary, voices, .. } => {
            voices.as_ref().map_or(Ok(()), VoiceInputs::check)?;
            let of_bars = voices.map_or([0; 2], |voices| [voices.metre, voices.bar_line]);
            vec![("vocabulary", *vocabulary), ("metre", of_bars[0]), ("bar_line", of_bars[1])]
        }
        Encoding::Values { features, given, .. } => vec![("features", *features), ("given", *given)],
    };
    sizes.into_iter().try_for_each(|(name, size)| check_size(name, size))
}

/// Refuses lengths and velocities of notes that no network decides.
fn check_note_ends(
    representation: &FrameRepresentation,
    lengths: usize,
    velocities: usize,
) -> Result<(), String> {
    if lengths > LONGEST {
        return Err(format!("note_lengths is {lengths}, and it can be {LONGEST} at most"));
    }
    if velocities > VELOCITIES {
        return Err(format!("note_velocities is {velocities}, and it can be {VELOCITIES} at most"));
    }
    if lengths == 0 && velocities > 0 {
        return Err("note_velocities needs note_lengths, which is 0".into());
    }
    if lengths > 0 && !representation.onset_plane {
        return Err("note_lengths needs frames that say where notes begin (onset_plane)".into());
    }
    Ok(())
}

/// Refuses a size beyond all models.
pub(crate) fn check_size(name: &str, size: usize) -> Result<(), String> {
    if size > MAX_SYMBOLS {
        return Err(format!("{name} is {size}, and it can be {MAX_SYMBOLS} at most"));
    }
    Ok(())
}

/// Refuses notes that music cannot be made by, and a representation with another number of tokens than the model of it.
pub(crate) fn check_notes(notes: &Notes, encoding: &Encoding) -> Result<(), String> {
    if let Some(tempo) = notes.quarters_per_minute.filter(|tempo| !TEMPOS.contains(tempo)) {
        return Err(format!("its tempo is {tempo} quarters per minute, and must be from 1 to 10000"));
    }
    check_program(notes.program.unwrap_or(0))?;
    let Some(representation) = &notes.representation else { return Ok(()) };
    check_options(&serde_json::to_value(representation).unwrap_or_default())?;
    match encoding {
        Encoding::Tokens { vocabulary, fingerprint, .. } if *fingerprint == representation.fingerprint() => {
            let tokens = tokens_of(representation);
            match tokens == *vocabulary {
                true => Ok(()),
                false => {
                    Err(format!("vocabulary is {vocabulary}, and {} has {tokens}", representation.name()))
                }
            }
        }
        _ => Ok(()),
    }
}

/// Refuses a program that MIDI does not have.
pub(crate) fn check_program(program: u8) -> Result<(), String> {
    if program > 127 {
        return Err(format!("its program is {program}, and there are 0 to 127"));
    }
    Ok(())
}

fn tokens_of(representation: &AnyRepresentation) -> usize {
    representation.vocabulary().size()
}

/// Looks at the options of a representation, of any kind, by their names.
fn check_options(options: &Value) -> Result<(), String> {
    let Value::Object(options) = options else { return Ok(()) };
    for (name, value) in options {
        match (name.as_str(), value) {
            ("steps_per_quarter" | "quarters_per_chord", value)
                if !value.as_u64().is_some_and(|steps| (1..=MAX_STEPS).contains(&steps)) =>
            {
                return Err(format!("{name} is {value}, and must be from 1 to {MAX_STEPS}"));
            }
            ("merges", Value::Array(merges)) if merges.len() > MAX_PATTERNS => {
                return Err(format!("it has {} patterns, and {MAX_PATTERNS} can be", merges.len()));
            }
            (_, inner) => check_options(inner)?,
        }
    }
    match (
        options.get("pitch_low").and_then(Value::as_u64),
        options.get("pitch_high").and_then(Value::as_u64),
    ) {
        (Some(low), Some(high)) if low > high || high > 127 => {
            Err(format!("its pitches are {low} to {high}, and must be a range within 0 to 127"))
        }
        _ => Ok(()),
    }
}
