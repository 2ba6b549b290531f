//! [`Observer`]: receives the events of a training, and may ask to save or to stop.

use crate::checkpoint::Snapshot;
use crate::diagnosis::Advice;
use crate::error::Error;
use crate::history::{EpochReport, UpdateReport};
use composer_models::SequenceModel;

/// Whether to go on after an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Go on.
    Continue,
    /// Save a checkpoint and go on.
    Save,
    /// Save a checkpoint and stop: the run can be resumed.
    Stop,
}

/// Receives the events of the training of a model of type `M`. An error (a full disk, say) ends the training.
///
/// `()` is the observer that does nothing.
pub trait Observer<M = SequenceModel> {
    /// After every update.
    fn update(&mut self, _report: &UpdateReport) -> Control {
        Control::Continue
    }

    /// After every epoch, with the model as it was validated.
    ///
    /// # Errors
    /// Whatever the observer cannot do; it ends the training.
    fn epoch(&mut self, _report: &EpochReport, _model: &M) -> std::io::Result<()> {
        Ok(())
    }

    /// After every epoch, and when [`Observer::update`] wants it: the moment to write a checkpoint.
    ///
    /// # Errors
    /// The checkpoint cannot be written; it ends the training.
    fn save(&mut self, _snapshot: &Snapshot<'_>) -> Result<(), Error> {
        Ok(())
    }

    /// Training goes on, but not well.
    fn advice(&mut self, _advice: Advice) {}
}

impl<M> Observer<M> for () {}
