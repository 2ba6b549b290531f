//! Any music that is read is written as MusicXML, compressed and not, and as ABC, or refused; what is written is read back as
//! [`notation::quantised`] says.

use crate::Target;
use composer_music::notation::{self, Format, Options};
use composer_music::{BarMap, Score};
use std::path::Path;

pub const TARGET: Target = Target {
    name: "notation_writer",
    promise: "music of any format is written as MusicXML and ABC or refused, the same bytes twice, and read back as it was quantised",
    check,
    seeds,
    words: &[
        "MThd",
        "MTrk",
        "\u{7f}",
        "X:1\n",
        "K:C\n",
        "V:2\n",
        "(3",
        "[CEG]",
        "\"Am\"",
        "[Q:1/4=90]",
        "[M:5/8]",
        "[K:Eb]",
        "<note>",
        "<chord/>",
    ],
    max_len: 4096,
};

/// Quarter notes of the longest piece that is written.
const LONGEST: u64 = 512;
/// Ticks of a quarter to which both sides are brought.
const TICKS: u128 = 3360;

fn check(bytes: &[u8]) {
    let tunes = notation::read_all(bytes, "-", &Options::default()).unwrap_or_default();
    let scores = tunes.into_iter().filter_map(|(_, tune)| Some(tune.ok()?.score));
    for score in scores.filter(|score| score.end() / u64::from(score.ticks_per_quarter) <= LONGEST) {
        let Ok(expected) = notation::quantised(&score) else {
            assert!(notation::write(&score, Format::MusicXml).is_err());
            continue;
        };
        let text = notation::write(&score, Format::MusicXml).expect("what is quantised is written");
        assert_eq!(text, notation::write(&score, Format::MusicXml).expect("written again"));
        let found = read_back(&text, "a.musicxml");
        assert_eq!(notes(&found, true), notes(&expected, true));
        assert_eq!(bars(&found), bars(&expected));
        let packed = notation::write(&score, Format::CompressedMusicXml).expect("what is written is packed");
        assert_eq!(read_back(&packed, "a.mxl"), found);
        if let Ok(text) = notation::write(&score, Format::Abc) {
            let found = read_back(&text, "a.abc");
            assert_eq!(notes(&found, false), notes(&expected, false), "{}", String::from_utf8_lossy(&text));
        }
    }
}

fn read_back(bytes: &[u8], name: &str) -> Score {
    notation::read_bytes(bytes, name, &Options::default()).expect("what is written is read").score
}

fn scaled(score: &Score, tick: u64) -> u128 {
    u128::from(tick) * TICKS / u128::from(score.ticks_per_quarter)
}

/// Onset, end and pitch of a note; velocity, program and whether it is percussion.
type Found = (u128, u128, u8, Option<(u8, u8, bool)>);

/// All notes; of MusicXML with everything.
fn notes(score: &Score, all: bool) -> Vec<Found> {
    let mut notes: Vec<_> = score
        .notes()
        .map(|note| {
            let more = all.then(|| (note.velocity, note.program, note.is_drum()));
            (scaled(score, note.onset), scaled(score, note.end()), note.pitch, more)
        })
        .collect();
    notes.sort_unstable();
    notes
}

fn bars(score: &Score) -> Vec<(u128, String)> {
    let map = BarMap::new(score);
    map.bars(score.end()).map(|bar| (scaled(score, bar.start), bar.metre.to_string())).collect()
}

/// The readers' own, and the shortest pieces that ship.
fn seeds() -> Vec<Vec<u8>> {
    let odd = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/music/tests/odd");
    let files = composer_music::corpus::midi_files(&[odd]).unwrap_or_default();
    let odd = files.iter().filter_map(|file| std::fs::read(&file.path).ok());
    let song = include_bytes!("../../../crates/music/tests/notation/song.mxl").to_vec();
    let tunes = include_str!("../../../crates/music/tests/notation/tunes.abc").split("\n\n");
    let tunes = tunes.map(|tune| tune.as_bytes().to_vec());
    odd.chain([song]).chain(tunes).filter(|bytes| bytes.len() <= TARGET.max_len).collect()
}
