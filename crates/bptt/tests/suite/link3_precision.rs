//! Link 3 of the chain of proof: the fused implementation in `f32` against itself in `f64`.

use crate::common;

use common::{Setup, shapes};
use composer_bptt::RecurrentConfig;
use composer_bptt::reference::Run;
use composer_tensor::simd::{self, Path};
use composer_testkit::Checks;

/// A few hundred roundings, half of them in each direction, through up to 51 cells on top of each other.
const TOLERANCE: f64 = 200.0 * f32::EPSILON as f64;

#[test]
fn single_precision_is_double_precision_rounded() {
    let mut checks = Checks::new();
    for (cell, steps, batch, hidden, layers) in shapes() {
        let config = RecurrentConfig { cell, input: 5, hidden, layers, ..RecurrentConfig::default() };
        let mut setup = Setup::new(config, steps, batch, 37);
        // Start from numbers that both types have.
        setup.params = setup.params.cast::<f32>().cast();
        for values in [&mut setup.input, &mut setup.state.h, &mut setup.state.c, &mut setup.d_output] {
            values.iter_mut().for_each(|value| *value = f64::from(*value as f32));
        }
        let expected = setup.fused::<f64>();
        for path in Path::all_available() {
            let _held = simd::use_path(path).expect("it is available");
            let name = format!("{} on {path}", setup.name());
            let found = setup.fused::<f32>();
            // All gradients at once: a single one may be a sum that cancels to almost nothing.
            let all =
                |run: &Run<f64>| [&run.grads[..], &run.d_input, &run.d_state.h, &run.d_state.c].concat();
            checks.close(&format!("{name}: output"), &found.output, &expected.output, TOLERANCE);
            checks.close(&format!("{name}: h_n"), &found.state_n.h, &expected.state_n.h, TOLERANCE);
            checks.close(&format!("{name}: gradients"), &all(&found), &all(&expected), TOLERANCE);
        }
    }
    checks.finish();
}
