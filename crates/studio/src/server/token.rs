//! [`Token`]: what only the server's own page knows.

use crate::error::{Error, Result};
use std::fmt;

/// 128 random bits in hexadecimal digits. The page has them in its text, which no page of another origin can read; its script sends them
/// in a header, which no form of another origin can.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// A new one, of the system's random numbers.
    ///
    /// # Errors
    /// The system gives none.
    pub fn new() -> Result<Self> {
        let mut bytes = [0u8; 16];
        getrandom::fill(&mut bytes).map_err(|error| Error::Start(std::io::Error::other(error)))?;
        Ok(Self(bytes.iter().map(|byte| format!("{byte:02x}")).collect()))
    }

    /// Reads one that was kept; `None`: the text is none.
    pub fn of_text(text: &str) -> Option<Self> {
        let text = text.trim();
        let is_token = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_token.then(|| Self(text.to_owned()))
    }

    /// Its digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether bytes are this token, in a time that does not depend on where they differ.
    pub fn is(&self, bytes: &[u8]) -> bool {
        let own = self.0.as_bytes();
        own.len() == bytes.len() && own.iter().zip(bytes).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_differ_and_only_the_same_digits_are_equal() {
        let (a, b) = (Token::new().unwrap(), Token::new().unwrap());
        assert!(a != b && a.is(a.as_str().as_bytes()) && !a.is(b.as_str().as_bytes()) && !a.is(b""));
        assert_eq!(Token::of_text(&format!("{}\n", a.as_str())), Some(a.clone()));
        assert!(Token::of_text("short").is_none() && !format!("{a:?}").contains(a.as_str()));
    }
}
