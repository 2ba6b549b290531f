//! [`Hub`]: everybody who listens to what happens.

use crate::server::events::Event;
use serde::Serialize;
use std::sync::{Mutex, PoisonError};
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Events that a page may be behind; one that is further behind is let go, and begins anew.
const BEHIND: usize = 4096;

/// Pages at a time.
const MAX_LISTENERS: usize = 64;

/// Hands events to every page that listens.
#[derive(Debug, Default)]
pub struct Hub(Mutex<Vec<Sender<Event>>>);

impl Hub {
    /// A page begins to listen; `None`: there are too many.
    pub fn listen(&self) -> Option<Receiver<Event>> {
        let mut listeners = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        listeners.retain(|listener| !listener.is_closed());
        if listeners.len() >= MAX_LISTENERS {
            return None;
        }
        let (sender, receiver) = channel(BEHIND);
        listeners.push(sender);
        Some(receiver)
    }

    /// Tells all of them.
    pub fn send(&self, name: &str, data: &impl Serialize) {
        let event = Event::new(name, data);
        let mut listeners = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        listeners.retain(|listener| listener.try_send(event.clone()).is_ok());
    }
}
