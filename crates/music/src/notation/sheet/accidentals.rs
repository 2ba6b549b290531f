//! Which notes of a staff show their accidental.

use super::elements::{Element, Kind};
use super::spelling::{letter, octave};
use std::collections::BTreeMap;

/// Sharps or flats of a letter in a key.
pub fn in_key(letter: char, sharps: i8) -> i8 {
    let place = "FCGDAEB".find(letter).unwrap_or(0) as i8;
    i8::from(sharps > place) - i8::from(-sharps > 6 - place)
}

/// Marks the notes of all voices of a measure whose accidental is not what key and measure say so far. A note that is tied over the bar
/// line keeps its own, for itself alone.
pub fn mark(voices: &mut [&mut Vec<Element>], sharps: i8) {
    let mut order: Vec<(u64, usize, usize)> = Vec::new();
    for (voice, elements) in voices.iter().enumerate() {
        order.extend(elements.iter().enumerate().map(|(index, element)| (element.from, voice, index)));
    }
    order.sort_unstable();
    let mut state: BTreeMap<(char, i8), i8> = BTreeMap::new();
    for (_, voice, index) in order {
        let Kind::Notes(heads) = &mut voices[voice][index].kind else { continue };
        for head in heads {
            let (letter, alter) = letter(head.note.fifths);
            let place = (letter, octave(head.note.pitch, head.note.fifths));
            let holds = state.get(&place).copied().unwrap_or_else(|| in_key(letter, sharps));
            if !head.tied_before && holds != alter {
                head.accidental = true;
                state.insert(place, alter);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::in_key;

    #[test]
    fn keys_sharpen_and_flatten_in_order() {
        let signs = |sharps| "FCGDAEB".chars().map(|letter| in_key(letter, sharps)).collect::<Vec<_>>();
        assert_eq!(signs(2), [1, 1, 0, 0, 0, 0, 0]);
        assert_eq!(signs(-3), [0, 0, 0, 0, -1, -1, -1]);
        assert_eq!((signs(7), signs(-7)), (vec![1; 7], vec![-1; 7]));
    }
}
