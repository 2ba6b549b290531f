//! Files that are odd, damaged or no MIDI at all, each with what must become of it in `odd/expected.txt`.
//!
//! `COMPOSER_UPDATE=1 cargo test -p composer-music --test odd_files` writes that file anew; read its difference before
//! committing it. What fuzzing finds joins the folder.

use crate::common;

use std::path::Path;

use composer_music::corpus::{Criteria, examine, midi_files};
use composer_music::midi::{self, normalised};
use composer_music::representation::Representation;
use composer_music::{Score, corpus};

fn odd_folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/odd")
}

/// Reading what was written gives the same, and every representation obeys its law.
fn check(name: &str, score: &Score) {
    let written = midi::write(score).expect("what was read is written");
    assert_eq!(&midi::read(&written).expect("what was written is read").score, score, "{name}");
    assert_eq!(&normalised(score), score, "{name}: what is read is normal");
    for representation in common::representations() {
        if let Ok(symbols) = representation.encode(score) {
            let decoded = representation.decode(&symbols).expect("what was encoded is decoded");
            let quantised = representation.quantise(score).expect("what was encoded is quantised");
            assert_eq!(decoded, quantised.score, "{name}, {}", representation.name());
        }
    }
}

#[test]
fn every_odd_file_becomes_what_it_should() {
    let mut outcome = String::new();
    for file in midi_files(&[odd_folder()]).expect("the folder") {
        let bytes = std::fs::read(&file.path).expect("readable");
        let (verdict, piece) = examine(&file.name, &bytes, &Criteria { min_notes: 0, ..Criteria::default() });
        outcome += &format!("{verdict}\n");
        piece.iter().for_each(|piece| check(&file.name, &piece.score));
    }
    let expected = odd_folder().join("expected.txt");
    if std::env::var_os("COMPOSER_UPDATE").is_some() {
        std::fs::write(&expected, &outcome).expect("written");
    }
    let expected = std::fs::read_to_string(expected).expect("readable");
    for (outcome, expected) in outcome.lines().zip(expected.lines()) {
        assert_eq!(outcome, expected);
    }
    assert_eq!(outcome.lines().count(), expected.lines().count());
}

#[test]
fn damage_anywhere_in_a_real_file_is_survived() {
    use rand::{RngExt, SeedableRng};
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(0);
    let originals: Vec<_> = corpus::shipped::files().filter(|(_, bytes)| bytes.len() < 16_000).collect();
    for round in 0..1_500 {
        let (name, original) = &originals[random.random_range(0..originals.len())];
        let mut bytes = original.to_vec();
        for _ in 0..random.random_range(1..8) {
            damage(&mut bytes, &mut random);
        }
        let Ok(file) = midi::read(&bytes) else { continue };
        assert!(file.score.notes().count() <= bytes.len(), "{name}");
        if round % 16 == 0 {
            check(name, &file.score);
        } else {
            let written = midi::write(&file.score).expect("what was read is written");
            assert_eq!(midi::read(&written).expect("what was written is read").score, file.score, "{name}");
        }
    }
}

/// One random fault: bytes changed, removed, doubled, inserted, or the end cut off.
fn damage(bytes: &mut Vec<u8>, random: &mut impl rand::RngExt) {
    if bytes.len() < 20 {
        return;
    }
    let at = random.random_range(0..bytes.len());
    let length = random.random_range(1..=8.min(bytes.len() - at));
    match random.random_range(0..6) {
        0 => bytes[at] = random.random(),
        1 => bytes[at] ^= 1 << random.random_range(0..8),
        2 => drop(bytes.drain(at..at + length)),
        3 => drop(bytes.splice(at..at, bytes[at..at + length].to_vec())),
        4 => drop(bytes.splice(at..at, (0..length).map(|_| random.random()).collect::<Vec<u8>>())),
        _ => bytes.truncate(at.max(bytes.len() - bytes.len() / 4)),
    }
}
