//! Our side of `scripts/compare_peers.sh`, which tells a program for each library what to compute and when.
//!
//! Reads lines from standard input and answers each with one line: `ok …`, or `no` with the reason.
//!
//! | line | what it does |
//! |---|---|
//! | `load train\|step\|sequence CELL FEATURES HIDDEN LAYERS BATCH STEPS FOLDER gathered\|dense` | makes the network; writes its weights in the order of PyTorch, the input `[T, B, F]` and the targets to the folder, and as `ours.f32` or `ours-dense.f32` what it computes: the losses of three training steps, or logits `[T, B, F]` |
//! | `load notes NETWORK NOTE_HIDDEN HIDDEN 1 BATCH STEPS …` | a training step of a network that writes frames note by note; answers its operations and the bytes of its activations |
//! | `time SECONDS` | repeats it for so long, five times at least: seconds of the median and of the best, and how many |
//! | `peak` | operations per second of a large matrix product |

use std::io::{BufRead, Write};
use std::path::Path;
use std::time::Instant;

use composer_bptt::arrays::{view, view_mut};
use composer_bptt::{
    Input, Linear, LinearWorkspace, Mode, Parameters, Recurrent, RecurrentWorkspace, State, StepWorkspace,
};
use composer_studies::Error;
use composer_studies::speed::{FrameShape, FrameTraining, Options, Peak, Roll, Shape, Training};

fn main() -> std::io::Result<()> {
    let mut work = None;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split_whitespace().collect();
        let answer = match words.as_slice() {
            ["load", "notes", rest @ ..] => load_notes(rest).map(|(loaded, about)| {
                work = Some(loaded);
                about
            }),
            ["load", mode, rest @ ..] => Work::load(mode, rest).map(|loaded| {
                work = Some(loaded);
                String::new()
            }),
            ["time", seconds] => match (work.as_mut(), seconds.parse()) {
                (Some(work), Ok(seconds)) => work.time(seconds),
                _ => Err("a network and a number of seconds are needed".to_string()),
            },
            ["peak"] => {
                let mut peak = Peak::new();
                Ok((0..5).map(|_| peak.run()).fold(0.0, f64::max).to_string())
            }
            _ => Err(format!("unknown line {line:?}")),
        };
        match answer {
            Ok(answer) => println!("ok {answer}"),
            Err(reason) => println!("no {reason}"),
        }
        std::io::stdout().flush()?;
    }
    Ok(())
}

/// What is timed.
enum Work {
    Train(Box<Training>),
    Forward(Box<Forward>),
    Notes(Box<FrameTraining>),
}

fn number(text: &str) -> Result<usize, String> {
    text.parse().map_err(|error| format!("{text}: {error}"))
}

fn load_notes(words: &[&str]) -> Result<(Work, String), String> {
    let &[network, notes, hidden, _, batch, steps, ..] = words else {
        return Err("wrong number of words".to_string());
    };
    let shape = FrameShape {
        network: network.parse().map_err(|_| format!("unknown network {network}"))?,
        hidden: number(hidden)?,
        notes: number(notes)?,
        batch: number(batch)?,
        steps: number(steps)?,
    };
    let training = FrameTraining::new(shape).map_err(|error| error.to_string())?;
    Ok((Work::Notes(Box::new(training)), format!("{} {}", shape.flops(), shape.activation_bytes())))
}

impl Work {
    fn load(mode: &str, words: &[&str]) -> Result<Work, String> {
        let &[cell, features, hidden, layers, batch, steps, folder, input] = words else {
            return Err("wrong number of words".to_string());
        };
        let shape = Shape {
            cell: cell.parse().map_err(|_| format!("unknown cell {cell}"))?,
            features: number(features)?,
            hidden: number(hidden)?,
            layers: number(layers)?,
            batch: number(batch)?,
            steps: number(steps)?,
        };
        let (folder, dense) = (Path::new(folder), input == "dense");
        let mut training =
            Training::new(shape, Options { dense, recompute: false }).map_err(|error| error.to_string())?;
        let rows = shape.batch * shape.steps;
        let (x, y) = (Roll::random(rows, shape.features, 2), Roll::random(rows, shape.features, 3));
        let write = |name: &str, values: &[f32]| {
            let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            std::fs::write(folder.join(name), bytes).map_err(|error| format!("{name}: {error}"))
        };
        for (name, values) in
            [("weights.f32", training.params.values()), ("x.f32", &x.dense), ("y.f32", &y.dense)]
        {
            write(name, values)?;
        }
        let (work, results) = if mode == "train" {
            let losses = (0..3).map(|_| training.step().map(|(loss, _)| loss as f32));
            let losses: Vec<f32> = losses.collect::<Result<_, _>>().map_err(|error| error.to_string())?;
            (Work::Train(Box::new(training)), losses)
        } else {
            let mut forward = Forward::new(shape, mode == "step", !dense, training.params, x)?;
            let mut results = Vec::new();
            for _ in 0..if forward.single { shape.steps } else { 1 } {
                forward.run().map_err(|error| error.to_string())?;
                results.extend_from_slice(&forward.logits);
            }
            (Work::Forward(Box::new(forward)), results)
        };
        write(if dense { "ours-dense.f32" } else { "ours.f32" }, &results)?;
        Ok(work)
    }

    fn time(&mut self, seconds: f64) -> Result<String, String> {
        let (started, mut times) = (Instant::now(), Vec::new());
        while times.len() < 5 || started.elapsed().as_secs_f64() < seconds {
            let start = Instant::now();
            match self {
                Work::Train(training) => training.step().map(drop),
                Work::Forward(forward) => forward.run(),
                Work::Notes(training) => training.step().map(drop),
            }
            .map_err(|error| error.to_string())?;
            times.push(start.elapsed().as_secs_f64());
        }
        times.sort_by(f64::total_cmp);
        Ok(format!("{:.9} {:.9} {}", times[times.len() / 2], times[0], times.len()))
    }
}

/// A forward pass without a backward pass: a step that carries the state on, or whole sequences.
struct Forward {
    shape: Shape,
    single: bool,
    sparse: bool,
    params: Parameters<f32>,
    stack: Recurrent,
    linear: Linear,
    x: Roll,
    /// The step that comes next.
    next: usize,
    state: State<f32>,
    step_ws: StepWorkspace<f32>,
    ws: RecurrentWorkspace<f32>,
    linear_ws: LinearWorkspace<f32>,
    logits: Vec<f32>,
}

impl Forward {
    fn new(
        shape: Shape,
        single: bool,
        sparse: bool,
        weights: Parameters<f32>,
        x: Roll,
    ) -> Result<Forward, String> {
        let mut params = Parameters::<f32>::shapes_only();
        let stack = Recurrent::new(shape.config(), "rnn", &mut params).map_err(|error| error.to_string())?;
        let linear = Linear::new(shape.hidden, shape.features, true, "out", &mut params)
            .map_err(|error| error.to_string())?;
        let steps = if single { 1 } else { shape.steps };
        Ok(Forward {
            shape,
            single,
            sparse,
            params: weights,
            stack,
            linear,
            x,
            next: 0,
            state: State::zeros(&shape.config(), shape.batch),
            step_ws: StepWorkspace::new(),
            ws: RecurrentWorkspace::new(),
            linear_ws: LinearWorkspace::new(),
            logits: vec![0.0; steps * shape.batch * shape.features],
        })
    }

    fn run(&mut self) -> Result<(), Error> {
        let Forward { shape: Shape { features, batch, steps, .. }, params, state, .. } = self;
        let (features, batch, steps) = (*features, *batch, *steps);
        if !self.single {
            state.reset();
            self.stack.forward(
                params,
                self.x.input(self.sparse, batch),
                state,
                None,
                Mode::Eval,
                &mut self.ws,
            )?;
            let logits = view_mut((steps, batch, features), &mut self.logits);
            self.linear.forward(params, self.ws.output(), logits, &mut self.linear_ws)?;
            return Ok(());
        }
        let rows = self.next * batch..(self.next + 1) * batch;
        let offsets: Vec<usize>;
        let input = if self.sparse {
            let all = &self.x.offsets[rows.start..=rows.end];
            offsets = all.iter().map(|offset| offset - all[0]).collect();
            Input::MultiHot { indices: &self.x.indices[all[0]..all[batch]], offsets: &offsets }
        } else {
            Input::Dense(view(
                (1, batch, features),
                &self.x.dense[rows.start * features..rows.end * features],
            ))
        };
        let h = self.stack.step(params, input, state, &mut self.step_ws)?;
        self.linear.forward(params, h, view_mut((batch, features), &mut self.logits), &mut self.linear_ws)?;
        self.next = (self.next + 1) % steps;
        Ok(())
    }
}
