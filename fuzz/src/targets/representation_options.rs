//! Any options of a representation, as a model file or a cache brings them: symbols decode to a valid score, or the reason is said.

use crate::Target;
use crate::forms::{edited, header_and_data};
use composer_music::midi;
use composer_music::representation::frames::Frame;
use composer_music::representation::{AnyRepresentation, Representation, Symbols, Vocabulary};
use serde_json::Value;
use std::sync::LazyLock;

pub const TARGET: Target = Target {
    name: "representation_options",
    promise: "symbols of a representation with any options decode to a valid score, or the reason is said",
    check,
    seeds,
    words: &[
        "\"representation\":",
        "\"frames\"",
        "\"remi\"",
        "\"events\"",
        "\"voices\"",
        "\"chords\"",
        "\"bars\"",
        "\"steps_per_quarter\":",
        "\"pitch_low\":",
        "\"pitch_high\":",
        "\"voices\":",
        "\"time\":",
        "\"section\":",
        "\"patterns\":[",
        "\"programs\":true",
        "0",
        "1",
        "255",
        "4294967295",
        "true",
        "false",
    ],
    max_len: 2048,
};

/// The usual options as JSON.
static OPTIONS: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let one = |name: &&str| serde_json::to_value(AnyRepresentation::by_name(name).ok()?).ok();
    AnyRepresentation::NAMES.iter().filter_map(one).collect()
});

/// The first byte chooses the form: options as JSON and NUL, or nine bytes, three changes of the usual ones. Then symbols: four bytes a frame,
/// two a token.
fn check(bytes: &[u8]) {
    let Some((form, rest)) = bytes.split_first() else { return };
    let (options, symbols) = match (usize::from(*form).checked_sub(1), rest.split_at_checked(9)) {
        (Some(which), Some((edits, symbols))) => {
            (edited(OPTIONS[which % OPTIONS.len()].clone(), edits).to_string().into_bytes(), symbols)
        }
        _ => {
            let (options, symbols) = header_and_data(rest);
            (options.to_vec(), symbols)
        }
    };
    let Ok(representation) = serde_json::from_slice::<AnyRepresentation>(&options) else { return };
    let symbols = match representation.vocabulary() {
        Vocabulary::MultiHot { .. } => Symbols::Frames(
            symbols
                .as_chunks::<4>()
                .0
                .iter()
                .map(|&[a, b, c, d]| Frame {
                    sounding: 1 << (a & 127) | 1 << (b & 127),
                    onsets: u128::from(c) << (d & 127),
                })
                .collect(),
        ),
        Vocabulary::Tokens { names } => Symbols::Tokens(
            symbols
                .as_chunks()
                .0
                .iter()
                .map(|&token| u32::from(u16::from_le_bytes(token)) % (names.len() as u32 + 1))
                .collect(),
        ),
    };
    let Ok(score) = representation.decode(&symbols) else { return };
    midi::write(&score).expect("a valid score");
    if let Ok(symbols) = representation.encode(&score) {
        let decoded = representation.decode(&symbols).expect("what was encoded is decoded");
        assert_eq!(decoded, representation.quantise(&score).expect("quantised").score);
    }
}

const SYMBOLS: [u8; 12] = [60, 0, 64, 1, 3, 0, 70, 0, 5, 0, 1, 0];

fn seeds() -> Vec<Vec<u8>> {
    let one = |name: &&str| {
        let representation = AnyRepresentation::by_name(name).ok()?;
        let options = serde_json::to_vec(&representation).ok()?;
        Some([&[0], &*options, &[0], &SYMBOLS].concat())
    };
    let edits = |which: u8| [&[which + 1, 0, 0, 2, 1, 0, 22, 2, 0, 23], &SYMBOLS[..]].concat();
    let count = AnyRepresentation::NAMES.len() as u8;
    AnyRepresentation::NAMES.iter().filter_map(one).chain((0..count).map(edits)).collect()
}
