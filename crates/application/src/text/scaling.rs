//! The time of a step against its sizes as JSON; [`composer_report::scaling`] has the table and the chart.

use composer_report::scaling::name;
use composer_studies::speed::{Curve, Scaling, Shape};
use serde_json::{Value, json};

/// What was measured, and the points of every curve.
pub fn record(options: &Scaling, curves: &[Curve]) -> Value {
    let Shape { cell, features, hidden, layers, batch, steps } = options.shape;
    let curve = |curve: &Curve| {
        json!({
            "axis": name(curve.axis).replace(' ', "_"),
            "threads": curve.threads,
            "slope": curve.slope(),
            "sizes": curve.points.iter().map(|point| point.size).collect::<Vec<_>>(),
            "training_ms": curve.points.iter().map(|point| point.seconds * 1e3).collect::<Vec<_>>(),
        })
    };
    json!({
        "cell": cell,
        "features": features,
        "hidden": hidden,
        "layers": layers,
        "batch_size": batch,
        "steps": steps,
        "rounds": options.rounds,
        "curves": curves.iter().map(curve).collect::<Vec<_>>(),
    })
}
