//! [`NoteWise`]: the layers of a note stack.

use super::NoteWiseConfig;
use super::layout::{Decided, NoteSpace};
use crate::{Encoding, Sequence};
use composer_bptt::{Error, Init, Linear, ParamId, Parameters, Recurrent};
use composer_music::representation::frames::Frame;
use composer_tensor::Scalar;
use rand::Rng;

/// Prefix of the note stack's parameters in a model file.
pub const NOTES_PREFIX: &str = "notes";

/// The layers that write a frame, and where their parameters are.
#[derive(Clone)]
pub(crate) struct NoteWise {
    pub(super) space: NoteSpace,
    pub(super) notes: Recurrent,
    /// From the context to the first state of every layer.
    pub(super) bridge: Linear,
    /// From the note stack to the logits of classes, then of intervals, of what is relative, of lengths and of velocities.
    pub(super) output: Linear,
    /// From the context to the logits of classes, then of lengths and of velocities.
    pub(super) context: Linear,
    /// What the length of a note adds to the logits of the next class and of its velocity `[L, C + U]`; `None`: lengths are not decided.
    pub(super) after_length: Option<ParamId>,
    pub(super) output_dropout: f64,
}

impl NoteWise {
    /// Adds the parameters, zeros. `hidden` are the features of a context, `H`, `conditions` those of the conditions.
    pub fn new<S: Scalar>(
        config: &NoteWiseConfig,
        encoding: &Encoding,
        (hidden, conditions): (usize, usize),
        params: &mut Parameters<S>,
    ) -> Result<Self, Error> {
        let Some(space) = NoteSpace::of(encoding, conditions, config.relative_logits) else {
            return Err(Error::Unsupported("only a model of frames writes note by note"));
        };
        let recurrent = &config.recurrent;
        if recurrent.bidirectional || recurrent.input != space.features() {
            return Err(Error::Config {
                name: "note_wise.recurrent",
                value: format!("input {}, bidirectional {}", recurrent.input, recurrent.bidirectional),
                expected: "it must run upwards only and read the features of the notes",
            });
        }
        if !(0.0..1.0).contains(&config.output_dropout) {
            return Err(Error::Config {
                name: "note_wise.output_dropout",
                value: config.output_dropout.to_string(),
                expected: "it must be at least 0 and below 1",
            });
        }
        let notes = Recurrent::new(recurrent.clone(), NOTES_PREFIX, params)?;
        let states = recurrent.layers * recurrent.hidden;
        let named = |name: &str| format!("{NOTES_PREFIX}.{name}");
        let (classes, outputs) = (space.classes(), space.outputs());
        let decided = classes + space.lengths + space.velocities;
        Ok(Self {
            space,
            notes,
            bridge: Linear::new(hidden, states, true, &named("bridge"), params)?,
            output: Linear::new(recurrent.hidden, outputs, true, &named("output"), params)?,
            context: Linear::new(hidden, decided, false, &named("context"), params)?,
            after_length: (space.lengths > 0).then(|| {
                params.add(named("after_length.weight"), &[space.lengths, classes + space.velocities])
            }),
            output_dropout: config.output_dropout,
        })
    }

    /// First values for all weights.
    pub fn init<S: Scalar, R: Rng>(&self, params: &mut Parameters<S>, init: &Init, rng: &mut R) {
        self.notes.init(params, init, rng);
        for linear in [&self.bridge, &self.output, &self.context] {
            linear.init(params, init, rng);
        }
    }

    /// Output bias initialisation: how often each class is the next note, and each length and velocity that of a note.
    pub fn init_output_bias(
        &self,
        params: &mut Parameters<f32>,
        encoding: &Encoding,
        sequences: &[Sequence],
    ) {
        let (space, Some(bias)) = (&self.space, self.output.bias()) else { return };
        let mut counts = vec![0.5f32; space.classes()];
        let mut of_ends = [vec![0.5f32; space.lengths], vec![0.5f32; space.velocities]];
        let mut ends = Vec::new();
        for sequence in sequences {
            let Sequence::Frames(frames) = sequence else { continue };
            let mut before = Frame::default();
            for (step, &frame) in frames.iter().enumerate() {
                space.notes(before, frame).for_each(|class| counts[class] += 1.0);
                counts[space.stop()] += 1.0;
                before = frame;
                encoding.push_ends(frames, step, 0, &mut ends);
            }
        }
        for end in ends {
            let end = Decided::default().ending(end, space);
            for (counts, class) in of_ends.iter_mut().zip([end.lengths[0], end.velocities[0]]) {
                class.into_iter().for_each(|class| counts[class] += 1.0);
            }
        }
        let [lengths, velocities] = of_ends;
        let (first_length, bias) = (space.first_length(), params.value_mut(bias));
        for (first, counts) in
            [(0, counts), (first_length, lengths), (first_length + space.lengths, velocities)]
        {
            let total: f32 = counts.iter().sum();
            bias[first..].iter_mut().zip(counts).for_each(|(bias, count)| *bias = (count / total).ln());
        }
    }

    /// Whether a training draws random numbers.
    pub fn draws(&self) -> bool {
        self.output_dropout > 0.0 || self.notes.config().draws()
    }
}
