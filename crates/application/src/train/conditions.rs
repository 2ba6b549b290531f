//! The conditions of the training music: each piece is told its own, and the model learns from them what it tells apart.

use super::material::{Material, Subset};
use super::styles::Styles;
use super::tracks::{of_frames, of_tokens};
use crate::error::wrong_input;
use crate::model::TrainedModel;
use crate::settings::Settings;
use composer_models::{Condition, ConditionTrack, Conditions, Form, Sequence};
use composer_music::representation::AnyRepresentation;

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
