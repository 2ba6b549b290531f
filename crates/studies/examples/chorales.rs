//! Soprano to the three lower voices on the JSB Chorales: does the network hear the tune, and does it lead voices as Bach does?
//!
//! ```sh
//! cargo run --release -p composer-studies --example chorales -- Jsb16thSeparated.json
//! ```
//!
//! Prints −ln P(lower voices | soprano) on the test pieces, per step and per note, beside that with the soprano of another
//! chorale and that of a network without any; then the voice-leading faults of what it writes under the test sopranos, beside
//! those of the same chorales as Bach wrote them.

use composer_bptt::{AttentionScore, Cell, Init, RecurrentConfig};
use composer_decoding::rules::lowest_notes;
use composer_decoding::{FrameOptions, Generator, Rules};
use composer_evaluation::grid::Grid;
use composer_evaluation::significance::bootstrap::bootstrap;
use composer_evaluation::statistics::voice_leading::{FAULTS, VoiceLeading, voice_leading, voices};
use composer_models::seq2seq::{AttentionConfig, Conditioned, Pair};
use composer_models::streams::{Purpose, stream};
use composer_models::{Encoding, Seq2Seq, Seq2SeqConfig, Sequence, prior};
use composer_music::Score;
use composer_music::frame_json::{VoiceSteps, read_voice_json};
use composer_music::representation::Representation;
use composer_music::representation::frames::{DecodeOptions, Frame, FrameRepresentation};
use composer_music::representation::voices::VoiceRepresentation;
use composer_training::pairs::{PairConfig, pair_nlls, train_pairs, with_foreign_sources};
use std::error::Error;

const SEED: u64 = 1;
const EPOCHS: u64 = 14;
/// Steps of a window that is measured.
const WINDOW: usize = 512;
/// As high as a choir's voices are told apart; below it the temperature is the commands' own.
const TEMPERATURE: f64 = 0.6;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("name the file of four-voice chorales at sixteenths")?;
    let sets = read_voice_json(path)?;
    let [train, valid, test] = [&sets.train, &sets.valid, &sets.test].map(|set| pairs(set));
    let heard = learn(true, &train, &valid)?;
    let deaf = learn(false, &train, &valid)?;
    println!(
        "{} test chorales, nats per note of the lower voices [95 % over pieces], nats per step:",
        test.len()
    );
    report("with the soprano", &heard, &test, &test)?;
    report("with the soprano of another", &heard, &with_foreign_sources(&test), &test)?;
    report("for a network without one", &deaf, &test, &test)?;

    let (mut written, mut bach) = (VoiceLeading::default(), VoiceLeading::default());
    for (index, (piece, pair)) in sets.test.iter().zip(&test).enumerate() {
        let (soprano, lower) = split(&score(piece));
        bach.merge(&voice_leading(&four_voices(&soprano, &lower)?));
        let lower = write_lower_voices(&heard, pair, index as u64)?;
        written.merge(&voice_leading(&four_voices(&soprano, &lower)?));
    }
    println!("\n{:<18} {:>9} {:>9}", "per 100 notes", "written", "Bach");
    for fault in FAULTS {
        let [a, b] = [&written, &bach].map(|counts| counts.per_100_notes((fault.count)(counts)));
        println!("{:<18} {a:>9.2} {b:>9.2}", fault.name.replace('_', " "));
    }
    println!("{:<18} {:>9} {:>9}", "notes", written.notes, bach.notes);
    Ok(())
}

fn frames() -> FrameRepresentation {
    FrameRepresentation { steps_per_quarter: 4, ..FrameRepresentation::default() }
}

fn score(piece: &VoiceSteps) -> Score {
    let representation = VoiceRepresentation::default();
    representation.decode_tokens(&representation.encode_steps(piece))
}

/// The soprano, and the others.
fn split(score: &Score) -> (Score, Score) {
    let with = |tracks: &[_]| Score { tracks: tracks.to_vec(), ..score.clone() };
    (with(&score.tracks[..1]), with(&score.tracks[1..]))
}

fn pairs(pieces: &[VoiceSteps]) -> Vec<Pair> {
    let pair = |piece: &VoiceSteps| {
        let (soprano, lower) = split(&score(piece));
        let [mut source, mut target] = [soprano, lower].map(|part| frames().encode(&part));
        let steps = source.len().max(target.len());
        source.resize(steps, Frame::default());
        target.resize(steps, Frame::default());
        Pair { source: Sequence::Frames(source), target: Sequence::Frames(target), style: None }
    };
    pieces.iter().map(pair).collect()
}

fn learn(listens: bool, train: &[Pair], valid: &[Pair]) -> Result<Seq2Seq, Box<dyn Error>> {
    let encoding = || Encoding::Frames { representation: frames(), metre: 16 };
    let stack = |hidden| RecurrentConfig { cell: Cell::Gru, hidden, ..RecurrentConfig::default() };
    let attention = AttentionConfig { score: AttentionScore::General, hidden: 64 };
    let config = Seq2SeqConfig {
        source: encoding(),
        target: encoding(),
        styles: 0,
        encoder: RecurrentConfig { bidirectional: true, ..stack(64) },
        decoder: stack(128),
        bridge: false,
        aligned: listens,
        attention: listens.then_some(attention),
        output_dropout: 0.3,
    };
    let mut model = Seq2Seq::new(config.completed(), &Init::RECOMMENDED, SEED)?;
    let targets: Vec<Sequence> = train.iter().map(|pair| pair.target.clone()).collect();
    let bias = prior::output_bias(&model.config().target, &targets);
    model.output_bias_mut().copy_from_slice(&bias);
    let config = PairConfig { epochs: EPOCHS, transpose: 5, seed: SEED, ..PairConfig::default() };
    train_pairs(&mut model, train, valid, &config, &mut |epoch| {
        eprintln!("  epoch {:>2}: {:.3}, held out {:.3}", epoch.epoch, epoch.train_nll, epoch.valid_nll);
        true
    })?;
    Ok(model)
}

/// The likelihood of `pairs`; notes are counted in `originals`, which have the same targets.
fn report(name: &str, model: &Seq2Seq, pairs: &[Pair], originals: &[Pair]) -> Result<(), Box<dyn Error>> {
    let notes = originals.iter().map(|pair| match &pair.target {
        Sequence::Frames(frames) => frames.iter().map(|frame| frame.onsets.count_ones() as f64).sum(),
        Sequence::Tokens(_) => 0.0,
    });
    let pieces: Vec<(f64, usize, f64)> = pair_nlls(model, pairs, WINDOW)?
        .into_iter()
        .zip(notes)
        .map(|(nll, notes)| (nll.nats, nll.steps, notes))
        .collect();
    let sum =
        |pieces: &[(f64, usize, f64)], of: fn(&(f64, usize, f64)) -> f64| pieces.iter().map(of).sum::<f64>();
    let per_note = |pieces: &[(f64, usize, f64)]| sum(pieces, |p| p.0) / sum(pieces, |p| p.2);
    let interval = bootstrap(&pieces, per_note, 2000, &mut stream(SEED, Purpose::Sampling, 0));
    println!("  {name:<30} {interval:.3}  {:.3}", sum(&pieces, |p| p.0) / sum(&pieces, |p| p.1 as f64));
    Ok(())
}

fn write_lower_voices(model: &Seq2Seq, pair: &Pair, seed: u64) -> Result<Score, Box<dyn Error>> {
    let conditioned = Conditioned::new(model, pair.source.clone(), None)?;
    let options = FrameOptions { temperature: TEMPERATURE, max_polyphony: 3, ..FrameOptions::default() };
    let below = match &pair.source {
        Sequence::Frames(soprano) => lowest_notes(soprano),
        Sequence::Tokens(_) => Vec::new(),
    };
    let rules = Rules { length: Some(pair.target.len() as u64), below, ..Rules::default() };
    let generator = Generator::new(conditioned, options, 1, seed)?.with_rules(rules)?;
    let mut written = Vec::new();
    for decided in generator {
        written.extend(decided?.first().map(|step| step.frame));
    }
    Ok(frames().decode(&written, &DecodeOptions::default()))
}

/// The soprano, and the others dealt out to three voices.
fn four_voices(soprano: &Score, lower: &Score) -> Result<Vec<Grid>, Box<dyn Error>> {
    let three = VoiceRepresentation { voices: 3, ..VoiceRepresentation::default() };
    let dealt = three.quantise(lower)?.score;
    let top = VoiceRepresentation { voices: 1, ..VoiceRepresentation::default() }.quantise(soprano)?.score;
    let tracks = top.tracks.into_iter().chain(dealt.tracks).collect();
    voices(&Score { tracks, ..dealt }).ok_or_else(|| "a voice sings two notes at once".into())
}
