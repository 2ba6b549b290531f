//! A request to stop a training, from anywhere in the program.

use std::sync::atomic::{AtomicBool, Ordering};

static REQUESTED: AtomicBool = AtomicBool::new(false);

/// Asks the training in progress to save a checkpoint and to stop.
pub fn request() {
    REQUESTED.store(true, Ordering::SeqCst);
}

/// Nothing to do: whoever calls the library watches for signals.
pub(crate) fn watch() -> anyhow::Result<()> {
    Ok(())
}

/// Whether a stop was requested.
pub(crate) fn requested() -> bool {
    REQUESTED.load(Ordering::SeqCst)
}
