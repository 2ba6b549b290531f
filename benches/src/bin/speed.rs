//! Times one point of the grid: `speed train|generate CELL FEATURES HIDDEN LAYERS BATCH STEPS [ROUNDS] [dense]`.
//!
//! Prints one line: seconds per step (the median), and the parts of a training step.

use std::time::Instant;

use composer_benches::{Generation, Shape, Training};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |index: usize| arguments.get(index).and_then(|text| text.parse().ok());
    let (Some(mode), Some(Ok(cell))) = (arguments.first(), arguments.get(1).map(|name| name.parse())) else {
        eprintln!("usage: speed train|generate CELL FEATURES HIDDEN LAYERS BATCH STEPS [ROUNDS] [dense]");
        std::process::exit(2);
    };
    let shape = Shape {
        cell,
        features: number(2).unwrap_or(88),
        hidden: number(3).unwrap_or(256),
        layers: number(4).unwrap_or(1),
        batch: number(5).unwrap_or(32),
        steps: number(6).unwrap_or(128),
    };
    let rounds = number(7).unwrap_or(5);
    if mode == "generate" {
        let mut model = Generation::new(shape);
        for _ in 0..50 {
            model.step();
        }
        let mut times = Vec::new();
        for _ in 0..rounds {
            let start = Instant::now();
            let mut notes = 0;
            (0..200).for_each(|_| notes += model.step());
            times.push(start.elapsed().as_secs_f64() / 200.0);
            std::hint::black_box(notes);
        }
        times.sort_by(f64::total_cmp);
        println!("{:.9} {:.9}", times[times.len() / 2], times[0]);
        return;
    }
    let mut model = Training::new(shape);
    model.sparse = arguments.get(8).is_none_or(|word| word != "dense");
    for _ in 0..2 {
        model.step();
    }
    let mut runs: Vec<(f64, [f64; 4])> = (0..rounds)
        .map(|_| {
            let start = Instant::now();
            let (_, parts) = model.step();
            (start.elapsed().as_secs_f64(), parts)
        })
        .collect();
    runs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let median = runs[runs.len() / 2].0;
    // Each part at its best: what it takes when nothing else runs.
    let parts: [f64; 4] =
        std::array::from_fn(|part| runs.iter().map(|run| run.1[part]).fold(f64::MAX, f64::min));
    println!(
        "{median:.9} {:.9} {:.1} GFLOP/s; forward {:.4} loss {:.4} backward {:.4} optimiser {:.4}",
        runs[0].0,
        shape.flops() / runs[0].0 / 1e9,
        parts[0],
        parts[1],
        parts[2],
        parts[3]
    );
}
