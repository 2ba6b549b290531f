//! Plots as SVG, by plotters.

use anyhow::anyhow;
use composer_training::EpochReport;
use plotters::prelude::*;

const SIZE: (u32, u32) = (960, 380);
const TRAIN: RGBColor = RGBColor(152, 162, 179);
const VALID: RGBColor = RGBColor(47, 111, 143);
const BASELINES: [RGBColor; 2] = [RGBColor(196, 123, 52), RGBColor(150, 80, 110)];
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
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperRight)
            .background_style(WHITE.mix(0.85))
            .border_style(RGBColor(228, 231, 236))
            .label_font(("sans-serif", 13))
            .draw()?;
        Ok(())
    })
}

/// Two histograms of pitch classes beside each other.
pub fn pitch_classes(a_name: &str, a: &[f64; 12], b_name: &str, b: &[f64; 12]) -> anyhow::Result<String> {
    const NAMES: [&str; 12] = ["C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B"];
    let top = a.iter().chain(b).copied().fold(0.01, f64::max) * 1.15;
    draw(|area| {
        let mut chart = ChartBuilder::on(area)
            .margin(14)
            .x_label_area_size(30)
            .y_label_area_size(52)
            .build_cartesian_2d(0.0..12.0, 0.0..top)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .light_line_style(WHITE)
            .axis_style(INK)
            .label_style(("sans-serif", 13).into_font().color(&INK))
            .x_labels(0)
            .y_label_formatter(&|y| format!("{:.0} %", y * 100.0))
            .draw()?;
        for (name, shares, color, left) in [(a_name, a, TRAIN, 0.14), (b_name, b, VALID, 0.5)] {
            chart
                .draw_series(shares.iter().enumerate().map(|(class, &share)| {
                    let x = class as f64 + left;
                    Rectangle::new([(x, 0.0), (x + 0.36, share)], color.filled())
                }))?
                .label(name)
                .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 12, y + 5)], color.filled()));
        }
        let plot = chart.plotting_area().get_pixel_range();
        let width = f64::from(plot.0.end - plot.0.start) / 12.0;
        for (class, name) in NAMES.iter().enumerate() {
            let x = f64::from(plot.0.start) + (class as f64 + 0.5) * width;
            let style = ("sans-serif", 14).into_font().color(&INK);
            area.draw(&Text::new(*name, (x as i32 - 6, plot.1.end + 8), style))?;
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperRight)
            .background_style(WHITE.mix(0.85))
            .border_style(RGBColor(228, 231, 236))
            .label_font(("sans-serif", 13))
            .draw()?;
        Ok(())
    })
}

/// Two samples of one number as histograms over each other.
pub fn samples(a_name: &str, a: &[f64], b_name: &str, b: &[f64]) -> anyhow::Result<String> {
    const BINS: usize = 24;
    let all = || a.iter().chain(b).copied();
    let low = all().fold(f64::INFINITY, f64::min);
    let width = ((all().fold(f64::NEG_INFINITY, f64::max) - low) / BINS as f64).max(1e-9);
    let shares = |sample: &[f64]| {
        let mut shares = [0.0; BINS];
        for value in sample {
            shares[(((value - low) / width) as usize).min(BINS - 1)] += 1.0 / sample.len() as f64;
        }
        shares
    };
    let (a, b) = (shares(a), shares(b));
    let top = a.iter().chain(&b).copied().fold(0.01, f64::max) * 1.15;
    draw(|area| {
        let mut chart = ChartBuilder::on(area)
            .margin(14)
            .x_label_area_size(30)
            .y_label_area_size(52)
            .build_cartesian_2d(low..low + width * BINS as f64, 0.0..top)?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .light_line_style(WHITE)
            .axis_style(INK)
            .label_style(("sans-serif", 13).into_font().color(&INK))
            .y_label_formatter(&|y| format!("{:.0} %", y * 100.0))
            .draw()?;
        for (name, shares, color) in [(a_name, a, TRAIN.mix(0.55)), (b_name, b, VALID.mix(0.55))] {
            chart
                .draw_series(shares.iter().enumerate().filter(|(_, share)| **share > 0.0).map(
                    |(bin, &share)| {
                        let x = low + width * bin as f64;
                        Rectangle::new([(x, 0.0), (x + width, share)], color.filled())
                    },
                ))?
                .label(name)
                .legend(move |(x, y)| Rectangle::new([(x, y - 5), (x + 12, y + 5)], color.filled()));
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperRight)
            .background_style(WHITE.mix(0.85))
            .border_style(RGBColor(228, 231, 236))
            .label_font(("sans-serif", 13))
            .draw()?;
        Ok(())
    })
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
