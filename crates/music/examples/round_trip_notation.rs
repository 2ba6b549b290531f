//! Writes every piece of folders of music as MusicXML and as ABC, reads both back, and prints a table: the pieces that come back as
//! [`notation::quantised`] says, and those that do not, by what differs.
//!
//!     round_trip_notation [--list] FOLDER…
//!
//! A row for each folder and format. `--list` names every piece that differs. Compared are onsets, lengths and pitches of all notes, their
//! velocities (not of ABC, which has none), programs and drums, the tracks that they are in, tempos, bars with their metres, keys
//! and chord symbols. Ends with 1 if a piece differs.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use composer_music::midi::MidiFile;
use composer_music::notation::{self, Format, Options};
use composer_music::{BarMap, Score, Tempo, corpus};

/// Ticks of a quarter to which both sides are brought: those of [`notation::quantised`].
const TICKS: u128 = 3360;

/// What became of the pieces of a folder in one format.
#[derive(Default)]
struct Row {
    pieces: usize,
    equal: usize,
    notes: usize,
    /// Why pieces could not be written, and how many.
    refused: BTreeMap<String, usize>,
    /// What differs, and in how many pieces.
    differing: BTreeMap<String, usize>,
    seconds: f64,
}

/// A row for each format.
type Rows = [(Format, Row); 2];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (flags, folders): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|arg| arg.starts_with("--"));
    let list = flags.iter().any(|flag| flag == "--list");
    println!(
        "| set | format | pieces | notes | equal | not written | differing | s |\n|---|---|---|---|---|---|---|---|"
    );
    let mut all_equal = true;
    for folder in &folders {
        let (rows, files, unread) = rows(folder, list)?;
        for (format, row) in &rows {
            all_equal &= row.differing.is_empty();
            let name = Path::new(folder).file_name().unwrap_or_default().to_string_lossy();
            let (Row { pieces, notes, equal, seconds, .. }, name) = (row, name);
            let (refused, differing) = (listed(&row.refused), listed(&row.differing));
            println!(
                "| {name} | {format} | {pieces} | {notes} | {equal} | {refused} | {differing} | {seconds:.1} |"
            );
        }
        if unread > 0 {
            eprintln!("{folder}: {unread} pieces of its {files} files cannot be read");
        }
    }
    std::process::exit(i32::from(!all_equal));
}

/// The rows of a folder, its files, and the pieces in it that cannot be read.
fn rows(folder: &String, list: bool) -> Result<(Rows, usize, usize), corpus::Error> {
    let mut rows = [(Format::MusicXml, Row::default()), (Format::Abc, Row::default())];
    let files = corpus::midi_files(&[folder])?;
    let mut unread = 0;
    for file in &files {
        let bytes = file.read().unwrap_or_default();
        let tunes = notation::read_all(&bytes, &file.path.to_string_lossy(), &Options::default());
        unread += usize::from(tunes.is_err());
        for (number, tune) in tunes.unwrap_or_default() {
            let Ok(MidiFile { score, .. }) = tune else {
                unread += 1;
                continue;
            };
            let name = number.map_or(file.name.clone(), |number| format!("{}#{number}", file.name));
            for (format, row) in &mut rows {
                row.piece(&name, &score, *format, list);
            }
        }
    }
    Ok((rows, files.len(), unread))
}

fn listed(counts: &BTreeMap<String, usize>) -> String {
    let texts: Vec<String> = counts.iter().map(|(what, number)| format!("{number} {what}")).collect();
    if texts.is_empty() { "–".to_owned() } else { texts.join(", ") }
}

impl Row {
    fn piece(&mut self, name: &str, score: &Score, format: Format, list: bool) {
        self.pieces += 1;
        self.notes += score.notes().count();
        let began = Instant::now();
        let found = there_and_back(score, format);
        self.seconds += began.elapsed().as_secs_f64();
        match found {
            Err(reason) => *self.refused.entry(reason).or_default() += 1,
            Ok(back) => {
                let expected = notation::quantised(score).expect("what is written is quantised");
                let differing = differences(&expected, &back, format);
                if differing.is_empty() {
                    self.equal += 1;
                    return;
                }
                if list {
                    eprintln!("{name} {format}: {}", differing.join("; "));
                }
                // The first word names the class.
                let classes: Vec<&str> =
                    differing.iter().map(|text| text.split(':').next().unwrap_or_default()).collect();
                *self.differing.entry(classes.join(" + ")).or_default() += 1;
            }
        }
    }
}

/// The score written and read; why it cannot be written, without figures.
fn there_and_back(score: &Score, format: Format) -> Result<Score, String> {
    let bytes = notation::write(score, format).map_err(|error| {
        let text = error.to_string();
        let reason = text.split_once(": ").map_or(text.as_str(), |(_, reason)| reason);
        reason
            .split([',', ':'])
            .next()
            .unwrap_or_default()
            .replace(|letter: char| letter.is_ascii_digit(), "")
    })?;
    let name = format!("a.{}", format.extension());
    notation::read_bytes(&bytes, &name, &Options::default())
        .map(|file| file.score)
        .map_err(|error| format!("could not be read back ({error})"))
}

/// What differs, each as `class: the first case of it`.
fn differences(expected: &Score, found: &Score, format: Format) -> Vec<String> {
    let mut texts = Vec::new();
    let mut compare = |what: &str, expected: Vec<String>, found: Vec<String>| {
        if expected != found {
            let at = expected.iter().zip(&found).take_while(|(a, b)| a == b).count();
            let shown = |list: &[String]| list.get(at).cloned().unwrap_or_else(|| "nothing".to_owned());
            texts.push(format!("{what}: {} became {}", shown(&expected), shown(&found)));
        }
    };
    let of_notes = |facts: fn(&Score) -> Vec<String>| (facts(expected), facts(found));
    let (a, b) = of_notes(|score| notes(score, |_| String::new()));
    compare("notes", a, b);
    if format != Format::Abc {
        let (a, b) = of_notes(|score| notes(score, |note| note.velocity.to_string()));
        compare("velocities", a, b);
    }
    let (a, b) = of_notes(|score| notes(score, |note| format!("{} {}", note.program, note.is_drum())));
    compare("programs", a, b);
    if format != Format::Abc {
        let (a, b) = of_notes(tracks);
        compare("tracks", a, b);
    }
    // A sheet of ABC shows the larger changes of tempo alone.
    let (all, shown) = (tempos(expected), tempos(found));
    let stated = |text: &String| {
        let tempo = |tempo: &Tempo| format!("{} {}", time(expected, tempo.tick), tempo.micros_per_quarter);
        text.is_empty() || expected.tempos.iter().any(|other| tempo(other) == *text)
    };
    let left_out = format == Format::Abc && shown.iter().all(stated);
    compare(if left_out { "small changes of tempo" } else { "tempos" }, all, shown);
    compare("bars", bars(expected), bars(found));
    compare("keys", keys(expected), keys(found));
    compare("chords", chords(expected), chords(found));
    texts
}

/// A time as 3,360ths of a quarter, or as a fraction that these do not hold.
fn time(score: &Score, tick: u64) -> String {
    let (scaled, ticks) = (u128::from(tick) * TICKS, u128::from(score.ticks_per_quarter));
    if scaled.is_multiple_of(ticks) { format!("{:08}", scaled / ticks) } else { format!("{scaled}/{ticks}") }
}

fn notes(score: &Score, more: impl Fn(&composer_music::Note) -> String) -> Vec<String> {
    let text = |note: &composer_music::Note| {
        format!("{}–{} {} {}", time(score, note.onset), time(score, note.end()), note.pitch, more(note))
    };
    let mut texts: Vec<String> = score.notes().map(text).collect();
    texts.sort_unstable();
    texts
}

/// The notes by tracks.
fn tracks(score: &Score) -> Vec<String> {
    let mut texts: Vec<String> = Vec::new();
    for track in score.tracks.iter().filter(|track| !track.notes.is_empty()) {
        let mut notes: Vec<String> =
            track.notes.iter().map(|note| format!("{} {}", time(score, note.onset), note.pitch)).collect();
        notes.sort_unstable();
        texts.push(format!("{} notes, the first {}", notes.len(), notes[0]));
    }
    texts.sort_unstable();
    texts
}

fn tempos(score: &Score) -> Vec<String> {
    let mut held = 500_000;
    let mut texts = vec![String::new()];
    for tempo in score.tempos.iter().filter(|tempo| tempo.tick < score.end()) {
        if tempo.micros_per_quarter != held {
            held = tempo.micros_per_quarter;
            texts.push(format!("{} {held}", time(score, tempo.tick)));
        }
    }
    texts
}

fn bars(score: &Score) -> Vec<String> {
    let map = BarMap::new(score);
    map.bars(score.end())
        .map(|bar| format!("{} {}–{}", bar.metre, time(score, bar.start), time(score, bar.end)))
        .collect()
}

fn keys(score: &Score) -> Vec<String> {
    let mut held = None;
    let mut texts = Vec::new();
    for key in score.key_signatures.iter().filter(|key| key.tick < score.end()) {
        if held.replace((key.sharps, key.minor)) != Some((key.sharps, key.minor)) {
            texts.push(format!("{} {} {}", time(score, key.tick), key.sharps, key.minor));
        }
    }
    texts
}

fn chords(score: &Score) -> Vec<String> {
    let chord = |chord: &composer_music::ChordSymbol| {
        format!("{} {:?} {:?} {:?}", time(score, chord.tick), chord.root, chord.kind, chord.bass)
    };
    score.chord_symbols.iter().map(chord).collect()
}
