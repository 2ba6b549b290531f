//! A training step learns, takes the memory that it says, and with activations computed again does the same with less.

use composer_bptt::Cell;
use composer_studies::speed::{Options, Shape, Training};
use composer_tensor::allocations::{Allocated, CountingAllocator, count};
use std::sync::{Mutex, PoisonError};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// All that is allocated counts, so one test runs at a time; what starting another test takes is little beside what is counted.
static ONE: Mutex<()> = Mutex::new(());

/// The features are to the units what 88 are to 512.
const SHAPE: Shape = Shape { cell: Cell::Lstm, features: 22, hidden: 128, layers: 1, batch: 16, steps: 128 };
const RECOMPUTE: Options = Options { dense: false, recompute: true };

/// What two steps allocate from nothing.
fn memory(shape: Shape, options: Options) -> Allocated {
    let run = || {
        let mut model = Training::new(shape, options).unwrap();
        for _ in 0..2 {
            model.step().unwrap();
        }
    };
    count(run).1.expect("the allocator counts")
}

#[test]
fn memory_is_little_more_than_the_activations_that_must_be_kept() {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    for cell in [Cell::Lstm, Cell::Gru] {
        // Between two lengths, what does not grow with the length (weights, the optimiser, scratch) falls out.
        let [short, long] = [256, 512].map(|steps| Shape { cell, steps, ..SHAPE });
        let [a, b] = [short, long].map(|shape| memory(shape, Options::default()).peak);
        let must = long.activation_bytes() - short.activation_bytes();
        let ratio = (b - a) as f64 / must as f64;
        println!("{cell}: {ratio:.3} times the activations that must be kept");
        assert!((1.0..1.3).contains(&ratio), "{cell}: {ratio}");
    }
}

#[test]
#[ignore = "takes 2 GB and up to a minute"]
fn memory_of_a_long_piece_is_within_a_third_of_its_activations() {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let shape = Shape { cell: Cell::Lstm, features: 88, hidden: 512, layers: 1, batch: 64, steps: 2048 };
    let ratio = memory(shape, Options::default()).peak as f64 / shape.activation_bytes() as f64;
    println!("{shape}: {ratio:.3} times the activations that must be kept");
    assert!((1.0..1.3).contains(&ratio), "{ratio}");
}

#[test]
fn activations_computed_again_learn_the_same_in_the_square_root_of_the_memory() {
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let shape = Shape { hidden: 256, features: 8, batch: 64, steps: 64, ..SHAPE };
    let losses = |options| {
        let mut model = Training::new(shape, options).unwrap();
        (0..3).map(|_| model.step().unwrap().0).collect::<Vec<_>>()
    };
    let (kept, again) = (losses(Options::default()), losses(RECOMPUTE));
    assert!(kept.windows(2).all(|pair| pair[1] < pair[0]), "it learns: {kept:?}");
    for (kept, again) in kept.iter().zip(&again) {
        assert!((kept - again).abs() < 1e-6, "{kept} and {again}");
    }

    // Beside the activations there are the music itself, which grows with its length, and the weights, which do not grow.
    let activations = |steps, options| {
        let shape = Shape { steps, ..shape };
        let music = 4 * (2 * shape.features * shape.batch * steps) as u64;
        memory(shape, options).peak - music - memory(Shape { steps: 1, ..shape }, Options::default()).peak
    };
    let [kept, again] = [Options::default(), RECOMPUTE].map(|options| activations(256, options));
    println!("256 steps: {kept} bytes, computed again {again}");
    assert!(again * 8 < kept, "segments of 16 steps and their first states: {again} of {kept}");
    let growth = again as f64 / activations(64, RECOMPUTE) as f64;
    println!("four times the length, {growth:.2} times the memory");
    assert!((1.5..2.6).contains(&growth), "about the square root of 4: {growth}");
}
