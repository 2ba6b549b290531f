//! Lesson 4: how fast a gradient shrinks or grows on its way back: a random RNN with larger and larger weights, and three cells
//! that learn music.

mod common;

use common::{Outcome, Results};
use composer_bptt::probe::{self, Flow, Span};
use composer_bptt::{Cell, Input, Mode, Parameters, Recurrent, RecurrentConfig, RecurrentWorkspace, State};
use composer_models::{Encoding, Sequence};
use composer_music::corpus;
use composer_music::representation::frames::FrameRepresentation;
use composer_report::charts::{self, Axes, Line, cell_name, color, plain};
use composer_studies::gradient_flow::{Config, decay, study};
use ndarray::{Array3, s};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const STEPS: usize = 101;
const HIDDEN: usize = 64;

// ANCHOR: random
/// Norms of the gradient of the last state with respect to the states before, from the last step on, in an RNN whose recurrent
/// weights are normal with standard deviation `g/√H`; and the largest singular value of one step.
fn random_network(g: f64) -> Outcome<(Vec<f64>, f64)> {
    let config = RecurrentConfig { cell: Cell::RnnTanh, input: 1, hidden: HIDDEN, ..Default::default() };
    let mut params = Parameters::<f64>::new();
    let stack = Recurrent::new(config.clone(), "", &mut params)?;
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    // Twelve uniform numbers have a variance of one.
    let mut normal = move || (0..12).map(|_| rng.random_range(-0.5..0.5)).sum::<f64>();
    let weight = params.id("weight_hh_l0").ok_or("the stack has recurrent weights")?;
    params.value_mut(weight).fill_with(|| g / (HIDDEN as f64).sqrt() * normal());
    let input = Array3::from_elem((STEPS, 1, 1), 0.0);
    let (mut state, mut ws) = (State::zeros(&config, 1), RecurrentWorkspace::new());
    state.h.fill_with(|| 0.01 * normal());
    ws.attach_probe();
    stack.forward(&params, Input::Dense(input.view()), &mut state, None, Mode::Eval, &mut ws)?;
    // A loss at the last step alone.
    let mut d_output = Array3::zeros((STEPS, 1, HIDDEN));
    d_output.slice_mut(s![STEPS - 1, .., ..]).map_inplace(|value| *value = normal());
    stack.backward(&mut params, Input::Dense(input.view()), d_output.view(), None, &mut ws)?;
    let trace = &ws.probe().ok_or("the probe is attached")?.layers[0];
    let norms = trace.d_h.iter().rev().map(|norm| norm / trace.d_h[STEPS - 1]).collect();
    let span = Span { layer: 0, row: 0, from: STEPS - 2, to: STEPS - 1 };
    Ok((norms, probe::growth(&stack, &params, &ws, span, Flow::Hidden)?))
}
// ANCHOR_END: random

fn main() -> Outcome<()> {
    let mut results = Results::of("lesson_4");
    let mut lines = Vec::new();
    for (g, cell) in [
        (0.5, Cell::ALL[0]),
        (0.9, Cell::ALL[2]),
        (1.0, Cell::ALL[3]),
        (1.1, Cell::ALL[4]),
        (1.5, Cell::ALL[5]),
    ] {
        let (norms, largest) = random_network(g)?;
        results.number(format!("random.{g}.rate"), norms[STEPS - 1].powf(1.0 / (STEPS - 1) as f64));
        results.number(format!("random.{g}.left_exponent"), norms[STEPS - 1].log10());
        results.number(format!("random.{g}.singular"), largest);
        let points = norms.iter().enumerate().map(|(t, &norm)| (t as f64, norm));
        // What has vanished leaves the picture.
        lines.push(Line::new(
            format!("g = {g}"),
            color(cell),
            points.filter(|point| point.1 > 1e-9).collect(),
        ));
    }
    results.figure("random", back(&lines, "steps back", 100.0, 1e-9..1e4)?);

    let representation = FrameRepresentation::default();
    let encoding = Encoding::frames(representation);
    let pieces = corpus::shipped::piano().pieces;
    let sequences: Vec<Sequence> =
        pieces.iter().map(|piece| Sequence::frames(representation.encode(&piece.score))).collect();
    let (held_out, train) = sequences.split_at(2);
    let config = Config { parameters: 40_000, layers: 1, updates: 100, observed: 16, ..Config::default() };
    let found = study(&encoding, train, held_out, &config, &mut |_, _, _| ())?;
    let mut lines = Vec::new();
    for of_cell in &found.cells {
        let name = of_cell.cell.to_string();
        for (moment, seen) in [("before", &of_cell.before), ("after", &of_cell.after)] {
            let decay = decay(&seen.state, config.bar).ok_or("the window is shorter than four bars")?;
            results.number(format!("{name}.{moment}.rate"), decay.rate);
            results.number(format!("{name}.{moment}.left_exponent"), decay.left.log10());
        }
        let bar = config.bar as f64;
        let medians = of_cell.after.state.iter().map(|quartiles| quartiles.median);
        let largest = of_cell.after.state[0].median;
        let points = medians.enumerate().map(|(t, norm)| (t as f64 / bar, norm / largest));
        let points = points.filter(|point| point.0 <= 7.0 && point.1 > 1e-9).collect();
        lines.push(Line::new(cell_name(of_cell.cell), color(of_cell.cell), points));
    }
    results.figure("music", back(&lines, "bars back", 7.0, 1e-9..10.0)?);
    results.finish()
}

/// A chart of what is left of a gradient.
fn back(lines: &[Line], x: &str, to: f64, y_range: std::ops::Range<f64>) -> Outcome<String> {
    let axes = Axes {
        size: (600, 440),
        x,
        y: "share of the gradient",
        x_range: 0.0..to,
        y_range,
        log: true,
        x_labels: 11,
        x_label: &plain,
        levels: &[],
    };
    Ok(charts::lines(&axes, lines)?)
}
