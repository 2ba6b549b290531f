//! [`Ledger`]: one thread that owns the participants and the file of answers. What it is asked while it waits for the disk is done
//! together with one wait; nobody gets an answer before what they caused is on the disk.

use super::people::People;
use super::record::Record;
use crate::error::{Error, Result};
use crate::project::Journal;
use crate::server::reply::{Refusal, Reply};
use axum::http::StatusCode;
use composer_application::listening::{ANSWERS_FILE, Study};
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use tokio::sync::oneshot;

/// Most requests that share one wait for the disk.
const BATCH: usize = 256;

/// What is told to somebody who asked: whether the lines are on the disk.
type Told = Box<dyn FnOnce(std::result::Result<(), String>) + Send>;
/// Work on the participants.
type Task = Box<dyn FnOnce(&mut People) -> Told + Send>;

/// The participants of a study, with everything on disk before it is told.
pub struct Ledger {
    tasks: Mutex<Option<Sender<Task>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Ledger {
    /// Opens or makes the file of answers in the folder of a study.
    ///
    /// # Errors
    /// It cannot be read or written, another program serves the study, or the answers are of another one.
    pub fn open(folder: &Path, study: &Arc<Study>) -> Result<Arc<Self>> {
        let path = folder.join(ANSWERS_FILE);
        let wrong = |problem: String| Error::Folder { folder: path.clone(), problem };
        let (mut journal, records) = Journal::open::<Record>(&path).map_err(|error| match error.kind() {
            io::ErrorKind::ResourceBusy => {
                wrong("another program serves this study: end it first, or use its address".into())
            }
            _ => wrong(error.to_string()),
        })?;
        let mut people = People::of_records(study, records).map_err(wrong)?;
        journal.push_all(people.pending()).map_err(|error| wrong(error.to_string()))?;
        people.written();
        // The name of a new file is on the disk when its folder is.
        #[cfg(unix)]
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| wrong(error.to_string()))?;
        let (sender, receiver) = channel();
        let thread = std::thread::Builder::new()
            .name("listening-ledger".into())
            .spawn(move || work(people, journal, &receiver))
            .map_err(Error::Start)?;
        Ok(Arc::new(Self { tasks: Mutex::new(Some(sender)), thread: Mutex::new(Some(thread)) }))
    }

    /// Does something with the participants; the answer comes when everything that it caused is on the disk.
    ///
    /// # Errors
    /// Those of the work; the disk is full or gone, and nothing has changed then.
    pub async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut People) -> Reply<T> + Send + 'static,
    ) -> Reply<T> {
        let (answer, answered) = oneshot::channel();
        let task: Task = Box::new(move |people| {
            let result = work(people);
            Box::new(move |written| {
                let full = |error| {
                    let text = format!(
                        "your answer could not be kept ({error}): tell the person who runs this study"
                    );
                    Refusal::new(StatusCode::INSUFFICIENT_STORAGE, text)
                };
                // Who asked may be gone.
                let _ = answer.send(written.map_err(full).and(result));
            })
        });
        let sent = {
            let tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
            tasks.as_ref().is_some_and(|tasks| tasks.send(task).is_ok())
        };
        let ended = || {
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "the study has ended here: try again in a minute")
        };
        if !sent {
            return Err(ended());
        }
        answered.await.map_err(|_| ended())?
    }

    /// Ends it after what was asked until now.
    pub fn end(&self) {
        drop(self.tasks.lock().unwrap_or_else(PoisonError::into_inner).take());
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // A panic there was told to everybody who asked.
            let _ = thread.join();
        }
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        self.end();
    }
}

fn work(mut people: People, mut journal: Journal, tasks: &Receiver<Task>) {
    while let Ok(first) = tasks.recv() {
        let mut told = vec![first(&mut people)];
        while told.len() < BATCH
            && let Ok(task) = tasks.try_recv()
        {
            told.push(task(&mut people));
        }
        let written = match people.pending() {
            [] => Ok(()),
            lines => journal.push_all(lines).map_err(|error| error.to_string()),
        };
        match written {
            Ok(()) => people.written(),
            Err(_) => people.take_back(),
        }
        told.into_iter().for_each(|told| told(written.clone()));
    }
    journal.close();
}
