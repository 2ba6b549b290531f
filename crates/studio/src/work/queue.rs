//! [`Queue`]: requests to make music, one after the other in a thread of their own, each of them to be cancelled at any time.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// Requests that may wait.
const MAX_WAITING: usize = 16;

/// Says that a request is no longer wanted.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// It is no longer wanted.
    pub fn now(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether it is no longer wanted.
    pub fn is_requested(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

type Task = Box<dyn FnOnce(u64, &Cancel) + Send>;

#[derive(Default)]
struct State {
    last: u64,
    waiting: VecDeque<(u64, Cancel, Task)>,
    running: Option<(u64, Cancel)>,
    ended: bool,
}

/// The requests; a thread works on them in turn.
#[derive(Default)]
pub struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

impl Queue {
    /// Starts the thread.
    ///
    /// # Errors
    /// The system gives none.
    pub fn start() -> std::io::Result<Arc<Self>> {
        let queue = Arc::new(Self::default());
        let own = Arc::clone(&queue);
        std::thread::Builder::new().name("studio-work".into()).spawn(move || own.work())?;
        Ok(queue)
    }

    /// Adds a request; its number, or `None` if too many wait.
    pub fn push(&self, task: impl FnOnce(u64, &Cancel) + Send + 'static) -> Option<u64> {
        let mut state = self.lock();
        if state.waiting.len() >= MAX_WAITING || state.ended {
            return None;
        }
        state.last += 1;
        let id = state.last;
        state.waiting.push_back((id, Cancel::default(), Box::new(task)));
        self.changed.notify_one();
        Some(id)
    }

    /// Cancels a request; whether there was one. One that waits is still called, and finds that it is cancelled.
    pub fn cancel(&self, id: u64) -> bool {
        let state = self.lock();
        let waiting = state.waiting.iter().map(|(id, cancel, _)| (id, cancel));
        let running = state.running.iter().map(|(id, cancel)| (id, cancel));
        match waiting.chain(running).find(|(own, _)| **own == id) {
            Some((_, cancel)) => {
                cancel.now();
                true
            }
            None => false,
        }
    }

    /// Cancels everything and ends the thread after the request in progress.
    pub fn end(&self) {
        let mut state = self.lock();
        state.ended = true;
        state.waiting.clear();
        if let Some((_, cancel)) = &state.running {
            cancel.now();
        }
        self.changed.notify_all();
    }

    fn work(&self) {
        loop {
            let mut state = self.lock();
            while state.waiting.is_empty() && !state.ended {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            let Some((id, cancel, task)) = state.waiting.pop_front() else { return };
            state.running = Some((id, cancel.clone()));
            drop(state);
            // A fault of the program in one request must not end all later ones.
            let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| task(id, &cancel)));
            self.lock().running = None;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;
    use std::time::Duration;

    #[test]
    fn requests_run_in_turn_and_a_panic_ends_only_its_own() {
        let queue = Queue::start().unwrap();
        let (send, receive) = channel();
        let first = send.clone();
        queue.push(move |id, _| first.send(id).unwrap()).unwrap();
        queue.push(|_, _| panic!("on purpose")).unwrap();
        let last = send.clone();
        let id = queue.push(move |id, cancel| {
            while !cancel.is_requested() {
                std::thread::sleep(Duration::from_millis(1));
            }
            last.send(id).unwrap();
        });
        let wait = || receive.recv_timeout(Duration::from_secs(10)).unwrap();
        assert_eq!((wait(), id), (1, Some(3)));
        assert!(queue.cancel(3) && !queue.cancel(77));
        assert_eq!(wait(), 3);
        queue.end();
        assert!(queue.push(|_, _| ()).is_none());
    }
}
