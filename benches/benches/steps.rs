//! How long is a whole training step, and a generated one?

use composer_bptt::Cell;
use composer_studies::speed::{Generation, Options, Shape, Training};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

const CELLS: [Cell; 3] = [Cell::RnnTanh, Cell::Lstm, Cell::Gru];

fn shape(cell: Cell, hidden: usize, layers: usize) -> Shape {
    Shape { cell, features: 88, hidden, layers, batch: 16, steps: 100 }
}

fn training(c: &mut Criterion) {
    let mut group = c.benchmark_group("training-step");
    group.sample_size(10).throughput(Throughput::Elements(1600));
    for cell in CELLS {
        for hidden in [128, 256] {
            let mut model =
                Training::new(shape(cell, hidden, 1), Options::default()).expect("the sizes are right");
            group.bench_function(BenchmarkId::new(cell.to_string(), hidden), |b| b.iter(|| model.step()));
        }
    }
    group.finish();
}

fn generation(c: &mut Criterion) {
    let mut group = c.benchmark_group("generated-step");
    for cell in CELLS {
        for (hidden, layers) in [(256, 1), (512, 2)] {
            let mut model = Generation::new(shape(cell, hidden, layers)).expect("the sizes are right");
            group.throughput(Throughput::Bytes(model.weight_bytes() as u64)); // every weight is read once
            group.bench_function(BenchmarkId::new(cell.to_string(), format!("{hidden}x{layers}")), |b| {
                b.iter(|| model.step())
            });
        }
    }
    group.finish();
}

criterion_group!(benches, training, generation);
criterion_main!(benches);
