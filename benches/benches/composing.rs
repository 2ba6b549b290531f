//! How fast does a model compose, one piece or many at once, and how soon is the first step there?

use composer_bptt::{Cell, Init, RecurrentConfig};
use composer_decoding::{FrameOptions, Generator};
use composer_models::Stepper;
use composer_models::{Encoding, ModelConfig, SequenceModel};
use composer_music::representation::frames::FrameRepresentation;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

/// 16 bars of sixteenths.
const STEPS: usize = 256;

/// The network of the quick start, untrained, with an output bias under which few pitches sound, as in music.
fn model() -> SequenceModel {
    let encoding = Encoding::Frames {
        representation: FrameRepresentation::default(),
        metre: 16,
        bar_line: 24,
        look_back: 0,
        longest_match: false,
        returns: false,
        rhythm: false,
        note_lengths: 0,
        note_velocities: 0,
    };
    let recurrent = RecurrentConfig { cell: Cell::Lstm, hidden: 192, ..RecurrentConfig::default() };
    let mut config = ModelConfig::new(encoding, recurrent);
    config.coupled = true;
    let mut model = SequenceModel::new(config, &Init::default(), 1).expect("a model");
    let bias = model.params().id("output.bias").expect("a bias");
    model.params_mut().value_mut(bias).fill(-4.0);
    model
}

fn generator(model: &SequenceModel, outputs: usize) -> Generator<Stepper<'_>> {
    Generator::new(Stepper::new(model), FrameOptions::default(), outputs, 1).expect("a generator")
}

/// Steps of music in a second, over all pieces.
fn throughput(c: &mut Criterion) {
    let model = model();
    let mut group = c.benchmark_group("composing");
    group.sample_size(10);
    for outputs in [1, 4, 16, 64] {
        group.throughput(Throughput::Elements((STEPS * outputs) as u64));
        group.bench_function(BenchmarkId::new("pieces", outputs), |b| {
            b.iter(|| {
                generator(&model, outputs).take(STEPS).for_each(|step| drop(step.expect("a step")));
            });
        });
    }
    group.finish();
}

/// From nothing to the first step, the model in memory.
fn first_step(c: &mut Criterion) {
    let model = model();
    let mut group = c.benchmark_group("first-step");
    group.bench_function("1", |b| b.iter(|| generator(&model, 1).next().expect("a step").expect("a step")));
    group.finish();
}

criterion_group!(benches, throughput, first_step);
criterion_main!(benches);
