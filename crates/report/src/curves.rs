//! Curves over the epochs of a training.

use crate::charts::{self, Axes, BLUE, GREY, Line, OCHRE, PLUM};
use composer_training::EpochReport;
use plotters::prelude::RGBColor;

/// The colours of layers, from the first one up.
const LAYERS: [RGBColor; 4] = [BLUE, OCHRE, PLUM, GREY];

/// Training and validation loss, the epoch that was kept marked; baselines dashed.
pub fn loss(epochs: &[EpochReport], best: u64, baselines: &[(&str, f64)]) -> crate::error::Result<String> {
    let curve = |of: fn(&EpochReport) -> f64| points(epochs, of);
    let valid = curve(|epoch| epoch.valid_nll);
    let kept: Vec<_> = valid.iter().copied().filter(|point| point.0 == best as f64).collect();
    let ends = [1.0, last(epochs)];
    let mut lines: Vec<Line> = baselines
        .iter()
        .zip([OCHRE, PLUM])
        .map(|((name, nll), color)| {
            Line::new(format!("{name} {nll:.2}"), color, ends.map(|x| (x, *nll)).to_vec()).dashed()
        })
        .collect();
    lines.push(Line::new("training", GREY, curve(|epoch| epoch.train_nll)));
    lines.push(Line::new("validation", BLUE, valid));
    lines.push(Line::new("", BLUE, kept).with_points());
    let (low, high) = heights(&lines);
    over_epochs(epochs, "nats per step", 400, low * 0.9..high * 1.05, false, &lines)
}

/// Norm of the gradient in each layer.
pub fn gradient_norms(epochs: &[EpochReport]) -> crate::error::Result<String> {
    let layers = epochs.first().map_or(0, |epoch| epoch.layer_grad_norms.len());
    let lines: Vec<Line> = (0..layers)
        .zip(LAYERS.iter().cycle())
        .map(|(layer, color)| {
            let name = &epochs[0].layer_grad_norms[layer].0;
            Line::new(name, *color, points(epochs, |epoch| epoch.layer_grad_norms[layer].1))
        })
        .collect();
    logarithmic(epochs, "gradient norm", lines)
}

/// The learning rate.
pub fn learning_rate(epochs: &[EpochReport]) -> crate::error::Result<String> {
    logarithmic(
        epochs,
        "learning rate",
        vec![Line::new("", BLUE, points(epochs, |epoch| epoch.learning_rate))],
    )
}

fn points(epochs: &[EpochReport], of: impl Fn(&EpochReport) -> f64) -> Vec<(f64, f64)> {
    epochs.iter().map(|epoch| (epoch.epoch as f64, of(epoch))).collect()
}

fn last(epochs: &[EpochReport]) -> f64 {
    epochs.last().map_or(2, |epoch| epoch.epoch.max(2)) as f64
}

fn heights(lines: &[Line]) -> (f64, f64) {
    let all = || lines.iter().flat_map(|line| &line.points).map(|point| point.1);
    (all().fold(f64::INFINITY, f64::min), all().fold(0.0, f64::max))
}

fn logarithmic(epochs: &[EpochReport], y: &str, mut lines: Vec<Line>) -> crate::error::Result<String> {
    // A logarithm knows no zero: an epoch at rest leaves a gap.
    lines.iter_mut().for_each(|line| line.points.retain(|point| point.1 > 0.0));
    let (low, high) = heights(&lines);
    let range = if high > 0.0 { low..high } else { 0.1..1.0 };
    over_epochs(epochs, y, 300, range, true, &lines)
}

fn over_epochs(
    epochs: &[EpochReport],
    y: &str,
    height: u32,
    y_range: std::ops::Range<f64>,
    log: bool,
    lines: &[Line],
) -> crate::error::Result<String> {
    let axes = Axes {
        size: (960, height),
        x: "epoch",
        y,
        x_range: 1.0..last(epochs),
        y_range,
        log,
        x_labels: epochs.len().clamp(2, 10),
        x_label: &|x| format!("{x:.0}"),
        levels: &[],
    };
    charts::lines(&axes, lines)
}
