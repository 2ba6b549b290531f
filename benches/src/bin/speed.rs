//! Times one point of the grid: `speed train|generate CELL FEATURES HIDDEN LAYERS BATCH STEPS [ROUNDS] [dense] [recompute]`.
//!
//! Prints one line: seconds per step (the median), and the parts of a training step.

use std::time::Instant;

use composer_studies::Error;
use composer_studies::speed::{Generation, Options, Phases, Shape, Training};

fn main() -> Result<(), Error> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |index: usize| arguments.get(index).and_then(|text| text.parse().ok());
    let (Some(mode), Some(Ok(cell))) = (arguments.first(), arguments.get(1).map(|name| name.parse())) else {
        eprintln!(
            "usage: speed train|generate CELL FEATURES HIDDEN LAYERS BATCH STEPS [ROUNDS] [dense] [recompute]"
        );
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
        return generate(shape, rounds);
    }
    let word = |word: &str| arguments.iter().skip(8).any(|argument| argument == word);
    let options = Options { dense: word("dense"), recompute: word("recompute") };
    let mut model = Training::new(shape, options)?;
    for _ in 0..2 {
        model.step()?;
    }
    let runs = (0..rounds).map(|_| model.step().map(|(_, phases)| phases)).collect::<Result<Vec<_>, _>>()?;
    let mut times: Vec<f64> = runs.iter().map(Phases::total).collect();
    times.sort_by(f64::total_cmp);
    // Each part at its best: what it takes when nothing else runs.
    let least = |part: fn(&Phases) -> f64| runs.iter().map(part).fold(f64::MAX, f64::min);
    println!(
        "{:.9} {:.9} {:.1} GFLOP/s; forward {:.4} loss {:.4} backward {:.4} optimiser {:.4}",
        times[times.len() / 2],
        times[0],
        shape.flops() / times[0] / 1e9,
        least(|phases| phases.forward),
        least(|phases| phases.output),
        least(|phases| phases.backward),
        least(|phases| phases.optimiser)
    );
    Ok(())
}

fn generate(shape: Shape, rounds: usize) -> Result<(), Error> {
    let mut model = Generation::new(shape)?;
    for _ in 0..50 {
        model.step()?;
    }
    let mut times = Vec::new();
    for _ in 0..rounds {
        let start = Instant::now();
        for _ in 0..200 {
            std::hint::black_box(model.step()?);
        }
        times.push(start.elapsed().as_secs_f64() / 200.0);
    }
    times.sort_by(f64::total_cmp);
    println!("{:.9} {:.9}", times[times.len() / 2], times[0]);
    Ok(())
}
