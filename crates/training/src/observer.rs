//! [`Observer`]: who is told what happens in a training, and may ask to save or to stop.

use crate::Error;
use crate::checkpoint::Snapshot;
use crate::diagnosis::Advice;
use crate::history::{EpochReport, UpdateReport};
use composer_models::SequenceModel;

/// Whether to go on after an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Go on.
    Continue,
    /// Save a checkpoint and go on.
    Save,
    /// Save a checkpoint and stop.
    Stop,
}

/// Is told what happens. An error (a full disk, say) ends the training.
pub trait Observer {
    /// After every update.
    fn update(&mut self, _report: &UpdateReport) -> Control {
        Control::Continue
    }

    /// After every epoch, with the model as it was validated.
    fn epoch(&mut self, _report: &EpochReport, _model: &SequenceModel) -> std::io::Result<()> {
        Ok(())
    }

    /// After every epoch, and when [`Observer::update`] wants it: the moment to write a checkpoint.
    fn save(&mut self, _snapshot: &Snapshot<'_>) -> Result<(), Error> {
        Ok(())
    }

    /// Training goes on, but not well.
    fn advice(&mut self, _advice: Advice) {}
}
