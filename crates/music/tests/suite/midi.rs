//! MIDI in and out: odd files that are right, damaged files, and what comes back.

use crate::common;
use approx::abs_diff_eq;

use composer_music::midi::{self, Error, MidiFile, normalised, read, write};
use composer_music::{KeySignature, Note, Score, Tempo, TimeSignature, Track};
use proptest::prelude::*;

/// A file from a header and the bodies of its tracks.
fn file(format: u8, division: [u8; 2], tracks: &[&[u8]]) -> Vec<u8> {
    let mut bytes = b"MThd\0\0\0\x06\0".to_vec();
    bytes.extend([format, 0, tracks.len() as u8, division[0], division[1]]);
    for body in tracks {
        bytes.extend(b"MTrk");
        bytes.extend((body.len() as u32).to_be_bytes());
        bytes.extend(*body);
    }
    bytes
}

const QUARTER_96: [u8; 2] = [0, 96];
const END: [u8; 4] = [0, 0xFF, 0x2F, 0];

fn read_track(body: &[u8]) -> MidiFile {
    read(&file(0, QUARTER_96, &[&[body, &END].concat()])).expect("a readable file")
}

/// Onset, duration, pitch of every note.
fn notes(file: &MidiFile) -> Vec<(u64, u64, u8)> {
    file.score.notes().map(|note| (note.onset, note.duration, note.pitch)).collect()
}

#[test]
fn running_status_and_velocity_zero() {
    let file = read_track(&[0, 0x90, 60, 100, 48, 60, 0, 0, 62, 90, 48, 62, 0]);
    assert_eq!(notes(&file), [(0, 48, 60), (48, 48, 62)]);
    assert_eq!(file.score.tracks[0].notes[1].velocity, 90);
    assert!(file.report.is_undamaged());
}

#[test]
fn of_overlapping_notes_the_first_on_is_the_first_off() {
    let file = read_track(&[0, 0x90, 60, 100, 10, 60, 50, 10, 60, 0, 10, 60, 0]);
    assert_eq!(notes(&file), [(0, 20, 60), (10, 20, 60)]);
    assert_eq!(file.report.overlapping_notes, 1);
}

#[test]
fn a_hanging_note_ends_with_its_track() {
    let file = read_track(&[0, 0x90, 60, 100, 96, 0xB0, 7, 100]);
    assert_eq!(notes(&file), [(0, 96, 60)]);
    assert_eq!(file.report.hanging_notes, 1);
    assert_eq!(file.report.not_kept["controller 7"], 1);
}

#[test]
fn one_release_for_two_notes_ends_both() {
    let file = read_track(&[0, 0x90, 60, 100, 10, 60, 100, 10, 60, 0, 96, 62, 0]);
    assert_eq!(notes(&file), [(0, 20, 60), (10, 10, 60)]);
    assert_eq!((file.report.hanging_notes, file.report.stray_note_offs), (1, 1));
}

#[test]
fn zero_length_notes_are_kept() {
    let file = read_track(&[5, 0x90, 60, 100, 0, 60, 0]);
    assert_eq!(notes(&file), [(5, 0, 60)]);
    assert_eq!(file.report.zero_length_notes, 1);
}

#[test]
fn programs_come_from_the_own_track_or_else_from_any() {
    let conductor = [&[0, 0xC0, 40, 0, 0xC1, 41][..], &END].concat();
    let own = [&[0, 0xC0, 7, 0, 0x90, 60, 1, 9, 60, 0][..], &END].concat();
    let other = [&[0, 0x91, 60, 1, 9, 60, 0][..], &END].concat();
    let file = read(&file(1, QUARTER_96, &[&conductor, &own, &other])).expect("readable");
    assert_eq!(file.score.notes().map(|note| note.program).collect::<Vec<_>>(), [7, 41]);
}

#[test]
fn tempo_metre_key_and_pedal_are_kept_wherever_they_stand() {
    let late = [
        &[96, 0xFF, 0x51, 3, 6, 0x1A, 0x80][..],
        &[0, 0xFF, 0x58, 4, 3, 3, 24, 8],
        &[0, 0xFF, 0x59, 2, 0xFE, 1],
        &[0, 0xB0, 64, 127, 96, 64, 0],
        &END,
    ]
    .concat();
    let note = [&[0, 0x90, 60, 1, 96, 60, 0][..], &END].concat();
    let score = read(&file(1, QUARTER_96, &[&note, &late])).expect("readable").score;
    assert_eq!(score.tempos, [Tempo { tick: 96, micros_per_quarter: 400_000 }]);
    assert_eq!(score.time_signatures, [TimeSignature { tick: 96, numerator: 3, denominator: 8 }]);
    assert_eq!(score.key_signatures, [KeySignature { tick: 96, sharps: -2, minor: true }]);
    assert_eq!(
        score.pedals.iter().map(|pedal| (pedal.tick, pedal.is_down())).collect::<Vec<_>>(),
        [(96, true), (192, false)]
    );
}

#[test]
fn of_two_tempos_at_one_tick_the_later_holds() {
    let body = [0, 0xFF, 0x51, 3, 7, 0xA1, 0x20, 0, 0xFF, 0x51, 3, 6, 0x1A, 0x80];
    let file = read_track(&body);
    assert_eq!(file.score.tempos, [Tempo { tick: 0, micros_per_quarter: 400_000 }]);
    assert_eq!(file.report.replaced_changes, 1);
}

#[test]
fn smpte_time_keeps_ticks_and_seconds() {
    // 25 frames of 40 ticks: 1000 ticks per second. 29.97 frames of 2 ticks: 60 ticks in 1.001 seconds.
    for (division, ticks, seconds) in [([0xE7, 40], 1000, 1.0), ([0xE3, 2], 60, 1.001), ([0xE7, 1], 25, 1.0)]
    {
        let [high, low] = [0x80 | (ticks >> 7) as u8, (ticks & 0x7F) as u8];
        let body = [&[0, 0x90, 60, 1, high, low, 60, 0][..], &END].concat();
        let file = read(&file(0, division, &[&body])).expect("readable");
        assert_eq!(notes(&file), [(0, ticks, 60)]);
        assert!(
            abs_diff_eq!(file.score.seconds(), seconds, epsilon = 1e-9),
            "{} seconds",
            file.score.seconds()
        );
    }
}

#[test]
fn patterns_of_format_2_follow_each_other() {
    let pattern = [&[0, 0x90, 60, 1, 48, 60, 0][..], &[48, 0xFF, 0x2F, 0]].concat();
    let file = read(&file(2, QUARTER_96, &[&pattern, &pattern])).expect("readable");
    assert_eq!(notes(&file), [(0, 48, 60), (96, 48, 60)]);
}

#[test]
fn riff_wrapped_files_are_read() {
    let inner = file(0, QUARTER_96, &[&[&[0, 0x90, 60, 1, 48, 60, 0][..], &END].concat()]);
    let mut bytes = b"RIFF\0\0\0\0RMIDdata".to_vec();
    bytes.extend((inner.len() as u32).to_le_bytes());
    bytes.extend(&inner);
    bytes.extend(b"LIST\x04\0\0\0INFO");
    let riff_length = (bytes.len() - 8) as u32;
    bytes[4..8].copy_from_slice(&riff_length.to_le_bytes());
    let file = read(&bytes).expect("readable");
    assert_eq!(notes(&file), [(0, 48, 60)]);
    assert!(file.report.riff && file.report.is_undamaged(), "{:?}", file.report);
}

#[test]
fn what_a_score_does_not_hold_is_counted() {
    let file = read_track(&[
        0, 0xE0, 0, 64, 0, 0xA0, 60, 1, 0, 0xD0, 5, 0, 0xFF, 5, 2, b'l', b'a', 0, 0xF0, 1, 0xF7, 0, 0xF7, 0,
    ]);
    let kinds: Vec<&str> = file.report.not_kept.keys().map(String::as_str).collect();
    assert_eq!(
        kinds,
        ["channel pressure", "escape sequence", "key pressure", "lyric", "pitch bend", "system exclusive"]
    );
}

#[test]
fn names_in_latin_1_and_utf_8() {
    for (bytes, name) in [(&b"Fl\xF6te"[..], "Flöte"), ("Flöte".as_bytes(), "Flöte")] {
        let body = [&[0, 0xFF, 3, bytes.len() as u8], bytes].concat();
        assert_eq!(read_track(&body).score.tracks[0].name.as_deref(), Some(name));
    }
}

#[test]
fn a_truncated_file_gives_its_whole_events_and_says_where_it_ends() {
    let whole =
        file(0, QUARTER_96, &[&[&[0, 0x90, 60, 1, 48, 60, 0, 0, 62, 1, 48, 62, 0][..], &END].concat()]);
    let cut = read(&whole[..30]).expect("what is left");
    assert_eq!(notes(&cut), [(0, 48, 60)]);
    assert_eq!(cut.report.damage[0].offset, 18, "{:?}", cut.report.damage);
    for length in 0..whole.len() {
        match read(&whole[..length]) {
            Ok(file) => assert!(!file.report.is_undamaged(), "{length} bytes are not the whole file"),
            Err(error) => assert_eq!(error.to_string().lines().count(), 1),
        }
    }
}

#[test]
fn damage_in_one_track_leaves_the_others_alone() {
    let good = [&[0, 0x90, 60, 1, 48, 60, 0][..], &END].concat();
    let bad = [&[0, 0x90, 61, 1, 48, 61, 0, 0, 0x90, 0xFF, 0xFF][..], &END].concat();
    let mut bytes = file(1, QUARTER_96, &[&bad, &good]);
    let file_with_bad_event = read(&bytes).expect("readable");
    assert_eq!(notes(&file_with_bad_event), [(0, 48, 61), (0, 48, 60)]);
    assert_eq!(file_with_bad_event.report.damage[0].offset, 14 + 8 + 7);
    bytes[18..22].copy_from_slice(&[0x7F, 0, 0, 0]); // a track that claims two gigabytes
    assert_eq!(notes(&read(&bytes).expect("readable")), [(0, 48, 61), (0, 48, 60)]);
    bytes[18..22].copy_from_slice(&[0, 0, 0, 3]); // and one that claims three bytes
    assert_eq!(notes(&read(&bytes).expect("readable")), [(0, 48, 61), (0, 48, 60)]);
}

#[test]
fn nonsense_metadata_costs_nothing_else() {
    let file = read_track(&[
        0, 0xFF, 0x59, 0, // a key signature without contents
        0, 0xFF, 0x54, 5, 99, 99, 99, 99, 99, // an SMPTE offset that is no time
        0, 0xF8, // a clock tick, which belongs on a cable
        0, 0xFF, 0x51, 3, 0, 0, 0, // infinitely fast
        0, 0xFF, 0x58, 4, 0, 200, 0, 0, // no beats in a bar
        0, 0x90, 60, 1, 48, 60, 0,
    ]);
    assert_eq!(notes(&file), [(0, 48, 60)]);
    assert_eq!(file.report.damage_count, 3, "{:?}", file.report.damage);
}

#[test]
fn a_megabyte_of_empty_tracks_is_read_to_the_last_that_a_header_can_count() {
    let named = [&[0, 0xFF, 3, 1, b'x'][..], &END].concat();
    let mut bytes = file(1, QUARTER_96, &[&named]);
    let track = bytes[14..].to_vec();
    (0..70_000).for_each(|_| bytes.extend(&track));
    let read_file = read(&bytes).expect("readable");
    assert_eq!((read_file.report.tracks, read_file.report.damage_count), (65_534, 1));
    let again = read(&write(&read_file.score).expect("writable")).expect("readable").score;
    assert!(again == read_file.score, "{} tracks came back", again.tracks.len());
    let shell = [&bytes[..14], &b"MTrk".repeat(250_000)].concat();
    assert!(!read(&shell).expect("readable").report.is_undamaged());
}

#[test]
fn what_is_no_midi_file_is_refused_in_one_sentence() {
    let cases: [(&[u8], &str); 5] = [
        (b"", "the file is empty"),
        (b"Dear diary, today I wrote no music at all.", "it looks like text"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\0", "no MThd"),
        (b"MThd\0\0\0\x06\0\x01\0\x01", "header at byte 0"),
        (b"MThd\0\0\0\x06\0\x01\0\x01\0\x60", "no track"),
    ];
    for (bytes, reason) in cases {
        let error = read(bytes).expect_err(reason).to_string();
        assert!(error.contains(reason), "{error}");
    }
}

#[test]
fn a_score_that_midi_cannot_hold_is_refused() {
    let mut score = Score::new(480);
    score.tracks.push(Track { name: None, notes: vec![note(0, 1, 128, 1, 0, 0)] });
    assert!(matches!(write(&score), Err(Error::Unwritable(_))));
    score.tracks[0].notes = vec![note(u64::MAX, 1, 60, 1, 0, 0)];
    assert!(matches!(write(&score), Err(Error::Unwritable(_))));
    assert!(matches!(midi::read_file("/no/such/file.mid"), Err(Error::Io { .. })));
}

fn note(onset: u64, duration: u64, pitch: u8, velocity: u8, channel: u8, program: u8) -> Note {
    Note { onset, duration, pitch, velocity, channel, program }
}

proptest! {
    #![proptest_config(common::seeded(512))]

    #[test]
    fn what_is_written_is_read(score in common::any_score()) {
        let bytes = write(&score).expect("writable");
        prop_assert_eq!(&bytes, &write(&score).expect("writable"), "deterministic");
        let file = read(&bytes).expect("readable");
        prop_assert!(file.report.is_undamaged() && file.report.not_kept.is_empty(), "{:?}", file.report);
        let expected = normalised(&score);
        prop_assert_eq!(&file.score, &expected);
        prop_assert_eq!(normalised(&expected), expected.clone(), "normal stays normal");
        let again = read(&write(&file.score).expect("writable")).expect("readable");
        prop_assert_eq!(again.score, expected);
    }

    #[test]
    fn random_bytes_are_read_or_refused(mut bytes in prop::collection::vec(any::<u8>(), 0..200), head in any::<bool>()) {
        if head {
            bytes.splice(0..0, file(1, QUARTER_96, &[&[]]));
        }
        if let Ok(file) = read(&bytes) {
            prop_assert!(write(&file.score).is_ok());
        }
    }
}
