//! The course and the guides as a folder of pages: no network, no program but a browser.
//!
//! The chapters are Markdown in this folder, in the form that mdBook reads too (`book.toml`, `SUMMARY.md`). Code and derivations
//! are included from the crates by anchor. A package has no other crate's sources, so that `excerpts.txt` carries what is included;
//! `cargo run -p composer-course --example excerpts` writes it, and a test compares it with the sources.
//!
//! ```
//! let pages = composer_course::pages()?;
//! assert!(pages.iter().any(|page| page.title.contains("by hand")));
//! # Ok::<(), composer_course::Error>(())
//! ```

mod contents;
mod error;
mod frame;
pub mod include;
mod markdown;
pub mod summary;

pub use contents::{chapter, chapters, excerpt, figures};
pub use error::Error;
pub use frame::Page;

use std::fs;
use std::path::{Path, PathBuf};

/// All pages in the order of the table of contents, which is the first of them.
///
/// # Errors
/// A chapter that the table of contents names does not exist, or one includes what does not.
pub fn pages() -> Result<Vec<Page>, Error> {
    let parts = summary::parse(contents::SUMMARY)?;
    let entries: Vec<&summary::Entry> = parts.iter().flat_map(|part| &part.entries).collect();
    let mut pages = vec![frame::table_of_contents(&parts)];
    for (place, entry) in entries.iter().enumerate() {
        let text = contents::chapter(&entry.file).ok_or_else(|| Error::NoChapter(entry.file.clone()))?;
        let text = include::resolve(text, &entry.file, &contents::excerpt)?;
        let neighbours = frame::Neighbours {
            before: place.checked_sub(1).map(|at| entries[at]),
            after: entries.get(place + 1).copied(),
        };
        pages.push(frame::page(entry, &markdown::to_html(&text, &entry.file), &neighbours));
    }
    Ok(pages)
}

/// Writes the book into a folder, which is made if there is none; returns the path of its first page.
///
/// # Errors
/// A file cannot be written; or one of [`pages`].
pub fn write(folder: &Path) -> Result<PathBuf, Error> {
    let put = |path: &str, bytes: &[u8]| -> Result<(), Error> {
        let path = folder.join(path);
        let failed = |source| Error::Write { path: path.clone(), source };
        fs::create_dir_all(path.parent().unwrap_or(folder)).map_err(failed)?;
        // Whole or not at all, whatever happens while it is written.
        let part = path.with_extension("part");
        fs::write(&part, bytes).and_then(|()| fs::rename(&part, &path)).map_err(failed)
    };
    for page in pages()? {
        put(&page.path, page.html.as_bytes())?;
    }
    for (path, bytes) in contents::figures() {
        put(&path, bytes)?;
    }
    put(frame::STYLE_FILE, frame::STYLE.as_bytes())?;
    put(frame::MATHS_FILE, frame::maths().as_bytes())?;
    Ok(folder.join(frame::FIRST))
}
