//! Quantised notes performed: [`humanise`](fn@humanise) gives each a velocity and moves it off the grid, as players do. No note is added and
//! none is lost.
//!
//! An encoder reads all notes in both directions (`features`), a decoder draws two tokens for each (`tokens`): its velocity, given all that was
//! played before, and its offset, given the velocity too. So the likelihood of a performance is exact.

mod features;
mod perform;
mod place;
mod tokens;

pub use features::drum_class;
pub use perform::{Performance, likelihood, perform};
pub use place::{Kind, OFFSETS_PER_QUARTER, PLACES, Placed, is_performed, placed};
pub use tokens::{VELOCITIES, pair, played_like};

use crate::again::Made;
use crate::compose::Piece;
use crate::convert::output_format;
use crate::error::{Result, wrong_input, wrong_option};
use crate::rewrite::Tune;
use composer_models::seq2seq::Task;
use composer_models::{Encoding, Seq2Seq};
use composer_music::input::shown;
use composer_music::midi::OtherEvent;
use composer_music::notation::Format;
use composer_music::score::Ticks;
use composer_music::text::counted;
use composer_music::{Note, Score};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tokens::FINE;

/// How to humanise.
#[derive(Clone, Debug, PartialEq)]
pub struct HumaniseOptions {
    /// A model of `composer train --task humanise`, a file or the name of a built-in one; `None`: the built-in model, which plays drums.
    pub model: Option<PathBuf>,
    /// Number of results, each with random numbers of its own.
    pub num_outputs: usize,
    /// Seed of the random numbers.
    pub seed: u64,
    /// Temperature: 1 plays as the players did, lower more evenly; 0 is the median velocity and offset of each note, given those before.
    pub temperature: f64,
}

impl Default for HumaniseOptions {
    fn default() -> Self {
        Self { model: None, num_outputs: 1, seed: 1, temperature: 1.0 }
    }
}

/// A performance of a tune.
#[derive(Clone, Debug, PartialEq)]
pub struct Humanised {
    /// The tune; its `nll` is that of velocity and offset of each note that was performed, in the order of their places.
    pub piece: Piece,
    /// Its place among the results of the seed, from 0.
    pub output: usize,
}

impl Humanised {
    /// What its recipe says, where it is at `path`.
    pub fn made(&self, path: PathBuf, seed: u64) -> Made {
        Made { path, seed, output: self.output + 1, nats_per_step: None }
    }
}

/// Refuses a file whose format does not say when exactly notes are played: performances are written as MIDI.
///
/// # Errors
/// Its ending is that of notation, or of no format.
pub fn check_output(path: &Path) -> Result<()> {
    match output_format(path)? {
        Format::Midi => Ok(()),
        _ => Err(wrong_input(format!(
            "{}: notation does not say when exactly notes are played: name a file that ends with .mid",
            shown(path)
        ))
        .into()),
    }
}

impl Kind {
    /// What a model reads.
    pub(crate) fn read_by(source: &Encoding) -> Self {
        if source.inputs() == Self::Drums.features() { Self::Drums } else { Self::Pitched }
    }
}

/// What a model reads of the notes of a kind.
pub(crate) fn source_encoding(kind: Kind) -> Encoding {
    Encoding::mapping(kind.features(), 0)
}

/// What it writes.
pub(crate) fn target_encoding() -> Encoding {
    tokens::encoding()
}

/// The longest tune, in notes: the encoder reads all of them at once.
const MOST_NOTES: usize = 50_000;

/// Performs a tune: its drums, or its other notes, whichever the model has learnt. All else stays.
///
/// # Errors
/// The tune has no such notes or too many, the model is for another task, or an option is out of range.
pub fn humanise(tune: &Tune, options: &HumaniseOptions) -> Result<Vec<Humanised>> {
    if options.num_outputs == 0 || options.num_outputs > 1000 {
        return Err(wrong_option("num_outputs", "must be between 1 and 1000").into());
    }
    let (model, _) = crate::parts::load(options.model.as_deref(), Task::Humanise)?;
    Ok(humanised(&model, tune, options)?)
}

fn humanised(model: &Seq2Seq, tune: &Tune, options: &HumaniseOptions) -> anyhow::Result<Vec<Humanised>> {
    let kind = Kind::read_by(&model.config().source);
    if model.config().source != source_encoding(kind) || model.config().target != target_encoding() {
        return Err(wrong_input(
            "this model reads or writes performances in another way than this version of composer: train it again",
        ));
    }
    let (score, others, factor) = refined(tune)?;
    let notes = placed(&score, kind);
    check(&score, &notes, kind)?;
    let mut remarks = tune.remarks.clone();
    if factor > 1 {
        remarks.push(format!(
            "The ticks of the tune are {factor} times as fine now, so that notes can begin between them."
        ));
    }
    let performed = is_performed(&notes, score.ticks_per_quarter);
    if performed {
        let what = if kind == Kind::Drums { "drums" } else { "notes" };
        remarks.push(format!(
            "The {what} of the tune have been performed already: they are put on the grid of sixteenths and triplets, and performed anew."
        ));
    }
    let write = |output: usize| -> anyhow::Result<Humanised> {
        let played =
            perform(model, &score, &notes, kind, options.temperature, (options.seed, output as u64))?;
        let nll = played.iter().map(|played| played.nll).collect();
        let score = moved(&score, &notes, &played, performed);
        Ok(Humanised { piece: Piece { score, nll, notes: remarks.clone(), others: others.clone() }, output })
    };
    (0..options.num_outputs).into_par_iter().map(write).collect()
}

fn check(score: &Score, notes: &[Placed], kind: Kind) -> anyhow::Result<()> {
    if notes.len() > MOST_NOTES {
        return Err(wrong_input(format!(
            "the tune has {}, and {MOST_NOTES} are performed at a time at most: divide it",
            counted(notes.len(), "note")
        )));
    }
    if !notes.is_empty() {
        return Ok(());
    }
    Err(wrong_input(match (score.notes().count(), kind) {
        (0, _) => "the tune is empty: it has no notes".to_owned(),
        (count, Kind::Drums) => format!(
            "none of the {} of the tune is on the channel of drums, 10, and this model plays drums: train one on performances of other \
             instruments with composer train --task humanise, and name it with --model",
            counted(count, "note")
        ),
        (count, Kind::Pitched) => {
            format!(
                "all of the {} of the tune are drums, and this model plays other instruments",
                counted(count, "note")
            )
        }
    }))
}

/// The music and the other events of a tune at ticks that are fine enough for offsets, and how much finer they are.
fn refined(tune: &Tune) -> anyhow::Result<(Score, Vec<OtherEvent>, Ticks)> {
    let (mut score, mut others) = (tune.score.clone(), tune.others.clone());
    let factor = FINE.div_ceil(Ticks::from(score.ticks_per_quarter));
    let too_long = || wrong_input("the tune is too long, or has a stray note at its end");
    let finer = |tick: &mut Ticks| match tick.checked_mul(factor) {
        Some(finer) => {
            *tick = finer;
            Ok(())
        }
        None => Err(too_long()),
    };
    for note in score.tracks.iter_mut().flat_map(|track| &mut track.notes) {
        note.onset.checked_add(note.duration).ok_or_else(too_long)?;
        finer(&mut note.onset)?;
        finer(&mut note.duration)?;
    }
    score.tempos.iter_mut().try_for_each(|tempo| finer(&mut tempo.tick))?;
    score.time_signatures.iter_mut().try_for_each(|metre| finer(&mut metre.tick))?;
    score.key_signatures.iter_mut().try_for_each(|key| finer(&mut key.tick))?;
    score.pedals.iter_mut().try_for_each(|pedal| finer(&mut pedal.tick))?;
    score.chord_symbols.iter_mut().try_for_each(|chord| finer(&mut chord.tick))?;
    others.iter_mut().try_for_each(|other| finer(&mut other.tick))?;
    score.ticks_per_quarter = (Ticks::from(score.ticks_per_quarter) * factor) as u16; // below 2 · 480, or as it was
    Ok((score, others, factor))
}

/// The score with its notes as they were played: those on the grid from where they were written, those that were performed before from their
/// places. Notes of a pitch stay in their order, and none sounds into the next if it did not before.
fn moved(score: &Score, notes: &[Placed], played: &[Performance], from_places: bool) -> Score {
    let quarter = u64::from(score.ticks_per_quarter);
    let mut result = score.clone();
    // Of each track, channel and pitch the notes in the order in which they were written.
    let mut lines: BTreeMap<(usize, u8, u8), Vec<(Note, usize)>> = BTreeMap::new();
    for (placed, played) in notes.iter().zip(played) {
        let from = if from_places { placed.place * quarter / u64::from(PLACES) } else { placed.note.onset };
        let onset = from.saturating_add_signed(played.offset_ticks(score.ticks_per_quarter));
        let note = Note { onset, velocity: played.velocity(), ..placed.note };
        let line = lines.entry((placed.track, note.channel, note.pitch)).or_default();
        line.push((note, placed.index));
    }
    for ((track, ..), mut line) in lines {
        let original = |index: usize| score.tracks[track].notes[index];
        line.sort_by_key(|&(_, index)| (original(index).onset, index));
        for place in 1..line.len() {
            let (before, rest) = line.split_at_mut(place);
            let ((before, index), (note, next)) = (&mut before[place - 1], &mut rest[0]);
            note.onset = note.onset.max(before.onset + 1);
            if original(*index).end() <= original(*next).onset {
                before.duration = before.duration.min(note.onset - before.onset);
            }
        }
        for (note, index) in line {
            result.tracks[track].notes[index] = note;
        }
    }
    result.tracks.iter_mut().for_each(|track| track.notes.sort_by_key(|note| (note.onset, note.pitch)));
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use composer_bptt::{Cell, Init, RecurrentConfig};
    use composer_models::Seq2SeqConfig;
    use composer_music::{Tempo, TimeSignature, Track, midi};
    use rand::{Rng, RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    fn model(kind: Kind) -> Seq2Seq {
        let stack = |hidden| RecurrentConfig { cell: Cell::Gru, hidden, ..RecurrentConfig::default() };
        let config = Seq2SeqConfig {
            source: source_encoding(kind),
            target: target_encoding(),
            styles: 0,
            encoder: RecurrentConfig { bidirectional: true, ..stack(5) },
            decoder: stack(7),
            bridge: false,
            aligned: true,
            attention: None,
            output_dropout: 0.0,
            note_wise: None,
        };
        Seq2Seq::new(config.completed(), &Init::RECOMMENDED, 3).unwrap()
    }

    fn tune(rng: &mut impl Rng) -> Score {
        let mut score = Score::new([24, 96, 220, 480, 960][rng.random_range(0..5)]);
        let quarter = u64::from(score.ticks_per_quarter);
        let step = [quarter, quarter / 4, quarter / 3, quarter / 8, 1][rng.random_range(0..5)].max(1);
        score.tempos = vec![Tempo { tick: quarter, micros_per_quarter: rng.random_range(200_000..900_000) }];
        score.time_signatures = vec![TimeSignature { tick: 4 * quarter, numerator: 7, denominator: 8 }];
        for _ in 0..3 {
            let note = |_| Note {
                onset: step * rng.random_range(0..40),
                duration: rng.random_range(1..2 * step + 2),
                pitch: rng.random_range(34..50),
                velocity: rng.random_range(1..=127),
                channel: if rng.random() { 9 } else { 2 },
                program: 0,
            };
            score.tracks.push(Track { name: Some("a".into()), notes: (0..30).map(note).collect() });
        }
        // What a file holds: of two notes of a pitch, the first begun ends first.
        midi::normalised(&score)
    }

    #[test]
    fn no_note_is_added_or_lost_and_all_else_stays() {
        let models = [Kind::Drums, Kind::Pitched].map(|kind| (kind, model(kind)));
        let mut rng = ChaCha8Rng::seed_from_u64(11);
        for seed in 0..60 {
            let given = tune(&mut rng);
            let (kind, model) = &models[seed as usize % 2];
            let temperature = [0.0, 1.0, 3.0][rng.random_range(0..3)];
            let options = HumaniseOptions { seed, temperature, ..HumaniseOptions::default() };
            let result = humanised(model, &given.clone().into(), &options).unwrap().remove(0);
            let written = midi::read(&result.piece.to_midi().unwrap()).unwrap().score;
            let factor = u64::from(written.ticks_per_quarter / given.ticks_per_quarter);
            assert!(
                written.ticks_per_quarter >= 480
                    && written.ticks_per_quarter.is_multiple_of(given.ticks_per_quarter)
            );
            let what = |score: &Score, track: usize, performed: bool| {
                let notes = score.tracks[track].notes.iter().filter(|note| kind.has(note) == performed);
                let mut notes: Vec<Note> = notes.copied().collect();
                notes.sort_unstable_by_key(|note| (note.channel, note.pitch, note.onset));
                notes
            };
            for track in 0..given.tracks.len() {
                let who =
                    |notes: &[Note]| notes.iter().map(|note| (note.channel, note.pitch)).collect::<Vec<_>>();
                assert_eq!(who(&what(&written, track, true)), who(&what(&given, track, true)), "seed {seed}");
                let finer = |note: Note| Note {
                    onset: factor * note.onset,
                    duration: factor * note.duration,
                    ..note
                };
                let others: Vec<Note> = what(&given, track, false).into_iter().map(finer).collect();
                assert_eq!(what(&written, track, false), others, "seed {seed}");
                assert_eq!(written.tracks[track].name, given.tracks[track].name);
            }
            assert_eq!(written.tempos[0].tick, factor * given.tempos[0].tick);
            assert_eq!(written.time_signatures[0].tick, factor * given.time_signatures[0].tick);
            assert_eq!(result.piece.nll.len(), given.notes().filter(|note| kind.has(note)).count());
            let again = humanised(model, &given.into(), &options).unwrap().remove(0);
            assert_eq!(again, result);
        }
    }

    #[test]
    fn notes_stay_near_their_places_and_performances_go_back_to_them() {
        let model = model(Kind::Drums);
        let note = |onset| Note { onset, duration: 30, pitch: 42, velocity: 64, channel: 9, program: 0 };
        let mut score = Score::new(480);
        score.tracks.push(Track { name: None, notes: (1..33).map(|step| note(120 * step)).collect() });
        let performed = |notes: Vec<Note>| {
            let mut score = score.clone();
            score.tracks[0].notes = notes;
            humanised(&model, &score.into(), &HumaniseOptions::default()).unwrap().remove(0).piece
        };
        let written = performed(score.tracks[0].notes.clone());
        assert!(written.notes.is_empty(), "{:?}", written.notes);
        for (note, index) in written.score.tracks[0].notes.iter().zip(1..) {
            assert!(note.onset.abs_diff(120 * index) <= 83, "{note:?}");
        }
        let late = |note: &Note| Note { onset: note.onset + 17 + note.onset % 7, ..*note };
        let anew = performed(score.tracks[0].notes.iter().map(late).collect());
        assert!(anew.notes[0].contains("performed already"));
        assert_eq!(anew.score, written.score, "from the places, not from where they were played");
    }

    #[test]
    fn likelihoods_of_what_was_drawn_are_those_of_the_draw() {
        let model = model(Kind::Pitched);
        let score = tune(&mut ChaCha8Rng::seed_from_u64(5));
        let mut notes = placed(&score, Kind::Pitched);
        let played = perform(&model, &score, &notes, Kind::Pitched, 1.0, (7, 0)).unwrap();
        for (note, played) in notes.iter_mut().zip(&played) {
            note.note.velocity = played.velocity();
            note.offset = f64::from(played.tokens[1]) - f64::from(VELOCITIES) - 16.0;
        }
        let scored = likelihood(&model, &score, &notes, Kind::Pitched).unwrap();
        for (both, played) in scored.iter().zip(&played) {
            assert!((both[0] + both[1] - played.nll).abs() < 1e-9);
        }
    }
}
