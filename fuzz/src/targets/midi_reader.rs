//! Any bytes are read or refused; what is read is normal, is written, read back equal, and encoded by every representation.

use crate::Target;
use composer_music::midi;
use composer_music::representation::{AnyRepresentation, Representation};
use std::path::Path;
use std::sync::LazyLock;

pub const TARGET: Target = Target {
    name: "midi_reader",
    promise: "read → normalise → write → read is equal, and every representation obeys its law",
    check,
    seeds,
    words: &["MThd", "MTrk", "RIFF", "\u{7f}", "\0\0\0\u{6}"],
    max_len: 8192,
};

/// Quarter notes of the longest piece that is encoded.
const LONGEST: u64 = 2048;

static REPRESENTATIONS: LazyLock<Vec<AnyRepresentation>> = LazyLock::new(|| {
    AnyRepresentation::NAMES.iter().filter_map(|name| AnyRepresentation::by_name(name).ok()).collect()
});

fn check(bytes: &[u8]) {
    let Ok(file) = midi::read(bytes) else { return };
    assert!(file.score.notes().count() <= bytes.len());
    assert_eq!(midi::normalised(&file.score), file.score);
    let written = midi::write(&file.score).expect("what was read is written");
    assert_eq!(midi::read(&written).expect("what was written is read").score, file.score);
    if file.score.end() / u64::from(file.score.ticks_per_quarter) > LONGEST {
        return; // encoding years of silence is slow, and teaches the fuzzer nothing
    }
    for representation in REPRESENTATIONS.iter() {
        if let Ok(symbols) = representation.encode(&file.score) {
            let decoded = representation.decode(&symbols).expect("what was encoded is decoded");
            assert_eq!(decoded, representation.quantise(&file.score).expect("quantised").score);
        }
    }
}

/// The odd files of the reader's tests, and the shortest pieces that ship.
fn seeds() -> Vec<Vec<u8>> {
    let odd = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/music/tests/odd");
    let files = composer_music::corpus::midi_files(&[odd]).unwrap_or_default();
    let odd = files.iter().filter_map(|file| std::fs::read(&file.path).ok());
    let shipped = composer_music::corpus::shipped::files().map(|(_, bytes)| bytes.to_vec());
    odd.chain(shipped).filter(|bytes| bytes.len() <= TARGET.max_len).collect()
}
