//! [`Map`] and [`Set`]: hash tables for small keys of numbers, which the hash of the standard library takes most of the time for.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

/// A hash table; nothing may depend on the order of its entries.
pub(crate) type Map<K, V> = HashMap<K, V, BuildHasherDefault<Multiplied>>;
/// A set, likewise.
pub(crate) type Set<K> = HashSet<K, BuildHasherDefault<Multiplied>>;

/// An odd number without a pattern, the golden ratio · 2⁶⁴.
const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;

/// Each word is added to the hash, which is multiplied then (Knuth 1998, section 6.4).
#[derive(Clone, Copy, Default)]
pub(crate) struct Multiplied(u64);

impl Multiplied {
    fn add(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(26) ^ word).wrapping_mul(FACTOR);
    }
}

impl Hasher for Multiplied {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.add(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, number: u8) {
        self.add(number.into());
    }

    fn write_u16(&mut self, number: u16) {
        self.add(number.into());
    }

    fn write_u32(&mut self, number: u32) {
        self.add(number.into());
    }

    fn write_u64(&mut self, number: u64) {
        self.add(number);
    }

    fn write_u128(&mut self, number: u128) {
        self.add(number as u64);
        self.add((number >> 64) as u64);
    }

    fn write_usize(&mut self, number: usize) {
        self.add(number as u64);
    }

    fn finish(&self) -> u64 {
        // Tables look at the highest and at the lowest bits; a product mixes only upwards.
        self.0 ^ self.0 >> 32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_keys_spread_over_a_table() {
        let mut lowest: Set<u64> = Set::default();
        let keys = (0..64u32).flat_map(|a| (0..64u32).map(move |b| (12 * a, b)));
        let hashes: Vec<u64> = keys
            .map(|key| {
                let mut hasher = Multiplied::default();
                std::hash::Hash::hash(&key, &mut hasher);
                hasher.finish()
            })
            .collect();
        lowest.extend(hashes.iter().map(|hash| hash % 4096));
        // Of 4096 random numbers below 4096, 63 % are different.
        assert!(lowest.len() > 2200, "{}", lowest.len());
        let highest: Set<u64> = hashes.iter().map(|hash| hash >> 57).collect();
        assert_eq!(highest.len(), 128);
    }
}
