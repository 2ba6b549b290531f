//! Text as it may be shown: control characters and markup of files escaped, durations in minutes, numbers with their nouns.

use std::borrow::Cow;
use std::path::Path;

/// Whether a terminal, or a reader of text, may take the character for a command: C0 and C1 controls, DEL, line and paragraph
/// separators, and the marks that change the direction of text or are not seen at all (Unicode Technical Report 36).
pub fn is_control(character: char) -> bool {
    matches!(
        character,
        '\0'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'
            | '\u{200e}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{fffe}'..='\u{ffff}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

/// One line of text without control characters: each is escaped as in Rust, `\n`, `\u{1b}`.
///
/// ```
/// use composer_music::text::printable;
/// assert_eq!(printable("Melody\u{1b}[31m\n"), "Melody\\u{1b}[31m\\n");
/// assert_eq!(printable("Flöte"), "Flöte");
/// ```
pub fn printable(text: &str) -> Cow<'_, str> {
    escape(text, is_control)
}

/// The same for text of several lines: line feeds and tabs stay.
pub fn printable_lines(text: &str) -> Cow<'_, str> {
    escape(text, |character| is_control(character) && !matches!(character, '\n' | '\t'))
}

/// A noun for a number of things, which has an s for any number but one.
///
/// ```
/// use composer_music::text::{counted, plural};
/// assert_eq!((plural(1, "note"), plural(0, "note")), ("note".into(), "notes".into()));
/// assert_eq!(counted(2, "piece"), "2 pieces");
/// ```
pub fn plural(number: usize, noun: &str) -> Cow<'_, str> {
    if number == 1 { Cow::Borrowed(noun) } else { Cow::Owned(format!("{noun}s")) }
}

/// A number with its noun; see [`plural`].
pub fn counted(number: usize, noun: &str) -> String {
    format!("{number} {}", plural(number, noun))
}

/// A path as one line of text without control characters. Bytes that are not UTF-8 become the replacement character.
pub fn printable_path(path: &Path) -> String {
    printable(&path.to_string_lossy()).into_owned()
}

fn escape(text: &str, is_escaped: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&is_escaped) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match is_escaped(character) {
            // The default escape of Rust is for quoted text, and would escape quotes too; of these characters it escapes each.
            true => escaped.extend(character.escape_default()),
            false => escaped.push(character),
        }
    }
    Cow::Owned(escaped)
}

/// JSON text in which control characters that JSON itself lets through, such as C1, stand as `\u009b`. The text must be JSON, where they
/// occur inside strings only.
pub fn printable_json(json: &str) -> Cow<'_, str> {
    let is_escaped = |character: char| is_control(character) && character != '\n';
    if !json.contains(is_escaped) {
        return Cow::Borrowed(json);
    }
    let mut escaped = String::with_capacity(json.len() + 8);
    for character in json.chars() {
        match is_escaped(character) {
            true => {
                let mut units = [0; 2];
                for unit in character.encode_utf16(&mut units) {
                    escaped.push_str(&format!("\\u{unit:04x}"));
                }
            }
            false => escaped.push(character),
        }
    }
    Cow::Owned(escaped)
}

/// Text for the inside of an element or of a quoted attribute of HTML, SVG and XML. Control characters, most of which XML forbids even
/// when they are escaped, are [`printable`] first.
///
/// ```
/// assert_eq!(composer_music::text::markup("\"><img>\u{1b}"), "&quot;&gt;&lt;img&gt;\\u{1b}");
/// ```
pub fn markup(text: &str) -> String {
    printable(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

/// Seconds as `1:05.0 minutes`, and from an hour on as `1:00:05.0 hours`; rounded to tenths before they are divided, so that 59.96
/// seconds are a minute.
pub fn duration(seconds: f64) -> String {
    let tenths = (seconds.max(0.0) * 10.0).round();
    let (minutes, seconds) = ((tenths / 600.0).floor(), tenths % 600.0 / 10.0);
    if minutes < 60.0 {
        return format!("{minutes:.0}:{seconds:04.1} minutes");
    }
    format!("{:.0}:{:02.0}:{seconds:04.1} hours", (minutes / 60.0).floor(), minutes % 60.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_control_character_is_left_and_others_are_untouched() {
        let all: String = (0..=0x10ffffu32).filter_map(char::from_u32).collect();
        let shown = printable(&all);
        assert!(!shown.contains(is_control));
        assert!(shown.contains("\\u{9b}") && shown.contains("\\u{202e}") && shown.contains("\\u{0}"));
        assert!("é'\"漢🎵".chars().all(|character| shown.contains(character)));
        assert!(matches!(printable("Flöte, \"1.\" Satz"), Cow::Borrowed(_)));
        assert_eq!(printable_lines("a\tb\n\u{1b}c\r"), "a\tb\n\\u{1b}c\\r");
        let json = serde_json::to_string(&all).unwrap();
        let shown = printable_json(&json);
        assert!(!shown.contains(is_control));
        assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), all, "JSON readers see the same text");
    }

    #[test]
    fn durations_are_rounded_before_they_are_divided() {
        for (seconds, text) in [
            (0.0, "0:00.0 minutes"),
            (59.94, "0:59.9 minutes"),
            (59.95, "1:00.0 minutes"),
            (119.99, "2:00.0 minutes"),
            (3599.94, "59:59.9 minutes"),
            (3599.97, "1:00:00.0 hours"),
            (36_061.5, "10:01:01.5 hours"),
        ] {
            assert_eq!(duration(seconds), text, "{seconds}");
        }
    }
}
