//! The likelihood of held-out pieces under several predictors: a sentence, a table of text, a table of a page.

use composer_evaluation::likelihood::Nll;
use composer_evaluation::likelihood::summary::Figures;
use composer_evaluation::significance::Interval;
use maud::{Markup, html};
use serde::Serialize;

/// The name of the network that a fine-tuned one is compared with: the same, trained from random weights.
pub const FROM_NOTHING: &str = "from nothing";

/// The name of the network with the conditions of each piece told, which no baseline is.
pub const TOLD: &str = "this network, told";

/// How well one predictor does on the held-out pieces.
#[derive(Serialize)]
pub struct Likelihood {
    /// Its name.
    pub name: &'static str,
    /// What it conditions on, in a few words.
    pub what: &'static str,
    /// Totals, by plane.
    #[serde(skip)]
    pub nll: Nll,
    /// The likelihood in every unit.
    pub figures: Figures,
}

/// Baselines and model, in nats and in frame accuracy.
pub(crate) fn likelihood_table(likelihoods: &[Likelihood]) -> Markup {
    html! {
        p.note {
            em { "Sounding" } " is the NLL of which of the 88 pitches sound, the measure of the literature; " em { "onsets" }
            " is the NLL of which of the sounding pitches are struck again. "
            em { "Frame accuracy" } " is TP / (TP + FP + FN) over the pitches of all frames. "
            "Brackets: 95 % bootstrap intervals over pieces."
        }
        table {
            thead { tr {
                th { "predictor" } th { "" } th.number { "sounding" } th.number { "onsets" } th.number { "total" }
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

/// The test loss and how it compares with the best baseline, and what it is with conditions; the model is the last row.
pub fn summary(likelihoods: &[Likelihood]) -> String {
    let Some((model, others)) = likelihoods.split_last() else { return String::new() };
    let Some(baseline) = others.iter().rfind(|row| ![FROM_NOTHING, TOLD].contains(&row.name)) else {
        return format!("The loss of the held-out pieces is {:.2} nats per step.", model.nll.per_frame());
    };
    let (name, baseline, model) = (baseline.name, baseline.nll.per_frame(), model.nll.per_frame());
    let comparison = if model < baseline {
        format!("{:.0} % better than a {name} ({baseline:.2})", 100.0 * (1.0 - model / baseline))
    } else {
        format!("which is worse than a {name} ({baseline:.2}): train longer before composing with it")
    };
    let told = others.iter().find(|row| row.name == TOLD).map_or(String::new(), |told| {
        let told = told.nll.per_frame();
        format!(" Told the conditions of each piece, as validation is, it is {told:.2}.")
    });
    format!("The test loss is {model:.2} nats per step, {comparison}.{told}")
}

/// The figures as a table of text: a line for every unit, a column for every predictor.
pub fn table(likelihoods: &[Likelihood]) -> String {
    type Unit = (&'static str, usize, fn(&Figures) -> Option<Interval>);
    const UNITS: [Unit; 6] = [
        ("nats per frame", 3, |figures| Some(figures.nats_per_frame)),
        ("  sounding only", 3, |figures| Some(figures.nats_per_frame_sounding)),
        ("nats per symbol", 3, |figures| Some(figures.nats_per_token)),
        ("nats per note", 3, |figures| Some(figures.nats_per_note)),
        ("perplexity", 1, |figures| Some(figures.perplexity)),
        ("frame accuracy", 3, |figures| figures.frame_accuracy),
    ];
    let cells = |first: &str, cells: Vec<String>| {
        let cells: String = cells.iter().map(|cell| format!("{cell:>28}")).collect();
        format!("{first:<18}{cells}\n")
    };
    let mut text = cells("", likelihoods.iter().map(|row| row.name.to_string()).collect());
    for (name, digits, of) in UNITS {
        let shown = |row: &Likelihood| match of(&row.figures).filter(|figure| figure.estimate.is_finite()) {
            Some(figure) => format!("{figure:.digits$}"),
            None => "–".into(),
        };
        text.push_str(&cells(name, likelihoods.iter().map(shown).collect()));
    }
    text
}
