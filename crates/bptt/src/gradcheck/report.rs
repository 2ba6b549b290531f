//! What a gradient check found.

use std::fmt;

use serde::Serialize;

/// How far one part's gradient is from the differences.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// The part.
    pub name: String,
    /// The largest absolute error.
    pub max_abs: f64,
    /// The largest relative error.
    pub max_rel: f64,
    /// The element with the largest relative error.
    pub index: usize,
    /// Its gate, if the part is gated.
    pub gate: Option<&'static str>,
    /// The hidden unit, which is the row within the gate's block, if it is known.
    pub unit: Option<usize>,
    /// The gradient there.
    pub found: f64,
    /// What the differences say.
    pub expected: f64,
    /// Whether the error is within the tolerance. (NaN is not.)
    pub passed: bool,
    /// The line of the textbook that computes it, if it is wrong and there is one.
    pub equation: Option<String>,
}

impl Row {
    /// A part of which nothing is known yet.
    pub(super) fn new(name: String, gate: Option<&'static str>) -> Self {
        Row {
            name,
            max_abs: 0.0,
            max_rel: 0.0,
            index: 0,
            gate,
            unit: None,
            found: 0.0,
            expected: 0.0,
            passed: true,
            equation: None,
        }
    }
}

/// The comparison of all parts.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Report {
    /// One row per part.
    pub rows: Vec<Row>,
}

impl Report {
    /// Whether there is something, and all of it is right.
    pub fn passed(&self) -> bool {
        !self.rows.is_empty() && self.rows.iter().all(|row| row.passed)
    }

    /// The rows that are wrong.
    pub fn failures(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| !row.passed)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.rows.iter().map(|row| row.name.len()).max().unwrap_or(0).max(9);
        writeln!(f, "{:width$}  {:>9}  {:>9}  worst at", "parameter", "max abs", "max rel")?;
        for row in &self.rows {
            let gate = row.gate.map_or(String::new(), |gate| format!(", gate {gate}"));
            let unit = row.unit.map_or(String::new(), |unit| format!(", row {unit}"));
            let verdict = if row.passed { "" } else { "  WRONG" };
            let Row { name, max_abs, max_rel, index, .. } = row;
            writeln!(f, "{name:width$}  {max_abs:9.2e}  {max_rel:9.2e}  [{index}]{gate}{unit}{verdict}")?;
            if let Some(equation) = &row.equation {
                writeln!(f, "{:width$}  see {equation}", "")?;
            }
        }
        let wrong = self.failures().count();
        match wrong {
            0 if self.rows.is_empty() => write!(f, "nothing was checked"),
            0 => write!(f, "all {} gradients are right", self.rows.len()),
            _ => write!(f, "{wrong} of {} gradients are wrong", self.rows.len()),
        }
    }
}
