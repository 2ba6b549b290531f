//! Figures outside the reference in words: the sentence, the likely cause and what to try.

use super::figures::Aspect;
use super::outliers::Side;

/// The outlier in a sentence: "Far too sparse: 1.9 notes a quarter, where 95 % of the reference has 3 to 9."
pub fn sentence(aspect: Aspect, side: Side, figure: f64, usual: [f64; 2]) -> String {
    let what = match (aspect, side) {
        (Aspect::Density, Side::Low) => "Far too sparse",
        (Aspect::Density, Side::High) => "Far too dense",
        (Aspect::Polyphony, Side::Low) => "Too few voices",
        (Aspect::Polyphony, Side::High) => "Too many voices",
        (Aspect::HeldNotes, _) => "Chords are held far too long",
        (Aspect::PitchClasses, Side::Low) => "Too few different notes in a bar",
        (Aspect::PitchClasses, Side::High) => "Too many different notes in a bar",
        (Aspect::RepeatedChords, Side::Low) => "Hardly anything comes back",
        (Aspect::RepeatedChords, Side::High) => "Far too repetitive",
        (Aspect::Range, Side::Low) => "The range is far too narrow",
        (Aspect::Range, Side::High) => "The range is far too wide",
        (Aspect::Silence, _) => "Far too much silence",
    };
    let limit = if side == Side::Low { usual[0] } else { usual[1] };
    // With the digits that tell the figure from the limit that it is beyond.
    let tells = |more: &usize| number(aspect, figure, *more) != number(aspect, limit, *more);
    let more = (0..MOST_DIGITS).find(tells).unwrap_or(0);
    let [low, high] = usual.map(|end| number(aspect, end, more));
    let range = match matches!(aspect, Aspect::HeldNotes | Aspect::Silence) {
        true if usual[1] <= 0.0 => "none".to_owned(),
        true => format!("at most {high}"),
        false if low == high => low,
        false => format!("{low} to {high}"),
    };
    let figure = number(aspect, figure, more);
    format!("{what}: {figure} {}, where 95 % of the reference has {range}.", unit(aspect, &figure))
}

/// A figure beside the middle half of the reference: "2.1 notes a quarter (half of the reference has 3.2 to 8.1)".
pub fn phrase(aspect: Aspect, figure: f64, [low, high]: [f64; 2]) -> String {
    let [least, most] = [low, high].map(|end| number(aspect, end, 0));
    let range = match () {
        () if high <= 0.0 => "three quarters of the reference have none".to_owned(),
        () if low <= 0.0 => format!("three quarters of the reference have at most {most}"),
        () if least == most => format!("half of the reference has {least}"),
        () => format!("half of the reference has {least} to {most}"),
    };
    let figure = number(aspect, figure, 0);
    format!("{figure} {} ({range})", unit(aspect, &figure))
}

/// Digits more than usual that a figure has at most.
const MOST_DIGITS: usize = 4;

/// A figure with so many digits more than usual; never zero for what is more.
fn number(aspect: Aspect, figure: f64, more: usize) -> String {
    let digits = |more| match aspect {
        Aspect::HeldNotes | Aspect::RepeatedChords | Aspect::Silence => {
            format!("{:.more$} %", 100.0 * figure)
        }
        Aspect::Range => format!("{figure:.more$}"),
        Aspect::Density | Aspect::Polyphony | Aspect::PitchClasses => decimal(figure, more),
    };
    let says_zero = |text: &str| !text.contains(|c: char| ('1'..='9').contains(&c));
    let more = (more..MOST_DIGITS).find(|&more| figure <= 0.0 || !says_zero(&digits(more))).unwrap_or(more);
    digits(more)
}

/// Two significant digits, or so many more; without a fraction that says nothing.
fn decimal(figure: f64, more: usize) -> String {
    let places = match figure {
        _ if figure >= 9.95 => 0,
        _ if figure >= 0.1 => 1,
        _ => 2,
    };
    let text = format!("{figure:.0$}", places + more);
    match text.split_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|digit| digit == b'0') => whole.to_owned(),
        _ => text,
    }
}

/// What the figure counts; `figure` as it is written.
fn unit(aspect: Aspect, figure: &str) -> &'static str {
    match (aspect, figure == "1") {
        (Aspect::Density, false) => "notes a quarter",
        (Aspect::Density, true) => "note a quarter",
        (Aspect::Polyphony, false) => "pitches at once on average",
        (Aspect::Polyphony, true) => "pitch at once on average",
        (Aspect::HeldNotes, _) => "of the time an unbroken chord of a whole note or longer",
        (Aspect::PitchClasses, false) => "pitch classes a bar",
        (Aspect::PitchClasses, true) => "pitch class a bar",
        (Aspect::RepeatedChords, _) => "of the successions of four chords came before",
        (Aspect::Range, false) => "semitones from the lowest to the highest note",
        (Aspect::Range, true) => "semitone from the lowest to the highest note",
        (Aspect::Silence, _) => "of the time nothing sounds",
    }
}

/// The likely cause of an outlier and the option to try next.
pub fn advice(aspect: Aspect, side: Side) -> (&'static str, &'static str) {
    match (aspect, side) {
        (Aspect::Density, Side::Low) | (Aspect::Silence, _) => (
            "the model holds notes or rests because that is its most likely step, and seldom begins new ones",
            "raise --onset-temperature (or --temperature) towards 1; then train longer (--epochs), or on music of one style",
        ),
        (Aspect::HeldNotes, _) => (
            "a held chord predicts itself: the model has learnt that most steps repeat the one before",
            "raise --onset-temperature, or set --hold-temperature above 1; then train longer (--epochs) or with --dropout 0.3",
        ),
        (Aspect::Density, Side::High) | (Aspect::Polyphony, Side::High) => (
            "every pitch gets its chance at every step, so that notes pile up",
            "lower --temperature or --max-polyphony; then train longer (--epochs)",
        ),
        (Aspect::Polyphony, Side::Low) => (
            "the model gives each pitch alone too little probability to sound with others",
            "raise --onset-temperature; then train longer (--epochs) or with more units (--hidden 384)",
        ),
        (Aspect::PitchClasses, Side::High) => (
            "the sampling is too random, or the harmony is not learnt",
            "lower --temperature or hold the piece to a --key; then train longer (--epochs)",
        ),
        (Aspect::PitchClasses, Side::Low) => (
            "few notes begin, or the model keeps to one chord",
            "raise --temperature towards 1; then train on more varied music",
        ),
        (Aspect::RepeatedChords, Side::High) => (
            "the model always takes the most likely step, and its state enters a loop",
            "raise --temperature towards 1; then train with --dropout 0.3 or on more music",
        ),
        (Aspect::RepeatedChords, Side::Low) => (
            "the memory of the model is too short to take an idea up again",
            "lower --temperature; then train with a longer context (--tbptt-len 128) or more units (--hidden 384)",
        ),
        (Aspect::Range, Side::High) => (
            "pitches that are rare in the reference still have some probability, and are drawn",
            "hold the piece to a --range, or lower --temperature",
        ),
        (Aspect::Range, Side::Low) => (
            "the model stays where it began",
            "raise --temperature towards 1, or give it a primer in another register (--primer-midi)",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::outliers::SIDES;
    use super::*;

    #[test]
    fn outliers_are_named_with_their_range() {
        for ((aspect, side, figure, usual), expected) in [
            (
                (Aspect::Density, Side::Low, 1.9, [3.0, 9.0]),
                "Far too sparse: 1.9 notes a quarter, where 95 % of the reference has 3 to 9.",
            ),
            (
                (Aspect::Silence, Side::High, 0.42, [0.0, 0.19]),
                "Far too much silence: 42 % of the time nothing sounds, where 95 % of the reference has at most 19 %.",
            ),
            (
                (Aspect::Silence, Side::High, 0.42, [0.0, 0.0]),
                "Far too much silence: 42 % of the time nothing sounds, where 95 % of the reference has none.",
            ),
            (
                (Aspect::Silence, Side::High, 0.42, [0.0, 0.003]),
                "Far too much silence: 42 % of the time nothing sounds, where 95 % of the reference has at most 0.3 %.",
            ),
        ] {
            assert_eq!(sentence(aspect, side, figure, usual), expected);
        }
        for (aspect, side) in SIDES {
            let words = sentence(aspect, side, 0.5, [0.6, 0.9]);
            assert!(words.ends_with('.') && words.contains("95 % of the reference has"), "{words}");
            assert!(!advice(aspect, side).1.is_empty());
        }
    }

    #[test]
    fn a_figure_is_told_from_the_limit_that_it_is_beyond() {
        for ((aspect, side, figure, usual), expected) in [
            (
                (Aspect::PitchClasses, Side::Low, 1.78, [1.83, 8.2]),
                "1.78 pitch classes a bar, where 95 % of the reference has 1.83 to 8.20.",
            ),
            (
                (Aspect::Density, Side::Low, 0.98, [1.0, 15.0]),
                "0.98 notes a quarter, where 95 % of the reference has 1 to 15.",
            ),
            (
                (Aspect::RepeatedChords, Side::High, 0.5012, [0.1, 0.5008]),
                "50.12 % of the successions of four chords came before, where 95 % of the reference has 10.00 % to 50.08 %.",
            ),
            (
                (Aspect::Range, Side::Low, 12.0, [12.4, 60.0]),
                "12.0 semitones from the lowest to the highest note, where 95 % of the reference has 12.4 to 60.0.",
            ),
        ] {
            let words = sentence(aspect, side, figure, usual);
            assert!(words.ends_with(expected), "{words}");
        }
    }

    #[test]
    fn the_middle_half_is_not_zero_percent() {
        for ((figure, middle), expected) in [
            (
                (0.12, [0.0, 0.0]),
                "12 % of the time nothing sounds (three quarters of the reference have none)",
            ),
            (
                (0.12, [0.0, 0.07]),
                "12 % of the time nothing sounds (three quarters of the reference have at most 7 %)",
            ),
            ((0.0, [0.03, 0.07]), "0 % of the time nothing sounds (half of the reference has 3 % to 7 %)"),
        ] {
            assert_eq!(phrase(Aspect::Silence, figure, middle), expected);
        }
    }
}
