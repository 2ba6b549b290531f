//! [`App`]: the open project, and everybody who works on it.

use crate::error::{Error, Result};
use crate::project::{Judgement, MUSIC, NewPiece, Node, Operation, Project, Sounds};
use crate::server::Stop;
use crate::server::reply::{Refusal, Reply};
use crate::view;
use crate::work::make::{Workbench, make};
use crate::work::{Cancel, Hub, Judge, Queue, Trainings};
use axum::http::StatusCode;
use composer_application::Progress;
use composer_application::models::BuiltIn;
use composer_music::Score;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Candidates of one request.
pub const MAX_CANDIDATES: u64 = 8;

/// Least time between two reports of the music so far.
const DRAFT_TIME: Duration = Duration::from_millis(120);

/// What all routes share.
pub struct App {
    project: Mutex<Project>,
    judge: Mutex<Option<Judge>>,
    /// Who listens.
    pub hub: Arc<Hub>,
    /// Trainings.
    pub trainings: Trainings,
    /// SoundFonts.
    pub sounds: Sounds,
    /// Held while a piece is turned into sound.
    pub rendering: Mutex<()>,
    /// Pieces that are being made.
    pub makers: Arc<Queue>,
    /// Pieces that are being judged.
    judges: Arc<Queue>,
    /// The end of the server.
    pub stop: Stop,
}

/// A request to make pieces.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// The piece to start from.
    pub parent: Option<u64>,
    /// How; candidates have seeds one after the other.
    pub operation: Operation,
    /// How many.
    pub candidates: u64,
}

impl App {
    /// Opens a project; `music` are folders of music that may be trained on, beside those in it.
    ///
    /// # Errors
    /// The folder cannot be used, or the system gives no threads.
    pub fn open(folder: &Path, music: &[PathBuf], stop: Stop) -> Result<Arc<Self>> {
        let project = Project::open(folder)?;
        Ok(Arc::new(Self {
            trainings: Trainings::new(project.folder(), music),
            sounds: Sounds::open(project.folder()),
            rendering: Mutex::new(()),
            project: Mutex::new(project),
            judge: Mutex::new(None),
            hub: Arc::default(),
            makers: Queue::start().map_err(Error::Start)?,
            judges: Queue::start().map_err(Error::Start)?,
            stop,
        }))
    }

    /// The project. A panic while it was held has changed nothing that is not in the journal.
    pub fn project(&self) -> MutexGuard<'_, Project> {
        self.project.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends what works.
    pub fn end(&self) {
        self.makers.end();
        self.judges.end();
        self.trainings.end();
        // A judgement in progress is not waited for.
        self.project().close();
    }

    /// The node of a number.
    ///
    /// # Errors
    /// There is none.
    pub fn node(&self, id: u64) -> Reply<Node> {
        self.project().node(id).cloned().ok_or_else(|| Refusal::missing(format!("there is no piece {id}")))
    }

    /// The music of a node.
    ///
    /// # Errors
    /// There is no such node, or its file is gone.
    pub fn score(&self, id: u64) -> Reply<Score> {
        let node = self.node(id)?;
        Ok(self.project().score(&node)?)
    }

    /// Keeps a piece, and tells everybody.
    ///
    /// # Errors
    /// The disk is full or gone; nothing has changed then.
    pub fn add(&self, piece: NewPiece, job: Option<u64>) -> Reply<Node> {
        let node = self.project().add(piece)?;
        self.hub.send("node", &json!({ "node": node, "job": job }));
        Ok(node)
    }

    /// Begins to make pieces; the number of the request.
    ///
    /// # Errors
    /// There is no such piece, or too many requests wait.
    pub fn make(self: &Arc<Self>, wanted: Wanted) -> Reply<u64> {
        if let Some(parent) = wanted.parent {
            self.node(parent)?;
        }
        if !wanted.operation.is_made() || !(1..=MAX_CANDIDATES).contains(&wanted.candidates) {
            return Err(Refusal::wrong(format!("a model makes 1 to {MAX_CANDIDATES} candidates at a time")));
        }
        let app = Arc::clone(self);
        let task = move |job: u64, cancel: &Cancel| {
            let state = match app.make_all(&wanted, job, cancel) {
                Ok(()) => json!({ "job": job, "state": "done" }),
                Err(_) if cancel.is_requested() => json!({ "job": job, "state": "cancelled" }),
                Err(refusal) => json!({ "job": job, "state": "failed", "error": refusal.text() }),
            };
            app.hub.send("job", &state);
        };
        self.makers.push(task).ok_or_else(|| {
            Refusal::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too much is waiting to be made: let some of it end first",
            )
        })
    }

    fn make_all(self: &Arc<Self>, wanted: &Wanted, job: u64, cancel: &Cancel) -> Reply<()> {
        let mut group = Some(0);
        for candidate in 0..wanted.candidates {
            if cancel.is_requested() {
                return Err(Refusal::wrong("cancelled"));
            }
            let operation = wanted.operation.with_seed(wanted.operation.seed().wrapping_add(candidate));
            let (folder, given) = {
                let project = self.project();
                let parent = wanted.parent.and_then(|id| project.node(id));
                (project.folder().to_owned(), parent.map(|node| project.path_of(node)))
            };
            let store =
                |bytes: &[u8]| Ok(folder.join(MUSIC).join(format!("{}.mid", self.project().store(bytes)?)));
            let bench = Workbench { folder: &folder, given: given.as_deref(), store: &store };
            let mut report = Report { app: self, job, candidate, cancel, last: None };
            let made = make(&operation, &bench, &mut report)?;
            if cancel.is_requested() {
                return Err(Refusal::wrong("cancelled"));
            }
            let piece = NewPiece {
                parent: wanted.parent,
                operation,
                midi: made.midi,
                remarks: made.remarks,
                nats_per_step: made.nats_per_step,
                kept: false,
                group,
            };
            let node = self.add(piece, Some(job))?;
            group = node.group;
            self.ask_judge(node.id);
        }
        Ok(())
    }

    /// Asks the judge about a piece; the answer goes to everybody.
    pub fn ask_judge(self: &Arc<Self>, id: u64) {
        let app = Arc::clone(self);
        self.judges.push(move |_, _| {
            // What cannot be judged has no judgement; the page says so.
            let _ = app.judge(id);
        });
    }

    fn judge(&self, id: u64) -> Reply<Judgement> {
        let node = self.node(id)?;
        if let Some(judgement) = node.judgement {
            return Ok(judgement);
        }
        let score = self.score(id)?;
        let (folder, is_alike) = {
            let project = self.project();
            (project.folder().to_owned(), is_of_built_in_corpus(&project, id))
        };
        let judgement = {
            let mut judge = self.judge.lock().unwrap_or_else(PoisonError::into_inner);
            judge.get_or_insert_with(|| Judge::new(&folder)).judge(&score, is_alike)
        };
        self.project().set_judgement(id, judgement.clone())?;
        self.hub.send("judged", &json!({ "id": id, "judgement": judgement }));
        Ok(judgement)
    }
}

/// Whether a piece comes from models of the built-in corpus alone, so that it should be like that.
fn is_of_built_in_corpus(project: &Project, id: u64) -> bool {
    let mut next = project.node(id);
    let mut made = false;
    while let Some(node) = next {
        let model = match &node.operation {
            Operation::Compose(options) => Some(&options.model),
            Operation::Continue(options) => Some(&options.model),
            Operation::Infill(options) => Some(&options.model),
            Operation::Vary(options) => Some(&options.model),
            Operation::Open(_) => return false,
            _ => None,
        };
        if let Some(model) = model {
            let card = BuiltIn::by_name(model).and_then(|model| model.card().ok());
            if !card.is_some_and(|card| card.of_built_in_corpus) {
                return false;
            }
            made = true;
        }
        next = node.parent.and_then(|parent| project.node(parent));
    }
    made
}

/// Tells the page how far a piece is.
struct Report<'a> {
    app: &'a App,
    job: u64,
    candidate: u64,
    cancel: &'a Cancel,
    last: Option<Instant>,
}

impl Progress for Report<'_> {
    fn wants_so_far(&self) -> bool {
        self.last.is_none_or(|last| last.elapsed() >= DRAFT_TIME)
    }

    fn so_far(&mut self, _output: usize, score: &Score) {
        self.last = Some(Instant::now());
        let draft = json!({ "job": self.job, "candidate": self.candidate, "music": view::music(score) });
        self.app.hub.send("draft", &draft);
    }

    fn stop_requested(&self) -> bool {
        self.cancel.is_requested()
    }
}
