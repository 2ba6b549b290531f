//! Charts of lines with bands, and histograms, as SVG.

use super::legend;
use super::style::{GRID, INK, Line, dashes, draw, named, power_of_ten, text};
use crate::error::Result;
use plotters::coord::ranged1d::ValueFormatter;
use plotters::prelude::*;
use std::ops::Range;

/// What stands around the lines.
pub struct Axes<'a> {
    /// Width and height.
    pub size: (u32, u32),
    /// Below.
    pub x: &'a str,
    /// Beside.
    pub y: &'a str,
    /// Horizontal range.
    pub x_range: Range<f64>,
    /// Vertical range.
    pub y_range: Range<f64>,
    /// Whether the vertical scale is logarithmic.
    pub log: bool,
    /// How many numbers stand below, at most.
    pub x_labels: usize,
    /// How numbers below are written.
    pub x_label: &'a dyn Fn(&f64) -> String,
    /// Level lines with their names.
    pub levels: &'a [(&'a str, f64)],
}

/// A chart of lines, their names in a row above it; a logarithmic scale ends at whole powers of ten.
pub fn lines(axes: &Axes<'_>, lines: &[Line]) -> Result<String> {
    let svg = draw(axes.size, |area| {
        let area = legend::above(area, lines)?;
        let mut builder = ChartBuilder::on(&area);
        builder.margin(12).margin_right(24).x_label_area_size(48).y_label_area_size(70);
        let (low, high) = (axes.y_range.start, axes.y_range.end);
        if axes.log {
            let y = (10f64.powf(low.log10().floor())..10f64.powf(high.log10().ceil())).log_scale();
            finish(builder.build_cartesian_2d(axes.x_range.clone(), y)?, axes, lines, &power_of_ten)
        } else {
            let digits = if high - low > 6.0 { 0 } else { 1 + usize::from(high - low < 0.6) };
            let y_label = |y: &f64| format!("{y:.digits$}");
            finish(builder.build_cartesian_2d(axes.x_range.clone(), low..high)?, axes, lines, &y_label)
        }
    })?;
    let names = lines.iter().map(|line| line.name.as_str()).filter(|name| !name.is_empty());
    let names = names.collect::<Vec<_>>().join(", ");
    let label = format!("{} by {}{}{names}", axes.y, axes.x, if names.is_empty() { "" } else { ": " });
    Ok(with_dashes(&named(&svg, &label), lines))
}

/// How wide plain lines are drawn, and nothing else is.
const PLAIN: &str = r#"stroke-width="3""#;

/// Gives each plain line its dashes, in the legend and in the chart: whoever sees no colours tells lines apart by them.
fn with_dashes(svg: &str, lines: &[Line]) -> String {
    let plain = |line: &&Line| !line.dashed;
    let named: Vec<&Line> = lines.iter().filter(plain).filter(|line| !line.name.is_empty()).collect();
    let drawn = lines.iter().filter(plain).filter(|line| !line.points.is_empty());
    // As drawn: first the legend, then the lines. A line without a name, a mark on another one, is solid.
    let place = |line: &Line| named.iter().position(|other| std::ptr::eq(*other, line)).unwrap_or(0);
    let mut patterns = named.iter().copied().chain(drawn).map(|line| dashes(place(line)));
    let mut parts = svg.split("<polyline ");
    let mut dashed = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let is_plain = part.split('>').next().is_some_and(|element| element.contains(PLAIN));
        let pattern = if is_plain { patterns.next().unwrap_or_default() } else { "" };
        dashed.push_str("<polyline ");
        if !pattern.is_empty() {
            dashed.push_str(&format!(r#"stroke-dasharray="{pattern}" "#));
        }
        dashed.push_str(part);
    }
    dashed
}

pub(super) type Chart<'a, 'b, Y> =
    ChartContext<'a, SVGBackend<'b>, Cartesian2d<plotters::coord::types::RangedCoordf64, Y>>;

fn finish<'a, 'b: 'a, Y>(
    mut chart: Chart<'a, 'b, Y>,
    axes: &Axes<'_>,
    lines: &[Line],
    y_label: &dyn Fn(&f64) -> String,
) -> Result<(), Box<dyn std::error::Error>>
where
    Y: Ranged<ValueType = f64> + ValueFormatter<f64>,
{
    chart
        .configure_mesh()
        .light_line_style(WHITE)
        .bold_line_style(GRID)
        .axis_style(INK)
        .label_style(text(16))
        .axis_desc_style(text(17))
        .x_label_formatter(axes.x_label)
        .y_label_formatter(y_label)
        .x_desc(axes.x)
        .y_desc(axes.y)
        .x_labels(axes.x_labels)
        .y_labels(7)
        .draw()?;
    let (left, right) = (axes.x_range.start, axes.x_range.end);
    for (name, level) in axes.levels {
        chart.draw_series(DashedLineSeries::new(
            [(left, *level), (right, *level)],
            5,
            4,
            INK.stroke_width(1),
        ))?;
        let at = (right - 0.14 * (right - left), *level);
        let name = Text::new((*name).to_string(), (0, -18), text(15));
        chart.draw_series(std::iter::once(EmptyElement::at(at) + name))?;
    }
    for line in lines {
        if !line.band.is_empty() {
            let upper = line.band.iter().map(|&(x, _, high)| (x, high));
            let lower = line.band.iter().rev().map(|&(x, low, _)| (x, low));
            let outline: Vec<_> = upper.chain(lower).collect();
            chart.draw_series(std::iter::once(Polygon::new(outline, line.color.mix(0.16))))?;
        }
    }
    for line in lines {
        let (points, style) = (line.points.iter().copied(), line.color.stroke_width(3).filled());
        if line.dashed {
            chart.draw_series(DashedLineSeries::new(points, 7, 5, line.color.stroke_width(2)))?;
        } else {
            let size = if line.marked { 5 } else { 0 };
            chart.draw_series(LineSeries::new(points, style).point_size(size))?;
        }
    }
    Ok(())
}

/// Shares of values in equal bins of `range`, one outline for each name.
pub fn histograms(
    size: (u32, u32),
    x: &str,
    range: Range<f64>,
    series: &[(&str, RGBColor, Vec<f64>)],
) -> Result<String> {
    let top = series.iter().flat_map(|(_, _, shares)| shares).copied().fold(0.02, f64::max) * 1.12;
    let span = range.end - range.start;
    let outline = |shares: &[f64]| -> Vec<(f64, f64)> {
        let width = span / shares.len() as f64;
        let steps = shares.iter().enumerate().flat_map(|(bin, &share)| {
            let left = range.start + bin as f64 * width;
            [(left, share), (left + width, share)]
        });
        std::iter::once((range.start, 0.0)).chain(steps).chain([(range.end, 0.0)]).collect()
    };
    let all: Vec<Line> = series
        .iter()
        .map(|(name, color, shares)| {
            let points = outline(shares);
            let band = points.iter().map(|&(x, y)| (x, 0.0, y)).collect();
            Line::new(*name, *color, points).with_band(band)
        })
        .collect();
    let axes = Axes {
        size,
        x,
        y: "share of values",
        x_range: range.clone(),
        y_range: 0.0..top,
        log: false,
        x_labels: 9,
        x_label: &|x| format!("{x:.1}"),
        levels: &[],
    };
    lines(&axes, &all)
}
