//! [`Styles`]: the styles of pieces, from their folders or from a table.

use crate::error::wrong_input;
use crate::settings::FOLDER;
use composer_music::input::{MAX_TEXT, read_text};
use std::collections::BTreeMap;
use std::path::Path;

/// Where the styles of pieces come from.
pub(crate) enum Styles {
    /// The first folder in the name of a piece.
    Folders,
    /// A table: name of a piece, style.
    Table(BTreeMap<String, String>),
}

impl Styles {
    /// By the setting `music.style_from`: `folder`, or a file with a line for each piece, its path below the training folder and its style with a
    /// tab between them. Empty lines and those that begin with # are left out.
    pub fn read(style_from: &str) -> anyhow::Result<Self> {
        if style_from == FOLDER {
            return Ok(Self::Folders);
        }
        let text = read_text(Path::new(style_from), MAX_TEXT)
            .map_err(|error| wrong_input(format!("cannot read the styles {style_from}: {error}")))?;
        let mut table = BTreeMap::new();
        for (number, line) in
            (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'))
        {
            match line.split_once('\t').map(|(name, style)| (name.trim(), style.trim())) {
                Some((name, style)) if !name.is_empty() && !style.is_empty() => {
                    table.insert(name.to_owned(), style.to_owned());
                }
                _ => {
                    return Err(wrong_input(format!(
                        "{style_from}, line {number}: write the path of a piece, a tab and its style"
                    )));
                }
            }
        }
        Ok(Self::Table(table))
    }

    /// The style of a piece, if it has one.
    pub fn of<'n>(&'n self, name: &'n str) -> Option<&'n str> {
        match self {
            Self::Folders => name.split_once('/').map(|(folder, _)| folder),
            Self::Table(table) => table.get(name).map(String::as_str),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn styles_are_folders_or_lines_of_a_table() {
        let folders = Styles::read(FOLDER).unwrap();
        assert_eq!((folders.of("rag/joplin/a.mid"), folders.of("a.mid")), (Some("rag"), None));
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("styles.tsv");
        std::fs::write(&file, "# piece, style\n\nx/a.mid\tslow waltz\n").unwrap();
        let table = Styles::read(&file.to_string_lossy()).unwrap();
        assert_eq!((table.of("x/a.mid"), table.of("x/b.mid")), (Some("slow waltz"), None));
        std::fs::write(&file, "a.mid\trag\nb.mid rag\n").unwrap();
        let error = Styles::read(&file.to_string_lossy()).err().unwrap().to_string();
        assert!(error.contains("line 2: write the path of a piece, a tab and its style"), "{error}");
    }
}
