//! What each recurrent cell is: one table, from which everything else in the workspace is derived.
//!
//! A cell is an entry of the [table](Cell::spec) and one file in each of three folders: [`crate::textbook`] (plain loops, to
//! read), `fused` (what runs) and [`crate::reference`](mod@crate::reference) (differentiated mechanically, to check the others).
//! `CONTRIBUTING.md` walks through adding one.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Error;

/// A recurrent cell. Files and command lines name it by [`CellSpec::name`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum Cell {
    /// `h = tanh(W_ih x + b_ih + W_hh h_prev + b_hh)`
    RnnTanh,
    /// `h = max(0, W_ih x + b_ih + W_hh h_prev + b_hh)`
    RnnRelu,
    /// Long short-term memory (Hochreiter and Schmidhuber 1997) with a forget gate (Gers et al. 2000).
    #[default]
    Lstm,
    /// Gated recurrent unit (Cho et al. 2014), the reset gate applied after the product, as in PyTorch and cuDNN.
    Gru,
    /// LSTM whose gates see the cell state through diagonal weights (Gers and Schmidhuber 2000; Graves 2013).
    PeepholeLstm,
    /// Minimal gated unit (Zhou et al. 2016), its gate applied after the product, as PyTorch's GRU does; the paper applies it
    /// before.
    MinimalGatedUnit,
}

/// All that distinguishes a cell from the others, apart from its equations.
#[derive(Clone, Copy, Debug)]
pub struct CellSpec {
    /// Which cell this is.
    pub cell: Cell,
    /// Its name in files and on command lines.
    pub name: &'static str,
    /// Other names that are read.
    pub aliases: &'static [&'static str],
    /// Its name in charts and reports.
    pub title: &'static str,
    /// Where it comes from.
    pub literature: &'static str,
    /// The module of PyTorch that computes the same from the same parameters, if there is one.
    pub pytorch: Option<&'static str>,
    /// The gate-order table: the blocks of `H` rows in `weight_ih`, `weight_hh` and the biases, PyTorch's order.
    pub gates: &'static [&'static str],
    /// The gate that is no sigmoid: the candidate, or the new state itself.
    pub candidate: usize,
    /// Whether the cell carries a second state, `c`.
    pub has_c: bool,
    /// Whether a part of `d_h` reaches `h_prev` past the product with `weight_hh`.
    pub passes_h: bool,
    /// Diagonal weights `[H]`, for example `weight_ci_l0`, through which a gate sees `c`.
    pub diagonals: &'static [Diagonal],
    /// The gate whose bias [`crate::Init::forget_bias`] sets.
    pub forget_gate: Option<usize>,
    /// The gate that keeps the old state where it is open.
    pub keeps: Option<usize>,
    /// The gate that lets new content in where it is open.
    pub admits: Option<usize>,
    /// Which columns of the saved gate rows meet which rows of the weights.
    pub(crate) layout: Layout,
}

/// A diagonal weight.
#[derive(Clone, Copy, Debug)]
pub struct Diagonal {
    /// `"weight_ci"`, say; a layer's number follows.
    pub name: &'static str,
    /// The gate that reads it.
    pub gate: usize,
}

/// At most so many diagonal weights has a cell.
pub(crate) const MAX_DIAGONALS: usize = 3;

/// Where the two products of a step go in a row of saved gates, which has a slot of `H` columns for each name in `slots`.
///
/// For most cells the slots are the gates. Where a gate stands between the two products of the candidate, both products are
/// saved: a GRU has `r z hn n` with `hn = W_hn h_prev + b_hn`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    /// The slot that has a gate's name holds its value after the nonlinearity.
    pub slots: &'static [&'static str],
    /// Where the product of the input goes, and where its gradient comes from.
    pub input: &'static [Block],
    /// The same for the product of the recurrence.
    pub recurrent: Block,
}

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

/// The table, in the order of [`Cell::ALL`].
static TABLE: [CellSpec; Cell::ALL.len()] = [
    CellSpec {
        cell: Cell::RnnTanh,
        name: "rnn",
        aliases: &["rnn-tanh"],
        title: "tanh RNN",
        literature: "Elman 1990",
        pytorch: Some("RNN"),
        gates: &["h"],
        candidate: 0,
        has_c: false,
        passes_h: false,
        diagonals: &[],
        forget_gate: None,
        keeps: None,
        admits: None,
        layout: RNN_LAYOUT,
    },
    CellSpec {
        cell: Cell::RnnRelu,
        name: "rnn-relu",
        aliases: &[],
        title: "relu RNN",
        literature: "Elman 1990; the rectifier after Le et al. 2015",
        pytorch: Some("RNN"),
        gates: &["h"],
        candidate: 0,
        has_c: false,
        passes_h: false,
        diagonals: &[],
        forget_gate: None,
        keeps: None,
        admits: None,
        layout: RNN_LAYOUT,
    },
    CellSpec {
        cell: Cell::Lstm,
        name: "lstm",
        aliases: &[],
        title: "LSTM",
        literature: "Hochreiter and Schmidhuber 1997; the forget gate Gers et al. 2000",
        pytorch: Some("LSTM"),
        gates: &["i", "f", "g", "o"],
        candidate: 2,
        has_c: true,
        passes_h: false,
        diagonals: &[],
        forget_gate: Some(1),
        keeps: Some(1),
        admits: Some(0),
        layout: LSTM_LAYOUT,
    },
    CellSpec {
        cell: Cell::Gru,
        name: "gru",
        aliases: &[],
        title: "GRU",
        literature: "Cho et al. 2014; the reset gate after the product, as in cuDNN and PyTorch",
        pytorch: Some("GRU"),
        gates: &["r", "z", "n"],
        candidate: 2,
        has_c: false,
        passes_h: true,
        diagonals: &[],
        forget_gate: None,
        keeps: Some(1),
        admits: None,
        layout: Layout {
            slots: &["r", "z", "hn", "n"],
            input: &[Block { slot: 0, gate: 0, width: 2 }, Block { slot: 3, gate: 2, width: 1 }],
            recurrent: Block { slot: 0, gate: 0, width: 3 },
        },
    },
    CellSpec {
        cell: Cell::PeepholeLstm,
        name: "peephole-lstm",
        aliases: &[],
        title: "peephole LSTM",
        literature: "Gers and Schmidhuber 2000; in the form of Graves 2013",
        pytorch: None,
        gates: &["i", "f", "g", "o"],
        candidate: 2,
        has_c: true,
        passes_h: false,
        diagonals: &[
            Diagonal { name: "weight_ci", gate: 0 },
            Diagonal { name: "weight_cf", gate: 1 },
            Diagonal { name: "weight_co", gate: 3 },
        ],
        forget_gate: Some(1),
        keeps: Some(1),
        admits: Some(0),
        layout: LSTM_LAYOUT,
    },
    CellSpec {
        cell: Cell::MinimalGatedUnit,
        name: "minimal-gated-unit",
        aliases: &["mgu"],
        title: "minimal gated unit",
        literature: "Zhou et al. 2016; the gate after the product instead of before it",
        pytorch: None,
        gates: &["f", "n"],
        candidate: 1,
        has_c: false,
        passes_h: true,
        diagonals: &[],
        forget_gate: None,
        keeps: None,
        // Open, it forgets and lets in.
        admits: Some(0),
        layout: Layout {
            slots: &["f", "hn", "n"],
            input: &[Block { slot: 0, gate: 0, width: 1 }, Block { slot: 2, gate: 1, width: 1 }],
            recurrent: Block { slot: 0, gate: 0, width: 2 },
        },
    },
];

const RNN_LAYOUT: Layout = Layout {
    slots: &["h"],
    input: &[Block { slot: 0, gate: 0, width: 1 }],
    recurrent: Block { slot: 0, gate: 0, width: 1 },
};

const LSTM_LAYOUT: Layout = Layout {
    slots: &["i", "f", "g", "o"],
    input: &[Block { slot: 0, gate: 0, width: 4 }],
    recurrent: Block { slot: 0, gate: 0, width: 4 },
};

impl Cell {
    /// All cells.
    pub const ALL: [Cell; 6] =
        [Cell::RnnTanh, Cell::RnnRelu, Cell::Lstm, Cell::Gru, Cell::PeepholeLstm, Cell::MinimalGatedUnit];

    /// The cell's entry in the table.
    pub fn spec(self) -> &'static CellSpec {
        &TABLE[self as usize]
    }

    /// The gate-order table: the blocks of `H` rows in `weight_ih`, `weight_hh` and the biases, PyTorch's order.
    pub fn gates(self) -> &'static [&'static str] {
        self.spec().gates
    }

    /// Whether the cell carries a second state, `c`.
    pub fn has_c(self) -> bool {
        self.spec().has_c
    }

    /// The names of all cells, in words: "rnn, rnn-relu, lstm or gru".
    pub fn names() -> String {
        let names = Cell::ALL.map(|cell| cell.spec().name);
        let (last, others) = names.split_last().map_or(("", &[][..]), |(last, others)| (*last, others));
        format!("{} or {last}", others.join(", "))
    }
}

impl CellSpec {
    /// Whether gates decide what is kept: all cells but the vanilla RNNs.
    pub fn is_gated(&self) -> bool {
        self.gates.len() > 1
    }

    /// Whether the values of a gate lie in 0 to 1; those of candidates lie in −1 to 1 (or above 0 for a rectifier).
    pub fn is_sigmoid(&self, gate: usize) -> bool {
        gate != self.candidate
    }

    /// Numbers per unit and step that backpropagation through time keeps: gate slots, and the states that are not one of them.
    pub fn saved_per_unit(&self) -> usize {
        let states = if self.is_gated() { 1 } else { 0 } + usize::from(self.has_c);
        self.layout.slots.len() + states
    }

    /// The gates whose blocks a parameter of this cell consists of: that of a diagonal weight is one.
    pub fn gates_of(&self, parameter: &str) -> &'static [&'static str] {
        let stem = parameter.rsplit('.').next().unwrap_or(parameter);
        let reads = |diagonal: &&Diagonal| stem.starts_with(diagonal.name);
        match self.diagonals.iter().find(reads) {
            Some(diagonal) => &self.gates[diagonal.gate..=diagonal.gate],
            None => self.gates,
        }
    }

    /// The slot of a saved gate row that holds a gate.
    pub(crate) fn gate_slot(&self, gate: usize) -> usize {
        self.layout.slots.iter().position(|slot| *slot == self.gates[gate]).unwrap_or(gate)
    }

    /// The products of the input: the blocks of the layout, or one for all gates if the product is normalised before it is
    /// shared out to the slots.
    pub(crate) fn input_products(&'static self, layer_norm: bool) -> &'static [Block] {
        if layer_norm { self.layout.recurrent_blocks() } else { self.layout.input }
    }
}

impl Layout {
    /// The product of the recurrence as a list of blocks.
    pub(crate) fn recurrent_blocks(&'static self) -> &'static [Block] {
        std::slice::from_ref(&self.recurrent)
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.spec().name)
    }
}

impl From<Cell> for &'static str {
    fn from(cell: Cell) -> &'static str {
        cell.spec().name
    }
}

impl FromStr for Cell {
    type Err = Error;

    fn from_str(name: &str) -> Result<Cell, Error> {
        let lower = name.to_lowercase();
        let is = |spec: &&CellSpec| spec.name == lower || spec.aliases.contains(&lower.as_str());
        let unknown = || Error::UnknownCell { name: name.to_string(), known: Cell::names() };
        TABLE.iter().find(is).map(|spec| spec.cell).ok_or_else(unknown)
    }
}

impl TryFrom<String> for Cell {
    type Error = Error;

    fn try_from(name: String) -> Result<Cell, Error> {
        name.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_consistent() {
        for (index, cell) in Cell::ALL.into_iter().enumerate() {
            let spec = cell.spec();
            assert_eq!((spec.cell, cell as usize), (cell, index));
            assert_eq!(spec.name.parse::<Cell>(), Ok(cell));
            assert!(spec.aliases.iter().all(|alias| alias.parse() == Ok(cell)));
            let gates = spec.gates.len();
            assert!(spec.candidate < gates && spec.diagonals.len() <= MAX_DIAGONALS);
            assert!(spec.diagonals.iter().all(|diagonal| diagonal.gate < gates && spec.has_c));
            // Every gate has its slot, and both products cover all gates.
            assert!(spec.gates.iter().all(|gate| spec.layout.slots.contains(gate)), "{cell}");
            assert_eq!(spec.layout.input.iter().map(|block| block.width).sum::<usize>(), gates);
            let Block { slot, gate, width } = spec.layout.recurrent;
            assert_eq!((slot, gate, width), (0, 0, gates), "the recurrence fills the first slots");
        }
    }

    #[test]
    fn names_in_files_stay() {
        for (cell, name) in [
            (Cell::RnnTanh, "\"rnn\""),
            (Cell::RnnRelu, "\"rnn-relu\""),
            (Cell::Lstm, "\"lstm\""),
            (Cell::Gru, "\"gru\""),
            (Cell::PeepholeLstm, "\"peephole-lstm\""),
            (Cell::MinimalGatedUnit, "\"minimal-gated-unit\""),
        ] {
            assert_eq!(serde_json::to_string(&cell).unwrap(), name);
            assert_eq!(serde_json::from_str::<Cell>(name).unwrap(), cell);
        }
        assert!(
            serde_json::from_str::<Cell>("\"elman\"").unwrap_err().to_string().contains("there is no cell")
        );
    }
}
