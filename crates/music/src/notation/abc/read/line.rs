//! A line of music as it is read.

/// Why a tune is not read: a clause. The line is that which is being read.
pub(super) type Fault = String;

/// Longest multiplier of a length.
const MAX_LENGTH: u64 = 9_999;

/// A line of music, and how far it has been read.
pub(super) struct Line<'a> {
    pub bytes: &'a [u8],
    pub text: &'a str,
    pub at: usize,
}

impl<'a> Line<'a> {
    pub fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    pub fn after(&self, by: usize) -> Option<u8> {
        self.bytes.get(self.at + by).copied()
    }

    pub fn eat(&mut self, byte: u8) -> bool {
        let eaten = self.peek() == Some(byte);
        self.at += usize::from(eaten);
        eaten
    }

    pub fn number(&mut self) -> Option<u64> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        (self.at > start).then(|| self.text[start..self.at].parse().unwrap_or(u64::MAX))
    }

    /// The text up to a byte, which is passed; `None` if it does not come.
    pub fn until(&mut self, end: u8) -> Option<&'a str> {
        let length = self.bytes[self.at..].iter().position(|&byte| byte == end)?;
        let text = &self.text[self.at..self.at + length];
        self.at += length + 1;
        Some(text)
    }

    /// A multiplier of a length: `3`, `3/2`, `/`, `//`, `/4`.
    pub fn length(&mut self) -> Result<(u64, u64), Fault> {
        let above = self.number().unwrap_or(1);
        let mut below: u64 = 1;
        while self.eat(b'/') {
            below = below.saturating_mul(self.number().unwrap_or(2));
        }
        if above > MAX_LENGTH || !(1..=MAX_LENGTH).contains(&below) {
            return Err(format!("a length of {above}/{below} is no length of a note"));
        }
        Ok((above, below))
    }
}
