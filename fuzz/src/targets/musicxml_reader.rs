//! Any bytes are read as MusicXML, compressed or not, or refused; what is read is in order, and MIDI can hold it.

use crate::Target;
use composer_music::midi::{self, MidiFile};
use composer_music::notation::{Options, read_bytes};

pub const TARGET: Target = Target {
    name: "musicxml_reader",
    promise: "MusicXML is read or refused, with and without repeats; what is read is in order, written as MIDI and read back equal",
    check,
    seeds,
    words: &[
        "<note>",
        "</note>",
        "<duration>",
        "<divisions>",
        "<backup>",
        "<forward>",
        "<chord/>",
        "<grace/>",
        "<rest/>",
        "<repeat ",
        "<ending ",
        "direction=\"backward\"",
        "times=\"9999\"",
        "<sound dacapo=\"yes\"/>",
        "<transpose>",
        "<harmony>",
        "<measure ",
        "<part ",
        "4294967295",
        "NaN",
        "1e308",
        "-1",
        "0.5",
        "&amp;",
        "<![CDATA[",
        "<!ENTITY ",
        "PK\u{3}\u{4}",
        "PK\u{1}\u{2}",
    ],
    max_len: 16_384,
};

fn check(bytes: &[u8]) {
    for repeats in [true, false] {
        let options = Options { repeats, grace_notes: repeats };
        if let Ok(file) = read_bytes(bytes, "a.musicxml", &options) {
            holds(&file);
        }
    }
}

/// What holds for everything that is read from notation.
pub(super) fn holds(file: &MidiFile) {
    let mut score = file.score.clone();
    for track in &score.tracks {
        assert!(track.notes.is_sorted_by_key(|note| (note.onset, note.pitch)));
        assert!(track.notes.iter().all(|note| note.duration > 0 && note.velocity > 0 && note.pitch < 128));
    }
    assert!(score.tempos.is_sorted_by_key(|change| change.tick));
    assert!(score.time_signatures.is_sorted_by_key(|change| change.tick));
    assert!(score.chord_symbols.is_sorted_by_key(|chord| chord.tick));
    score.chord_symbols.clear();
    let written = midi::write(&score).expect("what was read is written");
    assert_eq!(midi::read(&written).expect("what was written is read").score, midi::normalised(&score));
}

fn seeds() -> Vec<Vec<u8>> {
    let text = include_bytes!("../../../crates/music/tests/notation/song.musicxml");
    vec![text.to_vec(), include_bytes!("../../../crates/music/tests/notation/song.mxl").to_vec()]
}
