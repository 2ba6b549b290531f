//! Any bytes are read as tunes of ABC or refused; what is read is in order, and MIDI can hold it.

use super::musicxml_reader::holds;
use crate::Target;
use composer_music::notation::{Options, read_all};

pub const TARGET: Target = Target {
    name: "abc_reader",
    promise: "ABC is read or refused, with and without repeats; what is read is in order, written as MIDI and read back equal",
    check,
    seeds,
    words: &[
        "X:1\n",
        "K:C\n",
        "V:2\n",
        "L:1/8\n",
        "M:3/4\n",
        "Q:1/4=120\n",
        "|:",
        ":|",
        "::",
        "[1",
        "|2",
        "(3",
        "(5:4:6",
        "[CEG]",
        "{ab}",
        "\"Am\"",
        "!fine!",
        "!D.C.!",
        "Z9999",
        "/9999",
        "9999",
        "&",
        ">>",
        "<",
        "-",
        "^^",
        "__",
        "[K:",
        "[V:",
        "%%MIDI program 1\n",
        "w: ",
        "P:AB2\n",
        "P:A\n",
        "[P:B]",
        "m: ~n2 = (3o/n/m/ n\n",
        "~G2",
        "U: T = !fine!\n",
        "I:linebreak !\n",
        "\r",
    ],
    max_len: 4096,
};

fn check(bytes: &[u8]) {
    for repeats in [true, false] {
        let tunes = read_all(bytes, "a.abc", &Options { repeats, grace_notes: repeats });
        for (_, tune) in tunes.unwrap_or_default() {
            if let Ok(file) = tune {
                holds(&file);
            }
        }
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let book = include_str!("../../../crates/music/tests/notation/tunes.abc");
    let tunes = book.split("\n\n").map(|tune| tune.as_bytes().to_vec());
    tunes.chain([book.as_bytes().to_vec()]).collect()
}
