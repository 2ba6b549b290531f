//! Every option of `compose` with every representation: it has its effect, or it is refused in a sentence. `docs/options.md` shows the
//! table.

use crate::common;

use common::composer;
use composer::TrainedModel;
use composer::compose::{ComposeOptions, Length, Piece, Primer, compose};
use composer_bptt::{Init, RecurrentConfig};
use composer_models::file::Notes;
use composer_models::{Encoding, ModelConfig, SequenceModel};
use composer_music::representation::bars::BarRepresentation;
use composer_music::representation::frames::FrameRepresentation;
use composer_music::representation::remi::RemiRepresentation;
use composer_music::representation::{AnyRepresentation, Representation};
use composer_music::{KeySignature, Note, Score, Tempo, Ticks, TimeSignature, Track, midi};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use tempfile::tempdir;

const REPRESENTATIONS: [&str; 9] = AnyRepresentation::NAMES;

/// Options that do not depend on the representation.
const GENERAL: [&str; 5] = ["--model", "--output-dir", "--pick", "--from", "--reference"];

/// What an option does with the representations where it is not refused.
enum Where {
    All,
    Frames,
    Tokens,
    /// Models of tokens that write a piece of a length with more or with fewer of them.
    LengthsThatDiffer,
    /// All but the last list; refused there with these words.
    AllBut(&'static [&'static str], &'static str),
    /// Refused everywhere as it is given here, because what it names does not exist.
    Nowhere(&'static str),
}

struct Row {
    option: &'static str,
    applies: Where,
    /// What is given with the option and without it.
    both: fn(&mut ComposeOptions),
    /// The option itself.
    given: fn(&mut ComposeOptions),
    /// Whether it has its effect.
    effect: fn(&Pieces) -> bool,
}

/// Pieces with the option and without it.
struct Pieces {
    with: Vec<Piece>,
    without: Vec<Piece>,
}

impl Pieces {
    fn differ(&self) -> bool {
        self.with.iter().zip(&self.without).any(|(with, without)| with.score != without.score)
    }

    fn scores(&self) -> impl Iterator<Item = &Score> {
        self.with.iter().map(|piece| &piece.score)
    }

    fn all(&self, holds: impl Fn(&Score) -> bool) -> bool {
        !self.with.is_empty() && self.scores().all(holds)
    }

    /// Whether every pitched note is one that `fits` says may be at its quarter.
    fn pitches(&self, fits: impl Fn(f64, u8) -> bool) -> bool {
        self.all(|score| {
            let quarter = |note: &Note| note.onset as f64 / f64::from(score.ticks_per_quarter);
            pitched(score).all(|note| fits(quarter(note), note.pitch))
        })
    }

    fn equal_outputs(&self) -> bool {
        self.with.len() == 2 && self.with[0].score == self.with[1].score
    }
}

fn pitched(score: &Score) -> impl Iterator<Item = &Note> {
    score.notes().filter(|note| !note.is_drum())
}

fn quarters(score: &Score) -> f64 {
    score.end() as f64 / f64::from(score.ticks_per_quarter)
}

fn most_at_once(score: &Score) -> usize {
    let at = |tick: Ticks| score.notes().filter(|note| note.onset <= tick && tick < note.end()).count();
    score.notes().map(|note| at(note.onset)).max().unwrap_or(0)
}

/// Three quarters and a rest, with drums, in a resolution and a tempo that few models have.
fn primer() -> Score {
    let note = |onset, duration, pitch, channel, velocity| Note {
        onset,
        duration,
        pitch,
        velocity,
        channel,
        program: if channel == 9 { 0 } else { 41 },
    };
    let mut score = Score::new(110);
    score.tempos = vec![
        Tempo { tick: 0, micros_per_quarter: 578_035 },
        Tempo { tick: 110, micros_per_quarter: 611_111 },
    ];
    score.time_signatures.push(TimeSignature { tick: 0, numerator: 4, denominator: 4 });
    score.key_signatures.push(KeySignature { tick: 0, sharps: -3, minor: true });
    score.tracks = vec![
        Track {
            name: Some("Fiddle".into()),
            notes: vec![note(0, 37, 60, 3, 33), note(37, 36, 63, 3, 77), note(110, 220, 67, 3, 127)],
        },
        Track { name: Some("Kit".into()), notes: vec![note(0, 10, 36, 9, 90), note(110, 10, 38, 9, 91)] },
    ];
    score
}

/// Whether pieces begin with exactly the notes of a primer and nothing new begins before `end` quarters.
fn begins_with(pieces: &Pieces, primer: &Score, end: f64) -> bool {
    pieces.all(|score| {
        let scale = Ticks::from(score.ticks_per_quarter / primer.ticks_per_quarter);
        let mut expected: Vec<Note> = primer
            .notes()
            .map(|note| Note { onset: note.onset * scale, duration: note.duration * scale, ..*note })
            .collect();
        let limit = (end * f64::from(score.ticks_per_quarter)) as Ticks;
        let mut begun: Vec<Note> = score.notes().filter(|note| note.onset < limit).copied().collect();
        expected.sort_unstable();
        begun.sort_unstable();
        score.ticks_per_quarter.is_multiple_of(primer.ticks_per_quarter)
            && begun == expected
            && score.notes().any(|note| note.onset >= limit)
    })
}

fn text_primer(options: &mut ComposeOptions, inject: bool) {
    options.primer = Primer::Notes { text: "C4:1 E4:0.5 R:0.5 G4:1 R:1.5".into(), inject };
}

fn begins_with_text(pieces: &Pieces) -> bool {
    pieces.all(|score| {
        let quarter = f64::from(score.ticks_per_quarter);
        let places = |note: &Note| (note.onset as f64 / quarter, note.end() as f64 / quarter, note.pitch);
        let begun: Vec<_> = score.notes().map(places).filter(|&(onset, ..)| onset < 4.5).collect();
        begun == [(0.0, 1.0, 60), (1.0, 1.5, 64), (2.0, 3.0, 67)] && quarters(score) == 8.0
    })
}

const DRUMS: &[&str] = &["drum-events"];
const CHORDS: &[&str] = &["chords"];

fn nothing(_: &mut ComposeOptions) {}

/// Sampling that nearly always takes the likeliest, so that a small change of the logits shows.
fn cold(options: &mut ComposeOptions) {
    options.temperature = Some(0.05);
}

/// Greedy decoding, which soon repeats itself.
fn greedy(options: &mut ComposeOptions) {
    (options.temperature, options.length) = (Some(0.0), Length::Bars(12));
}

fn rows() -> Vec<Row> {
    use Where::{All, AllBut, Frames, LengthsThatDiffer, Nowhere, Tokens};
    let row = |option, applies, both, given, effect| Row { option, applies, both, given, effect };
    vec![
        row("--num-outputs", All, nothing, |o| o.num_outputs = 3, |p| p.with.len() == 3),
        row(
            "--length",
            All,
            nothing,
            |o| o.length = Length::Bars(1),
            |p| p.all(|score| quarters(score) == 4.0) && p.without.iter().all(|p| quarters(&p.score) == 8.0),
        ),
        row(
            "--metre",
            All,
            nothing,
            |o| o.metre = "3/4".parse().ok(),
            |p| {
                let waltz = TimeSignature { tick: 0, numerator: 3, denominator: 4 };
                p.all(|score| quarters(score) == 6.0 && score.time_signatures == [waltz])
            },
        ),
        row("--temperature", All, nothing, |o| o.temperature = Some(0.0), Pieces::equal_outputs),
        row(
            "--max-polyphony",
            AllBut(CHORDS, "three and four notes"),
            nothing,
            |o| o.max_polyphony = 1,
            |p| p.all(|score| most_at_once(score) == 1),
        ),
        row(
            "--qpm",
            All,
            nothing,
            |o| o.qpm = Some(77.0),
            |p| {
                p.all(|score| {
                    score.tempos == [Tempo { tick: 0, micros_per_quarter: 779_221 }] && quarters(score) == 8.0
                })
            },
        ),
        row(
            "--soundfont",
            Nowhere("none.sf2"),
            nothing,
            |o| o.soundfont = Some(PathBuf::from("none.sf2")),
            |_| true,
        ),
        row("--seed", All, nothing, |o| o.seed = 2, Pieces::differ),
        row(
            "--primer-midi",
            All,
            nothing,
            |o| o.primer = Primer::Midi { path: "primer.mid".into(), inject: true },
            |p| {
                let primer = primer();
                begins_with(p, &primer, 3.0)
                    && p.all(|score| score.key_signatures == primer.key_signatures && score.tempos.len() >= 2)
                    && p.all(|score| score.tempos[0].micros_per_quarter == 578_035)
            },
        ),
        row("--primer-notes", AllBut(DRUMS, "no drums"), nothing, |o| text_primer(o, true), begins_with_text),
        row(
            "--inject-primer",
            AllBut(DRUMS, "no drums"),
            nothing,
            |o| text_primer(o, true),
            begins_with_text,
        ),
        row(
            "--condition-on-primer",
            AllBut(DRUMS, "no drums"),
            nothing,
            |o| text_primer(o, false),
            |p| p.differ() && !begins_with_text(p) && p.all(|score| quarters(score) == 8.0),
        ),
        row(
            "--key",
            AllBut(DRUMS, "writes drums"),
            nothing,
            |o| o.key = "Es-moll".parse().ok(),
            |p| {
                let scale = [0u8, 2, 3, 5, 7, 8, 9, 10, 11].map(|degree| (degree + 3) % 12);
                let flats = KeySignature { tick: 0, sharps: -6, minor: true };
                let ends = |score: &Score| {
                    let last = pitched(score).filter(|note| note.end() == score.end()).map(|note| note.pitch);
                    last.min().is_some_and(|pitch| pitch % 12 == 3) && quarters(score) == 8.0
                };
                p.pitches(|_, pitch| scale.contains(&(pitch % 12)))
                    && p.all(|score| score.key_signatures == [flats] && ends(score))
            },
        ),
        row(
            "--chords",
            AllBut(DRUMS, "writes drums"),
            nothing,
            |o| o.chords = Some("Dm G7".into()),
            |p| {
                p.pitches(|quarter, pitch| {
                    let chord: &[u8] = if quarter < 4.0 { &[2, 5, 9] } else { &[7, 11, 2, 5] };
                    chord.contains(&(pitch % 12))
                })
            },
        ),
        row(
            "--range",
            AllBut(DRUMS, "writes drums"),
            nothing,
            |o| o.range = (50, 67),
            |p| p.pitches(|_, pitch| (50..=67).contains(&pitch)),
        ),
        row(
            "--no-ending",
            All,
            |o| o.key = o.key.or("C major".parse().ok()),
            |o| o.ending = false,
            |p| p.differ() && p.all(|score| quarters(score) <= 8.0),
        ),
        row(
            "--onset-temperature",
            Frames,
            nothing,
            |o| o.frames.onset_temperature = Some(3.0),
            Pieces::differ,
        ),
        row("--hold-temperature", Frames, nothing, |o| o.frames.hold_temperature = Some(3.0), Pieces::differ),
        row(
            "--threshold",
            Frames,
            nothing,
            |o| o.frames.threshold = Some(0.05),
            |p| p.equal_outputs() && p.differ(),
        ),
        row(
            "--top-voices",
            Frames,
            nothing,
            |o| o.frames.top_voices = Some(2),
            |p| p.equal_outputs() && p.all(|score| most_at_once(score) == 2),
        ),
        row(
            "--min-note-steps",
            Frames,
            nothing,
            |o| o.frames.min_note_steps = Some(3),
            |p| {
                p.all(|score| {
                    score.notes().all(|note| 4 * note.duration >= 3 * Ticks::from(score.ticks_per_quarter))
                })
            },
        ),
        row(
            "--no-rearticulation",
            Frames,
            |o| o.range = (60, 64),
            |o| o.frames.no_rearticulation = true,
            |p| {
                let again = |score: &Score| {
                    score.notes().any(|a| score.notes().any(|b| b.pitch == a.pitch && b.onset == a.end()))
                };
                p.all(|score| !again(score)) && p.without.iter().any(|piece| again(&piece.score))
            },
        ),
        row("--top-k", Tokens, nothing, |o| o.tokens.top_k = Some(1), Pieces::equal_outputs),
        row("--top-p", Tokens, nothing, |o| o.tokens.top_p = Some(1e-6), Pieces::equal_outputs),
        row("--min-p", Tokens, nothing, |o| o.tokens.min_p = Some(1.0), Pieces::equal_outputs),
        row("--typical-p", Tokens, nothing, |o| o.tokens.typical_p = Some(1e-6), Pieces::equal_outputs),
        row(
            "--repetition-penalty",
            Tokens,
            cold,
            |o| o.tokens.repetition_penalty = Some(8.0),
            Pieces::differ,
        ),
        row("--no-repeat-ngram", Tokens, greedy, |o| o.tokens.no_repeat_ngram = Some(2), Pieces::differ),
        row(
            "--beam-width",
            Tokens,
            nothing,
            |o| o.tokens.beam_width = Some(2),
            |p| {
                p.differ()
                    && p.with.len() == 2
                    && p.with[0].notes.iter().any(|note| note.contains("deterministic"))
            },
        ),
        row(
            "--length-penalty",
            LengthsThatDiffer,
            |o| {
                // All pieces that the search finds: their order depends on the penalty, if not the first of them.
                (o.tokens.beam_width, o.num_outputs, o.length) = (Some(24), 24, Length::Bars(1));
                o.tokens.length_penalty = Some(0.0);
            },
            |o| o.tokens.length_penalty = Some(5.0),
            |p| {
                // Pieces with equally many tokens are ranked alike whatever the penalty.
                let tokens =
                    |pieces: &[Piece]| pieces.iter().map(|piece| piece.nll.len()).collect::<Vec<_>>();
                let with = tokens(&p.with);
                p.differ() || with.iter().chain(&tokens(&p.without)).all(|&count| count == with[0])
            },
        ),
    ]
}

/// Untrained models, small enough to be quick.
pub fn model(name: &str) -> TrainedModel {
    let recurrent = RecurrentConfig { hidden: 8, ..RecurrentConfig::default() };
    let representation = match name {
        "bars" => {
            let base = RemiRepresentation { steps_per_quarter: 4, ..Default::default() };
            AnyRepresentation::Bars(
                BarRepresentation::learn(base, [&primer(), &primer()], 12).expect("short"),
            )
        }
        _ => AnyRepresentation::by_name(name).expect("a name"),
    };
    let (encoding, representation) = match representation {
        AnyRepresentation::Frames(_) => (Encoding::frames(FrameRepresentation::default()), None),
        representation => {
            let vocabulary = representation.vocabulary().size();
            let encoding = Encoding::Tokens { vocabulary, fingerprint: representation.fingerprint() };
            (encoding, Some(representation))
        }
    };
    let config = ModelConfig::new(encoding, recurrent);
    let mut model = SequenceModel::new(config, &Init::default(), 3).expect("a model");
    if representation.is_none() {
        // Untrained, every second key would sound.
        let bias = model.params().id("output.bias").expect("a bias");
        model.params_mut().value_mut(bias).fill(-3.0);
    }
    TrainedModel { model, notes: Notes { representation, ..Notes::default() } }
}

pub fn base(name: &str) -> ComposeOptions {
    // Chord symbols have up to four notes.
    let max_polyphony = if name == "chords" { 4 } else { 3 };
    ComposeOptions { num_outputs: 2, length: Length::Bars(2), max_polyphony, ..ComposeOptions::default() }
}

/// The words with which an option is refused; none where it has its effect.
fn refusal(row: &Row, name: &str) -> Option<&'static str> {
    match row.applies {
        Where::All => None,
        Where::Frames => (name != "frames").then_some("is for models that write frames"),
        Where::Tokens => (name == "frames").then_some("is for models that write tokens"),
        Where::LengthsThatDiffer if name == "frames" => Some("is for models that write tokens"),
        Where::LengthsThatDiffer => ["voices", "chords"].contains(&name).then_some("same number of tokens"),
        Where::AllBut(refused, words) => refused.contains(&name).then_some(words),
        Where::Nowhere(words) => Some(words),
    }
}

/// What is wrong with one cell of the table, if something is.
fn fault(row: &Row, name: &str, model: &TrainedModel, folder: &Path) -> Option<String> {
    let mut without = base(name);
    (row.both)(&mut without);
    if name == "drum-events" {
        without.key = None; // its own row
    }
    let mut with = without.clone();
    (row.given)(&mut with);
    if let Primer::Midi { path, .. } = &mut with.primer {
        *path = folder.join(&path);
    }
    match (compose(model, &with), refusal(row, name)) {
        (Ok(_), Some(_)) => Some("is accepted".into()),
        (Err(error), Some(words)) => (!error.to_string().contains(words)).then(|| error.to_string()),
        (Err(error), None) => Some(error.to_string()),
        (Ok(with), None) => match compose(model, &without) {
            Ok(without) => {
                let pieces = Pieces { with, without };
                (!(row.effect)(&pieces)).then(|| {
                    let first = &pieces.with[0].score;
                    let notes: Vec<_> = first.notes().take(8).collect();
                    format!("has no effect: {} quarters, {:?} {notes:?}", quarters(first), first.tempos)
                })
            }
            Err(error) => Some(error.to_string()),
        },
    }
}

#[test]
fn every_option_has_its_effect_with_every_representation_or_is_refused() {
    let folder = tempdir().expect("a folder");
    std::fs::write(folder.path().join("primer.mid"), midi::write(&primer()).expect("writes"))
        .expect("writes");
    let rows = rows();
    let mut faults = String::new();
    for name in REPRESENTATIONS {
        let model = model(name);
        for row in &rows {
            if let Some(fault) = fault(row, name, &model, folder.path()) {
                let _ = writeln!(faults, "{} with {name}: {fault}", row.option);
            }
        }
    }
    assert!(faults.is_empty(), "{faults}");
}

/// The table of `docs/options.md`.
fn table() -> String {
    let mut text = String::from("| option |");
    text.extend(REPRESENTATIONS.iter().map(|name| format!(" {name} |")));
    text.push_str("\n|---|");
    REPRESENTATIONS.iter().for_each(|_| text.push_str("---|"));
    text.push('\n');
    for row in rows() {
        let _ = write!(text, "| `{}` |", row.option);
        for name in REPRESENTATIONS {
            let refused = refusal(&row, name).is_some() && !matches!(row.applies, Where::Nowhere(_));
            let _ = write!(text, " {} |", if refused { "refused" } else { "✓" });
        }
        text.push('\n');
    }
    text
}

#[test]
fn the_documented_table_is_the_tested_one_and_has_every_option_of_the_command() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/options.md");
    let page = std::fs::read_to_string(page).expect("the page");
    assert!(page.contains(&table()), "docs/options.md should have this table:\n{}", table());
    let folder = tempdir().expect("a folder");
    let help = composer(folder.path(), &["compose", "--help"]).stdout;
    let help = String::from_utf8_lossy(&help);
    let global = String::from_utf8_lossy(&composer(folder.path(), &["runs", "--help"]).stdout).into_owned();
    let option = |line: &str| {
        let word = line.split_whitespace().find(|word| word.starts_with("--"))?;
        line.trim_start().starts_with('-').then(|| word.trim_end_matches(',').to_owned())
    };
    let known: Vec<&str> = rows().iter().map(|row| row.option).chain(GENERAL).collect();
    for option in help.lines().filter_map(option) {
        let everywhere = global.lines().any(|line| line.contains(&option));
        assert!(everywhere || known.contains(&option.as_str()), "{option} is not in the table");
    }
    for option in known {
        assert!(help.contains(option), "{option} is no option");
    }
}
