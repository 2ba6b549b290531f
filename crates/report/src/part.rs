//! The page of a new part: the given part above the new one, and the attention of each new step to the steps of the given part.

use crate::page::page;
use crate::piano_roll;
use crate::player::{player, script};
use composer_models::seq2seq::AttentionWeights;
use composer_music::{BarMap, Score};
use maud::{Markup, PreEscaped, html};
use std::fmt::Write;

/// A new part and what it was written for.
pub struct PartPage<'a> {
    /// What was done, such as "An accompaniment for tune.mid".
    pub title: &'a str,
    /// The part that was given.
    pub given: &'a Score,
    /// The part that was written.
    pub new: &'a Score,
    /// All parts together, for the player.
    pub all: &'a Score,
    /// A file beside the page with the sound, if there is one.
    pub wav: Option<&'a str>,
    /// Attention of each step of the new part to the steps of the given one; empty without attention.
    pub attention: &'a [AttentionWeights],
    /// Steps in a quarter of the model's grid.
    pub steps_per_quarter: usize,
}

impl PartPage<'_> {
    /// The page.
    pub fn to_html(&self) -> String {
        let end = self.given.end().max(self.new.end());
        let [given, new] = piano_roll::above_each_other(self.given, self.new, end);
        let body = html! {
            header {
                p.kicker { "composer" }
                h1 { (self.title) }
            }
            section {
                h2 { "Listen" }
                figure {
                    figcaption {
                        strong { "Given part" } span { "unchanged; below it the" } " " strong { "new part" }
                        span { "on the model's grid of sixteenths" }
                    }
                    (player(self.all, "all parts", &[PreEscaped(given), PreEscaped(new)], end, self.wav))
                }
            }
            section {
                h2 { "Attention" }
                (self.attention_section())
            }
            footer { "composer " (env!("CARGO_PKG_VERSION")) }
            (script())
        };
        page(self.title, &body)
    }

    fn attention_section(&self) -> Markup {
        if self.attention.is_empty() {
            return html! { p {
                "This model has no attention: at each step it conditions on the output of a bidirectional encoder at the same "
                "step of the given part."
            } };
        }
        let bars = BarMap::new(self.given).on_grid(self.steps_per_quarter as u32);
        html! {
            p.note {
                "Each row is a step of the new part, each column a step of the given part; darker cells have larger attention "
                "weights. On the diagonal, both steps sound at the same time. Shown are the first " (bars.bar_at(SHOWN as u64).index) " bars. Over the whole piece, "
                (format!("{:.0} %", 100.0 * self.on_time())) " of the attention weight is within a quarter note of the diagonal."
            }
            figure { (PreEscaped(picture(self.attention, &bars))) }
        }
    }

    /// Share of all weight that lies within a quarter of the diagonal.
    fn on_time(&self) -> f64 {
        let near = |(step, look): (usize, &AttentionWeights)| -> f64 {
            let beat = step.saturating_sub(self.steps_per_quarter)..=step + self.steps_per_quarter;
            let weights = (look.first..).zip(&look.weights).filter(|(source, _)| beat.contains(source));
            weights.map(|(_, &weight)| f64::from(weight)).sum()
        };
        self.attention.iter().enumerate().map(near).sum::<f64>() / self.attention.len() as f64
    }
}

/// Steps of either side that are shown: 8 bars of 4/4.
const SHOWN: usize = 128;
/// Attention weights below this are not drawn.
const FAINTEST: f32 = 0.01;

/// Rows of attention weights from top to bottom, the source from left to right, with the bars of the given part in steps.
fn picture(attention: &[AttentionWeights], bars: &BarMap) -> String {
    const CELL: f64 = 5.0;
    const MARGIN: f64 = 60.0;
    let rows = attention.len().min(SHOWN);
    let columns =
        attention.iter().take(rows).map(|look| look.first + look.weights.len()).max().unwrap_or(0).min(SHOWN);
    let shown = attention.iter().take(rows).flat_map(|look| &look.weights);
    let largest = shown.copied().fold(FAINTEST, f32::max);
    let (right, bottom) = (MARGIN + columns as f64 * CELL, MARGIN + rows as f64 * CELL);
    let mut svg = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {:.0} {:.0}" role="img" aria-label="Attention weights of each step of the new part over the steps of the given part" font-family="sans-serif" font-size="12" fill="#667085">"##,
        right + 10.0,
        bottom + 10.0
    );
    let _ = write!(svg, r#"<text x="{MARGIN}" y="20">bar of the given part →</text>"#);
    let _ =
        write!(svg, r#"<text transform="translate(20 {MARGIN}) rotate(90)">bar of the new part →</text>"#);
    for (step, look) in attention.iter().take(rows).enumerate() {
        let weights = (look.first..columns).zip(&look.weights).filter(|(_, weight)| **weight >= FAINTEST);
        for (source, &weight) in weights {
            let _ = write!(
                svg,
                r##"<rect x="{:.0}" y="{:.0}" width="{CELL}" height="{CELL}" fill="#1d5570" fill-opacity="{:.2}"/>"##,
                MARGIN + source as f64 * CELL,
                MARGIN + step as f64 * CELL,
                (weight / largest).sqrt()
            );
        }
    }
    let last = rows.max(columns) as u64 + 1;
    for (number, step) in bars.bars(last).map(|bar| bar.start as usize).enumerate() {
        let at = MARGIN + step as f64 * CELL;
        if step <= columns {
            let _ =
                write!(svg, r##"<line x1="{at}" x2="{at}" y1="{MARGIN}" y2="{bottom}" stroke="#d7dbe2"/>"##);
        }
        if step <= rows {
            let _ =
                write!(svg, r##"<line x1="{MARGIN}" x2="{right}" y1="{at}" y2="{at}" stroke="#d7dbe2"/>"##);
        }
        if step < columns {
            let _ = write!(svg, r#"<text x="{:.0}" y="{:.0}">{}</text>"#, at + 2.0, MARGIN - 6.0, number + 1);
        }
        if step < rows {
            let _ =
                write!(svg, r#"<text x="{:.0}" y="{:.0}">{}</text>"#, MARGIN - 18.0, at + 12.0, number + 1);
        }
    }
    svg.push_str("</svg>");
    svg
}
