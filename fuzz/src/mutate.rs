//! Random changes of an input, for the short test that needs no fuzzer.

use crate::Target;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Values at which numbers of a file overflow or change their sign.
const EXTREME: [u8; 6] = [0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff];

/// A copy of one of `seeds` with one to eight changes.
pub fn mutated(target: &Target, seeds: &[Vec<u8>], random: &mut ChaCha8Rng) -> Vec<u8> {
    let Some(seed) = pick(seeds, random) else { return Vec::new() };
    let mut bytes = seed.clone();
    for _ in 0..random.random_range(1..=8) {
        change(&mut bytes, target, seeds, random);
    }
    bytes.truncate(target.max_len);
    bytes
}

fn change(bytes: &mut Vec<u8>, target: &Target, seeds: &[Vec<u8>], random: &mut ChaCha8Rng) {
    let at = random.random_range(0..=bytes.len());
    let length = random.random_range(0..=16.min(bytes.len() - at));
    let part = at..at + length;
    match random.random_range(0..8) {
        0 => bytes.get_mut(at).into_iter().for_each(|byte| *byte = random.random()),
        1 => bytes.get_mut(at).into_iter().for_each(|byte| *byte ^= 1 << random.random_range(0..8)),
        2 => bytes[part].fill(EXTREME[random.random_range(0..EXTREME.len())]),
        3 => drop(bytes.drain(part)),
        4 => drop(bytes.splice(at..at, bytes[part].to_vec())),
        5 => {
            let word = pick(target.words, random).map_or(&[][..], |word| word.as_bytes());
            let replaced = at..(at + random.random_range(0..=word.len())).min(bytes.len());
            drop(bytes.splice(replaced, word.iter().copied()));
        }
        6 => {
            // The end of another seed.
            let other = pick(seeds, random).map_or(&[][..], Vec::as_slice);
            let from = random.random_range(0..=other.len());
            bytes.truncate(at);
            bytes.extend_from_slice(&other[from..]);
        }
        _ => bytes.truncate(at),
    }
}

fn pick<'a, T>(from: &'a [T], random: &mut ChaCha8Rng) -> Option<&'a T> {
    match from {
        [] => None,
        from => from.get(random.random_range(0..from.len())),
    }
}
