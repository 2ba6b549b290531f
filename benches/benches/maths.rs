//! What does an activation cost? Vectorised functions on every path, against the standard library.

use composer_tensor::maths::{exp_slice, sigmoid_slice, tanh_slice};
use composer_tensor::simd::{self, Path};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

const LENGTH: usize = 4096;

fn maths(c: &mut Criterion) {
    let x: Vec<f32> = (0..LENGTH).map(|i| (i as f32 / 300.0).sin() * 8.0).collect();
    let mut y = x.clone();
    type Case = (&'static str, fn(&mut [f32]), fn(f32) -> f32);
    let cases: [Case; 3] = [
        ("exp", exp_slice, f32::exp),
        ("sigmoid", sigmoid_slice, |x| 1.0 / (1.0 + (-x).exp())),
        ("tanh", tanh_slice, f32::tanh),
    ];
    for (name, vectorised, standard) in cases {
        let mut group = c.benchmark_group(name);
        group.throughput(Throughput::Elements(LENGTH as u64));
        for path in Path::all_available() {
            let _held = simd::use_path(path).expect("it is available");
            group.bench_function(BenchmarkId::new(path.to_string(), LENGTH), |b| {
                b.iter(|| {
                    y.copy_from_slice(&x);
                    vectorised(&mut y);
                });
            });
        }
        group.bench_function(BenchmarkId::new("std", LENGTH), |b| {
            b.iter(|| y.iter_mut().zip(&x).for_each(|(y, &x)| *y = standard(x)));
        });
        group.finish();
    }
}

criterion_group!(benches, maths);
criterion_main!(benches);
