//! Where the data sets are that do not ship with the project.
#![allow(dead_code, reason = "each test file uses a part")]

use std::path::{Path, PathBuf};

/// The folder of data sets named by `COMPOSER_DATASETS`, or one beside the workspace; `None`, with the reason printed,
/// when there is none.
pub fn datasets() -> Option<PathBuf> {
    let folder = std::env::var_os("COMPOSER_DATASETS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/datasets"),
        PathBuf::from,
    );
    if !folder.is_dir() {
        println!("skipped: no data sets; COMPOSER_DATASETS names their folder");
        return None;
    }
    Some(folder)
}
