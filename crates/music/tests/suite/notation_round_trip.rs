//! What is written as MusicXML is read back by the reader of this project as [`quantised`] says: notes, programs, tempos, bars, keys and
//! chord symbols of any score; and as ABC as far as that holds them.

use crate::common::{any_score, seeded};
use composer_music::notation::{Format, Options, quantised, read_bytes, write};
use composer_music::{BarMap, ChordKind, ChordSymbol, Note, Score, Tempo, TimeSignature, Track};
use proptest::prelude::*;

/// A time in 3,360ths of a quarter, times the ticks of one.
fn time(score: &Score, tick: u64) -> u128 {
    let scaled = u128::from(tick) * 3360;
    assert!(scaled.is_multiple_of(u128::from(score.ticks_per_quarter)), "{tick} is on no grid");
    scaled / u128::from(score.ticks_per_quarter)
}

/// Onset, end, pitch, velocity, program, and whether it is percussion, of all notes.
fn notes(score: &Score, velocities: bool) -> Vec<(u128, u128, u8, u8, u8, bool)> {
    let of = |note: &Note| {
        let velocity = if velocities { note.velocity } else { 0 };
        (time(score, note.onset), time(score, note.end()), note.pitch, velocity, note.program, note.is_drum())
    };
    let mut notes: Vec<_> = score.notes().map(of).collect();
    notes.sort_unstable();
    notes
}

/// Bars with their metres; changes of tempo and of key up to the last note; chord symbols.
fn frame(score: &Score) -> Vec<String> {
    let map = BarMap::new(score);
    let mut texts: Vec<String> =
        map.bars(score.end()).map(|bar| format!("{} {}", time(score, bar.start), bar.metre)).collect();
    let mut held = 500_000;
    for tempo in score.tempos.iter().filter(|tempo| tempo.tick < score.end()) {
        if tempo.micros_per_quarter != std::mem::replace(&mut held, tempo.micros_per_quarter) {
            texts.push(format!("{} {held}", time(score, tempo.tick)));
        }
    }
    let mut held = None;
    for key in score.key_signatures.iter().filter(|key| key.tick < score.end()) {
        if held.replace((key.sharps, key.minor)) != Some((key.sharps, key.minor)) {
            texts.push(format!("{} {held:?}", time(score, key.tick)));
        }
    }
    let chord = |chord: &ChordSymbol| {
        format!("{} {:?} {:?} {:?}", time(score, chord.tick), chord.root, chord.kind, chord.bass)
    };
    texts.extend(score.chord_symbols.iter().map(chord));
    texts
}

fn back(score: &Score, format: Format) -> Option<Score> {
    let bytes = write(score, format).ok()?;
    let name = format!("a.{}", format.extension());
    let text = || String::from_utf8_lossy(&bytes).into_owned();
    Some(
        read_bytes(&bytes, &name, &Options::default())
            .unwrap_or_else(|error| panic!("{}\n{error}", text()))
            .score,
    )
}

proptest! {
    #![proptest_config(seeded(96))]

    #[test]
    fn musicxml_comes_back_as_it_was_quantised(score in any_score()) {
        if let Some(found) = back(&score, Format::MusicXml) {
            let expected = quantised(&score).expect("quantised");
            prop_assert_eq!(notes(&found, true), notes(&expected, true));
            prop_assert_eq!(frame(&found), frame(&expected));
        }
    }

    #[test]
    fn abc_comes_back_with_its_notes(score in any_score()) {
        if let Some(found) = back(&score, Format::Abc) {
            // A chord of several instruments has one in ABC.
            let pitches = |score: &Score| -> Vec<_> {
                notes(score, false).into_iter().map(|note| (note.0, note.1, note.2)).collect()
            };
            prop_assert_eq!(pitches(&found), pitches(&quantised(&score).expect("quantised")));
        }
    }
}

fn note(onset: u64, duration: u64, pitch: u8) -> Note {
    Note { onset, duration, pitch, velocity: 90, channel: 0, program: 0 }
}

fn piece(notes: Vec<Note>) -> Score {
    let mut score = Score::new(24);
    score.tracks.push(Track { name: Some("Flute".into()), notes });
    score
}

#[test]
fn a_tempo_in_the_middle_of_a_measure_stays_there() {
    // Within a note, and so near to the one before that no mark is shown.
    let mut score = piece(vec![note(0, 96, 60), note(96, 96, 62)]);
    score.tempos = vec![
        Tempo { tick: 0, micros_per_quarter: 600_000 },
        Tempo { tick: 24, micros_per_quarter: 610_000 },
        Tempo { tick: 108, micros_per_quarter: 416_666 },
    ];
    let found = back(&score, Format::MusicXml).expect("written");
    assert_eq!(frame(&found), frame(&quantised(&score).expect("quantised")));
    let shown = piece(vec![note(0, 96, 60), note(96, 96, 62)]);
    let shown = Score { tempos: vec![Tempo { tick: 0, micros_per_quarter: 416_666 }], ..shown };
    assert_eq!(
        back(&shown, Format::Abc).expect("written").tempos[0].micros_per_quarter,
        416_666,
        "to the microsecond"
    );
}

#[test]
fn drum_kits_and_upbeats_come_back() {
    let mut drums = piece(vec![note(0, 12, 36), note(12, 12, 38), note(24, 12, 36)]);
    drums.tracks[0].notes.iter_mut().for_each(|note| (note.channel, note.program) = (9, 25));
    drums.tracks[0].notes[2].program = 16;
    let found = back(&drums, Format::MusicXml).expect("written");
    assert_eq!(found.notes().map(|note| note.program).collect::<Vec<_>>(), [25, 25, 16]);

    let mut upbeat = piece(vec![note(0, 24, 60), note(24, 72, 62)]);
    let metre = |tick, numerator, denominator| TimeSignature { tick, numerator, denominator };
    upbeat.time_signatures = vec![metre(0, 1, 4), metre(24, 6, 8)];
    for format in [Format::MusicXml, Format::Abc] {
        let found = back(&upbeat, format).expect("written");
        assert_eq!(frame(&found), frame(&quantised(&upbeat).expect("quantised")), "{format}");
    }
}

#[test]
fn two_notes_on_one_line_keep_their_accidentals_beside_a_tie() {
    // B flat, spelt A sharp beside A, is tied over the bar line, where A begins.
    let mut score = piece(vec![note(72, 36, 70), note(72, 24, 67), note(96, 12, 69), note(96, 96, 64)]);
    score.key_signatures = vec![composer_music::KeySignature { tick: 0, sharps: 0, minor: false }];
    let found = back(&score, Format::Abc).expect("written");
    assert_eq!(notes(&found, false), notes(&quantised(&score).expect("quantised"), false));
}

#[test]
fn chord_symbols_come_back() {
    let mut score = piece(vec![note(0, 96, 60)]);
    let chord = |tick, root, kind, bass| ChordSymbol { tick, root, kind, bass };
    score.chord_symbols = vec![
        chord(0, Some(6), ChordKind::MinorSeventh, Some(1)),
        chord(24, Some(10), ChordKind::HalfDiminished, None),
        chord(48, None, ChordKind::Major, None),
    ];
    for format in [Format::MusicXml, Format::Abc] {
        let found = back(&score, format).expect("written");
        assert_eq!(frame(&found), frame(&quantised(&score).expect("quantised")), "{format}");
    }
}
