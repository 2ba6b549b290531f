//! Piano rolls: for a terminal, and as SVG.

use std::fmt::Write;

use crate::metre::BarMap;
use crate::representation::grid::Grid;
use crate::representation::pitch_name;
use crate::roles::{Role, Roles};
use crate::score::{Note, Score, Ticks};
use crate::text::markup;

/// Ticks at which bars begin, up to `end`, by the score's metres; a change of metre begins a bar.
pub fn bar_lines(score: &Score, end: Ticks) -> Vec<Ticks> {
    const MOST: usize = 100_000;
    let mut lines: Vec<Ticks> = BarMap::new(score).bars(end).map(|bar| bar.start).take(MOST).collect();
    // Bars of less than a tick.
    lines.dedup();
    lines
}

/// A piano roll of `columns` characters from the beginning of the score: `●` strikes a note, `━` holds it, `│` is a bar
/// line, and the last row marks drums. A column is a sixteenth, or longer if `whole` asks for the whole piece.
pub fn terminal(score: &Score, columns: usize, whole: bool) -> String {
    let columns = columns.clamp(8, 400) as u64;
    let grid = Grid::new(score.ticks_per_quarter, 4);
    let steps_per_column = if whole { grid.step(score.end()).div_ceil(columns).max(1) } else { 1 };
    let column = |tick: Ticks| grid.step(tick) / steps_per_column;
    let shown: Vec<&Note> = score.notes().filter(|note| column(note.onset) < columns).collect();
    let pitched = || shown.iter().filter(|note| !note.is_drum());
    let (Some(low), Some(high)) = (pitched().map(|n| n.pitch).min(), pitched().map(|n| n.pitch).max()) else {
        return drum_row(&shown, column, columns);
    };
    let mut rows = vec![vec![' '; columns as usize]; usize::from(high - low) + 1];
    for line in bar_lines(score, score.end()) {
        let place = column(line);
        if place < columns {
            rows.iter_mut().for_each(|row| row[place as usize] = '│');
        }
    }
    for note in pitched() {
        let (start, end) = (column(note.onset), column(note.end()).min(columns));
        let row = &mut rows[usize::from(high - note.pitch)];
        for place in start + 1..end {
            row[place as usize] = '━';
        }
        row[start as usize] = '●';
    }
    let mut picture = String::new();
    for (row, pitch) in rows.iter().zip((low..=high).rev()) {
        let label =
            if pitch % 12 == 0 || pitch == low || pitch == high { pitch_name(pitch) } else { String::new() };
        let cells: String = row.iter().collect();
        let _ = writeln!(picture, "{label:>4} {}", cells.trim_end());
    }
    picture + &drum_row(&shown, column, columns)
}

fn drum_row(notes: &[&Note], column: impl Fn(Ticks) -> u64, columns: u64) -> String {
    if !notes.iter().any(|note| note.is_drum()) {
        return String::new();
    }
    let mut row = vec![' '; columns as usize];
    notes.iter().filter(|note| note.is_drum()).for_each(|note| row[column(note.onset) as usize] = 'x');
    let cells: String = row.iter().collect();
    format!("drum {}\n", cells.trim_end())
}

/// Width of a quarter note and height of a pitch, in SVG units.
const QUARTER: f64 = 24.0;
const KEY: f64 = 5.0;
const LEFT: f64 = 36.0;
/// Widest picture; a longer piece is drawn narrower.
const MAX_WIDTH: f64 = 24_000.0;

/// A piano roll of the whole score as an SVG file, each role in its colour, louder notes darker.
pub fn svg(score: &Score, roles: &Roles, title: &str) -> String {
    let end = score.end().max(1) as f64;
    let width = (end / f64::from(score.ticks_per_quarter) * QUARTER).clamp(200.0, MAX_WIDTH);
    let (low, high) =
        score.notes().fold((127, 0), |(low, high), n: &Note| (n.pitch.min(low), n.pitch.max(high)));
    let (low, high) = if low > high { (60, 72) } else { (low.saturating_sub(1), (high + 1).min(127)) };
    let height = f64::from(high - low + 1) * KEY;
    let x = |tick: Ticks| LEFT + tick as f64 / end * width;
    let y = |pitch: u8| 18.0 + f64::from(high - pitch) * KEY;
    let mut svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {:.0} {:.0}" font-family="sans-serif" font-size="10"><title>{}</title><rect width="100%" height="100%" fill="white"/>"#,
        LEFT + width + 8.0,
        height + 24.0,
        markup(title)
    );
    for pitch in (low..=high).filter(|pitch| pitch % 12 == 0) {
        let at = y(pitch) + KEY;
        let name = pitch_name(pitch);
        let _ = write!(
            svg,
            r##"<path d="M{LEFT} {at:.1}h{width:.1}" stroke="#dde"/><text x="4" y="{at:.1}" fill="#889">{name}</text>"##
        );
    }
    for (number, line) in bar_lines(score, score.end()).into_iter().enumerate() {
        let at = x(line);
        let _ = write!(svg, r##"<path d="M{at:.1} 14v{:.1}" stroke="#ccd"/>"##, height + 8.0);
        if number % 4 == 0 {
            let _ = write!(svg, r##"<text x="{:.1}" y="10" fill="#889">{}</text>"##, at + 2.0, number + 1);
        }
    }
    for part in &roles.parts {
        let colour = match part.role {
            Role::Melody => "#c0392b",
            Role::Accompaniment => "#2471a3",
            Role::Bass => "#1e8449",
            Role::Drums => "#7d6608",
        };
        let _ = write!(svg, r#"<g fill="{colour}">"#);
        let notes = score.tracks.get(part.track).map_or(&[][..], |track| &track.notes);
        for note in notes.iter().filter(|note| note.channel == part.channel) {
            let length = if note.is_drum() { KEY } else { (x(note.end()) - x(note.onset) - 0.5).max(1.0) };
            let _ = write!(
                svg,
                r#"<rect x="{:.1}" y="{:.1}" width="{length:.1}" height="{KEY}" opacity="{:.2}"/>"#,
                x(note.onset),
                y(note.pitch),
                0.35 + 0.65 * f64::from(note.velocity) / 127.0
            );
        }
        svg.push_str("</g>");
    }
    svg.push_str("</svg>\n");
    svg
}
