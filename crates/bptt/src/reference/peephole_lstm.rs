//! One step of the LSTM with peepholes on the tape.

use composer_tensor::Scalar;

use super::cells::{Products, ReferenceCell, Step, Weights, products};
use super::tape::{Node, Tape};

/// ```text
/// i = σ(W_ii x + b_ii + W_hi h_prev + b_hi + w_ci c_prev)      f alike
/// g = tanh(W_ig x + b_ig + W_hg h_prev + b_hg)
/// c = f c_prev + i g
/// o = σ(W_io x + b_io + W_ho h_prev + b_ho + w_co c)
/// h = o tanh(c)
/// ```
pub struct PeepholeLstm;

impl ReferenceCell for PeepholeLstm {
    fn step<S: Scalar>(tape: &mut Tape<S>, weights: &Weights, step: Step) -> (Node, Option<Node>) {
        let Products { input, recurrent } = products(tape, weights, 4, step.x, step.h_prev);
        let [a_i, a_f, a_g, a_o] = [0, 1, 2, 3].map(|gate| tape.add(input[gate], recurrent[gate]));
        let (Some(c_prev), &[w_ci, w_cf, w_co]) = (step.c_prev, &weights.diagonals[..]) else {
            unreachable!("the state and the parameters were made for the cell")
        };
        let seen_by_i = tape.multiply_by_row(c_prev, w_ci);
        let seen_by_f = tape.multiply_by_row(c_prev, w_cf);
        let a_i = tape.add(a_i, seen_by_i);
        let a_f = tape.add(a_f, seen_by_f);
        let i = tape.sigmoid(a_i);
        let f = tape.sigmoid(a_f);
        let g = tape.tanh(a_g);
        let kept = tape.multiply(f, c_prev);
        let added = tape.multiply(i, g);
        let c = tape.add(kept, added);
        let seen_by_o = tape.multiply_by_row(c, w_co);
        let a_o = tape.add(a_o, seen_by_o);
        let o = tape.sigmoid(a_o);
        let tanh_c = tape.tanh(c);
        (tape.multiply(o, tanh_c), Some(c))
    }
}
