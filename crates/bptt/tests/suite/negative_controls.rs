//! A proof is worth what it would reject: broken gradients must not pass the comparison that good ones pass.

use crate::common;

use common::Setup;
use composer_bptt::{Cell, RecurrentConfig};
use composer_testkit::compare;

const TOLERANCE: f64 = 1e-5;

#[test]
fn broken_gradients_do_not_pass() {
    for cell in Cell::ALL.into_iter().filter(|cell| cell.spec().is_gated()) {
        let config = RecurrentConfig { cell, input: 4, hidden: 6, ..RecurrentConfig::default() };
        let setup = Setup::new(config, 5, 3, 101);
        let (good, expected) = (setup.fused::<f32>().grads, setup.reference().grads);
        compare(&good, &expected, TOLERANCE).expect("good gradients pass");
        for entry in setup.params.entries() {
            let gates = cell.spec().gates_of(&entry.name).len();
            let (range, gate) = (entry.range.clone(), entry.range.len() / gates);
            let rejects = |what: &str, breaks: &dyn Fn(&mut [f64])| {
                let mut broken = good[range.clone()].to_vec();
                breaks(&mut broken);
                let outcome = compare(&broken, &expected[range.clone()], TOLERANCE);
                assert!(outcome.is_err(), "{cell} {}: {what} passed", entry.name);
            };
            rejects("NaN", &|grads| grads[1] = f64::NAN);
            rejects("all zeros", &|grads| grads.fill(0.0));
            if gates > 1 {
                rejects("two swapped gates", &|grads| {
                    let (first, rest) = grads.split_at_mut(gate);
                    first.swap_with_slice(&mut rest[..gate]);
                });
            }
            rejects("a gradient scaled by 1.01", &|grads| grads.iter_mut().for_each(|g| *g *= 1.01));
            rejects("one gate scaled by 1.01", &|grads| {
                grads[(gates - 1) * gate..].iter_mut().for_each(|g| *g *= 1.01)
            });
        }
    }
}
