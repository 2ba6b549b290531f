//! What happens inside a network while it reads a piece: gates and states of every unit, the distribution of the next note, and how the
//! gradient of one prediction flows back through time.

use crate::error::{Result, wrong_input, wrong_option};
use crate::model::TrainedModel;
use composer_bptt::Mode;
use composer_bptt::probe::{Trace, unit_activity};
use composer_models::Targets;
use composer_models::batch::Slice;
use composer_models::note_wise::each_choice;
use composer_models::{
    Encoding, LanguageModel, Sequence, SequenceBatch, SequenceModel, StepInput, Stepper, Workspace,
};
use composer_music::representation::frames::{Frame, FrameRepresentation};
use composer_music::{BarMap, Score};
use ndarray::Array2;
use std::ops::Range;

/// Most steps that are shown at a time.
pub const MAX_STEPS: usize = 128;

/// A network at work.
#[derive(Clone, Debug)]
pub struct Inside {
    /// The steps of the piece that are shown.
    pub steps: Range<usize>,
    /// Steps of the whole piece.
    pub length: usize,
    /// The grid.
    pub representation: FrameRepresentation,
    /// The bars of the piece, in steps.
    pub bars: BarMap,
    /// The name of the cell.
    pub cell: String,
    /// The gates, in the order of their values.
    pub gates: Vec<&'static str>,
    /// The layers, the lowest first.
    pub layers: Vec<LayerInside>,
    /// The frames of these steps.
    pub frames: Vec<Frame>,
    /// The choices of each step: the notes of a frame one after the other, each given those below; one with all pitches at once for a model
    /// that decides them at once.
    pub choices: Vec<Vec<Choice>>,
    /// Whether a choice is one class of several, note by note; otherwise each pitch is chosen for itself, and a choice has logits.
    pub by_note: bool,
    /// −ln P of each step, in nats.
    pub nll: Vec<f64>,
}

/// One layer.
#[derive(Clone, Debug)]
pub struct LayerInside {
    /// Units.
    pub hidden: usize,
    /// The values of each gate `[T, H]`.
    pub gates: Vec<Vec<f32>>,
    /// The state after each step `[T, H]`.
    pub h: Vec<f32>,
    /// The cell state after each step `[T, H]`; empty for a cell without.
    pub c: Vec<f32>,
}

/// A choice that the network is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// ln P of each class. Of `P` pitches, class `k < P` holds the pitch `low + k`, `P + k` strikes it, and the last ends the frame. For a
    /// model that decides all pitches at once: the logit of each pitch.
    pub log_probs: Vec<f64>,
    /// What the piece has; `None` for a model that decides all pitches at once.
    pub chosen: Option<usize>,
}

/// The gradient of the loss of one step, on its way back.
#[derive(Clone, Debug)]
pub struct GradientFlow {
    /// The steps before the prediction and it, the last.
    pub steps: Range<usize>,
    /// For each layer, the norms over these steps.
    pub layers: Vec<Trace>,
    /// −ln P of the step, in nats.
    pub nll: f64,
}

/// A piece as a model reads it.
struct Read<'a> {
    model: &'a SequenceModel,
    representation: FrameRepresentation,
    sequence: Sequence,
    frames: Vec<Frame>,
    bars: BarMap,
}

impl<'a> Read<'a> {
    fn new(trained: &'a TrainedModel, score: &Score) -> anyhow::Result<Self> {
        let model = &trained.model;
        let Encoding::Frames { representation, .. } = *model.encoding() else {
            return Err(wrong_input(
                "this model writes tokens, and the inside of a network is shown for models of frames: compose and piano are",
            ));
        };
        if model.config().rows() > 1 {
            return Err(wrong_input("the inside of a network with a row for each pitch is not shown"));
        }
        if model.encoding().note_lengths() > 0 {
            return Err(wrong_input(
                "the inside of a network that decides the lengths of notes is not shown",
            ));
        }
        let frames = representation.encode(score);
        if frames.is_empty() {
            return Err(wrong_input("the piece has no pitched notes in the model's range"));
        }
        let bars = representation.bars(score);
        let sequence = Sequence::frames_in(frames.clone(), bars.clone());
        Ok(Self { model, representation, sequence, frames, bars })
    }

    fn batch(&self, steps: &Range<usize>) -> SequenceBatch {
        let mut batch = SequenceBatch::of_model(self.model.config());
        let slice = Slice { sequence: &self.sequence, start: steps.start, transpose: 0 };
        batch.fill(self.model.encoding(), &[Some(slice)], steps.len());
        batch
    }

    fn check(&self, steps: &Range<usize>) -> anyhow::Result<()> {
        if steps.start < steps.end && steps.end <= self.frames.len() && steps.len() <= MAX_STEPS {
            return Ok(());
        }
        let problem = format!("must be up to {MAX_STEPS} of the {} steps of the piece", self.frames.len());
        Err(wrong_option("steps", problem))
    }
}

/// Looks into a network while it reads some steps of a piece; `from` is the first, and those before it are read too.
///
/// # Errors
/// The model is not one of frames, or the piece has no such steps.
pub fn inside(trained: &TrainedModel, score: &Score, from: usize, count: usize) -> Result<Inside> {
    Ok(look(trained, score, from, count)?)
}

fn look(trained: &TrainedModel, score: &Score, from: usize, count: usize) -> anyhow::Result<Inside> {
    let read = Read::new(trained, score)?;
    let steps = from..from.saturating_add(count).min(read.frames.len());
    read.check(&steps)?;
    let model = read.model;
    let (mut state, mut ws) = (model.zero_state(1), Workspace::default());
    for start in (0..from).step_by(MAX_STEPS) {
        model.forward(
            &read.batch(&(start..(start + MAX_STEPS).min(from))),
            &mut state,
            Mode::Eval,
            &mut ws,
        )?;
    }
    let before = state.clone();
    let batch = read.batch(&steps);
    model.forward(&batch, &mut state, Mode::Eval, &mut ws)?;
    let config = &model.config().recurrent;
    let layer = |index| {
        let units = unit_activity(model.stack(), ws.recurrent(), index)?;
        Ok(LayerInside { hidden: config.hidden, gates: units.gates, h: units.h, c: units.c })
    };
    let layers =
        (0..config.layers).map(layer).collect::<std::result::Result<Vec<_>, composer_bptt::Error>>()?;
    let nll = composer_models::scoring::score(model, std::slice::from_ref(&read.sequence), &mut ws)?;
    let by_note = model.config().notes().is_some();
    Ok(Inside {
        length: read.frames.len(),
        representation: read.representation,
        cell: config.cell.to_string(),
        gates: config.cell.gates().to_vec(),
        layers,
        frames: read.frames[steps.clone()].to_vec(),
        choices: choices(&read, &steps, &batch, before)?,
        by_note,
        nll: nll[0].total().iter().copied().skip(steps.start).take(steps.len()).collect(),
        bars: read.bars,
        steps,
    })
}

/// What the network is asked at each step, given what the piece has.
fn choices(
    read: &Read<'_>,
    steps: &Range<usize>,
    batch: &SequenceBatch,
    mut state: composer_models::SequenceState,
) -> anyhow::Result<Vec<Vec<Choice>>> {
    let mut stepper = Stepper::new(read.model);
    let mut logits = Array2::zeros((1, read.model.encoding().outputs()));
    let mut all = Vec::with_capacity(steps.len());
    for (row, step) in steps.clone().enumerate() {
        let indices = &batch.indices[batch.offsets[row]..batch.offsets[row + 1]];
        let input = StepInput::MultiHot { indices, offsets: &[0, indices.len()] };
        stepper.step(input, &mut state, logits.view_mut())?;
        let pitches = read.representation.num_pitches();
        let Some(notes) = stepper.next_note() else {
            let log_probs = logits.row(0).iter().take(pitches).map(|&logit| f64::from(logit)).collect();
            all.push(vec![Choice { log_probs, chosen: None }]);
            continue;
        };
        let previous = step.checked_sub(1).map_or_else(Frame::default, |before| read.frames[before]);
        let mut of_step = Vec::new();
        each_choice(notes, &read.representation, [previous, read.frames[step]], |log_probs, class| {
            of_step.push(Choice { log_probs: log_probs.to_vec(), chosen: Some(class) });
        })?;
        all.push(of_step);
    }
    Ok(all)
}

/// The gradient of the loss of step `step` with respect to the states before it, over up to `back` steps.
///
/// # Errors
/// The model is not one of frames, or the piece has no such step.
pub fn gradient_flow(
    trained: &TrainedModel,
    score: &Score,
    step: usize,
    back: usize,
) -> Result<GradientFlow> {
    Ok(flow(trained, score, step, back)?)
}

fn flow(trained: &TrainedModel, score: &Score, step: usize, back: usize) -> anyhow::Result<GradientFlow> {
    let read = Read::new(trained, score)?;
    let steps = (step + 1).saturating_sub(back.max(1))..step + 1;
    read.check(&steps)?;
    // Backward passes add gradients to the parameters: those of a copy.
    let mut model = read.model.clone();
    let (mut state, mut ws) = (model.zero_state(1), Workspace::default());
    for start in (0..steps.start).step_by(MAX_STEPS) {
        let batch = read.batch(&(start..(start + MAX_STEPS).min(steps.start)));
        model.forward(&batch, &mut state, Mode::Eval, &mut ws)?;
    }
    let mut batch = read.batch(&steps);
    let outputs = model.encoding().outputs();
    if let Targets::Bits { weight, .. } = &mut batch.targets {
        weight[..(steps.len() - 1) * outputs].fill(0.0);
    }
    batch.target_steps = 1;
    ws.attach_probe();
    let nll = model.learn(&batch, &mut state, 0.0, Mode::Eval, &mut ws)?;
    let layers = ws.recurrent().probe().map(|probe| probe.layers.clone()).unwrap_or_default();
    Ok(GradientFlow { steps, layers, nll })
}

#[cfg(test)]
mod tests {
    use super::*;
    use composer_music::corpus;

    #[test]
    fn choices_have_the_likelihood_of_the_piece_and_gradients_begin_at_the_prediction() {
        let model = TrainedModel::built_in().unwrap();
        let score = &corpus::shipped::piano().pieces[0].score;
        let found = inside(&model, score, 40, 24).unwrap();
        assert_eq!((found.steps.clone(), found.frames.len(), found.choices.len()), (40..64, 24, 24));
        assert!(found.by_note);
        for (choices, nll) in found.choices.iter().zip(&found.nll) {
            let sum: f64 = choices.iter().map(|choice| -choice.log_probs[choice.chosen.unwrap()]).sum();
            assert!((sum - nll).abs() < 1e-3 * (1.0 + nll.abs()), "{sum} {nll}");
        }
        let flow = gradient_flow(&model, score, 60, 32).unwrap();
        assert_eq!(flow.steps, 29..61);
        assert!((flow.nll - found.nll[20]).abs() < 1e-3 * (1.0 + flow.nll), "{} {}", flow.nll, found.nll[20]);
        let d_h = &flow.layers.last().unwrap().d_h;
        assert!(d_h.len() == 32 && d_h[31] > d_h[0] && d_h[31] > 0.0);
        assert!(inside(&model, score, 0, 1000).is_err() && inside(&model, score, 1 << 40, 1).is_err());
        assert!(
            inside(&TrainedModel::load("hymn").unwrap(), score, 0, 8).is_ok(),
            "any model of frames is shown"
        );
    }
}
