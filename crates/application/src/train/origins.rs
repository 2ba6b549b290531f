//! What the report lets one hear: the compositions, those of a model that learnt for longer, and real music that neither learnt from.

use super::material::Material;
use super::options::TrainOptions;
use super::trained::Trained;
use crate::compose::{ComposeOptions, compose};
use crate::likelihood::{model_nll, untold};
use crate::model::TrainedModel;
use crate::models::{DEFAULT, Source};
use crate::progress::Progress;
use crate::run_folder::OutputFolder;
use crate::settings::Settings;
use crate::sound::write_wav;
use composer_evaluation::assessment::{Assessment, Assessor, excerpt_length};
use composer_models::{Encoding, SequenceModel};
use composer_music::{Score, midi};
use composer_report::evaluation::marked_quarters;
use composer_report::{Origin, PieceFigure};
use std::path::{Path, PathBuf};

/// Compositions of the trained model that the report shows.
const OWN: usize = 3;
/// Compositions of the other model, and real pieces, that it shows.
const OTHERS: usize = 2;

/// What a report is made of besides the training itself.
pub(super) struct Listening<'a> {
    pub settings: &'a Settings,
    pub material: &'a Material,
    pub options: &'a TrainOptions,
    pub assessor: Option<&'a Assessor>,
    pub folder: &'a OutputFolder,
}

impl Listening<'_> {
    /// All origins: the trained model, the other one if there is one, real music if some was held out. What fails about the others is told
    /// to `progress`: the training itself is done.
    pub fn origins(&self, trained: &Trained, progress: &mut dyn Progress) -> anyhow::Result<Vec<Origin>> {
        let mut origins = vec![self.own(trained)];
        if let Some(model) = self.beside() {
            match self.other(&model, trained) {
                Ok(origin) => origins.push(origin),
                Err(error) => progress.warning(&format!(
                    "The report is without music of the model {} beside it: {error}.",
                    model.display()
                )),
            }
        }
        origins.extend(self.real(trained)?);
        Ok(origins)
    }

    /// The model that plays beside the trained one, by the setting `run.beside`.
    fn beside(&self) -> Option<PathBuf> {
        match self.settings.run.beside.as_str() {
            "none" => None,
            "" => self.settings.music.folder.is_empty().then(|| DEFAULT.into()),
            model => Some(model.into()),
        }
    }

    fn score(&self, piece: &Score) -> Option<f64> {
        Some(self.assessor?.likeness(piece).score)
    }

    fn own(&self, trained: &Trained) -> Origin {
        let figure = |(number, saved): (usize, &crate::compose::SavedPiece)| PieceFigure {
            title: format!("Composition {}", number + 1),
            caption: format!(
                "{}.mid, {:.2} nats per step under the model",
                saved.file_stem,
                saved.piece.nll_per_step()
            ),
            file: Some(format!("{}.wav", saved.file_stem)),
            score: saved.piece.score.clone(),
            marks: trained
                .assessment
                .as_ref()
                .map_or(Vec::new(), |assessment| marked_quarters(assessment, number, &saved.piece.score)),
        };
        let of_pieces = |assessment: &Assessment| {
            assessment.pieces.iter().filter_map(|piece| Some(piece.diagnosis.likeness?.score)).collect()
        };
        Origin {
            title: learning_time(trained.summary.seconds),
            caption: "What this training made of random weights, or of those that it started from.".into(),
            test_nll: trained.likelihoods.last().map(|row| row.nll.per_frame()),
            scores: trained.assessment.as_ref().map_or(Vec::new(), of_pieces),
            figures: trained.compositions.iter().enumerate().take(OWN).map(figure).collect(),
        }
    }

    /// Compositions of another model, with the defaults that suit it.
    fn other(&self, name: &Path, trained: &Trained) -> crate::Result<Origin> {
        let source = Source::find(name)?;
        let model = TrainedModel::load(name)?;
        let options = ComposeOptions { temperature: None, ..self.options.compositions.clone() };
        let scores: Vec<Score> = compose(&model, &options)?.into_iter().map(|piece| piece.score).collect();
        let (title, caption) = match &source {
            Source::BuiltIn(model) => {
                let card = model.card()?;
                let minutes = card.training.minutes.map(|minutes| learning_time(60.0 * minutes));
                let title = minutes.unwrap_or_else(|| format!("The built-in model {}", model.name));
                (title, format!("The built-in model {}: {}.", model.name, card.title))
            }
            Source::File(path) => ("Another model".into(), format!("The model {}.", path.display())),
        };
        Ok(Origin {
            title,
            caption,
            test_nll: self.comparable_nll(&model.model, &trained.model.model)?,
            scores: scores.iter().filter_map(|score| self.score(score)).collect(),
            figures: self.saved("beside", "Composition", &scores[..scores.len().min(OTHERS)])?,
        })
    }

    /// The NLL of the test pieces, told nothing, if both models predict the same symbols.
    fn comparable_nll(&self, other: &SequenceModel, own: &SequenceModel) -> anyhow::Result<Option<f64>> {
        let same = match (other.encoding(), own.encoding()) {
            (Encoding::Frames { representation: a, .. }, Encoding::Frames { representation: b, .. }) => {
                a == b
            }
            _ => false,
        };
        if !same {
            return Ok(None);
        }
        Ok(Some(model_nll(other, &untold(&self.material.test.sequences))?.per_frame()))
    }

    /// Openings of the test pieces, as long as the compositions; `None` without any.
    fn real(&self, trained: &Trained) -> anyhow::Result<Option<Origin>> {
        let composed: Vec<&Score> = trained.compositions.iter().map(|saved| &saved.piece.score).collect();
        let openings = self.material.openings(excerpt_length(&composed));
        if openings.is_empty() {
            return Ok(None);
        }
        let scores = openings.iter().filter_map(|(_, score)| self.score(score)).collect();
        let shown: Vec<Score> = openings.iter().take(OTHERS).map(|(_, score)| score.clone()).collect();
        let mut figures = self.saved("real", "Opening", &shown)?;
        for (figure, (name, _)) in figures.iter_mut().zip(&openings) {
            figure.title = format!("Opening of {name}");
        }
        Ok(Some(Origin {
            title: "Real music".into(),
            caption:
                "Pieces that were held out of this training, on the same grid and with the same instrument."
                    .into(),
            test_nll: None,
            scores,
            figures,
        }))
    }

    /// Writes pieces beside the report, as MIDI and as WAV.
    fn saved(&self, prefix: &str, title: &str, scores: &[Score]) -> anyhow::Result<Vec<PieceFigure>> {
        let soundfont = self.options.compositions.soundfont.as_deref();
        let mut figures = Vec::new();
        for (number, score) in (1..).zip(scores) {
            let stem = format!("{prefix}-{number}");
            self.folder.write(&format!("{stem}.mid"), &midi::write(score)?)?;
            let wav = format!("{stem}.wav");
            write_wav(score, soundfont, &self.folder.path(&wav))?;
            figures.push(PieceFigure {
                title: format!("{title} {number}"),
                caption: format!("{stem}.mid"),
                file: Some(wav),
                score: score.clone(),
                marks: Vec::new(),
            });
        }
        Ok(figures)
    }
}

/// How long was learnt, as a title.
fn learning_time(seconds: f64) -> String {
    let (number, unit) = match seconds {
        seconds if seconds < 100.0 => (seconds, "second"),
        seconds if seconds < 6000.0 => (seconds / 60.0, "minute"),
        seconds => (seconds / 3600.0, "hour"),
    };
    let number = number.round().max(1.0);
    format!("{number:.0} {unit}{} of learning", if number == 1.0 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::learning_time;

    #[test]
    fn learning_is_told_in_the_unit_that_suits_it() {
        let told = [0.2, 58.4, 99.6, 100.0, 5990.0, 6100.0, 36_000.0].map(learning_time);
        let units =
            ["1 second", "58 seconds", "100 seconds", "2 minutes", "100 minutes", "2 hours", "10 hours"];
        assert_eq!(told, units.map(|unit| format!("{unit} of learning")));
    }
}
