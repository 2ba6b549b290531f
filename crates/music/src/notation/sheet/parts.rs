//! Which tracks make which parts, on how many staves.

use super::hands::{self, Hand};
use super::instruments;
use crate::score::{Note, Score, Track};

/// A part before its times are on the grid.
pub struct RawPart {
    /// Its name on paper.
    pub name: String,
    /// Whether it is percussion.
    pub percussion: bool,
    /// The notes of its staves, the upper first, each sorted.
    pub staves: Vec<Vec<Note>>,
}

/// The notes of one channel of one track.
struct Unit {
    name: String,
    hand: Option<(Hand, String)>,
    track: Track,
}

/// The parts of a score: one for each channel of each track that has notes. Neighbouring tracks whose names say right and left hand, and
/// the only two tracks of a score for keyboard, are one part on two staves.
pub fn parts(score: &Score) -> Vec<RawPart> {
    let units: Vec<Unit> = score.tracks.iter().flat_map(units).collect();
    let all: Vec<&Track> = units.iter().map(|unit| &unit.track).collect();
    if hands::look_like_hands(score, &all) && units.iter().all(|unit| unit.hand.is_none()) {
        let staves = units.into_iter().map(|unit| unit.track.notes).collect::<Vec<_>>();
        let program = staves[0].first().map_or(0, |note| note.program);
        return vec![RawPart { name: instruments::name(program).to_owned(), percussion: false, staves }];
    }
    if units.is_empty() {
        let name = instruments::name(0).to_owned();
        return vec![RawPart { name, percussion: false, staves: vec![Vec::new()] }];
    }
    let mut parts = Vec::new();
    let mut at = 0;
    while at < units.len() {
        let run = |from: usize, hand: Hand| {
            let is = |unit: &&Unit| unit.hand.as_ref().is_some_and(|known| known.0 == hand);
            from + units[from..].iter().take_while(is).count()
        };
        let right = run(at, Hand::Right);
        let left = run(right, Hand::Left);
        if right > at && left > right {
            parts.push(two_hands(&units[at..right], &units[right..left]));
            at = left;
        } else {
            let unit = &units[at];
            let percussion = unit.track.notes[0].is_drum();
            parts.push(RawPart {
                name: unit.name.clone(),
                percussion,
                staves: vec![unit.track.notes.clone()],
            });
            at += 1;
        }
    }
    parts
}

fn two_hands(right: &[Unit], left: &[Unit]) -> RawPart {
    let together = |units: &[Unit]| {
        let mut notes: Vec<Note> = units.iter().flat_map(|unit| unit.track.notes.clone()).collect();
        notes.sort();
        notes
    };
    let program = right[0].track.notes[0].program;
    let rest = right[0].hand.as_ref().map_or("", |hand| &hand.1);
    let is_name =
        rest.chars().any(char::is_whitespace) || rest.chars().next().is_some_and(char::is_uppercase);
    let name = if is_name && rest.len() > 2 { rest } else { instruments::name(program) };
    RawPart { name: name.to_owned(), percussion: false, staves: vec![together(right), together(left)] }
}

/// The channels of a track, those with notes.
fn units(track: &Track) -> Vec<Unit> {
    let mut channels: Vec<u8> = track.notes.iter().map(|note| note.channel).collect();
    channels.sort_unstable();
    channels.dedup();
    let name = track.name.as_deref().map(cleaned).unwrap_or_default();
    let alone = channels.len() == 1;
    let unit = |channel: u8| {
        let mut notes: Vec<Note> =
            track.notes.iter().filter(|note| note.channel == channel).copied().collect();
        notes.sort();
        let of_program = match notes[0].is_drum() {
            true => "Drums",
            false => instruments::name(notes[0].program),
        };
        let shown = match (name.is_empty(), alone) {
            (true, _) => of_program.to_owned(),
            (false, true) => name.clone(),
            (false, false) => format!("{name} ({of_program})"),
        };
        let hand = if alone && !notes[0].is_drum() { hands::named(&name) } else { None };
        Unit { name: shown, hand, track: Track { name: None, notes } }
    };
    channels.into_iter().map(unit).collect()
}

/// Longest name of a part, in characters.
const LONGEST_NAME: usize = 60;

/// A name without control characters; of LilyPond's `staff:voice`, the first where the second says nothing more.
fn cleaned(name: &str) -> String {
    let name: String = crate::text::printable(name).chars().take(LONGEST_NAME).collect();
    let name = name.trim();
    match name.split_once(':') {
        Some((staff, voice)) if voice.is_empty() || voice == staff => staff.to_owned(),
        Some(("", voice)) => voice.to_owned(),
        _ => name.to_owned(),
    }
}
