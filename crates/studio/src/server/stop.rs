//! [`Stop`]: a request to end, from any thread.

use std::sync::Arc;
use tokio::sync::watch;

/// Ends a server, from any thread; copies share one state.
///
/// ```
/// let stop = composer_studio::Stop::default();
/// let copy = stop.clone();
/// copy.now();
/// assert!(stop.is_requested());
/// ```
#[derive(Clone, Debug)]
pub struct Stop(Arc<watch::Sender<bool>>);

impl Default for Stop {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl Stop {
    /// Asks for the end.
    pub fn now(&self) {
        self.0.send_replace(true);
    }

    /// Whether the end was asked for.
    pub fn is_requested(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until the end is asked for.
    pub async fn requested(&self) {
        // The sender lives as long as `self`.
        let _ = self.0.subscribe().wait_for(|&stop| stop).await;
    }
}
