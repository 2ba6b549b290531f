//! Hardly any music: what anybody sees at a glance, whatever the reference.

use super::fault::Fault;
use super::finding::{Finding, bar_list};
use crate::grid::{Grid, STEPS_PER_QUARTER};

/// Fewer moments at which notes begin are no music yet.
const FEWEST_ONSETS: usize = 6;
/// From this length in steps on, a piece of one or two onsets is a drone: eight quarters.
const DRONE: u32 = 8 * STEPS_PER_QUARTER;
/// From so many bars on, less than one onset in a bar is hardly any music.
const BARS: usize = 4;

/// The finding of a piece with hardly any music, in the obvious sentence; `None` if there is enough to judge.
pub(super) fn find(grid: &Grid) -> Option<Finding> {
    let notes = grid.notes.len();
    let onsets: Vec<u32> =
        grid.notes.chunk_by(|a, b| a.onset == b.onset).map(|chord| chord[0].onset).collect();
    let (bars, everywhere) = (grid.num_bars(), bar_list(std::slice::from_ref(&(0..grid.num_bars()))));
    let counted = |count: usize, noun: &str| match count {
        1 => format!("one {noun}"),
        2 => format!("two {noun}s"),
        count => format!("{count} {noun}s"),
    };
    let sentence = match onsets.len() {
        0 => "There is not a single note with a pitch.".to_owned(),
        // Everything that begins does so at once, and stays to the end.
        1 if grid.len() - onsets[0] >= DRONE => {
            let verb = if notes == 1 { "sounds" } else { "sound" };
            format!(
                "A drone: {} {verb} unbroken in {everywhere}, and nothing else happens.",
                counted(notes, "note")
            )
        }
        count if count < FEWEST_ONSETS || bars >= BARS && count < bars => {
            let there = if notes == 1 { "is" } else { "are" };
            format!("There {there} only {} in {}.", counted(notes, "note"), counted(bars, "bar"))
        }
        _ => return None,
    };
    let (cause, remedy) = match notes {
        0 => (
            "silence was always the most likely step",
            "raise --temperature towards 1, or train longer (--epochs)",
        ),
        _ => (
            "the most likely step is to go on as before, with rests or held notes",
            "raise --onset-temperature (or --temperature) towards 1; then train longer (--epochs)",
        ),
    };
    Some(Finding {
        mode: Fault::HardlyAnyMusic,
        score: onsets.len() as f64,
        threshold: FEWEST_ONSETS.max(bars) as f64,
        usual: None,
        percentile: 1.0,
        bars: Vec::new(),
        sentence,
        cause,
        remedy,
        secondary: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::GridNote;

    fn sentence(notes: &[(u32, u8, u32)]) -> Option<String> {
        let notes = notes.iter().map(|&(onset, pitch, duration)| GridNote { onset, pitch, duration });
        find(&Grid::with_bars_of(notes.collect(), 36)).map(|finding| finding.sentence)
    }

    #[test]
    fn what_anybody_sees_is_said_in_one_sentence() {
        for (notes, expected) in [
            (&[][..], "There is not a single note with a pitch."),
            (&[(0, 60, 36)], "There is only one note in one bar."),
            (
                &[(0, 48, 360), (0, 55, 360)],
                "A drone: two notes sound unbroken in bars 1–10, and nothing else happens.",
            ),
            (
                &[(0, 60, 12), (100, 62, 12), (200, 64, 12), (340, 60, 12)],
                "There are only 4 notes in 10 bars.",
            ),
        ] {
            assert_eq!(sentence(notes).as_deref(), Some(expected));
        }
        let melody: Vec<(u32, u8, u32)> = (0..30).map(|i| (12 * i, 60 + (i % 5) as u8, 12)).collect();
        assert_eq!(sentence(&melody), None);
    }
}
