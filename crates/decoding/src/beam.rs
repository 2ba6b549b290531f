//! Beam search: the most likely pieces that a search of limited width finds.
//!
//! A piece of `n` tokens scores `ln P / ((5 + n) / 6)^α` with the length penalty α (Wu et al. 2016): 0 compares plain
//! likelihoods, which favours short pieces; 1 nearly compares likelihoods per token. With several groups, each group pays
//! `diversity` for every time that an earlier group chose the same token at the same step (Vijayakumar et al. 2018).
//!
//! What is most likely is seldom the best music: long beams repeat themselves (Holtzman et al. 2020). Beams are for short
//! answers, such as the chords to a melody, and for asking what a model finds most likely.

use crate::Error;
use crate::grammar::Grammar;
use crate::token_stream::must_be_tokens;
use crate::tokens::check_logits;
use composer_models::arrays::view_mut;
use composer_models::{LanguageModel, StepInput, TokenPast};
use composer_music::BarMap;
use serde::{Deserialize, Serialize};

/// Options of the search.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BeamOptions {
    /// Pieces that are followed at a time, over all groups; 1 is greedy.
    pub width: usize,
    /// α; see [`crate::beam`].
    pub length_penalty: f64,
    /// Groups that should differ; divides `width`.
    pub groups: usize,
    /// What a group pays in nats for a token of an earlier group.
    pub diversity: f64,
}

impl Default for BeamOptions {
    fn default() -> Self {
        Self { width: 4, length_penalty: 1.0, groups: 1, diversity: 0.5 }
    }
}

impl BeamOptions {
    /// Refuses what makes no sense, by name.
    ///
    /// # Errors
    /// The first option out of its range.
    pub fn check(&self) -> Result<(), Error> {
        let refuse = |name, value: String, must| Err(Error::Option { name, value, must });
        if !(1..=1024).contains(&self.width) {
            return refuse("beam_width", self.width.to_string(), "between 1 and 1024");
        }
        if self.groups == 0 || !self.width.is_multiple_of(self.groups) {
            return refuse("beam_groups", self.groups.to_string(), "at least 1 and divide beam_width");
        }
        if !(0.0..=5.0).contains(&self.length_penalty) {
            return refuse("length_penalty", self.length_penalty.to_string(), "between 0 and 5");
        }
        if !(0.0..=100.0).contains(&self.diversity) {
            return refuse("diversity", self.diversity.to_string(), "between 0 and 100 nats");
        }
        Ok(())
    }
}

/// A piece that the search found.
#[derive(Clone, Debug, PartialEq)]
pub struct Hypothesis {
    /// Its tokens, without those of the primer.
    pub tokens: Vec<u32>,
    /// −ln P of each under the model, in nats.
    pub nll: Vec<f64>,
    /// What it is ranked by, higher is better.
    pub score: f64,
}

/// A hypothesis that is not finished.
#[derive(Clone)]
struct Beam<G> {
    /// Its row in the model's state.
    row: usize,
    tokens: Vec<u32>,
    nll: Vec<f64>,
    /// ln P, less what diversity cost.
    total: f64,
    grammar: G,
    /// What the model is told of the tokens, with those of the primer.
    past: TokenPast,
}

impl<G> Beam<G> {
    fn score(&self, length_penalty: f64) -> f64 {
        self.total / ((5.0 + self.tokens.len() as f64) / 6.0).powf(length_penalty)
    }

    fn found(self, length_penalty: f64) -> Hypothesis {
        Hypothesis { score: self.score(length_penalty), tokens: self.tokens, nll: self.nll }
    }
}

/// The best pieces after `primer`, the best first, at most `options.width`. A piece ends when its grammar is finished or
/// it has `max_tokens`. The search is deterministic. The grammar has read the primer already. `bars` are as for
/// [`TokenGenerator::with_bars`](crate::token_stream::TokenGenerator::with_bars).
///
/// # Errors
/// An option is out of range, the model fails or writes frames, or its grammar allows nothing.
pub fn search<M: LanguageModel, G: Grammar>(
    mut model: M,
    grammar: G,
    primer: &[u32],
    options: &BeamOptions,
    max_tokens: usize,
    bars: Option<&BarMap>,
) -> Result<Vec<Hypothesis>, Error> {
    options.check()?;
    must_be_tokens(model.encoding())?;
    let encoding = model.encoding().clone();
    let vocabulary = encoding.outputs();
    let mut past = TokenPast::new(&encoding);
    let (mut indices, mut offsets) = (Vec::new(), Vec::new());
    let mut state = model.zero_state(1);
    let mut logits = vec![0.0; vocabulary];
    for token in std::iter::once(None).chain(primer.iter().copied().map(Some)) {
        token.into_iter().for_each(|token| past.push(token));
        indices.clear();
        past.push_features(&encoding, bars, &mut indices);
        let input = StepInput::MultiHot { indices: &indices, offsets: &[0, indices.len()] };
        model.step(input, &mut state, view_mut((1, vocabulary), &mut logits))?;
    }
    let first = Beam { row: 0, tokens: Vec::new(), nll: Vec::new(), total: 0.0, grammar, past };
    let mut groups = vec![vec![first]; options.groups];
    let mut done: Vec<Vec<Hypothesis>> = vec![Vec::new(); options.groups];
    let per_group = options.width / options.groups;
    for step in 0..max_tokens {
        let mut chosen_before = vec![0u32; vocabulary];
        for (group, done) in groups.iter_mut().zip(&mut done) {
            let grown = grow(group, &logits, &chosen_before, per_group, options.diversity, step)?;
            grown.iter().for_each(|beam| chosen_before[beam.tokens[step] as usize] += 1);
            let (finished, going): (Vec<_>, Vec<_>) =
                grown.into_iter().partition(|beam| beam.grammar.is_finished());
            done.extend(finished.into_iter().map(|beam| beam.found(options.length_penalty)));
            *group =
                if is_settled(done, &going, per_group, options.length_penalty) { Vec::new() } else { going };
        }
        let rows: Vec<usize> = groups.iter().flatten().map(|beam| beam.row).collect();
        if rows.is_empty() {
            break;
        }
        state = model.gather(&state, &rows);
        groups.iter_mut().flatten().enumerate().for_each(|(row, beam)| beam.row = row);
        indices.clear();
        offsets.clear();
        offsets.push(0);
        for beam in groups.iter().flatten() {
            beam.past.push_features(&encoding, bars, &mut indices);
            offsets.push(indices.len());
        }
        logits.resize(rows.len() * vocabulary, 0.0);
        let input = StepInput::MultiHot { indices: &indices, offsets: &offsets };
        model.step(input, &mut state, view_mut((rows.len(), vocabulary), &mut logits))?;
    }
    let mut all = Vec::new();
    for (group, mut done) in groups.into_iter().zip(done) {
        done.extend(group.into_iter().map(|beam| beam.found(options.length_penalty)));
        done.sort_by(|a, b| b.score.total_cmp(&a.score));
        done.truncate(per_group);
        all.extend(done);
    }
    all.sort_by(|a, b| b.score.total_cmp(&a.score));
    Ok(all)
}

/// Whether no unfinished hypothesis can become better than the worst of enough finished ones. With a length penalty, a piece
/// may still rise with every token of little surprise; then all run on until they finish.
fn is_settled<G>(done: &[Hypothesis], going: &[Beam<G>], enough: usize, length_penalty: f64) -> bool {
    if length_penalty > 0.0 || done.len() < enough {
        return false;
    }
    let mut scores: Vec<f64> = done.iter().map(|found| found.score).collect();
    scores.sort_by(|a, b| b.total_cmp(a));
    going.iter().all(|beam| beam.total <= scores[enough - 1])
}

/// The best continuations of the pieces of a group by one token.
fn grow<G: Grammar>(
    group: &[Beam<G>],
    logits: &[f32],
    chosen_before: &[u32],
    keep: usize,
    diversity: f64,
    step: usize,
) -> Result<Vec<Beam<G>>, Error> {
    let vocabulary = chosen_before.len();
    let mut allowed = vec![true; vocabulary];
    let mut options = Vec::new();
    for (index, beam) in group.iter().enumerate() {
        let logits = &logits[beam.row * vocabulary..][..vocabulary];
        check_logits(logits, step)?;
        beam.grammar.allow(&mut allowed);
        let log_total = log_sum_exp(logits);
        for token in (0..vocabulary).filter(|&token| allowed[token] && logits[token] > f32::NEG_INFINITY) {
            let log_p = f64::from(logits[token]) - log_total;
            let total = beam.total + log_p - diversity * f64::from(chosen_before[token]);
            options.push((total, index, token as u32, -log_p));
        }
    }
    if options.is_empty() && !group.is_empty() {
        return Err(Error::NothingLeft { step });
    }
    options.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    options.truncate(keep);
    let continued = options.into_iter().map(|(total, index, token, nll)| {
        let mut beam = group[index].clone();
        beam.total = total;
        beam.tokens.push(token);
        beam.nll.push(nll);
        beam.grammar.push(token);
        beam.past.push(token);
        beam
    });
    Ok(continued.collect())
}

/// `ln Σ e^logit`
fn log_sum_exp(logits: &[f32]) -> f64 {
    let highest = f64::from(logits.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    highest + logits.iter().map(|&logit| (f64::from(logit) - highest).exp()).sum::<f64>().ln()
}
