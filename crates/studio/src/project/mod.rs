//! [`Project`]: the folder in which everything that was made is kept.
//!
//! | in the folder | what |
//! |---|---|
//! | `project.jsonl` | the journal: a line for everything that happened, only ever added to |
//! | `music/SHA256.mid` | the MIDI file of each piece, by its content; written whole before the journal names it |
//! | `runs/` | trainings |
//! | `sounds/` | SoundFonts, by their names |
//! | `token` | the token of the page, so that an open page goes on after a restart |

mod journal;
mod node;
mod operation;
mod sounds;

pub use node::{Judgement, Mark, Node, Record};
pub use operation::{
    Composed, Continued, Edited, Humanised, Infilled, Opened, Operation, Part, Selection, Steering, Varied,
};

use crate::error::{Error, Result};
use crate::server::Token;
use composer_music::atomic_file::write_atomically;
use composer_music::corpus::sha256_hex;
use composer_music::input::{self, MAX_MIDI};
use composer_music::{BarMap, Score, midi};
pub(crate) use journal::Journal;
pub use sounds::{Arriving, HEAD, MAX_SOUND, SOUNDS, Sounds, is_head};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// The journal's name.
pub const JOURNAL: &str = "project.jsonl";

/// The folder of the pieces.
pub const MUSIC: &str = "music";

/// A piece that was made and is not in the project yet.
#[derive(Clone, Debug, PartialEq)]
pub struct NewPiece {
    /// Where it came from.
    pub parent: Option<u64>,
    /// How.
    pub operation: Operation,
    /// Its MIDI file.
    pub midi: Vec<u8>,
    /// See [`Node::remarks`].
    pub remarks: Vec<String>,
    /// See [`Node::nats_per_step`].
    pub nats_per_step: Option<f64>,
    /// See [`Node::kept`].
    pub kept: bool,
    /// See [`Node::group`]; 0: it is the first of its group.
    pub group: Option<u64>,
}

/// A project that is open.
pub struct Project {
    folder: PathBuf,
    journal: Journal,
    nodes: BTreeMap<u64, Node>,
    current: Option<u64>,
}

impl Project {
    /// Opens or makes a project.
    ///
    /// # Errors
    /// The folder cannot be used, another studio has it open, or its journal is damaged.
    pub fn open(folder: &Path) -> Result<Self> {
        let fault =
            |problem: io::Error| Error::Folder { folder: folder.to_owned(), problem: problem.to_string() };
        fs::create_dir_all(folder.join(MUSIC)).map_err(fault)?;
        let folder = fs::canonicalize(folder).map_err(fault)?;
        let path = folder.join(JOURNAL);
        let (journal, records) = Journal::open::<Record>(&path).map_err(fault)?;
        let mut project = Self { folder: folder.clone(), journal, nodes: BTreeMap::new(), current: None };
        if records.is_empty() {
            let first = Record::Project { composer: env!("CARGO_PKG_VERSION").to_owned() };
            project.journal.push(&first).map_err(fault)?;
        }
        records.into_iter().for_each(|record| project.take(record));
        Ok(project)
    }

    /// What a record means.
    fn take(&mut self, record: Record) {
        match record {
            Record::Project { .. } => {}
            Record::Node(node) => {
                self.nodes.insert(node.id, *node);
            }
            Record::Keep { id } => {
                if let Some(node) = self.nodes.get_mut(&id) {
                    node.kept = true;
                }
            }
            Record::Current { id } => self.current = Some(id),
            Record::Judged { id, judgement } => {
                if let Some(node) = self.nodes.get_mut(&id) {
                    node.judgement = Some(judgement);
                }
            }
        }
    }

    fn write(&mut self, record: Record) -> io::Result<()> {
        self.journal.push(&record)?;
        self.take(record);
        Ok(())
    }

    /// Lets others open it; nothing changes any more.
    pub fn close(&mut self) {
        self.journal.close();
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The token of the page: that of the last time, or a new one.
    ///
    /// # Errors
    /// The system gives no random numbers, or the folder cannot be written.
    pub fn token(&self) -> Result<Token> {
        let path = self.folder.join("token");
        if let Some(token) = input::read_regular_text(&path, 100).ok().and_then(|text| Token::of_text(&text))
        {
            return Ok(token);
        }
        let token = Token::new()?;
        write_private(&path, token.as_str().as_bytes())
            .map_err(|problem| Error::Folder { folder: self.folder.clone(), problem: problem.to_string() })?;
        Ok(token)
    }

    /// Everything that was made, in its order.
    pub fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.nodes.values()
    }

    /// A node by its number.
    pub fn node(&self, id: u64) -> Option<&Node> {
        self.nodes.get(&id)
    }

    /// The node that was shown last.
    pub fn current(&self) -> Option<u64> {
        self.current
    }

    /// Where the music of a node is.
    pub fn path_of(&self, node: &Node) -> PathBuf {
        self.folder.join(MUSIC).join(format!("{}.mid", node.music))
    }

    /// Keeps a piece: its music first, then its line in the journal.
    ///
    /// # Errors
    /// The disk is full or gone; then nothing has changed.
    pub fn add(&mut self, piece: NewPiece) -> io::Result<Node> {
        let score = midi::read(&piece.midi).map_err(io::Error::other)?.score;
        let music = self.store(&piece.midi)?;
        let id = self.nodes.keys().next_back().map_or(1, |last| last + 1);
        let node = Node {
            id,
            parent: piece.parent,
            operation: piece.operation,
            music,
            notes: score.notes().count(),
            bars: BarMap::new(&score).count(score.end()),
            time: now(),
            remarks: piece.remarks,
            nats_per_step: piece.nats_per_step.filter(|nats| nats.is_finite()),
            kept: piece.kept,
            group: piece.group.map(|group| if group == 0 { id } else { group }),
            judgement: None,
        };
        self.write(Record::Node(Box::new(node.clone())))?;
        Ok(node)
    }

    /// Puts bytes into the folder of the pieces; by what name.
    ///
    /// # Errors
    /// The disk is full or gone.
    pub fn store(&self, midi: &[u8]) -> io::Result<String> {
        let music = sha256_hex(midi);
        let path = self.folder.join(MUSIC).join(format!("{music}.mid"));
        if !path.is_file() {
            write_atomically(&path, midi)?;
        }
        Ok(music)
    }

    /// Keeps a candidate.
    ///
    /// # Errors
    /// The disk is full or gone.
    pub fn keep(&mut self, id: u64) -> io::Result<()> {
        match self.nodes.get(&id) {
            Some(node) if !node.kept => self.write(Record::Keep { id }),
            _ => Ok(()),
        }
    }

    /// Remembers what is shown.
    ///
    /// # Errors
    /// The disk is full or gone.
    pub fn set_current(&mut self, id: u64) -> io::Result<()> {
        if self.current == Some(id) { Ok(()) } else { self.write(Record::Current { id }) }
    }

    /// Remembers what the judge said.
    ///
    /// # Errors
    /// The disk is full or gone.
    pub fn set_judgement(&mut self, id: u64, judgement: Judgement) -> io::Result<()> {
        self.write(Record::Judged { id, judgement })
    }

    /// The MIDI file of a node.
    ///
    /// # Errors
    /// It is gone, or is not what it was.
    pub fn midi(&self, node: &Node) -> io::Result<Vec<u8>> {
        let bytes = input::read_regular(&self.path_of(node), MAX_MIDI)?;
        if sha256_hex(&bytes) != node.music {
            return Err(io::Error::other(format!("music/{}.mid is not what it was", node.music)));
        }
        Ok(bytes)
    }

    /// The music of a node.
    ///
    /// # Errors
    /// As [`Self::midi`].
    pub fn score(&self, node: &Node) -> io::Result<Score> {
        Ok(midi::read(&self.midi(node)?).map_err(io::Error::other)?.score)
    }
}

/// Milliseconds since 1970.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Writes a file that only its owner may read.
fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    io::Write::write_all(&mut options.open(path)?, bytes)
}
