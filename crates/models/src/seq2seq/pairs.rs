//! Pairs of parts, and batches of them.

use super::Seq2SeqConfig;
use crate::Error;
use crate::batch::{SequenceBatch, Slice, transposed};
use crate::encoding::Sequence;
use composer_bptt::{Input, Mask};

/// A part, and what goes with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// What is given.
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

impl Window<'_> {
    fn source_steps(&self) -> usize {
        self.pair.source.len().saturating_sub(self.start).min(self.steps)
    }

    fn target_steps(&self) -> usize {
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
                    let symbol = transposed(window.pair.source.symbol(place), window.transpose);
                    config.source.push_features(place, Some(symbol), &mut self.source_indices);
                    let style = window.pair.style.map(|style| config.source.inputs() as u32 + style);
                    self.source_indices.extend(style);
                }
                self.source_offsets.push(self.source_indices.len());
            }
        }
    }

    /// The source as the encoder reads it.
    pub fn source_input<S>(&self) -> Input<'_, S> {
        Input::MultiHot { indices: &self.source_indices, offsets: &self.source_offsets }
    }
}
