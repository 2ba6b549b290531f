//! What can go wrong while training.

/// Why training could not start or go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The model refused a sequence or a shape.
    #[error(transparent)]
    Model(#[from] composer_models::Error),
    /// There is nothing to learn from.
    #[error("there is no {0} music to work with: add pieces, or change the split")]
    NoMusic(&'static str),
    /// A setting is outside its range.
    #[error("{name} is {value}, and must be {must}")]
    Setting {
        /// Name of the setting.
        name: &'static str,
        /// What it is.
        value: String,
        /// What it may be.
        must: &'static str,
    },
    /// The loss or a gradient became infinite or not a number.
    #[error(
        "the {what} became {value} at update {update}: training has gone astray; \
         try a learning rate a third as large, or a smaller gradient clipping norm"
    )]
    Diverged {
        /// "loss" or "gradient norm".
        what: &'static str,
        /// Its value.
        value: f64,
        /// At which update.
        update: u64,
    },
    /// The observer could not do its part (write a file, say).
    #[error(transparent)]
    Observer(std::io::Error),
}
