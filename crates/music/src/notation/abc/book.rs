//! Tune books: where each tune begins and ends, and its number.

use std::borrow::Cow;

use super::super::found::Found;
use super::super::{Error, Format};
use super::read;

/// Most tunes of a file.
const MAX_TUNES: usize = 1_000_000;

/// A file of tunes.
pub(in super::super) struct Book<'a> {
    text: Cow<'a, str>,
    /// Bytes of the text before the first tune: fields that hold for all tunes.
    header: std::ops::Range<usize>,
    tunes: Vec<Tune>,
}

/// A tune by its place.
struct Tune {
    number: u64,
    lines: std::ops::Range<usize>,
    /// Number of its first line, from 1.
    first_line: usize,
}

/// Whether a text begins like ABC: with the number of a tune, after nothing but comments, fields and free text.
pub(in super::super) fn is_abc(bytes: &[u8]) -> bool {
    const LOOKED_AT: usize = 64 << 10;
    let bytes = &bytes[..bytes.len().min(LOOKED_AT)];
    let number = |line: &[u8]| {
        line.strip_prefix(b"X:").is_some_and(|rest| rest.trim_ascii().first().is_some_and(u8::is_ascii_digit))
    };
    bytes.starts_with(b"%abc")
        || !bytes.contains(&0) && bytes.split(|&byte| byte == b'\n' || byte == b'\r').any(number)
}

/// A text whose lines end with `\n`, alone or after `\r`: old Macintosh files have `\r` alone. No place moves.
fn unix_lines(text: Cow<'_, str>) -> Cow<'_, str> {
    let mut signs = text.char_indices().filter(|&(_, sign)| sign == '\r').map(|(at, _)| at);
    let bytes = text.as_bytes();
    let alone = |at: usize| !matches!(bytes[at + 1..], [b'\n', ..] | [b'\r', b'\n', ..]);
    if !signs.any(alone) {
        return text;
    }
    let replaced = |(at, sign): (usize, char)| if sign == '\r' && alone(at) { '\n' } else { sign };
    Cow::Owned(text.char_indices().map(replaced).collect())
}

impl<'a> Book<'a> {
    /// Finds the tunes: each begins with `X:` and ends with an empty line.
    ///
    /// # Errors
    /// There is none.
    pub fn new(bytes: &'a [u8]) -> Result<Self, Error> {
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => Cow::Owned(bytes.iter().map(|&byte| char::from(byte)).collect()),
        };
        let text = unix_lines(text);
        let mut tunes: Vec<Tune> = Vec::new();
        let (mut open, mut at, mut header, mut key) = (false, 0, 0, None);
        for (index, line) in text.split_inclusive('\n').enumerate() {
            let end = at + line.len();
            if let Some(number) = line.strip_prefix("X:") {
                if tunes.is_empty() {
                    header = at;
                }
                let number =
                    number.trim().split(|letter: char| !letter.is_ascii_digit()).next().unwrap_or_default();
                let number = number.parse().unwrap_or(tunes.len() as u64 + 1);
                if tunes.len() == MAX_TUNES {
                    return Err(Error::whole(Format::Abc, format!("it has more than {MAX_TUNES} tunes")));
                }
                tunes.push(Tune { number, lines: at..end, first_line: index + 1 });
                open = true;
            } else if line.trim().is_empty() {
                open = false;
            } else if let Some(tune) = tunes.last_mut().filter(|_| open) {
                tune.lines.end = end;
            }
            if line.starts_with("K:") {
                key = key.or(Some(index));
            }
            at = end;
        }
        if tunes.is_empty() {
            if key.is_none() {
                return Err(Error::whole(Format::Abc, "it has no tune: none of its lines begins with X:"));
            }
            tunes.push(Tune { number: 1, lines: 0..text.len(), first_line: 1 });
        }
        Ok(Self { text, header: 0..header, tunes })
    }

    /// The numbers of the tunes, in the order of the file. There is at least one.
    pub fn numbers(&self) -> Vec<u64> {
        self.tunes.iter().map(|tune| tune.number).collect()
    }

    /// Reads a tune by its place in the file.
    ///
    /// # Errors
    /// What is wrong, with its line.
    pub fn read(&self, index: usize) -> Result<Found, Error> {
        let Tune { number, lines, first_line } = &self.tunes[index];
        let mut found =
            read::read(&self.text[self.header.clone()], &self.text[lines.clone()], *first_line, lines.start)?;
        found.notation.tune = Some(*number);
        Ok(found)
    }
}
