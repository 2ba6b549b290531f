//! Reports a training to a [`Progress`], without recording it.

use crate::progress::Progress;
use composer_training::{Advice, Control, EpochReport, Observer, UpdateReport};

/// Passes the reports of a training on to a [`Progress`].
pub(crate) struct ProgressObserver<'a> {
    /// Where the reports go.
    pub progress: &'a mut dyn Progress,
    /// Epochs at most; 0: no such limit.
    pub epochs: u64,
}

impl<M> Observer<M> for ProgressObserver<'_> {
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
