//! What can go wrong while something is drawn.

/// Why a page or a picture could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A chart cannot be drawn; the text says why.
    #[error("cannot draw a chart: {0}")]
    Chart(String),
}

/// The result of drawing.
pub type Result<T, E = Error> = std::result::Result<T, E>;
