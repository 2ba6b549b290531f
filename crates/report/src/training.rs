//! The report of a training: one self-contained page, with no request to any network.

use crate::curves;
use crate::error::Result;
use crate::evaluation::{AssessedSet, sections};
use crate::fine_tuning::FineTuning;
use crate::likelihood::{Likelihood, likelihood_table, summary};
use crate::page::{fact, page};
use crate::piano_roll;
use crate::player::{player, script};
use crate::text::{number, pitch_name, thousands};
use composer_evaluation::likelihood::Nll;
use composer_evaluation::significance::quantile::quantile;
use composer_evaluation::statistics::Summary;
use composer_music::Score;
use composer_training::Outcome;
use maud::{Markup, PreEscaped, html};
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

/// A piece to look at and listen to.
pub struct PieceFigure {
    /// Its heading.
    pub title: String,
    /// A line below the heading.
    pub caption: String,
    /// The music.
    pub score: Score,
    /// A file beside the page with it.
    pub file: Option<String>,
    /// Excerpts to mark in its piano roll, in quarter notes.
    pub marks: Vec<Range<f64>>,
}

impl PieceFigure {
    fn figure(&self) -> Markup {
        let roll = piano_roll::svg(&self.score, &self.title, &self.marks);
        html! {
            figure {
                figcaption { strong { (self.title) } " " span { (self.caption) } }
                (player(&self.score, &self.title, &[PreEscaped(roll)], self.score.end(), self.file.as_deref()))
            }
        }
    }
}

/// Pieces of one origin: the trained model, another one, real music.
pub struct Origin {
    /// What they are, such as "58 seconds of learning".
    pub title: String,
    /// A sentence about it.
    pub caption: String,
    /// NLL of the test pieces in nats per step, where it has one that can be compared.
    pub test_nll: Option<f64>,
    /// Scores of its pieces against the training pieces, 0–100.
    pub scores: Vec<f64>,
    /// The pieces to look at and to listen to.
    pub figures: Vec<PieceFigure>,
}

/// Everything on the page.
pub struct Report<'a> {
    /// The training and its data.
    pub trained: &'a TrainingSummary,
    /// Baselines and model on the test pieces, the model last.
    pub likelihoods: &'a [Likelihood],
    /// What was composed, and what it may be compared with: music of another model, real music.
    pub origins: &'a [Origin],
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
            (script())
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
                (self.origins_table())
                @for origin in self.origins {
                    h3.origin { (origin.title) }
                    p.note { (origin.caption) }
                    @for piece in &origin.figures { (piece.figure()) }
                }
            }
        }
    }

    /// What was learnt, in one table.
    fn origins_table(&self) -> Markup {
        let median = |scores: &[f64]| match scores.len() {
            0 => "–".to_owned(),
            count => {
                format!("{:.0} ({count} piece{})", quantile(scores, 0.5), if count == 1 { "" } else { "s" })
            }
        };
        html! {
            div.wide { table {
                thead { tr { th { "" } th.number { "test loss, nats per step" } th.number { "score, median" } } }
                tbody {
                    @for origin in self.origins {
                        tr {
                            th { (origin.title) }
                            td.number { (origin.test_nll.map_or("–".to_owned(), |nll| format!("{nll:.3}"))) }
                            td.number { (median(&origin.scores)) }
                        }
                    }
                }
            } }
            p.note {
                "The score says how much a piece is like the training pieces, from 0 to 100; real music of the same kind has 50 in the median."
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
