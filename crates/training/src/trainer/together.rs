//! What the ranks of one training agree on: data and settings, the clock, when to save and to stop, and that their weights are the same.

use super::Trainer;
use crate::distributed::{self, Communicator};
use crate::error::Error;
use crate::observer::{Control, Observer};
use crate::shards::Shards;
use crate::trainable::Trainable;
use sha2::{Digest, Sha256};

impl<'a, M: Trainable> Trainer<'a, M> {
    /// Trains together with the other ranks, which have the same settings and data, and do the same. The observer of rank 0 decides when
    /// to stop, and it alone is asked to save.
    ///
    /// # Errors
    /// There are more ranks than micro-shards, or a rank has other data.
    pub fn on(mut self, ranks: &'a dyn Communicator) -> Result<Self, Error> {
        self.shards = Shards::new(self.model, self.config, ranks)?;
        self.agreed = (ranks.size() > 1).then_some(0.0);
        let text = serde_json::to_string(self.config).map_err(|error| Error::Rank(error.to_string()))?;
        for (what, text) in [("music", &self.fingerprint), ("settings", &text)] {
            if let Some(found) = distributed::compare(ranks, text)? {
                let rank = found.rank;
                return Err(Error::Rank(format!(
                    "processes 0 and {rank} train with other {what}: give all the same"
                )));
            }
        }
        Ok(self)
    }

    /// Seconds of training, those before the run was resumed included; of several ranks, those at which they last agreed.
    pub(super) fn seconds(&self) -> f64 {
        self.agreed.unwrap_or_else(|| self.seconds_before + self.started.elapsed().as_secs_f64())
    }

    /// What rank 0 says: whether to go on, and what its clock shows.
    pub(super) fn agree(&mut self, control: Control) -> Result<Control, Error> {
        if self.agreed.is_none() {
            return Ok(control);
        }
        let seconds = self.seconds_before + self.started.elapsed().as_secs_f64();
        let mut message = [0; 9];
        message[0] = control as u8;
        message[1..].copy_from_slice(&seconds.to_le_bytes());
        self.shards.ranks().broadcast(&mut message)?;
        self.agreed = message[1..].first_chunk().map(|bytes| f64::from_le_bytes(*bytes));
        let all = [Control::Continue, Control::Save, Control::Stop];
        let said = all.into_iter().find(|&control| control as u8 == message[0]);
        said.ok_or_else(|| Error::Rank("rank 0 sent something else than how to go on".to_owned()))
    }

    /// Has the observer of rank 0 save a checkpoint, with what all ranks carry.
    pub(super) fn save(&self, observer: &mut dyn Observer<M>, seconds: f64) -> Result<(), Error> {
        let snapshot = self.snapshot(seconds)?;
        if self.shards.ranks().rank() == 0 { observer.save(&snapshot) } else { Ok(()) }
    }

    /// Refuses to go on where the weights of two ranks differ: a machine computes otherwise, or its memory fails.
    pub(super) fn check_weights(&self) -> Result<(), Error> {
        if self.agreed.is_none() {
            return Ok(());
        }
        let mut hash = Sha256::new();
        hash.update(bytemuck::cast_slice(self.model.params().values()));
        let digest: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        match distributed::compare(self.shards.ranks(), &digest)? {
            None => Ok(()),
            Some(found) => Err(Error::Rank(format!(
                "the weights of processes 0 and {} are not the same any more: their machines compute differently",
                found.rank
            ))),
        }
    }
}
