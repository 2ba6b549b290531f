//! [`NoteWise`]: the layers of a note stack.

use super::NoteWiseConfig;
use super::layout::NoteSpace;
use crate::{Encoding, Sequence};
use composer_bptt::{Error, Init, Linear, Parameters, Recurrent};
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
    /// From the note stack to the logits of classes, then of intervals.
    pub(super) output: Linear,
    /// From the context to the logits of classes.
    pub(super) context: Linear,
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
        Ok(Self {
            space,
            notes,
            bridge: Linear::new(hidden, states, true, &named("bridge"), params)?,
            output: Linear::new(recurrent.hidden, outputs, true, &named("output"), params)?,
            context: Linear::new(hidden, classes, false, &named("context"), params)?,
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

    /// Output bias initialisation: how often each class is the next note.
    pub fn init_output_bias(&self, params: &mut Parameters<f32>, sequences: &[Sequence]) {
        let (space, Some(bias)) = (&self.space, self.output.bias()) else { return };
        let mut counts = vec![0.5f32; space.classes()];
        for sequence in sequences {
            let Sequence::Frames(frames) = sequence else { continue };
            let mut before = Frame::default();
            for &frame in frames.iter() {
                space.notes(before, frame).for_each(|class| counts[class] += 1.0);
                counts[space.stop()] += 1.0;
                before = frame;
            }
        }
        let total: f32 = counts.iter().sum();
        let bias = &mut params.value_mut(bias)[..space.classes()];
        bias.iter_mut().zip(counts).for_each(|(bias, count)| *bias = (count / total).ln());
    }

    /// Whether a training draws random numbers.
    pub fn draws(&self) -> bool {
        self.output_dropout > 0.0 || self.notes.config().draws()
    }
}
