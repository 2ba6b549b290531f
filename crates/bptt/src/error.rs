//! What can be wrong with what a caller hands in.

/// What can be wrong with what a caller hands in; each message says what, where, and what was expected.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Error {
    /// A slice or batch has the wrong size.
    #[error("{what} has {found} elements, but {expected} are needed: {shape}")]
    Shape {
        /// Which argument.
        what: &'static str,
        /// Its length.
        found: usize,
        /// The length it should have.
        expected: usize,
        /// How that length comes about.
        shape: String,
    },
    /// An array has the wrong shape.
    #[error("{what}: expected {expected}, got {found:?}")]
    ArrayShape {
        /// Which argument.
        what: &'static str,
        /// The shape it should have, with the names of its axes: `[T=17, B=3, F=88]`.
        expected: String,
        /// Its shape.
        found: Vec<usize>,
    },
    /// A number in a configuration is out of its range.
    #[error("{name} is {value}, but {expected}")]
    Config {
        /// The setting.
        name: &'static str,
        /// Its value.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
    /// A cell that does not exist.
    #[error("there is no cell \"{name}\"; choose {known}")]
    UnknownCell {
        /// What was asked for.
        name: String,
        /// The names of all cells.
        known: String,
    },
    /// A weight is infinite or not a number.
    #[error("parameter {name} holds {value} at index {index}: the weights are damaged, or training diverged")]
    NonFinite {
        /// The parameter's name.
        name: String,
        /// Where, in the parameter's flat values.
        index: usize,
        /// What is there.
        value: f64,
    },
    /// A token, class or active input that is not below the number of them.
    #[error("{what} {index} at position {position} is not below {limit}")]
    Index {
        /// What the index counts.
        what: &'static str,
        /// The index.
        index: usize,
        /// Where it stands in the slice.
        position: usize,
        /// The number of classes or features.
        limit: usize,
    },
    /// A backward pass without the forward pass that it belongs to.
    #[error("the backward pass needs the forward pass before it, with the same sizes, in the same workspace")]
    NoTape,
    /// Something that the configured layer cannot do.
    #[error("{0}")]
    Unsupported(&'static str),
}

/// Checks a length against the product of a shape.
pub(crate) fn check_len(what: &'static str, found: usize, shape: &[(&str, usize)]) -> Result<(), Error> {
    let expected = shape.iter().map(|(_, size)| size).product();
    if found == expected {
        return Ok(());
    }
    let shape = shape.iter().map(|(name, size)| format!("{name} {size}")).collect::<Vec<_>>().join(" × ");
    Err(Error::Shape { what, found, expected, shape })
}
