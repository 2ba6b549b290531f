//! Any text is read or refused where people type music: keys, chords, notes, lengths, metres; and the judgements of listeners.

use crate::Target;
use composer::prelude::Length;
use composer_decoding::harmony::{ChordPlan, Key};
use composer_decoding::primer::read_notes;
use composer_evaluation::listening::{discrimination, ratings, read_csv, read_jsonl, win_rates};
use composer_music::{Metre, midi};

pub const TARGET: Target = Target {
    name: "texts",
    promise: "keys, chords, notes, lengths, metres and judgements are read or refused, and notes can be written",
    check,
    seeds,
    words: &[
        "C",
        "F#",
        "Bb",
        "♭",
        "♯",
        "minor",
        "major",
        "m7",
        "dim",
        "N",
        "|",
        "R:1",
        "C4:1",
        "E4+G4:0.5",
        ":1e3",
        "nan",
        "bars",
        "steps",
        "3/4",
        "12/8",
        "\"kind\":\"pair\"",
        "\"kind\":\"origin\"",
        "\"kind\":\"rating\"",
        "\"answer\":",
        "\n",
        ",",
    ],
    max_len: 1024,
};

/// The first byte chooses what is read.
fn check(bytes: &[u8]) {
    let Some((form, rest)) = bytes.split_first() else { return };
    let text = &*String::from_utf8_lossy(rest);
    match form % 7 {
        0 => {
            if let Ok(key) = text.parse::<Key>() {
                assert!(key.tonic < 12);
            }
        }
        1 => {
            if let Ok(plan) = ChordPlan::read(text, 16) {
                assert!(plan.chords.iter().all(|&chord| chord > 0 && chord < 1 << 12));
                plan.at(u64::MAX);
            }
        }
        2 => {
            if let Ok(primer) = read_notes(text) {
                let written = midi::write(&primer.score).expect("notes can be written");
                midi::read(&written).expect("what was written is read");
            }
        }
        3 => {
            if let Ok(length) = text.parse::<Length>() {
                assert_eq!(length.to_string().parse(), Ok(length));
            }
        }
        4 => {
            if let Ok(metre) = text.parse::<Metre>() {
                assert_eq!(metre.to_string().parse(), Ok(metre));
            }
        }
        form => {
            let Ok(judgements) = (if form == 5 { read_jsonl(text) } else { read_csv(text) }) else { return };
            let _ = (win_rates(&judgements, 1), discrimination(&judgements, 1), ratings(&judgements, 1));
        }
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let judgements = r#"{"kind":"pair","listener":"a","piece":"p","system":"x","system_b":"y","answer":"a"}
{"kind":"origin","listener":"a","piece":"p","system":"human","answer":"machine"}
{"kind":"rating","listener":"b","piece":"q","system":"x","scale":"overall","answer":4}"#;
    let table =
        "kind,listener,piece,system,system_b,scale,answer\npair,a,p,x,y,,tie\nrating,a,p,x,,overall,3\n";
    let texts =
        ["Bb minor", "Dm Gm7 | A7 N", "C4:1 E4+G4:0.5 R:2 F#5:0.25", "16bars", "6/8", judgements, table];
    (0..).zip(texts).map(|(form, text)| [&[form], text.as_bytes()].concat()).collect()
}
