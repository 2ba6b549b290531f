//! Prediction by partial matching (PPM; Cleary and Witten 1984) over frames: a predictor that can only repeat what it has seen.

use std::collections::HashMap;

use composer_music::representation::frames::Frame;
use serde::Serialize;

use super::trie::{Contexts, Prediction, Seen, Trie};
use crate::likelihood::FrameSpace;
use crate::likelihood::markov::{MarkovChain, SoundingCosts};

/// What the symbols of the contexts are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum View {
    /// Frames as they are.
    Absolute,
    /// The movement of the lowest pitch and the chord above it: the same at any transposition.
    Relative,
}

/// Which past of a piece a prediction may use beside the training pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Past {
    /// The last frames as a context only.
    Context,
    /// All frames so far are counted as training frames are, and forgotten after the piece.
    Counted,
}

/// Movement of the lowest pitch (0 in [`View::Absolute`] and for silence), and the pitches (from the lowest one on).
type Key = (i16, u128);

/// PPM with escape method C and exclusion over the frames of a [`FrameSpace`] without an onset plane.
///
/// Counts are updated in contexts of all lengths. A frame that no context has seen has the probability of the per-pitch
/// [`MarkovChain`] (of the marginal at the first frame), divided by what that leaves for all frames which were not seen: every one
/// of the `2^88` frames has a positive probability, and all sum to 1. In [`View::Relative`] a frame is a step from the last pitch
/// that was lowest; before anything has sounded, there is none.
#[derive(Clone, Debug)]
pub struct Ppm {
    space: FrameSpace,
    view: View,
    order: usize,
    base: MarkovChain,
    trie: Trie,
    numbers: HashMap<Key, u32>,
    keys: Vec<Key>,
    seen: Seen,
}

/// Where a piece is.
struct Place {
    previous: Option<Frame>,
    lowest: Option<u8>,
    contexts: Contexts,
}

impl Place {
    fn start() -> Self {
        Self { previous: None, lowest: None, contexts: Contexts::start() }
    }
}

impl Ppm {
    /// The base distribution fitted on the training pieces, and no counts: it has seen nothing that could be copied. Contexts
    /// have at most `order` frames.
    pub fn without_counts(
        train: &[Vec<Frame>],
        space: impl Into<FrameSpace>,
        view: View,
        order: usize,
    ) -> Self {
        let space = FrameSpace { onset_plane: false, ..space.into() };
        let base = MarkovChain::fit(train, space);
        let (trie, seen) = (Trie::new(order), Seen::default());
        Self { space, view, order, base, trie, numbers: HashMap::new(), keys: Vec::new(), seen }
    }

    /// Counts of all training pieces.
    pub fn fit(train: &[Vec<Frame>], space: impl Into<FrameSpace>, view: View, order: usize) -> Self {
        let mut ppm = Self::without_counts(train, space, view, order);
        train.iter().for_each(|piece| ppm.learn(piece));
        ppm
    }

    /// As [`Self::fit`], with that order of `orders` which predicts other pieces best; the first without any.
    pub fn choose(
        train: &[Vec<Frame>],
        valid: &[Vec<Frame>],
        space: impl Into<FrameSpace>,
        view: View,
        orders: &[usize],
    ) -> Self {
        let mut ppm = Self::fit(train, space, view, orders.iter().copied().max().unwrap_or(0));
        let mut nats = |order: usize| {
            ppm.order = order;
            ppm.score(valid, Past::Counted).iter().sum::<f64>()
        };
        let all: Vec<(usize, f64)> = orders.iter().map(|&order| (order, nats(order))).collect();
        if let Some(best) = all.iter().min_by(|a, b| a.1.total_cmp(&b.1)) {
            ppm.order = best.0;
        }
        ppm
    }

    /// The longest context, in frames.
    pub fn order(&self) -> usize {
        self.order
    }

    /// −ln of the probability of each piece, in nats; without frames 0.
    pub fn score(&mut self, pieces: &[Vec<Frame>], past: Past) -> Vec<f64> {
        pieces.iter().map(|piece| self.score_piece(piece, past)).collect()
    }

    fn score_piece(&mut self, piece: &[Frame], past: Past) -> f64 {
        let (mut place, mut log, mut nats) = (Place::start(), Vec::new(), 0.0);
        for frame in piece {
            let sounding = frame.sounding & self.space.mask();
            nats += self.frame_nats(&place, sounding);
            match (self.key(&place, sounding), past) {
                (Some(key), Past::Counted) => {
                    let symbol = self.number(key);
                    self.trie.learn(&mut place.contexts, symbol, &mut log);
                }
                (Some(key), Past::Context) => {
                    self.trie.follow(&mut place.contexts, self.numbers.get(&key).copied());
                }
                (None, _) => {}
            }
            move_on(&mut place, sounding);
        }
        self.trie.take_back(log);
        nats
    }

    fn learn(&mut self, piece: &[Frame]) {
        let (mut place, mut log) = (Place::start(), Vec::new());
        for frame in piece {
            let sounding = frame.sounding & self.space.mask();
            if let Some(key) = self.key(&place, sounding) {
                let symbol = self.number(key);
                self.trie.learn(&mut place.contexts, symbol, &mut log);
                log.clear();
            }
            move_on(&mut place, sounding);
        }
    }

    fn frame_nats(&mut self, place: &Place, sounding: u128) -> f64 {
        let symbol = self.key(place, sounding).and_then(|key| self.numbers.get(&key).copied());
        let mut seen = std::mem::take(&mut self.seen);
        let possible = |symbol: u32| self.sounding(place, symbol).is_some();
        let found = self.trie.predict(&place.contexts, self.order, symbol, possible, &mut seen);
        let nats = match found {
            Prediction::Seen(nats) => nats,
            Prediction::New(escapes) => {
                let costs = self.base.sounding_costs(place.previous.as_ref());
                let known = seen.symbols().iter().filter_map(|&symbol| self.sounding(place, symbol));
                escapes + base_nats(&costs, sounding, known)
            }
        };
        self.seen = seen;
        nats
    }

    /// The symbol of a frame; `None` if it has none: a first chord without one to move from.
    fn key(&self, place: &Place, sounding: u128) -> Option<Key> {
        if self.view == View::Absolute || sounding == 0 {
            return Some((0, sounding));
        }
        let lowest = sounding.trailing_zeros();
        Some((lowest as i16 - i16::from(place.lowest?), sounding >> lowest))
    }

    /// The frame of a symbol; `None` if it would leave the range of pitches.
    fn sounding(&self, place: &Place, symbol: u32) -> Option<u128> {
        let (movement, chord) = self.keys[symbol as usize];
        if self.view == View::Absolute || chord == 0 {
            return Some(chord);
        }
        let lowest = i16::from(place.lowest?) + movement;
        let highest = lowest + chord.ilog2() as i16;
        let inside = lowest >= i16::from(self.space.pitch_low) && highest <= i16::from(self.space.pitch_high);
        inside.then(|| chord << lowest)
    }

    fn number(&mut self, key: Key) -> u32 {
        *self.numbers.entry(key).or_insert_with(|| {
            self.keys.push(key);
            (self.keys.len() - 1) as u32
        })
    }
}

fn move_on(place: &mut Place, sounding: u128) {
    place.previous = Some(Frame { sounding, onsets: 0 });
    if sounding != 0 {
        place.lowest = Some(sounding.trailing_zeros() as u8);
    }
}

/// Nats of a frame under the base distribution, given that it is none of those that are `known`.
fn base_nats(costs: &SoundingCosts, sounding: u128, known: impl Iterator<Item = u128>) -> f64 {
    let of_known: f64 = known.map(|frame| (-costs.nats(frame)).exp()).sum();
    let nats = costs.nats(sounding);
    // The frame itself is among the others; rounding must not leave less than it.
    nats + (1.0 - of_known).max((-nats).exp()).max(f64::MIN_POSITIVE).ln()
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    const SMALL: FrameSpace = FrameSpace { pitch_low: 60, pitch_high: 63, onset_plane: false };

    fn piece(rng: &mut ChaCha8Rng, frames: usize) -> Vec<Frame> {
        (0..frames).map(|_| Frame { sounding: rng.random_range(0..12u128) << 60, onsets: 0 }).collect()
    }

    #[test]
    fn probabilities_of_all_frames_sum_to_one() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let train: Vec<_> = (0..3).map(|_| piece(&mut rng, 30)).collect();
        for view in [View::Absolute, View::Relative] {
            for past in [Past::Context, Past::Counted] {
                for order in [0, 1, 4] {
                    let mut ppm = Ppm::fit(&train, SMALL, view, order);
                    for length in 0..8 {
                        // Ends in frames that training has, and in one that it cannot have.
                        let mut beginning = piece(&mut rng, length);
                        if length == 7 {
                            beginning.push(Frame { sounding: 15 << 60, onsets: 0 });
                        }
                        let of_beginning = ppm.score(std::slice::from_ref(&beginning), past)[0];
                        let probability = |frame: u128| {
                            let mut whole = beginning.clone();
                            whole.push(Frame { sounding: frame << 60, onsets: 0 });
                            (of_beginning - ppm.score(&[whole], past)[0]).exp()
                        };
                        let total: f64 = (0..16).map(probability).sum();
                        assert_abs_diff_eq!(total, 1.0, epsilon = 1e-9);
                    }
                }
            }
        }
    }

    #[test]
    fn a_copy_costs_almost_nothing_at_another_pitch_too() {
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        let chord = |rng: &mut ChaCha8Rng| (0..4).fold(0, |set, _| set | 1u128 << rng.random_range(45..75));
        let original: Vec<Frame> = (0..200).map(|_| Frame { sounding: chord(&mut rng), onsets: 0 }).collect();
        let transposed: Vec<Frame> = original.iter().map(|frame| frame.transpose(5)).collect();
        let train = vec![original.clone()];
        let nats = |view, test: &Vec<Frame>| {
            let mut ppm = Ppm::fit(&train, FrameSpace::PIANO, view, 8);
            ppm.score(std::slice::from_ref(test), Past::Context)[0] / 200.0
        };
        // Seen once: ½ at the longest context, every time.
        assert!(nats(View::Absolute, &original) < 0.9);
        assert!(nats(View::Relative, &original) < 0.9 && nats(View::Relative, &transposed) < 0.9);
        assert!(nats(View::Absolute, &transposed) > 5.0);
        // Seen eight times: 8 in 9.
        let mut ppm = Ppm::fit(&vec![original.clone(); 8], FrameSpace::PIANO, View::Absolute, 8);
        assert!(ppm.score(&[original], Past::Context)[0] / 200.0 < 0.2);
    }

    #[test]
    fn a_piece_that_repeats_itself_is_predicted_by_its_own_past() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let phrase = piece(&mut rng, 40);
        let repeated: Vec<Frame> = phrase.iter().cycle().take(200).copied().collect();
        let test = [repeated];
        let train = [piece(&mut rng, 40)];
        let mut ppm = Ppm::without_counts(&train, SMALL, View::Absolute, 8);
        let (context, counted) = (ppm.score(&test, Past::Context)[0], ppm.score(&test, Past::Counted)[0]);
        assert!(counted < 0.7 * context, "{counted} of {context}");
        assert_eq!(ppm.score(&test, Past::Counted)[0], counted, "nothing stays of a piece that was scored");
        // Without counts it is the Markov chain.
        let chain = MarkovChain::fit(&train, SMALL).score(&test);
        assert_abs_diff_eq!(context, chain.sounding, epsilon = 1e-9);
    }
}
