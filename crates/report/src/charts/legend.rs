//! The names of lines, above the chart, where they cover nothing.

use super::style::{FONT, Line};
use plotters::coord::Shift;
use plotters::prelude::*;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Where the first name stands.
const LEFT: i32 = 82;
/// Height of a row of names.
const ROW: i32 = 24;
/// Length of the piece of line before a name.
const SAMPLE: i32 = 38;

/// Writes the names in as many rows as they need; gives back what is left of the area.
pub(super) fn above<'a>(area: &Area<'a>, lines: &[Line]) -> Result<Area<'a>, Box<dyn std::error::Error>> {
    let right = area.dim_in_pixel().0 as i32 - 12;
    let named: Vec<&Line> = lines.iter().filter(|line| !line.name.is_empty()).collect();
    let (mut x, mut y, mut places) = (LEFT, 18, Vec::new());
    for line in &named {
        // A letter of this font is about nine pixels wide.
        let width = SAMPLE + 8 + 9 * line.name.chars().count() as i32;
        if x + width > right && x > LEFT {
            (x, y) = (LEFT, y + ROW);
        }
        places.push((x, y));
        x += width + 18;
    }
    let height = if named.is_empty() { 0 } else { y + 4 };
    let (top, rest) = area.split_vertically(height);
    for (line, (x, y)) in named.iter().zip(places) {
        let style = line.color.stroke_width(if line.dashed { 2 } else { 3 });
        let pieces: &[(i32, i32)] = if line.dashed { &[(0, 7), (12, 19), (24, 31)] } else { &[(0, SAMPLE)] };
        for (from, to) in pieces {
            top.draw(&PathElement::new([(x + from, y), (x + to, y)], style))?;
        }
        let style = (FONT, 17).into_font().color(&BLACK);
        top.draw(&Text::new(line.name.clone(), (x + SAMPLE + 8, y - 9), style))?;
    }
    Ok(rest)
}
