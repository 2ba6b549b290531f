//! [`Card`]: what one should know of a built-in model, as `card.toml` says it.

use super::task::CardTask;
use crate::compose::{ComposeOptions, Length};
use serde::{Deserialize, Serialize};

/// The card of a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// What it writes, in a line.
    pub title: String,
    /// The command that it is for.
    pub task: CardTask,
    /// What it writes, in a few sentences.
    pub description: String,
    /// What it was trained on.
    pub data: Vec<DataSet>,
    /// How it was trained.
    pub training: Recipe,
    /// What it is known to do badly, in sentences.
    pub weaknesses: Vec<String>,
    /// Whether the built-in corpus is music of its style, which compositions are then compared with.
    #[serde(default)]
    pub of_built_in_corpus: bool,
    /// Options of `compose` where the user gives none.
    #[serde(default)]
    pub compose: ComposeDefaults,
    /// What was measured of it. `scripts/model_card.py` writes it.
    #[serde(default)]
    pub figures: Figures,
}

/// Music that a model was trained on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataSet {
    /// What it is and where it is from.
    pub name: String,
    /// Its licence.
    pub licence: String,
    /// Who has to be named; empty: nobody.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub attribution: String,
    /// Its pieces, those held out included.
    pub pieces: usize,
}

/// How a model was trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// The command that trains it again.
    pub command: String,
    /// The seed.
    pub seed: u64,
    /// Minutes of training on two cores.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minutes: Option<f64>,
}

/// A figure with its 95 % interval over pieces.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    /// The figure.
    pub value: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// What was measured of a model; what was not is absent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Figures {
    /// The real music that it was compared with, and did not learn from.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reference: String,
    /// Held-out pieces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub held_out_pieces: Option<usize>,
    /// Their NLL in nats per step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nats_per_step: Option<Figure>,
    /// How much it rises with a shuffled source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shuffled_source: Option<Figure>,
    /// Compositions at the default settings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compositions: Option<usize>,
    /// Statistics whose distance from real music is inside the real-to-real interval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inside: Option<usize>,
    /// Statistics in all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statistics: Option<usize>,
    /// Compositions without a finding of the judge.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub without_findings: Option<usize>,
    /// The same of the real music: so many pieces in a hundred.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub real_without_findings: Option<f64>,
    /// Median score against the real music; held-out real music has 50.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub median_score: Option<f64>,
    /// Compositions that were copied from music that it learnt from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub copied: Option<usize>,
}

impl Figures {
    /// What was measured, in words: a name and a text for each.
    pub fn lines(&self) -> Vec<(&'static str, String)> {
        let with_interval =
            |figure: &Figure| format!("{:.3} [{:.3}, {:.3}]", figure.value, figure.low, figure.high);
        let Self { held_out_pieces: pieces, compositions, .. } = self;
        let of = |all: &Option<usize>| all.map_or(String::new(), |all| format!(" of {all}"));
        let lines = [
            ("compared with", (!self.reference.is_empty()).then(|| self.reference.clone())),
            (
                "nats per step",
                self.nats_per_step.as_ref().map(|nats| {
                    let pieces = pieces.map_or(String::new(), |pieces| format!(", {pieces} held-out pieces"));
                    format!("{}{pieces}", with_interval(nats))
                }),
            ),
            (
                "source",
                self.shuffled_source
                    .as_ref()
                    .map(|more| format!("{} nats per step more with a shuffled one", with_interval(more))),
            ),
            (
                "like music",
                self.inside.map(|inside| {
                    format!("{inside}{} statistics inside the real-to-real interval", of(&self.statistics))
                }),
            ),
            (
                "findings",
                self.without_findings.map(|without| {
                    let real = self.real_without_findings;
                    let real =
                        real.map_or(String::new(), |real| format!(" (real music: {real:.0} in a hundred)"));
                    format!("none in {without}{} compositions{real}", of(compositions))
                }),
            ),
            (
                "score",
                self.median_score.map(|score| format!("{score:.0} of 100, the median (real music: 50)")),
            ),
            (
                "originality",
                self.copied.map(|copied| format!("{copied}{} compositions copied", of(compositions))),
            ),
        ];
        lines.into_iter().filter_map(|(name, text)| Some((name, text?))).collect()
    }
}

/// Options of composing that suit a model, where the user gives none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ComposeDefaults {
    /// General MIDI programs of the parts, the first part first; the last one is for all that follow. Empty: that of the training music.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub programs: Vec<u8>,
    /// Temperature.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Temperature of whether a note is held, one begins or nothing more sounds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub whether_temperature: Option<f64>,
    /// Nucleus.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// Share of the likeliest below which everything is left out, at every step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_p: Option<f64>,
    /// Tempo in quarters per minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub qpm: Option<f64>,
    /// Style that the model is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub style: Option<String>,
    /// Length in bars.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bars: Option<usize>,
    /// Whether the notes get velocities and timing from the built-in model for that, as `composer humanise` gives them.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub humanise: bool,
}

impl ComposeDefaults {
    /// The options in words, with commas between; empty without any.
    pub fn in_words(&self) -> String {
        let programs: Vec<String> = self.programs.iter().map(u8::to_string).collect();
        let number = |name: &str, value: Option<f64>| value.map(|value| format!("{name} {value}"));
        let said = [
            (!programs.is_empty()).then(|| format!("programs {}", programs.join(" "))),
            number("temperature", self.temperature),
            number("whether-temperature", self.whether_temperature),
            number("top-p", self.top_p),
            number("min-p", self.min_p),
            number("qpm", self.qpm),
            self.style.as_ref().map(|style| format!("style {style}")),
            self.bars.map(|bars| format!("length {}", Length::Bars(bars))),
            self.humanise.then(|| "humanised".to_owned()),
        ];
        said.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }

    /// Options with these where they say nothing. Of temperatures and nucleus, either all are those of the model, or none.
    #[must_use]
    pub fn under(&self, options: &ComposeOptions) -> ComposeOptions {
        let mut all = options.clone();
        if !asks_how_to_draw(options) {
            all.temperature = self.temperature;
            all.tokens.top_p = self.top_p;
            all.tokens.min_p = self.min_p;
            all.frames.whether_temperature = self.whether_temperature;
        }
        // The tempo of a primer comes before that of the model.
        if all.primer == Default::default() {
            all.qpm = all.qpm.or(self.qpm);
        }
        if let (Length::Usual, Some(bars)) = (all.length, self.bars) {
            all.length = Length::Bars(bars);
        }
        all.conditions.style = all.conditions.style.or_else(|| self.style.clone());
        all
    }
}

/// Whether options say how symbols are drawn, or that they are not drawn.
fn asks_how_to_draw(options: &ComposeOptions) -> bool {
    let ComposeOptions { temperature, frames, tokens, .. } = options;
    let numbers = [
        *temperature,
        frames.onset_temperature,
        frames.hold_temperature,
        frames.whether_temperature,
        frames.length_temperature,
        frames.threshold,
        tokens.top_p,
        tokens.min_p,
        tokens.typical_p,
    ];
    let counts = [frames.top_voices, tokens.top_k, tokens.beam_width];
    numbers.iter().any(Option::is_some) || counts.iter().any(Option::is_some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_comes_before_what_suits_the_model() {
        let card = ComposeDefaults {
            temperature: Some(0.9),
            top_p: Some(0.97),
            whether_temperature: Some(0.8),
            qpm: Some(90.0),
            style: Some("waltz".into()),
            ..ComposeDefaults::default()
        };
        assert_eq!(
            card.in_words(),
            "temperature 0.9, whether-temperature 0.8, top-p 0.97, qpm 90, style waltz"
        );
        let suited = card.under(&ComposeOptions::default());
        assert_eq!((suited.temperature, suited.tokens.top_p), (Some(0.9), Some(0.97)));
        assert_eq!((suited.frames.whether_temperature, suited.qpm), (Some(0.8), Some(90.0)));
        assert_eq!(suited.conditions.style.as_deref(), Some("waltz"));
        let asked = ComposeOptions { temperature: Some(1.0), qpm: Some(120.0), ..ComposeOptions::default() };
        let asked = card.under(&asked);
        assert_eq!((asked.temperature, asked.tokens.top_p, asked.qpm), (Some(1.0), None, Some(120.0)));
        assert_eq!(asked.frames.whether_temperature, None);
    }
}
