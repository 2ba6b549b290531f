//! One step of the GRU on the tape.

use composer_tensor::Scalar;

use super::cells::{Products, ReferenceCell, Step, Weights, products};
use super::tape::{Node, Tape};

/// ```text
/// r = σ(W_ir x + b_ir + W_hr h_prev + b_hr)      z alike
/// n = tanh(W_in x + b_in + r (W_hn h_prev + b_hn))
/// h = (1 − z) n + z h_prev
/// ```
pub struct Gru;

impl ReferenceCell for Gru {
    fn step<S: Scalar>(tape: &mut Tape<S>, weights: &Weights, step: Step) -> (Node, Option<Node>) {
        let Products { input, recurrent } = products(tape, weights, 3, step.x, step.h_prev);
        let a_r = tape.add(input[0], recurrent[0]);
        let r = tape.sigmoid(a_r);
        let a_z = tape.add(input[1], recurrent[1]);
        let z = tape.sigmoid(a_z);
        let reset = tape.multiply(r, recurrent[2]);
        let a_n = tape.add(input[2], reset);
        let n = tape.tanh(a_n);
        let not_z = tape.one_minus(z);
        let new = tape.multiply(not_z, n);
        let kept = tape.multiply(z, step.h_prev);
        (tape.add(new, kept), None)
    }
}
