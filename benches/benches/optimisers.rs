//! What does an update of the weights cost beside a training step? Elements are weights.

use composer_bptt::Parameters;
use composer_training::{Optimizer, OptimizerConfig, OptimizerKind, clip_grad_norm};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

/// Weights of a small LSTM (88/128/1), and of a large one (88/512/2).
const SIZES: [usize; 2] = [123_000, 3_380_000];

fn optimisers(c: &mut Criterion) {
    let mut group = c.benchmark_group("optimiser");
    group.sample_size(30);
    for size in SIZES {
        group.throughput(Throughput::Elements(size as u64));
        let mut params = Parameters::<f32>::new();
        let id = params.add("weights", &[size]);
        params.value_mut(id).copy_from_slice(&wave(size, 0));
        params.grad_mut(id).copy_from_slice(&wave(size, 7));
        // A norm that is never exceeded, and one that always is.
        for (name, most) in [("norm", 1e9), ("norm-and-clip", 1e-3)] {
            let grads = params.grads().to_vec();
            group.bench_function(BenchmarkId::new(name, size), |b| {
                b.iter(|| clip_grad_norm(&mut params, most));
            });
            params.grads_mut().copy_from_slice(&grads);
        }
        for (name, kind) in [("adam", OptimizerKind::Adam), ("sgd", OptimizerKind::Sgd)] {
            let mut optimizer = Optimizer::new(OptimizerConfig { kind, ..Default::default() }, size);
            group.bench_function(BenchmarkId::new(name, size), |b| {
                b.iter(|| optimizer.update(&mut params, 1e-6));
            });
        }
    }
    group.finish();
}

/// Numbers in ±0.1 that are not zero.
fn wave(size: usize, from: usize) -> Vec<f32> {
    (from..from + size).map(|i| (i as f32 * 0.37 + 0.1).sin() * 0.1).collect()
}

criterion_group!(benches, optimisers);
criterion_main!(benches);
