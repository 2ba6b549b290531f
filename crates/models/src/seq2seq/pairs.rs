//! Pairs of parts, and batches of them.

use super::Seq2SeqConfig;
use crate::Error;
use crate::batch::{SequenceBatch, Slice, transposed};
use crate::encoding::Sequence;
use composer_bptt::{Input, Mask};
use rand::{Rng, RngExt};

/// A part, and what goes with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// What is given: symbols, or features of each step that are on (1) or off (0), as a [`Sequence::mapping`] onto nothing.
    pub source: Sequence,
    /// What is to be written.
    pub target: Sequence,
    /// Which style it is in, below the number of styles; `None` in a model without.
    pub style: Option<u32>,
}

/// Steps of a pair.
#[derive(Clone, Copy, Debug)]
pub struct Window<'a> {
    /// The pair.
    pub pair: &'a Pair,
    /// First step of source and target.
    pub start: usize,
    /// Steps of either at most.
    pub steps: usize,
    /// Semitones to transpose both by; ignored for tokens.
    pub transpose: i8,
}

impl<'a> Window<'a> {
    /// So many steps of a pair, as they are written.
    pub fn of(pair: &'a Pair, start: usize, steps: usize) -> Self {
        Self { pair, start, steps, transpose: 0 }
    }

    fn source_steps(&self) -> usize {
        self.pair.source.len().saturating_sub(self.start).min(self.steps)
    }

    /// Steps of the target in it.
    pub fn target_steps(&self) -> usize {
        self.pair.target.len().saturating_sub(self.start).min(self.steps)
    }
}

/// Windows of pairs side by side, time-major and padded.
#[derive(Clone, Debug)]
pub struct PairBatch {
    /// `S`, steps of the source.
    pub source_steps: usize,
    /// Features of the source that are on.
    source_indices: Vec<u32>,
    source_offsets: Vec<usize>,
    /// Which steps of the source are no padding.
    pub source_mask: Mask,
    /// The target: its inputs are the symbols before.
    pub target: SequenceBatch,
}

impl PairBatch {
    /// An empty batch, to be filled.
    pub fn new(config: &Seq2SeqConfig) -> Self {
        Self {
            source_steps: 0,
            source_indices: Vec::new(),
            source_offsets: vec![0],
            source_mask: Mask::from_lengths(&[], 0),
            target: SequenceBatch::new(&config.target),
        }
    }

    /// Fills the batch with windows.
    ///
    /// # Errors
    /// A sequence or a style is none of the model's.
    pub fn fill(&mut self, config: &Seq2SeqConfig, windows: &[Window<'_>]) -> Result<(), Error> {
        for window in windows {
            config.source.check(&window.pair.source)?;
            config.target.check(&window.pair.target)?;
            if let Sequence::Values(given) = &window.pair.source
                && given
                    .rows()
                    .into_iter()
                    .skip(window.start)
                    .take(window.steps)
                    .flatten()
                    .any(|&value| value != 0.0 && value != 1.0)
            {
                return Err(Error::Unsupported("the given features of a source are 1 (on) or 0 (off)"));
            }
            let style = window.pair.style.map_or(0, |style| style as usize + 1);
            if style > config.styles {
                return Err(Error::UnknownStyle { style: style - 1, styles: config.styles });
            }
        }
        self.fill_source(config, windows);
        let steps = windows.iter().map(Window::target_steps).max().unwrap_or(0);
        let slices: Vec<Option<Slice<'_>>> = windows
            .iter()
            .map(|window| {
                let Window { pair, start, transpose, .. } = *window;
                Some(Slice { sequence: &pair.target, start, transpose })
            })
            .collect();
        self.target.fill(&config.target, &slices, steps);
        Ok(())
    }

    fn fill_source(&mut self, config: &Seq2SeqConfig, windows: &[Window<'_>]) {
        let lengths: Vec<usize> = windows.iter().map(Window::source_steps).collect();
        self.source_steps = lengths.iter().copied().max().unwrap_or(0);
        self.source_mask = Mask::from_lengths(&lengths, self.source_steps);
        self.source_indices.clear();
        self.source_offsets.truncate(1);
        for step in 0..self.source_steps {
            for (window, &length) in windows.iter().zip(&lengths) {
                if step < length {
                    let place = window.start + step;
                    let (source, features) = (&window.pair.source, &mut self.source_indices);
                    if let Sequence::Values(given) = source {
                        let on = (0u32..).zip(given.row(place)).filter(|(_, value)| **value == 1.0);
                        features.extend(on.map(|(index, _)| index));
                    } else {
                        let symbol = source.symbol(place);
                        let symbol = symbol.map(|symbol| transposed(symbol, window.transpose));
                        config.source.push_features(place, source.bars(), symbol, features);
                    }
                    let style = window.pair.style.map(|style| config.source.inputs() as u32 + style);
                    self.source_indices.extend(style);
                }
                self.source_offsets.push(self.source_indices.len());
            }
        }
    }

    /// Input dropout, while training: drops each feature of a symbol of the source with probability `source`, and of the symbols
    /// that the decoder is fed with probability `history`. Style, start and place in the metre stay; nothing is scaled up.
    ///
    /// A decoder that cannot rely on its own past must use the source (the word dropout of Bowman et al. 2016); an encoder that
    /// misses some notes overfits less.
    pub fn drop_inputs(&mut self, config: &Seq2SeqConfig, source: f64, history: f64, rng: &mut impl Rng) {
        let (symbols, outputs) = (config.source.outputs(), config.target.outputs());
        drop_features(&mut self.source_indices, &mut self.source_offsets, symbols, source, rng);
        drop_features(&mut self.target.indices, &mut self.target.offsets, outputs, history, rng);
    }

    /// The source as the encoder reads it.
    pub fn source_input<S>(&self) -> Input<'_, S> {
        Input::MultiHot { indices: &self.source_indices, offsets: &self.source_offsets }
    }
}

/// Removes features below `symbols` with a probability, in place.
fn drop_features(
    indices: &mut Vec<u32>,
    offsets: &mut [usize],
    symbols: usize,
    probability: f64,
    rng: &mut impl Rng,
) {
    if probability <= 0.0 {
        return;
    }
    let (mut kept, mut from) = (0, 0);
    for offset in &mut offsets[1..] {
        for place in from..*offset {
            let index = indices[place];
            if index as usize >= symbols || rng.random::<f64>() >= probability {
                indices[kept] = index;
                kept += 1;
            }
        }
        from = std::mem::replace(offset, kept);
    }
    indices.truncate(kept);
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::abs_diff_eq;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn symbols_are_dropped_as_often_as_asked_and_nothing_else_is() {
        let rows = 2000;
        let mut indices: Vec<u32> = (0..rows).flat_map(|_| [0, 3, 7, 12]).collect();
        let mut offsets: Vec<usize> = (0..=rows).map(|row| 4 * row).collect();
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        drop_features(&mut indices, &mut offsets, 7, 0.25, &mut rng);
        assert_eq!((offsets.len(), offsets[rows]), (rows + 1, indices.len()));
        let share = indices.iter().filter(|&&index| index < 7).count() as f64 / (2 * rows) as f64;
        assert!(abs_diff_eq!(share, 0.75, epsilon = 0.03), "{share}"); // four standard errors
        for bounds in offsets.windows(2) {
            let row = &indices[bounds[0]..bounds[1]];
            assert!(row.ends_with(&[7, 12]) && row.is_sorted(), "{row:?}");
        }
    }
}
