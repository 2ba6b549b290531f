//! Recovery: what a bar of wrong notes costs in the true bars after it.

use composer_models::scoring::score;
use composer_models::streams::{Purpose, stream};
use composer_models::{Sequence, SequenceModel, Workspace};
use composer_music::representation::frames::{Frame, pitches};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::music::{BAR, Form, STEPS_PER_QUARTER, grid};
use crate::Error;

/// Stretches of real music, each beside itself with a bar of wrong notes; what follows the bar is the same in both.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Wounds {
    clean: Vec<Vec<Frame>>,
    wounded: Vec<Vec<Frame>>,
    /// The step after the wrong notes.
    after: usize,
    /// Bars after it.
    bars: usize,
}

impl Wounds {
    /// Of stretches of `before + bars` bars, whose bar before the last `bars` is corrupted: every pitch of that bar is moved by
    /// an interval of its own, a semitone to a tritone up or down.
    pub(super) fn new(stretches: &[&[Frame]], before: usize, bars: usize, seed: u64) -> Self {
        let after = before * BAR;
        let mut rng = stream(seed, Purpose::Sampling, 0);
        let clean: Vec<Vec<Frame>> = stretches.iter().map(|stretch| parted(stretch, after)).collect();
        let wounded = clean.iter().map(|piece| wound(piece, after, &mut rng)).collect();
        Wounds { clean, wounded, after, bars }
    }

    /// What the wrong notes cost, in nats per quarter, in each bar after them: the likelihood of the true music after true
    /// music less that after wrong notes.
    pub(super) fn cost(&self, model: &SequenceModel, form: Form) -> Result<Vec<f64>, Error> {
        let clean = self.nats(model, form, &self.clean)?;
        let wounded = self.nats(model, form, &self.wounded)?;
        let quarters = (self.clean.len() * BAR / STEPS_PER_QUARTER).max(1) as f64;
        Ok(wounded.iter().zip(&clean).map(|(wounded, clean)| (wounded - clean) / quarters).collect())
    }

    /// Nats in each bar after the wrong notes, over all pieces.
    fn nats(&self, model: &SequenceModel, form: Form, pieces: &[Vec<Frame>]) -> Result<Vec<f64>, Error> {
        let sequences: Vec<Sequence> = pieces.iter().map(|piece| form.write(piece)).collect();
        let scores = score(model, &sequences, &mut Workspace::default())?;
        let mut nats = vec![0.0; self.bars];
        for (sequence, scores) in sequences.iter().zip(&scores) {
            for (time, nll) in form.clock(sequence).into_iter().zip(scores.total()) {
                // Notes end at the latest with the last bar, and their ends stand after it.
                if let Some(bar) = time.checked_sub(self.after).map(|steps| (steps / BAR).min(self.bars - 1))
                {
                    nats[bar] += nll;
                }
            }
        }
        Ok(nats)
    }
}

/// The stretch with a rest of a sixteenth before step `at`, so that no note of before goes on after it.
fn parted(stretch: &[Frame], at: usize) -> Vec<Frame> {
    let mut piece = stretch.to_vec();
    piece[at - 1] = Frame::default();
    strike_what_rises(&mut piece, 0);
    strike_what_rises(&mut piece, at);
    piece
}

/// Strikes what sounds at a step and not in the step before.
fn strike_what_rises(piece: &mut [Frame], at: usize) {
    let before = at.checked_sub(1).map_or(0, |before| piece[before].sounding);
    piece[at].onsets |= piece[at].sounding & !before;
}

/// The piece with wrong notes in the bar that ends at step `after`.
fn wound(piece: &[Frame], after: usize, rng: &mut ChaCha8Rng) -> Vec<Frame> {
    let (low, high) = (i16::from(grid().pitch_low), i16::from(grid().pitch_high));
    let mut moved = [0u8; 128];
    for (pitch, to) in (0..).zip(&mut moved) {
        let interval = rng.random_range(1..=6) * if rng.random::<bool>() { 1 } else { -1 };
        // What would leave the range goes the other way.
        let inside = (low..=high).contains(&(pitch + interval));
        *to = (if inside { pitch + interval } else { pitch - interval }).clamp(low, high) as u8;
    }
    let move_plane =
        |plane: u128| pitches(plane).fold(0, |to, pitch| to | 1u128 << moved[usize::from(pitch)]);
    let mut wounded = piece.to_vec();
    for frame in &mut wounded[after - BAR..after] {
        *frame = Frame { sounding: move_plane(frame.sounding), onsets: move_plane(frame.onsets) };
    }
    strike_what_rises(&mut wounded, after - BAR);
    wounded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_bar_before_is_wrong() {
        let held = Frame { sounding: 1 << 60 | 1 << 108, onsets: 0 };
        let stretch = vec![held; 4 * BAR];
        let wounds = Wounds::new(&[&stretch], 2, 2, 1);
        let (clean, wounded) = (&wounds.clean[0], &wounds.wounded[0]);
        assert_eq!(clean[0].onsets, held.sounding, "a stretch begins by striking what sounds");
        assert_eq!(clean[2 * BAR].onsets, held.sounding, "and so does what follows the wrong notes");
        for step in 0..4 * BAR {
            let wrong = (BAR..2 * BAR - 1).contains(&step);
            assert_eq!(clean[step] != wounded[step], wrong, "step {step}");
        }
        let wrong: Vec<u8> = pitches(wounded[BAR].sounding).collect();
        assert_eq!(wounded[BAR].onsets, wounded[BAR].sounding);
        assert!(wrong.len() == 2 && wrong.iter().all(|&pitch| (54..=108).contains(&pitch)), "{wrong:?}");
        assert_eq!(clean[2 * BAR - 1], Frame::default(), "no note goes over the bar line");
    }
}
