//! Any bytes are a checkpoint or refused; a training resumes from one that is read, or says why not.

use crate::Target;
use crate::forms::{header_and_data, sealed, with_header};
use composer_bptt::{Cell, Init, RecurrentConfig};
use composer_models::{Encoding, ModelConfig, Sequence, SequenceModel};
use composer_training::sampling::Curve;
use composer_training::{
    Checkpoint, Control, Error, Observer, Sampling, Snapshot, TrainingConfig, UpdateReport, resume, train,
};

pub const TARGET: Target = Target {
    name: "checkpoint",
    promise: "a training resumes for two updates, or says why not",
    check,
    seeds,
    words: &[
        "composer checkpoint\n",
        "\"version\":1",
        "\"kind\":\"sequence\"",
        "\"training\":",
        "\"history\":",
        "\"updates\":",
        "\"epochs\":[",
        "\"done_in_epoch\":",
        "\"best_epoch\":",
        "\"optimizer_updates\":",
        "\"dropout_position\":",
        "\"state\":",
        "\"lengths\":[",
        "\"seconds\":",
        "18446744073709551615",
        "9223372036854775808",
        "4294967296",
        "-1",
        "0",
        "1e308",
        "null",
        "[]",
        "{}",
    ],
    max_len: 16384,
};

const MAGIC: &[u8] = b"composer checkpoint\n";
/// Bytes of the checksum.
const DIGEST: usize = 32;

/// The first byte chooses the form: a file; or a header, NUL and buffers, to become a file with length and checksum.
fn check(bytes: &[u8]) {
    let Some((form, rest)) = bytes.split_first() else { return };
    let checkpoint = match form % 2 {
        0 => Checkpoint::from_bytes(rest),
        _ => {
            let (header, buffers) = header_and_data(rest);
            let length = (header.len() as u64).to_le_bytes();
            Checkpoint::from_bytes(&sealed([MAGIC, &length, header, buffers].concat()))
        }
    };
    let Ok(checkpoint) = checkpoint else { return };
    let _ =
        (checkpoint.is_final(), checkpoint.updates(), checkpoint.epochs().len(), checkpoint.notes().len());
    let Ok(config) = checkpoint.model::<ModelConfig>() else { return };
    if config != model().config().clone() {
        return;
    }
    // The end of a run may change; all else must be as it was.
    let TrainingConfig { epochs, updates, minutes, patience, .. } = *checkpoint.training();
    let config = TrainingConfig { epochs, updates, minutes, patience, ..config_of_seeds() };
    let (mut model, music) = (model(), music());
    // Resumed, or the reason why not.
    let _ = resume(
        &mut model,
        &music,
        &music,
        &config,
        &checkpoint,
        &mut StopAfter { updates: 2, saved: Vec::new() },
    );
}

/// Stops after so many updates, with a checkpoint.
struct StopAfter {
    updates: usize,
    saved: Vec<u8>,
}

impl Observer for StopAfter {
    fn update(&mut self, _report: &UpdateReport) -> Control {
        self.updates = self.updates.saturating_sub(1);
        if self.updates == 0 { Control::Stop } else { Control::Continue }
    }

    fn save(&mut self, snapshot: &Snapshot<'_>) -> Result<(), Error> {
        self.saved = snapshot.to_bytes("notes")?;
        Ok(())
    }
}

fn music() -> [Sequence; 1] {
    [Sequence::Tokens([0, 1, 2, 1].repeat(8))]
}

fn model() -> SequenceModel {
    let recurrent = RecurrentConfig { cell: Cell::Lstm, hidden: 2, ..RecurrentConfig::default() };
    SequenceModel::new(ModelConfig::new(Encoding::tokens(3), recurrent), &Init::RECOMMENDED, 1)
        .expect("a small model")
}

fn config_of_seeds() -> TrainingConfig {
    TrainingConfig {
        epochs: 3,
        tbptt_len: 8,
        batch_size: 2,
        copies: 2,
        ema_decay: 0.5,
        transpose: 0,
        sampling: Sampling { curve: Curve::InverseSigmoid, k: 6.0, ..Sampling::default() },
        ..TrainingConfig::default()
    }
}

/// Checkpoints of a small training, in the middle of its first epoch and of its second.
fn seeds() -> Vec<Vec<u8>> {
    let stopped = |updates| {
        let mut observer = StopAfter { updates, saved: Vec::new() };
        let (mut model, music) = (model(), music());
        train(&mut model, &music, &music, &config_of_seeds(), &mut observer).expect("trained");
        let (start, rest) = observer.saved[MAGIC.len()..].split_first_chunk::<8>().expect("a length");
        let (header, rest) = rest.split_at(u64::from_le_bytes(*start) as usize);
        [with_header(1, header, &rest[..rest.len() - DIGEST]), [&[0], &observer.saved[..]].concat()]
    };
    [1, 2, 5].into_iter().flat_map(stopped).collect()
}
