//! The music of a training: pieces split into training, validation and test sets, as scores, frames and sequences.

use super::styles::Styles;
use super::tracks::of_tokens;
use crate::error::wrong_input;
use crate::progress::Progress;
use crate::settings::Music;
use composer_evaluation::likelihood::FrameSpace;
use composer_models::file::Notes;
use composer_models::{Encoding, Sequence, VoiceInputs};
use composer_music::corpus::{self, Corpus, Criteria, Piece, Verdict};
use composer_music::input;
use composer_music::representation::frames::{DecodeOptions, Frame, FrameRepresentation};
use composer_music::representation::{AnyRepresentation, DEFAULT_PATTERNS, Representation, Symbols};
use composer_music::score::DEFAULT_MICROS_PER_QUARTER;
use composer_music::text::counted;
use composer_music::time_by_metre::time_by_metre;
use composer_music::{BarMap, Metre, Score};
use composer_report::text::thousands;
use composer_training::{Error as TrainingError, TrainingConfig};
use rand::{Rng, RngExt};
use std::collections::BTreeMap;
use std::path::Path;

/// The pieces of one set, in the same order in every list.
#[derive(Default)]
pub(crate) struct Subset {
    /// Names.
    pub names: Vec<String>,
    /// Exact notes.
    pub scores: Vec<Score>,
    /// On the grid.
    pub frames: Vec<Vec<Frame>>,
    /// As the network reads them.
    pub sequences: Vec<Sequence>,
}

impl Subset {
    fn push(&mut self, piece: Piece, representation: &FrameRepresentation) {
        let frames = representation.encode(&piece.score);
        self.sequences.push(Sequence::frames_in(frames.clone(), representation.bars(&piece.score)));
        self.names.push(piece.name);
        self.scores.push(piece.score);
        self.frames.push(frames);
    }

    /// Encodes the set as tokens instead of frames.
    fn tokenise(&mut self, representation: &AnyRepresentation) -> anyhow::Result<()> {
        for ((name, score), sequence) in self.names.iter().zip(&self.scores).zip(&mut self.sequences) {
            *sequence = match representation.encode(score) {
                Ok(symbols) => sequence_of(symbols, representation, score),
                Err(error) => return Err(wrong_input(format!("{name}: {error}"))),
            };
        }
        Ok(())
    }

    /// Steps of all pieces.
    pub(crate) fn steps(&self) -> usize {
        self.frames.iter().map(Vec::len).sum()
    }
}

/// Symbols as a network reads them; those of voices in bars.
fn sequence_of(symbols: Symbols, representation: &AnyRepresentation, score: &Score) -> Sequence {
    match (symbols, representation) {
        (Symbols::Tokens(tokens), AnyRepresentation::Voices(voices)) => {
            Sequence::tokens_in(tokens, BarMap::new(score).on_grid(voices.steps_per_quarter))
        }
        (Symbols::Tokens(tokens), _) => Sequence::tokens(tokens),
        (Symbols::Frames(frames), _) => Sequence::frames(frames),
    }
}

/// A corpus, read and split.
pub(crate) struct Material {
    /// For people.
    pub name: String,
    /// How scores become frames.
    pub representation: FrameRepresentation,
    /// How they become tokens, if the network reads those.
    pub tokens: Option<AnyRepresentation>,
    /// Where styles come from, if the network is told of conditions.
    pub styles: Option<Styles>,
    /// The training set.
    pub train: Subset,
    /// The validation set.
    pub valid: Subset,
    /// The test set.
    pub test: Subset,
    /// Files that could not be used, or only in part, and why.
    pub left_out: Vec<(String, String)>,
}

/// A piece, or with a probability what follows from one of the bars in its first three quarters.
fn excerpt(piece: &Sequence, probability: f64, rng: &mut impl Rng) -> Sequence {
    let (chosen, place) = (rng.random::<f64>() < probability, rng.random::<f64>());
    let Sequence::Frames(frames) = piece else { return piece.clone() };
    let bar = (0.75 * place * frames.bar_count() as f64) as u64;
    let excerpt = if chosen { frames.from_bar(bar) } else { None };
    excerpt.map_or_else(|| piece.clone(), Sequence::Frames)
}

impl Material {
    /// Reads a folder, or the built-in corpus.
    pub(crate) fn load(folder: Option<&Path>, representation: FrameRepresentation) -> anyhow::Result<Self> {
        Self::load_with(folder, representation, &Criteria::default())
    }

    /// The same with a choice of what is kept, and how notation becomes notes.
    pub(crate) fn load_with(
        folder: Option<&Path>,
        representation: FrameRepresentation,
        criteria: &Criteria,
    ) -> anyhow::Result<Self> {
        let (name, corpus) = match folder {
            Some(folder) => (input::shown(folder), corpus::load_with(&[folder], criteria)?),
            None => (BUILT_IN.to_string(), corpus::shipped()),
        };
        Self::split(name, corpus, representation)
    }

    fn split(name: String, corpus: Corpus, representation: FrameRepresentation) -> anyhow::Result<Self> {
        if corpus.pieces.len() < 3 {
            return Err(wrong_input(format!(
                "{name} has {}, and training needs at least 3: one to train on, one to validate and one to \
                 test",
                counted(corpus.pieces.len(), "usable piece")
            )));
        }
        let left_out = corpus.verdicts.iter().filter_map(warning).collect();
        let split = corpus::split(corpus.pieces);
        let mut material = Self {
            name,
            representation,
            tokens: None,
            styles: None,
            train: Subset::default(),
            valid: Subset::default(),
            test: Subset::default(),
            left_out,
        };
        for (set, pieces) in [
            (&mut material.train, split.train),
            (&mut material.valid, split.valid),
            (&mut material.test, split.test),
        ] {
            for piece in pieces {
                set.push(piece, &representation);
            }
        }
        if material.train.steps() == 0 {
            return Err(wrong_input(format!("{} has no pitched notes to train on", material.name)));
        }
        Ok(material)
    }

    /// Makes test pieces of all pieces; they stay in the other sets too.
    pub(crate) fn hold_out_all(&mut self) {
        for set in [&self.train, &self.valid] {
            self.test.names.extend(set.names.iter().cloned());
            self.test.scores.extend(set.scores.iter().cloned());
            self.test.frames.extend(set.frames.iter().cloned());
            self.test.sequences.extend(set.sequences.iter().cloned());
        }
    }

    /// Encodes the set as tokens instead of frames. `bars` learns its patterns from the training pieces.
    pub(crate) fn tokenise(&mut self, representation: AnyRepresentation) -> anyhow::Result<()> {
        let learnt = representation.learn(&self.train.scores, DEFAULT_PATTERNS).map_err(wrong_input)?;
        self.read_as(learnt)
    }

    /// The same in a vocabulary that was learnt before.
    pub(crate) fn read_as(&mut self, learnt: AnyRepresentation) -> anyhow::Result<()> {
        for set in [&mut self.train, &mut self.valid, &mut self.test] {
            set.tokenise(&learnt)?;
        }
        if self.train.sequences.iter().all(Sequence::is_empty) {
            return Err(wrong_input(format!("{} has no music that {} can encode", self.name, learnt.name())));
        }
        self.tokens = Some(learnt);
        Ok(())
    }

    /// A variant of a training piece: of frames perhaps an excerpt, of tokens one in another key, tempo or loudness.
    ///
    /// # Errors
    /// It becomes longer than its representation can hold.
    pub(crate) fn variant(
        &self,
        piece: usize,
        training: &TrainingConfig,
        rng: &mut impl Rng,
    ) -> Result<Sequence, TrainingError> {
        let Some(tokens) = &self.tokens else {
            return Ok(excerpt(&self.train.sequences[piece], training.excerpts, rng));
        };
        let varied = training.augmentation().apply(&self.train.scores[piece], rng);
        let name = &self.train.names[piece];
        let sequence = match tokens.encode(&varied) {
            Ok(symbols) => sequence_of(symbols, tokens, &varied),
            Err(error) => return Err(TrainingError::Variant(format!("{name}: {error}"))),
        };
        let told = |styles: &Styles| of_tokens(tokens, &varied, &self.representation, styles.of(name));
        Ok(sequence.with_conditions(self.styles.as_ref().map(told).unwrap_or_default()))
    }

    /// The sequences as a network can have them: where it decides the lengths of notes, longer ones are cut; where it decides velocities, they have
    /// them.
    pub(crate) fn fit(&mut self, encoding: &Encoding) {
        if encoding.note_lengths() == 0 {
            return;
        }
        let representation = &self.representation;
        for set in [&mut self.train, &mut self.valid, &mut self.test] {
            for (sequence, score) in set.sequences.iter_mut().zip(&set.scores) {
                let mut fitting = encoding.fit(std::mem::replace(sequence, Sequence::tokens(Vec::new())));
                if let (Sequence::Frames(frames), 1..) = (&mut fitting, encoding.note_velocities()) {
                    *frames = std::mem::take(frames).with_velocities(representation.velocities(score));
                }
                *sequence = fitting;
            }
        }
    }

    /// What the network reads and writes; with frames, what `music` says of the bar is an input.
    pub(crate) fn encoding(&self, music: &Music, [returns, rhythm]: [bool; 2]) -> Encoding {
        let Music { metre, bar_line, look_back, longest_match, note_velocities, .. } = *music;
        match &self.tokens {
            None => Encoding::Frames {
                representation: self.representation,
                metre: music.steps(metre),
                bar_line: music.steps(bar_line),
                look_back,
                longest_match,
                returns,
                rhythm,
                note_lengths: music.steps(music.note_lengths),
                note_velocities,
            },
            Some(tokens) => Encoding::Tokens {
                vocabulary: tokens.vocabulary().size(),
                fingerprint: tokens.fingerprint(),
                longest_match,
                voices: match tokens {
                    AnyRepresentation::Voices(representation) if music.voice_inputs => Some(VoiceInputs {
                        voices: representation.voices.into(),
                        steps_per_quarter: representation.steps_per_quarter,
                        metre,
                        bar_line,
                    }),
                    _ => None,
                },
            },
        }
    }

    /// Reports the size of each set, and which files were skipped.
    pub(crate) fn announce(&self, progress: &mut dyn Progress) {
        progress.note(&format!(
            "Music: {} ({} training, {} validation and {} test pieces; {} steps).",
            self.name,
            self.train.names.len(),
            self.valid.names.len(),
            self.test.names.len(),
            thousands((self.train.steps() + self.valid.steps() + self.test.steps()) as u64)
        ));
        for (file, reason) in &self.left_out {
            progress.warning(&format!("  {file}: {reason}"));
        }
    }

    /// Steps of the longest chunk that gradients go back through.
    pub(super) fn longest_chunk(&self, training: &TrainingConfig) -> usize {
        match training.tbptt_len {
            0 => self.train.sequences.iter().map(Sequence::len).max().unwrap_or(0),
            steps => steps,
        }
    }

    /// Where likelihoods are measured.
    pub(crate) fn space(&self) -> FrameSpace {
        let FrameRepresentation { pitch_low, pitch_high, onset_plane, .. } = self.representation;
        FrameSpace { pitch_low, pitch_high, onset_plane }
    }

    /// What later use of the model needs to know: tempo, metres and instrument of the training pieces.
    pub(crate) fn notes(&self) -> Notes {
        let mut tempos: Vec<f64> = self.train.scores.iter().map(initial_qpm).collect();
        tempos.sort_by(f64::total_cmp);
        let mut programs = [0usize; 128];
        for note in self.train.scores.iter().flat_map(Score::notes).filter(|note| !note.is_drum()) {
            programs[usize::from(note.program & 127)] += 1;
        }
        let program = (0..128).max_by_key(|&program| (programs[program], 127 - program)).unwrap_or(0);
        Notes {
            quarters_per_minute: tempos.get(tempos.len() / 2).copied(),
            program: Some(program as u8),
            metres: metres(&self.train.scores),
            representation: self.tokens.clone(),
            corpus: self.name.clone(),
            ..Notes::default()
        }
    }

    /// The openings of the test pieces, about so many quarters in whole bars, as the network sees them, with the instrument of the training
    /// music; those of middling density first.
    pub(crate) fn openings(&self, quarters: u32) -> Vec<(&str, Score)> {
        let density = |frames: &[Frame]| {
            let notes: u32 = frames.iter().map(|frame| frame.onsets.count_ones()).sum();
            f64::from(notes) / frames.len().max(1) as f64
        };
        let test = &self.test;
        let mut order: Vec<usize> = (0..test.frames.len()).filter(|&i| !test.frames[i].is_empty()).collect();
        order.sort_by(|&a, &b| density(&test.frames[a]).total_cmp(&density(&test.frames[b])));
        let middle = order.len() as isize / 2;
        let mut places: Vec<isize> = (0..order.len() as isize).collect();
        places.sort_by_key(|&place| (place - middle).abs());
        let program = self.notes().program.unwrap_or(0);
        places.into_iter().map(|place| self.opening(order[place as usize], quarters, program)).collect()
    }

    fn opening(&self, piece: usize, quarters: u32, program: u8) -> (&str, Score) {
        let (frames, original) = (&self.test.frames[piece], &self.test.scores[piece]);
        let bars = self.representation.bars(original);
        let asked = u64::from(quarters * self.representation.steps_per_quarter);
        let bar = bars.bar_at(asked);
        let end = if bar.start == asked { asked } else { bar.end };
        let options = DecodeOptions { tempo: initial_qpm(original), program, ..DecodeOptions::default() };
        let mut score = self.representation.decode(&frames[..frames.len().min(end as usize)], &options);
        let end = score.end();
        score.time_signatures = bars.time_signatures(score.ticks_per_quarter);
        score.time_signatures.retain(|metre| metre.tick < end);
        (&self.test.names[piece], score)
    }
}

/// The built-in corpus, for people.
const BUILT_IN: &str = "the built-in corpus: 10 piano pieces and 66 pieces of game music";

/// Why a file was skipped or used only in part, for people.
pub(crate) fn warning(verdict: &Verdict) -> Option<(String, String)> {
    let reason = match (&verdict.dropped, &verdict.report) {
        (Some(dropped), _) => format!("skipped: {}", dropped.reason),
        (None, Some(report)) => format!("used in part: {}", report.damage_in_words()?),
        (None, None) => return None,
    };
    Some((verdict.name.clone(), reason))
}

/// The metres of pieces, the most common first, each with its share of their time in quarters.
fn metres(scores: &[Score]) -> Vec<(Metre, f64)> {
    let mut quarters: BTreeMap<Metre, f64> = BTreeMap::new();
    for score in scores {
        for (metre, ticks) in time_by_metre(score) {
            *quarters.entry(metre).or_default() += ticks as f64 / f64::from(score.ticks_per_quarter.max(1));
        }
    }
    let all: f64 = quarters.values().sum();
    let mut shares: Vec<(Metre, f64)> =
        quarters.into_iter().map(|(metre, quarters)| (metre, (1e4 * quarters / all).round() / 1e4)).collect();
    shares.sort_by(|a, b| b.1.total_cmp(&a.1));
    shares
}

/// Tempo at the beginning, in quarters per minute.
fn initial_qpm(score: &Score) -> f64 {
    let micros = score.tempos.first().map_or(DEFAULT_MICROS_PER_QUARTER, |tempo| tempo.micros_per_quarter);
    60e6 / f64::from(micros.max(1))
}
