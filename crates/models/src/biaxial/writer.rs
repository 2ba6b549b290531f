//! A frame pitch by pitch: the distribution of the next note, given those below.

use super::Biaxial;
use crate::Error;
use crate::note_wise::{Decided, NotePosition};
use crate::scoring::bernoulli_nll;
use composer_bptt::arrays::{view, view_mut};
use composer_bptt::{Input, LinearWorkspace, Mode, Parameters, RecurrentWorkspace, State};
use composer_music::representation::frames::Frame;
use std::ops::Range;

/// The memory of single notes.
#[derive(Default)]
pub(crate) struct PitchScratch {
    recurrent: RecurrentWorkspace<f32>,
    output: LinearWorkspace<f32>,
    /// What the second recurrence reads in the frame at hand `[P, H + D + conditions]`.
    input: Vec<f32>,
    /// The sounding plane of the frame before it.
    before: u128,
    /// Where it goes on from, to see what comes.
    state: State<f32>,
    /// The conditions of the frame that are on.
    told: Vec<u32>,
    /// `[pitches left, planes]`
    logits: Vec<f32>,
}

impl Biaxial {
    /// Begins a frame from the outputs over time of its pitches, `[P, H]`, and the features that the network read.
    pub fn begin_frame(
        &self,
        params: &Parameters<f32>,
        (hidden, features): (&[f32], &[u32]),
        previous: Frame,
        position: &mut NotePosition,
        scratch: &mut PitchScratch,
    ) -> Result<(), Error> {
        let width = self.width();
        scratch.input.resize(self.space.pitches * width, 0.0);
        scratch.told.clear();
        scratch.told.extend(self.told(features));
        for (to, from) in scratch.input.chunks_exact_mut(width).zip(hidden.chunks_exact(self.hidden)) {
            to[..self.hidden].copy_from_slice(from);
            self.write_told(&scratch.told, &mut to[width - self.space.conditions..]);
        }
        scratch.before = self.space.representation.offsets(previous.sounding);
        position.decided = Decided::default();
        position.planes = [0; 2];
        position.state = State::zeros(self.notes.config(), 1);
        self.next_note(params, position, scratch)
    }

    /// Takes one more note.
    pub fn push_note(
        &self,
        params: &Parameters<f32>,
        class: usize,
        position: &mut NotePosition,
        scratch: &mut PitchScratch,
    ) -> Result<(), Error> {
        let (pitches, first) = (self.space.pitches, position.first(self.space.pitches));
        let pitch = class % pitches;
        position.check(class, pitches)?;
        self.run(params, first..pitch + 1, position.planes, &mut position.state, scratch)?;
        position.planes[0] |= 1 << pitch;
        if class >= pitches {
            position.planes[1] |= 1 << pitch;
        }
        let count = position.decided.count + 1;
        position.decided = Decided { last: Some(class), count, ..Decided::default() };
        self.next_note(params, position, scratch)
    }

    /// Takes the second recurrence through some pitches, given those below and none of them.
    fn run(
        &self,
        params: &Parameters<f32>,
        pitches: Range<usize>,
        decided: [u128; 2],
        state: &mut State<f32>,
        scratch: &mut PitchScratch,
    ) -> Result<(), Error> {
        let width = self.width();
        let input = &mut scratch.input[pitches.start * width..pitches.end * width];
        for (pitch, row) in pitches.clone().zip(input.chunks_exact_mut(width)) {
            self.write_decided(decided, pitch, &mut row[self.hidden..]);
        }
        let input = Input::Dense(view((pitches.len(), 1, width), input));
        Ok(self.notes.forward(params, input, state, None, Mode::Eval, &mut scratch.recurrent)?)
    }

    /// Says what may come next: each pitch that is left, if none below it does; or nothing.
    fn next_note(
        &self,
        params: &Parameters<f32>,
        position: &mut NotePosition,
        scratch: &mut PitchScratch,
    ) -> Result<(), Error> {
        let (pitches, planes) = (self.space.pitches, self.space.planes());
        let first = position.first(pitches);
        let log_probs = &mut position.log_probs;
        log_probs.clear();
        log_probs.resize(self.outputs() + 1, f64::NEG_INFINITY);
        let mut silent = 0.0;
        if first < pitches {
            let mut state = std::mem::take(&mut scratch.state);
            state.clone_from(&position.state);
            self.run(params, first..pitches, position.planes, &mut state, scratch)?;
            scratch.state = state;
            let left = pitches - first;
            scratch.logits.resize(left * planes, 0.0);
            let logits = view_mut((left, 1, planes), &mut scratch.logits);
            self.output.forward(params, scratch.recurrent.output(), logits, &mut scratch.output)?;
        }
        for (pitch, logits) in (first..pitches).zip(scratch.logits.chunks_exact(planes)) {
            let here = silent - bernoulli_nll(logits[0], true);
            if !self.space.onset_plane {
                log_probs[pitch] = here;
            } else if scratch.before >> pitch & 1 == 1 {
                log_probs[pitch] = here - bernoulli_nll(logits[1], false);
                log_probs[pitches + pitch] = here - bernoulli_nll(logits[1], true);
            } else {
                // What did not sound before is struck by necessity.
                log_probs[pitches + pitch] = here;
            }
            silent -= bernoulli_nll(logits[0], false);
        }
        log_probs[self.outputs()] = silent;
        Ok(())
    }
}
