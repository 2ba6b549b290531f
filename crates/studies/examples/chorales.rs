//! The three lower voices of the JSB Chorales for a given soprano: does the model use the soprano, and how is its voice leading?
//!
//! ```sh
//! cargo run --release -p composer-studies --example chorales -- Jsb16thSeparated.json
//! ```
//!
//! The lower voices are tokens, alto, tenor and bass of each sixteenth in turn, and each token is aligned with the soprano of its
//! sixteenth. Prints −ln P(lower voices | soprano) on the test pieces, per note and per step, for their own sopranos, for shuffled
//! sopranos, and for the same network trained with a silent soprano; then the voice-leading faults of what the model writes for
//! the test sopranos, and those of Bach's own voices. docs/parts.md has the results.

use composer_bptt::{Cell, Init, RecurrentConfig};
use composer_decoding::grammar::MusicGrammar;
use composer_decoding::rules::lowest_notes;
use composer_decoding::token_stream::TokenGenerator;
use composer_decoding::{Rules, TokenOptions};
use composer_evaluation::grid::Grid;
use composer_evaluation::significance::bootstrap::bootstrap;
use composer_evaluation::statistics::voice_leading::{FAULTS, VoiceLeading, voice_leading, voices};
use composer_models::seq2seq::{Conditioned, Pair, Seq2SeqWorkspace, pair_nlls, with_shuffled_sources};
use composer_models::streams::{Purpose, stream};
use composer_models::{Encoding, Seq2Seq, Seq2SeqConfig, Sequence};
use composer_music::Score;
use composer_music::frame_json::{VoiceSteps, read_voice_json};
use composer_music::representation::frames::{Frame, FrameRepresentation};
use composer_music::representation::voices::VoiceRepresentation;
use composer_music::representation::{AnyRepresentation, Representation};
use composer_training::{EpochReport, Observer, TrainingConfig, train};
use std::error::Error;

const SEED: u64 = 1;
const EPOCHS: u64 = 5;
/// Training chorales are transposed by up to this many semitones up and down.
const TRANSPOSE: i16 = 5;
/// Lower voices.
const VOICES: usize = 3;
/// Tokens per training window: eight bars.
const WINDOW: usize = 8 * 16 * VOICES;
const TEMPERATURE: f64 = 0.8;

fn main() -> Result<(), Box<dyn Error>> {
    let path =
        std::env::args().nth(1).ok_or("usage: chorales FILE (four-voice chorales in sixteenths, JSON)")?;
    let sets = read_voice_json(path)?;
    let transposed =
        sets.train.iter().flat_map(|piece| (-TRANSPOSE..=TRANSPOSE).map(|by| pair(&transpose(piece, by))));
    let training: Vec<Pair> = transposed.collect::<Result<_, _>>()?;
    let [valid, test] =
        [&sets.valid, &sets.test].map(|set| set.iter().map(pair).collect::<Result<Vec<_>, _>>());
    let (valid, test) = (valid?, test?);
    let conditional = fit(&training, &valid)?;
    let unconditional = fit(&silenced(&training), &silenced(&valid))?;
    println!(
        "{} test chorales, nats per note of the lower voices [95 % interval over pieces], nats per step:",
        test.len()
    );
    report("own soprano", &conditional, &test)?;
    report("shuffled soprano", &conditional, &with_shuffled_sources(&test))?;
    report("unconditional", &unconditional, &silenced(&test))?;

    let (mut written, mut bach) = (VoiceLeading::default(), VoiceLeading::default());
    for (index, (piece, pair)) in sets.test.iter().zip(&test).enumerate() {
        let (soprano, lower) = split(&score(piece));
        bach.merge(&voice_leading(&four_voices(&soprano, lower)?));
        let lower = write_lower_voices(&conditional, pair, index as u64)?;
        written.merge(&voice_leading(&four_voices(&soprano, lower)?));
    }
    println!("\n{:<18} {:>9} {:>9}", "per 100 notes", "model", "Bach");
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

fn lower_voices() -> VoiceRepresentation {
    VoiceRepresentation { voices: VOICES as u8, ..VoiceRepresentation::default() }
}

fn transpose(piece: &VoiceSteps, by: i16) -> VoiceSteps {
    piece.iter().map(|step| step.map(|pitch| if pitch < 0 { pitch } else { pitch + by })).collect()
}

fn score(piece: &VoiceSteps) -> Score {
    let representation = VoiceRepresentation::default();
    representation.decode_tokens(&representation.encode_steps(piece))
}

/// The soprano, and the lower voices.
fn split(score: &Score) -> (Score, Score) {
    let with = |tracks: &[_]| Score { tracks: tracks.to_vec(), ..score.clone() };
    (with(&score.tracks[..1]), with(&score.tracks[1..]))
}

fn pair(piece: &VoiceSteps) -> Result<Pair, Box<dyn Error>> {
    let (soprano, lower) = split(&score(piece));
    let tokens = lower_voices().encode_tokens(&lower)?;
    let mut soprano = frames().encode(&soprano);
    soprano.resize(tokens.len() / VOICES, Frame::default());
    // A frame per token: the soprano of a sixteenth for each of its lower voices.
    let source = soprano.into_iter().flat_map(|frame| [frame; VOICES]).collect();
    Ok(Pair { source: Sequence::frames(source), target: Sequence::tokens(tokens), style: None })
}

/// The same pairs with a silent soprano.
fn silenced(pairs: &[Pair]) -> Vec<Pair> {
    let silent = |pair: &Pair| Sequence::frames(vec![Frame::default(); pair.source.len()]);
    pairs.iter().map(|pair| Pair { source: silent(pair), ..pair.clone() }).collect()
}

/// Prints the losses of every epoch.
struct Print;

impl Observer<Seq2Seq> for Print {
    fn epoch(&mut self, report: &EpochReport, _model: &Seq2Seq) -> std::io::Result<()> {
        let EpochReport { epoch, train_nll, valid_nll, .. } = report;
        eprintln!("  epoch {epoch:>2}: {train_nll:.3}, held out {valid_nll:.3}");
        Ok(())
    }
}

fn fit(training: &[Pair], valid: &[Pair]) -> Result<Seq2Seq, Box<dyn Error>> {
    let stack = |hidden| RecurrentConfig { cell: Cell::Gru, hidden, ..RecurrentConfig::default() };
    let config = Seq2SeqConfig {
        // The position in the metre also tells which voice comes next.
        source: Encoding::Frames {
            representation: frames(),
            metre: 16 * VOICES,
            bar_line: 0,
            look_back: 0,
            longest_match: false,
            returns: false,
            rhythm: false,
            note_lengths: 0,
            note_velocities: 0,
        },
        target: Encoding::Tokens {
            vocabulary: lower_voices().num_tokens(),
            fingerprint: lower_voices().fingerprint(),
            longest_match: false,
            voices: None,
        },
        styles: 0,
        encoder: RecurrentConfig { bidirectional: true, ..stack(64) },
        decoder: stack(192),
        bridge: false,
        aligned: true,
        attention: None,
        output_dropout: 0.3,
        note_wise: None,
    };
    let mut model = Seq2Seq::new(config.completed(), &Init::RECOMMENDED, SEED)?;
    let config =
        TrainingConfig { epochs: EPOCHS, tbptt_len: WINDOW, seed: SEED, ..TrainingConfig::for_pairs() };
    train(&mut model, training, valid, &config, &mut Print)?;
    Ok(model)
}

/// Prints the NLL of `pairs`.
fn report(name: &str, model: &Seq2Seq, pairs: &[Pair]) -> Result<(), Box<dyn Error>> {
    let notes = pairs.iter().map(|pair| match &pair.target {
        Sequence::Tokens(tokens) => lower_voices().decode_tokens(tokens).notes().count() as f64,
        _ => 0.0,
    });
    let pieces: Vec<(f64, usize, f64)> =
        pair_nlls(model, pairs, usize::MAX, &mut Seq2SeqWorkspace::default())?
            .into_iter()
            .zip(notes)
            .map(|(nll, notes)| (nll.nats, nll.steps / VOICES, notes))
            .collect();
    let sum =
        |pieces: &[(f64, usize, f64)], of: fn(&(f64, usize, f64)) -> f64| pieces.iter().map(of).sum::<f64>();
    let per_note = |pieces: &[(f64, usize, f64)]| sum(pieces, |p| p.0) / sum(pieces, |p| p.2);
    let interval = bootstrap(&pieces, per_note, 2000, &mut stream(SEED, Purpose::Sampling, 0));
    println!("  {name:<30} {interval:.3}  {:.3}", sum(&pieces, |p| p.0) / sum(&pieces, |p| p.1 as f64));
    Ok(())
}

fn write_lower_voices(model: &Seq2Seq, pair: &Pair, seed: u64) -> Result<Score, Box<dyn Error>> {
    let soprano: Vec<Frame> = match &pair.source {
        Sequence::Frames(soprano) => soprano.iter().copied().step_by(VOICES).collect(),
        _ => Vec::new(),
    };
    let conditioned = Conditioned::new(model, pair.source.clone(), None)?;
    let rules =
        Rules { length: Some(soprano.len() as u64), below: lowest_notes(&soprano), ..Rules::default() };
    let representation = AnyRepresentation::Voices(lower_voices());
    let grammar = MusicGrammar::new(&representation, rules).ok_or("the representation has no tokens")?;
    let options = TokenOptions { temperature: TEMPERATURE, ..TokenOptions::default() };
    let mut tokens = Vec::with_capacity(pair.target.len());
    for decided in TokenGenerator::new(conditioned, grammar, options, 1, seed)? {
        tokens.extend(decided?.iter().map(|written| written.token));
    }
    Ok(lower_voices().decode_tokens(&tokens))
}

/// The soprano above the others.
fn four_voices(soprano: &Score, lower: Score) -> Result<Vec<Grid>, Box<dyn Error>> {
    let tracks = soprano.tracks.iter().cloned().chain(lower.tracks.clone()).collect();
    voices(&Score { tracks, ..lower }).ok_or_else(|| "a voice has two notes at once".into())
}
