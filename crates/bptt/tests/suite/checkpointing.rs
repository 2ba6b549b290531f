//! Activations computed again give the gradients of activations kept.

use crate::common;

use common::{CELLS, Setup, hold_path};
use composer_bptt::arrays::view;
use composer_bptt::{Cell, Checkpointed, CheckpointingWorkspace, Input, Mode, RecurrentConfig};
use composer_testkit::Checks;
use ndarray::s;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// Gradients of parameters and initial state, in segments.
fn in_segments(setup: &Setup, input: Input<'_, f32>, segment: usize) -> (Vec<f64>, Vec<f64>) {
    let mut params = setup.params.cast::<f32>();
    let mut state = common::cast_state::<f32>(&setup.state, &setup.config);
    let mut ws = CheckpointingWorkspace::new();
    let mut rng = ChaCha8Rng::seed_from_u64(setup.train.unwrap_or(0));
    let mode = if setup.train.is_some() { Mode::Train { rng: &mut rng } } else { Mode::Eval };
    let d_output = common::cast::<f32>(&setup.d_output);
    let d_output = view(setup.d_output().raw_dim(), &d_output);
    setup
        .stack
        .train_with_checkpointing(
            &mut params,
            Checkpointed { input, mask: setup.mask.as_ref(), segment },
            &mut state,
            mode,
            |_, steps, _, mut d| {
                d.assign(&d_output.slice(s![steps, .., ..]));
                Ok(())
            },
            &mut ws,
        )
        .expect("the sizes are right");
    (common::back(params.grads()), common::back(&ws.d_state().h))
}

#[test]
fn gradients_are_identical() {
    let _held = hold_path();
    let mut checks = Checks::new();
    for cell in CELLS {
        // Four steps are a chunk of the backward pass at this batch.
        let config = RecurrentConfig { cell, input: 5, hidden: 256, layers: 2, ..RecurrentConfig::default() };
        let mut setup = Setup::new(config, 21, 64, 151);
        setup.params.values_mut().iter_mut().for_each(|p| *p *= 0.5);
        setup.d_state_n.reset();
        let segment = setup.stack.segment_steps(21, 64);
        assert!(segment < 21 || cell != Cell::Lstm, "{segment}");
        let whole = setup.fused::<f32>();
        let x = setup.input().mapv(|x| x as f32);
        let (grads, d_h_0) = in_segments(&setup, Input::Dense(x.view()), segment);
        checks.identical(&format!("{} gradients", setup.name()), &grads, &whole.grads);
        checks.identical(&format!("{} d_h_0", setup.name()), &d_h_0, &whole.d_state.h);
    }
    checks.finish();
}

#[test]
fn any_segments_with_dropout_and_padding_agree() {
    let _held = hold_path();
    let mut checks = Checks::new();
    for cell in CELLS {
        let config = RecurrentConfig { cell, input: 5, hidden: 7, layers: 2, ..RecurrentConfig::default() };
        let mut setup = Setup::new(config, 11, 3, 157).padded();
        setup.d_state_n.reset();
        let whole = setup.fused::<f32>();
        let x = setup.input().mapv(|x| x as f32);
        for segment in [1, 2, 5, 11, 40] {
            let (grads, d_h_0) = in_segments(&setup, Input::Dense(x.view()), segment);
            checks.close(&format!("{} in {segment}", setup.name()), &grads, &whole.grads, 1e-5);
            checks.close(&format!("{} d_h_0 in {segment}", setup.name()), &d_h_0, &whole.d_state.h, 1e-5);
        }
        // A part draws the same masks the second time: a seed gives the same gradients twice, and others without dropout.
        let mut dropped = setup.clone();
        let config = RecurrentConfig { dropout: 0.5, ..setup.config.clone() };
        let mut names = composer_bptt::Parameters::<f64>::new();
        dropped.stack =
            composer_bptt::Recurrent::new(config.clone(), "", &mut names).expect("the sizes are right");
        dropped.config = config;
        dropped.train = Some(3);
        let one = in_segments(&dropped, Input::Dense(x.view()), 11);
        assert_eq!(one.0, dropped.fused::<f32>().grads, "one segment is the whole");
        let parts = in_segments(&dropped, Input::Dense(x.view()), 4);
        assert_ne!(parts.0, in_segments(&setup, Input::Dense(x.view()), 4).0);
        assert_eq!(parts.0, in_segments(&dropped, Input::Dense(x.view()), 4).0);
    }
    checks.finish();
}
