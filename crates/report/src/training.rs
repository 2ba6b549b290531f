//! The report of a training: one self-contained page, with no request to any network.

use crate::curves;
use crate::error::Result;
use crate::evaluation::{AssessedSet, sections};
use crate::likelihood::{Likelihood, likelihood_table, summary};
use crate::page::{audio, fact, page};
use crate::piano_roll;
use crate::text::{number, pitch_name, thousands};
use composer_evaluation::likelihood::Nll;
use composer_evaluation::statistics::Summary;
use composer_music::Score;
use composer_training::Outcome;
use maud::{Markup, PreEscaped, html};
use serde::Serialize;
use std::ops::Range;

/// A finished training and what the report says of it.
pub struct TrainingSummary {
    /// The music that it was trained on, for people.
    pub corpus_name: String,
    /// The network in a few words.
    pub description: String,
    /// Number of parameters.
    pub parameters: usize,
    /// Steps of music in the training pieces.
    pub train_steps: usize,
    /// Seconds of training.
    pub seconds: f64,
    /// Every epoch.
    pub outcome: Outcome,
    /// Baselines on the validation pieces, for the loss curve.
    pub valid_baselines: Vec<(&'static str, Nll)>,
    /// What the model composed during training.
    pub samples: Vec<PieceFigure>,
    /// Names of the training pieces.
    pub train_pieces: Vec<String>,
    /// Names of the validation pieces.
    pub valid_pieces: Vec<String>,
    /// Names of the test pieces.
    pub test_pieces: Vec<String>,
    /// Files that could not be used, or only in part, and why.
    pub left_out: Vec<(String, String)>,
    /// What starting from a model gained; `None`: it started from random weights.
    pub fine_tuning: Option<FineTuning>,
}

/// A training that started from a model: losses on the validation pieces, in nats per step.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FineTuning {
    /// The model: a file, or the name of a built-in one.
    pub from: String,
    /// Before the first update.
    pub before: f64,
    /// The lowest.
    pub best: f64,
    /// The lowest of the same training from random weights, if there was one.
    pub from_nothing: Option<f64>,
}

impl FineTuning {
    /// What it gained, in a sentence or two.
    pub fn in_words(&self) -> String {
        let Self { from, before, best, from_nothing } = self;
        let own = format!(
            "Started from {from}: validation loss {before:.3} nats per step before the first update, {best:.3} at best."
        );
        match from_nothing {
            None => own,
            Some(nothing) if best < nothing => format!(
                "{own} The same training from random weights reached {nothing:.3}: starting from the model gained {:.3}.",
                nothing - best
            ),
            Some(nothing) => format!(
                "{own} The same training from random weights reached {nothing:.3}: starting from the model gained nothing."
            ),
        }
    }
}

/// A piece to look at and listen to.
pub struct PieceFigure {
    /// Its heading.
    pub title: String,
    /// A line below the heading.
    pub caption: String,
    /// The music.
    pub score: Score,
    /// A small WAV of it.
    pub wav: Vec<u8>,
    /// Excerpts to mark in its piano roll, in quarter notes.
    pub marks: Vec<Range<f64>>,
}

impl PieceFigure {
    fn figure(&self) -> Markup {
        html! {
            figure {
                figcaption { strong { (self.title) } " " span { (self.caption) } }
                (PreEscaped(piano_roll::svg(&self.score, &self.title, &self.marks)))
                (audio(&self.wav))
            }
        }
    }
}

/// Everything on the page.
pub struct Report<'a> {
    /// The training and its data.
    pub trained: &'a TrainingSummary,
    /// Baselines and model on the test pieces, the model last.
    pub likelihoods: &'a [Likelihood],
    /// What was composed, then an excerpt from the corpus.
    pub figures: &'a [PieceFigure],
    /// Statistics of the corpus and of the compositions.
    pub statistics: [(&'static str, &'a Summary); 2],
    /// The compositions compared with the training pieces; `None` if those are too few to say what is usual.
    pub assessment: Option<AssessedSet<'a>>,
    /// The command that reproduces the run.
    pub command: &'a str,
}

impl Report<'_> {
    /// The page.
    pub fn to_html(&self) -> Result<String> {
        let body = html! {
            (self.heading())
            (self.music())
            (self.learning()?)
            (self.progress()?)
            @if let Some(set) = &self.assessment { (sections(set)?) }
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
                h1 { "Training report: " (trained.corpus_name) }
                p.lead { (summary(self.likelihoods)) }
                dl.facts {
                    (fact(&trained.description, "network"))
                    (fact(&thousands(trained.parameters as u64), "parameters"))
                    (fact(&thousands(trained.train_steps as u64), "time steps in the training set"))
                    (fact(&format!("{:.0} s", trained.seconds), "training time"))
                }
            }
        }
    }

    fn music(&self) -> Markup {
        html! {
            section {
                h2 { "Listen" }
                p.note { "Each column is a sixteenth note; grey lines are barlines. The onset of a note is dark. Shaded bars are those of the first finding below." }
                @for piece in self.figures { (piece.figure()) }
            }
        }
    }

    fn learning(&self) -> Result<Markup> {
        let baselines: Vec<(&str, f64)> =
            self.trained.valid_baselines.iter().map(|(name, nll)| (*name, nll.per_frame())).collect();
        let outcome = &self.trained.outcome;
        let curve = curves::loss(&outcome.epochs, outcome.best.epoch, &baselines)?;
        Ok(html! {
            section {
                h2 { "Test loss" }
                p {
                    "Negative log-likelihood (NLL) of " (self.trained.test_pieces.len()) " held-out pieces, in nats per step (a frame of a sixteenth, or a token). "
                    "Lower is better."
                }
                (likelihood_table(self.likelihoods))
                @if let Some(fine_tuning) = &self.trained.fine_tuning { p { (fine_tuning.in_words()) } }
                figure { (PreEscaped(curve)) figcaption { "Training and validation loss. The weights of the epoch with the lowest validation loss were kept." } }
            }
        })
    }

    /// Gradient norms, learning rate, and what was composed during training.
    fn progress(&self) -> Result<Markup> {
        let epochs = &self.trained.outcome.epochs;
        Ok(html! {
            section {
                h2 { "During training" }
                figure { (PreEscaped(curves::gradient_norms(epochs)?)) figcaption { "Gradient norm of each layer before clipping, mean over each epoch." } }
                figure { (PreEscaped(curves::learning_rate(epochs)?)) figcaption { "Learning rate at the end of each epoch." } }
                @for sample in &self.trained.samples { (sample.figure()) }
            }
        })
    }

    fn statistics(&self) -> Markup {
        let [(corpus_name, corpus), (composed_name, composed)] = self.statistics;
        html! {
            section {
                h2 { "Corpus and compositions" }
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
                h2 { "Dataset" }
                p {
                    (trained.train_pieces.len()) " training pieces, " (trained.valid_pieces.len())
                    " validation pieces, " (trained.test_pieces.len()) " test pieces. The split is by piece, by a hash of its content."
                }
                p.note { strong { "Validation: " } (trained.valid_pieces.join(", ")) }
                p.note { strong { "Test: " } (trained.test_pieces.join(", ")) }
                @if !trained.left_out.is_empty() {
                    h3 { "Files that were skipped or used in part" }
                    ul { @for (file, reason) in &trained.left_out { li { code { (file) } " " (reason) } } }
                }
            }
        }
    }

    fn reproduce(&self) -> Markup {
        html! {
            section {
                h2 { "Reproducing this run" }
                p { "This command gives the same model and the same music, on any number of threads of the same kind of processor:" }
                pre { (self.command) }
            }
            footer { "composer " (env!("CARGO_PKG_VERSION")) }
        }
    }
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
        row("note length in quarters", &|s| number(s.note_length_mean)),
    ]
}
