//! The generate loop for tokens: many pieces in one batch, each with random numbers and a grammar of its own.

use crate::Error;
use crate::grammar::{Free, Grammar};
use crate::tokens::{self, TokenOptions};
use composer_models::arrays::view_mut;
use composer_models::scoring::categorical_nll;
use composer_models::streams::{Purpose, stream};
use composer_models::{Encoding, LanguageModel, Sequence, SequenceModel, StepInput, Stepper, TokenPast};
use composer_music::BarMap;
use rand_chacha::ChaCha8Rng;

/// One token of one piece, as it is decided.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DecidedToken {
    /// Which piece, from 0.
    pub piece: usize,
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
    indices: Vec<u32>,
    offsets: Vec<usize>,
    logits: Vec<f32>,
    allowed: Vec<bool>,
    /// The bars of the grid, for voices.
    bars: Option<BarMap>,
}

struct Piece<G> {
    /// All tokens, with those of the primer.
    history: Vec<u32>,
    /// What the model is told of them.
    past: TokenPast,
    grammar: G,
    rng: ChaCha8Rng,
}

impl<G> Piece<G> {
    fn push(&mut self, token: u32) {
        self.history.push(token);
        self.past.push(token);
    }
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
                past: TokenPast::new(&encoding),
                grammar: grammar.clone(),
                rng: stream(seed, Purpose::Sampling, output),
            })
            .collect();
        Ok(Self {
            state: model.zero_state(outputs),
            indices: Vec::new(),
            offsets: Vec::new(),
            logits: vec![0.0; outputs * encoding.outputs()],
            allowed: vec![true; encoding.outputs()],
            model,
            encoding,
            options,
            pieces,
            bars: None,
        })
    }

    /// Lets piece `i` draw from stream `numbers[i]` of the seed, as if it were that one of more.
    #[must_use]
    pub fn with_streams(mut self, seed: u64, numbers: &[u64]) -> Self {
        for (piece, &number) in self.pieces.iter_mut().zip(numbers) {
            piece.rng = stream(seed, Purpose::Sampling, number);
        }
        self
    }

    /// Writes in these bars, counted in the steps of the grid from the first that the model reads. Only a model of voices is told of them.
    pub fn with_bars(mut self, bars: BarMap) -> Self {
        self.bars = Some(bars);
        self
    }

    /// Lets the model and (with `grammar`) the grammar of every piece read tokens, as if they had been written.
    ///
    /// # Errors
    /// The model fails.
    pub fn read(&mut self, tokens: &[u32], grammar: bool) -> Result<(), Error> {
        for &token in tokens {
            self.predict()?;
            for piece in &mut self.pieces {
                piece.push(token);
                if grammar {
                    piece.grammar.push(token);
                }
            }
        }
        Ok(())
    }

    /// What a piece has come to; `None`: there is no such piece.
    pub fn grammar(&self, piece: usize) -> Option<&G> {
        self.pieces.get(piece).map(|piece| &piece.grammar)
    }

    /// Lets what was read end where it ends: the music goes on with notes of its own.
    pub fn release(&mut self) {
        self.pieces.iter_mut().for_each(|piece| piece.grammar.release());
    }

    /// Runs the model over the last token of every piece.
    fn predict(&mut self) -> Result<(), Error> {
        self.indices.clear();
        self.offsets.clear();
        self.offsets.push(0);
        for piece in &self.pieces {
            piece.past.push_features(&self.encoding, self.bars.as_ref(), &mut self.indices);
            self.offsets.push(self.indices.len());
        }
        let input = StepInput::MultiHot { indices: &self.indices, offsets: &self.offsets };
        let logits = view_mut((self.pieces.len(), self.encoding.outputs()), &mut self.logits);
        self.model.step(input, &mut self.state, logits)?;
        Ok(())
    }

    fn decide(&mut self) -> Result<Vec<DecidedToken>, Error> {
        let outputs = self.encoding.outputs();
        let mut written = Vec::with_capacity(self.pieces.len());
        let pieces = self.pieces.iter_mut().zip(self.logits.chunks_exact(outputs)).enumerate();
        for (index, (piece, logits)) in pieces.filter(|(_, (piece, _))| !piece.grammar.is_finished()) {
            piece.grammar.allow(&mut self.allowed);
            let candidates = tokens::candidates(logits, &self.allowed, &piece.history, &self.options)?;
            let token = tokens::draw(&candidates, &mut piece.rng);
            piece.grammar.push(token);
            piece.push(token);
            written.push(DecidedToken { piece: index, token, nll: categorical_nll(logits, token as usize) });
        }
        Ok(written)
    }
}

impl<M: LanguageModel, G: Grammar> Iterator for TokenGenerator<M, G> {
    /// One token of every piece that is not finished, in their order.
    type Item = Result<Vec<DecidedToken>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.pieces.iter().all(|piece| piece.grammar.is_finished()) {
            return None;
        }
        Some(self.predict().and_then(|()| self.decide()))
    }
}

/// The `steps` tokens after those of `known`, which may be empty; any token may follow any other.
///
/// # Errors
/// The model is not of tokens, does not know one of `known`, or an option is out of its range.
pub fn continue_tokens(
    model: &SequenceModel,
    known: &[u32],
    steps: usize,
    options: TokenOptions,
    seed: u64,
) -> Result<Vec<u32>, Error> {
    let mut generator = TokenGenerator::new(Stepper::new(model), Free, options, 1, seed)?;
    model.encoding().check(&Sequence::tokens(known.to_vec()))?;
    generator.read(known, false)?;
    let mut tokens = Vec::with_capacity(steps);
    for decided in generator.take(steps) {
        tokens.extend(decided?.iter().map(|decided| decided.token));
    }
    Ok(tokens)
}

/// Refuses a model of anything but tokens.
pub(crate) fn must_be_tokens(encoding: &Encoding) -> Result<(), Error> {
    match encoding {
        Encoding::Tokens { .. } => Ok(()),
        other => Err(Error::WrongKind { found: other.kind(), needed: "tokens" }),
    }
}
