//! Dynamics from velocities, sparingly.

use super::super::dynamics;
use super::measures::Measure;
use super::quantise::SheetNote;

/// How far the velocities of a measure must be from the mark that holds before another one is written.
const STEP: f64 = 12.0;

/// A mark from a measure on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mark {
    /// The measure.
    pub measure: usize,
    /// What is written: `mf`.
    pub text: &'static str,
    /// The velocity that it stands for.
    pub velocity: f64,
}

/// The marks of a part: one where the mean velocity of a measure and of the two after it has moved to another level for good. A part
/// whose notes have one velocity has none: it says nothing.
pub fn marks(notes: &[&SheetNote], measures: &[Measure]) -> Vec<Mark> {
    let Some(first) = notes.first() else { return Vec::new() };
    if notes.iter().all(|note| note.velocity == first.velocity) {
        return Vec::new();
    }
    let mut sums = vec![(0.0, 0.0); measures.len()];
    for note in notes {
        let index = measures.partition_point(|measure| measure.start <= note.onset).saturating_sub(1);
        sums[index].0 += f64::from(note.velocity);
        sums[index].1 += 1.0;
    }
    let mean = |from: usize, to: usize| {
        let (sum, count) =
            sums[from..to.min(sums.len())].iter().fold((0.0, 0.0), |a, b| (a.0 + b.0, a.1 + b.1));
        (count > 0.0).then(|| sum / count)
    };
    let mut marks: Vec<Mark> = Vec::new();
    for measure in 0..measures.len() {
        let (Some(now), Some(soon)) = (mean(measure, measure + 1), mean(measure, measure + 3)) else {
            continue;
        };
        let (text, velocity) = nearest(soon);
        let moved = |last: &Mark| {
            last.text != text && (soon - last.velocity).abs() > STEP && (now - last.velocity).abs() > STEP
        };
        if marks.last().is_none_or(moved) {
            marks.push(Mark { measure, text, velocity });
        }
    }
    marks
}

fn nearest(velocity: f64) -> (&'static str, f64) {
    let distance = |mark: &(&str, f64)| (mark.1 - velocity).abs();
    let marks = dynamics::written().iter().map(|&(text, velocity)| (text, f64::from(velocity)));
    marks.min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap_or(("mf", 80.0))
}
