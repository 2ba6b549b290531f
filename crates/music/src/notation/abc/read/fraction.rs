//! [`Fraction`]: lengths as ABC writes them.

/// A length as a fraction of a whole note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fraction(pub u64, pub u64);

impl Fraction {
    /// A fraction of numbers that music has; `None` for others.
    pub fn parse(text: &str) -> Option<Self> {
        let (above, below) = text.split_once('/').unwrap_or((text, "1"));
        let number =
            |text: &str| text.trim().parse::<u64>().ok().filter(|number| (1..=4096).contains(number));
        Some(Self(number(above)?, number(below)?))
    }

    pub fn quarters(self) -> f64 {
        4.0 * self.0 as f64 / self.1 as f64
    }
}
