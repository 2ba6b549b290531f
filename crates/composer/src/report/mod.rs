//! The report: one self-contained page, with no request to any network.

mod along_the_way;
pub mod charts;
mod curves;
pub mod evaluation;
pub mod part;
mod piano_roll;
pub mod scaling;
pub mod study;

use crate::commands::likelihood::{Likelihood, verdict};
use crate::commands::train::Trained;
use crate::progress::thousands;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use composer_evaluation::statistics::Summary;
use composer_music::Score;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use std::ops::Range;

const STYLE: &str = include_str!("style.css");

/// A piece to look at and listen to.
pub struct Exhibit {
    /// Its heading.
    pub title: String,
    /// A line below the heading.
    pub caption: String,
    /// The music.
    pub score: Score,
    /// A small WAV of it.
    pub wav: Vec<u8>,
    /// Stretches to mark in its piano roll, in quarter notes.
    pub marks: Vec<Range<f64>>,
}

impl Exhibit {
    fn figure(&self) -> Markup {
        html! {
            figure {
                figcaption { strong { (self.title) } " " span { (self.caption) } }
                (PreEscaped(piano_roll::svg(&self.score, &self.title, &self.marks)))
                audio controls="controls" preload="metadata"
                    src={ "data:audio/wav;base64," (STANDARD.encode(&self.wav)) } {}
            }
        }
    }
}

/// Everything on the page.
pub struct Report<'a> {
    /// The training and its data.
    pub trained: &'a Trained,
    /// Baselines and model on the test pieces, the model last.
    pub likelihoods: &'a [Likelihood],
    /// What was composed, then an excerpt from the corpus.
    pub exhibits: &'a [Exhibit],
    /// Statistics of the corpus and of the compositions.
    pub statistics: [(&'static str, &'a Summary); 2],
    /// The compositions beside the training pieces; `None` if those are too few to say what is usual.
    pub assessment: Option<evaluation::Set<'a>>,
    /// The command that makes all of this again.
    pub command: &'a str,
}

impl Report<'_> {
    /// The page.
    pub fn to_html(&self) -> anyhow::Result<String> {
        let body = html! {
            (self.heading())
            (self.music())
            (self.learning()?)
            (self.along_the_way()?)
            @if let Some(set) = &self.assessment { (evaluation::sections(set)?) }
            (self.statistics())
            (self.data())
            (self.reproduce())
        };
        Ok(page(&self.trained.corpus_name, &body))
    }

    fn heading(&self) -> Markup {
        let trained = self.trained;
        html! {
            header {
                p.kicker { "composer" }
                h1 { "What a network learnt from " (trained.corpus_name) }
                p.lead { (verdict(self.likelihoods)) }
                dl.facts {
                    (fact(&trained.description, "network"))
                    (fact(&thousands(trained.parameters as u64), "parameters"))
                    (fact(&thousands(trained.train_steps as u64), "steps of music learnt from"))
                    (fact(&format!("{:.0} s", trained.seconds), "training"))
                }
            }
        }
    }

    fn music(&self) -> Markup {
        html! {
            section {
                h2 { "Listen" }
                p.note { "One column is a sixteenth, a grey line begins every bar of four quarters. Dark is where a note is struck; shaded are the bars that the first finding below points at." }
                @for exhibit in self.exhibits { (exhibit.figure()) }
            }
        }
    }

    fn learning(&self) -> anyhow::Result<Markup> {
        let baselines: Vec<(&str, f64)> =
            self.trained.valid_baselines.iter().map(|(name, nll)| (*name, nll.per_frame())).collect();
        let outcome = &self.trained.outcome;
        let curve = curves::loss(&outcome.epochs, outcome.best.epoch, &baselines)?;
        Ok(html! {
            section {
                h2 { "How well it predicts" }
                p {
                    "Negative log-likelihood of " (self.trained.test_pieces.len()) " pieces that it never saw, in nats per step (a frame of a sixteenth, or a token): "
                    "lower is better."
                }
                (likelihood_table(self.likelihoods))
                figure { (PreEscaped(curve)) figcaption { "Loss in training and on the validation pieces. The weights of the best epoch were kept." } }
            }
        })
    }

    fn statistics(&self) -> Markup {
        let [(corpus_name, corpus), (composed_name, composed)] = self.statistics;
        html! {
            section {
                h2 { "Side by side" }
                table {
                    thead { tr { th { "" } th.number { (corpus_name) } th.number { (composed_name) } } }
                    tbody {
                        @for (name, corpus, composed) in statistics_rows(corpus, composed) {
                            tr { th { (name) } td.number { (corpus) } td.number { (composed) } }
                        }
                    }
                }
            }
        }
    }

    fn data(&self) -> Markup {
        let trained = self.trained;
        html! {
            section {
                h2 { "The music" }
                p {
                    (trained.train_pieces.len()) " pieces to learn from, " (trained.valid_pieces.len())
                    " to tell when to stop, " (trained.test_pieces.len()) " to measure by: split by piece, by a hash of the content."
                }
                p.note { strong { "Validation: " } (trained.valid_pieces.join(", ")) }
                p.note { strong { "Test: " } (trained.test_pieces.join(", ")) }
                @if !trained.left_out.is_empty() {
                    h3 { "Files that were left out or used in part" }
                    ul { @for (file, reason) in &trained.left_out { li { code { (file) } " " (reason) } } }
                }
            }
        }
    }

    fn reproduce(&self) -> Markup {
        html! {
            section {
                h2 { "Again" }
                p { "This command gives the same model and the same music, on any number of cores of the same kind of processor:" }
                pre { (self.command) }
            }
            footer { "composer " (env!("CARGO_PKG_VERSION")) }
        }
    }
}

/// Baselines and model, in nats and in frame accuracy.
pub fn likelihood_table(likelihoods: &[Likelihood]) -> Markup {
    html! {
        p.note {
            em { "Sounding" } " is the usual measure over 88 pitches; " em { "struck again" }
            " is what it costs to say which of the pitches that go on sounding are struck anew. "
            em { "Frame accuracy" } " is how many of the pitches that sound, or are expected to, are both. "
            "In brackets: 95 % intervals over pieces."
        }
        table {
            thead { tr {
                th { "predictor" } th { "" } th.number { "sounding" } th.number { "struck again" } th.number { "total" }
                th.number { "per note" } th.number { "frame accuracy" }
            } }
            tbody {
                @for row in likelihoods {
                    tr {
                        th { (row.name) }
                        td.note { (row.what) }
                        td.number { (format!("{:.3}", row.nll.sounding_per_frame())) }
                        td.number { (format!("{:.3}", row.nll.onset_per_frame())) }
                        td.number { strong { (format!("{:.3}", row.figures.nats_per_token)) } }
                        td.number { (format!("{:.3}", row.figures.nats_per_note.estimate)) }
                        td.number { @if let Some(accuracy) = &row.figures.frame_accuracy { (format!("{accuracy:.2}")) } @else { "–" } }
                    }
                }
            }
        }
    }
}

/// A self-contained page around what it shows.
fn page(title: &str, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                link rel="icon" href="data:,";
                title { "composer: " (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { main { (body) } }
        }
    };
    page.into_string()
}

fn fact(value: &str, name: &str) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}

/// Rows of the table of statistics: name, corpus, composition.
fn statistics_rows(corpus: &Summary, composed: &Summary) -> Vec<(&'static str, String, String)> {
    let row = |name, show: &dyn Fn(&Summary) -> String| (name, show(corpus), show(composed));
    vec![
        row("pieces", &|s| s.pieces.to_string()),
        row("notes", &|s| thousands(s.notes as u64)),
        row("lowest to highest pitch", &|s| match (s.pitch_lowest, s.pitch_highest) {
            (Some(low), Some(high)) => format!("{} – {}", pitch_name(low), pitch_name(high)),
            _ => "–".into(),
        }),
        row("notes per quarter", &|s| number(s.notes_per_quarter)),
        row("notes per second", &|s| number(s.notes_per_second)),
        row("pitches that sound together", &|s| number(s.polyphony)),
        row("note length, quarters", &|s| number(s.note_length_mean)),
    ]
}

fn number(value: f64) -> String {
    if value.is_finite() { format!("{value:.2}") } else { "–".into() }
}

/// A pitch as musicians write it: 60 is C4.
pub fn pitch_name(pitch: u8) -> String {
    const NAMES: [&str; 12] = ["C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B"];
    format!("{}{}", NAMES[usize::from(pitch % 12)], i16::from(pitch / 12) - 1)
}
