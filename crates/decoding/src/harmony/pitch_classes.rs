//! Sets of pitch classes, and the names of their letters.

/// A set of pitch classes: bit 0 is C.
pub type PitchClasses = u16;

/// The MIDI pitches of a set of pitch classes, as a plane of a frame.
pub fn plane(classes: PitchClasses) -> u128 {
    (0..128).filter(|pitch| classes >> (pitch % 12) & 1 == 1).fold(0, |plane, pitch| plane | 1 << pitch)
}

/// The pitch class of a letter with accidentals, and what follows it.
pub(crate) fn read_pitch_class(text: &str) -> Option<(u8, &str)> {
    let letter = text.chars().next()?;
    // In chord symbols, B is B natural and H nothing.
    let class = natural(letter).filter(|_| !letter.eq_ignore_ascii_case(&'H'))?;
    let rest = &text[1..];
    let after = rest.trim_start_matches(['#', 'b', '♯', '♭']);
    let accidentals = &rest[..rest.len() - after.len()];
    let shift: i32 = accidentals.chars().map(|c| if matches!(c, '#' | '♯') { 1 } else { -1 }).sum();
    Some(((class + shift).rem_euclid(12) as u8, after))
}

/// The pitch class of a letter; H is B natural.
pub(super) fn natural(letter: char) -> Option<i32> {
    Some(match letter.to_ascii_uppercase() {
        'C' => 0,
        'D' => 2,
        'E' => 4,
        'F' => 5,
        'G' => 7,
        'A' => 9,
        'B' | 'H' => 11,
        _ => return None,
    })
}
