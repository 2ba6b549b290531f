//! Whether a model uses its source: its likelihood on held-out pieces, with their source, with a shuffled one, and without any.

use composer_evaluation::significance::Interval;
use composer_evaluation::significance::bootstrap::bootstrap;
use composer_models::Seq2Seq;
use composer_models::seq2seq::{Pair, Seq2SeqWorkspace, pair_nlls, with_shuffled_sources};
use composer_models::streams::{Purpose, stream};
use serde::Serialize;

/// Steps of a window that is measured: 32 bars.
const WINDOW: usize = 512;

/// Draws of the bootstrap.
const RESAMPLES: usize = 2000;

/// A held-out piece in nats, summed over the steps of the new part.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measured {
    steps: usize,
    with_source: f64,
    with_shuffled_source: f64,
    /// By an unconditional model: one that was trained without a source.
    unconditional: Option<f64>,
}

/// Measures each of some held-out pairs.
///
/// # Errors
/// A pair is none of the models'.
pub(super) fn held_out(
    model: &Seq2Seq,
    unconditional: Option<&Seq2Seq>,
    pairs: &[Pair],
) -> anyhow::Result<Vec<Measured>> {
    let mut ws = Seq2SeqWorkspace::default();
    let conditional = pair_nlls(model, pairs, WINDOW, &mut ws)?;
    let shuffled = pair_nlls(model, &with_shuffled_sources(pairs), WINDOW, &mut ws)?;
    let unconditional = unconditional
        .map(|model| pair_nlls(model, pairs, WINDOW, &mut Seq2SeqWorkspace::default()))
        .transpose()?;
    let measured = |index: usize| Measured {
        steps: conditional[index].steps,
        with_source: conditional[index].nats,
        with_shuffled_source: shuffled[index].nats,
        unconditional: unconditional.as_ref().map(|nlls| nlls[index].nats),
    };
    Ok((0..pairs.len()).map(measured).collect())
}

/// A figure of the new part in nats per step, with its 95 % interval over pieces.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PartFigure {
    /// What was measured, in words.
    pub name: &'static str,
    /// The figure.
    pub nats_per_step: Interval,
}

/// Figures of held-out pieces. Lower is better, but for the differences.
pub(super) fn figures(pieces: &[Measured], seed: u64) -> Vec<PartFigure> {
    let figure = |name, nats: &dyn Fn(&Measured) -> f64| {
        let mean = |pieces: &[Measured]| {
            let steps: usize = pieces.iter().map(|piece| piece.steps).sum();
            pieces.iter().map(nats).sum::<f64>() / steps.max(1) as f64
        };
        // The same draws for every figure.
        let mut rng = stream(seed, Purpose::Sampling, 0);
        PartFigure { name, nats_per_step: bootstrap(pieces, mean, RESAMPLES, &mut rng) }
    };
    let mut figures = vec![
        figure("with the source", &|piece| piece.with_source),
        figure("with a shuffled source", &|piece| piece.with_shuffled_source),
        figure("more with a shuffled source", &|piece| piece.with_shuffled_source - piece.with_source),
    ];
    if pieces.iter().all(|piece| piece.unconditional.is_some()) {
        let unconditional = |piece: &Measured| piece.unconditional.unwrap_or(f64::NAN);
        figures.push(figure("for an unconditional model", &unconditional));
        let more = |piece: &Measured| unconditional(piece) - piece.with_source;
        figures.push(figure("more for an unconditional model", &more));
    }
    figures
}
