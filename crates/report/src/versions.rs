//! The page of several pieces, or versions of one tune, one below the other.

use crate::page::page;
use crate::piano_roll::place;
use crate::player::{player, script};
use composer_music::picture::bar_lines;
use composer_music::text::markup;
use composer_music::{Note, Score};
use maud::{Markup, PreEscaped, html};
use std::fmt::Write;
use std::ops::Range;

/// A version of a tune.
pub struct Version<'a> {
    /// What was done, such as "Varied, amount 0.3".
    pub name: &'a str,
    /// How, and with what figures: a sentence or two.
    pub text: &'a str,
    /// The music.
    pub score: &'a Score,
    /// Bars that the piano roll marks, by their index.
    pub marked: Range<u64>,
}

/// Versions of one tune.
pub struct VersionsPage<'a> {
    /// The title.
    pub title: &'a str,
    /// What the page shows: a sentence or two.
    pub text: &'a str,
    /// The versions; the original first, if they are of one tune.
    pub versions: &'a [Version<'a>],
    /// Whether they are of one tune: notes that the original does not have are marked.
    pub of_one_tune: bool,
}

impl VersionsPage<'_> {
    /// The page: of each version a piano roll, its drums below, and a player.
    pub fn to_html(&self) -> String {
        let original = self.versions.first().filter(|_| self.of_one_tune).map(|version| version.score);
        let body = html! {
            header {
                p.kicker { "composer" }
                h1 { (self.title) }
                p { (self.text) }
                @if self.of_one_tune {
                    p.note { "Notes that the original does not have, by onset and pitch, are orange; in the drums, louder is darker." }
                }
            }
            @for version in self.versions {
                section {
                    h2 { (version.name) }
                    figure {
                        figcaption { span { (version.text) } }
                        (player(version.score, version.name, &version.rolls(original), version.score.end(), None))
                    }
                }
            }
            footer { "composer " (env!("CARGO_PKG_VERSION")) }
            (script())
        };
        page(self.title, &body)
    }
}

impl Version<'_> {
    fn rolls(&self, original: Option<&Score>) -> Vec<Markup> {
        let old = |note: &Note| {
            original.is_none_or(|original| {
                let (of, to) =
                    (u64::from(original.ticks_per_quarter), u64::from(self.score.ticks_per_quarter));
                original.notes().any(|old| {
                    (old.pitch, old.is_drum()) == (note.pitch, note.is_drum())
                        && old.onset * to == note.onset * of
                })
            })
        };
        let pitched = self.score.notes().filter(|note| !note.is_drum());
        let (old, new): (Vec<&Note>, Vec<&Note>) = pitched.partition(|note| old(note));
        let mut rolls = vec![self.roll("notes", &[(old, "#4f93b0"), (new, "#d9642f")])];
        let shades = ["#c5d3da", "#8fb0bf", "#4f8299", "#123c50"];
        let mut by_velocity = shades.map(|shade| (Vec::new(), shade));
        for note in self.score.notes().filter(|note| note.is_drum()) {
            by_velocity[usize::from(note.velocity / 32).min(3)].0.push(note);
        }
        if by_velocity.iter().any(|(notes, _)| !notes.is_empty()) {
            rolls.push(self.roll("drums", &by_velocity));
        }
        rolls
    }

    /// Groups of notes, each in its colour. All notes of a group are one path, or the page would be several times as large.
    fn roll(&self, what: &str, groups: &[(Vec<&Note>, &str)]) -> Markup {
        const WIDTH: f64 = 960.0;
        const KEY: u16 = 4;
        let pitches = || groups.iter().flat_map(|(notes, _)| notes).map(|note| u16::from(note.pitch));
        let (low, high) = (pitches().min().unwrap_or(60), pitches().max().unwrap_or(72));
        let height = (high - low + 3) * KEY;
        let end = self.score.end();
        let x = |tick: u64| WIDTH * place(tick, end);
        let title = format!("Piano roll: {}, {what}", self.name);
        let mut svg = format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{}">"#,
            markup(&title)
        );
        let lines = bar_lines(self.score, end.saturating_add(1));
        let marked = self.marked.start as usize..self.marked.end as usize;
        if let (Some(&from), Some(&to)) = (lines.get(marked.start), lines.get(marked.end).or(lines.last()))
            && !marked.is_empty()
        {
            let width = x(to) - x(from);
            let _ = write!(
                svg,
                r##"<rect x="{:.1}" width="{width:.1}" height="{height}" fill="#fbe3d6"/>"##,
                x(from)
            );
        }
        let bars: String = lines.iter().map(|&line| format!("M{:.1} 0V{height}", x(line))).collect();
        let _ = write!(svg, r##"<path d="{bars}" stroke="#d7dbe2" fill="none"/>"##);
        for (notes, colour) in groups.iter().filter(|(notes, _)| !notes.is_empty()) {
            let mut path = String::new();
            for note in notes {
                let (left, right) = (x(note.onset), x(note.end()));
                let y = (high - u16::from(note.pitch)) * KEY + 3 * KEY / 2;
                let _ = write!(path, "M{left:.1} {y}h{:.1}", (right - left - 0.6).max(1.6));
            }
            let _ = write!(svg, r#"<path d="{path}" stroke="{colour}" stroke-width="3.4" fill="none"/>"#);
        }
        svg.push_str("</svg>");
        PreEscaped(svg)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use composer_music::Track;

    #[test]
    fn versions_show_what_is_new_and_how_loud_the_drums_are() {
        let note = |onset, pitch, velocity, channel| Note {
            onset,
            duration: 40,
            pitch,
            velocity,
            channel,
            program: 0,
        };
        let score = |ticks_per_quarter: u16, notes: Vec<Note>| {
            let mut score = Score::new(ticks_per_quarter);
            score.tracks.push(Track { name: None, notes });
            score
        };
        let original = score(48, vec![note(0, 60, 90, 0), note(48, 36, 127, 9)]);
        let changed = score(96, vec![note(0, 60, 90, 0), note(96, 62, 90, 0), note(100, 36, 20, 9)]);
        let version = |name, score| Version { name, text: "<so>", score, marked: 0..1 };
        let versions = [version("Original", &original), version("Changed", &changed)];
        let page =
            VersionsPage { title: "A tune", text: "Two.", versions: &versions, of_one_tune: true }.to_html();
        let (first, second) = page.split_once("Changed").expect("both");
        assert!(!first.contains("#d9642f") && first.contains("#123c50"));
        assert!(second.contains("#d9642f") && second.contains("#4f93b0") && second.contains("#c5d3da"));
        assert!(page.contains("&lt;so&gt;") && page.matches("<button").count() == 2);
    }
}
