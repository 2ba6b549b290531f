//! Which notes of a keyboard part each hand plays.

use super::quantise::SheetNote;
use crate::score::{Score, Track};

/// A hand that the name of a track says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hand {
    /// The upper staff.
    Right,
    /// The lower staff.
    Left,
}

const RIGHT: &str = "right, rh, upper, up, treble, rechts, rechte, droite, destra, derecha, diskant";
const LEFT: &str = "left, lh, lower, down, bass, links, linke, gauche, sinistra, izquierda";

/// The hand that a track's name says by a whole word, and the name without it.
pub fn named(name: &str) -> Option<(Hand, String)> {
    let words: Vec<String> = words(name);
    let says =
        |list: &str| words.iter().position(|word| list.split(", ").any(|known| word.to_lowercase() == known));
    let (hand, place) = match (says(RIGHT), says(LEFT)) {
        (Some(place), None) => (Hand::Right, place),
        (None, Some(place)) => (Hand::Left, place),
        _ => return None,
    };
    let is_hand = |word: &str| ["hand", "main", "mano", "hd"].contains(&word.to_lowercase().as_str());
    let rest: Vec<&str> = (0..words.len())
        .filter(|&index| index != place && !is_hand(&words[index]))
        .map(|index| words[index].as_str())
        .collect();
    Some((hand, rest.join(" ")))
}

/// Words of a name, divided by what is no letter and where a capital follows a small letter: `pianoUp`, `RH:one`.
fn words(name: &str) -> Vec<String> {
    let (mut words, mut word, mut small) = (Vec::new(), String::new(), false);
    for letter in name.chars() {
        if !letter.is_alphanumeric() || small && letter.is_uppercase() {
            words.push(std::mem::take(&mut word));
        }
        if letter.is_alphanumeric() {
            word.push(letter);
        }
        small = letter.is_lowercase();
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

/// Programs that two hands play on two staves: pianos, organs, accordion, celesta, harp.
pub fn is_keyboard(program: u8) -> bool {
    matches!(program, 0..=8 | 16..=21 | 46)
}

/// Whether two neighbouring tracks are the hands of one player although their names do not say so: the only two of a score, both of
/// keyboards, the first above the second.
pub fn look_like_hands(score: &Score, tracks: &[&Track]) -> bool {
    let [upper, lower] = tracks else { return false };
    let mean = |track: &Track| {
        track.notes.iter().map(|note| f64::from(note.pitch)).sum::<f64>() / track.notes.len().max(1) as f64
    };
    let keyboards = score.notes().all(|note| is_keyboard(note.program) && !note.is_drum());
    let low = score.notes().map(|note| note.pitch).min().unwrap_or(60);
    let high = score.notes().map(|note| note.pitch).max().unwrap_or(60);
    keyboards && mean(upper) > mean(lower) + 5.0 && low < 57 && high > 60
}

/// Range, in semitones, from which chords of an instrument that is no keyboard need two staves all the same.
const TOO_WIDE: u8 = 36;

/// Whether a part is written on two staves: for keyboards, it goes well below and well above middle C; for others, it also has chords
/// and is the only part, which a pianist may want to play, or nine of ten of its notes span more than three octaves.
pub fn needs_two_staves(notes: &[SheetNote], alone: bool) -> bool {
    let share = |wanted: &dyn Fn(u8) -> bool| {
        notes.iter().filter(|note| wanted(note.pitch)).count() as f64 / notes.len().max(1) as f64
    };
    let both_sides = share(&|pitch| pitch < 57) >= 0.05 && share(&|pitch| pitch > 62) >= 0.05;
    if !both_sides || notes.first().is_some_and(|note| is_keyboard(note.program)) {
        return both_sides;
    }
    let mut pitches: Vec<u8> = notes.iter().map(|note| note.pitch).collect();
    pitches.sort_unstable();
    let wide = pitches[pitches.len() * 19 / 20] - pitches[pitches.len() / 20] >= TOO_WIDE;
    let together = notes.windows(2).filter(|pair| pair[1].onset < pair[0].end).count();
    let is_guitar = notes.first().is_some_and(|note| matches!(note.program, 24 | 25));
    (wide || alone && !is_guitar) && 5 * together >= notes.len()
}

/// How far a hand reaches, in semitones.
const REACH: f64 = 12.0;

/// One way to have played up to a moment.
#[derive(Clone)]
struct Path {
    cost: f64,
    /// Where the hands are: left, right.
    at: [f64; 2],
    /// Its predecessor among the ways of the moment before.
    before: usize,
}

/// Divides the notes of a keyboard part between the hands, as right and left: the way with the least stretching and moving of the hands.
pub fn split(notes: &[SheetNote]) -> (Vec<SheetNote>, Vec<SheetNote>) {
    let mut moments: Vec<&[SheetNote]> = notes.chunk_by(|a, b| a.onset == b.onset).collect();
    moments.retain(|moment| !moment.is_empty());
    let mut ways: Vec<Vec<Path>> = Vec::with_capacity(moments.len());
    let mut before = vec![Path { cost: 0.0, at: [45.0, 69.0], before: 0 }];
    let mut last = 0;
    for moment in &moments {
        let pause = moment[0].onset.saturating_sub(last) as f64 / super::measures::DIVISIONS as f64;
        last = moment[0].onset;
        let next: Vec<Path> = (0..=moment.len()).map(|left| best(&before, moment, left, pause)).collect();
        ways.push(std::mem::replace(&mut before, next));
    }
    ways.push(before);
    let (mut right, mut left) = (Vec::new(), Vec::new());
    let cheapest = |paths: &[Path]| (0..paths.len()).min_by(|&a, &b| paths[a].cost.total_cmp(&paths[b].cost));
    let mut place = ways.last().and_then(|paths| cheapest(paths)).unwrap_or(0);
    for (moment, paths) in moments.iter().zip(&ways[1..]).rev() {
        left.extend(moment[..place].iter().rev());
        right.extend(moment[place..].iter().rev());
        place = paths[place].before;
    }
    right.reverse();
    left.reverse();
    (right, left)
}

/// The best way to play the lowest `count` notes of a moment with the left hand.
fn best(before: &[Path], moment: &[SheetNote], count: usize, pause: f64) -> Path {
    let (left, right) = moment.split_at(count);
    let own = stretch(left) + stretch(right) + place(left, false) + place(right, true);
    let ease = 0.12 / (1.0 + 0.5 * pause.min(4.0));
    let path = |(index, path): (usize, &Path)| {
        let mut at = path.at;
        let mut moved = 0.0;
        for (hand, notes) in [left, right].into_iter().enumerate() {
            if let Some(centre) = centre(notes) {
                moved += (centre - path.at[hand]).abs();
                at[hand] = centre;
            }
        }
        let crossed = if at[0] >= at[1] - 2.0 { 3.0 } else { 0.0 };
        Path { cost: path.cost + own + ease * moved + crossed, at, before: index }
    };
    let paths = before.iter().enumerate().map(path);
    paths.min_by(|a, b| a.cost.total_cmp(&b.cost)).unwrap_or(Path { cost: 0.0, at: [45.0, 69.0], before: 0 })
}

fn centre(notes: &[SheetNote]) -> Option<f64> {
    let (low, high) = (notes.first()?.pitch, notes.last()?.pitch);
    Some(f64::midpoint(f64::from(low), f64::from(high)))
}

/// What it costs a hand to reach all notes at once.
fn stretch(notes: &[SheetNote]) -> f64 {
    let (Some(low), Some(high)) = (notes.first(), notes.last()) else { return 0.0 };
    let span = f64::from(high.pitch - low.pitch);
    let crowded = if notes.len() > 5 { 6.0 } else { 0.0 };
    crowded + 1.5 * (span - REACH).max(0.0)
}

/// What it costs that notes lie on the other hand's side of middle C.
fn place(notes: &[SheetNote], right: bool) -> f64 {
    let of = |note: &SheetNote| {
        let above = f64::from(note.pitch) - 60.0;
        let wrong = if right { -above } else { above };
        0.12 * wrong.max(0.0)
    };
    notes.iter().map(of).sum()
}

#[cfg(test)]
mod tests {
    use super::super::measures::DIVISIONS;
    use super::*;

    #[test]
    fn names_say_the_hand() {
        for (name, hand, rest) in [
            ("Piano right hand", Hand::Right, "Piano"),
            ("pianoDown:", Hand::Left, "piano"),
            ("RH:one", Hand::Right, "one"),
            ("upper:", Hand::Right, ""),
        ] {
            assert_eq!(named(name), Some((hand, rest.to_owned())), "{name}");
        }
        for name in ["", "Bright piano", "Uptown", "left and right"] {
            assert_eq!(named(name), None, "{name}");
        }
    }

    #[test]
    fn a_scale_through_middle_c_stays_in_one_hand() {
        let note = |onset: u64, pitch: u8| SheetNote {
            onset: onset * DIVISIONS / 4,
            end: (onset + 1) * DIVISIONS / 4,
            pitch,
            velocity: 64,
            program: 0,
            channel: 0,
            fifths: 0,
        };
        let bass = [36, 43, 36, 43].into_iter().enumerate().map(|(beat, pitch)| note(4 * beat as u64, pitch));
        let scale = [72, 71, 69, 67, 65, 64, 62, 60, 59, 57, 59, 60, 62, 64, 65, 67];
        let scale = scale.into_iter().enumerate().map(|(step, pitch)| note(step as u64, pitch));
        let mut notes: Vec<SheetNote> = bass.chain(scale).collect();
        notes.sort();
        let (right, left) = split(&notes);
        assert_eq!((right.len(), left.len()), (16, 4));
    }
}
