//! Lesson 7: chords of which every note is likely and not every set of notes: four networks, and the least that any could have.

mod common;

use common::{Outcome, Results};
use composer_bptt::{Cell, Init, RecurrentConfig};
use composer_decoding::FrameOptions;
use composer_models::scoring::score;
use composer_models::{Encoding, ModelConfig, Network, Sequence, SequenceModel, Stepper, Workspace};
use composer_music::corpus;
use composer_music::representation::frames::{Frame, FrameRepresentation};
use composer_report::charts;
use composer_training::{TrainingConfig, train};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const MAJOR: [u8; 3] = [60, 64, 67];
const MINOR: [u8; 3] = [60, 63, 67];

fn chord(pitches: [u8; 3], up: u8) -> Frame {
    let sounding = pitches.iter().fold(0, |set, pitch| set | 1 << (pitch + up));
    Frame { sounding, onsets: sounding }
}

/// Pieces of 16 chords, each C major or C minor by a coin.
fn coins(pieces: usize, up: u8, seed: u64) -> Vec<Sequence> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut piece = || (0..16).map(|_| chord(if rng.random() { MAJOR } else { MINOR }, up)).collect();
    (0..pieces).map(|_| Sequence::frames(piece())).collect()
}

/// −ln P per frame.
fn nll(model: &SequenceModel, pieces: &[Sequence]) -> Outcome<f64> {
    let scored = score(model, pieces, &mut Workspace::default())?;
    let frames: usize = scored.iter().map(|piece| piece.len()).sum();
    Ok(scored.iter().map(|piece| piece.total().sum()).sum::<f64>() / frames as f64)
}

/// A network of a kind, trained.
fn trained(
    network: Network,
    encoding: &Encoding,
    (hidden, notes, updates): (usize, usize, u64),
    sets: (&[Sequence], &[Sequence]),
) -> Outcome<SequenceModel> {
    let stack = |hidden| RecurrentConfig { cell: Cell::Lstm, hidden, ..Default::default() };
    let config = ModelConfig::new(encoding.clone(), stack(hidden)).with_network(network, stack(notes), 0.0);
    let mut model = SequenceModel::new(config, &Init::RECOMMENDED, 7)?;
    model.init_output_bias(sets.0);
    let config = TrainingConfig {
        updates,
        epochs: 0,
        batch_size: 8,
        tbptt_len: 48,
        transpose: 0,
        learning_rate: 0.01,
        ..Default::default()
    };
    train(&mut model, sets.0, sets.1, &config, &mut ())?;
    Ok(model)
}

fn main() -> Outcome<()> {
    let mut results = Results::of("lesson_7");
    // Two octaves around middle C, without the plane of onsets.
    let small =
        FrameRepresentation { pitch_low: 55, pitch_high: 78, onset_plane: false, ..Default::default() };
    let encoding = Encoding::frames(small);
    let (learnt, held_out, moved) = (coins(60, 0, 1), coins(20, 0, 2), coins(20, 5, 3));
    let (mut names, mut costs) = (Vec::new(), Vec::new());
    for network in Network::ALL {
        let model = trained(network, &encoding, (16, 16, 500), (&learnt, &held_out))?;
        results.number(format!("coin.{network}.nll"), nll(&model, &held_out)?);
        results.number(format!("coin.{network}.moved"), nll(&model, &moved)?);
        let composed = composer_decoding::compose(Stepper::new(&model), FrameOptions::default(), 20, 16, 7)?;
        let frames = composed.iter().flat_map(|piece| &piece.frames);
        let right = [chord(MAJOR, 0).sounding, chord(MINOR, 0).sounding];
        let wrong = frames.clone().filter(|frame| !right.contains(&frame.sounding)).count();
        results.number(format!("coin.{network}.wrong_percent"), 100.0 * wrong as f64 / frames.count() as f64);
        names.push(network.name());
        costs.push(nll(&model, &held_out)?);
    }
    results.number("coin.least", 2f64.ln());
    results.number("coin.least_independent", 2.0 * 2f64.ln());
    // In parts of the most, because bars are of shares.
    let most = costs.iter().copied().fold(0.0, f64::max);
    let shares: Vec<f64> = costs.iter().map(|cost| cost / most).collect();
    results.figure("coin", charts::bars(&names, &[("nats per chord, as a share of the most", &shares)])?);

    let encoding = Encoding::frames(FrameRepresentation::default());
    let representation = FrameRepresentation::default();
    let pieces = corpus::shipped::piano().pieces;
    let music: Vec<Sequence> =
        pieces.iter().map(|piece| Sequence::frames(representation.encode(&piece.score))).collect();
    let (held_out, learnt) = music.split_at(2);
    let (mut names, mut costs) = (Vec::new(), Vec::new());
    // The network that is tied across pitch takes minutes with 88 pitches: docs/networks.md has it.
    for network in [Network::Independent, Network::Coupled, Network::NoteWise] {
        let model = trained(network, &encoding, (64, 48, 240), (learnt, held_out))?;
        let cost = nll(&model, held_out)?;
        results.number(format!("rags.{network}.nll"), cost);
        results.number(format!("rags.{network}.parameters"), model.params().len() as f64);
        names.push(network.name());
        costs.push(cost);
    }
    let most = costs.iter().copied().fold(0.0, f64::max);
    let shares: Vec<f64> = costs.iter().map(|cost| cost / most).collect();
    results.figure(
        "rags",
        charts::bars(&names, &[("nats per step of held-out rags, as a share of the most", &shares)])?,
    );
    results.finish()
}
