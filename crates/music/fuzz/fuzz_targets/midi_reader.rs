//! Any bytes are read or refused; what is read is written, read back equal, and encoded by every representation.
#![no_main]

use composer_music::midi;
use composer_music::representation::{AnyRepresentation, Representation};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

/// Quarter notes of the longest piece that is encoded.
const LONGEST: u64 = 2048;

static REPRESENTATIONS: LazyLock<Vec<AnyRepresentation>> = LazyLock::new(|| {
    AnyRepresentation::NAMES.iter().filter_map(|name| AnyRepresentation::by_name(name).ok()).collect()
});

fuzz_target!(|bytes: &[u8]| {
    let Ok(file) = midi::read(bytes) else { return };
    assert!(file.score.notes().count() <= bytes.len());
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
});
