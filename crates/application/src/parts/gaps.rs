//! Bars with a gap: what a network that fills gaps reads, and learns to write.

use super::grid::{STEPS_PER_QUARTER, pitched};
use composer_models::Sequence;
use composer_models::encoding::FrameSequence;
use composer_models::seq2seq::Pair;
use composer_music::corpus::content_key;
use composer_music::representation::frames::{Frame, FrameRepresentation};
use composer_music::{BarMap, Score};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::ops::Range;

/// Bars that are read at a time.
pub const WINDOW_BARS: u64 = 16;
/// Bars of a gap at most.
pub const GAP_BARS: u64 = 4;
/// Bars between the beginnings of windows of a piece.
const HOP: u64 = 4;
/// Bars of a window at least.
const LEAST_BARS: u64 = 6;

/// Pitches below the piano that sound throughout a gap: wherever transposition moves them, they are none of the music.
const MARK: u128 = 0b11_1111 << 5;

/// The grid of the source: that of pitched parts, and the marks below.
pub fn marked() -> FrameRepresentation {
    FrameRepresentation { pitch_low: 0, ..pitched() }
}

/// Frames of which a gap is blank and marked.
pub fn blanked(mut frames: Vec<Frame>, gap: Range<usize>) -> Vec<Frame> {
    frames[gap].fill(Frame { sounding: MARK, onsets: 0 });
    frames
}

/// Windows of a piece, each with a gap at a random place, the same for the same piece.
pub fn gaps(score: &Score) -> Vec<Pair> {
    let bars = BarMap::new(score).on_grid(STEPS_PER_QUARTER);
    let piece = FrameSequence::new(pitched().encode(score), Some(bars));
    let key = content_key(score);
    let seed = u64::from_be_bytes([key[0], key[1], key[2], key[3], key[4], key[5], key[6], key[7]]);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let count = piece.bar_count();
    let window = |first: u64| {
        let count = (count - first).min(WINDOW_BARS);
        let length = rng.random_range(1..=GAP_BARS.min(count - 4));
        let gap = rng.random_range(2..=count - length - 2);
        let excerpt = piece.from_bar(first)?;
        let bars = excerpt.bars()?.clone();
        let end = (bars.bar(count - 1).end as usize).min(excerpt.len());
        let target = excerpt.get(..end)?.to_vec();
        let steps = bars.bar(gap).start as usize..bars.bar(gap + length - 1).end as usize;
        let source = blanked(target.clone(), steps.start..steps.end.min(end));
        let source = Sequence::frames_in(source, bars.clone());
        Some(Pair { source, target: Sequence::frames_in(target, bars), style: None })
    };
    (0..(count + 1).saturating_sub(LEAST_BARS)).step_by(HOP as usize).filter_map(window).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use composer_music::corpus;

    #[test]
    fn gaps_are_blank_and_marked_and_all_else_is_given() {
        let piece = &corpus::shipped::piano().pieces[0];
        let pairs = gaps(&piece.score);
        assert!(pairs.len() > 5 && pairs == gaps(&piece.score), "the same for the same piece");
        for pair in pairs {
            let (Sequence::Frames(source), Sequence::Frames(target)) = (&pair.source, &pair.target) else {
                panic!("frames");
            };
            let gap: Vec<usize> = (0..target.len()).filter(|&step| source[step].sounding == MARK).collect();
            let (first, last) = (gap[0], gap[gap.len() - 1]);
            assert_eq!(gap.len(), last + 1 - first);
            let bars = target.bars().expect("bars");
            assert_eq!(bars.bar_at(first as u64).start, first as u64);
            assert!(bars.bar_at(last as u64).index - bars.bar_at(first as u64).index < GAP_BARS);
            for step in (0..target.len()).filter(|step| !gap.contains(step)) {
                assert_eq!(source[step], target[step]);
            }
        }
    }
}
