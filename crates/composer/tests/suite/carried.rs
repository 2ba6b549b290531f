//! `accompany`, `drum` and `reharmonise` on files with much that no score holds, and `compose` with such a primer: all of it is in the
//! result.

use crate::option_table::{base, model};
use composer::compose::{ComposeOptions, Length, Primer, compose};
use composer_music::midi;
use composer_music::midi::{OtherEvent, RawFile};
use std::path::Path;
use std::process::{Command, Output};

fn composer(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_composer"))
        .current_dir(folder)
        .args(arguments)
        .output()
        .expect("it runs")
}

/// Runs a command on a file: what it wrote, and what it said.
fn run(bytes: &[u8], arguments: &[&str]) -> (Vec<u8>, String) {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("in.mid"), bytes).expect("written");
    let output = composer(folder.path(), &[arguments, &["in.mid", "--output", "out.mid"]].concat());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments:?}: {said}");
    (std::fs::read(folder.path().join("out.mid")).expect("a result"), said)
}

/// What a command says when it refuses a file.
fn refusal(bytes: &[u8], arguments: &[&str]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("in.mid"), bytes).expect("written");
    let output = composer(folder.path(), &[arguments, &["in.mid", "--output", "out.mid"]].concat());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
    assert!(!folder.path().join("out.mid").exists());
    said
}

/// Bytes of a track: a name, then four notes a bar with a lyric, a bend and controllers between them, in running status.
fn tune(name: &[u8], channel: u8, pitch: u8, bars: u8, quarter: u8) -> Vec<u8> {
    let mut track = [&[0, 0xFF, 3, name.len() as u8], name].concat();
    track.extend([0, 0xB0 | channel, 7, 99, 0, 10, 30, 0, 0xE0 | channel, 1, 65]);
    for note in 0..4 * bars {
        track.extend([0, 0xFF, 5, 2, b'l', 0xE4]);
        track.extend([0, 0x90 | channel, pitch + [0, 4, 2, 7][usize::from(note) % 4], 80, quarter]);
        track.extend([pitch + [0, 4, 2, 7][usize::from(note) % 4], 0]);
    }
    track.extend([0, 0xFF, 6, 1, b'B', 0, 0xF0, 2, 0x43, 0xF7, 0, 0xFF, 0x2F, 0]);
    track
}

fn file(format: u8, ticks: u16, tracks: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = b"MThd\0\0\0\x06\0".to_vec();
    bytes.extend([format, 0, tracks.len() as u8]);
    bytes.extend(ticks.to_be_bytes());
    for track in tracks {
        bytes.extend(b"MTrk");
        bytes.extend((track.len() as u32).to_be_bytes());
        bytes.extend(track);
    }
    bytes
}

/// The bodies of the tracks.
fn tracks(bytes: &[u8]) -> Vec<&[u8]> {
    let (mut at, mut tracks) = (14, Vec::new());
    while at < bytes.len() {
        let length = u32::from_be_bytes(bytes[at + 4..at + 8].try_into().expect("four bytes")) as usize;
        tracks.push(&bytes[at + 8..at + 8 + length]);
        at += 8 + length;
    }
    tracks
}

fn drums(quarter: u8) -> Vec<u8> {
    let mut track = vec![0, 0xC9, 25, 0, 0xB9, 7, 100];
    (0..16).for_each(|_| track.extend([0, 0x99, 38, 90, quarter, 38, 0]));
    track.extend([0, 0xFF, 0x2F, 0]);
    track
}

#[test]
fn a_melody_with_all_sorts_of_events_keeps_its_bytes() {
    for format in [0, 1] {
        let melody = tune(b"\x82\xA4\x82\xBD", 0, 67, 4, 96);
        let (after, said) = run(&file(format, 96, std::slice::from_ref(&melody)), &["accompany"]);
        assert_eq!(tracks(&after)[0], melody);
        assert!(said.contains("The melody is track 0 (うた, 16 notes): "), "{said}");
        let read = midi::read(&after).expect("readable");
        assert_eq!((read.report.format, read.report.tracks, read.report.is_undamaged()), (1, 2, true));
        let new = &read.score.tracks[1];
        assert_eq!(new.name.as_deref(), Some("accompaniment"));
        assert!(!new.notes.is_empty() && new.notes.iter().all(|note| note.channel == 1));
    }
}

#[test]
fn other_parts_stay_when_a_melody_is_accompanied_and_go_when_it_is_reharmonised() {
    let song =
        [tune(b"Lead", 0, 72, 4, 96), tune(b"Piano", 1, 55, 4, 96), tune(b"Bass", 2, 36, 4, 96), drums(96)];
    let bytes = file(1, 96, &song);
    let (after, said) = run(&bytes, &["accompany"]);
    assert_eq!(tracks(&after)[..4], song);
    assert!(said.contains("The other parts stay as they are: track 1 (Piano, 16 notes), track 2"), "{said}");

    let (after, said) = run(&bytes, &["reharmonise", "--style", "rag"]);
    let left = tracks(&after);
    assert_eq!((left[0], left[3]), (&*song[0], &*song[3]));
    let read = midi::read(&after).expect("readable");
    for channel in [1, 2] {
        assert!(!read.score.notes().any(|note| note.channel == channel), "the old parts are gone");
    }
    for kind in ["lyric", "marker", "system exclusive", "controller 10", "pitch bend"] {
        let before = midi::read(&bytes).expect("readable").report.not_kept[kind];
        assert_eq!(read.report.not_kept[kind], before, "{kind}");
    }
    assert!(
        said.contains("replaces the 32 notes of track 1 (Piano, 16 notes), track 2 (Bass, 16 notes)"),
        "{said}"
    );
}

#[test]
fn new_drums_replace_the_old_notes_and_keep_their_kit() {
    let bass = tune(b"E-Bass", 3, 36, 4, 96);
    let (after, said) = run(&file(1, 96, &[bass.clone(), drums(96)]), &["drum"]);
    assert_eq!(tracks(&after)[0], bass);
    assert_eq!(tracks(&after)[1], [0, 0xC9, 25, 0, 0xB9, 7, 100, 0x8C, 0, 0xFF, 0x2F, 0]);
    assert!(said.contains("The bass is track 0 (E-Bass, 16 notes): the word \"bass\""), "{said}");
    assert!(said.contains("replace the 16 notes of the old ones"), "{said}");
    let read = midi::read(&after).expect("readable").score;
    assert!(read.notes().filter(|note| note.is_drum()).all(|note| note.program == 25));
}

#[test]
fn ticks_become_finer_where_they_are_too_coarse_and_nothing_moves() {
    for (ticks, factor) in [(1, 4u16), (2, 2), (6, 2), (24, 1)] {
        let melody = tune(b"Lead", 0, 67, 16, ticks);
        let before =
            midi::read(&file(0, ticks.into(), std::slice::from_ref(&melody))).expect("readable").score;
        let (after, said) = run(&file(0, ticks.into(), &[melody]), &["accompany", "--seed", "3"]);
        let after = midi::read(&after).expect("readable").score;
        assert_eq!(after.ticks_per_quarter, before.ticks_per_quarter * factor);
        assert_eq!(said.contains("too coarse"), factor > 1, "{said}");
        let moved = |ticks: u64| ticks * u64::from(factor);
        for (old, new) in before.tracks[0].notes.iter().zip(&after.tracks[0].notes) {
            assert_eq!((new.onset, new.duration), (moved(old.onset), moved(old.duration)));
        }
        let sixteenth = u64::from(after.ticks_per_quarter) / 4;
        assert!(after.tracks[1].notes.iter().all(|note| note.onset % sixteenth == 0));
    }
}

#[test]
fn what_a_model_cannot_read_is_refused_with_the_reason() {
    let high = file(0, 96, &[tune(b"Piccolo", 0, 112, 4, 96)]);
    for command in [&["accompany"][..], &["reharmonise", "--style", "rag"], &["drum"]] {
        let said = refusal(&high, command);
        assert!(said.contains("all 16 notes of the") && said.contains("A0 to C8"), "{said}");
        assert!(!said.contains("steps"), "{said}");
    }
    let mut late = tune(b"Lead", 0, 67, 4, 96);
    late.truncate(late.len() - 4);
    late.extend([0xFF, 0xFF, 0xFF, 0x7F, 0x90, 60, 9, 1, 60, 0, 0, 0xFF, 0x2F, 0]);
    let said = refusal(&file(0, 96, &[late]), &["accompany"]);
    assert!(said.contains("ends after 2796218.7 quarter notes") && said.contains("7500"), "{said}");
    let mut some = tune(b"Lead", 0, 67, 4, 96);
    some.splice(some.len() - 4..some.len() - 4, [0, 0x90, 5, 9, 1, 5, 0]);
    let (_, said) = run(&file(0, 96, &[some]), &["accompany"]);
    assert!(said.contains("1 of the 17 notes of the melody, such as F-1, lies outside the range"), "{said}");
}

#[test]
fn a_track_that_is_not_there_is_refused_with_those_that_are() {
    let song = file(1, 96, &[tune(b"Lead\x1b[31m", 0, 72, 4, 96), tune(b"Bass", 2, 36, 4, 96)]);
    for (arguments, option) in [
        (&["accompany", "--melody-track", "9"][..], "--melody-track"),
        (&["drum", "--bass-track", "9"], "--bass-track"),
        (&["reharmonise", "--style", "rag", "--melody-track", "2"], "--melody-track"),
    ] {
        let said = refusal(&song, arguments);
        assert!(
            said.contains(option) && said.contains("no track ") && said.contains("track 1 (Bass, 16 notes)"),
            "{said}"
        );
        assert!(!said.contains('\x1b'), "{said:?}");
    }
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("in.mid"), song).expect("written");
    let output = composer(folder.path(), &["inspect", "in.mid", "--role", "9=bass"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.code() == Some(2) && said.contains("--role names a track that is not there"),
        "{said}"
    );
}

#[test]
fn channels_of_one_track_are_parts_of_their_own() {
    // A file of format 0 with a melody, chords and drums on three channels.
    let mut track = Vec::new();
    for note in 0..32u8 {
        track.extend([0, 0x90, 72 + note % 5, 80, 0, 0x91, 48, 70, 0, 52, 70, 0, 0x99, 36, 90]);
        track.extend([48, 0x80, 72 + note % 5, 0, 0, 0x91, 48, 0, 0, 52, 0, 0, 0x99, 36, 0]);
    }
    track.extend([0, 0xFF, 0x2F, 0]);
    let bytes = file(0, 96, &[track]);
    let (after, said) = run(&bytes, &["reharmonise", "--style", "game", "--melody-track", "0"]);
    let score = midi::read(&after).expect("readable").score;
    let on = |channel: u8| score.tracks[0].notes.iter().filter(|note| note.channel == channel).count();
    assert_eq!((on(0), on(1), on(9)), (32, 0, 32), "{said}");
    assert!(score.tracks[1].notes.iter().all(|note| note.channel == 1), "the channel that is free now");
}

/// What a file has beside its notes, with the lengths of quarters as they are in it.
fn others(bytes: &[u8]) -> Vec<(f64, usize, Vec<u8>)> {
    let ticks = f64::from(midi::read(bytes).expect("readable").score.ticks_per_quarter);
    let place = |event: OtherEvent| (event.tick as f64 / ticks, event.track, event.bytes);
    RawFile::parse(bytes).expect("readable").other_events().into_iter().map(place).collect()
}

#[test]
fn a_piece_that_begins_with_a_primer_has_all_that_its_file_has() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("in.mid");
    let conductor = vec![0, 0xFF, 2, 2, b'(', 0xE9, 0, 0xFF, 0x2F, 0];
    let mut tune = tune(b"\x82\xA4\x82\xBD", 0, 67, 4, 96);
    tune.splice(tune.len() - 4.., [96, 0xFF, 1, 1, b'.', 0, 0xFF, 0x2F, 0]); // a text behind the last note
    std::fs::write(&path, file(1, 96, &[conductor, tune])).expect("written");
    let mut expected = others(&std::fs::read(&path).expect("read"));
    assert_eq!(expected.pop().expect("a text").2, [0xFF, 1, 1, b'.']);
    // The track of tempo and metre is the first in both files.
    expected.push((16.0, 1, vec![0xE0, 0, 64]));
    for name in ["frames", "events", "metrical-events", "remi", "multitrack-remi", "voices", "chords", "bars"]
    {
        for inject in [true, false] {
            let primer = Primer::Midi { path: path.clone(), inject };
            let options = ComposeOptions { primer, length: Length::Bars(6), num_outputs: 1, ..base(name) };
            let piece = compose(&model(name), &options).expect(name).remove(0);
            let bytes = piece.to_midi().expect("writable");
            let kept = if inject { &expected[..] } else { &[] };
            assert_eq!(others(&bytes), kept, "{name}");
            let read = midi::read(&bytes).expect("readable");
            assert!(read.report.is_undamaged(), "{name}: {:?}", read.report);
            assert_eq!(read.score, midi::normalised(&piece.score), "{name}: the notes stay");
            let told = piece.notes.iter().any(|note| note.contains("1 event behind its last note"));
            assert_eq!(told, inject, "{name}: {:?}", piece.notes);
        }
    }
}

#[test]
fn a_damaged_file_is_carried_as_far_as_it_can_be_read() {
    let whole = file(1, 96, &[tune(b"Lead", 0, 72, 4, 96), tune(b"Pad", 1, 55, 4, 96)]);
    let (after, said) = run(&whole[..whole.len() - 20], &["accompany"]);
    assert!(said.contains("The file is damaged"), "{said}");
    let read = midi::read(&after).expect("readable");
    assert!(read.report.is_undamaged(), "{:?}", read.report);
    assert_eq!(tracks(&after)[0], tune(b"Lead", 0, 72, 4, 96));
}
