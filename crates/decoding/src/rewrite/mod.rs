//! Rewriting: some notes of a piece drawn anew from what a model of frames finds likely, given what comes before *and* after.
//!
//! A model that runs from left to right says how likely a continuation is, and so also how likely the music after a gap is for each way to
//! fill it. With `x` the new notes, `y` the frames that follow and `A` what locks allow, the distribution to draw from is
//!
//! ```text
//! π(x) ∝ 1[x ∈ A] · Π_t p̃(x_t | x_<t) · Π_{t ≤ horizon} p(y_t | y_<t, x)
//! ```
//!
//! where `p̃` is the model, at a temperature if that is not 1. A candidate is written frame by frame, each choice within the classes that
//! are allowed; `m(x) = Π` (the probability of all that was allowed at each choice), so that its proposal density is `p̃(x) / m(x)` and its
//! importance weight `m(x) · p(y | x)`.
//!
//! *Sequential Monte Carlo* ([`Rewriter::fill`]): `N` candidates for the whole gap side by side, resampled systematically at bar lines by
//! `m` where locks have made them unequal, and by the likelihood of what follows at the end (Doucet and Johansen, "A tutorial on particle
//! filtering and smoothing", 2009). Over several bars a few candidates take all the weight: the effective sample size, `(Σ w)² / Σ w²`, says so.
//!
//! *Conditional* importance resampling ([`Rewriter::sweep`]) repairs that: the notes that begin in one short block are drawn anew, all others
//! as they stand, and the notes that stand are one of the `N` candidates. That leaves `π` unchanged for any `N` (Andrieu, Doucet and
//! Holenstein, "Particle Markov chain Monte Carlo methods", 2010). A share of the candidates is copied from bars of the piece with
//! like neighbours, which left-to-right proposals would hardly find; they are weighted by their density in the mixture
//! `q(x) = (1 − c) p̃(x) / m(x) + c · (share of the copies that are x)`, so that `π` stays what it is.
//!
//! Where the horizon reaches the end of the piece, all of this is exact; a shorter one leaves out what the frames behind it say.

mod block;
mod chain;
mod draw;
mod left;
mod limits;
mod options;
mod passage;
mod rows;
mod weights;

pub use chain::{Rewriter, Update};
pub use left::write_once;
pub use options::RewriteOptions;
pub use passage::{GridNote, Keep, Passage, lay_over};
pub use weights::{effective_sample_size, systematic};
