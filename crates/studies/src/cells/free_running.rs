//! Compositions of a model, compared bar by bar with real music.

use composer_decoding::grammar::MusicGrammar;
use composer_decoding::token_stream::TokenGenerator;
use composer_decoding::{FrameOptions, Rules, TokenOptions, compose};
use composer_evaluation::distance::measures::jensen_shannon;
use composer_models::Stepper;
use composer_models::scoring::score;
use composer_models::{Sequence, SequenceModel, Workspace};
use composer_music::representation::AnyRepresentation;
use composer_music::representation::frames::{Frame, pitches};
use serde::{Deserialize, Serialize};

use super::music::{BAR, Form, STEPS_PER_QUARTER, events, grid};
use crate::Error;

/// Most notes that may sound together, as in `composer compose`.
const MAX_POLYPHONY: usize = 10;

/// A composition is cut off at this many tokens per step on average.
const TOKENS_PER_STEP: usize = 64;

/// The same bar of all pieces of a set, measured together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Bar {
    /// Jensen–Shannon divergence from the training music, in bits, of the time that each pitch class sounds.
    pub pitch_classes: f64,
    /// The same of the number of onsets per bar, in classes.
    pub density: f64,
    /// The same of the lengths of the notes that begin in the bar, in classes.
    pub lengths: f64,
    /// −ln P under the reference model, in nats per quarter.
    pub reference_nll: f64,
}

impl Bar {
    /// Mean of the three divergences.
    pub fn divergence(&self) -> f64 {
        (self.pitch_classes + self.density + self.lengths) / 3.0
    }
}

/// Histograms of the notes of bars.
#[derive(Clone, Debug, Default, PartialEq)]
struct Histograms {
    pitch_classes: [f64; 12],
    density: [f64; 9],
    lengths: [f64; 9],
}

/// The class of a number: 0, 1, 2, 3–4, 5–8, 9–16, …, 65 and more.
fn class(number: u32) -> usize {
    match number {
        0 => 0,
        number => (33 - (number - 1).leading_zeros() as usize).min(8),
    }
}

impl Histograms {
    /// Adds the bar of a piece that begins at `start`. Steps after the end of the piece are silent.
    fn add(&mut self, piece: &[Frame], start: usize) {
        let mut onsets = 0;
        for step in start..piece.len().min(start + BAR) {
            let frame = piece[step];
            pitches(frame.sounding).for_each(|pitch| self.pitch_classes[usize::from(pitch % 12)] += 1.0);
            for pitch in pitches(frame.onsets) {
                let held = |frame: &&Frame| (frame.sounding & !frame.onsets) >> pitch & 1 == 1;
                let length = 1 + piece[step + 1..].iter().take_while(held).count();
                self.lengths[class(length as u32)] += 1.0;
                onsets += 1;
            }
        }
        self.density[class(onsets)] += 1.0;
    }
}

/// What compositions are compared with: histograms of the training music, and a model that gives their likelihood.
pub(super) struct ReferenceModel {
    corpus: Histograms,
    model: SequenceModel,
}

impl ReferenceModel {
    /// `model` takes frames.
    pub(super) fn new(train: &[Vec<Frame>], model: SequenceModel) -> Self {
        let mut corpus = Histograms::default();
        for piece in train {
            (0..piece.len()).step_by(BAR).for_each(|start| corpus.add(piece, start));
        }
        Self { corpus, model }
    }

    /// Measures pieces of `bars` bars, bar by bar.
    pub(super) fn measure(&self, pieces: &[Vec<Frame>], bars: usize) -> Result<Vec<Bar>, Error> {
        let sequences: Vec<Sequence> = pieces.iter().map(|piece| Form::Frames.write(piece)).collect();
        let scores = score(&self.model, &sequences, &mut Workspace::default())?;
        let measure = |bar: usize| {
            let start = bar * BAR;
            let mut found = Histograms::default();
            pieces.iter().for_each(|piece| found.add(piece, start));
            let nats: f64 = scores
                .iter()
                .flat_map(|piece| piece.steps().skip(start).take(BAR))
                .map(|step| step.total())
                .sum();
            let quarters = (pieces.len() * BAR / STEPS_PER_QUARTER) as f64;
            Bar {
                pitch_classes: divergence(&found.pitch_classes, &self.corpus.pitch_classes),
                density: divergence(&found.density, &self.corpus.density),
                lengths: divergence(&found.lengths, &self.corpus.lengths),
                reference_nll: nats / quarters,
            }
        };
        Ok((0..bars).map(measure).collect())
    }
}

/// Jensen–Shannon divergence in bits; 1, its largest value, for silence.
fn divergence<const N: usize>(found: &[f64; N], corpus: &[f64; N]) -> f64 {
    // The type says that both count the same classes: only NaN, for silence, is left.
    match jensen_shannon(found, corpus) {
        Ok(divergence) if !divergence.is_nan() => divergence,
        _ => 1.0,
    }
}

/// `count` pieces of `steps` sixteenths, sampled from the model's unmodified distribution.
pub(super) fn compositions(
    model: &SequenceModel,
    form: Form,
    count: usize,
    steps: usize,
    seed: u64,
) -> Result<Vec<Vec<Frame>>, Error> {
    match form {
        Form::Frames => {
            let options = FrameOptions {
                max_polyphony: MAX_POLYPHONY,
                max_silence: usize::MAX,
                max_note_steps: usize::MAX,
                ..FrameOptions::default()
            };
            let pieces = compose(Stepper::new(model), options, count, steps, seed)?;
            Ok(pieces.into_iter().map(|piece| piece.frames).collect())
        }
        Form::Events => {
            let pieces = tokens(model, count, steps, seed)?;
            let frames = |tokens: Vec<u32>| {
                let mut frames = grid().encode(&events().decode_tokens(&tokens));
                frames.resize(steps, Frame::default());
                frames
            };
            Ok(pieces.into_iter().map(frames).collect())
        }
    }
}

/// Tokens of pieces that are a quarter longer than `steps`: the rules shape an ending in the last quarter, which is cut off.
fn tokens(model: &SequenceModel, count: usize, steps: usize, seed: u64) -> Result<Vec<Vec<u32>>, Error> {
    let length = (steps + STEPS_PER_QUARTER) as u64;
    let rules = Rules { max_polyphony: MAX_POLYPHONY, length: Some(length), ..Rules::default() };
    let mut pieces = vec![Vec::new(); count];
    let Some(grammar) = MusicGrammar::new(&AnyRepresentation::Events(events()), rules) else {
        return Ok(pieces);
    };
    let generator = TokenGenerator::new(Stepper::new(model), grammar, TokenOptions::default(), count, seed)?;
    for decided in generator.take(TOKENS_PER_STEP * steps) {
        for written in decided? {
            pieces[written.piece].push(written.token);
        }
    }
    Ok(pieces)
}

/// Least-squares slope of a figure over the bars: its change per bar.
pub(super) fn slope(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let n = values.clone().count() as f64;
    let (mean_x, mean_y) = ((n - 1.0) / 2.0, values.clone().sum::<f64>() / n);
    let (mut products, mut squares) = (0.0, 0.0);
    for (x, y) in values.enumerate() {
        let x = x as f64 - mean_x;
        products += x * (y - mean_y);
        squares += x * x;
    }
    products / squares
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;

    #[test]
    fn a_bar_is_counted_as_by_hand() {
        let mut piece = vec![Frame::default(); 2 * BAR];
        // C4 for a quarter, with a second onset in the middle; E4 held over the bar line.
        piece[..4].iter_mut().for_each(|frame| frame.sounding = 1 << 60);
        (piece[0].onsets, piece[2].onsets) = (1 << 60, 1 << 60);
        piece[15..18].iter_mut().for_each(|frame| frame.sounding |= 1 << 64);
        piece[15].onsets = 1 << 64;
        let mut bar = Histograms::default();
        bar.add(&piece, 0);
        assert_eq!((bar.pitch_classes[0], bar.pitch_classes[4]), (4.0, 1.0));
        assert_eq!(bar.density[class(3)], 1.0);
        assert_eq!((bar.lengths[class(2)], bar.lengths[class(3)]), (2.0, 1.0));
        let classes: Vec<usize> = [0, 1, 2, 3, 4, 5, 8, 9, 64, 65, 1000].into_iter().map(class).collect();
        assert_eq!(classes, [0, 1, 2, 3, 3, 4, 4, 5, 7, 8, 8]);
    }

    #[test]
    fn slopes_are_least_squares() {
        assert_abs_diff_eq!(slope([1.0, 3.0, 5.0].into_iter()), 2.0, epsilon = 1e-12);
        assert_abs_diff_eq!(slope([1.0, 0.0, 1.0].into_iter()), 0.0, epsilon = 1e-12);
    }
}
