//! Models whose logits are known in advance, for tests of the decoder alone.
#![allow(dead_code)] // each test file uses its part

use composer_models::{Encoding, Error, LanguageModel, StepInput};
use ndarray::{ArrayView1, ArrayViewMut2};

/// A Markov model: the logits depend on the last token alone; row `V` is the start.
#[derive(Clone)]
pub struct Markov {
    pub encoding: Encoding,
    pub logits: Vec<Vec<f32>>,
    /// Steps that the model was asked for.
    pub steps: usize,
}

impl Markov {
    /// `V` tokens with logits that look random and are the same every time.
    pub fn new(vocabulary: usize) -> Self {
        let logits = (0..=vocabulary)
            .map(|row| (0..vocabulary).map(|token| 2.0 * ((1 + 7 * row + 13 * token) as f32).sin()).collect())
            .collect();
        Self {
            encoding: Encoding::Tokens {
                vocabulary,
                fingerprint: "test".into(),
                longest_match: false,
                voices: None,
            },
            logits,
            steps: 0,
        }
    }

    /// ln P(token | last token).
    pub fn log_p(&self, last: usize, token: usize) -> f64 {
        let total: f64 = self.logits[last].iter().map(|&logit| f64::from(logit).exp()).sum();
        f64::from(self.logits[last][token]) - total.ln()
    }
}

impl LanguageModel for Markov {
    type State = Vec<usize>;

    fn encoding(&self) -> &Encoding {
        &self.encoding
    }

    fn zero_state(&self, batch: usize) -> Vec<usize> {
        vec![usize::MAX; batch]
    }

    fn gather(&self, state: &Vec<usize>, rows: &[usize]) -> Vec<usize> {
        rows.iter().map(|&row| state[row]).collect()
    }

    fn step(
        &mut self,
        input: StepInput<'_>,
        state: &mut Vec<usize>,
        mut logits: ArrayViewMut2<'_, f32>,
    ) -> Result<(), Error> {
        self.steps += 1;
        let StepInput::MultiHot { indices, offsets } = input else { panic!("tokens are symbols") };
        assert_eq!(offsets.len(), state.len() + 1);
        for (b, mut logits) in logits.rows_mut().into_iter().enumerate() {
            let token = indices[offsets[b]] as usize;
            logits.assign(&ArrayView1::from(&self.logits[token]));
            state[b] = token;
        }
        Ok(())
    }
}
