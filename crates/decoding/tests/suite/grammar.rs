//! Grammars: whatever a model likes, what is written is music that the representation could have written itself.

use crate::common;

use common::Markov;
use composer_decoding::TokenOptions;
use composer_decoding::grammar::{Grammar, MusicGrammar, steps_per_quarter};
use composer_decoding::harmony::{ChordPlan, Key};
use composer_decoding::rules::Rules;
use composer_decoding::token_stream::TokenGenerator;
use composer_music::representation::bars::BarRepresentation;
use composer_music::representation::remi::RemiRepresentation;
use composer_music::representation::{AnyRepresentation, Representation, Symbols, Vocabulary};
use composer_music::{Score, Ticks};

const BARS: u64 = 4;
const MOST_TOKENS: usize = 20_000;

/// A model that likes every token equally, or nearly.
fn indifferent(representation: &AnyRepresentation) -> Markov {
    let mut model = Markov::new(representation.vocabulary().size());
    model.logits.iter_mut().flatten().for_each(|logit| *logit *= 0.2);
    model
}

fn names(representation: &AnyRepresentation) -> Vec<String> {
    match representation.vocabulary() {
        Vocabulary::Tokens { names } => names,
        Vocabulary::MultiHot { .. } => Vec::new(),
    }
}

fn write(representation: &AnyRepresentation, rules: Rules, seed: u64) -> Vec<u32> {
    let grammar = MusicGrammar::new(representation, rules).expect("tokens");
    let generator =
        TokenGenerator::new(indifferent(representation), grammar, TokenOptions::default(), 1, seed)
            .expect("options");
    let written = generator.take(MOST_TOKENS).map(|decided| decided.expect("no dead end")[0].token);
    let tokens: Vec<u32> = written.collect();
    assert!(tokens.len() < MOST_TOKENS, "{} comes to its end", representation.name());
    tokens
}

fn rules(representation: &AnyRepresentation) -> Rules {
    let quarter = steps_per_quarter(representation);
    Rules {
        key: Some(Key::new(2, true)),
        range: (48, 76),
        max_polyphony: 3,
        length: Some(BARS * 4 * quarter),
        ..Rules::default()
    }
}

fn representations() -> Vec<AnyRepresentation> {
    let mut all: Vec<_> = ["events", "metrical-events", "remi", "voices"]
        .map(|name| AnyRepresentation::by_name(name).expect("a name"))
        .into();
    // Patterns of two and more tokens, learnt from what remi writes at random.
    let base = RemiRepresentation { steps_per_quarter: 4, ..Default::default() };
    let remi = AnyRepresentation::Remi(base);
    let pieces: Vec<Score> = (0..4)
        .map(|seed| remi.decode(&Symbols::Tokens(write(&remi, rules(&remi), seed))).expect("a score"))
        .collect();
    all.push(AnyRepresentation::Bars(BarRepresentation::learn(base, &pieces, 60).expect("short")));
    all
}

fn most_at_once(score: &Score) -> usize {
    let at = |tick: Ticks| score.notes().filter(|note| note.onset <= tick && tick < note.end()).count();
    score.notes().map(|note| at(note.onset)).max().unwrap_or(0)
}

#[test]
fn everything_written_keeps_to_the_rules_and_ends_with_the_last_bar() {
    for representation in representations() {
        for seed in 0..6 {
            let rules = rules(&representation);
            let tokens = write(&representation, rules.clone(), seed);
            let score = representation.decode(&Symbols::Tokens(tokens)).expect("its own tokens");
            let name = format!("{} with seed {seed}", representation.name());
            assert!(score.notes().count() > 0, "{name} is empty");
            let ticks_per_bar = Ticks::from(score.ticks_per_quarter) * 4;
            assert!(score.end() <= BARS * ticks_per_bar, "{name} ends at {}", score.end());
            assert!(most_at_once(&score) <= 3, "{name}: {} notes at once", most_at_once(&score));
            let ending = BARS * ticks_per_bar - Ticks::from(score.ticks_per_quarter);
            for note in score.notes() {
                assert!((48..=76).contains(&note.pitch), "{name}: pitch {}", note.pitch);
                let classes =
                    if note.onset >= ending { [2, 5, 9].to_vec() } else { vec![2, 4, 5, 7, 9, 10, 11, 0, 1] };
                assert!(
                    classes.contains(&(note.pitch % 12)),
                    "{name}: pitch {} at {}",
                    note.pitch,
                    note.onset
                );
                assert!(note.onset <= ending, "{name}: a note begins within the ending, at {}", note.onset);
            }
        }
    }
}

#[test]
fn what_the_grammar_lets_pass_is_encoded_as_it_was_written() {
    for representation in representations() {
        let tokens = write(&representation, rules(&representation), 3);
        let names = names(&representation);
        let said: Vec<&str> = tokens.iter().map(|&token| names[token as usize].as_str()).collect();
        for (place, pair) in said.windows(2).enumerate() {
            if representation.name() == "remi" {
                let follows = |first: &str, second: &[&str]| {
                    !pair[0].starts_with(first) || second.iter().any(|second| pair[1].starts_with(second))
                };
                assert!(follows("PITCH", &["VELOCITY"]), "{place}: {pair:?}");
                assert!(follows("VELOCITY", &["DURATION"]), "{place}: {pair:?}");
                assert!(follows("POSITION", &["TEMPO", "PITCH"]), "{place}: {pair:?}");
            }
            if representation.name() == "events" && pair[0].starts_with("VELOCITY") {
                assert!(pair[1].starts_with("NOTE_ON"), "{place}: {pair:?}");
            }
        }
    }
}

#[test]
fn chords_are_followed_also_by_notes_that_last() {
    for representation in representations() {
        let bar = 4 * steps_per_quarter(&representation);
        let plan = ChordPlan::read("C Fm", bar).expect("chords");
        let rules = Rules { chords: Some(plan), length: Some(BARS * bar), ..Rules::default() };
        let tokens = write(&representation, rules, 1);
        let score = representation.decode(&Symbols::Tokens(tokens)).expect("its own tokens");
        let ticks_per_bar = Ticks::from(score.ticks_per_quarter) * 4;
        for note in score.notes() {
            for bar in note.onset / ticks_per_bar..=(note.end() - 1) / ticks_per_bar {
                let chord = if bar % 2 == 0 { [0, 4, 7] } else { [5, 8, 0] };
                assert!(
                    chord.contains(&(note.pitch % 12)),
                    "{}: {note:?} in bar {bar}",
                    representation.name()
                );
            }
        }
    }
}

#[test]
fn each_voice_keeps_to_its_range() {
    let representation = AnyRepresentation::by_name("voices").expect("a name");
    let ranges = [(60, 79), (55, 74), (48, 67), (40, 60)];
    let rules = Rules { part_ranges: ranges.to_vec(), length: Some(64), ..Rules::default() };
    let score =
        representation.decode(&Symbols::Tokens(write(&representation, rules, 2))).expect("its own tokens");
    for (track, (low, high)) in score.tracks.iter().zip(ranges) {
        assert!(!track.notes.is_empty());
        assert!(track.notes.iter().all(|note| (low..=high).contains(&note.pitch)), "{:?}", track.name);
    }
}

/// What a real piece is encoded to must be allowed, or models could never be true to what they learnt.
#[test]
fn pieces_that_ship_are_grammatical() {
    let corpus = composer_music::corpus::shipped();
    for name in ["events", "metrical-events", "remi", "multitrack-remi", "voices"] {
        let representation = AnyRepresentation::by_name(name).expect("a name");
        for piece in corpus.pieces.iter().step_by(9) {
            let Ok(Symbols::Tokens(tokens)) = representation.encode(&piece.score) else { continue };
            let mut grammar = MusicGrammar::new(&representation, Rules::default()).expect("tokens");
            let names = names(&representation);
            let mut allowed = vec![false; names.len()];
            for (place, &token) in tokens.iter().enumerate().take(1500) {
                grammar.allow(&mut allowed);
                let said = &names[token as usize];
                assert!(allowed[token as usize], "{name}, {}: {said} at {place} is refused", piece.name);
                grammar.push(token);
            }
        }
    }
}

/// The notes that sound at a tick.
fn sounding(score: &Score, tick: Ticks) -> Vec<u8> {
    let mut pitches: Vec<u8> =
        score.notes().filter(|note| note.onset <= tick && tick < note.end()).map(|note| note.pitch).collect();
    pitches.sort_unstable();
    pitches
}

#[test]
fn the_last_chord_stands_on_the_tonic_to_the_end() {
    let mut all = representations();
    all.extend(["multitrack-remi", "chords"].map(|name| AnyRepresentation::by_name(name).expect("a name")));
    for (representation, seed) in
        all.iter().flat_map(|representation| (0..6).map(move |seed| (representation, seed)))
    {
        for (key, max_polyphony, ending_quarters) in
            [(Some(Key::new(2, true)), 4, 1), (Some(Key::new(2, true)), 1, 2), (None, 3, 1)]
        {
            let is_chords = representation.name() == "chords";
            let quarter = steps_per_quarter(representation);
            let rules = Rules {
                key,
                max_polyphony: if is_chords { 4 } else { max_polyphony },
                ending_steps: Some(ending_quarters * quarter),
                last_chord: true,
                ..rules(representation)
            };
            let rules = if is_chords { Rules { range: (48, 80), ..rules } } else { rules };
            let tokens = write(representation, rules.clone(), seed);
            let score = representation.decode(&Symbols::Tokens(tokens)).expect("its own tokens");
            let name = format!("{} with seed {seed}, {key:?}", representation.name());
            let ticks = Ticks::from(score.ticks_per_quarter);
            assert_eq!(score.end(), BARS * 4 * ticks, "{name} ends with the last bar");
            let pitched: Vec<_> = score.notes().filter(|note| !note.is_drum()).copied().collect();
            let last = |tick| {
                let lowest = pitched.iter().filter(|note| note.onset <= tick && tick < note.end());
                lowest.map(|note| note.pitch).min()
            };
            for tick in [score.end() - ending_quarters * ticks, score.end() - ticks / 2, score.end() - 1] {
                let lowest = last(tick).unwrap_or_else(|| panic!("{name}: silence at {tick}"));
                assert!(key.is_none() || lowest % 12 == 2, "{name}: {lowest} at {tick}");
                assert!(sounding(&score, tick).len() <= rules.max_polyphony, "{name}");
            }
        }
    }
}

#[test]
fn a_piece_breaks_off_where_it_is_asked_to() {
    for representation in representations() {
        let (quarter, mut late) = (steps_per_quarter(&representation), 0);
        for seed in 0..8 {
            let rules = Rules { ending_steps: Some(0), key: None, ..rules(&representation) };
            let tokens = write(&representation, rules, seed);
            let score = representation.decode(&Symbols::Tokens(tokens)).expect("its own tokens");
            let ticks = Ticks::from(score.ticks_per_quarter);
            let begun = score.notes().map(|note| note.onset).max().unwrap_or(0);
            assert!(begun < BARS * 4 * ticks && quarter > 0, "{}", representation.name());
            late += usize::from(begun > (BARS * 4 - 1) * ticks);
        }
        assert!(late > 0, "{}: notes begin also in the last quarter", representation.name());
    }
}

#[test]
fn bars_and_the_tempo_are_said_as_they_are_asked_for() {
    for name in ["remi", "multitrack-remi"] {
        let representation = AnyRepresentation::by_name(name).expect("a name");
        let quarter = steps_per_quarter(&representation);
        let (waltz, jig) = ("3/4".parse().expect("a metre"), "6/8".parse().expect("a metre"));
        let bars = composer_music::BarMap::from_changes(quarter as u32, [(0, waltz), (6 * quarter, jig)]);
        let rules = Rules {
            bars: Some(bars.clone()),
            tempo: Some(91.0),
            length: Some(12 * quarter),
            last_chord: true,
            ..rules(&representation)
        };
        let names = names(&representation);
        for seed in 0..4 {
            let tokens = write(&representation, rules.clone(), seed);
            let said = |prefix: &str| -> Vec<&str> {
                let said = tokens.iter().map(|&token| names[token as usize].as_str());
                said.filter(|name| name.starts_with(prefix)).collect()
            };
            assert_eq!(said("METRE"), ["METRE_3/4", "METRE_6/8"]);
            assert_eq!(said("TEMPO"), ["TEMPO_90"], "the nearest");
            assert_eq!(said("BAR").len(), 5, "four bars, and the line at their end");
        }
        let grammar = MusicGrammar::new(&representation, rules).expect("tokens");
        let says = |metre: &str| grammar.says_metre(metre.parse().expect("a metre"));
        assert!(says("6/8") && says("5/4") && !says("9/4") && !says("5/64"));
    }
}

#[test]
fn after_a_primer_and_its_rest_the_music_is_new() {
    let mut score = Score::new(480);
    let note = |onset, duration, pitch| composer_music::Note {
        onset,
        duration,
        pitch,
        velocity: 80,
        channel: 0,
        program: 0,
    };
    // Five quarters: longer than one DURATION says, and so one that could be prolonged.
    score.tracks.push(composer_music::Track {
        name: None,
        notes: vec![note(0, 480 * 4, 60), note(480, 480 * 4, 64)],
    });
    let mut all = representations();
    all.push(AnyRepresentation::by_name("chords").expect("a name"));
    for representation in all {
        let quarter = steps_per_quarter(&representation);
        let Ok(Symbols::Tokens(primer)) = representation.encode(&score) else { panic!("tokens") };
        let rules =
            Rules { begin: 7 * quarter, length: Some(16 * quarter), last_chord: true, ..Rules::default() };
        let mut grammar = MusicGrammar::new(&representation, rules).expect("tokens");
        primer.iter().for_each(|&token| grammar.push(token));
        let rest = grammar.rest_until(7 * quarter);
        rest.iter().for_each(|&token| grammar.push(token));
        grammar.release();
        let written = [primer, rest].concat();
        for seed in 0..4 {
            let model = indifferent(&representation);
            let generator = TokenGenerator::new(model, grammar.clone(), TokenOptions::default(), 1, seed)
                .expect("options");
            let new = generator.take(MOST_TOKENS).map(|decided| decided.expect("no dead end")[0].token);
            let tokens: Vec<u32> = written.iter().copied().chain(new).collect();
            let score = representation.decode(&Symbols::Tokens(tokens)).expect("its own tokens");
            let ticks = Ticks::from(score.ticks_per_quarter);
            let name = representation.name();
            let mut after = score.notes().filter(|note| note.end() > 5 * ticks);
            assert!(after.all(|note| note.onset >= 7 * ticks), "{name}, {seed}: {:?}", score.tracks);
            assert_eq!(score.end(), 16 * ticks, "{name}");
        }
    }
}

#[test]
fn voices_go_on_at_the_limit_of_polyphony() {
    let representation = AnyRepresentation::by_name("voices").expect("a name");
    let rules = Rules { max_polyphony: 4, ..Rules::default() };
    let mut grammar = MusicGrammar::new(&representation, rules).expect("tokens");
    let mut allowed = vec![false; names(&representation).len()];
    for token in [60, 50, 40, 30] {
        grammar.push(token);
    }
    grammar.allow(&mut allowed);
    assert!(allowed[1], "the first voice may hold its note");
}
