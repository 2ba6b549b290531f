//! What a cell is to the code that all cells share: one unit at one step, forward and backward.

/// A cell. Its units do not see each other within a step, except through the two products, which [`super::layer`] computes: so a
/// cell is written down for a single unit.
pub trait TextbookCell: 'static {
    /// One number for each gate in the order of [`crate::Cell::gates`]: `[f64; 4]` for an LSTM.
    type Gates: Numbers;
    /// One number for each diagonal weight: `[f64; 0]` for most cells.
    type Diagonal: Numbers;
    /// The activations that the backward pass reads again.
    type Saved: 'static;
    /// The file of the cell.
    const SOURCE: Source;

    /// The unit's new state.
    fn forward(unit: UnitInput<Self::Gates, Self::Diagonal>) -> (UnitState, Self::Saved);

    /// From the gradients of the new state, `d_h` and what the next step hands back of `c`, those of all that the unit read.
    fn backward(saved: &Self::Saved, d_h: f64, d_c_next: f64) -> UnitGradient<Self::Gates, Self::Diagonal>;

    /// Forward mode: how the new state moves when the recurrent sums and the state before move by `v_…`.
    fn tangent(saved: &Self::Saved, v_recurrent: Self::Gates, v_h_prev: f64, v_c_prev: f64) -> UnitState;

    /// The activations of a unit from the slots that the fused forward pass saved, for the probe.
    fn restore(slots: &[f64], h_prev: f64, c_prev: f64, diagonal: Self::Diagonal) -> Self::Saved;
}

/// A few numbers, as many as the type says.
pub trait Numbers: Copy + Default + AsRef<[f64]> + AsMut<[f64]> {
    /// Numbers by their index.
    fn from_fn(value: impl Fn(usize) -> f64) -> Self {
        let mut numbers = Self::default();
        numbers.as_mut().iter_mut().enumerate().for_each(|(index, number)| *number = value(index));
        numbers
    }
}

impl<T: Copy + Default + AsRef<[f64]> + AsMut<[f64]>> Numbers for T {}

/// What one unit reads at one step.
#[derive(Clone, Copy, Debug)]
pub struct UnitInput<Gates, Diagonal> {
    /// For each gate, `W_ih x + b_ih`.
    pub input: Gates,
    /// For each gate, `W_hh h_prev + b_hh`.
    pub recurrent: Gates,
    /// The unit's state before.
    pub h_prev: f64,
    /// The same; 0 for a cell without `c`.
    pub c_prev: f64,
    /// The unit's diagonal weights.
    pub diagonal: Diagonal,
}

/// The state of one unit, or a change of it; `c` is 0 for a cell without it.
#[derive(Clone, Copy, Debug, Default)]
pub struct UnitState {
    /// `h`
    pub h: f64,
    /// `c`
    pub c: f64,
}

/// The gradients of what one unit read, and of `c`.
#[derive(Clone, Copy, Debug, Default)]
pub struct UnitGradient<Gates, Diagonal> {
    /// For each gate, the gradient of `W_ih x + b_ih`.
    pub d_input: Gates,
    /// For each gate, the gradient of `W_hh h_prev + b_hh`.
    pub d_recurrent: Gates,
    /// What reaches `h_prev` past the product with `W_hh`.
    pub d_h_prev: f64,
    /// The gradient of `c_prev`.
    pub d_c_prev: f64,
    /// The whole gradient of `c`, for the probe.
    pub d_c: f64,
    /// The gradients of the diagonal weights at this step.
    pub d_diagonal: Diagonal,
}

/// `σ(a) = 1 / (1 + e^−a)`; its derivative is `σ (1 − σ)`.
pub fn sigmoid(a: f64) -> f64 {
    1.0 / (1.0 + (-a).exp())
}

/// A source file of this crate, for messages that point to a line.
#[derive(Clone, Copy, Debug)]
pub struct Source {
    /// Its path in the repository.
    pub file: &'static str,
    /// Its text.
    pub text: &'static str,
}

impl Source {
    /// The line that sets a variable: `crates/bptt/src/textbook/lstm.rs:61: let d_gate_f = d_f * f * (1.0 - f);`
    pub fn line(&self, variable: &str) -> Option<String> {
        let starts = [format!("let {variable} ="), format!("let mut {variable} ="), format!("{variable}[")];
        let found =
            |(_, line): &(usize, &str)| starts.iter().any(|start| line.trim().starts_with(start.as_str()));
        let (index, line) = self.text.lines().enumerate().find(found)?;
        Some(format!("{}:{}: {}", self.file, index + 1, line.trim()))
    }
}
