//! [`RewriteOptions`]: how notes are drawn.

use crate::Error;

/// How notes are drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RewriteOptions {
    /// `N`: candidates at a time.
    pub candidates: usize,
    /// `c`: share of the candidates that are copied from other bars.
    pub copies: f64,
    /// Bars after a block, or after the gap, whose likelihood counts. Four are as far as a network looks back directly.
    pub horizon: usize,
    /// Temperature of the notes that begin, for models that write note by note; others have 1.
    pub temperature: f64,
}

impl Default for RewriteOptions {
    fn default() -> Self {
        Self { candidates: 16, copies: 0.5, horizon: 4, temperature: 1.0 }
    }
}

impl RewriteOptions {
    /// Refuses what makes no sense, by name.
    ///
    /// # Errors
    /// The first option out of its range.
    pub fn check(&self) -> Result<(), Error> {
        let refuse = |name, value: String, must| Err(Error::Option { name, value, must });
        if !(1..=4096).contains(&self.candidates) {
            return refuse("candidates", self.candidates.to_string(), "between 1 and 4096");
        }
        if !(0.0..1.0).contains(&self.copies) {
            return refuse("copies", self.copies.to_string(), "at least 0 and below 1");
        }
        if !(self.temperature > 0.0 && self.temperature <= 10.0) {
            return refuse("temperature", self.temperature.to_string(), "above 0 and at most 10");
        }
        Ok(())
    }
}
