//! [`StepRules`]: what is open at a step, and how compositions choose there, by their forms.

use crate::frames::{FrameOptions, Open};
use composer_models::form::Nearness;
use composer_models::{Encoding, Form};
use composer_music::BarMap;

/// A step, before the form of a composition is asked.
pub(crate) struct StepRules {
    /// The step, counted from the first one that the model reads.
    pub at: u64,
    open: Open,
    /// By whether the bar returns the same, then by whether notes begin where the form says.
    options: [[FrameOptions; 2]; 2],
    /// Whether the model is told of forms.
    returns: bool,
}

impl StepRules {
    /// Of a model with an encoding, chosen by options, note by note or not.
    pub fn new(
        at: u64,
        open: Open,
        encoding: &Encoding,
        (options, note_by_note): (&FrameOptions, bool),
    ) -> Self {
        let both = |options: FrameOptions| {
            let told = if encoding.tells_rhythm() { options.in_told_rhythm() } else { options };
            [options, told]
        };
        let options = [both(*options), both(options.in_same_bar(note_by_note))];
        Self { at, open, options, returns: encoding.returns() }
    }

    /// The form of a composition and its bars, if the model is told of it.
    pub fn told<'a>(
        &self,
        forms: &'a [Form],
        bars: Option<&'a BarMap>,
        row: usize,
    ) -> Option<(&'a Form, &'a BarMap)> {
        form_of(forms, row).zip(bars).filter(|_| self.returns)
    }

    /// What is open to a composition, and how it chooses.
    pub fn of_row(&self, told: Option<(&Form, &BarMap)>) -> (Open, &FrameOptions) {
        let found = told.and_then(|(form, bars)| form.at_step(self.at, bars));
        let returns = found.is_some_and(|(nearness, _)| nearness == Nearness::Same);
        let open = self.open.in_rhythm(told.and_then(|(form, bars)| form.begins(self.at, bars)));
        (open, &self.options[usize::from(returns)][usize::from(open.begins.is_some())])
    }
}

/// The form of a composition; `None`: none is told.
pub(crate) fn form_of(forms: &[Form], row: usize) -> Option<&Form> {
    forms.get(row % forms.len().max(1))
}
