//! What does each cell cost, forward and backward? One layer, inputs gathered and multiplied; elements are frames.

use composer_bptt::{Cell, Init, Mode, Parameters, Recurrent, RecurrentConfig, RecurrentWorkspace, State};
use composer_studies::speed::Roll;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ndarray::Array3;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

const BATCH: usize = 32;
const STEPS: usize = 64;

fn cells(c: &mut Criterion) {
    let roll = Roll::random(STEPS * BATCH, 88, 3);
    for cell in [Cell::RnnTanh, Cell::Lstm, Cell::Gru] {
        let mut group = c.benchmark_group(cell.to_string());
        group.throughput(Throughput::Elements((STEPS * BATCH) as u64)).sample_size(20);
        for hidden in [128, 256, 512] {
            let config = RecurrentConfig { cell, input: 88, hidden, ..RecurrentConfig::default() };
            let mut params = Parameters::<f32>::new();
            let stack = Recurrent::new(config.clone(), "", &mut params).expect("the sizes are right");
            stack.init(&mut params, &Init::PYTORCH, &mut ChaCha8Rng::seed_from_u64(1));
            let mut state = State::zeros(&config, BATCH);
            let mut ws = RecurrentWorkspace::new();
            let d_output = Array3::from_elem((STEPS, BATCH, hidden), 0.01);
            for (name, sparse) in [("gathered", true), ("multiplied", false)] {
                let input = roll.input(sparse, BATCH);
                group.bench_function(BenchmarkId::new(format!("forward-{name}"), hidden), |b| {
                    b.iter(|| {
                        stack.forward(&params, input, &mut state, None, Mode::Eval, &mut ws).expect("fits");
                    });
                });
                for probe in ["", "-probed"] {
                    if probe == "-probed" {
                        ws.attach_probe();
                    }
                    group.bench_function(BenchmarkId::new(format!("backward-{name}{probe}"), hidden), |b| {
                        b.iter(|| {
                            stack.backward(&mut params, input, d_output.view(), None, &mut ws).expect("fits")
                        });
                    });
                    ws.detach_probe();
                }
            }
        }
        group.finish();
    }
}

criterion_group!(benches, cells);
criterion_main!(benches);
