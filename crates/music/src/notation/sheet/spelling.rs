//! Names of pitches by their place on the line of fifths, and the keys of a piece.

use super::measures::{DIVISIONS, Measure, position};
use super::quantise::SheetNote;
use crate::key;
use crate::score::Score;

/// A key that holds from a measure on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyChange {
    /// The measure.
    pub measure: usize,
    /// Sharps if positive, flats if negative.
    pub sharps: i8,
    /// Whether it is minor.
    pub minor: bool,
}

/// The keys that a score states, each at the nearest bar line; of a score that states none, the one that fits all its notes best by
/// the profiles of Krumhansl and Kessler. The first holds from the beginning.
pub fn keys(score: &Score, measures: &[Measure]) -> Vec<KeyChange> {
    let mut keys: Vec<KeyChange> = Vec::new();
    for key in &score.key_signatures {
        let at = position(key.tick, score.ticks_per_quarter);
        let nearest = measures.partition_point(|measure| measure.start + measure.length / 2 < at);
        if nearest >= measures.len() {
            continue;
        }
        let change = KeyChange { measure: nearest, sharps: key.sharps.clamp(-7, 7), minor: key.minor };
        keys.retain(|known| known.measure != nearest);
        if keys.last().is_none_or(|last| (last.sharps, last.minor) != (change.sharps, change.minor)) {
            keys.push(change);
        }
    }
    if keys.is_empty() {
        keys.push(found(score));
    }
    keys[0].measure = 0;
    keys
}

/// The key that fits the pitch classes of all notes best, weighted by length; of two names the one with fewer signs.
fn found(score: &Score) -> KeyChange {
    let mut histogram = [0.0; 12];
    for note in score.notes().filter(|note| !note.is_drum()) {
        let length = note.duration.min(4 * u64::from(score.ticks_per_quarter));
        histogram[usize::from(note.pitch % 12)] += length as f64;
    }
    let Some(estimate) = key::estimate(&histogram) else {
        return KeyChange { measure: 0, sharps: 0, minor: false };
    };
    let major = if estimate.key.minor { estimate.key.tonic + 3 } else { estimate.key.tonic };
    let fifths = i32::from(major) * 7 % 12;
    let sharps = if fifths > 6 { fifths - 12 } else { fifths } as i8;
    KeyChange { measure: 0, sharps, minor: estimate.key.minor }
}

/// The letter of a place on the line of fifths, and its sharps (positive) or flats.
pub fn letter(fifths: i8) -> (char, i8) {
    let shifted = fifths + 1;
    let letter = ['F', 'C', 'G', 'D', 'A', 'E', 'B'][shifted.rem_euclid(7) as usize];
    (letter, shifted.div_euclid(7))
}

/// Octave of a pitch with a name: 4 from middle C up, so that B sharp and C flat belong to the octaves of B and C.
pub fn octave(pitch: u8, fifths: i8) -> i8 {
    ((i16::from(pitch) - i16::from(letter(fifths).1)).div_euclid(12) - 1) as i8
}

/// The name of a pitch class that is nearest to a key: for chord symbols.
pub fn nearest(class: u8, sharps: i8) -> i8 {
    let centre = f64::from(sharps) + 2.0;
    let distance = |fifths: &i8| (f64::from(*fifths) - centre).abs();
    candidates(class).min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap_or(0)
}

/// Names of a pitch class, with two sharps or flats at most.
fn candidates(class: u8) -> impl Iterator<Item = i8> {
    let first = i32::from(class) * 7 % 12;
    [first - 12, first, first + 12]
        .into_iter()
        .filter(|fifths| (-12..=15).contains(fifths))
        .map(|fifths| fifths as i8)
}

/// How long the notes before count for the spelling, in quarters.
const MEMORY: f64 = 4.0;
/// How much a resolution by a semitone counts, in fifths.
const RESOLUTION: f64 = 2.6;

/// Names all notes of the staves, which are sorted: as near as possible to the key and to the notes of the last bars on the line of
/// fifths, and so that a note outside the key that goes up by a semitone is a raised one, and one that goes down a lowered one.
pub fn spell(staves: &mut [Vec<SheetNote>], keys: &[KeyChange], measures: &[Measure]) {
    let mut order: Vec<(u64, u8, usize, usize)> = Vec::new();
    for (staff, notes) in staves.iter().enumerate() {
        order.extend(notes.iter().enumerate().map(|(index, note)| (note.onset, note.pitch, staff, index)));
    }
    order.sort_unstable();
    let (mut sum, mut weight, mut last) = (0.0, 0.0, 0);
    let mut key = 0;
    for (onset, pitch, staff, index) in order {
        while keys.get(key + 1).is_some_and(|next| measures[next.measure].start <= onset) {
            key += 1;
            (sum, weight) = (0.0, 0.0);
        }
        let decay = (-((onset - last) as f64) / (MEMORY * DIVISIONS as f64)).exp();
        (sum, weight, last) = (sum * decay, weight * decay, onset);
        let home = f64::from(keys[key].sharps) + if keys[key].minor { 3.0 } else { 2.0 };
        let centre = (3.0 * 2.0 * home + sum) / (3.0 * 2.0 + weight);
        let goes = resolution(&staves[staff], index);
        let fifths = best(pitch, centre, keys[key].sharps, goes);
        staves[staff][index].fifths = fifths;
        sum += f64::from(fifths);
        weight += 1.0;
    }
}

/// Whether the staff goes on with the semitone above (1) or below (−1) a note.
fn resolution(notes: &[SheetNote], index: usize) -> i8 {
    let note = notes[index];
    let after = notes.partition_point(|other| other.onset <= note.onset);
    let Some(next) = notes.get(after).filter(|next| next.onset <= note.end + DIVISIONS / 2) else { return 0 };
    let group = notes[after..].iter().take_while(|other| other.onset == next.onset);
    let (mut up, mut down) = (false, false);
    for other in group {
        up |= other.pitch == note.pitch + 1;
        down |= other.pitch + 1 == note.pitch;
    }
    i8::from(up) - i8::from(down)
}

fn best(pitch: u8, centre: f64, sharps: i8, goes: i8) -> i8 {
    let diatonic = |fifths: i8| (sharps - 1..=sharps + 5).contains(&fifths);
    let cost = |fifths: i8| {
        let double = if letter(fifths).1.abs() > 1 { 1.5 } else { 0.0 };
        let target = fifths - 5 * goes;
        let resolves = goes != 0 && !diatonic(fifths) && diatonic(target);
        (f64::from(fifths) - centre).abs() + double - if resolves { RESOLUTION } else { 0.0 }
    };
    candidates(pitch % 12).min_by(|&a, &b| cost(a).total_cmp(&cost(b))).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::measures::measures;
    use super::*;

    /// Names of pitches, a quarter each, in a key.
    fn named(sharps: i8, minor: bool, pitches: &[u8]) -> String {
        let notes = pitches.iter().enumerate().map(|(index, &pitch)| SheetNote {
            onset: index as u64 * DIVISIONS,
            end: (index as u64 + 1) * DIVISIONS,
            pitch,
            velocity: 64,
            program: 0,
            channel: 0,
            fifths: 0,
        });
        let mut staves = [notes.collect::<Vec<_>>()];
        let measures = measures(&Score::new(480), pitches.len() as u64 * DIVISIONS).expect("short");
        spell(&mut staves, &[KeyChange { measure: 0, sharps, minor }], &measures);
        let name = |note: &SheetNote| {
            let (letter, alter) = letter(note.fifths);
            let sign = if alter > 0 { "#" } else { "b" };
            format!("{letter}{}{}", sign.repeat(alter.unsigned_abs().into()), octave(note.pitch, note.fifths))
        };
        staves[0].iter().map(name).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn notes_are_named_by_key_and_by_where_they_go() {
        assert_eq!(named(0, false, &[60, 61, 62, 63, 64, 65, 66, 67]), "C4 C#4 D4 D#4 E4 F4 F#4 G4");
        assert_eq!(named(0, false, &[67, 66, 65, 64, 63, 62, 61, 60]), "G4 F#4 F4 E4 Eb4 D4 Db4 C4");
        assert_eq!(named(0, true, &[69, 68, 69, 71, 72]), "A4 G#4 A4 B4 C5");
        assert_eq!(named(-3, true, &[60, 59, 60, 68, 67]), "C4 B3 C4 Ab4 G4");
        assert_eq!(named(7, false, &[60, 61, 59]), "B#3 C#4 B3");
        assert_eq!(named(-6, false, &[66, 71, 70, 66]), "Gb4 Cb5 Bb4 Gb4");
    }
}
