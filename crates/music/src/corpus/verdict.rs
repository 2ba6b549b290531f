//! [`Verdict`]: what became of a file, and why.

use crate::text::counted;
use std::fmt;

use crate::midi::ReadReport;
use crate::representation::{self, Loss};

/// The rule by which a file is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// The operating system would not let us read it.
    Unreadable,
    /// It is no MIDI file, or nothing is left of it.
    NotMidi,
    /// It is MusicXML or ABC that cannot be read.
    BadNotation,
    /// It is damaged, and damaged files are not wanted.
    Damaged,
    /// It has fewer notes than wanted, perhaps none.
    TooFewNotes,
    /// It claims to last too long.
    TooLong,
    /// Another file has the same content.
    Duplicate,
    /// The representation holds nothing of it.
    NothingToEncode,
    /// This program wrote it.
    Composed,
}

/// Why a file was dropped.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Dropped {
    /// The rule.
    pub rule: Rule,
    /// What about this file met the rule.
    pub reason: String,
    /// What would keep the file, if anything would.
    pub remedy: Option<String>,
}

impl Dropped {
    pub(super) fn new(rule: Rule, reason: impl Into<String>, remedy: Option<&str>) -> Self {
        Self { rule, reason: reason.into(), remedy: remedy.map(str::to_owned) }
    }

    /// The same content as another file of the corpus.
    pub fn duplicate(first: &str) -> Self {
        Self::new(Rule::Duplicate, format!("the same music as {first}"), Some("--keep-duplicates"))
    }

    /// Music that a representation cannot hold, as it says itself.
    pub fn too_long_to_encode(error: &representation::Error) -> Self {
        Self::new(Rule::TooLong, error.to_string(), None)
    }

    /// Music of which a representation holds nothing, such as drums in frames.
    pub fn nothing_to_encode(representation: &str, loss: &Loss) -> Self {
        let what: Vec<String> =
            loss.dropped.iter().map(|(what, number)| format!("{number} × {what}")).collect();
        let reason = format!("{representation} hold nothing of it ({})", what.join(", "));
        Self::new(Rule::NothingToEncode, reason, Some("--representation multitrack-remi"))
    }

    /// The rule in words, without what is particular to one file, except where the reason is the rule.
    pub fn summary(&self) -> String {
        let rule = match self.rule {
            Rule::Unreadable | Rule::NotMidi => return self.reason.clone(),
            Rule::BadNotation => "MusicXML or ABC that cannot be read",
            Rule::Damaged => "damaged",
            // What no criterion asks for: no option keeps it.
            Rule::TooFewNotes if self.remedy.is_none() => "no notes",
            Rule::TooFewNotes => "too few notes",
            Rule::TooLong => "too long",
            Rule::Duplicate => "the same music as another file",
            Rule::Composed => "written by composer",
            Rule::NothingToEncode => "nothing in it that the representation holds",
        };
        rule.to_owned()
    }
}

/// What became of one file.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Verdict {
    /// Path of the file below the corpus folder.
    pub name: String,
    /// SHA-256 of its bytes, if they could be read.
    pub sha256: Option<String>,
    /// Notes in it.
    pub notes: usize,
    /// Why it was dropped; `None` if it is kept.
    pub dropped: Option<Dropped>,
    /// What the reader found besides notes, if it is a MIDI file.
    pub report: Option<ReadReport>,
}

impl Verdict {
    /// A file that the operating system would not let us read.
    pub fn unreadable(name: &str, error: &std::io::Error) -> Self {
        let dropped = Some(Dropped::new(Rule::Unreadable, format!("cannot be read: {error}"), None));
        Self { name: name.to_owned(), dropped, ..Self::default() }
    }

    /// A folder that this program wrote.
    pub(super) fn composed(name: &str) -> Self {
        let reason = "a folder that composer wrote: its compositions are no music to learn from";
        let dropped = Some(Dropped::new(Rule::Composed, reason, None));
        Self { name: name.to_owned(), dropped, ..Self::default() }
    }

    /// Whether the file is kept.
    pub fn is_kept(&self) -> bool {
        self.dropped.is_none()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{}: ", self.name)?;
        match &self.dropped {
            Some(Dropped { reason, remedy: Some(remedy), .. }) => {
                write!(f, "dropped: {reason} ({remedy} keeps it)")?
            }
            Some(Dropped { reason, .. }) => write!(f, "dropped: {reason}")?,
            None if self.notes == 1 => f.write_str("kept, 1 note")?,
            None => write!(f, "kept, {}", counted(self.notes, "note"))?,
        }
        match self.report.as_ref().and_then(ReadReport::damage_in_words) {
            Some(damage) => write!(f, "; damaged at {damage}"),
            None => Ok(()),
        }
    }
}
