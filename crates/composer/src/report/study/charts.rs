//! Charts of the studies: lines with bands, heat maps, histograms; as SVG, by plotters.

use anyhow::anyhow;
use composer_bptt::Cell;
use plotters::coord::Shift;
use plotters::coord::ranged1d::ValueFormatter;
use plotters::prelude::*;
use std::ops::Range;

const INK: RGBColor = RGBColor(102, 112, 133);
const GRID: RGBColor = RGBColor(238, 240, 244);
const FONT: &str = "sans-serif";

/// The colour of a cell, on every page the same.
pub fn color(cell: Cell) -> RGBColor {
    match cell {
        Cell::RnnTanh => RGBColor(200, 112, 38),
        Cell::RnnRelu => RGBColor(150, 130, 60),
        Cell::Lstm => RGBColor(36, 98, 160),
        Cell::Gru => RGBColor(22, 140, 110),
    }
}

/// A cell as people write it.
pub fn cell_name(cell: Cell) -> &'static str {
    match cell {
        Cell::RnnTanh => "tanh RNN",
        Cell::RnnRelu => "relu RNN",
        Cell::Lstm => "LSTM",
        Cell::Gru => "GRU",
    }
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
}

impl Line {
    /// A plain line.
    pub fn new(name: impl Into<String>, color: RGBColor, points: Vec<(f64, f64)>) -> Self {
        Line { name: name.into(), color, points, band: Vec::new(), dashed: false }
    }

    /// With a band.
    pub fn with_band(self, band: Vec<(f64, f64, f64)>) -> Self {
        Line { band, ..self }
    }

    /// Dashed.
    pub fn dashed(self) -> Self {
        Line { dashed: true, ..self }
    }
}

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
    /// How numbers below are written.
    pub x_label: &'a dyn Fn(&f64) -> String,
    /// Level lines with their names.
    pub levels: &'a [(&'a str, f64)],
    /// Where the legend stands.
    pub legend: Option<SeriesLabelPosition>,
}

/// A chart of lines.
pub fn lines(axes: &Axes<'_>, lines: &[Line]) -> anyhow::Result<String> {
    draw(axes.size, |area| {
        let mut builder = ChartBuilder::on(area);
        builder.margin(12).margin_right(20).x_label_area_size(44).y_label_area_size(66);
        if axes.log {
            let y = axes.y_range.clone().log_scale();
            finish(builder.build_cartesian_2d(axes.x_range.clone(), y)?, axes, lines, &power_of_ten)
        } else {
            let y = axes.y_range.clone();
            finish(builder.build_cartesian_2d(axes.x_range.clone(), y)?, axes, lines, &short)
        }
    })
}

type Chart<'a, 'b, Y> =
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
        .label_style((FONT, 15).into_font().color(&INK))
        .x_label_formatter(axes.x_label)
        .y_label_formatter(y_label)
        .x_desc(axes.x)
        .y_desc(axes.y)
        .x_labels(9)
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
        let style = (FONT, 14).into_font().color(&INK);
        let at = (left + 0.012 * (right - left), *level);
        chart.draw_series(std::iter::once(
            EmptyElement::at(at) + Text::new((*name).to_string(), (0, -16), style),
        ))?;
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
        let (points, style) = (line.points.iter().copied(), line.color.stroke_width(3));
        let series = if line.dashed {
            chart.draw_series(DashedLineSeries::new(points, 7, 5, line.color.stroke_width(2)))?
        } else {
            chart.draw_series(LineSeries::new(points, style))?
        };
        if !line.name.is_empty() {
            series.label(&line.name).legend(move |(x, y)| PathElement::new([(x, y), (x + 20, y)], style));
        }
    }
    if let Some(position) = &axes.legend {
        chart
            .configure_series_labels()
            .position(position.clone())
            .background_style(WHITE.mix(0.9))
            .border_style(RGBColor(228, 231, 236))
            .label_font((FONT, 16))
            .draw()?;
    }
    Ok(())
}

/// Named rows of colours: dark is large. Values are drawn by their decimal logarithm over six decades below the largest.
pub fn heat_map(
    size: (u32, u32),
    rows: &[(String, Vec<f64>)],
    x: &str,
    x_label: &dyn Fn(&f64) -> String,
) -> anyhow::Result<String> {
    const DECADES: f64 = 6.0;
    let columns = rows.iter().map(|(_, values)| values.len()).max().unwrap_or(1);
    let largest = rows.iter().flat_map(|(_, values)| values).copied().fold(f64::MIN_POSITIVE, f64::max);
    draw(size, |area| {
        let count = rows.len() as f64;
        let mut chart = ChartBuilder::on(area)
            .margin(12)
            .margin_right(20)
            .x_label_area_size(44)
            .y_label_area_size(96)
            .build_cartesian_2d(0.0..columns as f64, 0.0..count)?;
        chart
            .configure_mesh()
            .disable_mesh()
            .axis_style(INK)
            .label_style((FONT, 15).into_font().color(&INK))
            .x_desc(x)
            .x_labels(9)
            .x_label_formatter(x_label)
            .y_labels(0)
            .draw()?;
        for (row, (_, values)) in rows.iter().enumerate() {
            let top = count - row as f64;
            chart.draw_series(values.iter().enumerate().map(|(column, &value)| {
                let shade = ((value / largest).log10() / DECADES + 1.0).clamp(0.0, 1.0);
                let corners = [(column as f64, top - 0.92), (column as f64 + 1.02, top - 0.08)];
                Rectangle::new(corners, shade_of(shade).filled())
            }))?;
        }
        let pixels = chart.plotting_area().get_pixel_range();
        let height = f64::from(pixels.1.end - pixels.1.start) / count;
        for (row, (name, _)) in rows.iter().enumerate() {
            let y = f64::from(pixels.1.start) + (row as f64 + 0.5) * height;
            let style = (FONT, 15).into_font().color(&INK);
            area.draw(&Text::new(name.clone(), (16, y as i32 - 8), style))?;
        }
        Ok(())
    })
}

/// From paper to ink, through blue.
fn shade_of(share: f64) -> RGBColor {
    const STOPS: [(f64, f64, f64); 4] =
        [(246.0, 247.0, 250.0), (168.0, 204.0, 222.0), (47.0, 111.0, 160.0), (16.0, 34.0, 74.0)];
    let place = share * (STOPS.len() - 1) as f64;
    let (from, to) = (STOPS[place as usize], STOPS[(place as usize + 1).min(STOPS.len() - 1)]);
    let blend = |a: f64, b: f64| (a + (b - a) * place.fract()) as u8;
    RGBColor(blend(from.0, to.0), blend(from.1, to.1), blend(from.2, to.2))
}

/// Shares of values in equal bins of `range`, one outline for each name.
pub fn histograms(
    size: (u32, u32),
    x: &str,
    range: Range<f64>,
    series: &[(&str, RGBColor, Vec<f64>)],
) -> anyhow::Result<String> {
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
        x_label: &|x| format!("{x:.1}"),
        levels: &[],
        legend: Some(SeriesLabelPosition::UpperMiddle),
    };
    lines(&axes, &all)
}

fn short(y: &f64) -> String {
    if y.abs() >= 10.0 { format!("{y:.0}") } else { format!("{y:.2}") }
}

fn power_of_ten(y: &f64) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let exponent = y.log10().round() as i32;
    let digits: String =
        exponent.unsigned_abs().to_string().bytes().map(|digit| DIGITS[usize::from(digit - b'0')]).collect();
    format!("10{}{digits}", if exponent < 0 { "⁻" } else { "" })
}

fn draw(
    size: (u32, u32),
    plot: impl FnOnce(&DrawingArea<SVGBackend<'_>, Shift>) -> Result<(), Box<dyn std::error::Error>>,
) -> anyhow::Result<String> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        let drawn = area.fill(&WHITE).map_err(Into::into).and_then(|()| plot(&area));
        drawn.map_err(|error| anyhow!("cannot draw a chart: {error}"))?;
        area.present().map_err(|error| anyhow!("cannot draw a chart: {error}"))?;
    }
    // A fixed size in pixels would not shrink with the page.
    Ok(svg.replacen(&format!(r#"width="{}" height="{}" "#, size.0, size.1), "", 1))
}
