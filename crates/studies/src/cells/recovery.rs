//! Recovery: the loss that a bar of wrong notes adds to the unchanged bars after it.

use composer_models::scoring::score;
use composer_models::streams::{Purpose, stream};
use composer_models::{Sequence, SequenceModel, Workspace};
use composer_music::representation::frames::{Frame, pitches};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::music::{BAR, Form, STEPS_PER_QUARTER, grid};
use crate::Error;

/// Excerpts of real music, each in its original form and with a bar of wrong notes. The bars after it are the same in both.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Perturbations {
    clean: Vec<Vec<Frame>>,
    perturbed: Vec<Vec<Frame>>,
    /// The first step after the wrong notes.
    after: usize,
    /// Bars after the wrong notes.
    bars: usize,
}

impl Perturbations {
    /// Perturbs the last of the first `before` bars of each excerpt, which has `before + bars` bars. Every pitch of that bar is
    /// moved up or down by a random interval between a semitone and a tritone.
    pub(super) fn new(excerpts: &[&[Frame]], before: usize, bars: usize, seed: u64) -> Self {
        let after = before * BAR;
        let mut rng = stream(seed, Purpose::Sampling, 0);
        let clean: Vec<Vec<Frame>> = excerpts.iter().map(|excerpt| separated(excerpt, after)).collect();
        let perturbed = clean.iter().map(|piece| perturb(piece, after, &mut rng)).collect();
        Perturbations { clean, perturbed, after, bars }
    }

    /// The added loss in each bar after the wrong notes, in nats per quarter: −ln P of the bar after wrong notes minus −ln P of the
    /// same bar after the original notes.
    pub(super) fn cost(&self, model: &SequenceModel, form: Form) -> Result<Vec<f64>, Error> {
        let clean = self.nats(model, form, &self.clean)?;
        let perturbed = self.nats(model, form, &self.perturbed)?;
        let quarters = (self.clean.len() * BAR / STEPS_PER_QUARTER).max(1) as f64;
        Ok(perturbed.iter().zip(&clean).map(|(perturbed, clean)| (perturbed - clean) / quarters).collect())
    }

    /// −ln P of each bar after the wrong notes, in nats, summed over all pieces.
    fn nats(&self, model: &SequenceModel, form: Form, pieces: &[Vec<Frame>]) -> Result<Vec<f64>, Error> {
        let sequences: Vec<Sequence> = pieces.iter().map(|piece| form.write(piece)).collect();
        let scores = score(model, &sequences, &mut Workspace::default())?;
        let mut nats = vec![0.0; self.bars];
        for (sequence, scores) in sequences.iter().zip(&scores) {
            for (time, nll) in form.times(sequence).into_iter().zip(scores.total()) {
                // The NOTE_OFF tokens after the last bar belong to it.
                if let Some(bar) = time.checked_sub(self.after).map(|steps| (steps / BAR).min(self.bars - 1))
                {
                    nats[bar] += nll;
                }
            }
        }
        Ok(nats)
    }
}

/// The excerpt with a rest of a sixteenth before step `at`, so that no note is held across it.
fn separated(excerpt: &[Frame], at: usize) -> Vec<Frame> {
    let mut piece = excerpt.to_vec();
    piece[at - 1] = Frame::default();
    add_onsets(&mut piece, 0);
    add_onsets(&mut piece, at);
    piece
}

/// Adds an onset to every pitch that sounds at a step and not at the step before.
fn add_onsets(piece: &mut [Frame], at: usize) {
    let before = at.checked_sub(1).map_or(0, |before| piece[before].sounding);
    piece[at].onsets |= piece[at].sounding & !before;
}

/// The piece with wrong notes in the bar before step `after`.
fn perturb(piece: &[Frame], after: usize, rng: &mut ChaCha8Rng) -> Vec<Frame> {
    let (low, high) = (i16::from(grid().pitch_low), i16::from(grid().pitch_high));
    let mut moved = [0u8; 128];
    for (pitch, to) in (0..).zip(&mut moved) {
        let interval = rng.random_range(1..=6) * if rng.random::<bool>() { 1 } else { -1 };
        // A pitch that would leave the range moves the other way.
        let inside = (low..=high).contains(&(pitch + interval));
        *to = (if inside { pitch + interval } else { pitch - interval }).clamp(low, high) as u8;
    }
    let move_plane =
        |plane: u128| pitches(plane).fold(0, |to, pitch| to | 1u128 << moved[usize::from(pitch)]);
    let mut perturbed = piece.to_vec();
    for frame in &mut perturbed[after - BAR..after] {
        *frame = Frame { sounding: move_plane(frame.sounding), onsets: move_plane(frame.onsets) };
    }
    add_onsets(&mut perturbed, after - BAR);
    perturbed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_bar_is_perturbed() {
        let held = Frame { sounding: 1 << 60 | 1 << 108, onsets: 0 };
        let excerpt = vec![held; 4 * BAR];
        let perturbations = Perturbations::new(&[&excerpt], 2, 2, 1);
        let (clean, perturbed) = (&perturbations.clean[0], &perturbations.perturbed[0]);
        assert_eq!(clean[0].onsets, held.sounding, "an excerpt begins with onsets");
        assert_eq!(clean[2 * BAR].onsets, held.sounding, "and so do the bars after the wrong notes");
        for step in 0..4 * BAR {
            let wrong = (BAR..2 * BAR - 1).contains(&step);
            assert_eq!(clean[step] != perturbed[step], wrong, "step {step}");
        }
        let wrong: Vec<u8> = pitches(perturbed[BAR].sounding).collect();
        assert_eq!(perturbed[BAR].onsets, perturbed[BAR].sounding);
        assert!(wrong.len() == 2 && wrong.iter().all(|&pitch| (54..=108).contains(&pitch)), "{wrong:?}");
        assert_eq!(clean[2 * BAR - 1], Frame::default(), "no note is held over the bar line");
    }
}
