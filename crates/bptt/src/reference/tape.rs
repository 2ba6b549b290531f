//! A tape: every operation appends a node; gradients flow back through the list in one loop.
//!
//! ```
//! use composer_bptt::reference::Tape;
//!
//! let mut tape = Tape::new();
//! let x = tape.leaf(1, 2, &[3.0, 4.0]);
//! let w = tape.leaf(1, 2, &[0.5, 0.25]);
//! let y = tape.times_transposed(x, w); // 3·0.5 + 4·0.25
//! assert_eq!(tape.value(y), &[2.5]);
//!
//! tape.backward(&[(y, &[1.0])]);
//! assert_eq!(tape.grad(w), &[3.0, 4.0]); // d y / d w = x
//! ```

use composer_tensor::Scalar;

/// A matrix on the tape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Node(usize);

/// How a node came about; operands are nodes before it.
#[derive(Clone, Debug)]
enum Operation<S> {
    Leaf,
    /// `a bᵀ`
    TimesTransposed(Node, Node),
    Add(Node, Node),
    Subtract(Node, Node),
    /// Element by element.
    Multiply(Node, Node),
    /// The second is one row, added to every row of the first.
    AddRow(Node, Node),
    /// The second is one row, multiplied by every row of the first.
    MultiplyByRow(Node, Node),
    /// The second is one column; each of its elements is subtracted from a row of the first.
    SubtractColumn(Node, Node),
    MultiplyByColumn(Node, Node),
    /// The mean of each row, as a column.
    RowMeans(Node),
    /// `1 / sqrt(a + ε)`
    InverseRoot(Node),
    Sigmoid(Node),
    Tanh(Node),
    Relu(Node),
    /// `1 − a`
    OneMinus(Node),
    /// Each element times a constant.
    Scale(Node, Vec<S>),
    /// Rows from this one on.
    Rows(Node, usize),
    /// Side by side.
    Beside(Node, Node),
    /// `e^a / Σ e^a` of each row
    SoftmaxRows(Node),
    /// `aᵀ`
    Transpose(Node),
}

#[derive(Clone, Debug)]
struct Entry<S> {
    operation: Operation<S>,
    rows: usize,
    columns: usize,
    value: Vec<S>,
    grad: Vec<S>,
}

/// The list of nodes.
#[derive(Clone, Debug, Default)]
pub struct Tape<S> {
    entries: Vec<Entry<S>>,
}

impl<S: Scalar> Tape<S> {
    /// An empty tape.
    pub fn new() -> Self {
        Tape { entries: Vec::new() }
    }

    /// A matrix that is given.
    ///
    /// # Panics
    /// If there are not `rows · columns` values.
    pub fn leaf(&mut self, rows: usize, columns: usize, value: &[S]) -> Node {
        self.push(Operation::Leaf, rows, columns, value.to_vec())
    }

    /// The value of a node, row-major.
    pub fn value(&self, node: Node) -> &[S] {
        &self.entries[node.0].value
    }

    /// The gradient of a node after [`Tape::backward`].
    pub fn grad(&self, node: Node) -> &[S] {
        &self.entries[node.0].grad
    }

    fn push(&mut self, operation: Operation<S>, rows: usize, columns: usize, value: Vec<S>) -> Node {
        assert_eq!(value.len(), rows * columns, "a matrix of {rows} rows and {columns} columns");
        let grad = vec![S::zero(); value.len()];
        self.entries.push(Entry { operation, rows, columns, value, grad });
        Node(self.entries.len() - 1)
    }

    fn shape(&self, a: Node) -> (usize, usize) {
        (self.entries[a.0].rows, self.entries[a.0].columns)
    }

    fn map(&mut self, operation: Operation<S>, a: Node, f: impl Fn(S) -> S) -> Node {
        let (rows, columns) = self.shape(a);
        let value = self.value(a).iter().map(|&a| f(a)).collect();
        self.push(operation, rows, columns, value)
    }

    /// `b` repeats to fill `a`: the same matrix, one row, or one column.
    fn zip(&mut self, operation: Operation<S>, a: Node, b: Node, f: impl Fn(S, S) -> S) -> Node {
        let (rows, columns) = self.shape(a);
        let (b_rows, b_columns) = self.shape(b);
        assert!(
            (b_rows == rows || b_rows == 1) && (b_columns == columns || b_columns == 1),
            "shapes do not fit"
        );
        let (a, b) = (self.value(a), self.value(b));
        let value = (0..rows * columns)
            .map(|i| f(a[i], b[(i / columns % b_rows) * b_columns + i % columns % b_columns]))
            .collect();
        self.push(operation, rows, columns, value)
    }

    /// `a bᵀ`, what a linear layer does with its input `a` and weight `b`.
    pub fn times_transposed(&mut self, a: Node, b: Node) -> Node {
        let ((rows, inner), (columns, b_inner)) = (self.shape(a), self.shape(b));
        assert_eq!(inner, b_inner, "shapes do not fit");
        let (x, w) = (self.value(a), self.value(b));
        let dot =
            |row: usize, column: usize| (0..inner).map(|k| x[row * inner + k] * w[column * inner + k]).sum();
        let value = (0..rows * columns).map(|i| dot(i / columns, i % columns)).collect();
        self.push(Operation::TimesTransposed(a, b), rows, columns, value)
    }

    /// `a + b`
    pub fn add(&mut self, a: Node, b: Node) -> Node {
        self.zip(Operation::Add(a, b), a, b, |a, b| a + b)
    }

    /// `a − b`
    pub fn subtract(&mut self, a: Node, b: Node) -> Node {
        self.zip(Operation::Subtract(a, b), a, b, |a, b| a - b)
    }

    /// `a b`, element by element.
    pub fn multiply(&mut self, a: Node, b: Node) -> Node {
        self.zip(Operation::Multiply(a, b), a, b, |a, b| a * b)
    }

    /// Adds the row `b` to every row of `a`.
    pub fn add_row(&mut self, a: Node, b: Node) -> Node {
        self.zip(Operation::AddRow(a, b), a, b, |a, b| a + b)
    }

    /// Multiplies every row of `a` by the row `b`.
    pub fn multiply_by_row(&mut self, a: Node, b: Node) -> Node {
        self.zip(Operation::MultiplyByRow(a, b), a, b, |a, b| a * b)
    }

    /// Subtracts the column `b` from every column of `a`.
    pub fn subtract_column(&mut self, a: Node, b: Node) -> Node {
        self.zip(Operation::SubtractColumn(a, b), a, b, |a, b| a - b)
    }

    /// Multiplies every column of `a` by the column `b`.
    pub fn multiply_by_column(&mut self, a: Node, b: Node) -> Node {
        self.zip(Operation::MultiplyByColumn(a, b), a, b, |a, b| a * b)
    }

    /// The mean of each row, as a column.
    pub fn row_means(&mut self, a: Node) -> Node {
        let (rows, columns) = self.shape(a);
        let n = S::of(columns as f64);
        let value =
            self.value(a).chunks_exact(columns).map(|row| row.iter().copied().sum::<S>() / n).collect();
        self.push(Operation::RowMeans(a), rows, 1, value)
    }

    /// `1 / sqrt(a + epsilon)`
    pub fn inverse_root(&mut self, a: Node, epsilon: S) -> Node {
        self.map(Operation::InverseRoot(a), a, |a| (a + epsilon).sqrt().recip())
    }

    /// `1 / (1 + e^−a)`
    pub fn sigmoid(&mut self, a: Node) -> Node {
        self.map(Operation::Sigmoid(a), a, |a| (S::one() + (-a).exp()).recip())
    }

    /// `tanh(a)`
    pub fn tanh(&mut self, a: Node) -> Node {
        self.map(Operation::Tanh(a), a, S::tanh)
    }

    /// `max(0, a)`
    pub fn relu(&mut self, a: Node) -> Node {
        self.map(Operation::Relu(a), a, |a| if a > S::zero() { a } else { S::zero() })
    }

    /// `1 − a`
    pub fn one_minus(&mut self, a: Node) -> Node {
        self.map(Operation::OneMinus(a), a, |a| S::one() - a)
    }

    /// Each element of `a` times its own constant.
    pub fn scale(&mut self, a: Node, by: Vec<S>) -> Node {
        let (rows, columns) = self.shape(a);
        let value = self.value(a).iter().zip(&by).map(|(&a, &by)| a * by).collect();
        self.push(Operation::Scale(a, by), rows, columns, value)
    }

    /// The rows `from..to` of `a`.
    pub fn rows(&mut self, a: Node, from: usize, to: usize) -> Node {
        let (_, columns) = self.shape(a);
        let value = self.value(a)[from * columns..to * columns].to_vec();
        self.push(Operation::Rows(a, from), to - from, columns, value)
    }

    /// `a` and `b` side by side.
    pub fn beside(&mut self, a: Node, b: Node) -> Node {
        let ((rows, a_columns), (b_rows, b_columns)) = (self.shape(a), self.shape(b));
        assert_eq!(rows, b_rows, "shapes do not fit");
        let (x, y) = (self.value(a), self.value(b));
        let row = |r: usize| [&x[r * a_columns..][..a_columns], &y[r * b_columns..][..b_columns]].concat();
        let value = (0..rows).flat_map(row).collect();
        self.push(Operation::Beside(a, b), rows, a_columns + b_columns, value)
    }

    /// `e^a / Σ e^a`, row by row.
    pub fn softmax_rows(&mut self, a: Node) -> Node {
        let (rows, columns) = self.shape(a);
        let mut value = self.value(a).to_vec();
        for row in value.chunks_exact_mut(columns) {
            let highest = row.iter().copied().fold(S::neg_infinity(), S::max);
            row.iter_mut().for_each(|a| *a = (*a - highest).exp());
            let sum: S = row.iter().copied().sum();
            row.iter_mut().for_each(|a| *a /= sum);
        }
        self.push(Operation::SoftmaxRows(a), rows, columns, value)
    }

    /// `aᵀ`
    pub fn transpose(&mut self, a: Node) -> Node {
        let (rows, columns) = self.shape(a);
        let x = self.value(a);
        let value = (0..rows * columns).map(|i| x[i % rows * columns + i / rows]).collect();
        self.push(Operation::Transpose(a), columns, rows, value)
    }

    /// Computes the gradient of every node for the sum of the given nodes' values times the given factors.
    pub fn backward(&mut self, seeds: &[(Node, &[S])]) {
        for entry in &mut self.entries {
            entry.grad.fill(S::zero());
        }
        for (node, factors) in seeds {
            let grad = &mut self.entries[node.0].grad;
            grad.iter_mut().zip(*factors).for_each(|(grad, &factor)| *grad += factor);
        }
        for index in (0..self.entries.len()).rev() {
            self.step_back(index);
        }
    }

    /// The rule of each operation: what its operands get of the gradient `d` of its result.
    fn step_back(&mut self, index: usize) {
        // Operands stand before the result, so the list can be cut between them.
        let (before, rest) = self.entries.split_at_mut(index);
        let Entry { operation, rows, columns, value, grad: d } = &rest[0];
        let columns = *columns;
        let mut give = |to: Node, f: &dyn Fn(usize) -> S, place: &dyn Fn(usize) -> usize| {
            for i in 0..d.len() {
                before[to.0].grad[place(i)] += f(i);
            }
        };
        let same = |i: usize| i;
        match operation {
            Operation::Leaf => {}
            &Operation::TimesTransposed(a, b) => times_transposed_back(before, a, b, d, *rows, columns),
            &Operation::Add(a, b) => {
                give(a, &|i| d[i], &same);
                give(b, &|i| d[i], &same);
            }
            &Operation::Subtract(a, b) => {
                give(a, &|i| d[i], &same);
                give(b, &|i| -d[i], &same);
            }
            &Operation::AddRow(a, b) => {
                give(a, &|i| d[i], &same);
                give(b, &|i| d[i], &|i| i % columns);
            }
            &Operation::SubtractColumn(a, b) => {
                give(a, &|i| d[i], &same);
                give(b, &|i| -d[i], &|i| i / columns);
            }
            &Operation::Multiply(a, b) => product_back(before, a, b, d, &same),
            &Operation::MultiplyByRow(a, b) => product_back(before, a, b, d, &|i| i % columns),
            &Operation::MultiplyByColumn(a, b) => product_back(before, a, b, d, &|i| i / columns),
            &Operation::RowMeans(a) => {
                let width = before[a.0].columns;
                let n = S::of(width as f64);
                before[a.0].grad.iter_mut().enumerate().for_each(|(i, grad)| *grad += d[i / width] / n);
            }
            &Operation::InverseRoot(a) => give(a, &|i| d[i] * S::of(-0.5) * value[i].powi(3), &same),
            &Operation::Sigmoid(a) => give(a, &|i| d[i] * value[i] * (S::one() - value[i]), &same),
            &Operation::Tanh(a) => give(a, &|i| d[i] * (S::one() - value[i].powi(2)), &same),
            &Operation::Relu(a) => give(a, &|i| if value[i] > S::zero() { d[i] } else { S::zero() }, &same),
            &Operation::OneMinus(a) => give(a, &|i| -d[i], &same),
            Operation::Scale(a, by) => give(*a, &|i| d[i] * by[i], &same),
            &Operation::Rows(a, from) => give(a, &|i| d[i], &|i| i + from * columns),
            &Operation::SoftmaxRows(a) => {
                let rows = d.chunks_exact(columns).zip(value.chunks_exact(columns));
                for ((d, y), grad) in rows.zip(before[a.0].grad.chunks_exact_mut(columns)) {
                    let mean: S = d.iter().zip(y).map(|(&d, &y)| d * y).sum();
                    grad.iter_mut().zip(d.iter().zip(y)).for_each(|(grad, (&d, &y))| *grad += y * (d - mean));
                }
            }
            &Operation::Transpose(a) => give(a, &|i| d[i], &|i| i % columns * *rows + i / columns),
            &Operation::Beside(a, b) => {
                let left = before[a.0].columns;
                for i in 0..d.len() {
                    let (row, column) = (i / columns, i % columns);
                    if column < left {
                        before[a.0].grad[row * left + column] += d[i];
                    } else {
                        before[b.0].grad[row * (columns - left) + column - left] += d[i];
                    }
                }
            }
        }
    }
}

/// `y = a bᵀ`: `d_a = d b`, `d_b = dᵀ a`.
fn times_transposed_back<S: Scalar>(
    before: &mut [Entry<S>],
    a: Node,
    b: Node,
    d: &[S],
    rows: usize,
    columns: usize,
) {
    let inner = before[a.0].columns;
    for row in 0..rows {
        for column in 0..columns {
            for k in 0..inner {
                let (x, w) = (before[a.0].value[row * inner + k], before[b.0].value[column * inner + k]);
                before[a.0].grad[row * inner + k] += d[row * columns + column] * w;
                before[b.0].grad[column * inner + k] += d[row * columns + column] * x;
            }
        }
    }
}

/// `y = a b` element by element, where element `i` of `a` meets element `place(i)` of `b`.
fn product_back<S: Scalar>(
    before: &mut [Entry<S>],
    a: Node,
    b: Node,
    d: &[S],
    place: &dyn Fn(usize) -> usize,
) {
    for i in 0..d.len() {
        let (x, w) = (before[a.0].value[i], before[b.0].value[place(i)]);
        before[a.0].grad[i] += d[i] * w;
        before[b.0].grad[place(i)] += d[i] * x;
    }
}
