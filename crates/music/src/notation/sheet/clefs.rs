//! Clefs by the range of the notes.

use super::measures::Measure;
use super::quantise::SheetNote;

/// A clef.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Clef {
    Treble,
    /// Treble with an 8 below: sounds an octave lower.
    TrebleDown,
    Alto,
    Bass,
    /// Bass with an 8 below.
    BassDown,
    Percussion,
}

/// What a change of clef costs, in ledger lines saved.
const CHANGE: f64 = 14.0;

/// Where the notes of a clef need no ledger lines, in MIDI pitches.
fn range(clef: Clef) -> (f64, f64) {
    match clef {
        Clef::Treble => (60.0, 81.0),
        Clef::TrebleDown => (48.0, 69.0),
        Clef::Alto => (50.0, 71.0),
        Clef::Bass => (40.0, 60.0),
        Clef::BassDown => (28.0, 48.0),
        Clef::Percussion => (0.0, 127.0),
    }
}

/// Ledger lines of a note, roughly.
fn ledger_lines(pitch: u8, clef: Clef) -> f64 {
    let (low, high) = range(clef);
    let pitch = f64::from(pitch);
    ((low - pitch).max(pitch - high) / 3.4).max(0.0)
}

/// The clefs of a staff, each from a measure on; the first from the beginning. Tenors and guitars read treble clef an octave lower, violas
/// alto clef; others read treble and bass, with changes where they save many ledger lines.
pub fn clefs(notes: &[SheetNote], name: &str, measures: &[Measure]) -> Vec<(usize, Clef)> {
    let mean = notes.iter().map(|note| f64::from(note.pitch)).sum::<f64>() / notes.len().max(1) as f64;
    let name = name.to_lowercase();
    let is_tenor = name.split(|letter: char| !letter.is_alphabetic()).any(|word| word.starts_with("tenor"));
    let fixed = match notes.first().map(|note| note.program) {
        _ if is_tenor && (50.0..67.0).contains(&mean) => Some(Clef::TrebleDown),
        Some(24..=31) => Some(Clef::TrebleDown),
        Some(32..=39 | 43) if mean < 45.0 => Some(Clef::BassDown),
        Some(41) => Some(Clef::Alto),
        _ => None,
    };
    if let Some(clef) = fixed {
        return vec![(0, clef)];
    }
    changes(notes, false, measures)
}

/// The sequence of treble and bass clefs with the fewest ledger lines and changes, for a staff or the lower one of two.
pub fn changes(notes: &[SheetNote], lower: bool, measures: &[Measure]) -> Vec<(usize, Clef)> {
    const BOTH: [Clef; 2] = [Clef::Treble, Clef::Bass];
    let home = if lower { Clef::Bass } else { Clef::Treble };
    let mut costs = vec![[0.0f64; 2]; measures.len()];
    for note in notes {
        let index = measures.partition_point(|measure| measure.start <= note.onset).saturating_sub(1);
        for (clef, cost) in BOTH.into_iter().zip(&mut costs[index]) {
            *cost += ledger_lines(note.pitch, clef);
        }
    }
    // A staff in the middle keeps the clef of its place.
    let prior = |clef: Clef| {
        if clef == home {
            0.0
        } else if lower {
            0.4
        } else {
            0.1
        }
    };
    let mut best = [prior(BOTH[0]), prior(BOTH[1])];
    let mut from: Vec<[usize; 2]> = Vec::with_capacity(costs.len());
    for cost in &costs {
        let step = |clef: usize| {
            let (stay, change) = (best[clef], best[1 - clef] + CHANGE);
            let (value, origin) = if stay <= change { (stay, clef) } else { (change, 1 - clef) };
            (value + cost[clef] + prior(BOTH[clef]), origin)
        };
        let ((a, from_a), (b, from_b)) = (step(0), step(1));
        best = [a, b];
        from.push([from_a, from_b]);
    }
    let mut clef = usize::from(best[1] < best[0]);
    let mut sequence = vec![clef; measures.len()];
    for index in (0..measures.len()).rev() {
        sequence[index] = clef;
        clef = from[index][clef];
    }
    let mut result: Vec<(usize, Clef)> = Vec::new();
    for (index, clef) in sequence.into_iter().enumerate() {
        if result.last().is_none_or(|last| last.1 != BOTH[clef]) {
            result.push((index, BOTH[clef]));
        }
    }
    result
}
