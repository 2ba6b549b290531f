//! Beams: which short notes are joined.

use super::elements::{Beam, Element, Kind};
use super::measures::{DIVISIONS, Measure};

/// The value from which notes have flags: an eighth.
const EIGHTH: i8 = 3;

/// Joins the short notes of every beat; eighths alone are joined over half a measure of 4/4 and over a whole one of 2/4 and 3/4.
pub fn beam(elements: &mut [Element], measure: &Measure) {
    let groups = groups(elements, measure);
    let mut at = 0;
    while at < elements.len() {
        let group = group_of(&elements[at], measure, &groups);
        let mut after = at;
        while after < elements.len()
            && has_flags(&elements[after])
            && group_of(&elements[after], measure, &groups) == group
        {
            after += 1;
        }
        if after > at + 1 {
            join(&mut elements[at..after]);
        }
        at = after.max(at + 1);
    }
}

fn has_flags(element: &Element) -> bool {
    matches!(element.kind, Kind::Notes(_)) && element.value.is_some_and(|value| value.power >= EIGHTH)
}

fn group_of(element: &Element, measure: &Measure, groups: &[u64]) -> usize {
    let inside = element.from - measure.start;
    groups.partition_point(|&line| line <= inside)
}

/// Where groups begin, from the beginning of the measure.
fn groups(elements: &[Element], measure: &Measure) -> Vec<u64> {
    let wide = match (measure.metre.numerator, measure.metre.denominator) {
        (4, 4) | (2, 2) => 2 * DIVISIONS,
        (2, 4) => 2 * DIVISIONS,
        (3, 4) => 3 * DIVISIONS,
        _ => return measure.beats.clone(),
    };
    let mut lines = measure.beats.clone();
    let mut from = 0;
    while from < measure.length + measure.lead {
        let (begin, end) = (from.saturating_sub(measure.lead), (from + wide).saturating_sub(measure.lead));
        let inside = elements.iter().filter(|element| {
            let place = element.from - measure.start;
            place >= begin && place < end
        });
        let eighths = |element: &Element| {
            let plain = element.tuplet.is_none() && has_flags(element);
            plain && element.value.is_some_and(|value| value.power == EIGHTH && value.dots == 0)
        };
        if inside.clone().all(eighths) {
            lines.retain(|&line| line <= begin || line >= end);
        }
        from += wide;
    }
    lines
}

fn join(elements: &mut [Element]) {
    let flags: Vec<i8> =
        elements.iter().map(|element| element.value.map_or(0, |value| value.power - 2)).collect();
    for index in 0..elements.len() {
        let has = |at: Option<usize>, level: i8| {
            at.and_then(|at| flags.get(at)).is_some_and(|&flags| flags >= level)
        };
        elements[index].beams = (1..=flags[index])
            .map(|level| match (has(index.checked_sub(1), level), has(Some(index + 1), level)) {
                (false, true) => Beam::Begin,
                (true, true) => Beam::Continue,
                (true, false) => Beam::End,
                (false, false) if index == 0 => Beam::ForwardHook,
                (false, false) => Beam::BackwardHook,
            })
            .collect();
    }
}
