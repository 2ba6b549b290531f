//! [`Settings`]: all sections together.

use super::sections::{Model, Music, Run};
use super::tables;
use crate::error::{Result, wrong_input};
use composer_bptt::RecurrentConfig;
use composer_models::{Encoding, ModelConfig, Network, TokenNetwork};
use composer_music::representation::AnyRepresentation;
use composer_music::representation::frames::FrameParts;
use composer_training::TrainingConfig;
use composer_training::sampling::Curve;
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

/// Everything that a training depends on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The training music, and how it is encoded.
    pub music: Music,
    /// The network.
    pub model: Model,
    /// How it is trained.
    pub training: TrainingConfig,
    /// What is written during training; changes no figure.
    pub run: Run,
}

impl Default for Settings {
    /// What the quick start has time for.
    fn default() -> Self {
        Self {
            music: Music::default(),
            model: Model::default(),
            training: TrainingConfig {
                epochs: 16,
                batch_size: 16,
                excerpts: 0.6,
                ema_decay: 0.99,
                learning_rate: 0.004,
                ..TrainingConfig::default()
            },
            run: Run::default(),
        }
    }
}

impl Settings {
    /// All settings as a table, also those that a file has only where they are not the usual ones.
    pub(super) fn table(&self) -> anyhow::Result<Table> {
        let mut table = Table::try_from(self)?;
        let Self { music, training, .. } = self;
        tables::add_unwritten(&mut table, &music.style_from, training)?;
        Ok(table)
    }

    pub(super) fn from_table(table: Table) -> Result<Self> {
        let settings: Self = table.try_into().map_err(|error: toml::de::Error| {
            wrong_input(format!(
                "the configuration cannot be used: {}",
                error.to_string().lines().collect::<Vec<_>>().join(" ")
            ))
        })?;
        settings.training.check()?;
        Ok(settings)
    }

    /// Refuses other settings than a run can be resumed with.
    pub(crate) fn check_resumed_as(&self, other: &Self) -> anyhow::Result<()> {
        match self.resumes_as(other) {
            true => Ok(()),
            false => Err(wrong_input(
                "a run is resumed with its own configuration; only its end (training.epochs, updates, minutes and patience) and \
                 run.* may be changed with --resume (for other changes start a new run with --init-from and its model)",
            )),
        }
    }

    /// The default of a setting as text, by its whole name; empty if there is no such setting.
    pub fn default_of(key: &str) -> String {
        let table = Self::default().table().map(Value::Table).ok();
        let value = key
            .split('.')
            .try_fold(table.unwrap_or(Value::Boolean(false)), |value, part| value.get(part).cloned());
        match value {
            Some(Value::String(text)) => text,
            Some(value) => value.to_string(),
            None => String::new(),
        }
    }

    /// Whether a run with these settings may be resumed with others: only the end and what changes no figure differ.
    pub fn resumes_as(&self, other: &Self) -> bool {
        let same_end = Self { training: self.training.clone(), run: self.run.clone(), ..other.clone() };
        same_end == *self && self.training.continues_as(&other.training)
    }

    /// Refuses variants that would change nothing, because the symbols do not encode what would vary.
    pub(crate) fn check_augmentation(&self, representation: &AnyRepresentation) -> anyhow::Result<()> {
        let TrainingConfig { stretch, velocity, .. } = self.training;
        let representation_name = &self.music.representation;
        if stretch != 1.0 && !representation.has_tempo() {
            return Err(wrong_input(format!(
                "training.stretch is {stretch}, but {representation_name} measure time in quarters and do not encode the tempo: leave it at \
                 1, or use events or remi"
            )));
        }
        if velocity != 0 && !representation.has_velocity() {
            return Err(wrong_input(format!(
                "training.velocity is {velocity}, but {representation_name} do not encode velocity: leave it at 0, or use events \
                 or remi"
            )));
        }
        Ok(())
    }

    /// Refuses parts of frames where the network reads tokens.
    pub(crate) fn check_parts(&self, representation: &AnyRepresentation) -> anyhow::Result<()> {
        let parts = self.music.parts;
        if parts == FrameParts::Together || matches!(representation, AnyRepresentation::Frames(_)) {
            return Ok(());
        }
        Err(wrong_input(format!(
            "music.parts is {parts}, which is for networks of frames: leave it at together, or use music.representation=frames"
        )))
    }

    /// Refuses lengths and velocities of notes where no network decides them, before the music is read.
    pub(crate) fn check_note_lengths(&self, representation: &AnyRepresentation) -> anyhow::Result<()> {
        let Music { note_lengths, note_velocities, .. } = self.music;
        if note_lengths == 0 && note_velocities == 0 {
            return Ok(());
        }
        let refuse = |problem: &str| Err(wrong_input(problem.to_owned()));
        if note_lengths == 0 {
            return refuse(
                "music.note_velocities needs music.note_lengths, which is 0: set it to 64, or leave both at 0",
            );
        }
        if !matches!(representation, AnyRepresentation::Frames(_)) {
            return refuse(
                "music.note_lengths is for networks of frames: leave it at 0, or use music.representation=frames",
            );
        }
        if self.model.network != Network::NoteWise {
            return refuse(
                "music.note_lengths is for note-wise networks: leave it at 0, or use model.network=note-wise",
            );
        }
        if self.training.sampling.curve != Curve::TeacherForcing {
            return refuse(
                "scheduled sampling does not write notes whose lengths are decided where they begin: leave training.sampling.curve at \
                 teacher-forcing, or music.note_lengths at 0",
            );
        }
        Ok(())
    }

    /// As a file.
    pub fn to_toml(&self) -> Result<String> {
        Ok(toml::to_string_pretty(self).map_err(anyhow::Error::from)?)
    }

    /// The model for an encoding.
    pub fn model(&self, encoding: Encoding) -> ModelConfig {
        let model = &self.model;
        let recurrent = RecurrentConfig {
            cell: model.cell,
            hidden: model.hidden,
            layers: model.layers,
            bias: model.bias,
            dropout: model.dropout,
            variational_dropout: model.variational_dropout,
            recurrent_dropout: model.recurrent_dropout,
            zoneout: model.zoneout,
            zoneout_cell: model.zoneout_cell,
            layer_norm: model.layer_norm,
            ..RecurrentConfig::default()
        };
        let notes = RecurrentConfig {
            cell: model.note_cell,
            hidden: model.note_hidden,
            layers: model.note_layers,
            ..recurrent.clone()
        };
        let (output_dropout, bar_attention) = (model.output_dropout, model.bar_attention);
        ModelConfig { output_dropout, bar_attention, ..ModelConfig::new(encoding, recurrent) }
            .with_network(model.network, notes, model.output_dropout)
            .with_relative_logits(model.relative_logits)
            .with_token_network(TokenNetwork {
                embedding: model.embedding,
                tied: model.tie_weights,
                embedding_dropout: model.embedding_dropout,
                softmaxes: model.softmaxes,
            })
    }
}

/// A training configuration with single settings over it, by their names in the section `training`.
pub(crate) fn training_with(
    base: &TrainingConfig,
    single: &[(String, Value)],
) -> anyhow::Result<TrainingConfig> {
    #[derive(Serialize, Deserialize)]
    struct Section {
        training: TrainingConfig,
    }
    let mut table = Table::try_from(Section { training: base.clone() })?;
    tables::add_unwritten(&mut table, "", base)?;
    for (key, value) in single {
        tables::set(&mut table, key, value.clone())?;
    }
    let section: Section = table.try_into().map_err(|error: toml::de::Error| {
        wrong_input(format!(
            "the configuration cannot be used: {}",
            error.to_string().lines().collect::<Vec<_>>().join(" ")
        ))
    })?;
    section.training.check()?;
    Ok(section.training)
}
