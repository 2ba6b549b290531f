//! Digits of six bits, in which model files write forms and harmonies.

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The digit of the last six bits.
pub(crate) fn digit_of(bits: usize) -> char {
    char::from(DIGITS[bits & 63])
}

/// The six bits of a digit; 0 of what is none.
pub(crate) fn value_of_digit(digit: u8) -> usize {
    DIGITS.iter().position(|&known| known == digit).unwrap_or(0)
}
