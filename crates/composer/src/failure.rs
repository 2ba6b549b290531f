//! What people read when something goes wrong, and the exit code: 2 for wrong input, 1 for everything else.

use crate::interrupt::{self, Interrupted};
use composer_models::Error as ModelError;
use std::fmt::Write;

/// Something that the user gave cannot be used; the text says what, where, and what to do.
#[derive(Debug)]
pub struct WrongInput(pub String);

impl std::fmt::Display for WrongInput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for WrongInput {}

/// Makes an error of wrong input out of any error that explains itself.
pub fn wrong_input(error: impl std::fmt::Display) -> anyhow::Error {
    WrongInput(error.to_string()).into()
}

/// 2 if the input was wrong, 1 for a failure, and what shells use for an interruption.
pub fn exit_code(error: &anyhow::Error) -> u8 {
    if error.is::<Interrupted>() {
        return interrupt::EXIT_CODE;
    }
    let wrong = error.chain().any(|cause| {
        cause.is::<WrongInput>()
            || cause.downcast_ref::<ModelError>().is_some_and(|error| match error {
                ModelError::Io { action, source, .. } => {
                    *action == "read" && source.kind() != std::io::ErrorKind::OutOfMemory
                }
                _ => true,
            })
            || cause.is::<composer_music::corpus::Error>()
            || matches!(
                cause.downcast_ref(),
                Some(composer_training::Error::Setting { .. } | composer_training::Error::NoMusic(_))
            )
            || matches!(
                cause.downcast_ref(),
                Some(
                    composer_decoding::Error::Option { .. }
                        | composer_decoding::Error::Unreadable { .. }
                        | composer_decoding::Error::Primer(_)
                )
            )
    });
    if wrong { 2 } else { 1 }
}

/// The chain of causes as one sentence; a cause that its own effect already quotes is not said twice.
pub fn sentence(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            let _ = write!(text, ": {cause}");
        }
    }
    text
}
