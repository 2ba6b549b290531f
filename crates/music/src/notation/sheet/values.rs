//! Note values: lengths as notes and rests with dots, cut where the metre asks for a tie.

use super::measures::{DIVISIONS, Measure, SHORTEST, has_dotted_beats};

/// A written value: a power of two of a whole note, with dots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value {
    /// 0: whole, 1: half, 2: quarter … 7: a 128th; −1: breve.
    pub power: i8,
    /// Dots, 0 or 1.
    pub dots: u8,
}

impl Value {
    /// The value of a written length; `None` where it takes several notes.
    pub fn of(length: u64) -> Option<Self> {
        (-1..=7).find_map(|power| {
            let plain = length_of(power);
            let dotted = plain / 2 * 3;
            match length {
                _ if length == plain => Some(Value { power, dots: 0 }),
                _ if length == dotted && plain >= 2 * SHORTEST => Some(Value { power, dots: 1 }),
                _ => None,
            }
        })
    }

    /// The value of a written length, or the longest one within it.
    pub fn near(length: u64) -> Self {
        let below = || (-1..=7).find(|&power| length_of(power) <= length).unwrap_or(7);
        Self::of(length).unwrap_or_else(|| Value { power: below(), dots: 0 })
    }
}

/// Length of a value without dots.
fn length_of(power: i8) -> u64 {
    if power < 0 { 8 * DIVISIONS } else { (4 * DIVISIONS) >> power }
}

/// A level of the metre: boundaries that a note crosses only under conditions.
#[derive(Clone, Debug)]
struct Level {
    /// Where its units begin and end, in order.
    lines: Vec<u64>,
    /// Length of its units, where they are equal.
    unit: Option<u64>,
    /// Whether both ends of a note that crosses must be on its lines.
    strict: bool,
}

impl Level {
    fn every(unit: u64, end: u64, strict: bool) -> Self {
        Self { lines: (0..=end / unit).map(|line| line * unit).collect(), unit: Some(unit), strict }
    }

    fn has(&self, at: u64) -> bool {
        self.lines.binary_search(&at).is_ok()
    }

    /// The first and last line strictly between two times.
    fn between(&self, from: u64, to: u64) -> Option<(u64, u64)> {
        let first = self.lines.partition_point(|&line| line <= from);
        let after = self.lines.partition_point(|&line| line < to);
        (first < after).then(|| (self.lines[first], self.lines[after - 1]))
    }

    /// Whether a note may cross the lines between its ends: it begins or ends on one, or is a syncopation of the level's own length.
    fn permits(&self, from: u64, to: u64) -> bool {
        if self.between(from, to).is_none() {
            return true;
        }
        let (begins, ends) = (self.has(from), self.has(to));
        if self.strict {
            return begins && ends;
        }
        let syncopation = self.unit.is_some_and(|unit| to - from == unit && from.is_multiple_of(unit / 2));
        begins || ends || syncopation
    }
}

/// How lengths are cut in one kind of measure, or in one tuplet.
#[derive(Clone, Debug)]
pub struct Cutting {
    /// From coarse to fine.
    levels: Vec<Level>,
    dotted: bool,
    beat: u64,
}

impl Cutting {
    /// For measures of a metre; times count from the beginning of a full measure.
    pub fn of_measure(measure: &Measure) -> Self {
        let metre = measure.metre;
        let full = (measure.lead + measure.length).max(1);
        let unit = (4 * DIVISIONS / u64::from(metre.denominator.max(1))).max(SHORTEST);
        let dotted = has_dotted_beats(metre);
        let mut levels = Vec::new();
        let mut finer = DIVISIONS;
        if dotted {
            if metre.numerator.is_multiple_of(12) {
                levels.push(Level::every(6 * unit, full, false));
            }
            levels.push(Level::every(3 * unit, full, true));
            finer = unit;
        } else if metre.denominator >= 8 && metre.numerator % 2 == 1 {
            let lines = measure.beats.iter().map(|beat| beat + measure.lead).collect();
            levels.push(Level { lines, unit: None, strict: false });
            finer = unit;
        } else {
            match (metre.numerator, metre.denominator) {
                (4 | 8, 4) | (2 | 4, 2) => levels.push(Level::every(2 * DIVISIONS, full, false)),
                (6, 4) => levels.push(Level::every(3 * DIVISIONS, full, true)),
                (_, 1 | 2) => levels.push(Level::every(2 * DIVISIONS, full, false)),
                _ => {}
            }
            if unit > 2 * DIVISIONS || metre.numerator == 4 && metre.denominator == 2 {
                levels.insert(0, Level::every(4 * DIVISIONS, full, false));
            }
        }
        while finer > SHORTEST {
            levels.push(Level::every(finer, full, false));
            finer /= 2;
        }
        Self { levels, dotted, beat: if dotted { 3 * unit } else { DIVISIONS } }
    }

    /// For the inside of a tuplet of so many written units.
    pub fn of_tuplet(unit: u64, count: u64) -> Self {
        let mut levels = Vec::new();
        let mut finer = unit;
        while finer >= SHORTEST {
            levels.push(Level::every(finer, unit * count, false));
            finer /= 2;
        }
        Self { levels, dotted: false, beat: unit }
    }

    /// A note as one value or several tied ones.
    pub fn notes(&self, from: u64, to: u64) -> Vec<(u64, u64)> {
        if from >= to {
            return Vec::new();
        }
        let blocked = self.levels.iter().find(|level| !level.permits(from, to));
        let writable = Value::of(to - from).is_some();
        let Some(level) = blocked.or_else(|| {
            let inside = |level: &&Level| level.between(from, to).is_some();
            if writable { None } else { self.levels.iter().find(inside) }
        }) else {
            return if writable { vec![(from, to)] } else { by_size(from, to) };
        };
        let Some((first, last)) = level.between(from, to) else { return vec![(from, to)] };
        let cut = |at: u64| [self.notes(from, at), self.notes(at, to)].concat();
        let (early, late) = (cut(first), if last == first { Vec::new() } else { cut(last) });
        if !late.is_empty() && late.len() < early.len() || late.len() == early.len() && level.has(from) {
            late
        } else {
            early
        }
    }

    /// A rest as one value or several, each beginning at a multiple of itself; dots only in dotted beats.
    pub fn rests(&self, from: u64, to: u64) -> Vec<(u64, u64)> {
        let mut rests = Vec::new();
        let mut at = from;
        while at < to {
            let inside = if self.dotted { at % self.beat } else { at };
            let fits = |length: &u64| {
                if *length > to - at {
                    return false;
                }
                if !self.dotted {
                    return at.is_multiple_of(*length);
                }
                if *length >= self.beat {
                    return inside == 0 && length.is_multiple_of(self.beat);
                }
                inside.is_multiple_of(*length)
                    && inside + length <= self.beat
                    && !length.is_multiple_of(3 * SHORTEST)
            };
            let dotted =
                [6 * self.beat, 4 * self.beat, 2 * self.beat, self.beat].into_iter().filter(|_| self.dotted);
            let plain = (0..=7).map(length_of);
            let length = dotted.chain(plain).filter(|length| Value::of(*length).is_some()).find(fits);
            let Some(length) = length else {
                rests.extend(by_size(at, to));
                break;
            };
            rests.push((at, at + length));
            at += length;
        }
        rests
    }
}

/// Values from the largest that fits down, where no line of the metre helps.
fn by_size(from: u64, to: u64) -> Vec<(u64, u64)> {
    let (mut pieces, mut at) = (Vec::new(), from);
    while at < to {
        let length = (-1..=7).map(length_of).find(|&length| length <= to - at).unwrap_or(to - at);
        pieces.push((at, at + length));
        at += length;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::super::measures::measures;
    use super::*;
    use crate::score::{Score, TimeSignature};

    fn cutting(numerator: u8, denominator: u8) -> Cutting {
        let mut score = Score::new(480);
        score.time_signatures = vec![TimeSignature { tick: 0, numerator, denominator }];
        Cutting::of_measure(&measures(&score, 1).expect("short")[0])
    }

    /// Lengths of the pieces in sixteenths.
    fn lengths(pieces: &[(u64, u64)]) -> Vec<u64> {
        pieces.iter().map(|(from, to)| 4 * (to - from) / DIVISIONS).collect()
    }

    fn notes(metre: (u8, u8), from: u64, to: u64) -> Vec<u64> {
        lengths(&cutting(metre.0, metre.1).notes(from * DIVISIONS / 4, to * DIVISIONS / 4))
    }

    #[test]
    fn notes_are_cut_where_the_metre_asks_for_it() {
        type Case<'a> = ((u8, u8), u64, u64, &'a [u64]);
        let cases: &[Case] = &[
            ((4, 4), 0, 16, &[16]),
            ((4, 4), 0, 12, &[12]),
            ((4, 4), 4, 16, &[12]),
            ((4, 4), 4, 12, &[8]),    // quarter, half, quarter
            ((4, 4), 6, 10, &[2, 2]), // no eighth hides the middle
            ((4, 4), 4, 10, &[4, 2]),
            ((4, 4), 2, 6, &[4]), // eighth, quarter, eighth
            ((4, 4), 2, 10, &[6, 2]),
            ((4, 4), 0, 10, &[8, 2]),
            ((4, 4), 0, 14, &[8, 6]),
            ((4, 4), 3, 7, &[1, 3]),
            ((4, 4), 1, 3, &[2]),
            ((4, 4), 1, 4, &[3]),
            ((3, 4), 0, 12, &[12]),
            ((3, 4), 0, 10, &[8, 2]),
            ((3, 4), 2, 12, &[2, 8]),
            ((6, 8), 0, 12, &[12]),
            ((6, 8), 0, 8, &[6, 2]),
            ((6, 8), 4, 8, &[2, 2]),
            ((6, 8), 0, 4, &[4]),
            ((6, 8), 2, 6, &[4]),
            ((9, 8), 0, 18, &[12, 6]),
            ((12, 8), 0, 24, &[24]),
            ((5, 4), 0, 20, &[16, 4]),
            ((7, 8), 0, 14, &[8, 6]),
        ];
        for &(metre, from, to, expected) in cases {
            assert_eq!(notes(metre, from, to), expected, "{metre:?} {from} to {to}");
        }
    }

    #[test]
    fn rests_follow_the_beats() {
        let rests = |metre: (u8, u8), from: u64, to: u64| {
            lengths(&cutting(metre.0, metre.1).rests(from * DIVISIONS / 4, to * DIVISIONS / 4))
        };
        assert_eq!(rests((4, 4), 4, 16), [4, 8]);
        assert_eq!(rests((4, 4), 0, 12), [8, 4]);
        assert_eq!(rests((4, 4), 1, 8), [1, 2, 4]);
        assert_eq!(rests((6, 8), 0, 6), [6]);
        assert_eq!(rests((6, 8), 2, 12), [2, 2, 6]);
        assert_eq!(rests((6, 8), 0, 12), [12]);
    }

    #[test]
    fn pieces_always_add_up() {
        for (numerator, denominator) in
            [(4, 4), (3, 4), (6, 8), (7, 8), (5, 16), (3, 2), (2, 4), (12, 16), (4, 1)]
        {
            let cutting = cutting(numerator, denominator);
            for from in 0..40u64 {
                for to in from + 1..60 {
                    let (from, to) = (from * 3 * SHORTEST, to * 3 * SHORTEST);
                    for pieces in [cutting.notes(from, to), cutting.rests(from, to)] {
                        let joined = pieces.windows(2).all(|pair| pair[0].1 == pair[1].0);
                        assert!(joined && pieces[0].0 == from && pieces[pieces.len() - 1].1 == to);
                        assert!(pieces.iter().all(|(a, b)| Value::of(b - a).is_some()), "{pieces:?}");
                    }
                }
            }
        }
    }
}
