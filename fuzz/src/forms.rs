//! Inputs in a form that mutations can get on with: lengths and checksums are computed, so that what they protect is reached.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::cell::OnceCell;
use std::path::Path;
use tempfile::TempDir;

/// The bytes before the first NUL, and those after it. JSON has no NUL, so that a header of any length can stand before data.
pub fn header_and_data(bytes: &[u8]) -> (&[u8], &[u8]) {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    (&bytes[..end], bytes.get(end + 1..).unwrap_or_default())
}

/// An input of [`header_and_data`], with the byte before it that says so.
pub fn with_header(form: u8, header: &[u8], data: &[u8]) -> Vec<u8> {
    [&[form], header, b"\0", data].concat()
}

/// Appends the SHA-256 of all before it.
pub fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let digest = Sha256::digest(&bytes);
    bytes.extend_from_slice(&digest);
    bytes
}

/// Calls `read` with the path of a file of these bytes, and of this name.
pub fn with_file<T>(name: &str, bytes: &[u8], read: impl FnOnce(&Path) -> T) -> T {
    thread_local! { static FOLDER: OnceCell<TempDir> = const { OnceCell::new() } }
    FOLDER.with(|folder| {
        let folder = folder.get_or_init(|| TempDir::new().expect("the temporary folder can be written"));
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("the temporary folder can be written");
        read(&path)
    })
}

/// JSON with some of its values replaced by extreme ones: three bytes of `edits` say which value, in the order of the text, and by
/// what. Changes of bytes seldom leave JSON whole and of the right types; these always do.
pub fn edited(mut json: Value, edits: &[u8]) -> Value {
    let count = leaves(&mut json, &mut |_| {});
    for &[low, high, choice] in edits.as_chunks().0 {
        let chosen = usize::from(u16::from_le_bytes([low, high])) % count.max(1);
        let mut index = 0;
        leaves(&mut json, &mut |leaf| {
            if index == chosen {
                *leaf = extreme(choice, leaf);
            }
            index += 1;
        });
    }
    json
}

/// Calls `visit` with every value that holds no other, and counts them.
fn leaves(value: &mut Value, visit: &mut impl FnMut(&mut Value)) -> usize {
    match value {
        Value::Array(values) if !values.is_empty() => {
            values.iter_mut().map(|value| leaves(value, visit)).sum()
        }
        Value::Object(entries) if !entries.is_empty() => {
            entries.values_mut().map(|value| leaves(value, visit)).sum()
        }
        leaf => {
            visit(leaf);
            1
        }
    }
}

/// One of the values at which arithmetic overflows, divides by zero or indexes too far; or a neighbour of the old one.
fn extreme(choice: u8, old: &Value) -> Value {
    let near = |by: i64| match old.as_i64() {
        Some(number) => json!(number.wrapping_add(by)),
        None => old.clone(),
    };
    match choice % 24 {
        0 => json!(0),
        1 => json!(1),
        2 => json!(2),
        3 => json!(-1),
        4 => json!(3),
        5 => json!(12),
        6 => json!(100),
        7 => json!(127),
        8 => json!(128),
        9 => json!(255),
        10 => json!(65_535),
        11 => json!(u32::MAX),
        12 => json!(i64::MAX),
        13 => json!(u64::MAX),
        14 => json!(0.5),
        15 => json!(1e-300),
        16 => json!(f64::MAX),
        17 => json!(-1e9),
        18 => Value::Null,
        19 => json!(true),
        20 => json!([]),
        21 => json!(""),
        22 => near(1),
        _ => near(-1),
    }
}
