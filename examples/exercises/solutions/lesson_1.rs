//! Exercise 1, solved.

/// A note on the grid: MIDI pitch, first step, number of steps.
pub type Note = (u8, usize, usize);

/// What sounds and what is struck in each step.
pub fn frames(notes: &[Note], steps: usize) -> Vec<(u128, u128)> {
    let mut frames = vec![(0, 0); steps];
    for &(pitch, start, length) in notes {
        for (step, frame) in frames.iter_mut().enumerate().skip(start).take(length) {
            frame.0 |= 1 << pitch;
            if step == start {
                frame.1 |= 1 << pitch;
            }
        }
    }
    frames
}
