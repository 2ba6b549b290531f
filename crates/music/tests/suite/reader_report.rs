//! What the reader says of a file besides its music: nothing is lost without a word, and other formats are named.

use composer_music::corpus::{Criteria, Rule, examine};
use composer_music::midi::{self, MidiFile, read, write};
use composer_music::{Pedal, inspect};

const END: [u8; 4] = [0, 0xFF, 0x2F, 0];

fn file(format: u8, declared: u8, tracks: &[&[u8]]) -> Vec<u8> {
    let mut bytes = b"MThd\0\0\0\x06\0".to_vec();
    bytes.extend([format, 0, declared, 0, 96]);
    for body in tracks {
        bytes.extend(b"MTrk");
        bytes.extend((body.len() as u32 + 4).to_be_bytes());
        bytes.extend(*body);
        bytes.extend(END);
    }
    bytes
}

const NOTE: [u8; 7] = [0, 0x90, 60, 1, 48, 60, 0];

fn notes(file: &MidiFile) -> Vec<(u64, u64, u8)> {
    file.score.notes().map(|note| (note.onset, note.duration, note.pitch)).collect()
}

#[test]
fn another_number_of_tracks_than_the_header_declares_is_damage() {
    for (format, declared, tracks, words) in [
        (1, 3, 2, Some("the header declares 3 tracks, and the file has 2")),
        (1, 1, 2, Some("the header declares 1 track, and the file has 2")),
        (1, 0, 1, Some("the header declares 0 tracks, and the file has 1")),
        (0, 2, 2, Some("format 0, which has one track, and the file has 2")),
        (1, 2, 2, None),
        (0, 1, 1, None),
        (2, 2, 2, None),
    ] {
        let found = read(&file(format, declared, &vec![&NOTE[..]; tracks])).expect("readable");
        assert_eq!(found.score.notes().count(), tracks);
        let said = found.report.damage_in_words();
        assert_eq!(said.is_some(), words.is_some(), "{said:?}");
        assert!(said.unwrap_or_default().contains(words.unwrap_or("")), "{words:?}");
        assert_eq!((found.report.tracks, found.report.declared_tracks), (tracks, usize::from(declared)));
    }
}

#[test]
fn controllers_for_all_notes_end_them() {
    for controller in [120, 123, 124, 127] {
        let body = [
            0, 0x90, 60, 9, 0, 64, 9, 0, 0x91, 70, 9, 40, 0xB0, controller, 0, 60, 0x80, 60, 0, 0, 0x81, 70,
            0,
        ];
        let found = read(&file(0, 1, &[&body])).expect("readable");
        assert_eq!(notes(&found), [(0, 40, 60), (0, 40, 64), (0, 100, 70)], "{controller}");
        assert_eq!((found.report.silenced_notes, found.report.stray_note_offs), (2, 1));
        assert_eq!(found.report.hanging_notes, 0);
        assert_eq!(found.report.not_kept[&format!("controller {controller}")], 1);
        assert!(inspect::contents(&found).contains("2 notes ended by a controller for all notes"));
    }
}

#[test]
fn a_controller_for_all_notes_ends_them_in_every_track_and_not_those_after_it() {
    let held = [0, 0x92, 60, 9, 96, 0x82, 60, 0, 0, 0x92, 62, 9, 96, 62, 0];
    let silence = [50, 0xB2, 123, 0, 46, 123, 0];
    let found = read(&file(1, 2, &[&held, &silence])).expect("readable");
    assert_eq!(notes(&found), [(0, 50, 60), (96, 96, 62)]);
    assert_eq!(found.report.silenced_notes, 1);
    let again = read(&write(&found.score).expect("writable")).expect("readable").score;
    assert_eq!(again, found.score);
}

#[test]
fn resetting_the_controllers_releases_the_pedal_and_ends_no_note() {
    let body = [0, 0xB0, 64, 127, 0, 0x90, 60, 9, 30, 0xB0, 121, 0, 30, 121, 0, 30, 0x80, 60, 0];
    let found = read(&file(0, 1, &[&body])).expect("readable");
    assert_eq!(notes(&found), [(0, 90, 60)]);
    let pedal = |tick, value| Pedal { tick, channel: 0, value };
    assert_eq!(found.score.pedals, [pedal(0, 127), pedal(30, 0)]);
    assert_eq!(found.report.not_kept["controller 121"], 2);
}

#[test]
fn every_event_is_counted_and_so_is_what_a_score_does_not_hold() {
    let body = [
        &[0, 0xFF, 3, 1, b'a', 0, 0xFF, 4, 1, b'b', 0, 0xFF, 3, 1, b'c'][..], // two names and an instrument
        &[0, 0xC0, 5, 0, 0xB0, 7, 1, 0, 10, 2, 0, 64, 3, 0, 0xE0, 0, 64],     // program, controllers, bend
        &[0, 0x90, 60, 1, 9, 0x80, 60, 33],                                   // released with a velocity
        &[0, 0xFF, 0x51, 3, 6, 0, 0, 0, 0xFF, 0x58, 4, 3, 2, 24, 8, 0, 0xFF, 0x59, 2, 0, 0],
        &[0, 0xFF, 0x20, 1, 0, 0, 0xFF, 0x21, 1, 0, 0, 0xFF, 0x60, 1, 7, 0x81, 0x40, 0xFF, 1, 1, b'x'],
    ]
    .concat();
    let mut bytes = file(0, 1, &[&body]);
    bytes.splice(14..14, *b"XFKM\0\0\0\x02hi");
    let found = read(&bytes).expect("readable");
    let events: Vec<(&str, usize)> =
        found.report.events.iter().map(|(what, number)| (what.as_str(), *number)).collect();
    for expected in [
        ("controller", 3),
        ("end of track", 1),
        ("instrument name", 1),
        ("note-off", 1),
        ("note-on", 1),
        ("program change", 1),
        ("tempo", 1),
        ("track name", 2),
    ] {
        assert!(events.contains(&expected), "{expected:?}: {events:?}");
    }
    for expected in [
        "channel prefix",
        "chunk of another kind (XFKM)",
        "controller 10",
        "controller 7",
        "instrument name",
        "pitch bend",
        "port",
        "release velocity",
        "second track name",
        "text",
    ] {
        assert_eq!(found.report.not_kept.get(expected), Some(&1), "{expected}: {:?}", found.report.not_kept);
    }
    let contents = inspect::contents(&found);
    assert!(contents.contains("controller 7 (volume)") && contents.contains("1 × note-on"), "{contents}");
    assert!(contents.contains("silence   2.0 quarter notes after the last note"), "{contents}");
}

#[test]
fn names_come_out_as_they_went_in() {
    for name in
        [&b"\x83\x78\x81\x5B\x83\x58"[..], b"Fl\xF6te", b"\xFF\x00\x80", "Flöte".as_bytes(), b"a\n\x1b[0m"]
    {
        let body = [&[0, 0xFF, 3, name.len() as u8], name, &NOTE].concat();
        let found = read(&file(0, 1, &[&body])).expect("readable");
        let again = write(&found.score).expect("writable");
        assert!(again.windows(name.len()).any(|window| window == name), "{name:?}");
        assert_eq!(read(&again).expect("readable").score, found.score);
        let shown = inspect::roles(&composer_music::roles::roles(&found.score, &Default::default()));
        assert_eq!(shown.lines().filter(|line| line.starts_with("track ")).count(), 1, "{shown:?}");
        assert!(shown.lines().count() <= 2, "a name makes no line of its own: {shown:?}");
        assert!(!shown.contains('\x1b'), "{shown:?}");
    }
}

#[test]
fn a_header_is_found_wherever_it_is() {
    let whole = file(0, 1, &[&NOTE]);
    for junk in [vec![0; 128], vec![0xFF; 100_000], b"MThd and other words".to_vec()] {
        let bytes = [&junk[..], &whole].concat();
        let found = read(&bytes).expect("readable");
        assert_eq!(notes(&found), [(0, 48, 60)]);
        assert_eq!(
            found.report.damage[0].what,
            format!("{} bytes before the header were skipped", junk.len())
        );
    }
    let started = std::time::Instant::now();
    assert!(read(&b"MThd".repeat(1 << 20)).is_err());
    assert!(read(&[&b"MThd".repeat(1 << 19)[..], &b"MTrk\0".repeat(1 << 19)].concat()).is_err());
    assert!(started.elapsed().as_secs() < 20, "not linear");
}

#[test]
fn other_formats_are_named_when_they_are_refused() {
    let module = [vec![b'x'; 1080], b"M.K.".to_vec()].concat();
    let cases: [(&[u8], &str); 31] = [
        (b"SMF2CLIP\0\x40\0\0", "MIDI 2.0 clip"),
        (b"PK\x03\x04....META-INF/container.xml...", "compressed MusicXML (.mxl)"),
        (b"PK\x03\x04....score.mscx...", "MuseScore file (.mscz)"),
        (b"PK\x03\x04....Content/score.gpif", "Guitar Pro file (.gp)"),
        (b"PK\x03\x04....song.mid\0MThd\0\0\0\x06\0\0\0\x01\0\x60", "zip archive with MIDI files"),
        (b"PK\x03\x04....letter.doc", "zip archive"),
        (b"<?xml version=\"1.0\"?>\n<!DOCTYPE score-partwise><score-partwise version=\"4.0\">", "MusicXML"),
        (b"<?xml version=\"1.0\"?>\n<museScore version=\"4.0\">", "MuseScore file (.mscx)"),
        (b"%abc-2.1\nX:1\nT:A tune\nM:6/8\nK:G\nGAB|", "ABC notation"),
        (b"\x18FICHIER GUITAR PRO v4.06", "Guitar Pro"),
        (b"BCFZ....", "Guitar Pro"),
        (b"\\version \"2.24.0\"\n{ c' }", "LilyPond"),
        (b"**kern\t**kern\n*clefF4", "Humdrum"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "WAV"),
        (b"FORM\0\0\0\0AIFFCOMM", "AIFF"),
        (b"ID3\x04\0\0", "MP3"),
        (b"\xFF\xFB\x90\x64\0\0", "MP3"),
        (b"OggS\0\x02", "Ogg"),
        (b"fLaC\0\0\0\x22", "FLAC"),
        (b"\0\0\0\x20ftypM4A ", "MP4"),
        (b"RIFF\x10\0\0\0RMIDdata\0\0\0\0", "RMID"),
        (b"RIFF\x10\0\0\0sfbkLIST", "SoundFont"),
        (b"XMF_1.00", "XMF"),
        (b"FORM\0\0\0\x0eXDIRINFO", "XMI"),
        (&module, "tracker module (.mod)"),
        (b"IMPMsong", "tracker module (.it)"),
        (b"%PDF-1.7\n", "PDF"),
        (b"\x1F\x8B\x08\0", "gzip"),
        (b"MTrk\0\0\0\x04\0\xFF\x2F\0", "header (MThd) is missing"),
        (b"<html><body>404</body></html>", "web page"),
        (b"\x40\0\0\0\0\0\0\0{\"__metadata__\":{", "safetensors"),
    ];
    for (bytes, format) in cases {
        let error = read(bytes).expect_err(format).to_string();
        assert!(error.starts_with("not a MIDI file: ") && error.contains(format), "{error}");
        assert_eq!(error.lines().count(), 1);
    }
    let odd = read(b"\x89PNG\r\n\x1a\n\0\0\0\0").expect_err("a picture").to_string();
    assert!(odd.contains("no MThd"), "{odd}");
}

#[test]
fn every_reason_is_told() {
    // Damaged in two ways, and too short, and too long.
    let bytes = [&[0; 3][..], &file(1, 9, &[&[0, 0x90, 60, 1, 0xFF, 0x7F, 60, 0]])].concat();
    let strict = Criteria { keep_damaged: false, min_notes: 5, max_quarters: 8, ..Criteria::default() };
    let (verdict, _) = examine("a.mid", &bytes, &strict);
    let dropped = verdict.dropped.clone().expect("dropped");
    for reason in ["3 bytes before the header", "declares 9 tracks", "fewer than 5", "more than 8"] {
        assert!(dropped.reason.contains(reason), "{reason}: {}", dropped.reason);
    }
    assert_eq!(dropped.rule, Rule::Damaged);
    let kept = examine("a.mid", &bytes, &Criteria::default()).0.to_string();
    assert!(kept.contains("3 bytes before the header") && kept.contains("declares 9 tracks"), "{kept}");
}

#[test]
fn midi_read_by_another_name_is_midi() {
    // Karaoke is MIDI with lyrics.
    let body =
        [&[0, 0xFF, 1, 6, b'@', b'K', b'M', b'I', b'D', b'I'][..], &[0, 0xFF, 5, 2, b'l', b'a'], &NOTE]
            .concat();
    let found = midi::read(&file(1, 1, &[&body])).expect("readable");
    assert_eq!((found.report.not_kept["text"], found.report.not_kept["lyric"]), (1, 1));
}
