//! [`Tokens`]: where other computers take part, one for each participant, in a file beside the study.

use crate::error::{Error, Result};
use crate::server::Token;
use composer_music::atomic_file::write_atomically;
use composer_music::input;
use std::path::Path;

/// The file of tokens.
const FILE: &str = "tokens.txt";
/// Largest file of tokens, in bytes.
const MAX_FILE: u64 = 1 << 20;

/// The tokens of a study.
pub struct Tokens(Vec<Token>);

impl Tokens {
    /// Reads those of a study, and makes what is missing for `count` participants.
    ///
    /// # Errors
    /// The file cannot be read or written, or a line is no token.
    pub fn open(folder: &Path, count: usize) -> Result<Self> {
        let path = folder.join(FILE);
        let wrong = |problem: String| Error::Folder { folder: path.clone(), problem };
        let mut tokens = Vec::new();
        if path.exists() {
            let text = input::read_regular_text(&path, MAX_FILE).map_err(|error| wrong(error.to_string()))?;
            for (number, line) in text.lines().filter(|line| !line.trim().is_empty()).enumerate() {
                let token = Token::of_text(line);
                tokens.push(token.ok_or_else(|| wrong(format!("line {} is no token", number + 1)))?);
            }
        }
        if tokens.len() < count {
            while tokens.len() < count {
                tokens.push(Token::new()?);
            }
            let text: String = tokens.iter().map(|token| format!("{}\n", token.as_str())).collect();
            write_atomically(&path, text.as_bytes()).map_err(|error| wrong(error.to_string()))?;
            restrict(&path).map_err(|error| wrong(error.to_string()))?;
        }
        Ok(Self(tokens))
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(Token::as_str)
    }

    /// Whether a text is one of them. Every token is compared, so that the time tells nothing.
    pub fn contain(&self, text: &str) -> bool {
        self.0.iter().fold(false, |found, token| found | token.is(text.as_bytes()))
    }
}

/// Only the owner reads it, where systems know owners.
fn restrict(path: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    }
    let _ = path;
    Ok(())
}
