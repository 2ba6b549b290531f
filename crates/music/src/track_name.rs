//! [`TrackName`]: the bytes of a name in a MIDI file, and what they most likely spell.

use crate::text::printable;
use std::fmt;
use std::ops::Deref;

/// A name as it stands in a file, whose encoding no MIDI file says.
///
/// The bytes are kept, so that a name comes out of [`crate::midi::write()`] as it went in. As a `&str` it is what they spell: UTF-8
/// if they are that, or else Shift-JIS if they are Japanese syllables in it, or else Latin-1. [`fmt::Display`] shows
/// control characters escaped, so that a name cannot command a terminal.
///
/// ```
/// use composer_music::TrackName;
///
/// let name = TrackName::from_bytes(b"Fl\xF6te\x1b[2J");
/// assert_eq!((&*name, name.as_bytes().len()), ("Flöte\u{1b}[2J", 9));
/// assert_eq!(name.to_string(), r"Flöte\u{1b}[2J");
/// assert_eq!(&*TrackName::from_bytes(b"\x83\x73\x83\x41\x83\x6D"), "ピアノ");
/// ```
#[derive(Clone, Default)]
pub struct TrackName {
    bytes: Vec<u8>,
    text: String,
}

impl TrackName {
    /// The name that these bytes of a file spell.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => kana(bytes).unwrap_or_else(|| bytes.iter().map(|&byte| char::from(byte)).collect()),
        };
        Self { bytes: bytes.to_vec(), text }
    }

    /// The bytes in the file.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What the bytes spell, control characters included. To print it, use [`fmt::Display`].
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// Shift-JIS that consists of ASCII, Japanese syllables and the signs between them, with two bytes for a character at least once;
/// `None` for anything else. Chinese characters would need a table of 14 kB and look like accented Latin-1 letters.
fn kana(bytes: &[u8]) -> Option<String> {
    let (mut text, mut at, mut double) = (String::new(), 0, false);
    while let Some(&byte) = bytes.get(at) {
        let unit = match byte {
            0..0x80 => u32::from(byte),
            0xA1..0xE0 => 0xFF61 + u32::from(byte - 0xA1), // half-width katakana
            _ => {
                at += 1;
                double = true;
                let low = u32::from(*bytes.get(at)?);
                match (byte, low) {
                    (0x81, 0x40) => 0x3000, // a space
                    (0x81, 0x45) => 0x30FB, // a middle dot
                    (0x81, 0x5B) => 0x30FC, // the sign that prolongs a vowel
                    (0x81, 0x69) => 0xFF08, // brackets
                    (0x81, 0x6A) => 0xFF09,
                    (0x82, 0x4F..=0x58) => 0xFF10 + low - 0x4F, // digits and letters of full width
                    (0x82, 0x60..=0x79) => 0xFF21 + low - 0x60,
                    (0x82, 0x81..=0x9A) => 0xFF41 + low - 0x81,
                    (0x82, 0x9F..=0xF1) => 0x3041 + low - 0x9F, // hiragana
                    (0x83, 0x40..=0x7E) => 0x30A1 + low - 0x40, // katakana
                    (0x83, 0x80..=0x96) => 0x30E0 + low - 0x80,
                    _ => return None,
                }
            }
        };
        text.push(char::from_u32(unit)?);
        at += 1;
    }
    double.then_some(text)
}

impl fmt::Display for TrackName {
    /// Control characters as in a Rust string: `\n`, `\u{1b}`.
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&printable(&self.text))
    }
}

impl fmt::Debug for TrackName {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

impl Deref for TrackName {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl PartialEq for TrackName {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for TrackName {}

impl From<&str> for TrackName {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl From<String> for TrackName {
    fn from(text: String) -> Self {
        Self { bytes: text.clone().into_bytes(), text }
    }
}

impl serde::Serialize for TrackName {
    /// As the text that it spells.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_kept_and_spelt() {
        for (bytes, spelt) in [
            (&b"Viola"[..], "Viola"),
            ("Flöte".as_bytes(), "Flöte"),
            (b"Caf\xE9 con \xF1", "Café con ñ"),
            (b"\x83\x78\x81\x5B\x83\x58 2", "ベース 2"),
            (b"\x82\xA4\x82\xBD", "うた"),
            (b"\xFF\xFE\x00", "ÿþ\0"),
        ] {
            let name = TrackName::from_bytes(bytes);
            assert_eq!((name.as_bytes(), name.as_str()), (bytes, spelt));
        }
    }

    #[test]
    fn what_could_command_a_terminal_is_escaped() {
        let shown = TrackName::from_bytes(b"a\nb\x07\x9B31m\xC3\x28").to_string();
        assert_eq!(shown, "a\\nb\\u{7}\\u{9b}31mÃ(");
        assert_eq!(TrackName::from("left\u{202E}thgir").to_string(), "left\\u{202e}thgir");
    }
}
