//! `composer train --dry-run`: all settings, and what they cost.

use crate::train::recorder::thousands;
use crate::train::session::Session;
use composer_training::plan::{EpochPlan, PieceShape};
use composer_training::{Control, Observer, UpdateReport, train};
use std::time::Instant;

/// Updates that are made to tell the time; the first one is not counted.
const UPDATES: u64 = 4;

/// Prints what would be done, and how long it would take.
pub fn run(mut session: Session) -> anyhow::Result<()> {
    let config = session.config.clone();
    let training = &config.training;
    print!("{}", config.to_toml()?);
    session.material.announce();
    let parameters = session.model.params().len();
    let encoding = session.model.encoding();
    let shapes: Vec<PieceShape> = (session.material.train.sequences.iter())
        .map(|sequence| PieceShape {
            steps: sequence.len(),
            transpositions: encoding.transpositions(sequence, training.transpose),
        })
        .collect();
    let (copies, lanes, length) = (training.copies, training.batch_size, training.tbptt_len);
    let updates = EpochPlan::new(&shapes, copies, lanes, length, training.seed, 1).updates() as u64;
    let longest = shapes.iter().map(|shape| shape.steps).max().unwrap_or(0);
    let memory = session.memory(if length == 0 { longest } else { length });
    let mut rehearsal = Rehearsal::default();
    let sets = &session.material;
    train(&mut session.model, &sets.train.sequences, &sets.valid.sequences, training, &mut rehearsal)?;
    let seconds = rehearsal.seconds_per_update() * (updates * training.epochs) as f64;
    println!("\n# {} parameters", thousands(parameters as u64));
    println!("# {updates} updates in an epoch, {} at most", thousands(updates * training.epochs));
    println!("# about {:.0} MB of memory for the network", memory as f64 / 1e6);
    println!(
        "# about {:.0} s of training at most on this machine, by the clock of {} updates",
        seconds,
        UPDATES - 1
    );
    Ok(())
}

/// Makes a few updates and looks at the clock.
#[derive(Default)]
struct Rehearsal {
    times: Vec<Instant>,
}

impl Rehearsal {
    fn seconds_per_update(&self) -> f64 {
        match (self.times.first(), self.times.last()) {
            (Some(first), Some(last)) if self.times.len() > 1 => {
                last.duration_since(*first).as_secs_f64() / (self.times.len() - 1) as f64
            }
            _ => 0.0,
        }
    }
}

impl Observer for Rehearsal {
    fn update(&mut self, report: &UpdateReport) -> Control {
        self.times.push(Instant::now());
        if report.update >= UPDATES { Control::Stop } else { Control::Continue }
    }
}
