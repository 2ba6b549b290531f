//! [`Node`]: something that was made, from what, and how.

use super::operation::Operation;
use serde::{Deserialize, Serialize};

/// A piece in the tree of everything that was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// Its number, from 1.
    pub id: u64,
    /// The node that it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<u64>,
    /// How it was made, with all options and the seed.
    pub operation: Operation,
    /// SHA-256 of its MIDI file, in hexadecimal digits; the file is in the folder `music` under this name.
    pub music: String,
    /// Notes in it.
    pub notes: usize,
    /// Bars in it.
    pub bars: u64,
    /// When it was made, in milliseconds since 1970.
    pub time: u64,
    /// What one should know of it, in sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
    /// Mean −ln P of a step or token under the model, in nats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nats_per_step: Option<f64>,
    /// Whether somebody chose it: candidates are kept or left.
    pub kept: bool,
    /// The candidates of one request have one number, that of the first of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<u64>,
    /// What the judge found; `None`: it has not been asked yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judgement: Option<Judgement>,
}

/// What the judge says of a piece.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// How much it is like real music, 0–100; `None`: it could not be judged.
    pub score: Option<f64>,
    /// The findings.
    pub findings: Vec<Mark>,
    /// What to say where nothing was found.
    pub nothing: Option<String>,
}

/// A finding as the piano roll marks it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// The name of the fault.
    pub name: String,
    /// First bars and the bars behind the last, from 0; empty: the whole piece.
    pub bars: Vec<(usize, usize)>,
    /// What is wrong.
    pub sentence: String,
    /// Why it may be so.
    pub cause: String,
    /// What to try.
    pub remedy: String,
}

/// A line of the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "kebab-case")]
pub enum Record {
    /// The first line.
    Project {
        /// The version of the program that began it.
        composer: String,
    },
    /// Something was made.
    Node(Box<Node>),
    /// A candidate was chosen.
    Keep {
        /// Which.
        id: u64,
    },
    /// What is shown when the page is opened.
    Current {
        /// Which.
        id: u64,
    },
    /// The judge was asked.
    Judged {
        /// About which.
        id: u64,
        /// Its answer.
        judgement: Judgement,
    },
}
