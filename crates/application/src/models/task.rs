//! Which command a model is for.

use composer_models::seq2seq::Task;
use serde::{Deserialize, Serialize};

/// The command that a model is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CardTask {
    /// `compose`, and `score`.
    Compose,
    /// `accompany`.
    Accompany,
    /// `drum`.
    Drum,
    /// `reharmonise`.
    Reharmonise,
    /// `infill --network`.
    Infill,
    /// `humanise`.
    Humanise,
}

impl CardTask {
    /// That of a part; `None`: a model that composes.
    pub fn of(task: Option<Task>) -> Self {
        match task {
            None => Self::Compose,
            Some(Task::Accompany) => Self::Accompany,
            Some(Task::Drum) => Self::Drum,
            Some(Task::Reharmonise) => Self::Reharmonise,
            Some(Task::Infill) => Self::Infill,
            Some(Task::Humanise) => Self::Humanise,
        }
    }

    /// The part that its models write; `None`: they compose.
    pub fn part(self) -> Option<Task> {
        match self {
            Self::Compose => None,
            Self::Accompany => Some(Task::Accompany),
            Self::Drum => Some(Task::Drum),
            Self::Reharmonise => Some(Task::Reharmonise),
            Self::Infill => Some(Task::Infill),
            Self::Humanise => Some(Task::Humanise),
        }
    }

    /// The name of the command.
    pub fn name(self) -> &'static str {
        self.part().map_or("compose", task_name)
    }
}

/// The name of a task on the command line.
pub fn task_name(task: Task) -> &'static str {
    match task {
        Task::Accompany => "accompany",
        Task::Drum => "drum",
        Task::Reharmonise => "reharmonise",
        Task::Infill => "infill",
        Task::Humanise => "humanise",
    }
}
