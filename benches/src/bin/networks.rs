//! Times the networks that write frames note by note or pitch by pitch: `networks train|generate NETWORK HIDDEN NOTES BATCH STEPS [ROUNDS]`
//! prints seconds per training step (median, best) or per generated frame; `networks learn FILE NLL [EPOCHS]` trains a note-wise network
//! on a dataset of frames and prints seconds and validation loss after every epoch, until that loss is reached.
//!
//! `scripts/compare_networks.py` runs it beside PyTorch.

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use composer_bptt::{Cell, Init, RecurrentConfig};
use composer_models::{Encoding, ModelConfig, Network, Sequence, SequenceModel};
use composer_music::frame_json::read_frame_json;
use composer_music::representation::frames::{Frame, FrameRepresentation};
use composer_studies::speed::{FrameShape, FrameTraining, Peak, seconds_per_frame};
use composer_tensor::allocations::{CountingAllocator, count};
use composer_training::schedule::Schedule;
use composer_training::{Control, EpochReport, Observer, TrainingConfig, UpdateReport, train};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["peak"] => {
            let mut peak = Peak::new();
            println!("{:.0}", (0..5).map(|_| peak.run()).fold(0.0, f64::max));
            Ok(())
        }
        ["learn", file, target] => learn(Path::new(file), target.parse()?, 60),
        ["learn", file, target, epochs] => learn(Path::new(file), target.parse()?, epochs.parse()?),
        [mode @ ("train" | "generate"), network, hidden, notes, batch, steps, ref rest @ ..] => {
            let shape = FrameShape {
                network: network.parse()?,
                hidden: hidden.parse()?,
                notes: notes.parse()?,
                batch: batch.parse()?,
                steps: steps.parse()?,
            };
            let rounds = rest.first().map_or(Ok(5), |rounds| rounds.parse())?;
            if mode == "train" { training(shape, rounds) } else { generate(shape, rounds) }
        }
        _ => Err(
            "networks train|generate NETWORK HIDDEN NOTES BATCH STEPS [ROUNDS], or learn FILE NLL [EPOCHS]"
                .into(),
        ),
    }
}

/// Prints median, best, operations of a step, peak of memory, activations, allocations of a later step, loss, bytes of weights with gradients and
/// moments; then the phases.
fn training(shape: FrameShape, rounds: usize) -> Result<(), Box<dyn Error>> {
    let (training, memory) = count(|| -> Result<_, composer_studies::Error> {
        let mut training = FrameTraining::new(shape)?;
        training.step()?;
        training.step()?;
        Ok(training)
    });
    let mut training = training?;
    let (later, allocated) = count(|| training.step());
    let mut nll = later?.0;
    let mut runs: Vec<[f64; 2]> = Vec::new();
    for _ in 0..rounds {
        let (loss, phases) = training.step()?;
        (nll, _) = (loss, runs.push(phases));
    }
    let mut times: Vec<f64> = runs.iter().map(|run| run.iter().sum()).collect();
    times.sort_by(f64::total_cmp);
    let least = |part: usize| runs.iter().map(|run| run[part]).fold(f64::MAX, f64::min);
    println!(
        "{:.9} {:.9} {:.0} {} {} {} {nll:.4} {}; gradients {:.4} optimiser {:.4}",
        times[times.len() / 2],
        times[0],
        shape.flops(),
        memory.unwrap_or_default().peak,
        shape.activation_bytes(),
        allocated.unwrap_or_default().count,
        training.weight_bytes(),
        least(0),
        least(1)
    );
    Ok(())
}

/// Prints the median and the best of the rounds in seconds per frame, and notes per frame.
fn generate(shape: FrameShape, rounds: usize) -> Result<(), Box<dyn Error>> {
    let runs = (0..rounds).map(|_| seconds_per_frame(shape, 200)).collect::<Result<Vec<_>, _>>()?;
    let mut times: Vec<f64> = runs.iter().map(|run| run.0).collect();
    times.sort_by(f64::total_cmp);
    println!("{:.9} {:.9} {:.2}", times[times.len() / 2], times[0], runs[0].1);
    Ok(())
}

/// Notes the time of every epoch, and stops when the loss is reached.
struct Watch {
    target: f64,
    started: Instant,
    reached: bool,
}

impl Observer for Watch {
    fn update(&mut self, _report: &UpdateReport) -> Control {
        if self.reached { Control::Stop } else { Control::Continue }
    }

    fn epoch(&mut self, report: &EpochReport, _model: &SequenceModel) -> std::io::Result<()> {
        self.reached = report.valid_nll <= self.target;
        println!(
            "{:.3} {:.4} {:.4}",
            self.started.elapsed().as_secs_f64(),
            report.valid_nll,
            report.train_nll
        );
        Ok(())
    }
}

/// Note-wise, LSTM 256 and GRU 192, dropout 0.5, transposed by up to five semitones, Adam at a constant 3e-3, 32 rows of 64 steps.
fn learn(file: &Path, target: f64, epochs: u64) -> Result<(), Box<dyn Error>> {
    let sets = read_frame_json(file)?;
    let sequences = |pieces: &[Vec<Frame>]| pieces.iter().cloned().map(Sequence::frames).collect::<Vec<_>>();
    let (train_set, valid_set) = (sequences(&sets.train), sequences(&sets.valid));
    let stack = |cell, hidden| RecurrentConfig { cell, hidden, ..RecurrentConfig::default() };
    let representation = FrameRepresentation { onset_plane: false, ..FrameRepresentation::default() };
    let config = ModelConfig::new(Encoding::frames(representation), stack(Cell::Lstm, 256));
    let config = ModelConfig { output_dropout: 0.5, ..config };
    let config = config.with_network(Network::NoteWise, stack(Cell::Gru, 192), 0.5);
    let mut model = SequenceModel::new(config, &Init::PYTORCH, 1)?;
    let training =
        TrainingConfig { epochs, patience: 0, schedule: Schedule::CONSTANT, ..TrainingConfig::default() };
    let mut watch = Watch { target, started: Instant::now(), reached: false };
    train(&mut model, &train_set, &valid_set, &training, &mut watch)?;
    Ok(())
}
