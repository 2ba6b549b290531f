//! The results of a sweep as a table and as CSV.

use crate::sweep::CellResult;
use composer_music::text::printable;
use std::fmt::Write;

fn figure(nll: Option<f64>) -> String {
    nll.map_or_else(|| "–".to_owned(), |nll| format!("{nll:.4}"))
}

/// A line for each training.
pub fn table(results: &[CellResult]) -> String {
    let width = results.iter().map(|result| result.name.chars().count()).max().unwrap_or(0).max(8);
    let mut text = format!("{:<width$} {:>10} {:>8} {:>8}\n", "training", "validation", "test", "seconds");
    for result in results {
        let (valid, test) = (figure(result.valid_nll), figure(result.test_nll));
        let error =
            result.error.as_deref().map(|error| format!("  {}", printable(error))).unwrap_or_default();
        let name = printable(&result.name);
        let _ = writeln!(text, "{name:<width$} {valid:>10} {test:>8} {:>8.1}{error}", result.seconds);
    }
    text
}

/// The same as CSV.
pub fn csv(results: &[CellResult]) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let mut lines = String::from("training,valid_nll,test_nll,seconds,error\n");
    for result in results {
        let number = |nll: Option<f64>| nll.map(|nll| nll.to_string()).unwrap_or_default();
        let (valid, test) = (number(result.valid_nll), number(result.test_nll));
        let (name, error) = (quoted(&result.name), quoted(result.error.as_deref().unwrap_or_default()));
        let _ = writeln!(lines, "{name},{valid},{test},{},{error}", result.seconds);
    }
    lines
}
