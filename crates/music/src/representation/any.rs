//! [`AnyRepresentation`]: one of the six with its options, as a model file or a cache carries it.

use super::bars::BarRepresentation;
use super::chords::ChordRepresentation;
use super::events::{EventRepresentation, Section, Time};
use super::frames::FrameRepresentation;
use super::remi::RemiRepresentation;
use super::voices::VoiceRepresentation;
use super::{Error, Quantised, Representation, Symbols, Vocabulary};
use crate::score::Score;

/// A representation with its options.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(tag = "representation", rename_all = "snake_case")]
pub enum AnyRepresentation {
    /// See [`super::frames`].
    Frames(FrameRepresentation),
    /// See [`super::events`].
    Events(EventRepresentation),
    /// See [`super::remi`].
    Remi(RemiRepresentation),
    /// See [`super::voices`].
    Voices(VoiceRepresentation),
    /// See [`super::chords`].
    Chords(ChordRepresentation),
    /// See [`super::bars`].
    Bars(BarRepresentation),
}

/// Patterns that `bars` learns by default.
pub const DEFAULT_PATTERNS: usize = 512;

impl AnyRepresentation {
    /// The names that [`AnyRepresentation::by_name`] knows.
    pub const NAMES: [&'static str; 9] = [
        "frames",
        "events",
        "metrical-events",
        "drum-events",
        "remi",
        "multitrack-remi",
        "voices",
        "chords",
        "bars",
    ];

    /// A representation with its usual options, by its name. `bars` has learnt nothing yet; see
    /// [`AnyRepresentation::learn`].
    ///
    /// # Errors
    /// [`Error::BadOption`] when there is none of that name; says which there are.
    pub fn by_name(name: &str) -> Result<Self, Error> {
        let metrical =
            EventRepresentation { time: Time::Metrical { steps_per_quarter: 12 }, ..Default::default() };
        let multitrack = RemiRepresentation { programs: true, ..Default::default() };
        Ok(match name {
            "frames" => Self::Frames(FrameRepresentation::default()),
            "events" => Self::Events(EventRepresentation::default()),
            "metrical-events" => Self::Events(metrical),
            "drum-events" => Self::Events(EventRepresentation {
                section: Section::Drums,
                ..EventRepresentation::default()
            }),
            "remi" => Self::Remi(RemiRepresentation::default()),
            "multitrack-remi" => Self::Remi(multitrack),
            "voices" => Self::Voices(VoiceRepresentation::default()),
            "chords" => Self::Chords(ChordRepresentation::default()),
            "bars" => Self::Bars(BarRepresentation::learn(RemiRepresentation::default(), [], 0)?),
            _ => {
                let known = Self::NAMES.join(", ");
                return Err(Error::BadOption(format!(
                    "there is no representation {name}; there are {known}"
                )));
            }
        })
    }

    /// The representation after learning from scores; only `bars` learns.
    ///
    /// # Errors
    /// [`Error::TooLong`].
    pub fn learn<'a>(
        self,
        scores: impl IntoIterator<Item = &'a Score>,
        patterns: usize,
    ) -> Result<Self, Error> {
        match self {
            Self::Bars(bars) => BarRepresentation::learn(bars.base, scores, patterns).map(Self::Bars),
            other => Ok(other),
        }
    }

    /// Whether the symbols hold the tempo.
    pub fn has_tempo(&self) -> bool {
        match self {
            Self::Events(events) => events.time == Time::Performance,
            Self::Remi(_) | Self::Bars(_) => true,
            Self::Frames(_) | Self::Voices(_) | Self::Chords(_) => false,
        }
    }

    /// Whether the symbols hold the velocity of notes.
    pub fn has_velocity(&self) -> bool {
        matches!(self, Self::Events(_) | Self::Remi(_) | Self::Bars(_))
    }

    fn inner(&self) -> &dyn Representation {
        match self {
            Self::Frames(inner) => inner,
            Self::Events(inner) => inner,
            Self::Remi(inner) => inner,
            Self::Voices(inner) => inner,
            Self::Chords(inner) => inner,
            Self::Bars(inner) => inner,
        }
    }
}

impl Representation for AnyRepresentation {
    fn name(&self) -> &'static str {
        self.inner().name()
    }

    fn vocabulary(&self) -> Vocabulary {
        self.inner().vocabulary()
    }

    fn encode(&self, score: &Score) -> Result<Symbols, Error> {
        self.inner().encode(score)
    }

    fn decode(&self, symbols: &Symbols) -> Result<Score, Error> {
        self.inner().decode(symbols)
    }

    fn quantise(&self, score: &Score) -> Result<Quantised, Error> {
        self.inner().quantise(score)
    }

    fn fingerprint(&self) -> String {
        self.inner().fingerprint()
    }
}
