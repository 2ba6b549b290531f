//! Every option of `compose` with every representation: it has its effect, or it is refused in a sentence. `docs/options.md` shows the
//! table.

mod models;
mod pieces;
mod rows;

pub use models::{base, model, primer};

use crate::common::composer;
use composer::TrainedModel;
use composer::compose::{Primer, compose};
use composer_music::midi;
use composer_music::representation::AnyRepresentation;
use pieces::{Pieces, quarters};
use rows::{Row, Where, refusal, rows};
use std::fmt::Write as _;
use std::path::Path;
use tempfile::tempdir;

const REPRESENTATIONS: [&str; 9] = AnyRepresentation::NAMES;

/// Options that do not depend on the representation.
const GENERAL: [&str; 6] = ["--model", "--output-dir", "--format", "--pick", "--from", "--reference"];

/// What is wrong with one cell of the table, if something is.
fn fault(row: &Row, name: &str, model: &TrainedModel, folder: &Path) -> Option<String> {
    let mut without = base(name);
    (row.both)(&mut without);
    if name == "drum-events" {
        without.key = None; // its own row
    }
    let mut with = without.clone();
    (row.given)(&mut with);
    if let Primer::Midi { path, .. } = &mut with.primer {
        *path = folder.join(&path);
    }
    match (compose(model, &with), refusal(row, name)) {
        (Ok(_), Some(_)) => Some("is accepted".into()),
        (Err(error), Some(words)) => (!error.to_string().contains(words)).then(|| error.to_string()),
        (Err(error), None) => Some(error.to_string()),
        (Ok(with), None) => match compose(model, &without) {
            Ok(without) => {
                let pieces = Pieces { with, without };
                (!(row.effect)(&pieces)).then(|| {
                    let first = &pieces.with[0].score;
                    let notes: Vec<_> = first.notes().take(8).collect();
                    format!("has no effect: {} quarters, {:?} {notes:?}", quarters(first), first.tempos)
                })
            }
            Err(error) => Some(error.to_string()),
        },
    }
}

#[test]
fn every_option_has_its_effect_with_every_representation_or_is_refused() {
    let folder = tempdir().expect("a folder");
    std::fs::write(folder.path().join("primer.mid"), midi::write(&primer()).expect("writes"))
        .expect("writes");
    let rows = rows();
    let mut faults = String::new();
    for name in REPRESENTATIONS {
        let model = model(name);
        for row in &rows {
            if let Some(fault) = fault(row, name, &model, folder.path()) {
                let _ = writeln!(faults, "{} with {name}: {fault}", row.option);
            }
        }
    }
    assert!(faults.is_empty(), "{faults}");
}

/// The table of `docs/options.md`.
fn table() -> String {
    let mut text = String::from("| option |");
    text.extend(REPRESENTATIONS.iter().map(|name| format!(" {name} |")));
    text.push_str("\n|---|");
    REPRESENTATIONS.iter().for_each(|_| text.push_str("---|"));
    text.push('\n');
    for row in rows() {
        let _ = write!(text, "| `{}` |", row.option);
        for name in REPRESENTATIONS {
            let refused = refusal(&row, name).is_some() && !matches!(row.applies, Where::Nowhere(_));
            let _ = write!(text, " {} |", if refused { "refused" } else { "✓" });
        }
        text.push('\n');
    }
    text
}

#[test]
fn the_documented_table_is_the_tested_one_and_has_every_option_of_the_command() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/options.md");
    let page = std::fs::read_to_string(page).expect("the page");
    assert!(page.contains(&table()), "docs/options.md should have this table:\n{}", table());
    let folder = tempdir().expect("a folder");
    let help = composer(folder.path(), &["compose", "--help"]).stdout;
    let help = String::from_utf8_lossy(&help);
    let global = String::from_utf8_lossy(&composer(folder.path(), &["runs", "--help"]).stdout).into_owned();
    let option = |line: &str| {
        let word = line.split_whitespace().find(|word| word.starts_with("--"))?;
        line.trim_start().starts_with('-').then(|| word.trim_end_matches(',').to_owned())
    };
    let known: Vec<&str> = rows().iter().map(|row| row.option).chain(GENERAL).collect();
    for option in help.lines().filter_map(option) {
        let everywhere = global.lines().any(|line| line.contains(&option));
        assert!(everywhere || known.contains(&option.as_str()), "{option} is not in the table");
    }
    for option in known {
        assert!(help.contains(option), "{option} is no option");
    }
}
