//! Any symbols of any representation decode to a score that can be written, and whose own encoding obeys the law.

use crate::Target;
use composer_music::midi;
use composer_music::representation::frames::Frame;
use composer_music::representation::{AnyRepresentation, Representation, Symbols, Vocabulary};
use std::sync::LazyLock;

pub const TARGET: Target = Target {
    name: "decoders",
    promise: "any symbols decode to a valid score, whose own encoding obeys decode(encode(score)) = quantise(score)",
    check,
    seeds,
    words: &[],
    max_len: 2048,
};

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

/// The first byte chooses the representation, the rest are symbols: four bytes a frame, two a token.
fn check(bytes: &[u8]) {
    let Some((&which, bytes)) = bytes.split_first() else { return };
    let (representation, size) = &REPRESENTATIONS[usize::from(which) % REPRESENTATIONS.len()];
    let symbols = match size {
        0 => Symbols::Frames(bytes.as_chunks().0.iter().map(frame).collect()),
        size => Symbols::Tokens(
            bytes.as_chunks().0.iter().map(|&token| u32::from(u16::from_le_bytes(token)) % size).collect(),
        ),
    };
    let score = representation.decode(&symbols).expect("in the vocabulary");
    midi::write(&score).expect("a valid score");
    let again = representation.encode(&score).expect("short enough");
    assert_eq!(
        representation.decode(&again).expect("decodes"),
        representation.quantise(&score).expect("quantised").score
    );
}

fn frame(&[low, high, onsets, shift]: &[u8; 4]) -> Frame {
    Frame { sounding: 1 << (low & 127) | 1 << (high & 127), onsets: u128::from(onsets) << (shift & 127) }
}

/// The beginning of a piece in every representation of tokens, and some frames.
fn seeds() -> Vec<Vec<u8>> {
    let piece = &composer_music::corpus::shipped::piano().pieces[0].score;
    let one = |(which, (representation, _)): (usize, &(AnyRepresentation, u32))| {
        let mut bytes = vec![which as u8];
        match representation.encode(piece).ok()? {
            Symbols::Tokens(tokens) => {
                bytes.extend(tokens.iter().take(200).flat_map(|&token| (token as u16).to_le_bytes()));
            }
            Symbols::Frames(frames) => bytes.extend(frames.iter().take(100).flat_map(|frame| {
                let lowest = frame.sounding.trailing_zeros().min(127) as u8;
                [lowest, 127 - frame.sounding.leading_zeros().min(127) as u8, 1, lowest]
            })),
        }
        Some(bytes)
    };
    REPRESENTATIONS.iter().enumerate().filter_map(one).collect()
}
