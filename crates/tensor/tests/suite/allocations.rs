//! What is counted is what was allocated, on any thread, and only while somebody counts.

use composer_tensor::allocations::{Allocated, CountingAllocator, count};
use composer_testkit::alone;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// Whatever another test allocates would be counted too.
#[test]
fn counts_are_those_of_every_thread_and_end_with_the_run() {
    alone("allocations::counts_are_those_of_every_thread_and_end_with_the_run", counts);
}

fn counts() {
    let counted = |run: &mut dyn FnMut()| count(run).1.expect("the allocator counts");
    assert_eq!(counted(&mut || ()), Allocated::default());

    let both = counted(&mut || drop((vec![1u8; 1000], vec![0u8; 500])));
    assert_eq!((both.count, both.bytes, both.peak, both.kept), (2, 1500, 1500, 0));

    let in_turn = counted(&mut || (0..3).for_each(|_| drop(vec![1u8; 1000])));
    assert_eq!((in_turn.count, in_turn.bytes, in_turn.peak, in_turn.kept), (3, 3000, 1000, 0));

    let mut growing = vec![1u8; 100];
    let grown = counted(&mut || growing.reserve_exact(900));
    assert_eq!((grown.count, grown.bytes, grown.kept), (1, 1000, 900));
    let given_back = counted(&mut || drop(std::mem::take(&mut growing)));
    assert_eq!((given_back.bytes, given_back.peak, given_back.kept), (0, 0, -1000));

    let elsewhere = counted(&mut || {
        std::thread::scope(|scope| {
            scope.spawn(|| drop(vec![1u8; 1 << 20]));
        });
    });
    assert!(elsewhere.bytes >= 1 << 20 && elsewhere.peak >= 1 << 20, "{elsewhere:?}");

    assert!(std::panic::catch_unwind(|| count(|| panic!("inside"))).is_err());
    let (_, after) = count(|| ());
    assert_eq!(after, Some(Allocated::default()), "a panic does not leave the counter held");
}
