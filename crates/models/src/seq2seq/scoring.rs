//! The likelihood of targets given their sources, pair by pair.

use super::{Pair, PairBatch, Seq2Seq, Seq2SeqWorkspace, Window};
use crate::encoding::FrameSequence;
use crate::{Error, Sequence};
use composer_bptt::Mode;
use ndarray::Axis;

/// Windows that run side by side: bounds the memory.
const ROWS: usize = 16;

/// −ln P(target | source) of one pair.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PairNll {
    /// In nats, summed.
    pub nats: f64,
    /// Steps of the target.
    pub steps: usize,
}

/// −ln P(target | source) of each pair, over windows of `window` steps.
///
/// # Errors
/// A pair does not fit the model.
pub fn pair_nlls(
    model: &Seq2Seq,
    pairs: &[Pair],
    window: usize,
    ws: &mut Seq2SeqWorkspace<f32>,
) -> Result<Vec<PairNll>, Error> {
    let mut batch = PairBatch::new(model.config());
    let mut score = |pair: &Pair| -> Result<PairNll, Error> {
        let starts = (0..pair.target.len()).step_by(window.max(1));
        let windows: Vec<Window<'_>> = starts.map(|start| Window::of(pair, start, window)).collect();
        let mut nll = PairNll { nats: 0.0, steps: 0 };
        for group in windows.chunks(ROWS) {
            batch.fill(model.config(), group)?;
            model.forward(&batch, Mode::Eval, ws)?;
            nll.nats += model.loss(&batch, ws)?;
            nll.steps += batch.target.target_steps;
        }
        Ok(nll)
    };
    pairs.iter().map(&mut score).collect()
}

/// −ln P(target | source) in nats per step of the targets of all pairs, over windows of `window` steps.
///
/// # Errors
/// A pair does not fit the model.
pub fn mean_pair_nll(
    model: &Seq2Seq,
    pairs: &[Pair],
    window: usize,
    ws: &mut Seq2SeqWorkspace<f32>,
) -> Result<f64, Error> {
    let nlls = pair_nlls(model, pairs, window, ws)?;
    let steps: usize = nlls.iter().map(|nll| nll.steps).sum();
    Ok(nlls.iter().map(|nll| nll.nats).sum::<f64>() / steps.max(1) as f64)
}

/// The same targets, each with the source of the next pair, repeated or cut to fit: a control that shows whether a model uses its
/// source. Sources of tokens stay as they are.
pub fn with_shuffled_sources(pairs: &[Pair]) -> Vec<Pair> {
    let shuffled = |(index, pair): (usize, &Pair)| {
        let other = match &pairs[(index + 1) % pairs.len()].source {
            Sequence::Frames(other) => other,
            Sequence::Values(other) if !other.is_empty() => {
                let rows: Vec<usize> = (0..other.nrows()).cycle().take(pair.target.len()).collect();
                return Pair { source: Sequence::Values(other.select(Axis(0), &rows)), ..pair.clone() };
            }
            Sequence::Values(_) | Sequence::Tokens(_) => return pair.clone(),
        };
        let source: Vec<_> = other.iter().copied().cycle().take(pair.target.len()).collect();
        let bars = pair.source.bars().cloned();
        Pair { source: Sequence::Frames(FrameSequence::new(source, bars)), ..pair.clone() }
    };
    pairs.iter().enumerate().map(shuffled).collect()
}
