//! [`RemiRepresentation`]: the options of `remi`.

/// How a score becomes bars and notes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct RemiRepresentation {
    /// Steps in a quarter note, 1 to 96: 4 for sixteenths, 12 for sixteenths and triplets.
    pub steps_per_quarter: u32,
    /// Whether notes carry their program, and drums are encoded.
    pub programs: bool,
    /// Which chord symbols are said.
    pub chords: ChordTokens,
}

/// Where CHORD can stand. In files `false`, `true`, as it was before bars had beats, and `"beats"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "ChordTokensInFile", into = "ChordTokensInFile")]
pub enum ChordTokens {
    /// Nowhere.
    None,
    /// At quarters from the beginning of the piece, whatever its metre.
    Quarters,
    /// At the beats of the bars: in 6/8 two dotted quarters.
    Beats,
}

#[derive(Clone, serde::Serialize, serde::Deserialize)]
#[serde(untagged)]
enum ChordTokensInFile {
    Any(bool),
    At(String),
}

impl From<ChordTokens> for ChordTokensInFile {
    fn from(chords: ChordTokens) -> Self {
        match chords {
            ChordTokens::None => Self::Any(false),
            ChordTokens::Quarters => Self::Any(true),
            ChordTokens::Beats => Self::At("beats".to_owned()),
        }
    }
}

impl TryFrom<ChordTokensInFile> for ChordTokens {
    type Error = String;

    fn try_from(stored: ChordTokensInFile) -> Result<Self, String> {
        match stored {
            ChordTokensInFile::Any(false) => Ok(Self::None),
            ChordTokensInFile::Any(true) => Ok(Self::Quarters),
            ChordTokensInFile::At(place) if place == "beats" => Ok(Self::Beats),
            ChordTokensInFile::At(place) => Err(format!("chords stand at beats, and not at \"{place}\"")),
        }
    }
}

impl Default for RemiRepresentation {
    /// One instrument, sixteenths and triplets, no chords.
    fn default() -> Self {
        Self { steps_per_quarter: 12, programs: false, chords: ChordTokens::None }
    }
}

impl RemiRepresentation {
    pub(super) fn grid_steps(&self) -> u32 {
        self.steps_per_quarter.clamp(1, 96)
    }
}
