//! What the book is made of, in the program: chapters, figures, and what chapters include from other crates.

use composer_bptt::backpropagation;
use include_dir::{Dir, include_dir};

pub(crate) const SUMMARY: &str = include_str!("../SUMMARY.md");
/// Blocks of a line `=== PATH:ANCHOR` and the text.
const EXCERPTS: &str = include_str!("../excerpts.txt");

static COURSE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/course");
static GUIDES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/guides");
static DERIVATIONS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/derivations");
static FIGURES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/figures");

macro_rules! reference {
    ($($name:literal),*) => { [$(($name, include_str!(concat!("../", $name)))),*] };
}

/// Chapters beside this folder's `Cargo.toml`.
const REFERENCE: [(&str, &str); 14] = reference!(
    "cluster.md",
    "conditions.md",
    "judge.md",
    "leakage.md",
    "limits.md",
    "listening.md",
    "models.md",
    "networks.md",
    "composition.md",
    "notation.md",
    "options.md",
    "parts.md",
    "rewriting.md",
    "studio.md"
);

fn folders() -> [(&'static str, &'static Dir<'static>); 3] {
    [("course", &COURSE), ("guides", &GUIDES), ("derivations", &DERIVATIONS)]
}

/// The Markdown of a chapter by its path in the folder of the book, with its includes as they are.
pub fn chapter(file: &str) -> Option<&'static str> {
    if let Some((_, text)) = REFERENCE.iter().find(|(name, _)| *name == file) {
        return Some(text);
    }
    let (folder, name) = file.split_once('/')?;
    let (_, dir) = folders().into_iter().find(|(known, _)| *known == folder)?;
    dir.get_file(name)?.contents_utf8()
}

/// The paths of all chapters in the folder of the book.
pub fn chapters() -> Vec<String> {
    let inside = folders()
        .into_iter()
        .flat_map(|(folder, dir)| dir.files().map(move |file| format!("{folder}/{}", file.path().display())));
    REFERENCE.iter().map(|(name, _)| (*name).to_owned()).chain(inside).collect()
}

/// What a chapter includes: a page of derivations, or what stands in a source file under an anchor.
pub fn excerpt(path: &str, anchor: Option<&str>) -> Option<String> {
    let Some(anchor) = anchor else {
        let page = path.strip_prefix("crates/bptt/docs/")?;
        let found = backpropagation::PAGES.iter().find(|(name, _)| *name == page);
        return found.map(|(_, text)| (*text).to_owned());
    };
    let title = format!("=== {path}:{anchor}\n");
    let (_, rest) = EXCERPTS.split_once(&title)?;
    Some(rest.split("=== ").next().unwrap_or(rest).to_owned())
}

/// The figures: their paths in the folder of the book, and their bytes.
pub fn figures() -> Vec<(String, &'static [u8])> {
    let files = FIGURES
        .files()
        .filter(|file| file.path().extension().is_some_and(|ending| ending == "svg" || ending == "png"));
    files.map(|file| (format!("figures/{}", file.path().display()), file.contents())).collect()
}
