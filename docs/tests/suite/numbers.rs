//! Numbers in the lessons are those of their programs.

use crate::common::{lessons, read};
use serde_json::{Map, Value};

/// The numbers that a lesson's program wrote.
fn numbers(lesson: usize) -> Map<String, Value> {
    serde_json::from_str(&read(&format!("docs/figures/lesson_{lesson}.json"))).expect("a table of numbers")
}

/// `−0.42` before a mark: the sign, the digits, and how many decimal places there are.
fn decimal(before: &str) -> Option<(f64, usize)> {
    let start = before
        .rfind(|c: char| !c.is_ascii_digit() && !",.−".contains(c))
        .map_or(0, |at| at + before[at..].chars().next().map_or(0, char::len_utf8));
    let text = before[start..].replace(',', "").replace('−', "-");
    Some((text.parse().ok()?, text.split_once('.').map_or(0, |(_, places)| places.len())))
}

/// `10⁻⁵` before a mark: −5.
fn exponent(before: &str) -> Option<i32> {
    let start = before.rfind("10")?;
    let digits = before[start + 2..].chars().map(|c| match c {
        '⁻' => Some('-'),
        c => "⁰¹²³⁴⁵⁶⁷⁸⁹"
            .chars()
            .position(|digit| digit == c)
            .and_then(|digit| char::from_digit(digit as u32, 10)),
    });
    digits.collect::<Option<String>>()?.parse().ok()
}

/// What is wrong with the numbers of a text, and how many there are.
fn check(text: &str, numbers: &Map<String, Value>) -> (Vec<String>, usize) {
    let (mut wrong, mut seen) = (Vec::new(), 0);
    let parts: Vec<&str> = text.split("<!--=").collect();
    for pair in parts.windows(2) {
        let (before, mark) = (pair[0], pair[1].split("-->").next().unwrap_or_default());
        let power = mark.starts_with('e');
        let name = mark.trim_start_matches('e').trim();
        let Some(value) = numbers.get(name).and_then(Value::as_f64) else {
            wrong.push(format!("the program has no number {name}"));
            continue;
        };
        seen += 1;
        let same = if power {
            exponent(before) == Some(value.round() as i32)
        } else {
            decimal(before).is_some_and(|(written, places)| {
                let scale = 10f64.powi(places as i32);
                // Half of the last place, and what halves rounded either way may differ by.
                (written - value).abs() * scale <= 0.5 + 1e-6
            })
        };
        if !same {
            let written: String =
                before.chars().rev().take(12).collect::<Vec<_>>().into_iter().rev().collect();
            wrong.push(format!("{name} is {value}, and the text has …{written}"));
        }
    }
    (wrong, seen)
}

#[test]
fn every_number_of_a_program_is_the_one_in_the_text() {
    for (lesson, text) in lessons() {
        let (wrong, seen) = check(text, &numbers(lesson));
        assert!(
            wrong.is_empty(),
            "lesson {lesson}: {}\nscripts/course_numbers.py mends it",
            wrong.join("\n")
        );
        assert!(seen >= 4, "lesson {lesson} quotes only {seen} numbers of its program");
    }
}

#[test]
fn a_wrong_number_is_found() {
    let numbers: Map<String, Value> =
        serde_json::from_str(r#"{"a": 0.126, "b": -12345.6, "c": -7.6}"#).expect("JSON");
    let good = "x 0.13<!--= a --> and −12,346<!--= b --> and 10⁻⁸<!--=e c -->.";
    assert_eq!(check(good, &numbers), (vec![], 3));
    for bad in ["0.12<!--= a -->", "12,346<!--= b -->", "10⁻⁷<!--=e c -->", "1<!--= d -->", "<!--= a -->"]
    {
        assert_eq!(check(bad, &numbers).0.len(), 1, "{bad}");
    }
}

/// Decimal numbers of a lesson's text that are neither code, nor formula, nor a number of the program.
fn unmarked(text: &str) -> Vec<String> {
    let prose = crate::common::prose(text);
    let words: String = prose.split('`').step_by(2).collect::<Vec<_>>().join(" ");
    let mut found = Vec::new();
    let mut parts = words.split("<!--").peekable();
    while let Some(part) = parts.next() {
        let visible = part.split_once("-->").map_or(part, |(_, after)| after);
        let marked = parts.peek().is_some_and(|next| next.starts_with('='));
        let end = if marked {
            visible.trim_end_matches(|c: char| c.is_ascii_digit() || ".,−".contains(c))
        } else {
            visible
        };
        let numbers = end.split(|c: char| !c.is_ascii_digit() && c != '.').map(|word| word.trim_matches('.'));
        found.extend(numbers.filter(|word| word.contains('.')).map(str::to_owned));
    }
    found.sort();
    found.dedup();
    found
}

/// What a lesson chooses itself, or works out in the text, is listed in it: `<!-- given: 0.5, 1.5 -->`. Everything else is a number of its program.
#[test]
fn every_other_decimal_number_is_given_by_the_lesson() {
    for (lesson, text) in lessons() {
        let given =
            text.split("<!-- given: ").nth(1).and_then(|rest| rest.split(" -->").next()).unwrap_or_default();
        let given: Vec<&str> = given.split(", ").filter(|number| !number.is_empty()).collect();
        assert_eq!(unmarked(text), given, "lesson {lesson}: neither numbers of the program nor given");
    }
    assert_eq!(unmarked("a 0.5 and 0.7<!--= x --> and `1.5` and 2, 3.25."), ["0.5", "3.25"]);
}
