//! A training step lowers the loss and allocates what is stated; gradient checkpointing gives the same losses with less memory.

use approx::abs_diff_eq;
use composer_bptt::Cell;
use composer_studies::speed::{Options, Shape, Training};
use composer_tensor::allocations::{Allocated, CountingAllocator, count};
use composer_testkit::alone;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// The ratio of features to units is that of 88 to 512.
const SHAPE: Shape = Shape { cell: Cell::Lstm, features: 22, hidden: 128, layers: 1, batch: 16, steps: 128 };
const CHECKPOINTING: Options = Options { dense: false, recompute: true };

/// Memory that a model and two training steps allocate.
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
fn memory_is_little_more_than_the_saved_activations() {
    alone("speed::memory_is_little_more_than_the_saved_activations", || {
        for cell in [Cell::Lstm, Cell::Gru] {
            // The difference between two lengths cancels what does not grow with the length: weights, optimiser, scratch.
            let [short, long] = [256, 512].map(|steps| Shape { cell, steps, ..SHAPE });
            let [a, b] = [short, long].map(|shape| memory(shape, Options::default()).peak);
            let saved = long.activation_bytes() - short.activation_bytes();
            let ratio = (b - a) as f64 / saved as f64;
            println!("{cell}: {ratio:.3} times the saved activations");
            assert!((1.0..1.3).contains(&ratio), "{cell}: {ratio}");
        }
    });
}

#[test]
#[ignore = "takes 2 GB and up to a minute"]
fn memory_of_a_long_piece_is_within_a_third_of_its_activations() {
    alone("speed::memory_of_a_long_piece_is_within_a_third_of_its_activations", || {
        let shape = Shape { cell: Cell::Lstm, features: 88, hidden: 512, layers: 1, batch: 64, steps: 2048 };
        let ratio = memory(shape, Options::default()).peak as f64 / shape.activation_bytes() as f64;
        println!("{shape}: {ratio:.3} times the saved activations");
        assert!((1.0..1.3).contains(&ratio), "{ratio}");
    });
}

#[test]
fn gradient_checkpointing_gives_the_same_losses_in_the_square_root_of_the_memory() {
    alone("speed::gradient_checkpointing_gives_the_same_losses_in_the_square_root_of_the_memory", || {
        let shape = Shape { hidden: 256, features: 8, batch: 64, steps: 64, ..SHAPE };
        let losses = |options| {
            let mut model = Training::new(shape, options).unwrap();
            (0..3).map(|_| model.step().unwrap().0).collect::<Vec<_>>()
        };
        let (saved, recomputed) = (losses(Options::default()), losses(CHECKPOINTING));
        assert!(saved.windows(2).all(|pair| pair[1] < pair[0]), "the loss falls: {saved:?}");
        for (saved, recomputed) in saved.iter().zip(&recomputed) {
            assert!(abs_diff_eq!(saved, recomputed, epsilon = 1e-6), "{saved} and {recomputed}");
        }

        // Inputs and targets grow with the length as well; the weights do not.
        let activations = |steps, options| {
            let shape = Shape { steps, ..shape };
            let data = 4 * (2 * shape.features * shape.batch * steps) as u64;
            memory(shape, options).peak - data - memory(Shape { steps: 1, ..shape }, Options::default()).peak
        };
        let [saved, recomputed] =
            [Options::default(), CHECKPOINTING].map(|options| activations(256, options));
        println!("256 steps: {saved} bytes, with gradient checkpointing {recomputed}");
        assert!(
            recomputed * 8 < saved,
            "16 steps and 16 states instead of 256 steps: {recomputed} of {saved}"
        );
        let growth = recomputed as f64 / activations(64, CHECKPOINTING) as f64;
        println!("four times the length, {growth:.2} times the memory");
        assert!((1.5..2.6).contains(&growth), "about the square root of 4: {growth}");
    });
}
