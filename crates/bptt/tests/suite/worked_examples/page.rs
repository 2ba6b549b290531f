//! The tables of a page, and the numbers that a test computes to compare with them.

use approx::abs_diff_eq;
use composer_bptt::gradcheck::{Options, Part, check};
use std::collections::BTreeMap;
use std::fmt::Write;

/// Half of the last digit on the pages, and a little for the binary number nearest to it.
const ROUNDED: f64 = 0.5e-6 + 1e-9;

/// Named rows of numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows(BTreeMap<String, Vec<f64>>);

impl Rows {
    pub fn row(&self, name: &str) -> &[f64] {
        self.0.get(name).unwrap_or_else(|| panic!("there is no row `{name}`"))
    }

    /// The number in a row of one.
    pub fn one(&self, name: &str) -> f64 {
        assert_eq!(self.row(name).len(), 1, "`{name}`");
        self.row(name)[0]
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub fn set(&mut self, name: &str, values: &[f64]) {
        self.0.insert(name.to_owned(), values.to_vec());
    }

    /// Puts a number into column `at` of a row of `width`.
    pub fn put(&mut self, name: &str, width: usize, at: usize, value: f64) {
        self.0.entry(name.to_owned()).or_insert_with(|| vec![0.0; width])[at] = value;
    }

    fn flat(&self) -> Vec<f64> {
        self.0.values().flatten().copied().collect()
    }

    /// The same rows with other numbers.
    fn with(&self, flat: &[f64]) -> Rows {
        let mut flat = flat.iter();
        let mut rows = self.clone();
        rows.0.values_mut().flatten().for_each(|to| *to = *flat.next().expect("as many numbers"));
        rows
    }
}

/// What one worked example says.
#[derive(Clone, Debug)]
pub struct Example {
    name: String,
    /// Tables whose first heading is `given`.
    pub given: Rows,
    /// For rows of the given tables, the headings of their columns.
    pub columns: BTreeMap<String, Vec<String>>,
    /// Tables whose first heading is `name`.
    stated: Rows,
}

impl Example {
    /// The tables of a section of `docs/FILE.md`.
    pub fn read(file: &str, section: &str) -> Example {
        let path = format!("{}/docs/{file}.md", env!("CARGO_MANIFEST_DIR"));
        let page = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let heading = format!("\n## {section}\n");
        let (_, rest) = page.split_once(&heading).unwrap_or_else(|| panic!("{path}: no section {section}"));
        let text = rest.split("\n## ").next().unwrap_or(rest);
        let name = format!("{file}.md, {section}");
        let (mut given, mut stated, mut columns) = (Rows::default(), Rows::default(), BTreeMap::new());
        let mut heading: Option<Vec<String>> = None;
        for line in text.lines() {
            let Some(cells) = line.strip_prefix('|').and_then(|line| line.strip_suffix('|')) else {
                heading = None;
                continue;
            };
            let cells: Vec<String> = cells.split('|').map(|cell| cell.trim().to_owned()).collect();
            let Some(heading) = &heading else {
                heading = Some(cells);
                continue;
            };
            if cells[0].starts_with("---") {
                continue;
            }
            let number = |cell: &String| -> f64 {
                cell.parse().unwrap_or_else(|_| panic!("{name}: {cell} is no number, in: {line}"))
            };
            let row = cells[0].trim_matches('`');
            let to = match heading[0].as_str() {
                "given" => &mut given,
                "name" => &mut stated,
                other => panic!("{name}: a table of {other}"),
            };
            assert!(!to.has(row), "{name}: `{row}` stands there twice");
            to.set(row, &cells[1..].iter().map(number).collect::<Vec<_>>());
            columns.insert(row.to_owned(), heading[1..].to_vec());
        }
        assert!(!given.0.is_empty() && !stated.0.is_empty(), "{name} has no tables");
        Example { name, given, columns, stated }
    }

    /// Compares every row of the page with what was computed, in both directions.
    pub fn compare(&self, computed: &Rows) {
        let mut wrong = String::new();
        for (name, stated) in &self.stated.0 {
            match computed.0.get(name) {
                None => writeln!(wrong, "`{name}` is on the page and was not computed").expect("a string"),
                Some(found) if !all_close(found, stated, ROUNDED) => {
                    writeln!(wrong, "`{name}` should be {found:.6?} and is {stated:.6?}").expect("a string");
                }
                Some(_) => {}
            }
        }
        for name in computed.0.keys().filter(|name| !self.stated.has(name)) {
            writeln!(wrong, "`{name}` is not on the page").expect("a string");
        }
        assert!(wrong.is_empty(), "{}:\n{wrong}", self.name);
    }

    /// Compares what another implementation computed with a row of the plain arithmetic.
    pub fn agree(&self, what: &str, found: &[f64], expected: &[f64]) {
        assert!(
            all_close(found, expected, 1e-12),
            "{}: {what} of the implementation is {found:?}, and by plain arithmetic {expected:?}",
            self.name
        );
    }

    /// Checks by central differences that `gradient` (of the same names as what is given) is that of the sum of the row `loss`.
    pub fn check_gradient(&self, gradient: &Rows, compute: impl Fn(&Rows) -> Rows) {
        let (mut parts, mut flat, mut at) = (Vec::new(), Vec::new(), 0);
        for (name, values) in &self.given.0 {
            if gradient.has(name) {
                assert_eq!(gradient.row(name).len(), values.len(), "`{name}`");
                flat.extend_from_slice(gradient.row(name));
                parts.push(Part::new(name, at..at + values.len()));
            } else {
                flat.extend(std::iter::repeat_n(0.0, values.len()));
            }
            at += values.len();
        }
        let loss = |values: &[f64]| compute(&self.given.with(values)).row("loss").iter().sum::<f64>();
        let report = check(&parts, &self.given.flat(), &flat, loss, &Options::default());
        assert!(report.passed(), "{}:\n{report}", self.name);
    }
}

/// NaN is close to nothing.
fn all_close(found: &[f64], expected: &[f64], epsilon: f64) -> bool {
    found.len() == expected.len()
        && found
            .iter()
            .zip(expected)
            .all(|(found, expected)| abs_diff_eq!(found, expected, epsilon = epsilon))
}

#[test]
fn a_wrong_number_on_a_page_is_named() {
    let example = Example::read("lstm", "Worked example");
    let mut computed = example.stated.clone();
    example.compare(&computed);
    computed.put("d_gate_f", 2, 1, 0.04);
    let said = std::panic::catch_unwind(|| example.compare(&computed)).expect_err("it must be noticed");
    let said = said.downcast_ref::<String>().expect("a message");
    assert!(said.contains("`d_gate_f` should be"), "{said}");
    assert!(!all_close(&[f64::NAN], &[f64::NAN], 1.0));
}
