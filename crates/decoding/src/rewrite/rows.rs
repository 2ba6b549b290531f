//! Candidates side by side: each step of all of them at once through the network.

use super::draw::{Choice, Draw, DrawScratch, Written};
use super::limits::{Block, Voice};
use super::passage::GridNote;
use crate::Error;
use composer_models::arrays::view_mut;
use composer_models::conditions::Dropped;
use composer_models::encoding::Symbol;
use composer_models::{ConditionTrack, Encoding, LanguageModel, Past, SequenceModel, StepInput, Stepper};
use composer_music::BarMap;
use composer_music::representation::frames::{Frame, FrameRepresentation};
use rand_chacha::ChaCha8Rng;

/// One candidate.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub voice: Voice,
    /// The frames from the first step of the block on.
    pub written: Vec<Frame>,
    /// Frames that it has to have, from the first step of the block on; `None`: they are drawn.
    pub given: Option<Vec<Frame>>,
    pub ln_mass: f64,
    pub ln_prior: f64,
    /// Whether a step allowed nothing, or not what was given.
    pub dead: bool,
    /// All frames so far, if the network is told of the longest match.
    pub past: Option<Past>,
}

impl Row {
    pub fn notes(&self) -> &[GridNote] {
        &self.voice.notes
    }

    fn take(&mut self, block: &Block, step: usize, written: Option<Written>) {
        let Written { frame, ln_mass, ln_prior } = written.unwrap_or_else(|| {
            self.dead = true;
            Written { frame: block.locked[step], ..Written::default() }
        });
        self.ln_mass += ln_mass;
        self.ln_prior += ln_prior;
        self.voice.push(block, step, frame);
        self.written.push(frame);
        if let Some(past) = &mut self.past {
            past.push(frame);
        }
    }
}

/// The network with what single steps of all rows need.
pub(super) struct Walker<'a> {
    model: &'a SequenceModel,
    stepper: Stepper<'a>,
    encoding: Encoding,
    pub representation: FrameRepresentation,
    conditions: ConditionTrack,
    bars: BarMap,
    temperature: f64,
    most: usize,
    indices: Vec<u32>,
    offsets: Vec<usize>,
    logits: Vec<f32>,
    scratch: DrawScratch,
}

/// The state of the network for some rows.
pub(super) type RowState<'a> = <Stepper<'a> as LanguageModel>::State;

impl<'a> Walker<'a> {
    /// For a model of frames.
    ///
    /// # Errors
    /// It writes something else.
    pub fn new(
        model: &'a SequenceModel,
        bars: BarMap,
        conditions: ConditionTrack,
        temperature: f64,
        most: usize,
    ) -> Result<Self, Error> {
        let encoding = model.encoding().clone();
        let Encoding::Frames { representation, .. } = encoding else {
            return Err(Error::WrongKind { found: encoding.kind(), needed: "frames" });
        };
        if encoding.note_lengths() > 0 {
            return Err(Error::NoteLengths);
        }
        let by_note = model.config().notes().is_some();
        if temperature != 1.0 && !by_note {
            let must = "1 for a model that does not write frames note by note";
            return Err(Error::Option { name: "temperature", value: temperature.to_string(), must });
        }
        Ok(Self {
            model,
            stepper: Stepper::new(model),
            encoding,
            representation,
            conditions,
            bars,
            temperature,
            most,
            indices: Vec::new(),
            offsets: Vec::new(),
            logits: Vec::new(),
            scratch: DrawScratch::default(),
        })
    }

    /// A row that goes on from `before`, the frames up to the block.
    pub fn row(&self, before: &[Frame], given: Option<Vec<Frame>>) -> Row {
        let past = self.encoding.longest_match().then(|| {
            let mut past = Past::default();
            before.iter().for_each(|&frame| past.push(frame));
            past
        });
        let voice = Voice::new(before.last().copied().unwrap_or_default());
        Row { voice, written: Vec::new(), given, ln_mass: 0.0, ln_prior: 0.0, dead: false, past }
    }

    /// The state of rows `places` of a state.
    pub fn gather(&self, state: &RowState<'a>, places: &[usize]) -> RowState<'a> {
        self.stepper.gather(state, places)
    }

    /// Writes the next step of all rows, which go on from `before`.
    pub fn step(
        &mut self,
        before: &[Frame],
        block: &Block,
        rows: &mut [Row],
        state: &mut RowState<'a>,
        rng: &mut ChaCha8Rng,
    ) -> Result<(), Error> {
        let Some(step) = rows.first().map(|row| before.len() + row.written.len()) else { return Ok(()) };
        self.read(before, step, rows);
        let outputs = self.encoding.outputs();
        self.logits.resize(rows.len() * outputs, 0.0);
        let input = StepInput::MultiHot { indices: &self.indices, offsets: &self.offsets };
        self.stepper.step(input, state, view_mut((rows.len(), outputs), &mut self.logits))?;
        if let Some(bad) = self.logits.iter().position(|logit| logit.is_nan()) {
            let (index, value) = (bad % outputs, self.logits[bad]);
            return Err(Error::NotANumber { what: "pitch", index, step, value });
        }
        let Self { representation, stepper, scratch, temperature, most, .. } = self;
        for (row, (candidate, logits)) in
            rows.iter_mut().zip(self.logits.chunks_exact_mut(outputs)).enumerate()
        {
            let limits = candidate.voice.limits(block, step, *most, representation.onset_plane);
            let previous = candidate.voice.previous;
            let draw = Draw { representation, row, previous, limits: &limits, temperature: *temperature };
            let given = candidate.given.as_ref().and_then(|given| given.get(candidate.written.len()));
            let choice = given.map_or_else(|| Choice::Drawn(rng), |&frame| Choice::Given(frame));
            let written = if candidate.dead { None } else { draw.write(stepper, logits, choice, scratch)? };
            candidate.take(block, step, written);
        }
        Ok(())
    }

    /// What the network reads at a step.
    fn read(&mut self, before: &[Frame], step: usize, rows: &[Row]) {
        let Self { encoding, indices, offsets, .. } = self;
        let (conditions, first) = (&self.model.config().conditions, encoding.inputs());
        let told = self.conditions.at(step).filter(|_| !conditions.is_empty());
        indices.clear();
        offsets.clear();
        offsets.push(0);
        for row in rows {
            let previous = (step > 0).then_some(Symbol::Frame(row.voice.previous));
            let bars = Some(&self.bars);
            encoding.push_features(step, bars, previous, indices);
            let frame = |step: usize| match step.checked_sub(before.len()) {
                Some(place) => row.written[place],
                None => before[step],
            };
            encoding.push_past(step, bars, frame, || row.past.as_ref()?.longest_match(), indices);
            if let Some(values) = told {
                conditions.push_features(values, Dropped::NONE, 0, first, indices);
            }
            offsets.push(indices.len());
        }
    }
}
