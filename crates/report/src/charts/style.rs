//! What all charts share: colours, a line and its looks, numbers as labels, the drawing itself.

use crate::error::{Error, Result};
use composer_bptt::Cell;
use composer_music::text::markup;
use plotters::coord::Shift;
use plotters::prelude::*;

pub(super) const INK: RGBColor = RGBColor(102, 112, 133);
pub(super) const GRID: RGBColor = RGBColor(238, 240, 244);
pub(super) const FONT: &str = "sans-serif";

// Told apart with every kind of colour vision (after Okabe and Ito), with a contrast of 3 at least to white, and by their dashes too.
/// What a page is about: the model, the validation.
pub const BLUE: RGBColor = RGBColor(0, 105, 165);
/// What it is compared with.
pub const OCHRE: RGBColor = RGBColor(201, 88, 0);
/// A second thing to compare with.
pub const PLUM: RGBColor = RGBColor(150, 62, 130);
/// The background: training, real music.
pub const GREY: RGBColor = RGBColor(112, 122, 138);

/// Eight that everybody can tell apart; those of cells are in the order of [`Cell::ALL`].
pub const PALETTE: [RGBColor; 8] = [
    OCHRE,
    RGBColor(140, 112, 20),
    BLUE,
    RGBColor(0, 132, 96),
    RGBColor(96, 60, 150),
    PLUM,
    RGBColor(88, 96, 104),
    RGBColor(40, 138, 186),
];

/// The colour of a cell, on every page the same.
pub fn color(cell: Cell) -> RGBColor {
    let place = Cell::ALL.iter().position(|&other| other == cell).unwrap_or(0);
    PALETTE[place % PALETTE.len()]
}

/// A cell as people write it.
pub fn cell_name(cell: Cell) -> &'static str {
    cell.spec().title
}

/// One line, with a band around it if there is one.
pub struct Line {
    /// In the legend; empty for none.
    pub name: String,
    /// Its colour.
    pub color: RGBColor,
    /// The line.
    pub points: Vec<(f64, f64)>,
    /// `(x, low, high)`.
    pub band: Vec<(f64, f64, f64)>,
    /// Whether it is dashed.
    pub dashed: bool,
    /// Whether each of its points has a mark.
    pub marked: bool,
}

impl Line {
    /// A plain line.
    pub fn new(name: impl Into<String>, color: RGBColor, points: Vec<(f64, f64)>) -> Self {
        Line { name: name.into(), color, points, band: Vec::new(), dashed: false, marked: false }
    }

    /// With a band.
    pub fn with_band(self, band: Vec<(f64, f64, f64)>) -> Self {
        Line { band, ..self }
    }

    /// With a mark at each point.
    pub fn with_points(self) -> Self {
        Line { marked: true, ..self }
    }

    /// Dashed.
    pub fn dashed(self) -> Self {
        Line { dashed: true, ..self }
    }
}

/// The dashes of lines without dashes of their own, by their place among the named ones: the first is solid.
const DASHES: [&str; 6] = ["", "16 5", "2 5", "16 5 2 5", "9 4", "16 5 2 5 2 5"];

/// The dashes of the line at a place; empty for a solid one.
pub(super) fn dashes(place: usize) -> &'static str {
    DASHES[place % DASHES.len()]
}

/// A number without needless digits.
pub fn plain(x: &f64) -> String {
    let text = format!("{x:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

pub(super) fn text(size: u32) -> TextStyle<'static> {
    (FONT, size).into_font().color(&INK)
}

pub(super) fn power_of_ten(y: &f64) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let exponent = y.log10().round() as i32;
    let digits: String =
        exponent.unsigned_abs().to_string().bytes().map(|digit| DIGITS[usize::from(digit - b'0')]).collect();
    format!("10{}{digits}", if exponent < 0 { "⁻" } else { "" })
}

pub(super) fn draw(
    size: (u32, u32),
    plot: impl FnOnce(&DrawingArea<SVGBackend<'_>, Shift>) -> Result<(), Box<dyn std::error::Error>>,
) -> Result<String> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        let drawn = area.fill(&WHITE).map_err(Into::into).and_then(|()| plot(&area));
        drawn.map_err(|error| Error::Chart(error.to_string()))?;
        area.present().map_err(|error| Error::Chart(error.to_string()))?;
    }
    // A fixed size in pixels would not shrink with the page.
    let svg = svg.replacen(&format!(r#"width="{}" height="{}" "#, size.0, size.1), "", 1);
    Ok(svg.replacen("<svg ", &format!(r#"<svg role="img" {UNNAMED} "#), 1))
}

const UNNAMED: &str = r#"aria-label="chart""#;

/// The chart with words for those who do not see it.
pub(super) fn named(svg: &str, words: &str) -> String {
    svg.replacen(UNNAMED, &format!(r#"aria-label="{}""#, markup(words)), 1)
}
