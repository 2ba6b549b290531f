//! Files to which tracks are added: every event of the file is in the result, where it was.

use crate::common;

use composer_music::corpus::shipped;
use composer_music::midi::{self, NoteEvent, RawFile, append_tracks};
use composer_music::score::DRUM_CHANNEL;
use composer_music::{Note, Score, Track, TrackName};
use proptest::prelude::*;

/// An event: its tick, and its bytes with the status that running status leaves out.
type Event = (u64, Vec<u8>);

/// A number of seven bits a byte.
fn number(bytes: &[u8], at: &mut usize) -> usize {
    let mut value = 0;
    loop {
        let byte = bytes[*at];
        *at += 1;
        value = value << 7 | usize::from(byte & 127);
        if byte < 128 {
            return value;
        }
    }
}

/// The tracks of a whole file, read by the letter of the standard and by no code of the crate.
fn tracks(bytes: &[u8]) -> Vec<&[u8]> {
    let start = bytes.windows(4).position(|four| four == b"MThd").expect("a header");
    let (mut at, mut tracks) = (start, Vec::new());
    while bytes.len() >= at + 8 && (at == start || &bytes[at..at + 4] != b"LIST") {
        let length = u32::from_be_bytes(bytes[at + 4..at + 8].try_into().expect("four bytes")) as usize;
        if &bytes[at..at + 4] == b"MTrk" {
            tracks.push(&bytes[at + 8..at + 8 + length]);
        }
        at += 8 + length;
    }
    tracks
}

fn events(track: &[u8]) -> Vec<Event> {
    let (mut at, mut tick, mut status, mut events) = (0, 0, 0, Vec::new());
    while at < track.len() {
        tick += number(track, &mut at) as u64;
        if track[at] >= 0x80 {
            status = track[at];
            at += 1;
        }
        let begin = at;
        match status {
            0xFF => {
                at += 1;
                at += number(track, &mut at);
            }
            0xF0 | 0xF7 => at += number(track, &mut at),
            _ => at += if matches!(status >> 4, 12 | 13) { 1 } else { 2 },
        }
        events.push((tick, [&[status], &track[begin..at]].concat()));
    }
    events
}

/// Without the empty texts that bridge very long gaps.
fn sounding(track: &[u8]) -> Vec<Event> {
    events(track).into_iter().filter(|(_, bytes)| bytes != &[0xFF, 1, 0]).collect()
}

/// Everything that a score does not hold, with running status, texts in Shift-JIS, and delta times longer than they need be.
fn rich() -> Vec<u8> {
    [
        &[0, 0xFF, 3, 6, 0x83, 0x73, 0x83, 0x41, 0x83, 0x6D][..], // a name
        &[0, 0xFF, 2, 4, b'(', b'c', b')', 0xE9],                 // a copyright
        &[0, 0xF0, 5, 0x7E, 0x7F, 9, 1, 0xF7],                    // a system exclusive message
        &[0, 0xB0, 7, 99, 0, 10, 64, 0, 0, 3],                    // volume, pan and bank in running status
        &[0, 0xFF, 5, 3, b'l', b'a', 0xFC],                       // a lyric
        &[0, 0x90, 60, 100, 0x80, 0x30, 60, 0, 0, 62, 90], // notes, one delta time with a byte too many
        &[24, 0xE0, 1, 66, 0, 0xD0, 5, 0, 0xA0, 62, 6],    // a bend, pressure of the channel and of a key
        &[24, 0x80, 62, 77],                               // a release with a velocity of its own
        &[0, 0xFF, 6, 1, b'A', 0, 0xFF, 0x7F, 2, 0x43, 1], // a marker, data of a sequencer
        &[0x83, 0x60, 0xFF, 0x2F, 0],                      // a long silence, and the end
    ]
    .concat()
}

/// A file with these tracks and a chunk of another kind before the last one.
fn file(format: u8, division: [u8; 2], bodies: &[&[u8]]) -> Vec<u8> {
    let mut bytes = b"MThd\0\0\0\x06\0".to_vec();
    bytes.extend([format, 0, bodies.len() as u8]);
    bytes.extend(division);
    for (number, body) in bodies.iter().enumerate() {
        if number + 1 == bodies.len() {
            bytes.extend(b"XFIH\0\0\0\x03abc");
        }
        bytes.extend(b"MTrk");
        bytes.extend((body.len() as u32).to_be_bytes());
        bytes.extend(*body);
    }
    bytes
}

fn part(notes: &[(u64, u64, u8)]) -> Track {
    let note =
        |&(onset, duration, channel)| Note { onset, duration, pitch: 50, velocity: 70, channel, program: 32 };
    Track { name: Some("new".into()), notes: notes.iter().map(note).collect() }
}

#[test]
fn a_track_is_added_and_every_byte_of_the_others_stays() {
    for format in [0, 1] {
        let bytes = file(format, [0, 96], &[&rich()]);
        let longer = append_tracks(&bytes, &[part(&[(0, 96, 3)])]).expect("it is added");
        assert_eq!(tracks(&longer)[0], rich());
        assert_eq!(longer[9..14], [1, 0, 2, 0, 96], "format 1 with two tracks");
        assert!(longer.windows(11).any(|window| window == b"XFIH\0\0\0\x03abc"), "the chunk of another kind");
        let read = midi::read(&longer).expect("readable");
        assert!(read.report.is_undamaged(), "{:?}", read.report);
        assert_eq!(read.score.tracks[1].notes, part(&[(0, 96, 3)]).notes);
        assert_eq!(read.score.tracks[1].name.as_deref(), Some("new"));
    }
}

#[test]
fn finer_ticks_move_no_event() {
    for factor in [2, 3, 160] {
        let bytes = file(0, [0, 96], &[&rich()]);
        let mut finer = RawFile::parse(&bytes).expect("readable");
        finer.refine(factor).expect("MIDI counts so finely");
        let finer = finer.to_bytes();
        let ticks = u64::from(factor);
        let moved: Vec<Event> =
            events(&rich()).into_iter().map(|(tick, bytes)| (tick * ticks, bytes)).collect();
        assert_eq!(events(tracks(&finer)[0]), moved);
        assert_eq!(finer[12..14], (96 * factor).to_be_bytes());
        let running = |bytes: &[u8]| bytes.windows(6).any(|run| run == [0xB0, 7, 99, 0, 10, 64]);
        assert!(running(&finer), "running status stays");
    }
    let bytes = file(0, [0x40, 0], &[&rich()]);
    assert!(RawFile::parse(&bytes).expect("readable").refine(2).is_err(), "15 bits are full");
}

#[test]
fn a_grid_asks_for_ticks_that_it_divides() {
    let factor = |division, steps| {
        let bytes = file(0, division, &[&rich()]);
        RawFile::parse(&bytes).expect("readable").factor(steps)
    };
    for (ticks, steps, expected) in
        [(1u8, 4, 4), (24, 4, 1), (6, 4, 2), (15, 4, 4), (24, 12, 1), (2, 12, 6), (0, 4, 1)]
    {
        assert_eq!(factor([0, ticks], steps), expected, "{ticks} ticks, {steps} steps");
    }
    assert_eq!(factor([0x7F, 0xFF], 4), 1, "finer than MIDI counts");
    // 25 frames of 1 tick: a quarter is a second of 25 ticks; of 8 ticks, half a second of 100.
    assert_eq!((factor([0xE7, 1], 4), factor([0xE7, 40], 4), factor([0xE7, 255], 4)), (8, 1, 1));
}

#[test]
fn notes_are_taken_out_and_nothing_else_is() {
    let bytes = file(0, [0, 96], &[&rich()]);
    let mut less = RawFile::parse(&bytes).expect("readable");
    assert_eq!(less.remove_notes(|note| *note == NoteEvent { track: 0, channel: 0, pitch: 60, tick: 0 }), 1);
    let left: Vec<Event> =
        events(&rich()).into_iter().filter(|(_, bytes)| !(bytes[0] == 0x90 && bytes[1] == 60)).collect();
    assert_eq!(events(tracks(&less.to_bytes())[0]), left);
    assert_eq!(less.remove_notes(|_| true), 1);
    assert_eq!(less.remove_notes(|_| true), 0);
    let left = events(&rich()).into_iter().filter(|(_, bytes)| !matches!(bytes[0] >> 4, 8 | 9));
    assert_eq!(events(tracks(&less.to_bytes())[0]), left.collect::<Vec<_>>());
}

#[test]
fn a_gap_longer_than_a_delta_time_is_bridged() {
    // Two events of the longest delta time each: with the first gone, or with finer ticks, one delta time does not do.
    let long = [0xFF, 0xFF, 0xFF, 0x7F];
    let body = [&[0, 0x90, 60, 9], &long[..], &[60, 0], &long, &[0xC0, 5], &[0, 0xFF, 0x2F, 0]].concat();
    let bytes = file(0, [0, 1], &[&body]);
    let mut less = RawFile::parse(&bytes).expect("readable");
    less.remove_notes(|_| true);
    assert_eq!(sounding(tracks(&less.to_bytes())[0])[0], (2 * 0x0FFF_FFFF, vec![0xC0, 5]));
    let mut finer = RawFile::parse(&bytes).expect("readable");
    finer.refine(5).expect("few ticks");
    let moved: Vec<Event> = events(&body).into_iter().map(|(tick, bytes)| (5 * tick, bytes)).collect();
    assert_eq!(sounding(tracks(&finer.to_bytes())[0]), moved);
}

#[test]
fn a_riff_wrapper_stays_and_says_the_new_lengths() {
    let inner = file(0, [0, 96], &[&rich()]);
    for name in [&b"x"[..], b"xy"] {
        let mut bytes = b"RIFF\0\0\0\0RMIDdata".to_vec();
        bytes.extend((inner.len() as u32).to_le_bytes());
        bytes.extend(&inner);
        bytes.extend((inner.len() % 2 == 1).then_some(0));
        bytes.extend(b"LIST\x0e\0\0\0INFOINAM\x02\0\0\0");
        bytes.extend([name, &b"\0"[..]].concat().iter().take(2));
        let riff_length = (bytes.len() - 8) as u32;
        bytes[4..8].copy_from_slice(&riff_length.to_le_bytes());
        let longer = append_tracks(&bytes, &[part(&[(0, 96, 3)])]).expect("it is added");
        let size = |at: usize| u32::from_le_bytes(longer[at..at + 4].try_into().expect("four")) as usize;
        assert_eq!((size(4), longer.len() % 2), (longer.len() - 8, 0));
        let behind = 20 + size(16) + size(16) % 2;
        assert_eq!(&longer[behind..behind + 4], b"LIST");
        assert_eq!(longer[behind..], bytes[bytes.len() - (longer.len() - behind)..]);
        assert_eq!(tracks(&longer)[0], rich());
        assert!(midi::read(&longer).expect("readable").report.is_undamaged());
    }
}

#[test]
fn patterns_of_format_2_become_parts_of_format_1_where_they_are_read() {
    let pattern = [&[0, 0x90, 60, 1, 48, 60, 0, 48, 0xFF, 0x2F, 0][..]].concat();
    let bytes = file(2, [0, 96], &[&pattern, &rich(), &pattern]);
    let before = midi::read(&bytes).expect("readable").score;
    let longer = append_tracks(&bytes, &[part(&[(0, 96, 3)])]).expect("it is added");
    let mut after = midi::read(&longer).expect("readable").score;
    assert_eq!(longer[9], 1);
    after.tracks.pop();
    assert_eq!(after, before);
}

#[test]
fn what_can_be_read_of_a_damaged_file_is_carried_and_the_result_is_whole() {
    let whole = file(1, [0, 96], &[&rich(), &rich()]);
    for length in 30..whole.len() {
        let cut = &whole[..length];
        let Ok(before) = midi::read(cut) else { continue };
        let longer = append_tracks(cut, &[part(&[(0, 96, 3)])]).expect("it is added");
        let after = midi::read(&longer).expect("readable");
        assert!(after.report.is_undamaged(), "{length}: {:?}", after.report);
        let notes: Vec<Note> = before.score.notes().copied().collect();
        assert_eq!(after.score.notes().take(notes.len()).copied().collect::<Vec<_>>(), notes, "{length}");
    }
    // Bytes before the header, another number of tracks than there are, bytes behind the last chunk.
    let mut odd = [&[7; 128][..], &whole, b"zz"].concat();
    odd[128 + 11] = 9;
    let longer = append_tracks(&odd, &[part(&[(0, 96, 3)])]).expect("it is added");
    assert!(midi::read(&longer).expect("readable").report.is_undamaged());
    assert_eq!(tracks(&longer)[..2], [rich(), rich()]);
}

#[test]
fn drums_keep_the_kit_of_the_file_and_other_parts_say_their_program() {
    let bytes = file(0, [0, 96], &[&[0, 0xC9, 25, 0, 0xFF, 0x2F, 0]]);
    let mut drums = part(&[(0, 1, DRUM_CHANNEL)]);
    drums.notes[0].program = 0;
    let longer = append_tracks(&bytes, &[drums, part(&[(0, 1, 4)])]).expect("they are added");
    let programs: Vec<u8> =
        midi::read(&longer).expect("readable").score.notes().map(|note| note.program).collect();
    assert_eq!(programs, [25, 32]);
    assert_eq!(events(tracks(&longer)[1]).iter().filter(|(_, bytes)| bytes[0] >> 4 == 0xC).count(), 0);
}

#[test]
fn channels_say_what_is_on_them() {
    let bytes = file(0, [0, 96], &[&rich()]);
    let channels = RawFile::parse(&bytes).expect("readable").channels();
    assert_eq!((channels[0].notes, channels[0].others), (2, 6));
    assert!(channels[1..].iter().all(|channel| *channel == Default::default()));
}

#[test]
fn every_piece_of_the_corpus_keeps_its_bytes() {
    for (name, bytes) in shipped::files() {
        let longer = append_tracks(bytes, &[part(&[(0, 96, 3)])]).expect("it is added");
        let before = tracks(bytes);
        assert!(tracks(&longer)[..before.len()] == before, "{name}");
    }
}

proptest! {
    #![proptest_config(common::seeded(64))]

    #[test]
    fn scores_that_are_written_and_added_to_are_read_as_before(score in common::readable_score(), factor in 1u16..20) {
        let bytes = midi::write(&score).expect("writable");
        let mut file = RawFile::parse(&bytes).expect("readable");
        file.refine(factor).expect("few ticks");
        file.append(&part(&[(0, 7, 15)])).expect("it fits");
        let after = file.to_bytes();
        for (old, new) in tracks(&bytes).into_iter().zip(tracks(&after)) {
            let moved: Vec<Event> = sounding(old).into_iter().map(|(tick, bytes)| (tick * u64::from(factor), bytes)).collect();
            prop_assert_eq!(sounding(new), moved);
        }
        let mut read = midi::read(&after).expect("readable").score;
        prop_assert_eq!(read.tracks.pop().and_then(|track| track.name), Some(TrackName::from("new")));
        let mut expected = Score { ticks_per_quarter: score.ticks_per_quarter * factor, ..score.clone() };
        let factor = u64::from(factor);
        for note in expected.tracks.iter_mut().flat_map(|track| &mut track.notes) {
            note.onset *= factor;
            note.duration *= factor;
        }
        expected.tempos.iter_mut().for_each(|tempo| tempo.tick *= factor);
        expected.time_signatures.iter_mut().for_each(|metre| metre.tick *= factor);
        expected.key_signatures.iter_mut().for_each(|key| key.tick *= factor);
        expected.pedals.iter_mut().for_each(|pedal| pedal.tick *= factor);
        prop_assert_eq!(read, expected);
    }

    #[test]
    fn any_bytes_that_are_read_are_added_to(mut bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut whole = b"MThd\0\0\0\x06\0\x01\0\x01\0\x60MTrk\0\0\0\xC8".to_vec();
        whole.append(&mut bytes);
        if let Ok(before) = midi::read(&whole) {
            let after = append_tracks(&whole, &[part(&[(0, 7, 15)])]).expect("it is added");
            let after = midi::read(&after).expect("readable");
            prop_assert!(after.report.tracks > before.report.tracks);
            let notes: Vec<Note> = before.score.notes().copied().collect();
            prop_assert!(after.score.notes().count() == notes.len() + 1);
        }
    }
}

/// All kinds of events with their ticks, for a track of notes at the same ticks.
fn others(track: &[u8]) -> Vec<Event> {
    events(track)
        .into_iter()
        .filter(|(_, bytes)| match bytes[0] {
            0xFF => !matches!(bytes[1], 0x03 | 0x2F | 0x51 | 0x58 | 0x59),
            status => !matches!(status >> 4, 8 | 9 | 0xC),
        })
        .collect()
}

#[test]
fn what_a_score_does_not_hold_is_taken_out_of_one_file_and_put_into_another() {
    let bytes = file(1, [0, 96], &[&[0, 0xFF, 6, 1, b'!', 0, 0xFF, 0x2F, 0], &rich()]);
    let from = RawFile::parse(&bytes).expect("readable");
    let taken = from.other_events();
    let of_track = |track: usize| -> Vec<Event> {
        let own = taken.iter().filter(|event| event.track == track);
        own.map(|event| (event.tick, event.bytes.clone())).collect()
    };
    assert_eq!(of_track(0), [(0, vec![0xFF, 6, 1, b'!'])]);
    assert_eq!(of_track(1), others(&rich()));

    let read = midi::read(&bytes).expect("readable");
    let written = midi::write(&read.score).expect("writable");
    let mut into = RawFile::parse(&written).expect("readable");
    into.insert(&taken);
    let after = into.to_bytes();
    assert_eq!(others(tracks(&after)[0]), of_track(0));
    assert_eq!(others(tracks(&after)[1]), of_track(1));
    let again = midi::read(&after).expect("readable");
    assert!(again.report.is_undamaged(), "{:?}", again.report);
    assert_eq!(again.score, read.score, "the notes stay");
    // After the note that ends at the tick, and before the one that begins.
    let at = |wanted: &dyn Fn(&Event) -> bool| events(tracks(&after)[1]).iter().position(wanted);
    let off = at(&|(tick, bytes)| *tick == 96 && bytes[0] >> 4 == 8);
    let marker = at(&|(_, bytes)| bytes[..2] == [0xFF, 6]);
    let lyric = at(&|(_, bytes)| bytes[..2] == [0xFF, 5]);
    let on = at(&|(_, bytes)| bytes[0] >> 4 == 9);
    assert!(off < marker && lyric < on, "{off:?} {marker:?} {lyric:?} {on:?}");
}

#[test]
fn names_are_other_events_only_where_the_score_does_not_have_them() {
    let track = |names: &[&[u8]]| {
        let mut track: Vec<u8> = names.concat();
        track.extend([0, 0x90, 60, 9, 1, 60, 0, 0, 0xFF, 0x2F, 0]);
        track
    };
    let (name, instrument): (&[u8], &[u8]) = (&[0, 0xFF, 3, 1, b'N'], &[0, 0xFF, 4, 1, b'I']);
    for (names, left) in [
        (&[name, instrument][..], vec![vec![0xFF, 4, 1, b'I']]),
        (&[instrument, name], vec![vec![0xFF, 4, 1, b'I']]),
        (&[instrument], vec![]),
        (&[instrument, instrument], vec![vec![0xFF, 4, 1, b'I']]),
        (&[name, name], vec![vec![0xFF, 3, 1, b'N']]),
    ] {
        let bytes = file(0, [0, 96], &[&track(names)]);
        let others = RawFile::parse(&bytes).expect("readable").other_events();
        assert_eq!(others.into_iter().map(|event| event.bytes).collect::<Vec<_>>(), left);
    }
}
