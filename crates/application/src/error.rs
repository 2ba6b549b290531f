//! The one error of the use cases: what went wrong in a sentence, and whether the input was at fault.

use composer_models::Error as ModelError;
use std::fmt;

/// Why a use case did not come to its end. As text: one sentence, with its causes.
pub struct Error {
    cause: anyhow::Error,
}

/// The result of a use case.
pub type Result<T> = std::result::Result<T, Error>;

/// Who can do something about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// A file, a folder or an option cannot be used as it is: the text says which, and what to change. The command exits with 2.
    WrongInput,
    /// It was stopped on request; a training was saved. The command exits with 130, as shells do.
    Stopped,
    /// Something else failed: a full disk, a loss that is not finite. The command exits with 1.
    Failure,
}

impl Error {
    /// An error of wrong input; the text says what is wrong, where, and what to do.
    pub fn wrong_input(text: impl fmt::Display) -> Self {
        wrong_input(text).into()
    }

    /// Who can do something about it.
    pub fn kind(&self) -> ErrorKind {
        match &self.cause {
            error if error.is::<Stopped>() => ErrorKind::Stopped,
            error if error.chain().any(is_wrong_input) => ErrorKind::WrongInput,
            _ => ErrorKind::Failure,
        }
    }

    /// The option that is at fault and what is wrong with it, if it is one: ("top_k", "is for models that write tokens …").
    pub fn option(&self) -> Option<(&str, &str)> {
        let wrong = self.cause.chain().find_map(|cause| cause.downcast_ref::<WrongOption>())?;
        Some((wrong.option, &wrong.problem))
    }
}

impl From<anyhow::Error> for Error {
    fn from(error: anyhow::Error) -> Self {
        error.downcast().unwrap_or_else(|cause| Self { cause })
    }
}

macro_rules! from {
    ($($error:ty),* $(,)?) => {
        $(impl From<$error> for Error {
            fn from(error: $error) -> Self {
                Self { cause: error.into() }
            }
        })*
    };
}

from!(
    std::io::Error,
    composer_audio::Error,
    composer_bptt::Error,
    composer_decoding::Error,
    composer_models::Error,
    composer_music::corpus::Error,
    composer_report::Error,
    composer_training::Error,
);

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&sentence(&self.cause))
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.cause, f)
    }
}

impl std::error::Error for Error {}

/// Something that the user gave cannot be used; the text says what, where, and what to do.
#[derive(Debug)]
struct WrongInput(String);

impl fmt::Display for WrongInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for WrongInput {}

/// An option that cannot be used. Options are named as in the library; the command writes top_k as --top-k.
#[derive(Debug)]
struct WrongOption {
    option: &'static str,
    problem: String,
}

impl fmt::Display for WrongOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.option, self.problem)
    }
}

impl std::error::Error for WrongOption {}

/// Something was stopped on request; for a training that was saved the text says how to resume it.
#[derive(Debug)]
pub(crate) struct Stopped(pub String);

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Stopped {}

/// Ends what composes or writes notes anew where somebody asked to stop.
pub(crate) fn stopped() -> anyhow::Error {
    Stopped("stopped on request, before anything was made".to_owned()).into()
}

/// Makes an error of wrong input out of any error that explains itself.
pub(crate) fn wrong_input(error: impl fmt::Display) -> anyhow::Error {
    WrongInput(error.to_string()).into()
}

/// An error about an option, by its name in the library.
pub(crate) fn wrong_option(option: &'static str, problem: impl Into<String>) -> anyhow::Error {
    WrongOption { option, problem: problem.into() }.into()
}

fn is_wrong_input(cause: &(dyn std::error::Error + 'static)) -> bool {
    cause.is::<WrongInput>()
        || cause.is::<WrongOption>()
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
                    | composer_decoding::Error::NoteLengths
            )
        )
}

/// The chain of causes as one sentence; a cause that its own effect already quotes is not said twice.
fn sentence(error: &anyhow::Error) -> String {
    let mut text = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        if text.is_empty() {
            text = cause;
        } else if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    #[test]
    fn causes_are_told_once_and_the_kind_survives_context() {
        let inner: anyhow::Result<()> = Err(wrong_input("no notes"));
        let error = Error::from(inner.context("cannot use a.mid").unwrap_err());
        assert_eq!(
            (error.to_string().as_str(), error.kind()),
            ("cannot use a.mid: no notes", ErrorKind::WrongInput)
        );
        let error = Error::from(wrong_option("top_k", "is 0"));
        assert_eq!((error.option(), error.to_string().as_str()), (Some(("top_k", "is 0")), "top_k is 0"));
        assert_eq!(Error::from(std::io::Error::other("disk")).kind(), ErrorKind::Failure);
    }
}
