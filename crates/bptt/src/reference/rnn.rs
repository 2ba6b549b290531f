//! One step of the vanilla RNN on the tape.

use composer_tensor::Scalar;

use super::cells::{Products, ReferenceCell, Step, Weights, products};
use super::tape::{Node, Tape};

/// `h = tanh(W_ih x + b_ih + W_hh h_prev + b_hh)`
pub struct Tanh;

impl ReferenceCell for Tanh {
    fn step<S: Scalar>(tape: &mut Tape<S>, weights: &Weights, step: Step) -> (Node, Option<Node>) {
        let a = sum(tape, weights, step);
        (tape.tanh(a), None)
    }
}

/// `h = max(0, W_ih x + b_ih + W_hh h_prev + b_hh)`
pub struct Relu;

impl ReferenceCell for Relu {
    fn step<S: Scalar>(tape: &mut Tape<S>, weights: &Weights, step: Step) -> (Node, Option<Node>) {
        let a = sum(tape, weights, step);
        (tape.relu(a), None)
    }
}

fn sum<S: Scalar>(tape: &mut Tape<S>, weights: &Weights, step: Step) -> Node {
    let Products { input, recurrent } = products(tape, weights, 1, step.x, step.h_prev);
    tape.add(input[0], recurrent[0])
}
