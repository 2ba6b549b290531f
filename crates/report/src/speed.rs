//! The cost of training and generated steps as text.

use composer_studies::speed::Cost;

/// The two lines above the table.
pub const HEAD: [&str; 2] = [
    "                              training                    large  generated   weights    memory         allocated",
    "shape                     ms (median)        GFLOP/s    product    µs/step      GB/s        MB         per step",
];

/// The line of a shape.
pub fn line(cost: &Cost) -> String {
    let Cost { training, generation, .. } = cost;
    let memory = match cost.memory {
        Some(memory) => {
            let ratio = memory.peak as f64 / cost.shape.activation_bytes() as f64;
            format!("{:>10.1}{:>7}", memory.peak as f64 / 1e6, format!("{ratio:.2}×"))
        }
        None => format!("{:>17}", "–"),
    };
    let later = cost.later.map_or("–".into(), |later| format!("{} bytes", later.bytes));
    format!(
        "{:<24}{:>8.2}{:>10}{:>10.1}{:>10.0} %{:>11.1}{:>10.1}{memory}{later:>12}",
        cost.shape.to_string(),
        training.best * 1e3,
        format!("({:.2})", training.median * 1e3),
        cost.rate() / 1e9,
        cost.share_of_peak() * 100.0,
        generation.best * 1e6,
        cost.weights_per_second() / 1e9,
    )
}
