//! Where the notes of one voice need tuplets.

use super::measures::{Measure, SHORTEST};

/// A stretch of a measure: plain, or one tuplet. Times count from the beginning of the measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Where it begins.
    pub from: u64,
    /// The first tick after it.
    pub to: u64,
    /// The ratio, where it is a tuplet.
    pub ratio: Option<Ratio>,
}

/// So many units in the time of so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ratio {
    /// Written units, 3 in a triplet.
    pub actual: u64,
    /// Units in whose time they are played, 2 in a triplet.
    pub normal: u64,
    /// Length of a written unit without the ratio.
    pub unit: u64,
}

/// Numbers of notes in a tuplet, the usual ones first.
const NUMBERS: [u64; 7] = [3, 5, 7, 9, 11, 13, 15];

/// The stretches of a measure for notes and rests that begin and end at `points`, which are sorted and hold both ends of the measure.
pub fn spans(measure: &Measure, points: &[u64]) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    let beats: Vec<(u64, u64)> = measure.spans().collect();
    let mut index = 0;
    while index < beats.len() {
        let (from, to) = beats[index];
        let pair = beats.get(index + 1).filter(|next| {
            let aligned = (from + measure.lead).is_multiple_of(2 * (to - from));
            aligned && next.1 - next.0 == to - from && points.binary_search(&to).is_err()
        });
        let wide =
            pair.and_then(|&(_, end)| {
                let ratio = ratio(from, end, points, 1)?;
                (!is_plain(from, to, points) && !is_plain(to, end, points) && ratio.actual == 3)
                    .then_some(Span { from, to: end, ratio: Some(ratio) })
            });
        match wide {
            Some(span) => {
                spans.push(span);
                index += 2;
            }
            None => {
                divide(from, to, points, &mut spans);
                index += 1;
            }
        }
    }
    let mut joined: Vec<Span> = Vec::new();
    for span in spans {
        match joined.last_mut() {
            Some(last) if last.ratio.is_none() && span.ratio.is_none() => last.to = span.to,
            _ => joined.push(span),
        }
    }
    joined
}

/// The points strictly inside.
fn inside(from: u64, to: u64, points: &[u64]) -> &[u64] {
    let first = points.partition_point(|&point| point <= from);
    let after = points.partition_point(|&point| point < to);
    &points[first..after.max(first)]
}

fn is_plain(from: u64, to: u64, points: &[u64]) -> bool {
    inside(from, to, points).iter().all(|point| point.is_multiple_of(SHORTEST))
}

/// A beat: plain, two halves of which one or both are tuplets, or one tuplet.
fn divide(from: u64, to: u64, points: &[u64], spans: &mut Vec<Span>) {
    if is_plain(from, to, points) {
        spans.push(Span { from, to, ratio: None });
        return;
    }
    let length = to - from;
    let parts = if (length / SHORTEST).is_power_of_two() { 2 } else { 3 };
    let part = length / parts;
    let whole = ratio(from, to, points, 3);
    let cuts = (1..parts).all(|cut| points.binary_search(&(from + cut * part)).is_ok());
    let usual = |from: u64, to: u64| {
        is_plain(from, to, points) || ratio(from, to, points, 0).is_some_and(|ratio| ratio.actual == 3)
    };
    let divides = length.is_multiple_of(parts * SHORTEST) && part >= 4 * SHORTEST && cuts;
    let small = (0..parts).all(|index| usual(from + index * part, from + (index + 1) * part));
    if divides && (small || whole.is_none()) {
        for index in 0..parts {
            divide(from + index * part, from + (index + 1) * part, points, spans);
        }
        return;
    }
    spans.push(Span { from, to, ratio: whole });
}

/// The tuplet that holds all points inside, with units divided `depth` times at most.
fn ratio(from: u64, to: u64, points: &[u64], depth: u32) -> Option<Ratio> {
    let length = to - from;
    let odd = odd_part(length / SHORTEST);
    let inner = inside(from, to, points);
    NUMBERS.into_iter().find_map(|actual| {
        let mut normal = odd;
        while normal * 2 <= actual {
            normal *= 2;
        }
        let unit = length / normal;
        let fits = length.is_multiple_of(normal)
            && unit.is_multiple_of(SHORTEST)
            && (unit / SHORTEST).is_power_of_two();
        let fine = actual << depth;
        let holds = inner.iter().all(|point| ((point - from) * fine).is_multiple_of(length));
        let writable = unit >> depth >= SHORTEST;
        (fits && holds && writable && normal != actual).then_some(Ratio { actual, normal, unit })
    })
}

fn odd_part(value: u64) -> u64 {
    value >> value.trailing_zeros().min(63)
}

#[cfg(test)]
mod tests {
    use super::super::measures::{DIVISIONS, measures};
    use super::*;
    use crate::score::{Score, TimeSignature};

    /// The tuplets of points in 24ths of a quarter: beginning, end, actual, normal.
    fn tuplets(metre: (u8, u8), points: &[u64]) -> Vec<(u64, u64, u64, u64)> {
        let mut score = Score::new(480);
        score.time_signatures = vec![TimeSignature { tick: 0, numerator: metre.0, denominator: metre.1 }];
        let measure = &measures(&score, 1).expect("short")[0];
        let unit = DIVISIONS / 24;
        let mut points: Vec<u64> = points.iter().map(|point| point * unit).collect();
        points.extend([0, measure.length]);
        points.sort_unstable();
        points.dedup();
        let of = |span: Span| {
            span.ratio.map(|ratio| (span.from / unit, span.to / unit, ratio.actual, ratio.normal))
        };
        spans(measure, &points).into_iter().filter_map(of).collect()
    }

    #[test]
    fn tuplets_are_as_short_as_they_can_be() {
        assert_eq!(tuplets((4, 4), &[8, 16, 24]), [(0, 24, 3, 2)]);
        assert_eq!(tuplets((4, 4), &[16, 32, 48]), [(0, 48, 3, 2)], "quarters over two beats");
        assert_eq!(tuplets((4, 4), &[12, 16, 20, 24]), [(12, 24, 3, 2)], "the second half of a beat");
        assert_eq!(tuplets((4, 4), &[4, 8, 12, 16, 20, 24]), [(0, 12, 3, 2), (12, 24, 3, 2)]);
        assert_eq!(tuplets((6, 8), &[4, 8, 12, 24, 36]), [(0, 12, 3, 2)]);
        assert_eq!(tuplets((4, 4), &[6, 12, 21]), []);
        assert_eq!(tuplets((4, 4), &[8, 12, 16]), [(0, 12, 3, 2), (12, 24, 3, 2)], "a half against thirds");
    }
}
