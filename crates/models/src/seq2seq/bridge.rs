//! States as the bridge reads and writes them: one row of numbers for each row of the batch.

use composer_bptt::{RecurrentConfig, State};
use composer_tensor::Scalar;

/// A state `[L·D, B, H]` as one row of numbers for each row of the batch: all of `h`, then all of `c`.
pub(super) fn by_row<S: Scalar>(state: &State<S>, config: &RecurrentConfig, rows: &mut Vec<S>) {
    let (batch, hidden) = (state.batch(), config.hidden);
    rows.clear();
    for b in 0..batch {
        for layer in state.h.chunks_exact(batch * hidden).chain(state.c.chunks_exact(batch * hidden)) {
            rows.extend_from_slice(&layer[b * hidden..][..hidden]);
        }
    }
}

/// The inverse of [`by_row`].
pub(super) fn by_layer<S: Scalar>(
    rows: &[S],
    config: &RecurrentConfig,
    batch: usize,
) -> Result<State<S>, composer_bptt::Error> {
    let hidden = config.hidden;
    let mut state = State::zeros(config, batch);
    let width = rows.len() / batch.max(1);
    let layers = state.h.chunks_exact_mut(batch * hidden).chain(state.c.chunks_exact_mut(batch * hidden));
    for (index, layer) in layers.enumerate() {
        for b in 0..batch {
            layer[b * hidden..][..hidden].copy_from_slice(&rows[b * width + index * hidden..][..hidden]);
        }
    }
    Ok(state)
}
