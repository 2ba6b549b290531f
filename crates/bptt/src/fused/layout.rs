//! Which columns of a gate row on the tape meet which rows of the weights.
//!
//! A gate row has `slots` blocks of `H` columns. For most cells they are the gates. A GRU keeps one more, because its
//! reset gate stands between the two products of the candidate:
//!
//! | cell | slots |
//! |---|---|
//! | RNN | `h` |
//! | LSTM | `i f g o` |
//! | GRU | `r z hn n`, with `hn = W_hn h_prev + b_hn` |

use crate::Cell;

/// `width` blocks of `H`: rows from `gate` on in the weights, columns from `slot` on in a gate row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block {
    pub slot: usize,
    pub gate: usize,
    pub width: usize,
}

impl Block {
    /// Whether a block of a gate row is of these.
    pub(crate) fn has_slot(&self, slot: usize) -> bool {
        (self.slot..self.slot + self.width).contains(&slot)
    }
}

/// The blocks of a cell.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    /// Blocks of `H` in a gate row.
    pub slots: usize,
    /// Where the product of the input goes, and where its gradient comes from.
    pub input: &'static [Block],
    /// The same for the product of the recurrence.
    pub recurrent: Block,
}

impl Layout {
    pub(crate) const fn of(cell: Cell) -> Layout {
        match cell {
            Cell::RnnTanh | Cell::RnnRelu => {
                let all = Block { slot: 0, gate: 0, width: 1 };
                Layout { slots: 1, input: &[Block { slot: 0, gate: 0, width: 1 }], recurrent: all }
            }
            Cell::Lstm => {
                let all = Block { slot: 0, gate: 0, width: 4 };
                Layout { slots: 4, input: &[Block { slot: 0, gate: 0, width: 4 }], recurrent: all }
            }
            Cell::Gru => Layout {
                slots: 4,
                input: &[Block { slot: 0, gate: 0, width: 2 }, Block { slot: 3, gate: 2, width: 1 }],
                recurrent: Block { slot: 0, gate: 0, width: 3 },
            },
        }
    }
}

/// The products of the input: the blocks of the layout, or one for all gates if the product is normalised before it is
/// shared out to the slots.
pub(crate) const fn input_products(cell: Cell, layer_norm: bool) -> &'static [Block] {
    if !layer_norm {
        return Layout::of(cell).input;
    }
    match cell.gates().len() {
        1 => &[Block { slot: 0, gate: 0, width: 1 }],
        3 => &[Block { slot: 0, gate: 0, width: 3 }],
        _ => &[Block { slot: 0, gate: 0, width: 4 }],
    }
}
