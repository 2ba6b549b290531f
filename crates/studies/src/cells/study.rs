//! All runs of a comparison, on several threads.

use std::sync::Mutex;

use composer_music::Score;
use composer_music::representation::frames::Frame;
use serde::Serialize;

use super::config::{Config, REFERENCE_UPDATES};
use super::free_running::{Bar, ReferenceModel};
use super::music::{self, BAR, Form};
use super::recovery::Perturbations;
use super::run::{Measurers, Outcome, Pieces, held_out_nll, run, train};
use crate::Error;
use crate::parallel::parallel_map;

/// Progress of a study. Events come from several threads, one at a time.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// One update of one run.
    Updated,
    /// A run has ended and been measured.
    Finished(&'a Outcome),
}

/// The results of a study.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Study {
    /// All runs, in the order of [`Config::trials`].
    pub outcomes: Vec<Outcome>,
    /// The bars of held-out music, over as many excerpts as a model composes pieces, or fewer: no composition can be expected
    /// to do better.
    pub real: Vec<Bar>,
    /// Excerpts of held-out music in `real`.
    pub real_excerpts: usize,
    /// Excerpts with a bar of wrong notes.
    pub perturbations: usize,
    /// −ln P of the held-out music under the reference model, in nats per quarter.
    pub reference_nll: f64,
    /// Parameters of the reference model.
    pub reference_parameters: usize,
    /// Symbols per training excerpt in each representation.
    pub windows: Vec<(Form, usize)>,
}

/// Trains on `train_scores` and measures on `held_out_scores`, `threads` runs at a time. Apart from the seconds, the results do not depend on
/// the number of threads.
///
/// # Errors
/// A setting is out of its range, the music is too short, or a run diverges.
pub fn study(
    train_scores: &[Score],
    held_out_scores: &[Score],
    config: &Config,
    threads: usize,
    on_event: &mut (dyn FnMut(Event<'_>) + Send),
) -> Result<Study, Error> {
    resume(train_scores, held_out_scores, config, &[], threads, on_event)
}

/// As [`study`], without the runs in `done`: outcomes of a study of the same music with the same settings that was stopped.
///
/// # Errors
/// As [`study`].
pub fn resume(
    train_scores: &[Score],
    held_out_scores: &[Score],
    config: &Config,
    done: &[Outcome],
    threads: usize,
    on_event: &mut (dyn FnMut(Event<'_>) + Send),
) -> Result<Study, Error> {
    let (train_frames, held_out) = (music::frames(train_scores), music::frames(held_out_scores));
    config.check_frames(&train_frames, &held_out)?;
    let on_event = Mutex::new(on_event);
    let emit = |event: Event<'_>| {
        if let Ok(mut on_event) = on_event.lock() {
            on_event(event);
        }
    };
    let pieces = Form::ALL.map(|form| Pieces::new(form, &train_frames, &held_out, config.bars));
    let of = |form: Form| &pieces[usize::from(form == Form::Events)];
    let frames = of(Form::Frames);
    let updates = config.updates * REFERENCE_UPDATES;
    let (reference, _) = train(config.reference(), frames, config, updates, &mut || emit(Event::Updated))?;
    let (_, reference_nll) = held_out_nll(&reference, frames)?;
    let reference_parameters = reference.params().len();
    let bars = config.composed_bars();
    let real = music::excerpts(&held_out, bars * BAR, config.compositions);
    let real: Vec<Vec<Frame>> = real.into_iter().map(<[Frame]>::to_vec).collect();
    let excerpts = music::excerpts(&held_out, 2 * config.bars * BAR, config.compositions);
    let measurers = Measurers {
        reference: ReferenceModel::new(&train_frames, reference),
        perturbations: Perturbations::new(&excerpts, config.bars, config.bars, config.seed),
    };
    let outcomes = parallel_map(&config.trials(), threads, |&trial| {
        if let Some(outcome) = done.iter().find(|outcome| outcome.trial == trial) {
            return Ok(outcome.clone());
        }
        let outcome = run(trial, of(trial.form), &measurers, config, &mut || emit(Event::Updated))?;
        emit(Event::Finished(&outcome));
        Ok(outcome)
    })?;
    Ok(Study {
        outcomes,
        real: measurers.reference.measure(&real, bars)?,
        real_excerpts: real.len(),
        perturbations: excerpts.len(),
        reference_nll,
        reference_parameters,
        windows: config.forms.iter().map(|&form| (form, of(form).window)).collect(),
    })
}
