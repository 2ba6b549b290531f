//! Signs that a tune defines itself: macros (`m:`, section 9 of the standard) and symbols (`U:`, section 4.16).

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::key::letter;
use super::line::Fault;

/// Most bytes of a target and of its replacement, as the standard says.
const MAX_TARGET: usize = 31;
const MAX_REPLACEMENT: usize = 200;
/// Most macros of a tune.
const MAX_MACROS: usize = 1_000;
/// Most bytes of a line whose macros are written out.
const MAX_LINE: usize = 1 << 18;

/// A macro: `~g2 = {a}g{f}g`, or for every note `~n2 = (3o/n/m/ n`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Macro {
    /// The target up to its note, or as a whole.
    before: String,
    /// Whether it holds for every note (`n`).
    transposes: bool,
    /// The length that follows the note.
    after: String,
    replacement: String,
}

/// The macros and symbols of a tune.
#[derive(Debug, Default)]
pub(super) struct OwnSigns {
    macros: Vec<Macro>,
    symbols: BTreeMap<u8, String>,
    /// Whether `!` ends a line and is no sign of decorations.
    pub bang_ends_line: bool,
}

impl OwnSigns {
    /// Adds what `m:` says; whether it defines anything. A later macro of the same target takes the place of the first.
    pub fn add_macro(&mut self, value: &str) -> bool {
        // The sign of a natural may stand in the target: `T=c2 = …`. Then the one between has a space beside it.
        let bytes = value.as_bytes();
        let spaced = |&(at, _): &(usize, &str)| {
            let beside = [at.checked_sub(1), Some(at + 1)].into_iter().flatten();
            beside.filter_map(|place| bytes.get(place)).any(u8::is_ascii_whitespace)
        };
        let Some((at, _)) = value.match_indices('=').find(spaced).or_else(|| value.match_indices('=').next())
        else {
            return false;
        };
        let (target, replacement) = (value[..at].trim(), value[at + 1..].trim());
        let fits = (1..=MAX_TARGET).contains(&target.len()) && replacement.len() <= MAX_REPLACEMENT;
        if !fits || self.macros.len() >= MAX_MACROS {
            return false;
        }
        let (before, transposes, after) = match target.split_once('n') {
            Some((before, after)) => (before, true, after),
            None => (target, false, ""),
        };
        let new = Macro {
            before: before.to_owned(),
            transposes,
            after: after.to_owned(),
            replacement: replacement.to_owned(),
        };
        let key = |one: &Macro| (one.before.clone(), one.transposes, one.after.clone());
        self.macros.retain(|other| key(other) != key(&new));
        self.macros.push(new);
        true
    }

    /// Adds what `U:` says: `T = !trill!`; whether it defines anything.
    pub fn add_symbol(&mut self, value: &str) -> bool {
        let Some((sign, meaning)) = value.split_once('=').map(|(a, b)| (a.trim(), b.trim())) else {
            return false;
        };
        match sign.as_bytes() {
            &[sign @ (b'H'..=b'W' | b'h'..=b'w' | b'~')] => {
                self.symbols.insert(sign, meaning.to_owned());
                true
            }
            _ => false,
        }
    }

    /// What a symbol of the tune's own stands for.
    pub fn meaning(&self, sign: u8) -> Option<&str> {
        self.symbols.get(&sign).map(String::as_str)
    }

    /// A line with its macros written out; what they write is not expanded again. Texts in quotes and fields stay as they are.
    ///
    /// # Errors
    /// It would be longer than any line.
    pub fn expanded<'a>(&self, line: &'a str) -> Result<Cow<'a, str>, Fault> {
        if self.macros.is_empty() {
            return Ok(Cow::Borrowed(line));
        }
        let (mut result, mut rest) = (String::new(), line);
        while let Some(first) = rest.chars().next() {
            if let Some((length, written)) = self.macros.iter().find_map(|one| one.at(rest)) {
                result.push_str(&written);
                rest = &rest[length..];
            } else {
                let whole = kept(rest).unwrap_or(first.len_utf8());
                result.push_str(&rest[..whole]);
                rest = &rest[whole..];
            }
            if result.len() > MAX_LINE {
                return Err(format!("with its macros the line is longer than {MAX_LINE} bytes"));
            }
        }
        Ok(Cow::Owned(result))
    }
}

/// Bytes at the beginning of a text in which no macro stands: quoted text, a field in brackets.
fn kept(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    match bytes {
        [b'"', ..] => text[1..].find('"').map(|end| end + 2),
        [b'[', letter, b':', ..] if letter.is_ascii_alphabetic() => text.find(']').map(|end| end + 1),
        _ => None,
    }
}

impl Macro {
    /// Bytes of the target at the beginning of a text, and what is written for it.
    fn at(&self, text: &str) -> Option<(usize, String)> {
        let rest = text.strip_prefix(self.before.as_str())?;
        let (note, rest) = if self.transposes { note_of(rest)? } else { (0, rest) };
        let rest = rest.strip_prefix(self.after.as_str())?;
        // A target is a whole note: ~g2 is not in ~g24 nor in ~g2/3.
        let last = if self.after.is_empty() { self.before.bytes().last() } else { self.after.bytes().last() };
        let goes_on: &[u8] = match last {
            _ if self.transposes && self.after.is_empty() => b"0123456789/,'",
            Some(b'0'..=b'9' | b'/') => b"0123456789/",
            Some(byte) if letter(byte).is_some() => b"0123456789/,'",
            _ => b"",
        };
        if rest.bytes().next().is_some_and(|next| goes_on.contains(&next)) {
            return None;
        }
        let written =
            if self.transposes { around(&self.replacement, note) } else { self.replacement.clone() };
        Some((text.len() - rest.len(), written))
    }
}

/// The note at the beginning of a text in steps above `C`, with the marks of its octave, and what follows.
fn note_of(text: &str) -> Option<(i32, &str)> {
    let first = text.bytes().next()?;
    let mut steps = i32::from(letter(first)?) + 7 * i32::from(first.is_ascii_lowercase());
    let marks = text[1..].bytes().take_while(|byte| matches!(byte, b',' | b'\'')).count();
    for mark in text[1..=marks].bytes() {
        steps += if mark == b'\'' { 7 } else { -7 };
    }
    (marks < 10).then_some((steps, &text[1 + marks..]))
}

/// A replacement whose letters h to z are the notes around `n`.
fn around(replacement: &str, note: i32) -> String {
    let (mut written, mut quoted) = (String::new(), None);
    for sign in replacement.chars() {
        match sign {
            '"' | '!' if quoted.is_none() => quoted = Some(sign),
            _ if quoted == Some(sign) => quoted = None,
            'h'..='z' if quoted.is_none() => {
                push_note(&mut written, note + sign as i32 - 'n' as i32);
                continue;
            }
            _ => {}
        }
        written.push(sign);
    }
    written
}

/// A note by its steps above `C`.
fn push_note(text: &mut String, steps: i32) {
    let (octave, name) = (steps.div_euclid(7), steps.rem_euclid(7) as usize);
    text.push(char::from(if octave > 0 { b"cdefgab"[name] } else { b"CDEFGAB"[name] }));
    let (mark, times) = if octave > 0 { ("'", octave - 1) } else { (",", -octave) };
    text.push_str(&mark.repeat(times.unsigned_abs() as usize));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(macros: &[&str], line: &str) -> String {
        let mut signs = OwnSigns::default();
        assert!(macros.iter().all(|text| signs.add_macro(text)), "{macros:?}");
        signs.expanded(line).expect("short").into_owned()
    }

    #[test]
    fn a_static_macro_is_written_for_its_target_alone() {
        let turn = ["~g2 = {a}g{f}g"];
        assert_eq!(
            expanded(&turn, "a~g2b ~g24 ~g2/ ~a2 \"~g2\"[T:~g2]"),
            "a{a}g{f}gb ~g24 ~g2/ ~a2 \"~g2\"[T:~g2]"
        );
        assert_eq!(expanded(&["~=c2 = =cBc", "T=d"], "~=c2 T ~c2"), "=cBc d ~c2");
        assert_eq!(expanded(&["x1 = X", "x1 = Y"], "x1"), "Y", "the last definition holds");
        assert_eq!(expanded(&["A = AA"], "AA"), "AAAA", "and nothing is expanded again");
    }

    #[test]
    fn a_transposing_macro_moves_with_its_note() {
        let roll = ["~n2 = (3o/n/m/ n"];
        assert_eq!(
            expanded(&roll, "~A2 Bd|~B2~C2 ~c'2 ~n2"),
            "(3B/A/G/ A Bd|(3c/B/A/ B(3D/C/B,/ C (3d'/c'/b/ c' ~n2"
        );
        assert_eq!(expanded(&["~n = hnz"], "~c ~c2"), "Dca' ~c2");
        assert_eq!(expanded(&["~n3=!trill!n\"no\"n"], "~G,3"), "!trill!G,\"no\"G,");
    }

    #[test]
    fn what_defines_nothing_is_not_added() {
        let mut signs = OwnSigns::default();
        let long = "a".repeat(300);
        for wrong in ["", "~g2", "= abc", &format!("x={long}"), &format!("{long}=x")] {
            assert!(!signs.add_macro(wrong), "{wrong}");
        }
        for wrong in ["", "T", "A = !trill!", "TT = !trill!", "x = !trill!"] {
            assert!(!signs.add_symbol(wrong), "{wrong}");
        }
    }

    #[test]
    fn macros_do_not_grow_without_bound() {
        let mut signs = OwnSigns::default();
        assert!(signs.add_macro(&format!("T = {}", "c".repeat(200))));
        assert!(signs.expanded(&"T".repeat(10_000)).is_err());
    }
}
