//! Velocity and offset of each note, drawn one after the other.

use super::features::source;
use super::place::{Kind, Placed};
use super::tokens::{allowed, offset_ticks, played_like, velocity};
use composer_decoding::tokens::{TokenOptions, candidates, draw};
use composer_models::encoding::Symbol;
use composer_models::seq2seq::Conditioned;
use composer_models::streams::{Purpose, stream};
use composer_models::{Encoding, Seq2Seq};
use composer_models::{LanguageModel, StepInput};
use composer_music::Score;
use ndarray::Array2;
use rand::RngExt;

/// What a note is played like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Performance {
    /// Classes of velocity and offset.
    pub tokens: [u32; 2],
    /// Where in these classes velocity and offset lie, from 0 to below 1; at a temperature of 0, in the middle.
    pub within: [f64; 2],
    /// −ln P of both, in nats.
    pub nll: f64,
}

impl Performance {
    /// The velocity, from 1 to 127.
    pub fn velocity(&self) -> u8 {
        velocity(self.tokens[0], self.within[0])
    }

    /// How much later than its place the note begins.
    pub fn offset_ticks(&self, ticks_per_quarter: u16) -> i64 {
        offset_ticks(self.tokens[1], self.within[1], ticks_per_quarter)
    }
}

/// Draws velocity and offset of each of the notes of a score, by the random numbers of a seed for an output; at a temperature of 0, the median of
/// either, given all before.
///
/// # Errors
/// There are no notes, the model does not read their kind, or the temperature is out of range.
pub fn perform(
    model: &Seq2Seq,
    score: &Score,
    notes: &[Placed],
    kind: Kind,
    temperature: f64,
    (seed, output): (u64, u64),
) -> anyhow::Result<Vec<Performance>> {
    let options = TokenOptions { temperature, ..TokenOptions::default() };
    options.check()?;
    let mut rng = stream(seed, Purpose::Rewriting, 2 << 32 | output);
    let mut withins = Vec::with_capacity(2 * notes.len());
    let mut tokens = TokenSteps::new(model, Conditioned::new(model, source(score, notes, kind), None)?);
    let drawn = tokens.run(notes.len(), |_, logits, mask| {
        let token = match temperature {
            0.0 => middle(logits, mask),
            _ => draw(&candidates(logits, mask, &[], &options)?, &mut rng),
        };
        let within = rng.random::<f64>();
        withins.push(if temperature > 0.0 { within } else { 0.5 });
        Ok(token)
    })?;
    let performance = |(drawn, within): (&[(u32, f64)], &[f64])| Performance {
        tokens: [drawn[0].0, drawn[1].0],
        within: [within[0], within[1]],
        nll: drawn[0].1 + drawn[1].1,
    };
    Ok(drawn.chunks_exact(2).zip(withins.chunks_exact(2)).map(performance).collect())
}

/// The median class of those that may come: classes are in the order of what they mean.
///
/// The most likely class would be further off. Of velocities it is often the loudest, which is a class of its own, and what was played before
/// is read again.
fn middle(logits: &[f32], mask: &[bool]) -> u32 {
    let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let weight = |(logit, may_come): (&f32, &bool)| match may_come {
        true => f64::from(logit - highest).exp(),
        false => 0.0,
    };
    let weights: Vec<f64> = logits.iter().zip(mask).map(weight).collect();
    let mut left = weights.iter().sum::<f64>() / 2.0;
    let found = weights.iter().position(|weight| {
        left -= weight;
        *weight > 0.0 && left <= 0.0
    });
    found.or(mask.iter().rposition(|may_come| *may_come)).unwrap_or(0) as u32
}

/// −ln P of velocity and of offset, given the velocity, of each of the notes of a performance as they are; in nats.
///
/// # Errors
/// There are no notes, or the model does not read their kind.
pub fn likelihood(
    model: &Seq2Seq,
    score: &Score,
    notes: &[Placed],
    kind: Kind,
) -> anyhow::Result<Vec<[f64; 2]>> {
    let mut tokens = TokenSteps::new(model, Conditioned::new(model, source(score, notes, kind), None)?);
    let drawn = tokens.run(notes.len(), |step, _, _| Ok(played_like(&notes[step / 2])[step % 2]))?;
    Ok(drawn.chunks_exact(2).map(|both| [both[0].1, both[1].1]).collect())
}

/// −ln P of a class among those that may come.
fn nll(logits: &[f32], class: u32) -> f64 {
    let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f64 = logits.iter().map(|&logit| f64::from(logit - highest).exp()).sum();
    sum.ln() - f64::from(logits[class as usize] - highest)
}

/// A model that is asked for one token after the other.
struct TokenSteps<'a> {
    conditioned: Conditioned<'a>,
    state: <Conditioned<'a> as LanguageModel>::State,
    encoding: &'a Encoding,
    indices: Vec<u32>,
    logits: Array2<f32>,
    last: Option<u32>,
}

impl<'a> TokenSteps<'a> {
    fn new(model: &'a Seq2Seq, conditioned: Conditioned<'a>) -> Self {
        let encoding = &model.config().target;
        let state = conditioned.zero_state(1);
        let logits = Array2::zeros((1, encoding.outputs()));
        Self { conditioned, state, encoding, indices: Vec::new(), logits, last: None }
    }

    /// Two tokens for each of so many notes, each with its −ln P: `choose` gets the step, the logits, and which tokens may come.
    fn run(
        &mut self,
        notes: usize,
        mut choose: impl FnMut(usize, &[f32], &[bool]) -> anyhow::Result<u32>,
    ) -> anyhow::Result<Vec<(u32, f64)>> {
        let masks = [0, 1].map(|step| {
            let may_come = allowed(step);
            (0..self.encoding.outputs() as u32).map(|token| may_come.contains(&token)).collect::<Vec<_>>()
        });
        let mut drawn = Vec::with_capacity(2 * notes);
        for step in 0..2 * notes {
            let logits = self.next()?;
            let token = choose(step, logits, &masks[step % 2])?;
            let may_come = allowed(step);
            let of_step = &logits[may_come.start as usize..may_come.end as usize];
            drawn.push((token, nll(of_step, token - may_come.start)));
            self.last = Some(token);
        }
        Ok(drawn)
    }

    /// The logits of the token after the last one.
    fn next(&mut self) -> anyhow::Result<&[f32]> {
        self.indices.clear();
        self.encoding.push_features(0, None, self.last.map(Symbol::Token), &mut self.indices);
        let offsets = [0, self.indices.len()];
        let input = StepInput::MultiHot { indices: &self.indices, offsets: &offsets };
        self.conditioned.step(input, &mut self.state, self.logits.view_mut())?;
        Ok(self.logits.as_slice().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_has_half_of_the_probability_on_either_side() {
        let logits = |weights: [f32; 5]| weights.map(f32::ln);
        let all = [true; 5];
        assert_eq!(middle(&logits([0.3, 0.1, 0.2, 0.05, 0.35]), &all), 2);
        assert_eq!(middle(&logits([0.6, 0.1, 0.1, 0.1, 0.1]), &all), 0);
        assert_eq!(middle(&logits([0.6, 0.1, 0.1, 0.1, 0.15]), &[false, true, true, true, true]), 3);
        assert_eq!(middle(&[0.0; 5], &[false, false, false, false, true]), 4);
    }
}
