//! The part of the report on the way to the model: gradient norms, learning rate, and what it wrote while it learnt.

use super::{Exhibit, Report, piano_roll};
use anyhow::anyhow;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, PreEscaped, html};
use plotters::prelude::*;

const SIZE: (u32, u32) = (960, 280);
const INK: RGBColor = RGBColor(102, 112, 133);
const COLORS: [RGBColor; 5] = [
    RGBColor(47, 111, 143),
    RGBColor(196, 123, 52),
    RGBColor(150, 80, 110),
    RGBColor(88, 140, 90),
    RGBColor(152, 162, 179),
];

impl Report<'_> {
    pub(super) fn along_the_way(&self) -> anyhow::Result<Markup> {
        let epochs = &self.trained.outcome.epochs;
        let layers = epochs.first().map_or(0, |epoch| epoch.layer_grad_norms.len());
        let norms: Vec<Curve> = (0..layers)
            .map(|layer| Curve {
                name: epochs[0].layer_grad_norms[layer].0.clone(),
                points: epochs.iter().map(|e| (e.epoch as f64, e.layer_grad_norms[layer].1)).collect(),
            })
            .collect();
        let rate = |e: &composer_training::EpochReport| (e.epoch as f64, e.learning_rate);
        let rates = [Curve { name: "learning rate".into(), points: epochs.iter().map(rate).collect() }];
        Ok(html! {
            section {
                h2 { "Along the way" }
                figure { (PreEscaped(curves(&norms, "gradient norm")?)) figcaption { "Norm of the gradient in each layer, before clipping; mean of an epoch." } }
                figure { (PreEscaped(curves(&rates, "learning rate")?)) figcaption { "Learning rate at the end of each epoch." } }
                @for sample in &self.trained.samples { (exhibit(sample)) }
            }
        })
    }
}

fn exhibit(exhibit: &Exhibit) -> Markup {
    html! {
        figure {
            figcaption { strong { (exhibit.title) } " " span { (exhibit.caption) } }
            (PreEscaped(piano_roll::svg(&exhibit.score, &exhibit.title)))
            audio controls="controls" preload="metadata" src={ "data:audio/wav;base64," (STANDARD.encode(&exhibit.wav)) } {}
        }
    }
}

struct Curve {
    name: String,
    points: Vec<(f64, f64)>,
}

/// Curves over epochs, on a logarithmic scale.
fn curves(curves: &[Curve], what: &str) -> anyhow::Result<String> {
    let heights = || curves.iter().flat_map(|curve| &curve.points).map(|point| point.1).filter(|y| *y > 0.0);
    let top = heights().fold(1e-9, f64::max) * 1.3;
    let bottom = heights().fold(f64::INFINITY, f64::min).min(top / 2.0) * 0.8;
    let last = curves.iter().flat_map(|curve| &curve.points).map(|point| point.0).fold(2.0, f64::max);
    let mut svg = String::new();
    let draw = |svg: &mut String| -> Result<(), Box<dyn std::error::Error>> {
        let area = SVGBackend::with_string(svg, SIZE).into_drawing_area();
        let mut chart = ChartBuilder::on(&area)
            .margin(14)
            .x_label_area_size(38)
            .y_label_area_size(64)
            .build_cartesian_2d(1.0..last, (bottom..top).log_scale())?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .light_line_style(WHITE)
            .axis_style(INK)
            .label_style(("sans-serif", 13).into_font().color(&INK))
            .x_label_formatter(&|x| format!("{x:.0}"))
            .y_labels(5)
            .y_label_formatter(&|y| format!("{y:.1e}"))
            .x_desc("epoch")
            .y_desc(what)
            .draw()?;
        for (curve, color) in curves.iter().zip(COLORS.iter().cycle()) {
            chart
                .draw_series(LineSeries::new(
                    curve.points.iter().copied().filter(|point| point.1 > 0.0),
                    color.stroke_width(2),
                ))?
                .label(&curve.name)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], color.stroke_width(2)));
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperRight)
            .background_style(WHITE.mix(0.85))
            .border_style(RGBColor(228, 231, 236))
            .label_font(("sans-serif", 13))
            .draw()?;
        area.present()?;
        Ok(())
    };
    draw(&mut svg).map_err(|error| anyhow!("cannot draw the {what}: {error}"))?;
    Ok(svg)
}
