//! Single settings, as values or as text.

use super::Layers;
use crate::error::{Result, wrong_input};
use serde::Serialize;
use toml::{Table, Value};

/// `key=value` as a single setting; the value is TOML, or else a text.
///
/// # Errors
/// There is no `=`.
pub fn single_setting(text: &str) -> Result<(String, Value)> {
    let (key, value) =
        text.split_once('=').ok_or_else(|| wrong_input(format!("{text}: write a setting as key=value")))?;
    let parsed = format!("value = {value}").parse::<Table>().ok().and_then(|mut table| table.remove("value"));
    Ok((key.trim().to_owned(), parsed.unwrap_or_else(|| Value::String(value.to_owned()))))
}

impl Layers {
    /// With a single setting more, if there is a value for it.
    ///
    /// # Errors
    /// The value is none that TOML can hold, such as a number above 2⁶³.
    pub fn with<T: Serialize>(mut self, key: &str, value: Option<T>) -> Result<Self> {
        if let Some(value) = value {
            let value = Value::try_from(value).map_err(|error| wrong_input(format!("{key}: {error}")))?;
            self.single.push((key.to_owned(), value));
        }
        Ok(self)
    }

    /// With single settings more, each as `key=value`.
    ///
    /// # Errors
    /// As [`single_setting`].
    pub fn with_texts(mut self, texts: &[String]) -> Result<Self> {
        for text in texts {
            self.single.push(single_setting(text)?);
        }
        Ok(self)
    }
}
