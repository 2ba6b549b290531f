//! A whole training step, and a generated frame, of the networks that write frames note by note or pitch by pitch.

use std::time::Instant;

use composer_bptt::{Cell, Init, Mode, RecurrentConfig};
use composer_decoding::{FrameOptions, Generator};
use composer_models::batch::Slice;
use composer_models::{
    Encoding, ModelConfig, Network, Sequence, SequenceBatch, SequenceModel, SequenceState, Stepper, Workspace,
};
use composer_music::representation::frames::{Frame, FrameRepresentation, strike_rising_edges};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::Error;
use crate::optimiser::ClippedAdam;
use crate::size::stack_parameters;

/// A network with two recurrences, and the batch that it is trained on: an LSTM over time, and over notes a GRU (note-wise) or an LSTM
/// (biaxial). Frames have one plane, the 88 pitches that sound, and every frame has four notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameShape {
    /// [`Network::NoteWise`] or [`Network::Biaxial`].
    pub network: Network,
    /// `H`: units over time.
    pub hidden: usize,
    /// `N`: units over the notes, or pitches, of a frame.
    pub notes: usize,
    /// `B`: rows of the batch.
    pub batch: usize,
    /// `T`: time steps.
    pub steps: usize,
}

/// Network, then time/notes/batch/steps.
impl std::fmt::Display for FrameShape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let FrameShape { network, hidden, notes, batch, steps } = self;
        write!(f, "{network} {hidden}/{notes}/{batch}/{steps}")
    }
}

/// Dropout of the outputs of both recurrences.
const DROPOUT: f64 = 0.5;
/// Notes of a frame.
const VOICES: usize = 4;
/// Limit of every size.
const MOST: usize = 4096;
/// Frames of a second: sixteenths at 120 quarters a minute.
pub const FRAMES_PER_SECOND: f64 = 8.0;

impl FrameShape {
    /// Rejects other networks, and sizes of zero or of more than 4096.
    ///
    /// # Errors
    /// [`Error::Setting`] with the name of the size.
    pub fn check(&self) -> Result<(), Error> {
        let FrameShape { network, hidden, notes, batch, steps } = *self;
        if !matches!(network, Network::NoteWise | Network::Biaxial) {
            let must = "note-wise or biaxial";
            return Err(Error::Setting { name: "network", value: network.to_string(), must });
        }
        for (name, value) in [("hidden", hidden), ("note_hidden", notes), ("batch", batch), ("steps", steps)]
        {
            if !(1..=MOST).contains(&value) {
                return Err(Error::Setting { name, value: value.to_string(), must: "between 1 and 4096" });
            }
        }
        if self.activation_bytes() > 16_000_000_000 {
            return Err(Error::TooLarge(self.to_string()));
        }
        Ok(())
    }

    /// The network.
    pub fn config(&self) -> ModelConfig {
        let representation = FrameRepresentation { onset_plane: false, ..FrameRepresentation::default() };
        let over_notes = if self.network == Network::Biaxial { Cell::Lstm } else { Cell::Gru };
        let stack = |cell, hidden| RecurrentConfig { cell, hidden, ..RecurrentConfig::default() };
        let config = ModelConfig::new(Encoding::frames(representation), stack(Cell::Lstm, self.hidden));
        let config = ModelConfig { output_dropout: DROPOUT, ..config };
        config.with_network(self.network, stack(over_notes, self.notes), DROPOUT)
    }

    /// Rows of the recurrence over time through all steps, and steps of that over notes or pitches of all frames.
    fn rows(&self) -> (usize, usize) {
        let frames = self.batch * self.steps;
        let config = self.config();
        match self.network {
            Network::Biaxial => (frames * config.rows(), frames * config.rows()),
            _ => (frames, frames * (VOICES + 1)),
        }
    }

    /// Floating-point operations of the products of one training step: three for each weight matrix, two operations per multiply-add. Not
    /// counted are the weights that multi-hot features choose, which are added up instead of multiplied.
    pub fn flops(&self) -> f64 {
        let config = self.config();
        let chosen = |stack: &RecurrentConfig| stack.cell.gates().len() * stack.hidden * stack.input;
        let whole =
            |stack: &RecurrentConfig| stack_parameters(&RecurrentConfig { bias: false, ..stack.clone() });
        let (time, notes) = self.rows();
        let over_time = whole(&config.recurrent) - chosen(&config.recurrent);
        let (hidden, units) = (self.hidden, self.notes);
        let products = match (&config.note_wise, &config.biaxial) {
            (Some(network), _) => {
                let classes = config.encoding.outputs() + 1;
                // Classes, and intervals up to two octaves.
                let outputs = units * (classes + 24);
                let over_notes = whole(&network.recurrent) - chosen(&network.recurrent) + outputs;
                time * (over_time + hidden * (units + classes)) + notes * over_notes
            }
            (_, Some(network)) => time * over_time + notes * (whole(&network.notes) + units),
            (None, None) => time * over_time,
        };
        6.0 * products as f64
    }

    /// Bytes of activations that backpropagation needs in `f32`: gates and states of both recurrences and, as dropout and what is decided
    /// make them new, what the layers above the recurrences read.
    pub fn activation_bytes(&self) -> u64 {
        let config = self.config();
        let saved = |stack: &RecurrentConfig| stack.cell.spec().saved_per_unit() * stack.hidden;
        let (time, notes) = self.rows();
        let over_notes = config.notes().map_or(0, saved) + self.notes;
        let read = config.biaxial.as_ref().map_or(self.hidden, |network| network.notes.input);
        4 * (time * (saved(&config.recurrent) + read) + notes * over_notes) as u64
    }

    /// The pieces of the rows. Every voice has ten pitches of its own; `scripts/compare_networks.py` computes the same.
    fn pieces(&self) -> Vec<Sequence> {
        let pitch = |row: usize, step: usize, voice: usize| {
            40 + 10 * voice + (step * (voice + 3) + step / 4 * (row + 1) + 7 * row) % 10
        };
        let frame = |row: usize, step: usize| {
            let sounding = (0..VOICES).fold(0, |plane, voice| plane | 1u128 << pitch(row, step, voice));
            Frame { sounding, onsets: 0 }
        };
        let piece = |row: usize| {
            let mut frames: Vec<Frame> = (0..self.steps).map(|step| frame(row, step)).collect();
            strike_rising_edges(&mut frames);
            Sequence::frames(frames)
        };
        (0..self.batch).map(piece).collect()
    }

    fn model(&self) -> Result<SequenceModel, Error> {
        self.check()?;
        let config = self.config();
        let mut model = SequenceModel::new(config.clone(), &Init::PYTORCH, 1)?;
        model.init_output_bias(&self.pieces());
        if self.network == Network::NoteWise {
            // Notes go up: without this, an untrained network comes to the stop after one or two.
            model.weight_mut("notes.output.bias")?[[config.encoding.outputs()]] -= 3.0;
        }
        Ok(model)
    }
}

/// A model, its batch and its optimiser: everything that a training step needs.
pub struct FrameTraining {
    model: SequenceModel,
    batch: SequenceBatch,
    ws: Workspace,
    state: SequenceState,
    rng: ChaCha8Rng,
    optimiser: ClippedAdam,
}

impl FrameTraining {
    /// A model with PyTorch's initialisation.
    ///
    /// # Errors
    /// As [`FrameShape::check`].
    pub fn new(shape: FrameShape) -> Result<Self, Error> {
        let (model, pieces) = (shape.model()?, shape.pieces());
        let mut batch = SequenceBatch::new(model.encoding());
        let slice = |sequence| Some(Slice { sequence, start: 0, transpose: 0 });
        let slices: Vec<_> = pieces.iter().map(slice).collect();
        batch.fill(model.encoding(), &slices, shape.steps);
        Ok(Self {
            batch,
            ws: Workspace::default(),
            state: model.zero_state(shape.batch),
            rng: ChaCha8Rng::seed_from_u64(1),
            optimiser: ClippedAdam::new(model.params().len(), 1e-3, 1.0),
            model,
        })
    }

    /// Forward with dropout, loss, backward, clipping and Adam. Returns the mean loss in nats per frame, and the seconds up to all gradients and
    /// of the optimiser.
    ///
    /// # Errors
    /// A weight is not finite.
    pub fn step(&mut self) -> Result<(f64, [f64; 2]), Error> {
        let Self { model, batch, ws, state, rng, optimiser } = self;
        let mut lap = Instant::now();
        let mut seconds = || std::mem::replace(&mut lap, Instant::now()).elapsed().as_secs_f64();
        state.stack.reset();
        model.params_mut().zero_grad();
        let nats = model.learn(batch, state, 0.0, Mode::Train { rng }, ws)?;
        let gradients = seconds();
        optimiser.step(model.params_mut());
        Ok((nats / batch.target_steps as f64, [gradients, seconds()]))
    }

    /// Bytes of the weights, their gradients and Adam's two moments.
    pub fn weight_bytes(&self) -> u64 {
        4 * 4 * self.model.params().len() as u64
    }

    /// The weights as bits, to compare trainings.
    pub fn weight_bits(&self) -> Vec<u32> {
        self.model.params().values().iter().map(|value| value.to_bits()).collect()
    }
}

/// Composes frames with an untrained network, whose output bias knows how many notes frames have. Returns seconds per frame, the mean over
/// `frames` after some to warm up, and the notes of a frame.
///
/// # Errors
/// As [`FrameShape::check`].
pub fn seconds_per_frame(shape: FrameShape, frames: usize) -> Result<(f64, f64), Error> {
    let model = shape.model()?;
    let mut music = Generator::new(Stepper::new(&model), FrameOptions::default(), 1, 1)?;
    let mut compose = |frames: usize| -> Result<u32, Error> {
        let mut notes = 0;
        for steps in music.by_ref().take(frames) {
            notes += steps?.iter().map(|step| step.frame.sounding.count_ones()).sum::<u32>();
        }
        Ok(notes)
    };
    compose(frames / 8 + 1)?;
    let started = Instant::now();
    let notes = compose(frames)?;
    let all = frames.max(1) as f64;
    Ok((started.elapsed().as_secs_f64() / all, f64::from(notes) / all))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTE_WISE: FrameShape =
        FrameShape { network: Network::NoteWise, hidden: 24, notes: 16, batch: 3, steps: 20 };
    const BIAXIAL: FrameShape = FrameShape { network: Network::Biaxial, hidden: 12, notes: 8, ..NOTE_WISE };

    #[test]
    fn a_step_learns_the_same_bits_on_any_number_of_threads() {
        for shape in [NOTE_WISE, BIAXIAL] {
            let on = |threads: usize| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| {
                    let mut training = FrameTraining::new(shape).unwrap();
                    let losses: Vec<f64> = (0..4).map(|_| training.step().unwrap().0).collect();
                    (losses, training.weight_bits())
                })
            };
            let one = on(1);
            assert!(one.0[3] < one.0[0] && one.0[0] < 40.0, "{shape}: {:?}", one.0);
            for threads in [2, 3] {
                assert!(on(threads) == one, "{shape} on {threads} threads");
            }
        }
    }

    #[test]
    fn operations_and_activations_are_those_of_the_layers() {
        let frames = 3 * 20;
        let over_time = 4 * 24 * 24 + 24 * (16 + 89);
        let over_notes = 3 * 16 * 16 + 16 * (89 + 24);
        assert_eq!(NOTE_WISE.flops(), (6 * frames * (over_time + 5 * over_notes)) as f64);
        let over_pitch = 4 * 8 * (12 + 12 + 8) + 8;
        assert_eq!(BIAXIAL.flops(), (6 * frames * 88 * (4 * 12 * 12 + over_pitch)) as f64);
        let saved = (6 * 12 + 12 + 12) + (6 * 8 + 8);
        assert_eq!(BIAXIAL.activation_bytes(), (4 * frames * 88 * saved) as u64);
        assert_eq!(NOTE_WISE.to_string(), "note-wise 24/16/3/20");
    }

    #[test]
    fn frames_are_composed_and_wrong_shapes_refused() {
        let (seconds, notes) = seconds_per_frame(NOTE_WISE, 50).unwrap();
        assert!(seconds > 0.0 && (0.5..20.0).contains(&notes), "{seconds} s, {notes} notes");
        let complaint = |shape: FrameShape| shape.check().unwrap_err().to_string();
        assert!(
            complaint(FrameShape { network: Network::Coupled, ..BIAXIAL }).starts_with("network is coupled")
        );
        assert!(complaint(FrameShape { notes: 0, ..BIAXIAL }).starts_with("note_hidden is 0"));
    }
}
