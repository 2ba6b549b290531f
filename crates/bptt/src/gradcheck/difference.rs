//! Central differences of any function, part by part.

use std::ops::Range;

use super::report::{Report, Row};

/// How differences are taken and judged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// The step of the differences.
    pub step: f64,
    /// The largest relative error that passes.
    pub tolerance: f64,
    /// Gradients smaller than this share of the largest one are measured against that share: differences know them no better.
    pub floor: f64,
}

impl Default for Options {
    fn default() -> Self {
        Options { step: 2e-4, tolerance: 1e-6, floor: 1e-5 }
    }
}

/// A named part of the values.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Its name, for the report.
    pub name: String,
    /// Where it lies.
    pub range: Range<usize>,
    /// The names of its equal blocks, if it is gated.
    pub gates: &'static [&'static str],
}

impl Part {
    /// A part without gates.
    pub fn new(name: impl Into<String>, range: Range<usize>) -> Self {
        Part { name: name.into(), range, gates: &[] }
    }

    /// The gate that the `index`-th element belongs to.
    pub(super) fn gate(&self, index: usize) -> Option<&'static str> {
        let block = self.range.len().checked_div(self.gates.len())?;
        self.gates.get(index / block).copied()
    }
}

/// Compares `gradient` with differences of `loss` around `values`: for each element the five-point formula
///
/// ```text
/// d loss / d v ≈ (8 (loss(v + s) − loss(v − s)) − (loss(v + 2s) − loss(v − 2s))) / 12 s
/// ```
///
/// # Panics
/// If `gradient` and `values` differ in length, or a part lies outside of them.
pub fn check(
    parts: &[Part],
    values: &[f64],
    gradient: &[f64],
    mut loss: impl FnMut(&[f64]) -> f64,
    options: &Options,
) -> Report {
    assert_eq!(values.len(), gradient.len(), "one gradient for each value");
    let largest = gradient.iter().fold(0.0f64, |largest, g| largest.max(g.abs()));
    let floor = (options.floor * largest).max(f64::MIN_POSITIVE);
    let mut moved = values.to_vec();
    let mut difference = |at: usize, step: f64| {
        moved[at] = values[at] + step;
        let above = loss(&moved);
        moved[at] = values[at] - step;
        let below = loss(&moved);
        moved[at] = values[at];
        above - below
    };
    // What the differences say, and the absolute and the relative error of the gradient.
    let mut compare = |at: usize, step: f64| {
        let found = gradient[at];
        let expected = (8.0 * difference(at, step) - difference(at, 2.0 * step)) / (12.0 * step);
        let abs = (found - expected).abs();
        (expected, abs, abs / found.abs().max(expected.abs()).max(floor))
    };
    let rows = parts.iter().map(|part| {
        let mut row = Row::new(part.name.clone(), part.gate(0));
        for (index, at) in part.range.clone().enumerate() {
            let (mut expected, mut abs, mut rel) = compare(at, options.step);
            // A long step may cross the kink of a relu. Shorter ones settle it: a wrong gradient agrees with none.
            for shorter in [16.0, 256.0] {
                if rel > options.tolerance {
                    let again = compare(at, options.step / shorter);
                    if again.2 < rel {
                        (expected, abs, rel) = again;
                    }
                }
            }
            row.max_abs = row.max_abs.max(abs);
            // NaN is the worst of all.
            if (rel > row.max_rel || rel.is_nan()) && !row.max_rel.is_nan() {
                row =
                    Row { max_rel: rel, index, gate: part.gate(index), found: gradient[at], expected, ..row };
            }
        }
        row.passed = row.max_rel <= options.tolerance;
        row
    });
    Report { rows: rows.collect() }
}
