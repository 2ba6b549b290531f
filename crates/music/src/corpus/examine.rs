//! Decides whether a file becomes a piece, and says why.

use crate::text::counted;
use std::path::Path;

use super::content::{self, ContentKey};
use super::files::{MidiPath, midi_files, music_files};
use super::verdict::{Dropped, Rule, Verdict};
use super::{Error, Piece, content_key};
use crate::midi::{MidiFile, ReadReport};
use crate::notation;
use crate::representation::grid::{Grid, MAX_STEPS};
use crate::score::Score;

/// What a file must be to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Criteria {
    /// Fewest notes.
    pub min_notes: usize,
    /// Longest piece, in quarter notes.
    pub max_quarters: u64,
    /// Whether what is left of a damaged file is used.
    pub keep_damaged: bool,
    /// Whether a piece is kept that has the same content as one before it.
    pub keep_duplicates: bool,
    /// Whether a copy in another key is a duplicate.
    pub transpositions_are_duplicates: bool,
    /// Whether what this program composed is music like any other; otherwise [`super::music_files`] leaves it out.
    pub keep_composed: bool,
    /// How notation becomes notes.
    pub notation: notation::Options,
}

impl Default for Criteria {
    /// Everything with a note in it, once.
    fn default() -> Self {
        Self {
            min_notes: 1,
            max_quarters: MAX_STEPS / 24,
            keep_damaged: true,
            keep_duplicates: false,
            transpositions_are_duplicates: false,
            keep_composed: false,
            notation: notation::Options::default(),
        }
    }
}

impl Criteria {
    /// The files to look at in folders.
    ///
    /// # Errors
    /// As [`midi_files`].
    pub(crate) fn files<P: AsRef<Path>>(&self, paths: &[P]) -> Result<Vec<MidiPath>, Error> {
        if self.keep_composed { midi_files(paths) } else { music_files(paths) }
    }

    /// Pieces with the same key are duplicates under these criteria.
    pub fn duplicate_key(&self, score: &Score) -> ContentKey {
        match self.transpositions_are_duplicates {
            true => content_key(score),
            false => content::exact_content_key(score),
        }
    }
}

/// What became of a piece, and the piece if it is kept.
pub(crate) type Examined = (Verdict, Option<Piece>);

/// Looks at a file, or at a folder that is listed in place of its files. A tune book holds several pieces, other files one.
pub(crate) fn examine_file(file: &MidiPath, criteria: &Criteria) -> Vec<Examined> {
    if file.composed {
        return vec![(Verdict::composed(&file.name), None)];
    }
    match file.read() {
        Ok(bytes) => examine_all(&file.name, &bytes, criteria),
        Err(error) => vec![(Verdict::unreadable(&file.name, &error), None)],
    }
}

/// Examines the bytes of one file that holds one piece: its report, and the piece if it is kept. Duplicates are for the caller to find.
/// The pieces of a tune book come from [`examine_all`].
pub fn examine(name: &str, bytes: &[u8], criteria: &Criteria) -> (Verdict, Option<Piece>) {
    let read = notation::read_bytes(bytes, name, &criteria.notation);
    examined(name, content::sha256_hex(bytes), read, criteria)
}

/// Examines every piece of a file. The tunes of a tune book have its name with `#` and their number.
pub fn examine_all(name: &str, bytes: &[u8], criteria: &Criteria) -> Vec<(Verdict, Option<Piece>)> {
    let sha256 = content::sha256_hex(bytes);
    match notation::read_all(bytes, name, &criteria.notation) {
        Ok(tunes) => {
            let named = tunes.into_iter().map(|(number, tune)| match number {
                Some(number) => (format!("{name}#{number}"), tune),
                None => (name.to_owned(), tune),
            });
            named.map(|(name, tune)| examined(&name, sha256.clone(), tune, criteria)).collect()
        }
        Err(error) => vec![examined(name, sha256, Err(error), criteria)],
    }
}

fn examined(
    name: &str,
    sha256: String,
    read: Result<MidiFile, notation::Error>,
    criteria: &Criteria,
) -> Examined {
    let mut verdict = Verdict { name: name.to_owned(), sha256: Some(sha256.clone()), ..Verdict::default() };
    let file = match read {
        Ok(file) => file,
        Err(error) => {
            let rule =
                if matches!(error, notation::Error::Midi(_)) { Rule::NotMidi } else { Rule::BadNotation };
            verdict.dropped = Some(Dropped::new(rule, error.to_string(), None));
            return (verdict, None);
        }
    };
    verdict.notes = file.score.notes().count();
    verdict.dropped = fault(&file.score, &file.report, verdict.notes, criteria);
    verdict.report = Some(file.report);
    let piece = verdict.is_kept().then(|| Piece { name: name.to_owned(), score: file.score, sha256 });
    (verdict, piece)
}

/// The first rule that drops the file, with the reasons of all that do.
fn fault(score: &Score, report: &ReadReport, notes: usize, criteria: &Criteria) -> Option<Dropped> {
    let quarters = Grid::new(score.ticks_per_quarter, 1).step(score.end());
    let mut faults = Vec::new();
    if let Some(damage) = report.damage_in_words().filter(|_| !criteria.keep_damaged) {
        faults.push((
            Rule::Damaged,
            format!("damaged at {damage}"),
            Some("leaving out --no-damaged".to_owned()),
        ));
    }
    if notes < criteria.min_notes {
        let reason = match notes {
            0 => "it has no notes".to_owned(),
            1 => format!("it has 1 note, fewer than {}", criteria.min_notes),
            _ => format!("it has {}, fewer than {}", counted(notes, "note"), criteria.min_notes),
        };
        faults.push((Rule::TooFewNotes, reason, (notes > 0).then(|| format!("--min-notes {notes}"))));
    }
    if quarters > criteria.max_quarters {
        let reason = format!("it lasts {quarters} quarter notes, more than {}", criteria.max_quarters);
        faults.push((Rule::TooLong, reason, Some(format!("--max-quarters {quarters}"))));
    }
    let rule = faults.first()?.0;
    let reasons: Vec<&str> = faults.iter().map(|(_, reason, _)| reason.as_str()).collect();
    // Without a remedy for one of the reasons there is none for the file.
    let remedies: Option<Vec<&str>> = faults.iter().map(|(_, _, remedy)| remedy.as_deref()).collect();
    let remedy = remedies.map(|remedies| remedies.join(" and "));
    Some(Dropped::new(rule, reasons.join("; "), remedy.as_deref()))
}
