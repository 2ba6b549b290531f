//! The law of every representation: decoding what was encoded gives the quantised score, and any symbols decode.

use crate::common;

use composer_music::corpus::{Criteria, examine_all, midi_files, shipped};
use composer_music::representation::chords::ChordRepresentation;
use composer_music::representation::frames::{Frame, FrameParts, FrameRepresentation};
use composer_music::representation::{AnyRepresentation, Error, Representation, Symbols, Vocabulary};
use composer_music::{BarMap, Note, Score, TimeSignature, Track, midi};
use proptest::prelude::*;
use rayon::prelude::*;

/// What breaks the law, if anything does.
fn fault(representation: &dyn Representation, score: &Score) -> Option<String> {
    let symbols = match representation.encode(score) {
        Ok(symbols) => symbols,
        Err(error) => {
            return (representation.quantise(score).err() != Some(error)).then(|| "errors differ".to_owned());
        }
    };
    let quantised = representation.quantise(score).expect("what is encoded is quantised");
    let decoded = representation.decode(&symbols).expect("what is encoded is decoded");
    if decoded != quantised.score {
        let (a, b): (Vec<&Note>, Vec<&Note>) = (decoded.notes().collect(), quantised.score.notes().collect());
        let first = a.iter().zip(&b).find(|(a, b)| a != b);
        return Some(format!(
            "{}: {} and {} notes, first difference {first:?}",
            representation.name(),
            a.len(),
            b.len()
        ));
    }
    let loss = quantised.loss;
    if loss.notes != score.notes().count() {
        return Some("the loss does not account for every note".to_owned());
    }
    let made_of_chords = representation.name() == "chords"
        || representation.fingerprint() == FrameRepresentation::of_parts(FrameParts::LeadSheet).fingerprint();
    if !made_of_chords && quantised.score.notes().count() + loss.merged + loss.dropped_notes() != loss.notes {
        return Some(format!("{}: notes vanish without being counted: {loss:?}", representation.name()));
    }
    invalid(&decoded)
}

/// Why a score is none that can be written and played.
fn invalid(score: &Score) -> Option<String> {
    if let Some(note) = score.notes().find(|note| note.duration == 0) {
        return Some(format!("{note:?} has no length"));
    }
    let unsorted =
        score.tracks.iter().any(|track| !track.notes.is_sorted_by_key(|note| (note.onset, note.pitch)));
    if unsorted {
        return Some("notes out of order".to_owned());
    }
    midi::write(score).err().map(|error| error.to_string())
}

#[test]
fn tokens_with_bars_keep_the_bars_of_upbeats_waltzes_jigs_and_changes() {
    let pieces: [&[(u64, u8, u8)]; 5] = [
        &[(0, 3, 4)],
        &[(0, 4, 4), (480, 4, 4)],
        &[(0, 1, 8), (240, 6, 8)],
        &[(0, 5, 4)],
        &[(1920, 3, 4), (1920 + 1440 + 960, 6, 8), (1920 + 1440 + 960 + 720, 7, 8)],
    ];
    for changes in pieces {
        let mut score = Score::new(480);
        let signature = |&(tick, numerator, denominator)| TimeSignature { tick, numerator, denominator };
        score.time_signatures = changes.iter().map(signature).collect();
        let note =
            |i: u64| Note { onset: i * 240, duration: 240, pitch: 60, velocity: 80, channel: 0, program: 0 };
        score.tracks.push(Track { name: None, notes: (0..60).map(note).collect() });
        let starts = |score: &Score| -> Vec<f64> {
            let quarter = f64::from(score.ticks_per_quarter);
            BarMap::new(score).bars(score.end()).map(|bar| bar.start as f64 / quarter).collect()
        };
        for name in ["remi", "multitrack-remi", "bars"] {
            let representation = AnyRepresentation::by_name(name).expect("known");
            let symbols = representation.encode(&score).expect("encodes");
            let again = representation.decode(&symbols).expect("decodes");
            assert_eq!(starts(&again), starts(&score), "{name}: {changes:?}");
        }
    }
}

#[test]
fn every_shipped_piece_obeys_the_law() {
    let pieces = [shipped::piano().pieces, shipped::games().pieces].concat();
    for representation in common::representations() {
        pieces
            .par_iter()
            .for_each(|piece| assert_eq!(fault(representation, &piece.score), None, "{}", piece.name));
    }
}

#[test]
fn a_piece_in_sixteen_of_every_set_at_hand_obeys_the_law() {
    sets_at_hand_obey_the_law(16);
}

#[test]
#[ignore = "takes a minute"]
fn every_piece_of_every_set_at_hand_obeys_the_law() {
    sets_at_hand_obey_the_law(1);
}

/// Checks every `step`th of the files, which are sorted by folder.
fn sets_at_hand_obey_the_law(step: usize) {
    let Some(folder) = common::datasets() else { return };
    let representations = common::representations();
    let files = midi_files(&[folder]).expect("a folder with MIDI files");
    files.par_iter().step_by(step).for_each(|file| {
        let bytes = std::fs::read(&file.path).expect("readable");
        for (verdict, piece) in examine_all(&file.name, &bytes, &Criteria::default()) {
            let piece = piece.unwrap_or_else(|| panic!("{verdict}"));
            for representation in representations {
                assert_eq!(fault(representation, &piece.score), None, "{}", piece.name);
            }
        }
    });
}

/// Symbols of a representation from random numbers.
fn symbols(representation: &AnyRepresentation, numbers: &[(u128, u32)]) -> Symbols {
    match representation.vocabulary() {
        Vocabulary::MultiHot { .. } => Symbols::Frames(
            numbers.iter().map(|&(bits, n)| Frame { sounding: bits, onsets: bits.rotate_left(n) }).collect(),
        ),
        Vocabulary::Tokens { names } => {
            Symbols::Tokens(numbers.iter().map(|&(_, n)| n % names.len() as u32).collect())
        }
    }
}

fn decode_to_a_valid_score(numbers: &[(u128, u32)]) -> Result<(), TestCaseError> {
    for representation in common::representations() {
        let score = representation.decode(&symbols(representation, numbers)).expect("in the vocabulary");
        prop_assert_eq!(invalid(&score), None, "{}", representation.name());
        prop_assert_eq!(fault(representation, &score), None, "{}", representation.name());
    }
    Ok(())
}

proptest! {
    #![proptest_config(common::seeded(256))]

    #[test]
    fn random_scores_obey_the_law(score in common::readable_score()) {
        for representation in common::representations() {
            prop_assert_eq!(fault(representation, &score), None, "{}", representation.name());
        }
    }

    #[test]
    fn scores_of_any_length_are_encoded_or_refused(score in common::any_score()) {
        let score = midi::normalised(&score);
        for representation in common::representations() {
            prop_assert_eq!(fault(representation, &score), None, "{}", representation.name());
        }
    }

    #[test]
    fn random_symbols_decode_to_valid_scores(numbers in prop::collection::vec(any::<(u128, u32)>(), 0..40)) {
        decode_to_a_valid_score(&numbers)?;
    }

    #[test]
    fn voiced_chords_are_recognised(mut chords in prop::collection::vec(0u32..133, 0..30)) {
        while chords.last() == Some(&0) {
            chords.pop();
        }
        let representation = ChordRepresentation::default();
        prop_assert_eq!(representation.encode_tokens(&representation.decode_tokens(&chords)), Ok(chords));
    }
}

proptest! {
    // Frames of random bits have 64 notes each: a few long pieces take as long as many short ones.
    #![proptest_config(common::seeded(16))]

    #[test]
    fn many_random_symbols_decode_to_valid_scores(
        numbers in prop::collection::vec(any::<(u128, u32)>(), 40..300),
    ) {
        decode_to_a_valid_score(&numbers)?;
    }
}

#[test]
fn every_single_chord_is_recognised() {
    let representation = ChordRepresentation { quarters_per_chord: 2 };
    for chord in 1..133 {
        assert_eq!(representation.encode_tokens(&representation.decode_tokens(&[chord])), Ok(vec![chord]));
    }
}

#[test]
fn fingerprints_tell_options_apart_and_names_are_unique() {
    let representations = common::representations();
    let mut fingerprints: Vec<String> = representations.iter().map(|one| one.fingerprint()).collect();
    fingerprints.sort();
    fingerprints.dedup();
    assert_eq!(fingerprints.len(), representations.len());
    for representation in representations {
        let json = serde_json::to_string(representation).expect("serialisable");
        let back: AnyRepresentation = serde_json::from_str(&json).expect("its own JSON");
        assert_eq!(back.fingerprint(), representation.fingerprint());
        if let Vocabulary::Tokens { mut names } = representation.vocabulary() {
            let size = names.len();
            names.sort();
            names.dedup();
            assert_eq!(names.len(), size, "{}", representation.name());
        }
    }
}

#[test]
fn the_performance_vocabulary_has_388_tokens() {
    let events = AnyRepresentation::by_name("events").expect("known");
    assert_eq!(events.vocabulary().size(), 388);
    assert!(matches!(AnyRepresentation::by_name("morse"), Err(Error::BadOption(_))));
}

#[test]
fn wrong_symbols_are_refused() {
    let (frames, remi) = (AnyRepresentation::by_name("frames"), AnyRepresentation::by_name("remi"));
    let (frames, remi) = (frames.expect("known"), remi.expect("known"));
    assert!(matches!(frames.decode(&Symbols::Tokens(vec![])), Err(Error::WrongKind { .. })));
    assert!(matches!(remi.decode(&Symbols::Frames(vec![])), Err(Error::WrongKind { .. })));
    let beyond = Symbols::Tokens(vec![0, remi.vocabulary().size() as u32]);
    assert!(matches!(remi.decode(&beyond), Err(Error::UnknownToken { place: 1, .. })));
}

/// C4 as a half note under E4 and G4 in quarters.
fn half_a_bar() -> Score {
    let note = |onset, duration, pitch| Note { onset, duration, pitch, velocity: 66, channel: 0, program: 0 };
    let mut score = Score::new(480);
    score
        .tracks
        .push(Track { name: None, notes: vec![note(0, 960, 60), note(0, 480, 64), note(480, 480, 67)] });
    score
}

/// The tokens of half a bar by name.
fn spelt(name: &str) -> String {
    let representation = AnyRepresentation::by_name(name).expect("known");
    let Vocabulary::Tokens { names } = representation.vocabulary() else { panic!("{name} has tokens") };
    let Ok(Symbols::Tokens(tokens)) = representation.encode(&half_a_bar()) else { panic!("{name} encodes") };
    tokens.iter().map(|&token| names[token as usize].as_str()).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_examples_in_the_documentation_are_true() {
    assert_eq!(
        spelt("events"),
        "VELOCITY_16 NOTE_ON_C4 NOTE_ON_E4 TIME_SHIFT_50 NOTE_OFF_E4 NOTE_ON_G4 TIME_SHIFT_50 NOTE_OFF_C4 NOTE_OFF_G4"
    );
    assert_eq!(
        spelt("remi"),
        "BAR METRE_4/4 POSITION_0 TEMPO_120 PITCH_C4 VELOCITY_16 DURATION_24 PITCH_E4 VELOCITY_16 DURATION_12 \
         POSITION_12 PITCH_G4 VELOCITY_16 DURATION_12"
    );
    assert_eq!(spelt("chords"), "C C");
}

#[test]
fn options_that_are_no_pitches_are_refused() {
    for name in ["frames", "voices"] {
        let usual = AnyRepresentation::by_name(name).expect("known");
        let json = serde_json::to_string(&usual).expect("JSON");
        assert_eq!(serde_json::from_str::<AnyRepresentation>(&json).expect("its own options"), usual);
        for (from, to) in
            [("\"pitch_high\":108", "\"pitch_high\":200"), ("\"pitch_low\":21", "\"pitch_low\":255")]
        {
            assert!(json.contains(from), "{json}");
            let error =
                serde_json::from_str::<AnyRepresentation>(&json.replace(from, to)).expect_err("refused");
            assert!(error.to_string().contains("is no MIDI pitch (0 to 127)"), "{name}: {error}");
        }
    }
}

#[test]
fn chords_of_years_are_refused() {
    let usual = AnyRepresentation::by_name("chords").expect("known");
    let mut json = serde_json::to_value(&usual).expect("JSON");
    assert_eq!(serde_json::from_value::<AnyRepresentation>(json.clone()).expect("its own options"), usual);
    json["quarters_per_chord"] = 1_000_000_000.into();
    let error = serde_json::from_value::<AnyRepresentation>(json).expect_err("refused");
    assert!(error.to_string().contains("is too long (at most 1024)"), "{error}");
}
