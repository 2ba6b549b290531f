//! Single settings as text.

use crate::error::{Result, wrong_input};
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
