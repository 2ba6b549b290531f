//! What gates and units did in the last forward pass.

use composer_tensor::Scalar;
use serde::Serialize;

use crate::{Error, Recurrent, RecurrentWorkspace};

/// What one gate did in the last forward pass.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GateActivity {
    /// Its name.
    pub gate: &'static str,
    /// Whether its values lie in 0 to 1; those of candidates lie in −1 to 1 (or above 0 for a rectifier).
    pub is_sigmoid: bool,
    /// How many values lie in each twentieth of the range −1 to 1; those outside count in the last.
    pub histogram: [u64; 20],
    /// The share of values below 0.1 at each step, `[T]`; for candidates, of magnitudes.
    pub below: Vec<f64>,
    /// The share of values above 0.9 at each step, `[T]`; for candidates, of magnitudes.
    pub above: Vec<f64>,
    /// The mean at each step, `[T]`.
    pub mean: Vec<f64>,
}

/// What each gate of a layer (and direction: `index = layer·D + direction`) did in the last forward pass.
///
/// # Errors
/// There was none, or there is no such layer.
pub fn gate_activity<S: Scalar>(
    stack: &Recurrent,
    ws: &RecurrentWorkspace<S>,
    index: usize,
) -> Result<Vec<GateActivity>, Error> {
    let (steps, batch) = ws.saved_size().ok_or(Error::NoTape)?;
    let (cell, hidden) = (stack.config().cell, stack.config().hidden);
    let saved = ws.activations(index).ok_or(Error::NoTape)?;
    let spec = cell.spec();
    let slots = spec.layout.slots.len() * hidden;
    let activity = |(gate, name): (usize, &&'static str)| {
        let is_sigmoid = spec.is_sigmoid(gate);
        let slot = spec.gate_slot(gate) * hidden;
        let (mut histogram, mut below, mut above, mut mean) = ([0; 20], Vec::new(), Vec::new(), Vec::new());
        for step in saved.gates[..steps * batch * slots].chunks_exact(batch * slots) {
            let (mut low, mut high, mut sum) = (0u32, 0u32, 0.0);
            for value in step.chunks_exact(slots).flat_map(|row| &row[slot..slot + hidden]) {
                let value = value.f64();
                let size = if is_sigmoid { value } else { value.abs() };
                low += u32::from(size < 0.1);
                high += u32::from(size > 0.9);
                sum += value;
                histogram[(((value + 1.0) * 10.0).max(0.0) as usize).min(19)] += 1;
            }
            let count = (batch * hidden) as f64;
            below.push(f64::from(low) / count);
            above.push(f64::from(high) / count);
            mean.push(sum / count);
        }
        GateActivity { gate: name, is_sigmoid, histogram, below, above, mean }
    };
    Ok(cell.gates().iter().enumerate().map(activity).collect())
}

/// What every unit of a layer did in the last forward pass.
#[derive(Clone, Debug, PartialEq)]
pub struct UnitActivity<S> {
    /// The values of each gate `[T, B, H]`, in the order of [`crate::Cell::gates`].
    pub gates: Vec<Vec<S>>,
    /// The state after each step `[T, B, H]`.
    pub h: Vec<S>,
    /// The cell state after each step `[T, B, H]`; empty for a cell without `c`.
    pub c: Vec<S>,
}

/// The gates and states of every unit of a layer (and direction: `index = layer·D + direction`) in the last forward pass.
///
/// # Errors
/// There was none, or there is no such layer.
pub fn unit_activity<S: Scalar>(
    stack: &Recurrent,
    ws: &RecurrentWorkspace<S>,
    index: usize,
) -> Result<UnitActivity<S>, Error> {
    let (steps, batch) = ws.saved_size().ok_or(Error::NoTape)?;
    let (cell, hidden) = (stack.config().cell, stack.config().hidden);
    let saved = ws.activations(index).ok_or(Error::NoTape)?;
    let spec = cell.spec();
    let slots = spec.layout.slots.len() * hidden;
    let of_gate = |gate: usize| {
        let slot = spec.gate_slot(gate) * hidden;
        let rows = saved.gates[..steps * batch * slots].chunks_exact(slots);
        rows.flat_map(|row| &row[slot..slot + hidden]).copied().collect()
    };
    // Before the first step there is a state, too.
    let after = |states: &[S]| states.get(batch * hidden..).map_or_else(Vec::new, <[S]>::to_vec);
    Ok(UnitActivity {
        gates: (0..cell.gates().len()).map(of_gate).collect(),
        h: after(&saved.h),
        c: if cell.has_c() { after(&saved.c) } else { Vec::new() },
    })
}
