//! Observations match their definitions, on models whose gradients can be derived by hand.

use approx::abs_diff_eq;
use composer_bptt::{Cell, Init, RecurrentConfig};
use composer_models::batch::Slice;
use composer_models::{Encoding, ModelConfig, Sequence, SequenceBatch, SequenceModel};
use composer_studies::gradient_flow::{Assessment, Config, decay, observe, study};

fn encoding() -> Encoding {
    Encoding::Tokens { vocabulary: 4, fingerprint: "test".into(), longest_match: false, voices: None }
}

fn pieces(count: u32, steps: u32) -> Vec<Sequence> {
    (0..count).map(|p| Sequence::tokens((0..steps).map(|t| (t * t / 3 + p) % 4).collect())).collect()
}

fn batch(steps: usize) -> SequenceBatch {
    let pieces = pieces(5, steps as u32);
    let slices: Vec<_> =
        pieces.iter().map(|sequence| Some(Slice { sequence, start: 0, transpose: 0 })).collect();
    let mut batch = SequenceBatch::new(&encoding());
    batch.fill(&encoding(), &slices, steps);
    batch
}

fn model(cell: Cell, layers: usize) -> SequenceModel {
    let recurrent = RecurrentConfig { cell, hidden: 6, layers, ..RecurrentConfig::default() };
    SequenceModel::new(ModelConfig::new(encoding(), recurrent), &Init::PYTORCH, 3).unwrap()
}

/// Sets a parameter of a model.
fn set(model: &mut SequenceModel, name: &str, value: impl Fn(usize) -> f32) {
    let id = model.params().id(name).unwrap();
    model.params_mut().value_mut(id).iter_mut().enumerate().for_each(|(index, v)| *v = value(index));
}

#[test]
fn a_diagonal_recurrence_decays_at_its_own_rate() {
    for (factor, assessment) in
        [(0.5, Assessment::Vanishes), (0.97, Assessment::Preserves), (1.3, Assessment::Explodes)]
    {
        let mut model = model(Cell::RnnRelu, 1);
        // h = max(0, factor · h_prev + 1): every unit is on, and the Jacobian is factor times the identity.
        set(&mut model, "recurrent.weight_hh_l0", |index| if index / 6 == index % 6 { factor } else { 0.0 });
        set(&mut model, "recurrent.weight_ih_l0", |_| 0.0);
        set(&mut model, "recurrent.bias_ih_l0", |_| 1.0);
        set(&mut model, "recurrent.bias_hh_l0", |_| 0.0);
        let observed = observe(&model, &batch(40), 8).unwrap();
        for rate in
            [decay(&observed.state, 8).unwrap().rate, observed.growth_step.median, observed.growth_bar.median]
        {
            assert!(abs_diff_eq!(rate, f64::from(factor), epsilon = 1e-6), "{rate} instead of {factor}");
        }
        assert_eq!(decay(&observed.state, 8).unwrap().assessment, assessment);
        assert!(observed.input.iter().all(|q| q.upper == 0.0), "inputs with weight zero have no gradient");
    }
}

#[test]
fn an_open_forget_gate_carries_the_gradient_of_c_unchanged() {
    let mut model = model(Cell::Lstm, 1);
    set(&mut model, "recurrent.weight_hh_l0", |_| 0.0);
    set(&mut model, "recurrent.bias_hh_l0", |_| 0.0);
    // Gates i, f, g, o: the forget gate is open to within e^-40, the output gate half open.
    set(&mut model, "recurrent.bias_ih_l0", |index| if index / 6 == 1 { 40.0 } else { 0.0 });
    let observed = observe(&model, &batch(30), 8).unwrap();
    let layer = &observed.layers[0];
    assert!(
        abs_diff_eq!(layer.d_c[1].median / layer.d_c[29].median, 1.0, epsilon = 1e-9),
        "the constant error carousel preserves the gradient of c"
    );
    assert!(layer.d_h[1].median == 0.0, "without recurrent weights no gradient passes through h");
    assert!(
        abs_diff_eq!(observed.growth_step.median, 1.0, epsilon = 0.5) && observed.growth_bar.median > 0.99
    );
    let forget = &layer.activity[1];
    assert_eq!((forget.gate, forget.above.iter().all(|&share| share == 1.0)), ("f", true));
}

#[test]
fn distance_counts_from_the_last_step_and_layers_add_up() {
    for cell in Cell::ALL {
        let observed = observe(&model(cell, 2), &batch(12), 4).unwrap();
        assert_eq!((observed.layers.len(), observed.state.len(), observed.input.len()), (2, 12, 12));
        // At distance 0 the loss reaches the top layer's h directly, and c of an LSTM through it.
        assert!(observed.layers[1].d_h[0].median > 0.0);
        assert!(observed.state[0].median >= observed.layers[1].d_h[0].median);
        assert!(observed.input[0].median > 0.0, "{cell}: the last input matters");
        for layer in &observed.layers {
            assert_eq!(layer.d_gates.len(), cell.gates().len());
            assert!(layer.d_gates.iter().all(|gate| gate.len() == 12));
            assert_eq!(layer.d_c.len(), if cell.has_c() { 12 } else { 0 });
        }
    }
}

#[test]
fn a_study_gives_every_cell_the_same_budget_and_is_reproducible() {
    let config = Config {
        parameters: 900,
        layers: 1,
        window: 16,
        bar: 4,
        observed: 6,
        updates: 40,
        batch: 4,
        learning_rate: 1e-2,
        ..Config::default()
    };
    let (train, valid) = (pieces(4, 60), pieces(2, 50));
    let mut updates = 0;
    let result = study(&encoding(), &train, &valid, &config, &mut |_, _, _| updates += 1).unwrap();
    assert_eq!((updates, result.cells.len(), result.observed), (3 * 40, 3, 6));
    for cell in &result.cells {
        assert!(cell.parameters <= 900 && cell.parameters > 750, "{}: {}", cell.cell, cell.parameters);
        let learning = &cell.learning;
        assert!(
            learning.valid_nll.last().unwrap().1 < learning.valid_nll[0].1,
            "the loss of {} falls",
            cell.cell
        );
        assert_eq!((learning.train_nll.len(), learning.gradients.len()), (40, 40));
        assert_eq!(learning.parameters.len(), learning.gradients[0].len());
        assert_ne!(cell.before, cell.after);
        assert_eq!(learning.updates_to(f64::INFINITY), Some(learning.valid_nll[0].0));
    }
    let repeated = study(&encoding(), &train, &valid, &config, &mut |_, _, _| {}).unwrap();
    assert_eq!(repeated.cells[1].after, result.cells[1].after);
}

#[test]
fn settings_out_of_range_are_named_in_the_error() {
    let complaint = |config: Config| {
        study(&encoding(), &pieces(2, 20), &pieces(2, 20), &config, &mut |_, _, _| {})
            .unwrap_err()
            .to_string()
    };
    assert!(complaint(Config::default()).contains("20 steps, and a window has 128"));
    assert!(complaint(Config { updates: 0, ..Config::default() }).contains("updates is 0"));
    assert!(complaint(Config { window: 1, ..Config::default() }).contains("window is 1"));
}
