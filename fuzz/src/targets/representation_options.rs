//! Any options of a representation, as a model file or a cache brings them: symbols decode to a valid score, or the reason is said.

use crate::Target;
use crate::forms::{header_and_data, with_header};
use composer_music::midi;
use composer_music::representation::frames::Frame;
use composer_music::representation::{AnyRepresentation, Representation, Symbols, Vocabulary};

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

/// Options as JSON, NUL, and symbols: four bytes a frame, two a token.
fn check(bytes: &[u8]) {
    let (options, symbols) = header_and_data(bytes);
    let Ok(representation) = serde_json::from_slice::<AnyRepresentation>(options) else { return };
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

fn seeds() -> Vec<Vec<u8>> {
    let one = |name: &&str| {
        let representation = AnyRepresentation::by_name(name).ok()?;
        let options = serde_json::to_vec(&representation).ok()?;
        // The form has no first byte here.
        Some(with_header(0, &options, &[60, 0, 64, 1, 3, 0, 70, 0, 5, 0, 1, 0])[1..].to_vec())
    };
    AnyRepresentation::NAMES.iter().filter_map(one).collect()
}
