//! [`Source`]: where the name or the path of a model leads.

use super::built_in::BuiltIn;
use crate::error::{Result, wrong_input};
use composer_models::file;
use composer_music::input::shown;
use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// Where the name or the path of a model leads.
#[derive(Debug)]
pub enum Source {
    /// To a file.
    File(PathBuf),
    /// To a built-in model.
    BuiltIn(&'static BuiltIn),
}

impl Source {
    /// Where `model` leads: a file of that name comes before a built-in model.
    ///
    /// # Errors
    /// It is a name, and neither a file nor a built-in model has it.
    pub fn find(model: &Path) -> Result<Self> {
        if model.exists() && !model.is_dir() {
            return Ok(Self::File(model.to_owned()));
        }
        if let Some(found) = model.to_str().and_then(BuiltIn::by_name) {
            return Ok(Self::BuiltIn(found));
        }
        let is_name = model.components().count() == 1 && model.extension().is_none() && !model.is_dir();
        if is_name {
            let names: Vec<&str> = BuiltIn::ALL.iter().map(|model| model.name).collect();
            return Err(wrong_input(format!(
                "there is neither a file nor a built-in model {}; the built-in models are {}",
                shown(model),
                names.join(", ")
            ))
            .into());
        }
        Ok(Self::File(model.to_owned()))
    }
}

/// The bytes of a model, named or in a file, and what stands in the place of a path in messages.
///
/// # Errors
/// There is none of that name, or the file cannot be read.
pub fn read(model: &Path) -> Result<(Cow<'static, [u8]>, PathBuf)> {
    Ok(match Source::find(model)? {
        Source::File(path) => (file::read(&path)?.into(), path),
        Source::BuiltIn(model) => (model.bytes().into(), model.label()),
    })
}
