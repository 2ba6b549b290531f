//! A training that was stopped and resumed is the training that was never stopped: the same losses, the same weights.

use crate::common;

use common::{Watcher, config, frames, frames_in_bars, model, ostinato, round, tokens, wave};
use composer_bptt::{Cell, Init, RecurrentConfig};
use composer_models::{
    ConditionValues, Conditions, Encoding, ModelConfig, Network, Sequence, SequenceModel, TokenNetwork,
};
use composer_training::sampling::Curve;
use composer_training::{
    Checkpoint, Error, OptimizerConfig, OptimizerKind, Outcome, Sampling, Schedule, ScheduleKind,
    TrainingConfig, checkpoint, resume, train,
};
use sha2::{Digest, Sha256};

/// A model with everything that draws random numbers.
fn noisy_model(cell: Cell, encoding: Encoding, network: Network) -> SequenceModel {
    let recurrent = RecurrentConfig {
        cell,
        hidden: 12,
        layers: 2,
        dropout: 0.2,
        recurrent_dropout: 0.1,
        zoneout: 0.1,
        layer_norm: cell == Cell::Gru,
        ..RecurrentConfig::default()
    };
    let notes = RecurrentConfig { cell: Cell::Gru, hidden: 6, layers: 1, ..recurrent.clone() };
    let bar_attention = if encoding.bar_line() > 0 { 5 } else { 0 };
    let config = ModelConfig { output_dropout: 0.2, bar_attention, ..ModelConfig::new(encoding, recurrent) };
    let mut config = config.with_network(network, notes, 0.1);
    if config.encoding.longest_match() && config.encoding.first_plane().is_none() {
        let (tied, softmaxes) = (true, 2);
        config =
            config.with_token_network(TokenNetwork { embedding: 0, tied, embedding_dropout: 0.2, softmaxes });
    }
    if config.encoding.kind() != "real values" {
        config = config.with_conditions(conditions());
    }
    SequenceModel::new(config, &Init::default(), 1).unwrap()
}

/// Conditions that some pieces of [`music`] are under.
fn conditions() -> Conditions {
    Conditions { density: Some(vec![2.0, 4.0]), style: Some(vec!["round".into()]), ..Conditions::default() }
}

fn told(sequence: Sequence) -> Sequence {
    let (style, density) = (Some("round".into()), Some(3.0));
    sequence.with_conditions(ConditionValues { style, density, ..ConditionValues::default() }.into())
}

struct Case {
    name: &'static str,
    cell: Cell,
    encoding: Encoding,
    network: Network,
    config: TrainingConfig,
}

fn cases() -> Vec<Case> {
    let short = TrainingConfig { epochs: 4, copies: 2, ..config() };
    let sampling = Sampling { curve: Curve::InverseSigmoid, k: 6.0, ..Sampling::default() };
    vec![
        Case {
            name: "frames, adam",
            cell: Cell::Lstm,
            encoding: frames(),
            network: Network::Independent,
            config: short.clone(),
        },
        Case {
            name: "frames, note-wise",
            cell: Cell::Lstm,
            encoding: frames(),
            network: Network::NoteWise,
            config: TrainingConfig { copies: 1, ..short.clone() },
        },
        Case {
            name: "frames, note-wise, attention over past bars, scheduled sampling",
            cell: Cell::Gru,
            encoding: frames_in_bars(),
            network: Network::NoteWise,
            config: TrainingConfig { sampling, copies: 1, ..short.clone() },
        },
        Case {
            name: "frames, tied across pitch, scheduled sampling",
            cell: Cell::Lstm,
            encoding: frames(),
            network: Network::Biaxial,
            config: TrainingConfig { sampling, copies: 1, ..short.clone() },
        },
        Case {
            name: "frames, scheduled sampling, average",
            cell: Cell::Gru,
            encoding: frames(),
            network: Network::Independent,
            config: TrainingConfig { sampling, ema_decay: 0.9, ..short.clone() },
        },
        Case {
            name: "tokens, scheduled sampling, plateau, momentum",
            cell: Cell::RnnTanh,
            encoding: tokens(),
            network: Network::Independent,
            config: TrainingConfig {
                sampling,
                schedule: Schedule { kind: ScheduleKind::Plateau, patience: 0, ..Schedule::default() },
                optimizer: OptimizerConfig {
                    kind: OptimizerKind::Sgd,
                    momentum: 0.9,
                    ..OptimizerConfig::default()
                },
                label_smoothing: 0.1,
                ..short.clone()
            },
        },
        Case {
            name: "real values, scheduled sampling",
            cell: Cell::Gru,
            encoding: Encoding::values(1),
            network: Network::Independent,
            config: TrainingConfig { sampling, ..short.clone() },
        },
        Case {
            name: "tokens, longest match, tied, tokens dropped, two softmaxes, scheduled sampling",
            cell: Cell::Gru,
            encoding: Encoding::Tokens {
                vocabulary: 6,
                fingerprint: "toy".into(),
                longest_match: true,
                voices: None,
            },
            network: Network::Independent,
            config: TrainingConfig { sampling, copies: 1, ..short.clone() },
        },
        Case {
            name: "tokens, whole pieces, one-cycle, rmsprop",
            cell: Cell::Lstm,
            encoding: tokens(),
            network: Network::Independent,
            config: TrainingConfig {
                tbptt_len: 0,
                batch_size: 2,
                schedule: Schedule { kind: ScheduleKind::OneCycle, ..Schedule::default() },
                optimizer: OptimizerConfig { kind: OptimizerKind::RmsProp, ..OptimizerConfig::default() },
                ..short
            },
        },
    ]
}

fn music(encoding: &Encoding) -> [Sequence; 3] {
    match encoding {
        Encoding::Frames { .. } => [told(ostinato(64)), told(ostinato(40)), ostinato(7)],
        Encoding::Tokens { .. } => [told(round(64)), told(round(40)), round(7)],
        Encoding::Values { .. } => [wave(64, 0.0), wave(40, 1.0), wave(7, 2.0)],
    }
}

/// Trains in as many pieces as there are places to stop at; all losses, the outcome, the best weights.
fn in_pieces(case: &Case, stops: &[u64]) -> (Vec<f64>, Outcome, Vec<f32>) {
    let music = music(&case.encoding);
    let mut losses = Vec::new();
    let mut saved: Option<Vec<u8>> = None;
    for stop_after in stops.iter().copied().map(Some).chain([None]) {
        // A new process: nothing is carried over but the bytes of the checkpoint.
        let mut model = noisy_model(case.cell, case.encoding.clone(), case.network);
        let mut watcher = Watcher { stop_after, ..Watcher::default() };
        let (sets, config) = ((&music[..], &music[..1]), &case.config);
        let outcome = match &saved {
            None => train(&mut model, sets.0, sets.1, config, &mut watcher),
            Some(bytes) => {
                let checkpoint = Checkpoint::from_bytes(bytes).unwrap();
                assert_eq!(checkpoint.notes(), "some notes");
                resume(&mut model, sets.0, sets.1, config, &checkpoint, &mut watcher)
            }
        };
        let outcome = outcome.unwrap();
        losses.extend(watcher.losses);
        saved = Some(watcher.checkpoint);
        if !outcome.interrupted() {
            return (losses, outcome, model.params().values().to_vec());
        }
    }
    unreachable!("the last piece runs to the end")
}

#[test]
fn stopped_anywhere_it_goes_on_bit_for_bit() {
    for case in cases() {
        let whole = in_pieces(&case, &[]);
        let updates = whole.0.len() as u64;
        assert!(updates >= 12, "{}: {updates} updates", case.name);
        // In the middle of an epoch, at its first and last update, and several times.
        let per_epoch = updates / 4;
        for stops in [vec![1], vec![per_epoch], vec![per_epoch + 1], vec![2, per_epoch + 2, updates - 1]] {
            let pieces = in_pieces(&case, &stops);
            assert!(pieces.0 == whole.0, "{}: other losses after stops at {stops:?}", case.name);
            assert!(pieces.1 == whole.1, "{}: another outcome after stops at {stops:?}", case.name);
            assert!(pieces.2 == whole.2, "{}: other weights after stops at {stops:?}", case.name);
        }
    }
}

#[test]
fn activations_are_not_computed_again_where_bars_are_attended_to() {
    let mut model = noisy_model(Cell::Gru, frames_in_bars(), Network::NoteWise);
    let music = [ostinato(40)];
    let again = TrainingConfig { recompute: true, ..config() };
    let error = train(&mut model, &music, &music, &again, &mut Watcher::default()).unwrap_err();
    assert!(error.to_string().contains("training.recompute"), "{error}");
}

#[test]
fn a_finished_training_goes_on_when_it_gets_more_epochs() {
    let longer = TrainingConfig { epochs: 6, schedule: Schedule::CONSTANT, ..config() };
    let shorter = TrainingConfig { epochs: 3, ..longer.clone() };
    let music = [ostinato(64)];
    let run = |config: &TrainingConfig, from: Option<&[u8]>| {
        let mut model = model(Cell::Gru, frames());
        let mut watcher = Watcher::default();
        match from {
            None => train(&mut model, &music, &music, config, &mut watcher),
            Some(bytes) => {
                let checkpoint = Checkpoint::from_bytes(bytes).unwrap();
                resume(&mut model, &music, &music, config, &checkpoint, &mut watcher)
            }
        }
        .unwrap();
        (watcher.checkpoint, model.params().values().to_vec())
    };
    let (saved, _) = run(&shorter, None);
    assert!(run(&longer, Some(&saved)).1 == run(&longer, None).1);
    let (again, _) = run(&shorter, Some(&saved));
    assert!(again.is_empty(), "there is nothing left to do, and nothing to save");
}

/// The bytes of a checkpoint in the middle of a small training.
fn some_checkpoint() -> Vec<u8> {
    let mut watcher = Watcher { stop_after: Some(3), ..Watcher::default() };
    let music = [ostinato(64)];
    train(&mut model(Cell::Lstm, frames()), &music, &music, &config(), &mut watcher).unwrap();
    watcher.checkpoint
}

#[test]
fn other_music_settings_and_models_are_refused_in_words() {
    let checkpoint = Checkpoint::from_bytes(&some_checkpoint()).unwrap();
    let complaint = |mut model: SequenceModel, music: Sequence, config: TrainingConfig| {
        let music = [music];
        resume(&mut model, &music, &music, &config, &checkpoint, &mut Watcher::default())
            .expect_err("refused")
            .to_string()
    };
    let lstm = || model(Cell::Lstm, frames());
    assert!(complaint(model(Cell::Gru, frames()), ostinato(64), config()).contains("another model"));
    assert!(complaint(lstm(), ostinato(65), config()).contains("the music is not the same"));
    let faster = TrainingConfig { learning_rate: 1.0, ..config() };
    assert!(complaint(lstm(), ostinato(64), faster).contains("other settings"));
}

#[test]
fn a_checkpoint_that_is_cut_or_flipped_anywhere_is_refused() {
    let bytes = some_checkpoint();
    assert!(Checkpoint::from_bytes(&bytes).is_ok());
    let lengths = (0..200).map(|part| part * bytes.len() / 200);
    for length in lengths.chain([bytes.len() - 1]) {
        assert!(Checkpoint::from_bytes(&bytes[..length]).is_err(), "cut at {length}");
    }
    for part in 0..400 {
        let mut flipped = bytes.clone();
        let at = part * bytes.len() / 400;
        flipped[at] ^= 1 << (part % 8);
        let complaint = Checkpoint::from_bytes(&flipped).expect_err("a flipped bit").to_string();
        assert!(complaint.contains("damaged") || complaint.contains("does not begin"), "{at}: {complaint}");
    }
}

#[test]
fn saving_keeps_the_checkpoint_before_and_failing_to_save_keeps_both() {
    let here = tempfile::tempdir().unwrap();
    let path = here.path().join("checkpoint.bin");
    let bytes = some_checkpoint();
    assert!(matches!(checkpoint::load(&path), Err(Error::Io { action: "read", .. })));
    checkpoint::save(&path, &bytes).unwrap();
    checkpoint::save(&path, &bytes).unwrap();
    let whole = checkpoint::load(&path).unwrap();
    // A damaged file is refused by name, and the one before is pointed to.
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let complaint = checkpoint::load(&path).expect_err("cut").to_string();
    assert!(complaint.contains("checkpoint.bin") && complaint.contains("checkpoint.previous"), "{complaint}");
    // The machine died between two renames, or the user did as told.
    std::fs::remove_file(&path).unwrap();
    assert_eq!(checkpoint::load(&path).unwrap(), whole);
    // The folder is gone.
    let gone = here.path().join("gone/checkpoint.bin");
    assert!(matches!(checkpoint::save(&gone, &bytes), Err(Error::Io { action: "write", .. })));
}

/// A checkpoint with a text in its header replaced, and length and checksum made to fit.
fn with_header(checkpoint: &[u8], from: &str, to: &str) -> Vec<u8> {
    let magic = b"composer checkpoint\n".len();
    let (length, rest) = checkpoint[magic..].split_first_chunk::<8>().unwrap();
    let (header, rest) = rest.split_at(u64::from_le_bytes(*length) as usize);
    let header = str::from_utf8(header).unwrap();
    assert!(header.contains(from), "{from} is not in {header}");
    let header = header.replacen(from, to, 1);
    let mut bytes = checkpoint[..magic].to_vec();
    bytes.extend((header.len() as u64).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(&rest[..rest.len() - 32]);
    let digest = Sha256::digest(&bytes);
    bytes.extend_from_slice(&digest);
    bytes
}

#[test]
fn counters_that_no_training_reaches_are_refused() {
    let music = [round(40)];
    let mut watcher = Watcher { stop_after: Some(1), ..Watcher::default() };
    train(&mut model(Cell::Gru, tokens()), &music, &music, &config(), &mut watcher).unwrap();
    let most = u64::MAX.to_string();
    for counter in ["optimizer_updates", "done_in_epoch", "updates", "best_epoch"] {
        let value = if counter == "best_epoch" { 0 } else { 1 };
        let from = format!("\"{counter}\":{value}");
        // `updates` of the configuration comes first, and may be anything: it is 0.
        let bytes = with_header(&watcher.checkpoint, &from, &format!("\"{counter}\":{most}"));
        let checkpoint = Checkpoint::from_bytes(&bytes).unwrap();
        let mut again = model(Cell::Gru, tokens());
        let error = resume(&mut again, &music, &music, &config(), &checkpoint, &mut ()).unwrap_err();
        assert!(error.to_string().contains("counters"), "{counter}: {error}");
    }
}
