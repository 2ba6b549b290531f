//! [`Role`]: what a part does in the music.

use std::fmt;

/// What a part does in the music.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// What one would sing.
    Melody,
    /// What goes with it.
    Accompaniment,
    /// The lowest line.
    Bass,
    /// Unpitched percussion.
    Drums,
}

impl Role {
    /// All of them.
    pub const ALL: [Role; 4] = [Role::Melody, Role::Accompaniment, Role::Bass, Role::Drums];
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Role::Melody => "melody",
            Role::Accompaniment => "accompaniment",
            Role::Bass => "bass",
            Role::Drums => "drums",
        })
    }
}

impl std::str::FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wanted = text.to_lowercase();
        Role::ALL
            .into_iter()
            .find(|role| role.to_string() == wanted)
            .ok_or_else(|| format!("{text} is no role; there are melody, accompaniment, bass and drums"))
    }
}
