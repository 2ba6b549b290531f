//! Predictors that need no training by gradients: what each test piece costs them.

use composer_music::frame_json::FrameSets;
use composer_music::representation::frames::Frame;
use serde::Serialize;

use super::ppm::{Past, Ppm, View};
use crate::likelihood::FrameSpace;
use crate::likelihood::marginal::Marginal;
use crate::likelihood::markov::MarkovChain;

/// What every test piece costs a predictor.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PieceNats {
    /// The predictor.
    pub name: String,
    /// −ln P of each test piece, in nats, in the order of the set.
    pub nats: Vec<f64>,
}

/// Nats per frame of a predictor; each is a sum over pieces ÷ their frames.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SubsetNats {
    /// The predictor.
    pub name: String,
    /// All test pieces.
    pub all: f64,
    /// The clean subset.
    pub clean: f64,
    /// The pieces that are not clean.
    pub others: f64,
}

/// Marginal, Markov chain and [`Ppm`], fitted on the training pieces and scored on the test pieces; sounding plane only. The order
/// of each PPM is that of `orders` which predicts the validation pieces best.
pub fn baselines(sets: &FrameSets, space: FrameSpace, orders: &[usize]) -> Vec<PieceNats> {
    let space = FrameSpace { onset_plane: false, ..space };
    let by_piece = |score: &dyn Fn(&[Vec<Frame>]) -> f64| -> Vec<f64> {
        sets.test.iter().map(|piece| score(std::slice::from_ref(piece))).collect()
    };
    let marginal = Marginal::fit(&sets.train, space);
    let markov = MarkovChain::fit(&sets.train, space);
    let row = |name: &str, nats| PieceNats { name: name.into(), nats };
    let mut rows = vec![
        row("per-pitch marginal", by_piece(&|piece| marginal.score(piece).sounding)),
        row("per-pitch Markov chain", by_piece(&|piece| markov.score(piece).sounding)),
    ];
    let mut absolute = Ppm::choose(&sets.train, &sets.valid, space, View::Absolute, orders);
    let order = absolute.order();
    let mut own = Ppm::without_counts(&sets.train, space, View::Absolute, order);
    let mut relative = Ppm::choose(&sets.train, &sets.valid, space, View::Relative, orders);
    let ppm = |order: usize, what: &str| format!("PPM, order {order}, {what}");
    rows.extend([
        row(&ppm(order, "piece's past only"), own.score(&sets.test, Past::Counted)),
        row(&ppm(order, "training only"), absolute.score(&sets.test, Past::Context)),
        row(&ppm(order, "training and past"), absolute.score(&sets.test, Past::Counted)),
        row(&ppm(relative.order(), "any transposition"), relative.score(&sets.test, Past::Counted)),
    ]);
    rows
}
