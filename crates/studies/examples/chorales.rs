//! Soprano to the three lower voices on the JSB Chorales: does the network hear the tune, and does it lead voices as Bach does?
//!
//! ```sh
//! cargo run --release -p composer-studies --example chorales -- Jsb16thSeparated.json
//! ```
//!
//! The lower voices are tokens, alto, tenor and bass of each sixteenth in turn, and each token is aligned with the soprano of its
//! sixteenth. Prints −ln P(lower voices | soprano) on the test pieces, per step and per note, beside that with the soprano of
//! another chorale and that of the same network trained under silence; then the voice-leading faults of what it writes under the
//! test sopranos, beside those of the same chorales as Bach wrote them.

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
/// Every chorale of the training set stands in it in so many keys up and down.
const TRANSPOSE: i16 = 5;
/// The lower voices.
const VOICES: usize = 3;
/// Tokens of a window that is learnt from: eight bars.
const WINDOW: usize = 8 * 16 * VOICES;
const TEMPERATURE: f64 = 0.8;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("name the file of four-voice chorales at sixteenths")?;
    let sets = read_voice_json(path)?;
    let transposed =
        sets.train.iter().flat_map(|piece| (-TRANSPOSE..=TRANSPOSE).map(|by| pair(&transpose(piece, by))));
    let training: Vec<Pair> = transposed.collect::<Result<_, _>>()?;
    let [valid, test] =
        [&sets.valid, &sets.test].map(|set| set.iter().map(pair).collect::<Result<Vec<_>, _>>());
    let (valid, test) = (valid?, test?);
    let heard = learn(&training, &valid)?;
    let deaf = learn(&silenced(&training), &silenced(&valid))?;
    println!(
        "{} test chorales, nats per note of the lower voices [95 % over pieces], nats per step:",
        test.len()
    );
    report("with the soprano", &heard, &test, &test)?;
    report("with the soprano of another", &heard, &with_shuffled_sources(&test), &test)?;
    report("for a network without one", &deaf, &silenced(&test), &test)?;

    let (mut written, mut bach) = (VoiceLeading::default(), VoiceLeading::default());
    for (index, (piece, pair)) in sets.test.iter().zip(&test).enumerate() {
        let (soprano, lower) = split(&score(piece));
        bach.merge(&voice_leading(&four_voices(&soprano, lower)?));
        let lower = write_lower_voices(&heard, pair, index as u64)?;
        written.merge(&voice_leading(&four_voices(&soprano, lower)?));
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

/// The soprano, and the others.
fn split(score: &Score) -> (Score, Score) {
    let with = |tracks: &[_]| Score { tracks: tracks.to_vec(), ..score.clone() };
    (with(&score.tracks[..1]), with(&score.tracks[1..]))
}

fn pair(piece: &VoiceSteps) -> Result<Pair, Box<dyn Error>> {
    let (soprano, lower) = split(&score(piece));
    let tokens = lower_voices().encode_tokens(&lower)?;
    let mut soprano = frames().encode(&soprano);
    soprano.resize(tokens.len() / VOICES, Frame::default());
    // Once for each of the lower voices.
    let source = soprano.into_iter().flat_map(|frame| [frame; VOICES]).collect();
    Ok(Pair { source: Sequence::Frames(source), target: Sequence::Tokens(tokens), style: None })
}

/// The same under a soprano that is silent.
fn silenced(pairs: &[Pair]) -> Vec<Pair> {
    let silent = |pair: &Pair| Sequence::Frames(vec![Frame::default(); pair.source.len()]);
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

fn learn(training: &[Pair], valid: &[Pair]) -> Result<Seq2Seq, Box<dyn Error>> {
    let stack = |hidden| RecurrentConfig { cell: Cell::Gru, hidden, ..RecurrentConfig::default() };
    let config = Seq2SeqConfig {
        // The place in the metre also says whose turn it is.
        source: Encoding::Frames { representation: frames(), metre: 16 * VOICES },
        target: Encoding::Tokens {
            vocabulary: lower_voices().num_tokens(),
            fingerprint: lower_voices().fingerprint(),
        },
        styles: 0,
        encoder: RecurrentConfig { bidirectional: true, ..stack(64) },
        decoder: stack(192),
        bridge: false,
        aligned: true,
        attention: None,
        output_dropout: 0.3,
    };
    let mut model = Seq2Seq::new(config.completed(), &Init::RECOMMENDED, SEED)?;
    let config =
        TrainingConfig { epochs: EPOCHS, tbptt_len: WINDOW, seed: SEED, ..TrainingConfig::for_pairs() };
    train(&mut model, training, valid, &config, &mut Print)?;
    Ok(model)
}

/// The likelihood of `pairs`; notes are counted in `originals`, which have the same targets.
fn report(name: &str, model: &Seq2Seq, pairs: &[Pair], originals: &[Pair]) -> Result<(), Box<dyn Error>> {
    let notes = originals.iter().map(|pair| match &pair.target {
        Sequence::Tokens(tokens) => lower_voices().decode_tokens(tokens).notes().count() as f64,
        Sequence::Frames(_) => 0.0,
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
        Sequence::Tokens(_) => Vec::new(),
    };
    let conditioned = Conditioned::new(model, pair.source.clone(), None)?;
    let rules =
        Rules { length: Some(soprano.len() as u64), below: lowest_notes(&soprano), ..Rules::default() };
    let representation = AnyRepresentation::Voices(lower_voices());
    let grammar = MusicGrammar::new(&representation, rules).ok_or("voices are tokens")?;
    let options = TokenOptions { temperature: TEMPERATURE, ..TokenOptions::default() };
    let mut tokens = Vec::with_capacity(pair.target.len());
    for decided in TokenGenerator::new(conditioned, grammar, options, 1, seed)? {
        match decided?.first() {
            Some(Some(written)) => tokens.push(written.token),
            _ => break,
        }
    }
    Ok(lower_voices().decode_tokens(&tokens))
}

/// The soprano above the others.
fn four_voices(soprano: &Score, lower: Score) -> Result<Vec<Grid>, Box<dyn Error>> {
    let tracks = soprano.tracks.iter().cloned().chain(lower.tracks.clone()).collect();
    voices(&Score { tracks, ..lower }).ok_or_else(|| "a voice sings two notes at once".into())
}
