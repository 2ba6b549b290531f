//! What is in a file, in words: contents, roles, and what each representation makes of it and loses.

use std::fmt::Write;

use crate::corpus::content_key;
use crate::midi::{MidiFile, ReadReport};
use crate::representation::{AnyRepresentation, Loss, Representation, Symbols, Vocabulary};
use crate::roles::Roles;
use crate::score::Score;
use crate::text::{duration, printable};

/// Changes of tempo, metre or key that are listed before the rest is only counted.
const LISTED: usize = 6;

/// What is in a file: format, length, tempo, metres, keys, pedal, what a score does not hold, damage.
pub fn contents(file: &MidiFile) -> String {
    let MidiFile { score, report } = file;
    let mut text = String::new();
    let notes = score.notes().count();
    let drums = score.notes().filter(|note| note.is_drum()).count();
    let quarters = score.end() as f64 / f64::from(score.ticks_per_quarter);
    let _ = writeln!(
        text,
        "MIDI format {}{}, {} tracks, {} ticks per quarter note{}",
        report.format,
        if report.riff { " in RIFF" } else { "" },
        report.tracks,
        score.ticks_per_quarter,
        report.smpte.map_or(String::new(), |fps| format!(" (from {fps} SMPTE frames per second)")),
    );
    let _ = writeln!(
        text,
        "{notes} notes, {drums} of them drums; {quarters:.1} quarter notes, {}",
        duration(score.seconds())
    );
    let tempos = score.tempos.iter().map(|tempo| 60e6 / f64::from(tempo.micros_per_quarter));
    list(&mut text, "tempo", "120 (by default)", tempos.map(|tempo| format!("{tempo:.1}")));
    let metres =
        score.time_signatures.iter().map(|metre| format!("{}/{}", metre.numerator, metre.denominator));
    list(&mut text, "metre", "4/4 (by default)", metres);
    list(
        &mut text,
        "key",
        "not said",
        score.key_signatures.iter().map(|key| key_name(key.sharps, key.minor)),
    );
    if !score.pedals.is_empty() {
        let _ = writeln!(text, "pedal     {} movements", score.pedals.len());
    }
    oddities(&mut text, report);
    let content: String = content_key(score).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let _ = writeln!(text, "content   {content} (the same in every key)");
    text
}

fn list(text: &mut String, name: &str, none: &str, values: impl ExactSizeIterator<Item = String>) {
    let count = values.len();
    let mut shown: Vec<String> = values.take(LISTED).collect();
    if count == 0 {
        shown.push(none.to_owned());
    } else if count > LISTED {
        shown.push(format!("… ({count} in all)"));
    }
    let _ = writeln!(text, "{name:<9} {}", shown.join(", "));
}

fn key_name(sharps: i8, minor: bool) -> String {
    const FIFTHS: [&str; 18] =
        ["Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#", "G#", "D#", "A#"];
    let place = 7 + i16::from(sharps) + if minor { 3 } else { 0 };
    let name = usize::try_from(place).ok().and_then(|place| FIFTHS.get(place)).unwrap_or(&"?");
    format!("{name} {}", if minor { "minor" } else { "major" })
}

fn oddities(text: &mut String, report: &ReadReport) {
    let odd = [
        (report.hanging_notes, "notes never released"),
        (report.stray_note_offs, "note-offs without a note"),
        (report.zero_length_notes, "notes without length"),
        (report.overlapping_notes, "notes struck while their pitch sounded"),
        (report.replaced_changes, "changes replaced at the same tick"),
    ];
    let found: Vec<String> = odd
        .iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| format!("{number} {what}"))
        .collect();
    if !found.is_empty() {
        let _ = writeln!(text, "odd       {}", found.join(", "));
    }
    let lost: Vec<String> =
        report.not_kept.iter().map(|(what, number)| format!("{number} × {what}")).collect();
    if !lost.is_empty() {
        let _ = writeln!(text, "not held  {}", lost.join(", "));
    }
    for damage in &report.damage {
        let _ = writeln!(text, "damage    at {damage}");
    }
    if report.damage_count > report.damage.len() {
        let _ = writeln!(text, "damage    at {} more places", report.damage_count - report.damage.len());
    }
}

/// The parts and their roles, one a line.
pub fn roles(roles: &Roles) -> String {
    let mut text = String::new();
    for part in &roles.parts {
        let _ = writeln!(
            text,
            "track {:<3} channel {:<3} {:<24} program {:<4} {:>6} notes  {:<14} because of {}",
            part.track,
            part.channel + 1,
            printable(part.name.as_deref().unwrap_or("(no name)")).chars().take(24).collect::<String>(),
            part.program + 1,
            part.notes,
            part.role.to_string(),
            printable(&part.reason)
        );
    }
    if roles.skyline && !roles.parts.is_empty() {
        text.push_str(
            "no part is the melody: it is the skyline, the highest of the notes that begin together\n",
        );
    }
    text
}

/// What every representation makes of the score: how much, the first symbols, and what is lost.
pub fn representations(score: &Score, first: usize) -> String {
    let mut text = String::new();
    for name in AnyRepresentation::NAMES {
        let line = AnyRepresentation::by_name(name).and_then(|representation| {
            let encoded = representation.encode(score)?;
            Ok((spelt(&representation, &encoded, first), encoded.len(), representation.quantise(score)?.loss))
        });
        match line {
            Ok((spelt, length, loss)) => {
                let rate = length as f64 / score.seconds().max(1e-9);
                let _ = writeln!(text, "{name}: {length} symbols, {rate:.1} per second\n  {spelt}");
                let _ = writeln!(text, "  lost: {}", loss_in_words(&loss));
            }
            Err(error) => drop(writeln!(text, "{name}: {error}")),
        }
    }
    text
}

fn spelt(representation: &AnyRepresentation, symbols: &Symbols, first: usize) -> String {
    match (symbols, representation.vocabulary()) {
        (Symbols::Tokens(tokens), Vocabulary::Tokens { names }) => {
            let name = |&token: &u32| names.get(token as usize).map_or("?", String::as_str);
            tokens.iter().take(first).map(name).collect::<Vec<_>>().join(" ")
        }
        (Symbols::Frames(frames), _) => {
            let pitch = |pitch: u8, struck: u128| {
                let name = crate::representation::pitch_name(pitch);
                if struck >> pitch & 1 == 1 { name } else { name.to_lowercase() }
            };
            let frame = |frame: &crate::representation::frames::Frame| {
                let names: Vec<String> = frame.pitches().map(|p| pitch(p, frame.onsets)).collect();
                format!("[{}]", names.join(" "))
            };
            frames.iter().take(first).map(frame).collect::<Vec<_>>().join(" ") + " (lower case: held)"
        }
        _ => String::new(),
    }
}

/// A loss in words, such as `12 of 400 notes moved (by 18 ms at most), 3 merged`.
pub fn loss_in_words(loss: &Loss) -> String {
    let mut parts = Vec::new();
    if loss.moved > 0 {
        let most = 1000.0 * loss.largest_shift;
        parts.push(format!("{} of {} notes moved, by {most:.1} ms at most", loss.moved, loss.notes));
    }
    for (number, what) in
        [(loss.merged, "notes merged"), (loss.cut, "notes cut where their pitch is struck again")]
    {
        parts.extend((number > 0).then(|| format!("{number} {what}")));
    }
    parts.extend(loss.dropped.iter().map(|(reason, number)| format!("{number} notes left out ({reason})")));
    parts.extend(loss.not_held.iter().map(|(what, number)| format!("{number} {what}")));
    if parts.is_empty() { "nothing".to_owned() } else { parts.join("; ") }
}
