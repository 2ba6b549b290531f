//! A piano roll as SVG.

use composer_music::picture::bar_lines;
use composer_music::score::{DRUM_CHANNEL, Ticks};
use composer_music::text::markup;
use composer_music::{Note, Score};
use std::fmt::Write;
use std::ops::Range;

const WIDTH: f64 = 960.0;
const KEY: f64 = 4.0;
const MARGIN: f64 = 34.0;
const RIGHT: f64 = 6.0;

/// The notes of a score (drums left out) over time, with its bars and `excerpts` marked, in quarter
/// notes; `title` is for screen readers.
pub fn svg(score: &Score, title: &str, excerpts: &[Range<f64>]) -> String {
    let notes: Vec<&Note> = score.notes().filter(|note| note.channel != DRUM_CHANNEL).collect();
    roll(score, &notes, score.end(), title, excerpts)
}

/// Two parts over the same time, up to the tick `end`, drums too: what sounds together is one above the other.
pub fn above_each_other(given: &Score, new: &Score, end: Ticks) -> [String; 2] {
    [(given, "the given part"), (new, "the new part")]
        .map(|(score, title)| roll(score, &score.notes().collect::<Vec<_>>(), end, title, &[]))
}

/// Where a tick is in the roll of a score that ends at `end`, as a share of its width.
pub(crate) fn place(tick: Ticks, end: Ticks) -> f64 {
    (MARGIN + (tick as f64 / end.max(1) as f64).min(1.0) * (WIDTH - MARGIN - RIGHT)) / WIDTH
}

fn roll(score: &Score, notes: &[&Note], end: Ticks, title: &str, excerpts: &[Range<f64>]) -> String {
    let low = notes.iter().map(|note| note.pitch).min().unwrap_or(60).saturating_sub(2);
    let high = notes.iter().map(|note| note.pitch).max().unwrap_or(72).saturating_add(2).min(127);
    let height = f64::from(high - low + 1) * KEY;
    let last = end.max(1);
    let end = last as f64;
    let x = |tick: f64| MARGIN + tick / end * (WIDTH - MARGIN - RIGHT);
    let y = |pitch: u8| f64::from(high - pitch) * KEY + 6.0;
    let mut svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {:.0}" role="img" aria-label="Piano roll: {}">"#,
        height + 12.0,
        markup(title)
    );
    let quarter = f64::from(score.ticks_per_quarter);
    for excerpt in excerpts {
        let (left, right) = (x((excerpt.start * quarter).min(end)), x((excerpt.end * quarter).min(end)));
        let _ = write!(
            svg,
            r##"<rect x="{left:.1}" y="6" width="{:.1}" height="{height:.1}" fill="#fbe3d6"/>"##,
            right - left
        );
    }
    for pitch in (low..=high).filter(|pitch| pitch % 12 == 0) {
        let _ = write!(
            svg,
            r##"<line x1="{MARGIN}" x2="{WIDTH}" y1="{0:.1}" y2="{0:.1}" stroke="#eef0f3"/><text x="4" y="{1:.1}" font-size="11" font-family="sans-serif" fill="#5f6b7a">C{2}</text>"##,
            y(pitch) + KEY,
            y(pitch) + KEY,
            i16::from(pitch / 12) - 1
        );
    }
    for (number, line) in bar_lines(score, last.saturating_add(1)).into_iter().enumerate() {
        let _ = write!(
            svg,
            r##"<line x1="{0:.1}" x2="{0:.1}" y1="6" y2="{1:.1}" stroke="#d7dbe2" stroke-width="{2}"/>"##,
            x(line as f64),
            height + 6.0,
            if number % 4 == 0 { 1.2 } else { 0.6 }
        );
    }
    for note in notes {
        let (left, right) = (x(note.onset as f64), x(note.end() as f64));
        let _ = write!(
            svg,
            r##"<rect x="{left:.2}" y="{0:.1}" width="{1:.2}" height="{KEY}" rx="1" fill="#79b0c9"/><rect x="{left:.2}" y="{0:.1}" width="2" height="{KEY}" fill="#1d5570"/>"##,
            y(note.pitch),
            (right - left - 0.4).max(1.0),
        );
    }
    svg.push_str("</svg>");
    svg
}

#[cfg(test)]
mod tests {
    use super::*;
    use composer_music::{TimeSignature, Track};

    #[test]
    fn bar_lines_are_those_of_the_piece() {
        let mut score = Score::new(480);
        let signature = |tick, numerator, denominator| TimeSignature { tick, numerator, denominator };
        // An upbeat, two bars of 3/4, one of 5/4: lines at its end too.
        score.time_signatures = vec![signature(0, 1, 4), signature(480, 3, 4), signature(3360, 5, 4)];
        let note = Note { onset: 0, duration: 5760, pitch: 60, velocity: 80, channel: 0, program: 0 };
        score.tracks.push(Track { name: None, notes: vec![note] });
        let svg = svg(&score, "waltz", &[]);
        let lines: Vec<f64> = (svg.split("<line x1=\"").skip(1))
            .filter(|line| line.contains("#d7dbe2"))
            .filter_map(|line| line.split('"').next()?.parse().ok())
            .collect();
        let x = |quarter: f64| MARGIN + quarter / 12.0 * (WIDTH - MARGIN - 6.0);
        assert_eq!(lines.len(), 5);
        for (line, quarter) in lines.iter().zip([0.0, 1.0, 4.0, 7.0, 12.0]) {
            assert!((line - x(quarter)).abs() < 0.06, "{lines:?}");
        }
    }
}
