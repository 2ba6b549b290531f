//! Tracks are added to any file that is read, ticks made finer and notes taken out: what else is in it stays as it is read.

use crate::Target;
use composer_music::midi::{self, MAX_TICK, RawFile};
use composer_music::{Note, Score, Track};

pub const TARGET: Target = Target {
    name: "raw_file",
    promise: "a file to which a track is added, whose ticks are made finer or whose notes are taken out keeps all else",
    check,
    seeds,
    words: super::midi_reader::TARGET.words,
    max_len: super::midi_reader::TARGET.max_len,
};

/// The first byte is the factor by which ticks are made finer, the rest is a file.
fn check(bytes: &[u8]) {
    let Some((&factor, bytes)) = bytes.split_first() else { return };
    let (file, raw) = (midi::read(bytes), RawFile::parse(bytes));
    let (Ok(file), Ok(raw)) = (&file, raw) else {
        assert!(file.is_err() && RawFile::parse(bytes).is_err(), "one reads what the other refuses");
        return;
    };
    let whole = raw.to_bytes();
    let again = midi::read(&whole).expect("taken apart and put together");
    // What a reader finds between chunks that lie about their length is a guess; what was put together is whole, and stays.
    if file.report.damage_count == 0 {
        assert_eq!(again.score, file.score);
    }
    check_whole(&whole, again.score, factor);
}

fn check_whole(bytes: &[u8], score: Score, factor: u8) {
    let raw = RawFile::parse(bytes).expect("it was put together");
    assert_eq!(midi::read(&raw.to_bytes()).expect("again").score, score);
    let notes = notes_of(&score);
    check_added(raw.clone(), &notes);
    check_finer(raw.clone(), &score, factor);
    let mut none = raw;
    // More than were read where some lie beyond any music.
    assert!(none.remove_notes(|_| true) >= notes.len());
    let none = midi::read(&none.to_bytes()).expect("without its notes").score;
    assert_eq!(none.notes().count(), 0);
    assert_eq!((none.tempos, none.time_signatures), (score.tempos, score.time_signatures));
}

fn check_added(mut raw: RawFile, notes: &[Note]) {
    let added = Note { onset: 5, duration: 3, pitch: 60, velocity: 90, channel: 15, program: 0 };
    if raw.append(&Track { name: Some("added".into()), notes: vec![added] }).is_err() {
        return; // as many tracks as a header can count
    }
    let score = midi::read(&raw.to_bytes()).expect("with a track more").score;
    let after = notes_of(&score);
    assert_eq!(after.len(), notes.len() + 1);
    let last = score.tracks.last().expect("a track");
    assert_eq!((last.name.as_deref(), &last.notes[..]), (Some("added"), &[added][..]));
    let others: Vec<Note> =
        score.tracks[..score.tracks.len() - 1].iter().flat_map(|track| &track.notes).map(bare).collect();
    assert_eq!(others, notes);
}

fn check_finer(mut raw: RawFile, score: &Score, factor: u8) {
    let factor = u16::from(factor % 8) + 1;
    if score.end() * u64::from(factor) > MAX_TICK || raw.refine(factor).is_err() {
        return;
    }
    let finer = midi::read(&raw.to_bytes()).expect("with finer ticks").score;
    let scale = |note: Note| Note {
        onset: note.onset * u64::from(factor),
        duration: note.duration * u64::from(factor),
        ..note
    };
    let expected: Vec<Note> = notes_of(score).into_iter().map(scale).collect();
    assert_eq!(notes_of(&finer), expected);
}

/// All notes. Their program may follow a change in another track, and so is left aside.
fn notes_of(score: &Score) -> Vec<Note> {
    score.tracks.iter().flat_map(|track| &track.notes).map(bare).collect()
}

fn bare(note: &Note) -> Note {
    Note { program: 0, ..*note }
}

fn seeds() -> Vec<Vec<u8>> {
    let files = (super::midi_reader::TARGET.seeds)();
    let fits = |bytes: &Vec<u8>| bytes.len() < TARGET.max_len;
    files.into_iter().filter(fits).map(|bytes| [&[3], &bytes[..]].concat()).collect()
}
