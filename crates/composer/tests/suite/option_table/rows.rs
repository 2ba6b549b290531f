//! The rows of the table: every option, where it applies, and what shows its effect.

use super::REPRESENTATIONS;
use super::models::primer;
use super::pieces::{Pieces, begins_with, begins_with_text, most_at_once, pitched, quarters, text_primer};
use composer::compose::{ComposeOptions, Length, Piece, Primer};
use composer_music::{KeySignature, Score, Tempo, Ticks, TimeSignature};
use std::path::PathBuf;

/// What an option does with the representations where it is not refused.
pub enum Where {
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

pub struct Row {
    pub option: &'static str,
    pub applies: Where,
    /// What is given with the option and without it.
    pub both: fn(&mut ComposeOptions),
    /// The option itself.
    pub given: fn(&mut ComposeOptions),
    /// Whether it has its effect.
    pub effect: fn(&Pieces) -> bool,
}

const DRUMS: &[&str] = &["drum-events"];
const CHORDS: &[&str] = &["chords"];
/// Models that know nothing of conditions; `conditions.rs` has others.
const UNTOLD: &str = "not trained with the condition";

fn nothing(_: &mut ComposeOptions) {}

/// Sampling that nearly always takes the likeliest, so that a small change of the logits shows.
fn cold(options: &mut ComposeOptions) {
    options.temperature = Some(0.05);
}

/// Greedy decoding, which soon repeats itself.
fn greedy(options: &mut ComposeOptions) {
    (options.temperature, options.length) = (Some(0.0), Length::Bars(12));
}

/// Every option that depends on the representation.
pub fn rows() -> Vec<Row> {
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
        row("--style", Nowhere(UNTOLD), nothing, |o| o.conditions.style = Some("rag".into()), |_| true),
        row("--density", Nowhere(UNTOLD), nothing, |o| o.conditions.density = Some(4.5), |_| true),
        row("--polyphony", Nowhere(UNTOLD), nothing, |o| o.conditions.polyphony = Some(3.0), |_| true),
        row("--register", Nowhere(UNTOLD), nothing, |o| o.conditions.register = Some(60.0), |_| true),
        row("--form", Nowhere(UNTOLD), nothing, |o| o.form = Some("AABA".into()), |_| true),
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
        row(
            "--whether-temperature",
            AllBut(&REPRESENTATIONS, "is for models that write frames"),
            nothing,
            |o| o.frames.whether_temperature = Some(3.0),
            Pieces::differ,
        ),
        row(
            "--length-temperature",
            AllBut(&REPRESENTATIONS, "is for models that write frames"),
            nothing,
            |o| o.frames.length_temperature = Some(3.0),
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

/// The words with which an option is refused; none where it has its effect.
pub fn refusal(row: &Row, name: &str) -> Option<&'static str> {
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
