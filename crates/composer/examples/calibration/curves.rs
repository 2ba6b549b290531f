//! The curves: what is predicted and what happens, and what is decided bar by bar.

use super::reliability::{KINDS, Reliability};
use super::{GROUP, PASTS, Sums};
use anyhow::Result;
use composer_report::charts::{self, Axes, BLUE, GREY, Line, OCHRE, PLUM, plain};
use std::path::Path;

const SIZE: (u32, u32) = (600, 420);

/// What is drawn bar by bar.
type Figure = fn(&Sums) -> f64;

/// Writes the curves as SVG.
pub fn write(folder: &Path, groups: &[[Sums; 3]], reliability: &[Reliability; 2]) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    for (name, of) in [("real", &reliability[0]), ("own", &reliability[1])] {
        std::fs::write(folder.join(format!("calibration_{name}.svg")), predicted(of)?)?;
    }
    let figures: [(&str, &str, Figure); 3] = [
        ("begun", "notes that begin at a step", |sums| sums.begun / sums.steps.max(1.0)),
        ("leaps", "highest line: semitones", |sums| sums.lines[0].semitones / sums.lines[0].moves.max(1.0)),
        ("steps", "highest line: share of steps", |sums| sums.lines[0].steps / sums.lines[0].moves.max(1.0)),
    ];
    for (name, title, figure) in figures {
        std::fs::write(folder.join(format!("calibration_{name}.svg")), by_bars(title, groups, figure)?)?;
    }
    Ok(())
}

/// Predicted probability against the share that happened, a line for each kind of decision.
fn predicted(reliability: &Reliability) -> Result<String> {
    let mut lines = vec![Line::new("", GREY, vec![(0.0, 0.0), (1.0, 1.0)]).dashed()];
    for (kind, (name, color)) in KINDS.into_iter().zip([BLUE, OCHRE, PLUM]).enumerate() {
        lines.push(Line::new(name, color, reliability.points(kind)).with_points());
    }
    let (x, y) = ("predicted probability", "share that happened");
    Ok(charts::lines(&axes((x, y), 0.0..1.0, 0.0..1.0), &lines)?)
}

/// A figure of four bars after four bars, a line for each past.
fn by_bars(title: &str, groups: &[[Sums; 3]], figure: Figure) -> Result<String> {
    let place = |group: usize| (group * GROUP) as f64 + 0.5 + GROUP as f64 / 2.0;
    let line = |(past, color): (usize, _)| {
        let points = groups.iter().enumerate().map(|(group, sums)| (place(group), figure(&sums[past])));
        Line::new(PASTS[past], color, points.collect()).with_points()
    };
    let lines: Vec<Line> = [GREY, BLUE, OCHRE].into_iter().enumerate().map(line).collect();
    let highest = lines.iter().flat_map(|line| &line.points).fold(0.0, |max: f64, point| max.max(point.1));
    let bars = (groups.len() * GROUP) as f64;
    Ok(charts::lines(&axes(("bar", title), 1.0..bars, 0.0..1.2 * highest), &lines)?)
}

fn axes<'a>(
    (x, y): (&'a str, &'a str),
    x_range: std::ops::Range<f64>,
    y_range: std::ops::Range<f64>,
) -> Axes<'a> {
    Axes { size: SIZE, x, y, x_range, y_range, log: false, x_labels: 10, x_label: &plain, levels: &[] }
}
