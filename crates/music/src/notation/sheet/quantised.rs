//! What notation holds of a score, as a score.

use super::super::written::metre_of;
use super::{DIVISIONS, Measure, Part, Sheet, notate};
use crate::metre::Metre;
use crate::score::{KeySignature, Note, Score, Tempo, TimeSignature, Track};

/// See [`crate::notation::quantised`].
pub fn quantised(score: &Score) -> Result<Score, String> {
    let sheet = notate(score)?;
    let mut result = Score::new(DIVISIONS as u16);
    result.tracks = sheet.parts.iter().flat_map(tracks).collect();
    result.tempos = sheet
        .tempos
        .iter()
        .map(|mark| Tempo { tick: mark.at, micros_per_quarter: mark.micros_per_quarter })
        .collect();
    result.time_signatures = time_signatures(&sheet);
    let key = |key: &super::KeyChange| KeySignature {
        tick: sheet.measures[key.measure].start,
        sharps: key.sharps,
        minor: key.minor,
    };
    // A staff of percussion has no key.
    if sheet.parts.iter().any(|part| !part.percussion) {
        result.key_signatures = sheet.keys.iter().map(key).collect();
    }
    let chord = |(tick, chord): &(u64, crate::ChordSymbol)| crate::ChordSymbol { tick: *tick, ..*chord };
    result.chord_symbols = sheet.chords.iter().map(chord).collect();
    Ok(result)
}

/// The tracks of a part: one for each staff, with a hand in its name if there are two.
fn tracks(part: &Part) -> Vec<Track> {
    let names = match part.staves.len() {
        2 => vec![format!("{} right hand", part.name), format!("{} left hand", part.name)],
        _ => vec![part.name.clone()],
    };
    let track = |(staff, name): (&super::Staff, String)| {
        let elements = staff.measures.iter().flatten().flat_map(|voice| &voice.elements);
        let heads = elements.flat_map(|element| element.heads()).filter(|head| !head.tied_before);
        let mut notes: Vec<Note> = heads
            .map(|head| Note {
                onset: head.note.onset,
                duration: head.note.end - head.note.onset,
                pitch: head.note.pitch,
                velocity: head.note.velocity,
                channel: part.channel,
                program: head.note.program,
            })
            .collect();
        notes.sort();
        Track { name: Some(name.into()), notes }
    };
    part.staves.iter().zip(names).map(track).collect()
}

/// The metres; of an upbeat, and of a first measure that is cut off, a shorter one.
fn time_signatures(sheet: &Sheet) -> Vec<TimeSignature> {
    let mut changes: Vec<(u64, Metre)> = Vec::new();
    for (index, measure) in sheet.measures.iter().enumerate() {
        let metre = if index == 0 && measure.short { short_metre(measure) } else { measure.metre };
        let cut = index > 0 && sheet.measures[index - 1].short;
        if changes.last().is_none_or(|last| last.1 != metre) || cut {
            changes.push((measure.start, metre));
        }
    }
    let signature = |(tick, metre): (u64, Metre)| TimeSignature {
        tick,
        numerator: metre.numerator,
        denominator: metre.denominator,
    };
    changes.into_iter().map(signature).collect()
}

/// The metre whose measures are as long as an upbeat, as readers name it.
fn short_metre(measure: &Measure) -> Metre {
    let finest = Metre { numerator: (measure.length * 32 / DIVISIONS).clamp(1, 255) as u8, denominator: 128 };
    metre_of(measure.length, DIVISIONS, measure.metre).unwrap_or(finest)
}
