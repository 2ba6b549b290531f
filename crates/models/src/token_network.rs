//! [`TokenNetwork`]: what a network of tokens has besides a recurrent stack and a linear layer; one of frames may have an embedding.

use crate::{Encoding, Error};
use serde::{Deserialize, Serialize};

/// Options of networks of tokens, which "Regularizing and optimizing LSTM language models" (Merity, Keskar and Socher 2018) and
/// "Breaking the softmax bottleneck" (Yang et al. 2018) combine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TokenNetwork {
    /// `E`: what is read becomes a vector of so many numbers, the sum of the vectors of the features that are on. 0: the stack reads the
    /// features themselves.
    pub embedding: usize,
    /// The vectors of the tokens are the weights of the output layer as well (Press and Wolf 2017).
    pub tied: bool,
    /// Probability that a token is read as zeros, wherever it stands in a sequence of a batch, while training (Gal and Ghahramani 2016).
    pub embedding_dropout: f64,
    /// `K`: the output is a mixture of so many softmaxes ([`composer_bptt::Mixture`]); 1: one softmax.
    pub softmaxes: usize,
}

impl Default for TokenNetwork {
    fn default() -> Self {
        Self { embedding: 0, tied: false, embedding_dropout: 0.0, softmaxes: 1 }
    }
}

impl TokenNetwork {
    /// Whether there is nothing besides the stack and the linear layer.
    pub(crate) fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    /// The same with an embedding as wide as the output of the stack, where one is needed and none was given.
    #[must_use]
    pub fn completed(self, hidden: usize) -> Self {
        let needed = self.embedding == 0 && (self.tied || self.embedding_dropout > 0.0);
        Self { embedding: if needed { hidden } else { self.embedding }, ..self }
    }

    /// What the output layer reads of a stack with outputs `[.., hidden]`: with more than one softmax, what each makes of it.
    pub(crate) fn output_features(&self, hidden: usize) -> usize {
        if self.softmaxes > 1 && self.embedding > 0 { self.embedding } else { hidden }
    }

    /// Refuses what contradicts itself.
    pub(crate) fn check(&self, encoding: &Encoding, hidden: usize) -> Result<(), Error> {
        let refuse = |reason: String| Err(Error::OutOfRange(reason));
        if self.is_plain() {
            return Ok(());
        }
        let only_embedding = *self == Self { embedding: self.embedding, ..Self::default() };
        match encoding {
            Encoding::Tokens { .. } => {}
            Encoding::Frames { .. } if only_embedding => {}
            _ => {
                return refuse(format!(
                    "tied weights, embedding_dropout and mixtures of softmaxes are for networks of tokens, embeddings for those of tokens and \
                     frames, and this is one of {}: choose another music.representation, or leave these settings out",
                    encoding.kind()
                ));
            }
        }
        if !(0.0..1.0).contains(&self.embedding_dropout) {
            let dropout = self.embedding_dropout;
            return refuse(format!("embedding_dropout is {dropout}, and must be at least 0 and below 1"));
        }
        if self.embedding > MAX_EMBEDDING {
            return refuse(format!("embedding is {}, and can be {MAX_EMBEDDING} at most", self.embedding));
        }
        if !(1..=MAX_SOFTMAXES).contains(&self.softmaxes) {
            return refuse(format!("softmaxes is {}, and must be from 1 to {MAX_SOFTMAXES}", self.softmaxes));
        }
        if self.embedding == 0 && (self.tied || self.embedding_dropout > 0.0) {
            return refuse(
                "tied weights and embedding_dropout need an embedding: set it to at least 1".into(),
            );
        }
        if self.tied && self.embedding != self.output_features(hidden) {
            return refuse(format!(
                "tied weights are as wide as the output of the stack: embedding is {}, and must be {hidden}, or 0 for that",
                self.embedding
            ));
        }
        Ok(())
    }
}

/// Widest embedding.
const MAX_EMBEDDING: usize = 1 << 16;
/// Most softmaxes.
const MAX_SOFTMAXES: usize = 64;
