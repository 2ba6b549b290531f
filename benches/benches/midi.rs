//! How fast is a MIDI file read, written, and laid on the grid? All pieces of the built-in corpus in turn; bytes are those of the
//! files.

use std::hint::black_box;

use composer_music::midi;
use composer_music::representation::frames::FrameRepresentation;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

/// The contents of the MIDI files in a folder of the datasets, in the order of their names.
fn files(folder: &str) -> Vec<Vec<u8>> {
    let folder = format!("{}/../datasets/{folder}", env!("CARGO_MANIFEST_DIR"));
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .expect("datasets ship with the source")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "mid"))
        .collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).expect("a file")).collect()
}

fn parsing(c: &mut Criterion) {
    let mut group = c.benchmark_group("midi");
    group.sample_size(20);
    for folder in ["mutopia-pd", "freedoom"] {
        let files = files(folder);
        let bytes = files.iter().map(Vec::len).sum::<usize>();
        let scores: Vec<_> = files
            .iter()
            .map(|file| midi::read(file).expect("the built-in corpus is readable").score)
            .collect();
        let frames = FrameRepresentation::default();
        group.throughput(Throughput::Bytes(bytes as u64));
        group.bench_function(BenchmarkId::new("read", folder), |b| {
            b.iter(|| files.iter().for_each(|file| drop(black_box(midi::read(file)))));
        });
        group.bench_function(BenchmarkId::new("write", folder), |b| {
            b.iter(|| scores.iter().for_each(|score| drop(black_box(midi::write(score)))));
        });
        group.bench_function(BenchmarkId::new("frames", folder), |b| {
            b.iter(|| scores.iter().for_each(|score| drop(black_box(frames.encode(score)))));
        });
    }
    group.finish();
}

criterion_group!(benches, parsing);
criterion_main!(benches);
