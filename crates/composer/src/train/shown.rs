//! A training that is shown, and not recorded.

use crate::progress::Progress;
use composer_training::{Advice, Control, EpochReport, Observer, UpdateReport};

/// Hands what a training tells to a [`Progress`].
pub(crate) struct Shown<'a> {
    /// Who is told.
    pub progress: &'a mut dyn Progress,
    /// Epochs at most; 0: no such limit.
    pub epochs: u64,
}

impl<M> Observer<M> for Shown<'_> {
    fn update(&mut self, report: &UpdateReport) -> Control {
        self.progress.update(report);
        if self.progress.stop_requested() { Control::Stop } else { Control::Continue }
    }

    fn epoch(&mut self, report: &EpochReport, _model: &M) -> std::io::Result<()> {
        self.progress.epoch(report, self.epochs);
        Ok(())
    }

    fn advice(&mut self, advice: Advice) {
        self.progress.warning(&format!("Note: {advice}."));
    }
}
