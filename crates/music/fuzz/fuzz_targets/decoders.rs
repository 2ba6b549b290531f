//! Any symbols of any representation decode to a score that can be written, and whose own encoding obeys the law.
#![no_main]

use composer_music::midi;
use composer_music::representation::frames::Frame;
use composer_music::representation::{AnyRepresentation, Representation, Symbols, Vocabulary};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

/// Every representation with the size of its vocabulary; 0 for frames. `bars` has learnt from a shipped piece.
static REPRESENTATIONS: LazyLock<Vec<(AnyRepresentation, u32)>> = LazyLock::new(|| {
    let piece = &composer_music::corpus::shipped::piano().pieces[0].score;
    let one = |name: &&str| {
        let representation = AnyRepresentation::by_name(name).ok()?.learn([piece], 64).ok()?;
        let size = match representation.vocabulary() {
            Vocabulary::MultiHot { .. } => 0,
            Vocabulary::Tokens { names } => names.len() as u32,
        };
        Some((representation, size))
    };
    AnyRepresentation::NAMES.iter().filter_map(one).collect()
});

fuzz_target!(|bytes: &[u8]| {
    let Some((&which, bytes)) = bytes.split_first() else { return };
    let (representation, size) = &REPRESENTATIONS[usize::from(which) % REPRESENTATIONS.len()];
    let symbols = match size {
        0 => Symbols::Frames(
            bytes
                .chunks_exact(4)
                .map(|b| Frame {
                    sounding: 1 << (b[0] & 127) | 1 << (b[1] & 127),
                    onsets: u128::from(b[2]) << (b[3] & 127),
                })
                .collect(),
        ),
        size => Symbols::Tokens(
            bytes.chunks_exact(2).map(|b| u32::from(u16::from_le_bytes([b[0], b[1]])) % size).collect(),
        ),
    };
    let score = representation.decode(&symbols).expect("in the vocabulary");
    midi::write(&score).expect("a valid score");
    let again = representation.encode(&score).expect("short enough");
    assert_eq!(
        representation.decode(&again).expect("decodes"),
        representation.quantise(&score).expect("quantised").score
    );
});
