//! The generate loop: one step at a time, many compositions in one batch, each with random numbers of its own.

use crate::Error;
use crate::coupled;
use crate::frames::{
    self, Ending, FrameContext, FrameOptions, HeldNotes, NoteChoice, NoteScratch, Open, Scratch,
};
use crate::rules::Rules;
use crate::step_rules::{StepRules, form_of};
use composer_models::arrays::{view, view_mut};
use composer_models::encoding::Symbol;
use composer_models::note_lengths::begun;
use composer_models::streams::{Purpose, stream};
use composer_models::{Encoding, Form, LanguageModel, Past, StepInput};
use composer_music::BarMap;
use composer_music::representation::frames::{Frame, FrameRepresentation, Velocities};
use ndarray::ArrayView2;
use rand_chacha::ChaCha8Rng;

/// What was composed, and how likely the model finds it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Composition {
    /// The music.
    pub frames: Vec<Frame>,
    /// −ln P of every step under the model itself, in nats.
    pub nll: Vec<f64>,
}

/// One step of one composition.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// What sounds.
    pub frame: Frame,
    /// −ln P(frame | what came before) under the model itself, in nats.
    pub nll: f64,
}

/// Composes without end, or to the length in the rules: every call of `next` chooses one step of every composition.
///
/// Composition `i` draws from stream `i` of the seed: it is the same music whatever the number of outputs.
pub struct Generator<M: LanguageModel> {
    pub(crate) model: M,
    pub(crate) representation: FrameRepresentation,
    pub(crate) encoding: Encoding,
    pub(crate) options: FrameOptions,
    pub(crate) rules: Rules,
    state: M::State,
    pub(crate) voices: Vec<Voice>,
    indices: Vec<u32>,
    offsets: Vec<usize>,
    logits: Vec<f32>,
    scratch: Scratch,
    pub(crate) notes: NoteScratch,
    /// The bars of what the model reads and writes.
    pub(crate) bars: Option<BarMap>,
    /// What the model is told of the form of each composition, modulo their number.
    pub(crate) forms: Vec<Form>,
    /// Steps that the model has read, and steps of the piece: a primer may be read without being part of it.
    pub(crate) read: usize,
    pub(crate) step: usize,
    /// Steps that were composed.
    pub(crate) composed: usize,
    /// The velocities of the frames that are read.
    pub(crate) read_velocities: Velocities,
}

/// One composition.
pub(crate) struct Voice {
    pub(crate) context: FrameContext,
    /// For a model that decides lengths: the notes that go on, the velocities of those that began, and of those that began last.
    pub(crate) held: HeldNotes,
    pub(crate) velocities: Velocities,
    pub(crate) loud: Vec<u8>,
    /// All frames that the model has read, if it looks back.
    pub(crate) past: Option<Past>,
    pub(crate) rng: ChaCha8Rng,
}

impl Voice {
    /// Takes a frame as written.
    pub(crate) fn push(&mut self, frame: Frame) {
        self.context.push(frame);
        if let Some(past) = &mut self.past {
            past.push(frame);
        }
    }
}

impl<M: LanguageModel> Generator<M> {
    /// Begins `outputs` compositions.
    pub fn new(mut model: M, options: FrameOptions, outputs: usize, seed: u64) -> Result<Self, Error> {
        options.check()?;
        let note_by_note = model.next_note().is_some();
        let off = FrameOptions::default();
        for (name, value, off) in [
            ("whether_temperature", options.whether_temperature, off.whether_temperature),
            ("top_p", options.top_p, off.top_p),
            ("min_p", options.min_p, off.min_p),
            ("rhythm_min_p", options.rhythm_min_p, off.rhythm_min_p),
        ] {
            if value != off && !note_by_note {
                let must = "off (1, or 0 for min_p) for a model that does not write frames note by note";
                return Err(Error::Option { name, value: value.to_string(), must });
            }
        }
        let encoding = model.encoding().clone();
        let Encoding::Frames { representation, .. } = &encoding else {
            return Err(Error::WrongKind { found: encoding.kind(), needed: "frames" });
        };
        let representation = *representation;
        options.check_lengths(encoding.note_lengths() > 0)?;
        let state = model.zero_state(outputs);
        let voices = (0..outputs as u64)
            .map(|output| Voice {
                context: FrameContext::default(),
                held: HeldNotes::default(),
                velocities: Velocities::new(),
                loud: Vec::new(),
                past: encoding.new_past(),
                rng: stream(seed, Purpose::Sampling, output),
            })
            .collect();
        let logits = vec![0.0; outputs * encoding.outputs()];
        Ok(Self {
            model,
            representation,
            encoding,
            options,
            rules: Rules::default(),
            state,
            voices,
            indices: Vec::new(),
            offsets: Vec::new(),
            logits,
            scratch: Scratch::default(),
            notes: NoteScratch::default(),
            bars: None,
            forms: Vec::new(),
            read: 0,
            step: 0,
            composed: 0,
            read_velocities: Velocities::new(),
        })
    }

    /// Keeps every composition to rules, whose clock is the grid of the frames.
    ///
    /// # Errors
    /// A rule makes no sense.
    pub fn with_rules(mut self, rules: Rules) -> Result<Self, Error> {
        rules.check()?;
        self.rules = Rules { steps_per_quarter: self.representation.steps_per_quarter.into(), ..rules };
        Ok(self)
    }

    /// Composes in these bars, whose ticks are the steps of the grid ([`BarMap::on_grid`]), counted from the first step that the
    /// model reads: a primer's, if there is one. Without them, bars are of 4/4.
    pub fn with_bars(mut self, bars: BarMap) -> Self {
        self.bars = Some(bars);
        self
    }

    /// Lets composition `i` draw from stream `numbers[i]` of the seed, as if it were that one of more.
    #[must_use]
    pub fn with_streams(mut self, seed: u64, numbers: &[u64]) -> Self {
        for (voice, &number) in self.voices.iter_mut().zip(numbers) {
            voice.rng = stream(seed, Purpose::Sampling, number);
        }
        self
    }

    /// Tells a model that knows of forms the form of each composition, modulo their number, from the first bar that it reads.
    pub fn with_forms(mut self, forms: Vec<Form>) -> Self {
        self.forms = forms;
        self
    }

    /// Lets the model read frames as if it had written them; with `injected`, they are part of the piece, whose steps the
    /// rules count. Returns −ln P of each in nats. For a model that decides how long notes last, they end with these frames at the latest.
    ///
    /// # Errors
    /// The model fails.
    pub fn read(&mut self, frames: &[Frame], injected: bool) -> Result<Vec<f64>, Error> {
        if self.encoding.note_lengths() > 0 {
            return self.read_lengths(frames, injected);
        }
        let mut nll = Vec::with_capacity(frames.len());
        for &frame in frames {
            self.predict()?;
            nll.push(self.condition_on(frame)?);
            self.voices.iter_mut().for_each(|voice| voice.push(frame));
            self.step += usize::from(injected);
        }
        Ok(nll)
    }

    /// Lets the model read a frame, as [`Generator::read`] does, and tells which pitches it found likelier to sound there than not, each
    /// given those of them below.
    ///
    /// # Errors
    /// The model fails.
    pub fn expected(&mut self, frame: Frame) -> Result<u128, Error> {
        self.refuse_lengths()?;
        self.predict()?;
        let Self { model, representation, voices, logits, notes, options, .. } = self;
        let Some(voice) = voices.first() else { return Ok(0) };
        let (context, logits) = (&voice.context, &mut logits[..representation.num_outputs()]);
        let expected = match model.next_note() {
            Some(model) => {
                let choice = NoteChoice { representation, row: 0, context, options, open: Open::ALL };
                choice.expected(model, logits, notes)?
            }
            None => coupled::expected(representation, model.coupling(), logits),
        };
        self.voices.iter_mut().for_each(|voice| voice.push(frame));
        Ok(expected)
    }

    /// Lets the model read a frame, as [`Generator::read`] does, and gives what the first composition would have written in its place: the
    /// choice of one step with a true past.
    ///
    /// # Errors
    /// The model fails.
    pub fn drawn_beside(&mut self, frame: Frame) -> Result<Frame, Error> {
        self.refuse_lengths()?;
        self.predict()?;
        let now = self.now();
        let Self { model, representation, voices, logits, scratch, notes, forms, bars, .. } = self;
        let Some(voice) = voices.first_mut() else { return Ok(frame) };
        let (context, logits) = (&voice.context, &mut logits[..representation.num_outputs()]);
        let (open, options) = now.of_row(now.told(forms, bars.as_ref(), 0));
        let choice = NoteChoice { representation, row: 0, context, options, open };
        let drawn = choice.choose_by(model, logits, (scratch, notes), &mut voice.rng)?;
        model.written(0, frame, begun(context.previous(), frame));
        self.voices.iter_mut().for_each(|voice| voice.push(frame));
        self.step += 1;
        Ok(drawn)
    }

    /// Turns the logits of the first composition into those that each bit of `frame` had when it was decided; −ln P of it in nats.
    fn condition_on(&mut self, frame: Frame) -> Result<f64, Error> {
        let Self { model, representation, voices, logits, notes, options, .. } = self;
        let Some(voice) = voices.first() else { return Ok(0.0) };
        let (context, logits) = (&voice.context, &mut logits[..representation.num_outputs()]);
        let choice = NoteChoice { representation, row: 0, context, options, open: Open::ALL };
        choice.read_by(model, frame, logits, notes)?;
        Ok(frames::nll(representation, logits, context.previous(), frame))
    }

    /// Lets all notes that were read end where they end: the music goes on with notes of its own.
    pub fn release(&mut self) {
        self.voices.iter_mut().for_each(|voice| voice.context.release());
    }

    /// The model, for what it remembers of its steps.
    pub fn model(&self) -> &M {
        &self.model
    }

    /// Logits `[B, V]` from which the last step was decided, each bit given those that were decided before it.
    pub fn logits(&self) -> ArrayView2<'_, f32> {
        view((self.voices.len(), self.encoding.outputs()), &self.logits)
    }

    /// Runs the model over the symbols of the step before.
    pub(crate) fn predict(&mut self) -> Result<(), Error> {
        self.indices.clear();
        self.offsets.clear();
        self.offsets.push(0);
        for (row, voice) in self.voices.iter().enumerate() {
            let previous = (self.read > 0).then(|| Symbol::Frame(voice.context.previous()));
            let (bars, indices) = (self.bars.as_ref(), &mut self.indices);
            self.encoding.push_features(self.read, bars, previous, indices);
            if let Some(past) = &voice.past {
                let frame = |step: usize| past.frames()[step];
                self.encoding.push_past(self.read, bars, frame, || past.longest_match(), indices);
                if let (Some(bars), Some(form)) = (bars, form_of(&self.forms, row)) {
                    self.encoding.push_returns(self.read, bars, form, frame, indices);
                    self.encoding.push_rhythm(self.read, bars, form, indices);
                }
            }
            self.encoding.push_held(voice.held.each(), &mut self.indices);
            self.encoding.push_velocities(voice.loud.iter().copied(), &mut self.indices);
            self.offsets.push(self.indices.len());
        }
        let input = StepInput::MultiHot { indices: &self.indices, offsets: &self.offsets };
        let logits = view_mut((self.voices.len(), self.encoding.outputs()), &mut self.logits);
        self.model.step(input, &mut self.state, logits)?;
        self.read += 1;
        self.check_logits()
    }

    /// Refuses logits that are not numbers.
    fn check_logits(&self) -> Result<(), Error> {
        match self.logits.iter().position(|logit| logit.is_nan()) {
            None => Ok(()),
            Some(bad) => {
                let offset = bad % self.encoding.outputs() % self.representation.num_pitches();
                let index = usize::from(self.representation.pitch_low) + offset;
                let (step, value) = (self.read - 1, self.logits[bad]);
                Err(Error::NotANumber { what: "pitch", index, step, value })
            }
        }
    }

    /// What the rules leave open at a step.
    pub(crate) fn open(&self, step: u64) -> Open {
        let rules = &self.rules;
        let least = self.options.min_note_steps as u64;
        let last = rules.last_chord();
        // A note is not cut off by the last chord, as it is not by the next chord.
        let cut_off = last.is_some_and(|last| step < last.begin && last.begin - step < least);
        let begin = if rules.may_begin(step) && !cut_off { rules.pitches_during(step, least) } else { 0 };
        let ending = match last {
            Some(last) if step == last.begin => Ending::Begins(last.bass),
            Some(last) if step > last.begin => Ending::GoesOn,
            _ => Ending::Before,
        };
        Open { pitches: rules.pitches(step), begin, begins: None, ending }
    }

    /// What holds for all compositions at the step that was predicted last.
    pub(crate) fn now(&mut self) -> StepRules {
        let note_by_note = self.model.next_note().is_some();
        let at = self.read.saturating_sub(1) as u64;
        StepRules::new(at, self.open(self.step as u64), &self.encoding, (&self.options, note_by_note))
    }

    fn decide(&mut self) -> Result<Vec<Step>, Error> {
        if self.encoding.note_lengths() > 0 {
            return self.decide_lengths();
        }
        let now = self.now();
        let Self { model, representation, voices, logits, scratch, notes, forms, bars, .. } = self;
        let mut steps = Vec::with_capacity(voices.len());
        let rows = voices.iter_mut().zip(logits.chunks_exact_mut(self.encoding.outputs())).enumerate();
        for (row, (voice, logits)) in rows {
            let (context, previous) = (&voice.context, voice.context.previous());
            let told = now.told(forms, bars.as_ref(), row);
            let (open, options) = now.of_row(told);
            let choice = NoteChoice { representation, row, context, options, open };
            let repeated = told.and_then(|(form, bars)| form.repeated(now.at, bars));
            let earlier = repeated.and_then(|step| voice.past.as_ref()?.frames().get(step as usize));
            let frame = match earlier.map(|&frame| choice.again(frame)).filter(|&frame| choice.allows(frame))
            {
                Some(frame) => {
                    choice.read_by(model, frame, logits, notes)?;
                    frame
                }
                None => choice.choose_by(model, logits, (scratch, notes), &mut voice.rng)?,
            };
            steps.push(Step { frame, nll: frames::nll(representation, logits, previous, frame) });
            model.written(row, frame, begun(previous, frame));
            voice.push(frame);
        }
        self.check_logits()?;
        self.step += 1;
        Ok(steps)
    }
}

impl<M: LanguageModel> Iterator for Generator<M> {
    /// One step of every composition.
    type Item = Result<Vec<Step>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rules.length.is_some_and(|length| self.step as u64 >= length) {
            return None;
        }
        if self.encoding.note_lengths() > 0 {
            self.end_closed();
        }
        Some(self.predict().and_then(|()| self.decide()))
    }
}

/// Composes `outputs` pieces of `steps` steps.
pub fn compose<M: LanguageModel>(
    model: M,
    options: FrameOptions,
    outputs: usize,
    steps: usize,
    seed: u64,
) -> Result<Vec<Composition>, Error> {
    let mut compositions = vec![Composition::default(); outputs];
    for decided in Generator::new(model, options, outputs, seed)?.take(steps) {
        for (composition, step) in compositions.iter_mut().zip(decided?) {
            composition.frames.push(step.frame);
            composition.nll.push(step.nll);
        }
    }
    Ok(compositions)
}
