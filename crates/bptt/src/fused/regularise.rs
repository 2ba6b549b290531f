//! Masks that are drawn for training: dropout, recurrent dropout, zoneout.

use composer_tensor::Scalar;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// How much of the previous state a step keeps.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Zone<'a, S> {
    /// Nothing.
    Off,
    /// This share of every unit: the expectation.
    Share(S),
    /// All of the units where this `[T, B, H]` is one.
    Drawn(&'a [S]),
}

impl<S: Scalar> Zone<'_, S> {
    /// `now = (1 − zone)·now + zone·prev`, where `now` begins at element `from` of `[T, B, H]`.
    pub(crate) fn blend(&self, now: &mut [S], prev: &[S], from: usize) {
        self.for_each(now, prev, from, |now, prev, zone| *now = (S::one() - zone) * *now + zone * *prev);
    }

    /// Splits the gradient of the blend: `d` keeps the part of the new state, `to_prev` gets that of the previous one.
    pub(crate) fn split(&self, d: &mut [S], to_prev: &mut [S], from: usize) {
        match *self {
            Zone::Off => {}
            Zone::Share(share) => {
                for (d, to_prev) in d.iter_mut().zip(to_prev) {
                    *to_prev = share * *d;
                    *d = (S::one() - share) * *d;
                }
            }
            Zone::Drawn(zone) => {
                for ((d, to_prev), &zone) in d.iter_mut().zip(to_prev).zip(&zone[from..]) {
                    *to_prev = zone * *d;
                    *d = (S::one() - zone) * *d;
                }
            }
        }
    }

    fn for_each(&self, now: &mut [S], prev: &[S], from: usize, run: impl Fn(&mut S, &S, S)) {
        match *self {
            Zone::Off => {}
            Zone::Share(share) => now.iter_mut().zip(prev).for_each(|(now, prev)| run(now, prev, share)),
            Zone::Drawn(zone) => {
                now.iter_mut()
                    .zip(prev)
                    .zip(&zone[from..])
                    .for_each(|((now, prev), &zone)| run(now, prev, zone));
            }
        }
    }

    pub(crate) fn is_off(&self) -> bool {
        matches!(self, Zone::Off)
    }
}

/// Zero with probability `p`, `1 / (1 − p)` otherwise: a product with it keeps its expectation.
pub(crate) fn draw_keep_mask<S: Scalar>(mask: &mut [S], p: f64, rng: &mut ChaCha8Rng) {
    let keep = S::of(1.0 / (1.0 - p));
    for value in mask {
        *value = if rng.random_bool(p) { S::zero() } else { keep };
    }
}

/// One with probability `p`, zero otherwise.
pub(crate) fn draw_zone_mask<S: Scalar>(mask: &mut [S], p: f64, rng: &mut ChaCha8Rng) {
    for value in mask {
        *value = if rng.random_bool(p) { S::one() } else { S::zero() };
    }
}
