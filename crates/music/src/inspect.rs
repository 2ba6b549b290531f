//! What is in a file, in words: contents, roles, and what each representation makes of it and loses.

use std::fmt::Write;

use crate::corpus::content_key;
use crate::midi::{MidiFile, ReadReport};
use crate::notation::NotationReport;
use crate::representation::{AnyRepresentation, Loss, Quantised, Representation, Symbols, Vocabulary};
use crate::roles::{Part, Roles};
use crate::score::{Note, Score};
use crate::text::{counted, duration, plural, printable};
use crate::track_name::TrackName;

/// Changes of tempo, metre or key that are listed before the rest is only counted.
const LISTED: usize = 6;

/// What is in a file: format, length, tempo, metres, keys, pedal, what a score does not hold, damage.
pub fn contents(file: &MidiFile) -> String {
    let MidiFile { score, report, .. } = file;
    let mut text = String::new();
    let notes = score.notes().count();
    let drums = score.notes().filter(|note| note.is_drum()).count();
    let quarters = score.end() as f64 / f64::from(score.ticks_per_quarter);
    let _ = writeln!(text, "{}", format_in_words(file));
    let _ = writeln!(
        text,
        "{}, {drums} of them drums; {quarters:.1} quarter notes, {}",
        counted(notes, "note"),
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
        let _ = writeln!(text, "pedal     {}", counted(score.pedals.len(), "movement"));
    }
    let events = report.events.iter().map(|(what, number)| format!("{number} × {what}"));
    match &report.notation {
        Some(notation) => text.push_str(&written(notation)),
        None => drop(writeln!(text, "events    {}", events.collect::<Vec<_>>().join(", "))),
    }
    let silence = report.end.saturating_sub(score.end()) as f64 / f64::from(score.ticks_per_quarter);
    if silence > 0.0 {
        let _ = writeln!(
            text,
            "silence   {silence:.1} quarter notes after the last note, which a score does not hold"
        );
    }
    oddities(&mut text, report);
    let content: String = content_key(score).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let _ = writeln!(text, "content   {content} (the same in every key)");
    text
}

/// The format of a file, and its resolution.
fn format_in_words(file: &MidiFile) -> String {
    let MidiFile { score, report, .. } = file;
    let (tracks, ticks) = (counted(report.tracks, "track"), counted(score.ticks_per_quarter.into(), "tick"));
    match &report.notation {
        Some(NotationReport { format, version, title, tune, .. }) => {
            let version = if version.is_empty() { String::new() } else { format!(" {}", printable(version)) };
            let tune = tune.map_or(String::new(), |tune| format!(", tune {tune}"));
            let title = title.as_ref().map_or(String::new(), |title| format!(" ({})", printable(title)));
            format!("{format}{version}{tune}{title}, {tracks}, {ticks} per quarter note")
        }
        None => format!(
            "MIDI format {}{}, {tracks}, {ticks} per quarter note{}",
            report.format,
            if report.riff { " in RIFF" } else { "" },
            report.smpte.map_or(String::new(), |fps| format!(" (from {fps} SMPTE frames per second)")),
        ),
    }
}

/// What notation has and MIDI has not.
fn written(report: &NotationReport) -> String {
    let measures = counted(report.measures, "measure");
    let played = match report.measures_played == report.measures {
        true => String::new(),
        false => format!(", {} played with the repeats", report.measures_played),
    };
    let others = [
        (report.rests, "rest"),
        (report.grace_notes, "grace note"),
        (report.lyrics, "syllable"),
        (report.chord_symbols, "chord symbol"),
        (report.rounded_times, "rounded time"),
    ];
    let others = others.iter().filter(|(number, _)| *number > 0).map(|(number, what)| counted(*number, what));
    let all: Vec<String> = [measures + &played].into_iter().chain(others).collect();
    format!("written   {}\n", all.join(", "))
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
        (report.silenced_notes, "notes ended by a controller for all notes"),
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
    let named = |what: &str| {
        let number = what.strip_prefix("controller ").and_then(|number| number.parse().ok());
        number.and_then(controller_name).map_or(what.to_owned(), |name| format!("{what} ({name})"))
    };
    let lost: Vec<String> =
        report.not_kept.iter().map(|(what, number)| format!("{number} × {}", named(what))).collect();
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

/// What the controllers do that files have most.
fn controller_name(controller: u8) -> Option<&'static str> {
    Some(match controller {
        0 | 32 => "bank",
        1 => "modulation",
        5 => "portamento time",
        6 | 38 => "data entry",
        7 => "volume",
        8 => "balance",
        10 => "pan",
        11 => "expression",
        65 => "portamento",
        66 => "sostenuto pedal",
        67 => "soft pedal",
        68 => "legato pedal",
        71 | 74 => "sound of the instrument",
        91 => "reverb",
        93 => "chorus",
        98..=101 => "number of a parameter",
        120 => "all sound off",
        121 => "reset all controllers",
        123..=127 => "all notes off",
        _ => return None,
    })
}

/// The parts and their roles, one a line.
pub fn roles(roles: &Roles) -> String {
    let mut text = String::new();
    for part in &roles.parts {
        let _ = writeln!(
            text,
            "track {:<3} channel {:<3} {:<24} program {:<4} {:>6} {:<5}  {:<14} because of {}",
            part.track,
            part.channel + 1,
            shown(part),
            part.program + 1,
            part.notes,
            plural(part.notes, "note"),
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

/// The name of a part in at most 24 characters, without any that command a terminal.
fn shown(part: &Part) -> String {
    let name = part.name.as_ref().map_or("(no name)".to_owned(), TrackName::to_string);
    name.chars().take(24).collect()
}

/// What every representation makes of the score: how much, the first symbols, and what is lost.
pub fn representations(score: &Score, first: usize) -> String {
    let mut text = String::new();
    for name in AnyRepresentation::NAMES {
        let line = AnyRepresentation::by_name(name).and_then(|representation| {
            let encoded = representation.encode(score)?;
            let quantised = representation.quantise(score)?;
            let mut lost = loss_in_parts(&quantised.loss);
            lost.extend(further_losses(score, &quantised));
            Ok((spelt(&representation, &encoded, first), encoded.len(), lost))
        });
        match line {
            Ok((spelt, length, lost)) => {
                let rate = length as f64 / score.seconds().max(1e-9);
                let _ = writeln!(text, "{name}: {length} symbols, {rate:.1} per second\n  {spelt}");
                let lost = if lost.is_empty() { "nothing".to_owned() } else { lost.join("; ") };
                let _ = writeln!(text, "  lost: {lost}");
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
    let parts = loss_in_parts(loss);
    if parts.is_empty() { "nothing".to_owned() } else { parts.join("; ") }
}

fn loss_in_parts(loss: &Loss) -> Vec<String> {
    let mut parts = Vec::new();
    if loss.moved > 0 {
        let most = 1000.0 * loss.largest_shift;
        parts.push(format!("{} of {} notes moved, by {most:.1} ms at most", loss.moved, loss.notes));
    }
    for (number, what) in [(loss.merged, "merged"), (loss.cut, "cut where their pitch is struck again")] {
        parts.extend((number > 0).then(|| format!("{} {what}", counted(number, "note"))));
    }
    if loss.tempos_rounded > 0 {
        let (number, most) = (loss.tempos_rounded, 100.0 * loss.largest_tempo_change);
        parts.push(format!(
            "{} rounded (by {most:.1} %{})",
            counted(number, "tempo"),
            if number == 1 { "" } else { " at most" }
        ));
    }
    parts.extend(
        loss.dropped
            .iter()
            .map(|(reason, &number)| format!("{} left out ({reason})", counted(number, "note"))),
    );
    parts.extend(loss.not_held.iter().map(|(what, &number)| number_of(what, number)));
    parts
}

/// A number of things whose plural has its s at the end of a word: "3 velocities rounded", "1 metre change".
fn number_of(plural: &str, number: usize) -> String {
    let singular = |word: &str| match word.strip_suffix("ies") {
        Some(stem) => format!("{stem}y"),
        None => word.strip_suffix('s').unwrap_or(word).to_owned(),
    };
    match plural.split_once("s ") {
        _ if number != 1 => format!("{number} {plural}"),
        Some((things, rest)) => format!("1 {} {rest}", singular(&format!("{things}s"))),
        None => format!("1 {}", singular(plural)),
    }
}

/// What of a score is not in its quantised form and not in the account of the representation either.
fn further_losses(score: &Score, quantised: &Quantised) -> Vec<String> {
    let (kept, told) = (&quantised.score, &quantised.loss.not_held);
    let untold = |word: &str| !told.keys().any(|what| what.contains(word));
    let gone = |what: &str, before: usize, after: usize, word: &str| {
        (before > 0 && after == 0 && untold(word)).then(|| counted(before, what))
    };
    let named = |name: &TrackName| kept.tracks.iter().any(|track| track.name.as_ref() == Some(name));
    let lost_names =
        score.tracks.iter().filter_map(|track| track.name.as_ref()).filter(|name| !named(name)).count();
    let programs: Vec<u8> = kept.notes().map(|note| note.program).collect();
    let other_program = |note: &&Note| !note.is_drum() && !programs.contains(&note.program);
    let lost_programs = score.notes().filter(other_program).count();
    [
        gone("tempo", score.tempos.len(), kept.tempos.len(), "tempo"),
        gone("metre", score.time_signatures.len(), kept.time_signatures.len(), "metre"),
        gone("key", score.key_signatures.len(), kept.key_signatures.len(), "key"),
        gone("pedal movement", score.pedals.len(), kept.pedals.len(), "pedal"),
        gone("track name", lost_names, 0, "names"),
        gone("program", lost_programs, 0, "programs").filter(|_| !programs.is_empty()),
    ]
    .into_iter()
    .flatten()
    .collect()
}
