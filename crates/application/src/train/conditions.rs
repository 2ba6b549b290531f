//! The conditions of the training music: styles from folders or from a table, attributes and metres from the notes.

use super::material::{Material, Subset};
use crate::error::wrong_input;
use crate::model::TrainedModel;
use crate::settings::Settings;
use composer_models::{Condition, ConditionTrack, ConditionValues, Conditions, Form, Sequence};
use composer_music::Score;
use composer_music::input::{MAX_TEXT, read_text};
use composer_music::representation::AnyRepresentation;
use composer_music::representation::frames::{Frame, FrameRepresentation};
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

pub(crate) use crate::settings::FOLDER;

/// The conditions of a piece of frames, bar by bar.
fn of_frames(
    sequence: &Sequence,
    frames: &[Frame],
    grid: &FrameRepresentation,
    style: Option<&str>,
) -> ConditionTrack {
    ConditionTrack::of_frames(frames, sequence.bars(), grid.steps_per_quarter, style)
}

/// The conditions of a piece of tokens: bar by bar for those of voices, of which each step has as many, and else those of the whole piece,
/// because their symbols are no time steps.
pub(crate) fn of_tokens(
    tokens: &AnyRepresentation,
    score: &Score,
    grid: &FrameRepresentation,
    style: Option<&str>,
) -> ConditionTrack {
    if let AnyRepresentation::Voices(voices) = tokens {
        let grid = FrameRepresentation { steps_per_quarter: voices.steps_per_quarter, ..*grid };
        let bars = grid.bars(score);
        let track =
            ConditionTrack::of_frames(&grid.encode(score), Some(&bars), grid.steps_per_quarter, style);
        return track.with_symbols_per_step(voices.voices.into());
    }
    let measured = composer_models::conditions::measure(&grid.encode(score), grid.steps_per_quarter);
    let metre = Some(grid.bars(score).metre_at(0));
    ConditionTrack::from(ConditionValues { style: style.map(str::to_owned), metre, ..measured })
}

/// What a sequence is told, how long it is, and its form.
fn told(sequence: &Sequence) -> Option<(&ConditionTrack, usize, Option<&Form>)> {
    let form = match sequence {
        Sequence::Frames(frames) => frames.form(),
        _ => None,
    };
    Some((sequence.conditions()?, sequence.len(), form))
}

impl Material {
    /// Tells the sequences of all sets their conditions, if the settings ask for some, and learns from the training set what a model tells
    /// apart; a model to begin with has learnt it before.
    ///
    /// # Errors
    /// The table of styles cannot be used, or no piece has a style.
    pub(crate) fn learn_conditions(
        &mut self,
        settings: &Settings,
        given: Option<&TrainedModel>,
    ) -> anyhow::Result<Conditions> {
        let which = &settings.model.conditions;
        if which.is_empty() {
            return Ok(Conditions::default());
        }
        if which.contains(&Condition::Form) && self.tokens.is_some() {
            return Err(wrong_input(
                "only a network of frames can be told the form: leave form out of --conditions, or choose --representation frames",
            ));
        }
        if which.contains(&Condition::Rhythm) && !which.contains(&Condition::Form) {
            return Err(wrong_input(
                "the rhythm is told with the form: add form to --conditions, or leave rhythm out",
            ));
        }
        let on_a_grid = matches!(self.tokens, None | Some(AnyRepresentation::Voices(_)));
        if which.contains(&Condition::Harmony) && !on_a_grid {
            return Err(wrong_input(
                "only networks of frames and of voices, which are on a grid, can be told the harmony: leave harmony out of --conditions, or choose \
                 --representation frames or voices",
            ));
        }
        let styles = Styles::read(&settings.music.style_from)?;
        let (grid, tokens) = (self.representation, self.tokens.clone());
        for set in [&mut self.train, &mut self.valid, &mut self.test] {
            let Subset { names, scores, frames, sequences } = set;
            for (place, sequence) in sequences.iter_mut().enumerate() {
                let style = styles.of(&names[place]);
                let track = match &tokens {
                    Some(tokens) => of_tokens(tokens, &scores[place], &grid, style),
                    None => of_frames(sequence, &frames[place], &grid, style),
                };
                *sequence = std::mem::replace(sequence, Sequence::tokens(Vec::new())).with_conditions(track);
            }
        }
        self.styles = Some(styles);
        let learnt = Conditions::learn(which, self.train.sequences.iter().filter_map(told));
        if let Some(given) = given {
            let conditions = &given.model.config().conditions;
            // Others are refused with all that has to match that model.
            if conditions.known().all(|known| which.contains(&known)) {
                return Ok(Conditions { pieces: learnt.pieces, ..conditions.clone() });
            }
        }
        match which.contains(&Condition::Style) && learnt.style.is_none() {
            true => Err(wrong_input(format!(
                "no training piece of {} has a style: sort the pieces into folders that are named by their styles, or write a table and name it \
                 with --style-from",
                self.name
            ))),
            false => Ok(learnt),
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
