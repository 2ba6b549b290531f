//! [`Biaxial`]: the layers that are tied across pitch.

use super::features::PitchSpace;
use super::{BiaxialConfig, FeatureRows};
use crate::Encoding;
use crate::note_wise::NOTES_PREFIX;
use composer_bptt::{Error, Init, Linear, Parameters, Recurrent};
use composer_tensor::Scalar;
use rand::Rng;

/// The layers above the recurrence over time, what that reads, and where their parameters are.
#[derive(Clone)]
pub(crate) struct Biaxial {
    pub(super) space: PitchSpace,
    pub(super) notes: Recurrent,
    /// From the second recurrence to the logit of sounding and, with an onset plane, of being struck.
    pub(super) output: Linear,
    /// Features of a pitch from the recurrence over time, `H`.
    pub(super) hidden: usize,
    pub(super) below: usize,
    pub(super) output_dropout: f64,
}

impl Biaxial {
    /// Adds the parameters, zeros. `hidden` are the features of a pitch from the recurrence over time, `H`, `conditions` those of the
    /// conditions.
    pub fn new<S: Scalar>(
        config: &BiaxialConfig,
        encoding: &Encoding,
        (hidden, conditions): (usize, usize),
        params: &mut Parameters<S>,
    ) -> Result<Self, Error> {
        let Some(space) = PitchSpace::of(encoding, config.absolute) else {
            return Err(Error::Unsupported("only a model of frames can be tied across pitch"));
        };
        let space = space.under(conditions);
        let (notes, below) = (&config.notes, config.below);
        if !(1..=128).contains(&below) {
            let expected = "it must be from 1 to 128";
            return Err(Error::Config { name: "biaxial.below", value: below.to_string(), expected });
        }
        if notes.bidirectional || notes.input != hidden + space.planes() * below + conditions {
            return Err(Error::Config {
                name: "biaxial.notes",
                value: format!("input {}, bidirectional {}", notes.input, notes.bidirectional),
                expected: "it must run upwards only and read the outputs over time and the decisions below",
            });
        }
        if !(0.0..1.0).contains(&config.output_dropout) {
            return Err(Error::Config {
                name: "biaxial.output_dropout",
                value: config.output_dropout.to_string(),
                expected: "it must be at least 0 and below 1",
            });
        }
        let stack = Recurrent::new(notes.clone(), NOTES_PREFIX, params)?;
        let prefix = format!("{NOTES_PREFIX}.output");
        let output = Linear::new(notes.hidden, space.planes(), true, &prefix, params)?;
        let output_dropout = config.output_dropout;
        Ok(Self { space, notes: stack, output, hidden, below, output_dropout })
    }

    /// Logits of a frame, `V`.
    pub fn outputs(&self) -> usize {
        self.space.planes() * self.space.pitches
    }

    /// Overwrites `rows` by the features of all pitches of steps that have these features of the encoding, multi-hot.
    pub fn write_features(&self, steps: (&[u32], &[usize]), rows: &mut FeatureRows) {
        self.space.write(steps, rows);
    }

    /// First values for all weights.
    pub fn init<S: Scalar, R: Rng>(&self, params: &mut Parameters<S>, init: &Init, rng: &mut R) {
        self.notes.init(params, init, rng);
        self.output.init(params, init, rng);
    }

    /// Output bias initialisation: how often any pitch sounds, and is struck where it goes on sounding, of the log-odds of each bit of a
    /// frame, `V`.
    pub fn init_output_bias(&self, params: &mut Parameters<f32>, log_odds: &[f32]) {
        let Some(bias) = self.output.bias() else { return };
        for (bias, plane) in params.value_mut(bias).iter_mut().zip(log_odds.chunks_exact(self.space.pitches))
        {
            let shares = plane.iter().map(|&logit| 1.0 / (1.0 + (-f64::from(logit)).exp()));
            let mean = shares.sum::<f64>() / plane.len() as f64;
            *bias = (mean / (1.0 - mean)).ln() as f32;
        }
    }

    /// Whether a training draws random numbers.
    pub fn draws(&self) -> bool {
        self.output_dropout > 0.0 || self.notes.config().draws()
    }
}
