//! All weights in blocks, which threads share.

use crate::parameters::Parameters;
use composer_tensor::parallel::{ReadRows, SliceRows, share_rows};
use composer_tensor::split_rows_by_field;

/// Elements that are worth another thread, and that are summed at a time: fixed, so that sums do not depend on the number of
/// threads.
pub(super) const BLOCK: usize = 1 << 14;

/// Some weights, their gradients, and what is remembered of each.
struct Weights<'a, S> {
    values: SliceRows<'a, S>,
    grads: ReadRows<'a, S>,
    first: Option<SliceRows<'a, S>>,
    second: Option<SliceRows<'a, S>>,
}

split_rows_by_field!(Weights { values, grads, first, second });

/// Runs `step(values, gradients, memory)` on all weights; threads share them. A memory that is not kept is empty.
pub(super) fn each_block(
    params: &mut Parameters<f32>,
    memory: [&mut [f32]; 2],
    step: &(impl Fn(&mut [f32], &[f32], [&mut [f32]; 2]) + Sync),
) {
    let (values, grads) = params.split();
    let rows = values.len();
    let [first, second] =
        memory.map(|data| (!data.is_empty()).then_some(SliceRows { data, first: 0, width: 1 }));
    let weights = Weights {
        values: SliceRows { data: values, first: 0, width: 1 },
        grads: ReadRows { data: grads, width: 1 },
        first,
        second,
    };
    share_rows(weights, rows, BLOCK, &|part| {
        let memory = [part.first, part.second].map(|kept| kept.map_or(&mut [][..], |kept| kept.data));
        step(part.values.data, part.grads.data, memory);
    });
}
