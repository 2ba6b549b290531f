//! Every target on its seeds, on random changes of them, and on every file that once broke it.
//!
//! `COMPOSER_FUZZ_INPUTS=100000 cargo test -p composer-fuzz` is a longer run, blind to coverage, where there is no C++ compiler for libFuzzer;
//! with `COMPOSER_FUZZ_TARGET=NAME`, of one target.

use crate::{TARGETS, Target, mutated};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Changed inputs of a target, if they do not take longer than [`LONGEST`].
const INPUTS: usize = 300;
/// Time of a target after which no further input begins, unless more inputs are asked for.
const LONGEST: Duration = Duration::from_secs(5);

/// Files in `regressions/`, by target.
fn regressions(target: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("regressions").join(target);
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    files.sort();
    files
}

fn holds(target: &Target, bytes: &[u8]) -> bool {
    catch_unwind(AssertUnwindSafe(|| (target.check)(bytes))).is_ok()
}

/// Keeps an input that breaks a promise, so that it can be run again.
fn keep(target: &Target, bytes: &[u8]) -> PathBuf {
    let path = std::env::temp_dir().join(format!("composer-fuzz-{}", target.name));
    std::fs::write(&path, bytes).expect("the temporary folder can be written");
    path
}

#[test]
fn every_target_holds_on_its_seeds_and_on_changes_of_them() {
    let asked: Option<usize> =
        std::env::var("COMPOSER_FUZZ_INPUTS").ok().and_then(|number| number.parse().ok());
    let named = std::env::var("COMPOSER_FUZZ_TARGET").ok();
    for target in TARGETS.iter().filter(|target| named.as_ref().is_none_or(|name| name == target.name)) {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        let seeds = (target.seeds)();
        assert!(!seeds.is_empty(), "{} has no seeds", target.name);
        let began = Instant::now();
        let changed = (0..asked.unwrap_or(INPUTS)).map(|_| mutated(target, &seeds, &mut random));
        for bytes in changed.take_while(|_| asked.is_some() || began.elapsed() < LONGEST) {
            assert!(holds(target, &bytes), "{} is broken by {}", target.name, keep(target, &bytes).display());
        }
        for seed in &seeds {
            assert!(seed.len() <= target.max_len, "{}: a seed is too long", target.name);
            assert!(holds(target, seed), "{} is broken by {}", target.name, keep(target, seed).display());
        }
    }
}

#[test]
fn what_once_broke_a_target_no_longer_does() {
    for target in TARGETS {
        for path in regressions(target.name) {
            let bytes = std::fs::read(&path).expect("a file of the project");
            assert!(holds(target, &bytes), "{} is broken by {}", target.name, path.display());
        }
    }
}

#[test]
fn names_are_those_of_files_and_are_found() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/targets");
    for target in TARGETS {
        assert!(folder.join(format!("{}.rs", target.name)).is_file(), "{}", target.name);
        assert!(crate::target(target.name).is_ok_and(|found| found.promise == target.promise));
    }
    assert!(crate::target("no such").is_err_and(|text| text.contains("midi_reader")));
}
