//! STUDY.toml: everything that a listening test is, in one file that its author can read and change before the first answer.

use crate::error::{Result, wrong_input};
use composer_music::corpus::sha256_hex;
use composer_music::input;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::path::Path;

/// The file of a study in its folder.
pub const STUDY_FILE: &str = "STUDY.toml";
/// The folder of its sounds.
pub const CLIPS_FOLDER: &str = "clips";
/// The sound that listeners set their volume by.
pub const VOLUME_CLIP: &str = "volume";
/// The answers, a line of JSON each.
pub const ANSWERS_FILE: &str = "answers.jsonl";

/// Most participants, trials and clips of a study.
pub const MAX_NUMBER: usize = 10_000;
/// Longest text of a study, in bytes.
const MAX_TEXT: usize = 4_000;
/// Largest STUDY.toml, in bytes.
const MAX_FILE: u64 = 16 << 20;

const HEADER: &str = "# A listening test of composer. docs/listening.md explains each line. Change it before the first answer.\n\
    # This file holds the key: which clip is whose. Participants never get it.\n\n";

/// What participants are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Which of two is better.
    Pairs,
    /// Whether a person or a machine wrote it, and how sure they are.
    HumanOrMachine,
    /// 1 to 5 on scales.
    Rating,
    /// Which of two a third one is.
    Abx,
    /// Several versions of a piece from 0 to 100, with a reference, which is also hidden among them, and anchors (ITU-R BS.1534).
    Mushra,
}

impl Kind {
    /// All of them, by their names.
    pub const ALL: [(&'static str, Self); 5] = [
        ("pairs", Self::Pairs),
        ("human-or-machine", Self::HumanOrMachine),
        ("rating", Self::Rating),
        ("abx", Self::Abx),
        ("mushra", Self::Mushra),
    ];

    /// Clips of an item: the least and the most.
    pub fn clips(self) -> (usize, usize) {
        match self {
            Self::Pairs | Self::Abx => (2, 2),
            Self::HumanOrMachine | Self::Rating => (1, 1),
            Self::Mushra => (2, 12),
        }
    }

    /// The question where the author asks none.
    pub fn question(self) -> &'static str {
        match self {
            Self::Pairs => "Which of the two do you prefer as music?",
            Self::HumanOrMachine => "Was this written by a person or by a machine?",
            Self::Rating => "How good is this music?",
            Self::Abx => "Is X the same as A, or the same as B?",
            Self::Mushra => "How close does each version come to the reference?",
        }
    }
}

impl std::str::FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let known = || Self::ALL.map(|(name, _)| name).join(", ");
        Self::ALL
            .into_iter()
            .find(|(name, _)| *name == text)
            .map(|(_, kind)| kind)
            .ok_or_else(|| format!("it must be one of {}", known()))
    }
}

/// A listening test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Study {
    /// The version of this format: 1.
    pub format: u32,
    /// What participants read above every page.
    pub title: String,
    /// What they are asked.
    pub kind: Kind,
    /// The question of every trial.
    pub question: String,
    /// What they agree to before anything is kept. Empty lines part paragraphs.
    pub consent: String,
    /// How many participants take part; more are turned away, so that nobody stops when a result pleases.
    pub participants: usize,
    /// Trials of each participant that count, without catch trials and repeated ones.
    pub trials: usize,
    /// Trials with a known answer.
    pub catch_trials: usize,
    /// Trials that come again later, in the other order.
    pub repeated_trials: usize,
    /// Seed of who hears what in which order.
    pub seed: u64,
    /// Seconds of each clip that must be heard before an answer counts; of a shorter clip, all of it.
    pub minimum_seconds: f64,
    /// Whether two may be judged equal.
    #[serde(default)]
    pub allow_equal: bool,
    /// The scales of ratings.
    #[serde(default)]
    pub scales: Vec<String>,
    /// Longest clip, in seconds.
    pub seconds: f64,
    /// The loudness of all clips, in LUFS.
    pub loudness: f64,
    /// Questions before the first trial.
    #[serde(default)]
    pub questionnaire: Vec<Question>,
    /// Who made the music.
    pub systems: Vec<System>,
    /// Clips that are judged together.
    pub items: Vec<Item>,
    /// Items with a known answer: of two clips the first one is the better; a single one is bad.
    #[serde(default)]
    pub catches: Vec<Item>,
    /// The sounds.
    pub clips: Vec<Clip>,
}

/// A question before the first trial.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Its name in the answers.
    pub name: String,
    /// What is asked.
    pub text: String,
    /// What can be chosen; empty: any text.
    #[serde(default)]
    pub choices: Vec<String>,
}

/// Who made music.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct System {
    /// The name in the results; participants never see it.
    pub name: String,
    /// Whether people wrote it.
    pub human: bool,
}

/// Clips that are judged together; for MUSHRA, the first one is the reference.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// What they have in common, in the results.
    pub piece: String,
    /// Their ids.
    pub clips: Vec<String>,
}

/// A sound.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clip {
    /// Random letters, which say nothing: the name of the file in the folder of clips.
    pub id: String,
    /// Who made it.
    pub system: String,
    /// The file of music that it was rendered from.
    pub source: String,
    /// Its length.
    pub seconds: f64,
}

impl Study {
    /// Reads a study, and checks everything that serving it relies on.
    ///
    /// # Errors
    /// It cannot be read, or contradicts itself: the text says where.
    pub fn load(path: &Path) -> Result<Self> {
        let shown = input::shown(path);
        let text = input::read_regular_text(path, MAX_FILE)
            .map_err(|error| wrong_input(format!("cannot read {shown}: {error}")))?;
        let study: Self = toml::from_str(&text)
            .map_err(|error| wrong_input(format!("{shown}: {}", error.to_string().trim_end())))?;
        study.check().map_err(|problem| wrong_input(format!("{shown}: {problem}")))?;
        Ok(study)
    }

    /// The text of STUDY.toml.
    ///
    /// # Errors
    /// A number is too large for the format.
    pub fn to_toml(&self) -> Result<String> {
        let text = toml::to_string_pretty(self).map_err(wrong_input)?;
        Ok(format!("{HEADER}{text}"))
    }

    /// The clip of an id.
    pub fn clip(&self, id: &str) -> Option<&Clip> {
        self.clips.iter().find(|clip| clip.id == id)
    }

    /// Whether people wrote what a clip plays.
    pub fn is_human(&self, id: &str) -> bool {
        let system = self.clip(id).map(|clip| clip.system.as_str());
        self.systems.iter().any(|known| Some(known.name.as_str()) == system && known.human)
    }

    /// What must not change once there are answers: all but the number of participants and the texts of pages.
    pub fn fingerprint(&self) -> String {
        let plain = Self {
            title: String::new(),
            question: String::new(),
            consent: String::new(),
            participants: 0,
            questionnaire: Vec::new(),
            ..self.clone()
        };
        sha256_hex(serde_json::to_string(&plain).unwrap_or_default().as_bytes())
    }

    fn check(&self) -> std::result::Result<(), String> {
        if self.format != 1 {
            return Err(format!("the format is {}, and this program knows format 1", self.format));
        }
        self.check_numbers()?;
        self.check_texts()?;
        let mut ids = BTreeSet::new();
        for clip in &self.clips {
            if clip.id.is_empty() || clip.id.len() > 64 || !clip.id.bytes().all(|b| b.is_ascii_alphanumeric())
            {
                return Err(format!("the id of a clip is {:?}, and must be letters and digits", clip.id));
            }
            if !ids.insert(clip.id.as_str()) {
                return Err(format!("two clips have the id {}", clip.id));
            }
            if !self.systems.iter().any(|system| system.name == clip.system) {
                return Err(format!("the clip {} is of {:?}, which is no system", clip.id, clip.system));
            }
        }
        let (least, most) = self.kind.clips();
        for item in self.items.iter().chain(&self.catches) {
            if !(least..=most).contains(&item.clips.len()) {
                return Err(format!("the item {:?} needs {least} to {most} clips", item.piece));
            }
            if let Some(missing) = item.clips.iter().find(|id| !ids.contains(id.as_str())) {
                return Err(format!("the item {:?} names {missing:?}, which is no clip", item.piece));
            }
        }
        Ok(())
    }

    fn check_numbers(&self) -> std::result::Result<(), String> {
        for (name, value, least) in [
            ("participants", self.participants, 1),
            ("trials", self.trials, 1),
            ("catch_trials", self.catch_trials, 0),
            ("clips", self.clips.len(), 1),
            ("items", self.items.len(), 1),
        ] {
            if !(least..=MAX_NUMBER).contains(&value) {
                return Err(format!("{name} is {value}, and must be {least} to {MAX_NUMBER}"));
            }
        }
        if self.trials > self.items.len() {
            let items = self.items.len();
            return Err(format!(
                "trials is {}, and there are {items} items: nobody judges one twice",
                self.trials
            ));
        }
        if self.repeated_trials > self.trials {
            return Err("repeated_trials must not be more than trials".into());
        }
        if self.catch_trials > 0 && self.catches.is_empty() {
            return Err("catch_trials needs items under [[catches]], or must be 0".into());
        }
        if !(0.0..=600.0).contains(&self.minimum_seconds) {
            return Err("minimum_seconds must be 0 to 600".into());
        }
        Ok(())
    }

    fn check_texts(&self) -> std::result::Result<(), String> {
        if self.kind == Kind::Rating && !(1..=12).contains(&self.scales.len()) {
            return Err("a rating needs 1 to 12 scales, such as scales = [\"overall\"]".into());
        }
        for (what, names) in [
            ("scales", self.scales.iter().collect::<Vec<_>>()),
            ("systems", self.systems.iter().map(|system| &system.name).collect()),
            ("questions", self.questionnaire.iter().map(|question| &question.name).collect()),
        ] {
            let different: BTreeSet<&&String> = names.iter().collect();
            if different.len() < names.len() || names.iter().any(|name| name.is_empty() || name.len() > 200) {
                return Err(format!("{what} need different names of 1 to 200 bytes"));
            }
        }
        let texts =
            self.questionnaire.iter().flat_map(|question| question.choices.iter().chain([&question.text]));
        if texts.chain([&self.title, &self.question, &self.consent]).any(|text| text.len() > MAX_TEXT) {
            return Err(format!("a text is longer than {MAX_TEXT} bytes"));
        }
        if self.questionnaire.len() > 50 {
            return Err("a questionnaire has at most 50 questions".into());
        }
        Ok(())
    }
}
