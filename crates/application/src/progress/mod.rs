//! [`Progress`]: what a use case reports while it runs.

use composer_music::Score;
use composer_training::{EpochReport, UpdateReport};

/// Receives the progress of a use case. Every method has a default that does nothing; `()` ignores all of them.
///
/// ```
/// use composer_application::Progress;
///
/// #[derive(Default)]
/// struct Log(Vec<String>);
///
/// impl Progress for Log {
///     fn note(&mut self, text: &str) {
///         self.0.push(text.to_owned());
///     }
/// }
/// ```
pub trait Progress: Send {
    /// Something that is good to know: what was found, what comes next. One sentence.
    fn note(&mut self, _text: &str) {}

    /// Something of the input is not used, or looks wrong; the use case continues.
    fn warning(&mut self, _text: &str) {}

    /// `done` of `total` units of the work are done; `text` says what was done last, if there is something to say.
    fn advance(&mut self, _done: u64, _total: u64, _text: &str) {}

    /// After every update of a training.
    fn update(&mut self, _report: &UpdateReport) {}

    /// After every epoch of a training of at most `epochs`; what the run folder keeps of the epoch is there.
    fn epoch(&mut self, _report: &EpochReport, _epochs: u64) {}

    /// Whether [`Progress::so_far`] is wanted: it costs a little.
    fn wants_so_far(&self) -> bool {
        false
    }

    /// The music of result `output`, counted from 0, as far as it is written: every few steps while a model composes.
    fn so_far(&mut self, _output: usize, _score: &Score) {}

    /// What [`Progress::advance`], [`Progress::update`] and [`Progress::epoch`] reported has ended.
    fn finished(&mut self) {}

    /// Whether to stop. A training saves a checkpoint first; what composes or writes notes anew ends with an error of the kind
    /// [`Stopped`](crate::ErrorKind::Stopped).
    fn stop_requested(&self) -> bool {
        false
    }
}

impl Progress for () {}
