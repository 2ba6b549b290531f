//! Exercise 1: notes become frames.

/// A note on the grid: MIDI pitch, first step, number of steps.
pub type Note = (u8, usize, usize);

/// What sounds and what is struck in each of `steps` steps, as sets of bits: bit `p` is MIDI pitch `p`.
///
/// A pitch that is struck also sounds. What lies beyond the last step is cut off.
pub fn frames(notes: &[Note], steps: usize) -> Vec<(u128, u128)> {
    let mut frames = vec![(0, 0); steps];
    for &(pitch, start, length) in notes {
        // Exercise: set the bit of the pitch in the sounding plane of every step of the note, and in the struck plane of the first.
        let _ = (pitch, start, length, &mut frames);
    }
    frames
}
