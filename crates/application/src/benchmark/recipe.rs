//! [`Recipe`]: settings for a set of frames, chosen by its size alone.

use super::options::FramesOptions;
use composer_models::Network;
use std::fmt;
use std::str::FromStr;

/// Settings for a set of frames, chosen by the number of its training frames alone. No test set was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recipe {
    /// The network of the lowest loss: note by note.
    Best,
    /// For tables of networks whose pitches are independent given the past.
    Independent,
}

/// Training frames of the smallest usual set, JSB Chorales in quarters: the size at which the rules below begin.
const SMALL: f64 = 13_807.0;

/// Minutes of a training under a recipe, if not said otherwise: the schedule ends by then, on any machine.
pub(super) const MINUTES: f64 = 55.0;

impl Recipe {
    /// All of them.
    pub const ALL: [Recipe; 2] = [Recipe::Best, Recipe::Independent];

    /// The options for a set with so many training frames: more data, a wider network with less dropout, and fewer epochs of more
    /// steps in all.
    pub fn options(self, frames: usize) -> FramesOptions {
        let size = (frames.max(1) as f64 / SMALL).max(1.0);
        let hidden = ((320.0 * size.powf(1.0 / 8.0) / 32.0).round() as usize * 32).min(512);
        let epochs = 120.0 * size.powf(0.4 - 1.0);
        let common = FramesOptions {
            hidden,
            dropout: (0.6 * size.powf(-1.0 / 6.0)).max(0.3),
            epochs: (epochs.round() as u64).max(10),
            patience: 20,
            ema_decay: 0.99,
            transpose: 5,
            learning_rate: 0.003,
            ..FramesOptions::default()
        };
        match self {
            Recipe::Best => {
                FramesOptions { network: Network::NoteWise, note_hidden: 192, longest_match: true, ..common }
            }
            // Networks of independent pitches gain nothing from transposition, and overfit sooner.
            Recipe::Independent => {
                let dropout = (0.7 * size.powf(-1.0 / 6.0)).max(0.3);
                let network = Network::Independent;
                FramesOptions { network, transpose: 0, dropout, longest_match: true, ..common }
            }
        }
    }
}

impl fmt::Display for Recipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Recipe::Best => "best",
            Recipe::Independent => "independent",
        })
    }
}

impl FromStr for Recipe {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|recipe| recipe.to_string() == name);
        found.ok_or_else(|| format!("there is no recipe \"{name}\"; choose best or independent"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_data_makes_a_wider_network_with_less_dropout() {
        let [small, large] = [13_807, 176_561].map(|frames| Recipe::Best.options(frames));
        assert_eq!((small.hidden, small.epochs, small.dropout), (320, 120, 0.6));
        assert_eq!((large.hidden, large.epochs), (448, 26));
        assert!(large.dropout < 0.4 && large.network == Network::NoteWise);
        assert_eq!(Recipe::Independent.options(5).network, Network::Independent);
    }
}
