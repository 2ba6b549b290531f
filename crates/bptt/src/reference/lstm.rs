//! One step of the LSTM on the tape.

use composer_tensor::Scalar;

use super::cells::{Products, ReferenceCell, Step, Weights, products};
use super::tape::{Node, Tape};

/// ```text
/// i = σ(W_ii x + b_ii + W_hi h_prev + b_hi)      f, o alike      g = tanh(W_ig x + b_ig + W_hg h_prev + b_hg)
/// c = f c_prev + i g
/// h = o tanh(c)
/// ```
pub struct Lstm;

impl ReferenceCell for Lstm {
    fn step<S: Scalar>(tape: &mut Tape<S>, weights: &Weights, step: Step) -> (Node, Option<Node>) {
        let Products { input, recurrent } = products(tape, weights, 4, step.x, step.h_prev);
        let [a_i, a_f, a_g, a_o] = [0, 1, 2, 3].map(|gate| tape.add(input[gate], recurrent[gate]));
        let i = tape.sigmoid(a_i);
        let f = tape.sigmoid(a_f);
        let g = tape.tanh(a_g);
        let o = tape.sigmoid(a_o);
        let added = tape.multiply(i, g);
        let c = match step.c_prev {
            Some(c_prev) => {
                let kept = tape.multiply(f, c_prev);
                tape.add(kept, added)
            }
            None => added,
        };
        let tanh_c = tape.tanh(c);
        (tape.multiply(o, tanh_c), Some(c))
    }
}
