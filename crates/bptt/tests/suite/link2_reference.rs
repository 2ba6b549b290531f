//! Link 2 of the chain of proof: the textbook against the reference against the fused implementation, in double precision, on
//! every CPU path: outputs, final states and every gradient, under random gradients from above.

use crate::common;

use common::{CELLS, Setup, compare_runs, shapes};
use composer_bptt::{RecurrentConfig, State};
use composer_tensor::simd::{self, Path};
use composer_testkit::Checks;

const TOLERANCE: f64 = 1e-10;

fn compare_on_every_path(checks: &mut Checks, setup: &Setup) {
    let expected = setup.reference();
    if let Some(textbook) = setup.textbook() {
        compare_runs(checks, &format!("{}, textbook", setup.name()), setup, &textbook, &expected, TOLERANCE);
    }
    for path in Path::all_available() {
        let _held = simd::use_path(path).expect("it is available");
        compare_runs(
            checks,
            &format!("{} on {path}", setup.name()),
            setup,
            &setup.fused::<f64>(),
            &expected,
            TOLERANCE,
        );
    }
}

#[test]
fn every_shape_agrees() {
    let mut checks = Checks::new();
    for (cell, steps, batch, hidden, layers) in shapes() {
        // Without biases for every other size, so that both kinds meet every cell.
        let config = RecurrentConfig {
            cell,
            input: 5,
            hidden,
            layers,
            bias: hidden % 2 == 1,
            ..RecurrentConfig::default()
        };
        let mut setup = Setup::new(config, steps, batch, 11);
        // As without an initial state; one step from zeros would leave the recurrent weights without a gradient.
        if layers == 2 && steps > 1 {
            setup.state = State::zeros(&setup.config, batch);
        }
        compare_on_every_path(&mut checks, &setup);
    }
    checks.finish();
}

#[test]
fn padding_both_directions_and_normalisation_agree() {
    let mut checks = Checks::new();
    for cell in CELLS {
        for bidirectional in [false, true] {
            for layer_norm in [false, true] {
                for bias in [false, true] {
                    let config = RecurrentConfig {
                        cell,
                        input: 4,
                        hidden: 9,
                        layers: 2,
                        bias,
                        bidirectional,
                        layer_norm,
                        ..RecurrentConfig::default()
                    };
                    compare_on_every_path(&mut checks, &Setup::new(config.clone(), 7, 3, 13));
                    compare_on_every_path(&mut checks, &Setup::new(config, 7, 5, 17).padded());
                }
            }
        }
    }
    checks.finish();
}

#[test]
fn saturated_gates_agree() {
    let mut checks = Checks::new();
    for cell in CELLS {
        let config = RecurrentConfig { cell, input: 6, hidden: 8, layers: 2, ..RecurrentConfig::default() };
        // The linear cell explodes with such weights; its steps are few.
        let steps = if cell == composer_bptt::Cell::RnnRelu { 3 } else { 17 };
        compare_on_every_path(&mut checks, &Setup::new(config, steps, 3, 19).saturated());
    }
    checks.finish();
}

#[test]
fn zoneout_by_its_expectation_agrees() {
    let mut checks = Checks::new();
    for cell in CELLS {
        let config = RecurrentConfig {
            cell,
            input: 4,
            hidden: 7,
            layers: 2,
            zoneout: 0.2,
            zoneout_cell: 0.4,
            ..RecurrentConfig::default()
        };
        compare_on_every_path(&mut checks, &Setup::new(config.clone(), 6, 3, 23));
        compare_on_every_path(&mut checks, &Setup::new(config, 6, 3, 29).padded());
    }
    checks.finish();
}

#[test]
fn many_chunks_agree() {
    let mut checks = Checks::new();
    for cell in CELLS {
        let config =
            RecurrentConfig { cell, input: 3, hidden: 5, bidirectional: true, ..RecurrentConfig::default() };
        compare_on_every_path(&mut checks, &Setup::new(config, 40, 33, 31)); // more rows than a chunk of the backward pass
    }
    checks.finish();
}
