//! The generate loop for tokens: many pieces in one batch, each with random numbers and a grammar of its own.

use crate::Error;
use crate::grammar::Grammar;
use crate::tokens::{self, TokenOptions};
use composer_models::scoring::categorical_nll;
use composer_models::streams::{Purpose, stream};
use composer_models::{Encoding, LanguageModel};
use rand_chacha::ChaCha8Rng;

/// One token as it is decided.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Written {
    /// The token.
    pub token: u32,
    /// −ln P(token | what came before) under the model itself, in nats.
    pub nll: f64,
}

/// Tokens without end, or until the grammar says that all pieces are finished: every call of `next` decides one token of
/// every piece that is not.
///
/// Piece `i` draws from stream `i` of the seed: it is the same music whatever the number of outputs.
pub struct TokenGenerator<M: LanguageModel, G: Grammar> {
    model: M,
    encoding: Encoding,
    options: TokenOptions,
    state: M::State,
    pieces: Vec<Piece<G>>,
    logits: Vec<f32>,
    allowed: Vec<bool>,
    fresh: bool,
}

struct Piece<G> {
    /// All tokens, with those of the primer.
    history: Vec<u32>,
    grammar: G,
    rng: ChaCha8Rng,
}

impl<M: LanguageModel, G: Grammar> TokenGenerator<M, G> {
    /// Begins `outputs` pieces.
    ///
    /// # Errors
    /// An option is out of its range, or the model writes frames.
    pub fn new(
        model: M,
        grammar: G,
        options: TokenOptions,
        outputs: usize,
        seed: u64,
    ) -> Result<Self, Error> {
        options.check()?;
        let encoding = model.encoding().clone();
        must_be_tokens(&encoding)?;
        let pieces = (0..outputs as u64)
            .map(|output| Piece {
                history: Vec::new(),
                grammar: grammar.clone(),
                rng: stream(seed, Purpose::Sampling, output),
            })
            .collect();
        Ok(Self {
            state: model.zero_state(outputs),
            logits: vec![0.0; outputs * encoding.outputs()],
            allowed: vec![true; encoding.outputs()],
            model,
            encoding,
            options,
            pieces,
            fresh: true,
        })
    }

    /// Lets the model and (with `grammar`) the grammar of every piece read tokens, as if they had been written.
    ///
    /// # Errors
    /// The model fails.
    pub fn read(&mut self, tokens: &[u32], grammar: bool) -> Result<(), Error> {
        for &token in tokens {
            self.predict()?;
            for piece in &mut self.pieces {
                piece.history.push(token);
                if grammar {
                    piece.grammar.push(token);
                }
            }
        }
        Ok(())
    }

    /// Runs the model over the last token of every piece.
    fn predict(&mut self) -> Result<(), Error> {
        let start = self.encoding.outputs() as u32;
        let last = |piece: &Piece<G>| match (self.fresh, piece.history.last()) {
            (false, Some(&token)) => token,
            _ => start,
        };
        let indices: Vec<u32> = self.pieces.iter().map(last).collect();
        let offsets: Vec<usize> = (0..=indices.len()).collect();
        self.model.step(&indices, &offsets, &mut self.state, &mut self.logits)?;
        self.fresh = false;
        Ok(())
    }

    fn decide(&mut self) -> Result<Vec<Option<Written>>, Error> {
        let outputs = self.encoding.outputs();
        let mut written = Vec::with_capacity(self.pieces.len());
        for (piece, logits) in self.pieces.iter_mut().zip(self.logits.chunks_exact(outputs)) {
            if piece.grammar.is_finished() {
                written.push(None);
                continue;
            }
            piece.grammar.allow(&mut self.allowed);
            let candidates = tokens::candidates(logits, &self.allowed, &piece.history, &self.options)?;
            let token = tokens::draw(&candidates, &mut piece.rng);
            piece.grammar.push(token);
            piece.history.push(token);
            written.push(Some(Written { token, nll: categorical_nll(logits, token as usize) }));
        }
        Ok(written)
    }
}

impl<M: LanguageModel, G: Grammar> Iterator for TokenGenerator<M, G> {
    /// One token of every piece; `None` for a piece that is finished.
    type Item = Result<Vec<Option<Written>>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.pieces.iter().all(|piece| piece.grammar.is_finished()) {
            return None;
        }
        Some(self.predict().and_then(|()| self.decide()))
    }
}

/// Refuses a model of frames.
pub(crate) fn must_be_tokens(encoding: &Encoding) -> Result<(), Error> {
    match encoding {
        Encoding::Tokens { .. } => Ok(()),
        Encoding::Frames { .. } => Err(Error::WrongKind { found: "frames", needed: "tokens" }),
    }
}
