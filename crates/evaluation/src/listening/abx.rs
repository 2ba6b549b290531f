//! ABX: whether listeners hear a difference between two systems at all.

use super::judgements::{Answer, Judgement};
use super::wins::{Discrimination, discrimination_of};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use std::collections::BTreeMap;

/// Two systems under ABX.
#[derive(Clone, Debug, Serialize)]
pub struct AbxResult {
    /// The first, by name.
    pub first: String,
    /// The second.
    pub second: String,
    /// How often X was found, against guessing.
    pub found: Discrimination,
}

/// All pairs of systems that were compared by ABX, by name.
pub fn abx(judgements: &[Judgement], seed: u64) -> Vec<AbxResult> {
    let mut pairs: BTreeMap<(&str, &str), Vec<(&Judgement, f64)>> = BTreeMap::new();
    for judgement in judgements {
        let Answer::Abx { first, second, correct } = &judgement.answer else { continue };
        let (a, b) = if first <= second { (first, second) } else { (second, first) };
        pairs.entry((a, b)).or_default().push((judgement, f64::from(u8::from(*correct))));
    }
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    pairs
        .into_iter()
        .map(|((first, second), scores)| AbxResult {
            first: first.into(),
            second: second.into(),
            found: discrimination_of(&scores, &mut rng),
        })
        .collect()
}
