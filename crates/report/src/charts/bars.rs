//! Shares as bars: of classes beside each other, of samples over each other.

use super::legend;
use super::lines::Chart;
use super::style::{BLUE, GREY, INK, Line, OCHRE, PLUM, draw, named, plain, text};
use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use std::ops::Range;

const SIZE: (u32, u32) = (960, 380);
const BINS: usize = 24;
/// Real music, then the sets beside it.
const SETS: [RGBColor; 4] = [GREY, BLUE, OCHRE, PLUM];

/// Histograms over the same classes, bars beside each other.
pub fn bars(classes: &[&str], histograms: &[(&str, &[f64])]) -> crate::error::Result<String> {
    let width = 0.76 / histograms.len().max(1) as f64;
    let svg = draw(SIZE, |area| {
        let area = names(area, histograms.iter().map(|(name, _)| *name))?;
        let mut chart = shares_over(&area, 0.0..classes.len() as f64, histograms.iter().map(|(_, s)| *s), 0)?;
        for (i, ((_, shares), color)) in histograms.iter().zip(SETS.iter().cycle()).enumerate() {
            let left = 0.12 + width * i as f64;
            chart.draw_series(shares.iter().enumerate().map(|(class, &share)| {
                let x = class as f64 + left;
                Rectangle::new([(x, 0.0), (x + width, share)], color.filled())
            }))?;
        }
        below(&area, &chart, classes)
    })?;
    let sets: Vec<&str> = histograms.iter().map(|(name, _)| *name).collect();
    Ok(named(&svg, &format!("shares of {}: {}", classes.join(", "), sets.join(", "))))
}

/// Samples of one number as histograms over each other.
pub fn samples(samples: &[(&str, &[f64])]) -> crate::error::Result<String> {
    let all = || samples.iter().flat_map(|(_, sample)| *sample).copied();
    let low = all().fold(f64::INFINITY, f64::min);
    let width = ((all().fold(f64::NEG_INFINITY, f64::max) - low) / BINS as f64).max(1e-9);
    let shares = |sample: &[f64]| {
        let mut shares = [0.0; BINS];
        for value in sample {
            shares[(((value - low) / width) as usize).min(BINS - 1)] += 1.0 / sample.len() as f64;
        }
        shares
    };
    let histograms: Vec<[f64; BINS]> = samples.iter().map(|(_, sample)| shares(sample)).collect();
    let svg = draw(SIZE, |area| {
        let area = names(area, samples.iter().map(|(name, _)| *name))?;
        let range = low..low + width * BINS as f64;
        let mut chart = shares_over(&area, range, histograms.iter().map(|h| &h[..]), 8)?;
        for (shares, color) in histograms.iter().zip(SETS.iter().cycle()) {
            let bins = shares.iter().enumerate().filter(|(_, share)| **share > 0.0);
            chart.draw_series(bins.map(|(bin, &share)| {
                let x = low + width * bin as f64;
                Rectangle::new([(x, 0.0), (x + width, share)], color.mix(0.5).filled())
            }))?;
        }
        Ok(())
    })?;
    let sets: Vec<&str> = samples.iter().map(|(name, _)| *name).collect();
    Ok(named(&svg, &format!("histograms: {}", sets.join(", "))))
}

type Drawn<T> = Result<T, Box<dyn std::error::Error>>;
type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

fn names<'a, 'n>(area: &Area<'a>, names: impl Iterator<Item = &'n str>) -> Drawn<Area<'a>> {
    let named: Vec<Line> =
        names.zip(SETS.iter().cycle()).map(|(name, color)| Line::new(name, *color, Vec::new())).collect();
    legend::above(area, &named)
}

/// Axes for shares in per cent over a number or over classes, as high as the largest share.
fn shares_over<'a, 'b, 's>(
    area: &'a Area<'b>,
    x: Range<f64>,
    shares: impl Iterator<Item = &'s [f64]>,
    x_labels: usize,
) -> Drawn<Chart<'a, 'b, RangedCoordf64>> {
    let top = shares.flatten().copied().fold(0.01, f64::max) * 1.08;
    let mut chart = ChartBuilder::on(area)
        .margin(12)
        .margin_right(24)
        .x_label_area_size(34)
        .y_label_area_size(62)
        .build_cartesian_2d(x, 0.0..top)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(WHITE)
        .axis_style(INK)
        .label_style(text(16))
        .x_labels(x_labels)
        .x_label_formatter(&plain)
        .y_label_formatter(&|y| format!("{:.0} %", y * 100.0))
        .draw()?;
    Ok(chart)
}

/// The names of the classes, each below its bars.
fn below(area: &Area<'_>, chart: &Chart<'_, '_, RangedCoordf64>, classes: &[&str]) -> Drawn<()> {
    let plot = chart.plotting_area().get_pixel_range();
    let (left, above) = (area.get_pixel_range().0.start, area.get_pixel_range().1.start);
    let width = f64::from(plot.0.end - plot.0.start) / classes.len() as f64;
    for (class, name) in classes.iter().enumerate() {
        let middle = f64::from(plot.0.start - left) + (class as f64 + 0.5) * width;
        let x = middle - 4.0 * name.chars().count() as f64;
        area.draw(&Text::new(*name, (x as i32, plot.1.end - above + 8), text(16)))?;
    }
    Ok(())
}
