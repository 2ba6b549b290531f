//! [`Sheet`]: a score as it is written on paper, for the formats of notation.

mod accidentals;
mod beams;
mod clefs;
pub mod drums;
mod dynamics;
mod elements;
mod hands;
pub mod instruments;
mod measures;
mod parts;
mod quantise;
pub mod quantised;
pub mod spelling;
mod tempo;
mod tuplets;
mod values;
mod voices;

pub use accidentals::in_key;
pub use clefs::Clef;
pub use dynamics::Mark;
pub use elements::{Beam, Element, Head, InTuplet, Kind};
pub use measures::{DIVISIONS, Measure, has_dotted_beats};
pub use quantise::SheetNote;
pub use spelling::KeyChange;
pub use tempo::TempoMark;
pub use values::Value;

use crate::score::ChordSymbol;
use crate::score::{Note, Score};
use measures::position;
use parts::RawPart;

/// A score on paper. Times are in [`DIVISIONS`] of a quarter.
#[derive(Clone, Debug)]
pub struct Sheet {
    /// The measures, the same in all parts.
    pub measures: Vec<Measure>,
    /// The keys, the first from the beginning.
    pub keys: Vec<KeyChange>,
    /// The tempos.
    pub tempos: Vec<TempoMark>,
    /// Chord symbols and where they stand.
    pub chords: Vec<(u64, ChordSymbol)>,
    /// The parts.
    pub parts: Vec<Part>,
}

/// One part.
#[derive(Clone, Debug)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// Whether it is percussion.
    pub percussion: bool,
    /// MIDI channel.
    pub channel: u8,
    /// Programs of its notes, the first one first.
    pub programs: Vec<u8>,
    /// Drums that it plays, of percussion, each with the program of its kit.
    pub drums: Vec<(u8, u8)>,
    /// Dynamics.
    pub marks: Vec<Mark>,
    /// Its staves, the upper first.
    pub staves: Vec<Staff>,
}

/// One staff.
#[derive(Clone, Debug)]
pub struct Staff {
    /// Clefs, each from a measure on.
    pub clefs: Vec<(usize, Clef)>,
    /// The voices of each measure.
    pub measures: Vec<Vec<Voice>>,
}

/// One voice of a measure.
#[derive(Clone, Debug)]
pub struct Voice {
    /// Its number within the staff, from 0.
    pub number: usize,
    /// Its notes and rests, which fill the measure.
    pub elements: Vec<Element>,
}

impl Sheet {
    /// The key of a measure.
    pub fn key_at(&self, measure: usize) -> KeyChange {
        let after = self.keys.partition_point(|key| key.measure <= measure);
        self.keys[after.saturating_sub(1)]
    }
}

/// A score as notation.
///
/// # Errors
/// A value is out of range, or it is too long; the text says which.
pub fn notate(score: &Score) -> Result<Sheet, String> {
    check(score)?;
    let score = &in_order(score);
    // A last note may be moved to the bar line after it.
    let end = position(score.end(), score.ticks_per_quarter).saturating_add(DIVISIONS / 2);
    let mut measures = measures::measures(score, end)?;
    let keys = spelling::keys(score, &measures);
    let raw = parts::parts(score);
    let mut staves: Vec<Vec<Vec<SheetNote>>> =
        raw.iter().map(|part| on_grid(part, raw.len() == 1, score, &measures)).collect();
    let last = staves.iter().flatten().flatten().map(|note| note.end).max().unwrap_or(0);
    measures.truncate(measures.partition_point(|measure| measure.start < last).max(1));
    name_pitches(&mut staves, &raw, &keys, &measures);
    let keys: Vec<KeyChange> = keys.into_iter().filter(|key| key.measure < measures.len()).collect();
    let parts = raw.iter().zip(&staves).map(|(raw, staves)| part(raw, staves, &keys, &measures)).collect();
    let at = |tick: u64| position(tick, score.ticks_per_quarter);
    let chords = score.chord_symbols.iter().map(|chord| (at(chord.tick), *chord));
    let end = measures[measures.len() - 1].end();
    let chords = chords.filter(|&(time, _)| time < end).collect();
    Ok(Sheet { tempos: tempo::marks(score, &measures), chords, keys, parts, measures })
}

/// The score with its changes and chord symbols in order.
fn in_order(score: &Score) -> Score {
    let mut score = score.clone();
    score.tempos.sort_by_key(|tempo| tempo.tick);
    score.time_signatures.sort_by_key(|metre| metre.tick);
    score.key_signatures.sort_by_key(|key| key.tick);
    score.chord_symbols.sort_by_key(|chord| chord.tick);
    score
}

fn check(score: &Score) -> Result<(), String> {
    let odd = score
        .notes()
        .find(|note| note.pitch > 127 || note.velocity > 127 || note.program > 127 || note.channel > 15);
    match odd {
        Some(note) => Err(format!("{note:?} has a value out of range")),
        None => Ok(()),
    }
}

/// The notes of the staves on the grid; a keyboard part of one track is divided between two hands if it needs them.
fn on_grid(part: &RawPart, alone: bool, score: &Score, measures: &[Measure]) -> Vec<Vec<SheetNote>> {
    let staff = |notes: &Vec<Note>| quantise::quantise(notes, score.ticks_per_quarter, measures);
    let staves: Vec<Vec<SheetNote>> = part.staves.iter().map(staff).collect();
    match <[_; 1]>::try_from(staves) {
        Ok([only]) if !part.percussion && hands::needs_two_staves(&only, alone) => {
            let (right, left) = hands::split(&only);
            vec![right, left]
        }
        Ok([only]) => vec![only],
        Err(staves) => staves,
    }
}

/// Names the pitches of all parts together; percussion has none.
fn name_pitches(
    staves: &mut [Vec<Vec<SheetNote>>],
    raw: &[RawPart],
    keys: &[KeyChange],
    measures: &[Measure],
) {
    let pitched = |index: &usize| !raw[*index].percussion;
    let counts: Vec<usize> = staves.iter().map(Vec::len).collect();
    let mut all: Vec<Vec<SheetNote>> =
        (0..raw.len()).filter(pitched).flat_map(|index| std::mem::take(&mut staves[index])).collect();
    let within = |key: &&KeyChange| key.measure < measures.len();
    let keys: Vec<KeyChange> = keys.iter().filter(within).copied().collect();
    spelling::spell(&mut all, &keys, measures);
    let mut named = all.into_iter();
    for index in (0..raw.len()).filter(pitched) {
        staves[index] = named.by_ref().take(counts[index]).collect();
    }
}

fn part(raw: &RawPart, notes: &[Vec<SheetNote>], keys: &[KeyChange], measures: &[Measure]) -> Part {
    let all: Vec<&SheetNote> = notes.iter().flatten().collect();
    let mut programs: Vec<u8> = Vec::new();
    let mut drums: Vec<(u8, u8)> = Vec::new();
    for note in &all {
        match raw.percussion {
            true => push_new(&mut drums, (note.pitch, note.program)),
            false => push_new(&mut programs, note.program),
        }
    }
    drums.sort_unstable();
    if programs.is_empty() {
        programs.push(0);
    }
    let channel = raw.staves.iter().flatten().next().map_or(0, |note| note.channel);
    let marks = dynamics::marks(&all, measures);
    let two = notes.len() > 1;
    let staff = |(index, notes): (usize, &Vec<SheetNote>)| {
        let clefs = match raw.percussion {
            true => vec![(0, Clef::Percussion)],
            false if two => clefs::changes(notes, index > 0, measures),
            false => clefs::clefs(notes, &raw.name, measures),
        };
        Staff { clefs, measures: staff_measures(notes, raw.percussion, two, keys, measures) }
    };
    let staves = notes.iter().enumerate().map(staff).collect();
    Part { name: raw.name.clone(), percussion: raw.percussion, channel, programs, drums, marks, staves }
}

/// Adds what is not there yet.
fn push_new<T: PartialEq>(known: &mut Vec<T>, value: T) {
    if !known.contains(&value) {
        known.push(value);
    }
}

fn staff_measures(
    notes: &[SheetNote],
    percussion: bool,
    two_staves: bool,
    keys: &[KeyChange],
    measures: &[Measure],
) -> Vec<Vec<Voice>> {
    let voices = match percussion {
        true => voices::fixed(drums::voices(notes, measures), measures),
        false => voices::voices(notes, two_staves, measures),
    };
    let mut key = 0;
    let mut written = Vec::with_capacity(measures.len());
    for (index, (measure, events)) in measures.iter().zip(voices).enumerate() {
        while keys.get(key + 1).is_some_and(|next| next.measure <= index) {
            key += 1;
        }
        let voice = |(number, events): (usize, Vec<voices::Event>)| {
            let mut elements = elements::elements(&events, measure, number);
            beams::beam(&mut elements, measure);
            Voice { number, elements }
        };
        let mut voices: Vec<Voice> = events.into_iter().map(voice).collect();
        if voices.first().is_none_or(|first| first.number > 0) {
            voices.insert(0, Voice { number: 0, elements: elements::whole_rest(measure) });
        }
        if !percussion {
            let mut elements: Vec<&mut Vec<Element>> =
                voices.iter_mut().map(|voice| &mut voice.elements).collect();
            accidentals::mark(&mut elements, keys[key].sharps);
        }
        written.push(voices);
    }
    written
}
