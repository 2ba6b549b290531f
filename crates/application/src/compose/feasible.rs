//! Whether key, chords, range and polyphony leave anything to write, said before the first note.

use super::options::ComposeOptions;
use super::plan::Plan;
use super::reading::writes_drums;
use crate::error::{wrong_input, wrong_option};
use composer_decoding::Rules;
use composer_decoding::grammar::{Grammar, MusicGrammar};
use composer_music::representation::{AnyRepresentation, pitch_name};

/// Refuses options that contradict each other or the model.
///
/// # Errors
/// The first contradiction, in a sentence.
pub(super) fn check(
    representation: &AnyRepresentation,
    options: &ComposeOptions,
    plan: &Plan,
    rules: &Rules,
) -> anyhow::Result<()> {
    rules.check()?;
    if matches!(representation, AnyRepresentation::Voices(_) | AnyRepresentation::Chords(_))
        && options.tokens.length_penalty.is_some()
    {
        let problem =
            "has no effect on this model: all its pieces of a length have the same number of tokens";
        return Err(wrong_option("length_penalty", problem));
    }
    let range_given = options.range != (0, 127);
    if writes_drums(representation) {
        let pitches =
            [("key", options.key.is_some()), ("chords", options.chords.is_some()), ("range", range_given)];
        return match pitches.iter().find(|(_, given)| *given) {
            Some((name, _)) => Err(wrong_option(name, "is about pitches, and this model writes drums")),
            None => Ok(()),
        };
    }
    if range_given
        && matches!(representation, AnyRepresentation::Frames(frames) if frames.parts.tells_melody())
    {
        let problem = "is one for all parts, and this model writes a melody apart, in a range of its own";
        return Err(wrong_option("range", problem));
    }
    let of_model = match representation {
        AnyRepresentation::Frames(frames) => (frames.pitch_low, frames.pitch_high.min(127)),
        AnyRepresentation::Voices(voices) => (voices.pitch_low, voices.pitch_high.min(127)),
        _ => (0, 127),
    };
    let (low, high) = (options.range.0.max(of_model.0), options.range.1.min(of_model.1));
    let range = Rules { range: (low.min(127), high.min(127)), ..Rules::default() };
    let open = if low <= high { range.pitches(0) } else { 0 };
    if open == 0 {
        return Err(wrong_input(format!(
            "the range {} to {} has no note that the model can write, which are {} to {}: choose another --range",
            pitch_name(options.range.0),
            pitch_name(options.range.1),
            pitch_name(of_model.0),
            pitch_name(of_model.1)
        )));
    }
    let between = || format!("between {} and {}", pitch_name(low), pitch_name(high));
    let steps =
        std::iter::once(plan.begin).chain(plan.bar_lines().into_iter().filter(|&step| step > plan.begin));
    for step in steps {
        if rules.pitches(step) & open != 0 {
            continue;
        }
        let chord = rules.chords.as_ref().map(|chords| chords.symbol_at(step));
        return Err(wrong_input(match (options.key, chord) {
            (Some(key), Some(chord)) if range_of_chord(rules, step) & open != 0 => {
                format!("the chord {chord} has no note of {key} {}: change --chords or --key", between())
            }
            (_, Some(chord)) => format!("no note of the chord {chord} lies {}: widen --range", between()),
            (Some(key), None) => format!("no note of {key} lies {}: widen --range", between()),
            (None, None) => format!("no note is left to write {}: widen --range", between()),
        }));
    }
    last_chord(options, rules, open, &between())?;
    chord_symbols(representation, rules)
}

/// The pitches of the chord at a step, whatever the key.
fn range_of_chord(rules: &Rules, step: u64) -> u128 {
    Rules { key: None, ..rules.clone() }.pitches(step)
}

/// The last chord needs the tonic of the key.
fn last_chord(options: &ComposeOptions, rules: &Rules, open: u128, between: &str) -> anyhow::Result<()> {
    let (Some(last), Some(key)) = (rules.last_chord(), options.key) else { return Ok(()) };
    if last.bass & open != 0 {
        return Ok(());
    }
    let tonic = composer_decoding::harmony::plane(1 << key.tonic);
    let chord = rules.chords.as_ref().map(|chords| chords.symbol_at(last.begin));
    let name = key.tonic_name();
    Err(wrong_input(match chord.filter(|_| range_of_chord(rules, last.begin) & tonic == 0) {
        Some(chord) => format!(
            "the last chord, {chord}, has no {name} {between}, and a piece in {key} ends on it: change --chords, --length or --key, or \
             let the piece break off (--no-ending)"
        ),
        None => format!(
            "there is no {name} {between}, and a piece in {key} ends on it: widen --range, or let the piece break off (--no-ending)"
        ),
    }))
}

/// A model of chord symbols needs one for the last chord, and at least one that sounds anywhere.
fn chord_symbols(representation: &AnyRepresentation, rules: &Rules) -> anyhow::Result<()> {
    let AnyRepresentation::Chords(chords) = representation else { return Ok(()) };
    let length = rules.length.unwrap_or(0);
    let Some(mut grammar) = MusicGrammar::new(representation, rules.clone()) else { return Ok(()) };
    let mut allowed = vec![false; composer_music::representation::chords::NUM_SYMBOLS as usize];
    for step in (0..length).step_by(chords.quarters_per_chord.max(1) as usize) {
        grammar.allow(&mut allowed);
        // The first symbol is silence.
        if step >= rules.begin && !allowed[1..].contains(&true) {
            let mut limits = vec!["--range"];
            limits.extend((rules.max_polyphony < 4).then_some("--max-polyphony"));
            limits.extend(rules.chords.as_ref().map(|_| "--chords"));
            limits.extend(rules.key.map(|_| "--key"));
            return Err(wrong_input(format!(
                "the model writes chords of three and four notes from C3 to A4, and none fits at quarter {}: loosen {}",
                step + 1,
                limits.join(", ")
            )));
        }
        grammar.push(0);
    }
    Ok(())
}
