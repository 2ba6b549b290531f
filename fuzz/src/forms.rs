//! Inputs in a form that mutations can get on with: lengths and checksums are computed, so that what they protect is reached.

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
