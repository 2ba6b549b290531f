//! One token from its logits: what a choice is made from, and the choice.
//!
//! The steps, always in this order; every filter leaves at least one token, and what is left is made to sum to one:
//!
//! 1. **grammar and constraints**: what cannot come next has probability 0 ([`crate::grammar`]);
//! 2. **repetition penalty**: what occurred lately is less likely (Keskar et al. 2019);
//! 3. **no repeated n-gram**: a token that would repeat one is left out, unless nothing else is left;
//! 4. **temperature**: logits are divided by it; 0 ends here with the most likely token;
//! 5. **top-k**, 6. **top-p** (Holtzman et al. 2020), 7. **min-p** (Nguyen et al. 2024), 8. **typical** (Meister et al. 2023).

mod filters;

pub use filters::Candidates;
pub(crate) use filters::fewest;

use crate::Error;
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

/// How tokens are chosen; see [`crate::tokens`] for the order. The default samples from the model as it is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TokenOptions {
    /// Below 1 more predictable, above 1 more adventurous; 0 is greedy.
    pub temperature: f64,
    /// Only the so many most likely tokens; 0: all.
    pub top_k: usize,
    /// Only the most likely tokens that together have this probability; 1: all.
    pub top_p: f64,
    /// Only tokens at least this share as likely as the most likely one; 0: all.
    pub min_p: f64,
    /// Only the tokens of most ordinary surprise that together have this probability; 1: all.
    pub typical_p: f64,
    /// What logits of recent tokens are divided by (positive ones) or multiplied by (negative ones); 1: nothing.
    pub repetition_penalty: f64,
    /// How many tokens are recent.
    pub repetition_window: usize,
    /// No so many tokens in a row occur twice; 0: they may.
    pub no_repeat_ngram: usize,
}

impl Default for TokenOptions {
    fn default() -> Self {
        Self {
            temperature: 1.0,
            top_k: 0,
            top_p: 1.0,
            min_p: 0.0,
            typical_p: 1.0,
            repetition_penalty: 1.0,
            repetition_window: 64,
            no_repeat_ngram: 0,
        }
    }
}

impl TokenOptions {
    /// Always the most likely token.
    pub fn greedy() -> Self {
        Self { temperature: 0.0, ..Self::default() }
    }

    /// Refuses what makes no sense, by name.
    ///
    /// # Errors
    /// The first option out of its range.
    pub fn check(&self) -> Result<(), Error> {
        let within = [
            (
                "temperature",
                self.temperature,
                0.0..=10.0,
                "between 0 (greedy: always the most likely) and 10",
            ),
            ("min_p", self.min_p, 0.0..=1.0, "between 0 (off) and 1"),
            ("repetition_penalty", self.repetition_penalty, 1.0..=10.0, "between 1 (off) and 10"),
        ];
        for (name, value, range, must) in within {
            if !range.contains(&value) {
                return Err(Error::Option { name, value: value.to_string(), must });
            }
        }
        for (name, value) in [("top_p", self.top_p), ("typical_p", self.typical_p)] {
            if !(value > 0.0 && value <= 1.0) {
                let must = "above 0 and at most 1 (off)";
                return Err(Error::Option { name, value: value.to_string(), must });
            }
        }
        if self.no_repeat_ngram == 1 {
            let must = "0 (off) or at least 2: with 1 no token could occur twice";
            return Err(Error::Option { name: "no_repeat_ngram", value: "1".into(), must });
        }
        Ok(())
    }
}

/// Refuses logits that are no numbers, before they can pass for a choice. −∞ is a token that cannot be.
///
/// # Errors
/// [`Error::NotANumber`] with the place.
pub fn check_logits(logits: &[f32], step: usize) -> Result<(), Error> {
    match logits.iter().position(|logit| logit.is_nan() || *logit == f32::INFINITY) {
        None => Ok(()),
        Some(token) => Err(Error::NotANumber { what: "token", index: token, step, value: logits[token] }),
    }
}

/// What remains to choose from, in order of probability. `allowed[token]` is false for what cannot come; `history` is
/// what was chosen so far.
///
/// # Errors
/// [`Error::NotANumber`], or [`Error::NothingLeft`] if nothing is allowed.
pub fn candidates(
    logits: &[f32],
    allowed: &[bool],
    history: &[u32],
    options: &TokenOptions,
) -> Result<Candidates, Error> {
    let step = history.len();
    check_logits(logits, step)?;
    let mut scores: Vec<f64> = logits
        .iter()
        .zip(allowed)
        .map(|(&logit, &allowed)| if allowed { f64::from(logit) } else { f64::NEG_INFINITY })
        .collect();
    let recent = &history[history.len().saturating_sub(options.repetition_window)..];
    filters::repetition_penalty(&mut scores, recent, options.repetition_penalty);
    filters::no_repeat_ngram(&mut scores, history, options.no_repeat_ngram);
    // ANCHOR: filters
    let mut candidates =
        Candidates::softmax(&scores, options.temperature).ok_or(Error::NothingLeft { step })?;
    if options.temperature == 0.0 {
        candidates.top_k(1);
        return Ok(candidates);
    }
    if options.top_k > 0 {
        candidates.top_k(options.top_k);
    }
    if options.top_p < 1.0 {
        candidates.top_p(options.top_p);
    }
    if options.min_p > 0.0 {
        candidates.min_p(options.min_p);
    }
    if options.typical_p < 1.0 {
        candidates.typical(options.typical_p);
    }
    Ok(candidates)
}
// ANCHOR_END: filters

/// Draws one of the candidates. One number is drawn from `rng` however few there are, so that what was chosen does not
/// shift the numbers that follow.
pub fn draw<R: Rng>(candidates: &Candidates, rng: &mut R) -> u32 {
    let mut left: f64 = rng.random();
    for &(token, p) in candidates.as_slice() {
        left -= p;
        if left < 0.0 {
            return token;
        }
    }
    // The sum fell short of the number drawn by rounding; the last candidate is the one that was meant.
    candidates.as_slice()[candidates.as_slice().len() - 1].0
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::{abs_diff_eq, assert_abs_diff_eq};
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    const LOGITS: [f32; 4] = [1.0, 3.0, 2.0, -1.0];
    const ALL: [bool; 4] = [true; 4];

    fn tokens(options: &TokenOptions, history: &[u32]) -> Vec<u32> {
        let chosen = candidates(&LOGITS, &ALL, history, options).expect("possible");
        chosen.as_slice().iter().map(|&(token, _)| token).collect()
    }

    #[test]
    fn draws_follow_the_softmax_at_the_temperature() {
        let options = TokenOptions { temperature: 2.0, ..Default::default() };
        let chosen = candidates(&LOGITS, &ALL, &[], &options).expect("possible");
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let draws = 40_000;
        let mut counts = [0.0; 4];
        (0..draws).for_each(|_| counts[draw(&chosen, &mut rng) as usize] += 1.0);
        let weights = LOGITS.map(|logit| (f64::from(logit) / 2.0).exp());
        let total: f64 = weights.iter().sum();
        for (count, weight) in counts.iter().zip(weights) {
            let p = weight / total;
            let deviation = 5.0 * (p * (1.0 - p) / f64::from(draws)).sqrt();
            assert!(abs_diff_eq!(count / f64::from(draws), p, epsilon = deviation), "{counts:?}");
        }
    }

    #[test]
    fn temperature_zero_is_greedy_after_the_penalties() {
        let greedy = TokenOptions { temperature: 0.0, ..Default::default() };
        assert_eq!(tokens(&greedy, &[]), [1]);
        let penalised = TokenOptions { repetition_penalty: 2.0, ..greedy };
        assert_eq!(tokens(&penalised, &[1]), [2], "3 / 2 is below 2");
        assert_eq!(tokens(&TokenOptions { repetition_window: 1, ..penalised }, &[1, 0]), [1], "forgotten");
    }

    #[test]
    fn filters_are_applied_in_the_documented_order() {
        // Probabilities: 1: 0.657, 2: 0.242, 0: 0.089, 3: 0.012.
        assert_eq!(tokens(&TokenOptions { top_k: 2, ..Default::default() }, &[]), [1, 2]);
        assert_eq!(tokens(&TokenOptions { top_p: 0.89, ..Default::default() }, &[]), [1, 2]);
        assert_eq!(tokens(&TokenOptions { min_p: 0.13, ..Default::default() }, &[]), [1, 2, 0]);
        // After top-k 2, token 1 has 0.731: a top-p of 0.7 is reached by it alone; before, it needed token 2 as well.
        let both = TokenOptions { top_k: 2, top_p: 0.7, ..Default::default() };
        assert_eq!(tokens(&TokenOptions { top_k: 0, ..both }, &[]), [1, 2]);
        assert_eq!(tokens(&both, &[]), [1]);
    }

    #[test]
    fn no_ngram_occurs_twice_unless_nothing_else_is_left() {
        let options = TokenOptions { no_repeat_ngram: 2, temperature: 0.0, ..Default::default() };
        assert_eq!(tokens(&options, &[2, 1, 2]), [2], "2 1 was there");
        let only = [false, true, false, false];
        let chosen = candidates(&LOGITS, &only, &[2, 1, 2], &options).expect("the grammar is stronger");
        assert_eq!(chosen.as_slice()[0].0, 1);
    }

    #[test]
    fn typical_leaves_out_what_surprises_too_little_as_well() {
        // A distribution of one likely token and many unlikely ones: the likely one surprises less than expected.
        let mut logits = vec![0.0f32; 40];
        logits[0] = 3.0;
        let options = TokenOptions { typical_p: 0.3, ..Default::default() };
        let chosen = candidates(&logits, &[true; 40], &[], &options).expect("possible");
        let entropy_tokens: f64 = chosen.as_slice().iter().map(|&(_, p)| p).sum();
        assert_abs_diff_eq!(entropy_tokens, 1.0, epsilon = 1e-12);
        assert!(chosen.as_slice().iter().all(|&(token, _)| token != 0), "{chosen:?}");
    }

    #[test]
    fn what_is_no_number_is_an_error_and_never_a_token() {
        for bad in [f32::NAN, f32::INFINITY] {
            let error =
                candidates(&[0.0, bad], &[true; 2], &[7], &TokenOptions::default()).expect_err("refused");
            assert!(error.to_string().contains("token 1 at step 1"), "{error}");
        }
        let nothing = candidates(&LOGITS, &[false; 4], &[], &TokenOptions::default());
        assert!(matches!(nothing, Err(Error::NothingLeft { step: 0 })));
    }

    #[test]
    fn options_out_of_range_are_named() {
        let default = TokenOptions::default();
        for (options, name) in [
            (TokenOptions { temperature: -1.0, ..default }, "temperature"),
            (TokenOptions { temperature: f64::NAN, ..default }, "temperature"),
            (TokenOptions { top_p: 0.0, ..default }, "top_p"),
            (TokenOptions { typical_p: 1.5, ..default }, "typical_p"),
            (TokenOptions { min_p: -0.1, ..default }, "min_p"),
            (TokenOptions { repetition_penalty: 0.5, ..default }, "repetition_penalty"),
            (TokenOptions { no_repeat_ngram: 1, ..default }, "no_repeat_ngram"),
        ] {
            assert!(options.check().expect_err("refused").to_string().starts_with(name));
        }
        default.check().expect("the default is in range");
    }
}
