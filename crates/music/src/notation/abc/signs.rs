//! Accidentals of a measure in ABC.

use crate::notation::sheet::in_key;
use std::collections::BTreeMap;

/// What the accidentals of a measure say so far. Readers of ABC differ in whether an accidental holds for its octave or for all
/// octaves; so one is written wherever either would be wrong.
pub struct Signs {
    sharps: i8,
    of_octave: BTreeMap<(char, i8), i8>,
    of_letter: BTreeMap<char, i8>,
}

impl Signs {
    /// Of a measure in a key.
    pub fn new(sharps: i8) -> Self {
        Self { sharps, of_octave: BTreeMap::new(), of_letter: BTreeMap::new() }
    }

    /// The sign that a note needs; empty where it needs none. One of two notes of a chord on the same line needs it always: where
    /// the other is tied, its accidental would hold for both.
    pub fn of(&mut self, letter: char, octave: i8, alter: i8, doubled: bool) -> &'static str {
        let key = in_key(letter, self.sharps);
        let here = self.of_octave.get(&(letter, octave)).copied().unwrap_or(key);
        let anywhere = self.of_letter.get(&letter).copied().unwrap_or(key);
        if (here, anywhere) == (alter, alter) && !doubled {
            return "";
        }
        self.of_octave.insert((letter, octave), alter);
        self.of_letter.insert(letter, alter);
        match alter {
            ..=-2 => "__",
            -1 => "_",
            0 => "=",
            1 => "^",
            2.. => "^^",
        }
    }
}
