//! Any bytes are a checkpoint or refused; a training resumes from one that is read, or says why not.

use crate::Target;
use crate::forms::{edited, header_and_data, sealed, with_header};
use composer_bptt::{Cell, Init, RecurrentConfig};
use composer_models::{Encoding, ModelConfig, Sequence, SequenceModel};
use composer_training::sampling::Curve;
use composer_training::{
    Checkpoint, Control, Error, Observer, Sampling, Snapshot, TrainingConfig, UpdateReport, resume, train,
};
use serde_json::Value;
use std::sync::LazyLock;

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

/// Header and buffers of a checkpoint in the second epoch.
static SECOND_EPOCH: LazyLock<(Value, Vec<u8>)> = LazyLock::new(|| {
    let (header, buffers) = stopped_after(5);
    (serde_json::from_slice(&header).expect("JSON"), buffers)
});

/// The first byte chooses the form: a file; a header, NUL and buffers, to become a file with length and checksum; changes of the
/// header of a true checkpoint.
fn check(bytes: &[u8]) {
    let Some((form, rest)) = bytes.split_first() else { return };
    let checkpoint = match form % 3 {
        0 => Checkpoint::from_bytes(rest),
        1 => {
            let (header, buffers) = header_and_data(rest);
            Checkpoint::from_bytes(&file(header, buffers))
        }
        _ => {
            let (header, buffers) = &*SECOND_EPOCH;
            Checkpoint::from_bytes(&file(edited(header.clone(), rest).to_string().as_bytes(), buffers))
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
    [Sequence::tokens([0, 1, 2, 1].repeat(8))]
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

fn file(header: &[u8], buffers: &[u8]) -> Vec<u8> {
    sealed([MAGIC, &(header.len() as u64).to_le_bytes(), header, buffers].concat())
}

/// Header and buffers of a small training, stopped after so many updates.
fn stopped_after(updates: usize) -> (Vec<u8>, Vec<u8>) {
    let mut observer = StopAfter { updates, saved: Vec::new() };
    let (mut model, music) = (model(), music());
    train(&mut model, &music, &music, &config_of_seeds(), &mut observer).expect("trained");
    let (start, rest) = observer.saved[MAGIC.len()..].split_first_chunk::<8>().expect("a length");
    let (header, rest) = rest.split_at(u64::from_le_bytes(*start) as usize);
    (header.to_vec(), rest[..rest.len() - DIGEST].to_vec())
}

/// Checkpoints in the first epoch and in the second.
fn seeds() -> Vec<Vec<u8>> {
    let forms = |updates| {
        let (header, buffers) = stopped_after(updates);
        [with_header(1, &header, &buffers), [&[0], &*file(&header, &buffers)].concat()]
    };
    let edits = [vec![2, 40, 0, 22], vec![2, 60, 0, 13, 9, 0, 0]];
    [1, 2, 5].into_iter().flat_map(forms).chain(edits).collect()
}
