//! [`Rewriter`]: the piece as it stands, and the methods that write some of its notes anew.

use super::options::RewriteOptions;
use super::passage::{GridNote, Keep, Passage, lay_over};
use super::rows::{RowState, Walker};
use crate::Error;
use composer_models::encoding::{FrameSequence, Sequence};
use composer_models::scoring::score_from;
use composer_models::streams::{Purpose, stream};
use composer_models::{SequenceModel, Workspace};
use composer_music::representation::frames::Frame;
use rand_chacha::ChaCha8Rng;
use std::ops::Range;

/// What one update did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Update {
    /// The effective sample size of the candidates: near 1, one of them had all the weight.
    pub effective: f64,
    /// How many there were.
    pub candidates: usize,
    /// Whether a candidate took the place of what stood.
    pub changed: bool,
}

/// A piece some notes of which are written anew, as it stands.
pub struct Rewriter<'a> {
    pub(super) model: &'a SequenceModel,
    pub(super) passage: &'a Passage,
    pub(super) options: RewriteOptions,
    pub(super) walker: Walker<'a>,
    /// The pitches of the old notes, in their order.
    pub(super) line: Vec<u8>,
    /// Notes of other bars to copy from.
    pub(super) material: Vec<GridNote>,
    /// The new notes as they stand, and the frames of the piece with them.
    pub(super) notes: Vec<GridNote>,
    pub(super) frames: Vec<Frame>,
    /// The state of the network before step `at`.
    pub(super) state: RowState<'a>,
    at: usize,
    /// The state before the first step that may change.
    first: (usize, RowState<'a>),
    pub(super) ws: Workspace,
    pub(super) rng: ChaCha8Rng,
}

impl<'a> Rewriter<'a> {
    /// Begins with the piece as it is. Output number `output` of a seed draws from a random stream of its own.
    ///
    /// # Errors
    /// An option or the passage makes no sense, or the model writes no frames.
    pub fn new(
        model: &'a SequenceModel,
        passage: &'a Passage,
        options: RewriteOptions,
        seed: u64,
        output: u64,
    ) -> Result<Self, Error> {
        options.check()?;
        passage.check()?;
        let (bars, conditions) = (passage.bars.clone(), passage.conditions.clone());
        let walker = Walker::new(model, bars, conditions, options.temperature, passage.max_polyphony)?;
        let mut frames = passage.kept.clone();
        let mut notes = passage.notes.clone();
        notes.sort_unstable();
        lay_over(&mut frames, notes.iter().copied());
        let state = model.zero_state(1);
        let mut rewriter = Self {
            model,
            passage,
            options,
            walker,
            line: notes.iter().map(|note| note.pitch).collect(),
            material: Vec::new(),
            notes,
            frames,
            first: (0, state.clone()),
            state,
            at: 0,
            ws: Workspace::default(),
            rng: stream(seed, Purpose::Rewriting, output),
        };
        let start = passage.span().map_or(0, |span| span.start);
        rewriter.advance(start)?;
        rewriter.first = (start, rewriter.state.clone());
        Ok(rewriter)
    }

    /// Lets candidates be copied from these notes, which lie outside of what is written anew, and from new notes.
    #[must_use]
    pub fn with_material(mut self, notes: Vec<GridNote>) -> Self {
        self.material = notes;
        self
    }

    /// The new notes as they stand, sorted.
    pub fn notes(&self) -> &[GridNote] {
        &self.notes
    }

    /// The piece as it stands.
    pub fn frames(&self) -> &[Frame] {
        &self.frames
    }

    /// Draws all that is open at once, whatever stood there: sequential Monte Carlo over the whole span.
    ///
    /// # Errors
    /// Nothing satisfies the locks, or the model fails.
    pub fn fill(&mut self) -> Result<Update, Error> {
        let span = self.passage.span().unwrap_or(0..0);
        if self.passage.keep == Keep::Nothing {
            self.notes.clear();
        }
        self.update_without_copies(span)
    }

    fn update_without_copies(&mut self, steps: Range<usize>) -> Result<Update, Error> {
        let options = self.options;
        self.options.copies = 0.0;
        let update = self.update(steps, false);
        self.options = options;
        update
    }

    /// Draws block after block anew, each from what is likely given all else as it stands, which stays possible.
    ///
    /// # Errors
    /// The model fails.
    pub fn sweep(&mut self, blocks: &[Range<usize>]) -> Result<Vec<Update>, Error> {
        blocks.iter().map(|block| self.update(block.clone(), true)).collect()
    }

    /// Draws block after block anew, whatever stood there, each weighted by what follows as it stands.
    ///
    /// # Errors
    /// Nothing satisfies the locks, or the model fails.
    pub fn redraw(&mut self, blocks: &[Range<usize>]) -> Result<Vec<Update>, Error> {
        blocks.iter().map(|block| self.update(block.clone(), false)).collect()
    }

    /// Brings the state of the network to before a step.
    pub(super) fn advance(&mut self, step: usize) -> Result<(), Error> {
        if step < self.at {
            (self.at, self.state) = self.first.clone();
        }
        if step == self.at {
            return Ok(());
        }
        let sequence = FrameSequence::new(self.frames.clone(), Some(self.passage.bars.clone()));
        let sequence = Sequence::Frames(sequence).with_conditions(self.passage.conditions.clone());
        score_from(self.model, &[sequence], self.at..step, &mut self.state, &mut self.ws)?;
        self.at = step;
        Ok(())
    }
}
