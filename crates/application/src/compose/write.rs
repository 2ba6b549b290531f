//! What writes the pieces step by step: a generator of frames or of tokens; beam search writes all at once.

use super::options::ComposeOptions;
use super::piece::Piece;
use super::report::report;
use super::work::{Grid, Work};
use super::{feasible, reading};
use crate::error::{Result, wrong_input};
use crate::model::TrainedModel;
use crate::progress::Progress;
use composer_decoding::grammar::MusicGrammar;
use composer_decoding::token_stream::TokenGenerator;
use composer_decoding::{Composition, Generator, beam};
use composer_models::Stepper;
use composer_music::Score;
use composer_music::representation::frames::{DecodeOptions, FrameRepresentation};
use composer_music::representation::{AnyRepresentation, Representation, Symbols};
use composer_music::text::counted;

/// Most tokens of a piece, for models that never come to an end.
const MAX_TOKENS: usize = 100_000;

/// The pieces as far as they are written.
pub(super) enum Writer<'a> {
    Frames {
        generator: Box<Generator<Stepper<'a>>>,
        representation: FrameRepresentation,
        compositions: Vec<Composition>,
        /// Steps that are still to be written.
        left: u64,
    },
    Tokens {
        /// `None` once a beam search has found the pieces.
        generator: Option<Box<TokenGenerator<Stepper<'a>, MusicGrammar>>>,
        pieces: Vec<(Vec<u32>, Vec<f64>)>,
        /// Tokens of the primer that each piece begins with.
        begun: usize,
        /// Tokens that each piece may still get.
        left: usize,
    },
}

/// Begins the pieces: those that are written together, each with what writes them.
///
/// # Errors
/// The options cannot be kept, or the model fails.
pub(super) fn begin<'a>(
    model: &'a TrainedModel,
    options: &ComposeOptions,
) -> Result<Vec<(Work<'a>, Writer<'a>)>> {
    let with_writer = |work: Work<'a>| {
        let writer = Writer::new(&work)?;
        Ok((work, writer))
    };
    Work::begin(model, options)?.into_iter().map(with_writer).collect()
}

/// Writes all that is left, and gives the pieces in the order of their numbers.
///
/// # Errors
/// The model fails, or it is asked to stop.
pub(super) fn run_all(begun: Vec<(Work<'_>, Writer<'_>)>, progress: &mut dyn Progress) -> Result<Vec<Piece>> {
    let total = begun.iter().map(|(_, writer)| writer.left()).sum();
    let (mut done, mut pieces) = (0, Vec::new());
    for (work, writer) in begun {
        let steps = writer.left();
        pieces.extend(work.numbers.iter().copied().zip(writer.run(&work, (done, total), progress)?));
        done += steps;
    }
    pieces.sort_by_key(|&(number, _)| number);
    Ok(pieces.into_iter().map(|(_, piece)| piece).collect())
}

impl<'a> Writer<'a> {
    /// Reads the primer; nothing else is written yet, unless by beam search.
    ///
    /// # Errors
    /// The options cannot be kept, or the model fails.
    pub fn new(work: &Work<'a>) -> anyhow::Result<Self> {
        match &work.representation {
            AnyRepresentation::Frames(frames) => Self::frames(work, *frames),
            _ => Self::tokens(work),
        }
    }

    fn frames(work: &Work<'a>, representation: FrameRepresentation) -> anyhow::Result<Self> {
        let Work { options, plan, .. } = work;
        let choice = options.frame_options(work.model.config().notes().is_some())?;
        let choice = choice.on_grid(representation.steps_per_quarter);
        let rules = plan.rules(options, choice.min_note_steps as u64)?;
        feasible::check(&work.representation, options, plan, &rules)?;
        let (read, before) = work.read_frames(&representation)?;
        let bars = plan.bars_after(work.primer.as_ref().filter(|_| !options.injects()), before);
        let end = options.ending.then_some(before + plan.steps);
        let (told, forms) = work.told(&Grid { bars: bars.clone(), end, symbols: 1 }, (&read, false))?;
        let mut generator = Generator::new(told, choice, options.num_outputs, options.seed)?
            .with_streams(options.seed, &work.numbers)
            .with_rules(rules)?
            .with_bars(bars)
            .with_forms(forms);
        if let Some(primer) = work.primer.as_ref().filter(|_| !options.injects()) {
            generator = generator.with_read_velocities(representation.velocities(&primer.score));
        }
        let mut begun = Composition::default();
        if !read.is_empty() {
            let nll = generator.read(&read, options.injects())?;
            generator.release();
            if options.injects() {
                begun.nll = nll;
            }
        }
        let compositions = vec![begun; options.num_outputs];
        let left = plan.steps - plan.begin;
        Ok(Self::Frames { generator: Box::new(generator), representation, compositions, left })
    }

    fn tokens(work: &Work<'a>) -> anyhow::Result<Self> {
        let Work { options, plan, representation, .. } = work;
        let choice = options.token_options()?;
        let rules = plan.rules(options, 1)?;
        feasible::check(representation, options, plan, &rules)?;
        let Some(mut grammar) = MusicGrammar::new(representation, rules) else {
            return Err(wrong_input("this model names frames as its tokens: its file is damaged"));
        };
        let metre = plan.bars.metre_at(plan.primer_end);
        if !grammar.says_metre(metre) {
            return Err(wrong_input(format!(
                "the model has no token for bars of {metre}: choose another metre (--metre)"
            )));
        }
        let injects = options.injects();
        let read = match &work.primer {
            Some(primer) => reading::tokens(representation, primer, plan, &mut grammar, injects)?,
            None => Vec::new(),
        };
        let begun = if injects { read.clone() } else { Vec::new() };
        let mut pieces: Vec<(Vec<u32>, Vec<f64>)> = vec![(begun.clone(), Vec::new()); options.num_outputs];
        let beam = options.beam_options()?;
        let grid = work.voice_grid(&read);
        let (model, _) = work.told(&grid, (&[], beam.is_some()))?;
        let begun = begun.len();
        let Some(beam_options) = beam else {
            let mut generator =
                TokenGenerator::new(model, grammar, choice, options.num_outputs, options.seed)?
                    .with_streams(options.seed, &work.numbers)
                    .with_bars(grid.bars);
            // The grammar has read the primer already.
            generator.read(&read, false)?;
            return Ok(Self::Tokens {
                generator: Some(Box::new(generator)),
                pieces,
                begun,
                left: MAX_TOKENS,
            });
        };
        let found = beam::search(model, grammar, &read, &beam_options, MAX_TOKENS, Some(&grid.bars))?;
        pieces.truncate(found.len());
        for (piece, found) in pieces.iter_mut().zip(found) {
            piece.0.extend(found.tokens);
            piece.1.extend(found.nll);
        }
        Ok(Self::Tokens { generator: None, pieces, begun, left: 0 })
    }

    /// Writes one step or token of every piece; `None` if all are finished.
    pub fn advance(&mut self) -> Option<anyhow::Result<()>> {
        match self {
            Self::Frames { generator, compositions, left, .. } => {
                *left = left.checked_sub(1)?;
                let written = generator.next()?.map(|steps| {
                    for (composition, step) in compositions.iter_mut().zip(steps) {
                        composition.frames.push(step.frame);
                        composition.nll.push(step.nll);
                    }
                });
                Some(written.map_err(Into::into))
            }
            Self::Tokens { generator, pieces, left, .. } => {
                *left = left.checked_sub(1)?;
                let written = generator.as_mut()?.next()?.map(|tokens| {
                    for decided in tokens {
                        let piece = &mut pieces[decided.piece];
                        piece.0.push(decided.token);
                        piece.1.push(decided.nll);
                    }
                });
                Some(written.map_err(Into::into))
            }
        }
    }

    /// How many pieces there are.
    pub fn count(&self) -> usize {
        match self {
            Self::Frames { compositions, .. } => compositions.len(),
            Self::Tokens { pieces, .. } => pieces.len(),
        }
    }

    /// The step of the piece that is written next: nothing more begins before it.
    pub fn now(&self, work: &Work<'_>, piece: usize) -> u64 {
        match self {
            Self::Frames { compositions, .. } => work.plan.begin + compositions[piece].frames.len() as u64,
            Self::Tokens { generator, .. } => {
                let grammar = generator.as_ref().and_then(|generator| generator.grammar(piece));
                grammar.map_or(work.plan.steps, MusicGrammar::now)
            }
        }
    }

    /// A piece as far as it is written: what sounds ends where it comes to.
    ///
    /// # Errors
    /// The tokens are none of the representation's.
    pub fn piece(&self, work: &Work<'_>, piece: usize) -> anyhow::Result<Piece> {
        let (decoded, offset, nll): (Score, u64, &[f64]) = match self {
            Self::Frames { generator, representation, compositions, .. } => {
                let Composition { frames, nll } = &compositions[piece];
                let velocities = generator.velocities(piece).cloned().unwrap_or_default();
                let decoded = representation.decode_with(frames, &velocities, &DecodeOptions::default());
                (decoded, work.plan.begin, nll)
            }
            Self::Tokens { pieces, begun, .. } => {
                let (tokens, nll) = &pieces[piece];
                match &work.representation {
                    // Chords that are equal are tied: those of the primer are left out, so that the new ones begin.
                    AnyRepresentation::Chords(chords) => {
                        (chords.decode_tokens(&tokens[*begun..]), work.plan.begin, nll)
                    }
                    other => {
                        let decoded = other.decode(&Symbols::Tokens(tokens.clone())).map_err(wrong_input)?;
                        (decoded, 0, nll)
                    }
                }
            }
        };
        Ok(work.piece(&decoded, offset, nll.to_vec()))
    }

    /// The steps that are still to be written; 0 for tokens, of which it is not known.
    fn left(&self) -> u64 {
        match self {
            Self::Frames { left, .. } => *left,
            Self::Tokens { .. } => 0,
        }
    }

    /// Writes all that is left, and tells how far it is: at first `done` of `total` steps.
    ///
    /// # Errors
    /// The model fails, or it is asked to stop.
    fn run(
        mut self,
        work: &Work<'_>,
        (mut done, total): (u64, u64),
        progress: &mut dyn Progress,
    ) -> anyhow::Result<Vec<Piece>> {
        while let Some(written) = self.advance() {
            written?;
            done += 1;
            let so_far = |output| {
                let place = work.numbers.iter().position(|&number| number == output as u64)?;
                let written = (place < self.count()).then(|| self.piece(work, place).ok());
                written.flatten().map(|piece| piece.score)
            };
            report(progress, done, total, so_far)?;
        }
        self.pieces(work)
    }

    /// All pieces, which are finished.
    ///
    /// # Errors
    /// As of [`Writer::piece`].
    pub fn pieces(&self, work: &Work<'_>) -> anyhow::Result<Vec<Piece>> {
        let mut remarks = Vec::new();
        if let Self::Tokens { pieces, .. } = self {
            if pieces.len() < work.options.num_outputs {
                let found = counted(pieces.len(), "piece");
                remarks.push(format!("Beam search found {found}; a wider beam (--beam-width) finds more."));
            }
            if pieces.iter().any(|piece| piece.1.len() >= MAX_TOKENS) {
                remarks.push(format!(
                    "A piece was not finished after {MAX_TOKENS} tokens, and is cut off there."
                ));
            }
        }
        let piece = |index| {
            let mut piece = work.performed(self.piece(work, index)?, index)?;
            piece.notes.extend(remarks.iter().cloned());
            Ok(piece)
        };
        (0..self.count()).map(piece).collect()
    }
}
