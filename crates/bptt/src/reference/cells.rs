//! One step of each cell, gate by gate, as the textbooks write it.

use composer_tensor::Scalar;

use super::tape::{Node, Tape};

/// The parameters of one layer in one direction, on the tape.
#[derive(Clone, Copy, Debug)]
pub struct Weights {
    /// `[G·H, F]`
    pub weight_ih: Node,
    /// `[G·H, H]`
    pub weight_hh: Node,
    /// `[1, G·H]` each.
    pub biases: Option<(Node, Node)>,
    /// The gains of layer normalisation, `[1, G·H]` each.
    pub gains: Option<(Node, Node)>,
    /// `H`
    pub hidden: usize,
}

/// Added to the variance by layer normalisation.
const EPSILON: f64 = 1e-5;

/// `W x + b` of all gates for one of the two products, each gate `[B, H]`.
struct Products {
    input: Vec<Node>,
    recurrent: Vec<Node>,
}

/// Both products of a step, cut into gates. With layer normalisation, each product is normalised over all gates first.
fn products<S: Scalar>(
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

/// `h = φ(W_ih x + b_ih + W_hh h_prev + b_hh)`
pub fn rnn<S: Scalar>(tape: &mut Tape<S>, weights: &Weights, relu: bool, x: Node, h_prev: Node) -> Node {
    let Products { input, recurrent } = products(tape, weights, 1, x, h_prev);
    let a = tape.add(input[0], recurrent[0]);
    if relu { tape.relu(a) } else { tape.tanh(a) }
}

/// Returns `h` and `c`.
///
/// ```text
/// i = σ(W_ii x + b_ii + W_hi h_prev + b_hi)      f, o alike      g = tanh(W_ig x + b_ig + W_hg h_prev + b_hg)
/// c = f c_prev + i g
/// h = o tanh(c)
/// ```
pub fn lstm<S: Scalar>(
    tape: &mut Tape<S>,
    weights: &Weights,
    x: Node,
    h_prev: Node,
    c_prev: Node,
) -> (Node, Node) {
    let Products { input, recurrent } = products(tape, weights, 4, x, h_prev);
    let [a_i, a_f, a_g, a_o] = [0, 1, 2, 3].map(|gate| tape.add(input[gate], recurrent[gate]));
    let i = tape.sigmoid(a_i);
    let f = tape.sigmoid(a_f);
    let g = tape.tanh(a_g);
    let o = tape.sigmoid(a_o);
    let kept = tape.multiply(f, c_prev);
    let added = tape.multiply(i, g);
    let c = tape.add(kept, added);
    let tanh_c = tape.tanh(c);
    (tape.multiply(o, tanh_c), c)
}

/// ```text
/// r = σ(W_ir x + b_ir + W_hr h_prev + b_hr)      z alike
/// n = tanh(W_in x + b_in + r (W_hn h_prev + b_hn))
/// h = (1 − z) n + z h_prev
/// ```
pub fn gru<S: Scalar>(tape: &mut Tape<S>, weights: &Weights, x: Node, h_prev: Node) -> Node {
    let Products { input, recurrent } = products(tape, weights, 3, x, h_prev);
    let a_r = tape.add(input[0], recurrent[0]);
    let r = tape.sigmoid(a_r);
    let a_z = tape.add(input[1], recurrent[1]);
    let z = tape.sigmoid(a_z);
    let reset = tape.multiply(r, recurrent[2]);
    let a_n = tape.add(input[2], reset);
    let n = tape.tanh(a_n);
    let not_z = tape.one_minus(z);
    let new = tape.multiply(not_z, n);
    let kept = tape.multiply(z, h_prev);
    tape.add(new, kept)
}
