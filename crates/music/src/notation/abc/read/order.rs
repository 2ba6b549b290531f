//! The order in which the sections of a tune are played, as `P:` of its header states it: `P:A(BC)2.A`.

use super::super::super::written::Section;
use super::line::Fault;
use super::reader::Reader;

/// Most sections that are played.
const MAX_SECTIONS: usize = 20_000;
/// Deepest nesting of brackets.
const MAX_DEPTH: usize = 100;

/// The sections in the order of playing; `None` for what states no order, and for one that never ends.
fn parsed(text: &str) -> Option<Vec<char>> {
    let mut open: Vec<Vec<char>> = vec![Vec::new()];
    let mut signs = text.chars().peekable();
    while let Some(sign) = signs.next() {
        let group = match sign {
            '(' if open.len() < MAX_DEPTH => {
                open.push(Vec::new());
                continue;
            }
            ')' if open.len() > 1 => open.pop()?,
            name if name.is_ascii_alphabetic() => vec![name],
            '.' | ',' | ' ' | '\t' => continue,
            _ => return None,
        };
        let mut times: Option<usize> = None;
        while let Some(digit) = signs.peek().and_then(|sign| sign.to_digit(10)) {
            times = Some(times.unwrap_or(0).saturating_mul(10).saturating_add(digit as usize));
            signs.next();
        }
        let (times, around) = (times.unwrap_or(1), open.last_mut()?);
        if around.len().saturating_add(group.len().saturating_mul(times)) > MAX_SECTIONS {
            return None;
        }
        around.extend(group.iter().cycle().take(group.len() * times));
    }
    if open.len() == 1 { open.pop() } else { None }
}

impl Reader {
    /// A section of the tune begins. Where the header states an order, that ends a measure, so that the section is one of its own.
    pub(super) fn section(&mut self, value: &str) -> Result<(), Fault> {
        let Some(name) = value.chars().next().filter(char::is_ascii_alphabetic) else { return Ok(()) };
        if self.order.stated.is_none() {
            return Ok(());
        }
        self.end_measure()?;
        let measure = self.here().measure;
        match self.order.sections.iter().find(|section| section.0 == name) {
            None => self.order.sections.push((name, measure)),
            Some(&(_, other)) if other != measure && self.current == 0 => {
                self.found.not_kept("section (P:) whose name another has");
            }
            Some(_) => {}
        }
        Ok(())
    }

    /// The stated order as runs of measures. What stands before the first section is played once, before all.
    pub(super) fn resolve_order(&mut self) {
        let Some(stated) = self.order.stated.take() else { return };
        let Some(names) = parsed(&stated) else {
            return self.found.not_kept("order of sections (P:) that is none");
        };
        let mut sections = std::mem::take(&mut self.order.sections);
        sections.sort_by_key(|section| section.1);
        let measures = self.found.written.measures.len();
        let run = |name: char| {
            let place = sections.iter().position(|section| section.0 == name)?;
            let end = sections.get(place + 1).map_or(measures, |next| next.1);
            Some(sections[place].1.min(end)..end).filter(|run| !run.is_empty())
        };
        let mut order: Vec<Section> = Vec::new();
        for group in names.chunk_by(|a, b| a == b) {
            match run(group[0]) {
                Some(measures) => order.push(Section { measures, times: group.len() }),
                None => self.found.not_kept("section of the order (P:) that the tune does not have"),
            }
        }
        let first = sections.first().map_or(0, |section| section.1.min(measures));
        if !order.is_empty() && first > 0 {
            order.insert(0, Section { measures: 0..first, times: 1 });
        }
        self.found.written.order = order;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_have_numbers_brackets_and_dots() {
        for (text, expected) in [
            ("AB", Some("AB")),
            ("A3B", Some("AAAB")),
            ("((AB)2.C)2", Some("ABABCABABC")),
            ("A B, A", Some("ABA")),
            ("A0B", Some("B")),
            ("", Some("")),
            ("(AB", None),
            ("AB)2", None),
            ("A-B", None),
            ("((((A99)99)99)99)99", None),
            ("A99999999999999999999", None),
        ] {
            let found = parsed(text).map(String::from_iter);
            assert_eq!(found.as_deref(), expected, "{text}");
        }
        assert_eq!(parsed(&"(".repeat(100_000)), None);
    }
}
