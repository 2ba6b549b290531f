//! Plots as SVG, by plotters.

use anyhow::anyhow;
use composer_training::EpochReport;
use plotters::prelude::*;
use std::ops::Range;

const SIZE: (u32, u32) = (960, 380);
const TRAIN: RGBColor = RGBColor(152, 162, 179);
const VALID: RGBColor = RGBColor(47, 111, 143);
const BASELINES: [RGBColor; 2] = [RGBColor(196, 123, 52), RGBColor(150, 80, 110)];
/// Real music, then the sets beside it.
const SETS: [RGBColor; 4] = [TRAIN, VALID, BASELINES[0], BASELINES[1]];
const INK: RGBColor = RGBColor(102, 112, 133);

/// Training and validation loss per epoch; baselines as level lines.
pub fn loss_curve(epochs: &[EpochReport], best: u64, baselines: &[(&str, f64)]) -> anyhow::Result<String> {
    let train: Vec<(f64, f64)> = epochs.iter().map(|e| (e.epoch as f64, e.train_nll)).collect();
    let valid: Vec<(f64, f64)> = epochs.iter().map(|e| (e.epoch as f64, e.valid_nll)).collect();
    let heights = || train.iter().chain(&valid).map(|point| point.1).chain(baselines.iter().map(|b| b.1));
    let top = heights().fold(0.0, f64::max) * 1.05;
    let bottom = heights().fold(f64::INFINITY, f64::min) * 0.9;
    let last = epochs.last().map_or(1, |epoch| epoch.epoch).max(2) as f64;
    draw(|area| {
        let mut chart = ChartBuilder::on(area)
            .margin(14)
            .x_label_area_size(38)
            .y_label_area_size(52)
            .build_cartesian_2d(1.0..last, bottom..top)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .light_line_style(WHITE)
            .axis_style(INK)
            .label_style(("sans-serif", 13).into_font().color(&INK))
            .x_labels(epochs.len().clamp(2, 10))
            .x_label_formatter(&|x| format!("{x:.0}"))
            .y_label_formatter(&|y| format!("{y:.1}"))
            .x_desc("epoch")
            .y_desc("nats per frame")
            .draw()?;
        for ((name, nll), color) in baselines.iter().zip(BASELINES) {
            chart
                .draw_series(DashedLineSeries::new([(1.0, *nll), (last, *nll)], 6, 4, color.stroke_width(1)))?
                .label(format!("{name} {nll:.2}"))
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], color));
        }
        for (name, points, color) in [("training", train, TRAIN), ("validation", valid.clone(), VALID)] {
            chart
                .draw_series(LineSeries::new(points, color.stroke_width(2)))?
                .label(name)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], color.stroke_width(2)));
        }
        let kept = valid.into_iter().filter(|point| point.0 == best as f64);
        chart.draw_series(kept.map(|point| Circle::new(point, 5, VALID.filled())))?;
        labels(&mut chart)
    })
}

/// Histograms over the same classes, bars beside each other.
pub fn bars(classes: &[&str], histograms: &[(&str, &[f64])]) -> anyhow::Result<String> {
    let top = histograms.iter().flat_map(|(_, shares)| *shares).copied().fold(0.01, f64::max) * 1.15;
    let width = 0.76 / histograms.len().max(1) as f64;
    draw(|area| {
        let mut chart = shares_over(area, 0.0..classes.len() as f64, top, 0)?;
        for (i, ((name, shares), color)) in histograms.iter().zip(SETS.iter().cycle()).enumerate() {
            let left = 0.12 + width * i as f64;
            chart
                .draw_series(shares.iter().enumerate().map(|(class, &share)| {
                    let x = class as f64 + left;
                    Rectangle::new([(x, 0.0), (x + width, share)], color.filled())
                }))?
                .label(*name)
                .legend(|(x, y)| Rectangle::new([(x, y - 5), (x + 12, y + 5)], color.filled()));
        }
        let plot = chart.plotting_area().get_pixel_range();
        let width = f64::from(plot.0.end - plot.0.start) / classes.len() as f64;
        for (class, name) in classes.iter().enumerate() {
            let middle = f64::from(plot.0.start) + (class as f64 + 0.5) * width;
            let x = middle - 3.5 * name.chars().count() as f64;
            let style = ("sans-serif", 14).into_font().color(&INK);
            area.draw(&Text::new(*name, (x as i32, plot.1.end + 8), style))?;
        }
        labels(&mut chart)
    })
}

/// Samples of one number as histograms over each other.
pub fn samples(samples: &[(&str, &[f64])]) -> anyhow::Result<String> {
    const BINS: usize = 24;
    let all = || samples.iter().flat_map(|(_, sample)| *sample).copied();
    let low = all().fold(f64::INFINITY, f64::min);
    let width = ((all().fold(f64::NEG_INFINITY, f64::max) - low) / BINS as f64).max(1e-9);
    let histogram = |sample: &[f64]| {
        let mut shares = [0.0; BINS];
        for value in sample {
            shares[(((value - low) / width) as usize).min(BINS - 1)] += 1.0 / sample.len() as f64;
        }
        shares
    };
    let histograms: Vec<(&str, [f64; BINS])> =
        samples.iter().map(|(name, sample)| (*name, histogram(sample))).collect();
    let top = histograms.iter().flat_map(|(_, shares)| shares).copied().fold(0.01, f64::max) * 1.15;
    draw(|area| {
        let mut chart = shares_over(area, low..low + width * BINS as f64, top, 8)?;
        for ((name, shares), color) in histograms.iter().zip(SETS.iter().cycle()) {
            let color = color.mix(0.5);
            chart
                .draw_series(shares.iter().enumerate().filter(|(_, share)| **share > 0.0).map(
                    |(bin, &share)| {
                        let x = low + width * bin as f64;
                        Rectangle::new([(x, 0.0), (x + width, share)], color.filled())
                    },
                ))?
                .label(*name)
                .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 12, y + 5)], color.filled()));
        }
        labels(&mut chart)
    })
}

type Chart<'a, 'b> = ChartContext<
    'a,
    SVGBackend<'b>,
    Cartesian2d<plotters::coord::types::RangedCoordf64, plotters::coord::types::RangedCoordf64>,
>;
type Drawn<T> = Result<T, Box<dyn std::error::Error>>;

/// Axes for shares in per cent over a number or over classes.
fn shares_over<'a, 'b>(area: &'a Area<'b>, x: Range<f64>, top: f64, x_labels: usize) -> Drawn<Chart<'a, 'b>> {
    let mut chart = ChartBuilder::on(area)
        .margin(14)
        .x_label_area_size(30)
        .y_label_area_size(52)
        .build_cartesian_2d(x, 0.0..top)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(WHITE)
        .axis_style(INK)
        .label_style(("sans-serif", 13).into_font().color(&INK))
        .x_labels(x_labels)
        .y_label_formatter(&|y| format!("{:.0} %", y * 100.0))
        .draw()?;
    Ok(chart)
}

fn labels<'a, 'b: 'a>(chart: &mut Chart<'a, 'b>) -> Drawn<()> {
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE.mix(0.85))
        .border_style(RGBColor(228, 231, 236))
        .label_font(("sans-serif", 13))
        .draw()?;
    Ok(())
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

fn draw(plot: impl FnOnce(&Area<'_>) -> Result<(), Box<dyn std::error::Error>>) -> anyhow::Result<String> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        let drawn = area.fill(&WHITE).map_err(Into::into).and_then(|()| plot(&area));
        drawn.map_err(|error| anyhow!("cannot draw a plot: {error}"))?;
        area.present().map_err(|error| anyhow!("cannot draw a plot: {error}"))?;
    }
    // A fixed size in pixels would not shrink with the page.
    Ok(svg.replacen(&format!(r#"width="{}" height="{}" "#, SIZE.0, SIZE.1), "", 1))
}
