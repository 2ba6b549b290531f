//! One step of the minimal gated unit on the tape.

use composer_tensor::Scalar;

use super::cells::{Products, ReferenceCell, Step, Weights, products};
use super::tape::{Node, Tape};

/// ```text
/// f = σ(W_if x + b_if + W_hf h_prev + b_hf)
/// n = tanh(W_in x + b_in + f (W_hn h_prev + b_hn))
/// h = (1 − f) h_prev + f n
/// ```
pub struct MinimalGatedUnit;

impl ReferenceCell for MinimalGatedUnit {
    fn step<S: Scalar>(tape: &mut Tape<S>, weights: &Weights, step: Step) -> (Node, Option<Node>) {
        let Products { input, recurrent } = products(tape, weights, 2, step.x, step.h_prev);
        let a_f = tape.add(input[0], recurrent[0]);
        let f = tape.sigmoid(a_f);
        let gated = tape.multiply(f, recurrent[1]);
        let a_n = tape.add(input[1], gated);
        let n = tape.tanh(a_n);
        let not_f = tape.one_minus(f);
        let kept = tape.multiply(not_f, step.h_prev);
        let new = tape.multiply(f, n);
        (tape.add(kept, new), None)
    }
}
