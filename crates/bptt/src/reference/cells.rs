//! What a cell is to the tape: one step, gate by gate. Each cell has a file of its own.

use composer_tensor::Scalar;

use super::tape::{Node, Tape};

/// One step of a cell, written down operation by operation. Its gradient is the tape's affair.
pub trait ReferenceCell {
    /// From the input and the state before, the new state; `c` is none for a cell without it.
    fn step<S: Scalar>(tape: &mut Tape<S>, weights: &Weights, step: Step) -> (Node, Option<Node>);
}

/// What a step reads, each `[B, ·]`.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// `[B, F]`
    pub x: Node,
    /// `[B, H]`
    pub h_prev: Node,
    /// `[B, H]`, if the cell has `c`.
    pub c_prev: Option<Node>,
}

/// The parameters of one layer in one direction, on the tape.
#[derive(Clone, Debug)]
pub struct Weights {
    /// `[G·H, F]`
    pub weight_ih: Node,
    /// `[G·H, H]`
    pub weight_hh: Node,
    /// `[1, G·H]` each.
    pub biases: Option<(Node, Node)>,
    /// The gains of layer normalisation, `[1, G·H]` each.
    pub gains: Option<(Node, Node)>,
    /// Diagonal weights, `[1, H]` each; none for most cells.
    pub diagonals: Vec<Node>,
    /// `H`
    pub hidden: usize,
}

/// Added to the variance by layer normalisation.
const EPSILON: f64 = 1e-5;

/// `W x + b` of all gates for one of the two products, each gate `[B, H]`.
pub(super) struct Products {
    pub input: Vec<Node>,
    pub recurrent: Vec<Node>,
}

/// Both products of a step, cut into gates. With layer normalisation, each product is normalised over all gates first.
pub(super) fn products<S: Scalar>(
    tape: &mut Tape<S>,
    weights: &Weights,
    gates: usize,
    x: Node,
    h_prev: Node,
) -> Products {
    let mut product = |x: Node, weight: Node, gain: Option<Node>, bias: Option<Node>| {
        let hidden = weights.hidden;
        // Without normalisation, each gate is a product of its own.
        if gain.is_none() {
            return (0..gates)
                .map(|gate| {
                    let w = tape.rows(weight, gate * hidden, (gate + 1) * hidden);
                    let a = tape.times_transposed(x, w);
                    match bias {
                        Some(bias) => {
                            let b = columns(tape, bias, gate, gates, hidden);
                            tape.add_row(a, b)
                        }
                        None => a,
                    }
                })
                .collect::<Vec<_>>();
        }
        let mut a = tape.times_transposed(x, weight);
        if let Some(gain) = gain {
            let x_hat = normalise(tape, a);
            a = tape.multiply_by_row(x_hat, gain);
        }
        if let Some(bias) = bias {
            a = tape.add_row(a, bias);
        }
        (0..gates).map(|gate| columns(tape, a, gate, gates, hidden)).collect()
    };
    let (gain_ih, gain_hh) = weights.gains.unzip();
    let (bias_ih, bias_hh) = weights.biases.unzip();
    Products {
        input: product(x, weights.weight_ih, gain_ih, bias_ih),
        recurrent: product(h_prev, weights.weight_hh, gain_hh, bias_hh),
    }
}

/// Columns `gate·H..(gate + 1)·H` of a matrix, by a product with ones at the right places.
fn columns<S: Scalar>(tape: &mut Tape<S>, a: Node, gate: usize, gates: usize, hidden: usize) -> Node {
    let mut choose = vec![S::zero(); hidden * gates * hidden];
    for unit in 0..hidden {
        choose[unit * gates * hidden + gate * hidden + unit] = S::one();
    }
    let choose = tape.leaf(hidden, gates * hidden, &choose);
    tape.times_transposed(a, choose)
}

/// `(a − mean(a)) / sqrt(var(a) + ε)`, row by row.
fn normalise<S: Scalar>(tape: &mut Tape<S>, a: Node) -> Node {
    let mean = tape.row_means(a);
    let centred = tape.subtract_column(a, mean);
    let squares = tape.multiply(centred, centred);
    let variance = tape.row_means(squares);
    let scale = tape.inverse_root(variance, S::of(EPSILON));
    tape.multiply_by_column(centred, scale)
}
