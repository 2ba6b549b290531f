//! Optimisers and schedules do what PyTorch's do: goldens from `scripts/goldens/optimizers.py`.

use composer_bptt::Parameters;
use composer_testkit::{Checks, Golden, GoldenCase, f32s, f64s};
use composer_training::schedule::Plateau;
use composer_training::{Optimizer, OptimizerConfig, OptimizerKind, Schedule, ScheduleKind};

/// Twenty updates in f32, rounded differently.
const TOLERANCE: f64 = 2e-6;

fn golden(file: &str) -> Golden {
    Golden::read(format!("{}/tests/golden/{file}", env!("CARGO_MANIFEST_DIR")))
}

fn config(case: &GoldenCase) -> (OptimizerConfig, f64) {
    let number = |name: &str| case.config.get(name).and_then(|value| value.as_f64());
    let default = OptimizerConfig::default();
    let kind = match case.config["kind"].as_str().expect("a name") {
        "sgd" => OptimizerKind::Sgd,
        "rmsprop" => OptimizerKind::RmsProp,
        "adam" => OptimizerKind::Adam,
        _ => OptimizerKind::AdamW,
    };
    let beta = |index: usize, otherwise: f64| {
        case.config.get("betas").and_then(|betas| betas[index].as_f64()).unwrap_or(otherwise)
    };
    let config = OptimizerConfig {
        kind,
        momentum: number("momentum").unwrap_or(0.0),
        nesterov: case.config.contains_key("nesterov"),
        beta1: beta(0, default.beta1),
        beta2: beta(1, default.beta2),
        alpha: number("alpha").unwrap_or(default.alpha),
        epsilon: number("eps").unwrap_or(default.epsilon),
        weight_decay: number("weight_decay").unwrap_or(0.0),
    };
    (config, number("rate").expect("a rate"))
}

#[test]
fn every_optimiser_moves_weights_as_pytorch_does() {
    let golden = golden("optimizers.json");
    let mut checks = Checks::new();
    for case in &golden.cases {
        let (config, rate) = config(case);
        config.check().unwrap();
        let mut params = Parameters::<f32>::new();
        let id = params.add("weights", &[6]);
        params.value_mut(id).copy_from_slice(&f32s(case.values("first")));
        let mut optimizer = Optimizer::new(config, 6);
        let mut found = Vec::new();
        for gradient in case.values("gradients").chunks_exact(6) {
            params.grad_mut(id).copy_from_slice(&f32s(gradient));
            optimizer.update(&mut params, rate);
            found.extend(f64s(params.value(id)));
        }
        checks.close(&case.name, &found, case.values("values"), TOLERANCE);
    }
    checks.finish();
    assert_eq!(golden.cases.len(), 8);
}

#[test]
fn one_cycle_and_plateau_follow_pytorch() {
    let mut checks = Checks::new();
    for case in &golden("schedules.json").cases {
        let number = |name: &str| case.config.get(name).and_then(|value| value.as_f64());
        let mut found = Vec::new();
        let mut plateau = Plateau::default();
        if let Some(total) = number("total") {
            let schedule = Schedule {
                kind: ScheduleKind::OneCycle,
                rise: number("rise").expect("a share"),
                ..Schedule::default()
            };
            found.extend((0..total as u64).map(|update| schedule.factor(update, total as u64, &plateau)));
        } else {
            let schedule = Schedule {
                kind: ScheduleKind::Plateau,
                warmup: 0,
                factor: number("factor").expect("a factor"),
                patience: case.size("patience") as u64,
                ..Schedule::default()
            };
            for &loss in case.values("losses") {
                schedule.validated(loss, &mut plateau);
                found.push(schedule.factor(0, 1, &plateau));
            }
        }
        checks.close(&case.name, &found, case.values("factors"), 1e-9);
    }
    checks.finish();
}
