//! [`Network`]: how a network makes frames, by name.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// How a network makes frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Network {
    /// All pitches at once, each on its own.
    Independent,
    /// All pitches from one output, each conditioned on those below by a linear layer ([`composer_bptt::Coupling`]).
    Coupled,
    /// Note by note, by a second recurrence ([`mod@crate::note_wise`]).
    NoteWise,
    /// Pitch by pitch, by two recurrences with the same weights for all pitches ([`mod@crate::biaxial`]).
    Biaxial,
}

impl Network {
    /// All of them.
    pub const ALL: [Network; 4] =
        [Network::Independent, Network::Coupled, Network::NoteWise, Network::Biaxial];

    /// The name, as settings and options have it.
    pub fn name(self) -> &'static str {
        match self {
            Network::Independent => "independent",
            Network::Coupled => "coupled",
            Network::NoteWise => "note-wise",
            Network::Biaxial => "biaxial",
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(name: &str) -> Result<Network, String> {
        let lower = name.to_lowercase();
        Self::ALL.into_iter().find(|network| network.name() == lower).ok_or_else(|| {
            let names = Self::ALL.map(Network::name);
            format!("there is no network \"{name}\"; choose {}", names.join(", "))
        })
    }
}
