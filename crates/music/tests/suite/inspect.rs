//! Pictures and words about a file.

use std::collections::BTreeMap;

use composer_music::corpus::shipped;
use composer_music::representation::AnyRepresentation;
use composer_music::roles::roles;
use composer_music::{KeySignature, Note, Pedal, Score, Tempo, TimeSignature, Track, inspect, midi, picture};

fn piece() -> Score {
    let note =
        |onset, duration, pitch, channel| Note { onset, duration, pitch, velocity: 80, channel, program: 0 };
    let mut score = Score::new(4);
    score.time_signatures.push(TimeSignature { tick: 0, numerator: 2, denominator: 4 });
    score.tracks.push(Track {
        name: Some("<Melody & more>".into()),
        notes: vec![note(0, 4, 60, 0), note(4, 8, 62, 0), note(12, 1, 60, 0), note(13, 1, 60, 0)],
    });
    score.tracks.push(Track { name: None, notes: vec![note(0, 1, 36, 9), note(8, 1, 36, 9)] });
    score
}

#[test]
fn the_terminal_shows_strikes_holds_bars_and_drums() {
    let expected = "  D4 │   ●━━━━━━━\n     │       │\n  C4 ●━━━    │   ●●\ndrum x       x\n";
    assert_eq!(picture::terminal(&piece(), 40, false), expected);
    let whole = picture::terminal(&piece(), 8, true);
    assert!(whole.lines().all(|line| line.chars().count() <= 13), "{whole}");
    assert_eq!(picture::terminal(&Score::new(480), 40, true), "");
}

#[test]
fn the_svg_is_well_formed_and_has_every_note() {
    let score = piece();
    let svg = picture::svg(&score, &roles(&score, &BTreeMap::new()), "a < b");
    assert_eq!(svg.matches("<rect x=").count(), 6);
    assert!(svg.contains("<title>a &lt; b</title>") && svg.ends_with("</svg>\n"));
    for tag in ["g", "svg", "text", "title"] {
        let (open, close) = (
            svg.matches(&format!("<{tag} ")).count() + svg.matches(&format!("<{tag}>")).count(),
            svg.matches(&format!("</{tag}>")).count(),
        );
        assert_eq!(open, close, "{tag}");
    }
}

#[test]
fn words_say_what_is_there_and_what_is_lost() {
    let bytes = midi::write(&piece()).expect("writable");
    let file = midi::read(&bytes).expect("readable");
    let contents = inspect::contents(&file);
    assert!(contents.contains("6 notes, 2 of them drums; 3.5 quarter notes, 0:01.8 minutes"), "{contents}");
    assert!(contents.contains("metre     2/4"), "{contents}");
    let found = inspect::roles(&roles(&file.score, &BTreeMap::new()));
    assert!(found.contains("melody") && found.contains("because of channel 10"), "{found}");
    let all = inspect::representations(&file.score, 8);
    for name in AnyRepresentation::NAMES {
        assert!(all.lines().any(|line| line.starts_with(&format!("{name}: "))), "{name}: {all}");
    }
    assert!(all.contains("2 notes left out (drums)"), "{all}");
    for piece in shipped::piano().pieces {
        assert!(picture::terminal(&piece.score, 120, true).lines().count() > 20, "{}", piece.name);
    }
}

#[test]
fn every_representation_tells_what_it_loses() {
    let mut score = piece();
    score.ticks_per_quarter = 480;
    score.tracks.iter_mut().flat_map(|track| &mut track.notes).for_each(|note| {
        note.onset *= 120;
        note.duration *= 120;
        note.program = 40;
    });
    let qpm = |qpm: f64| (60e6 / qpm).round() as u32;
    score.tempos = vec![
        Tempo { tick: 0, micros_per_quarter: qpm(98.3) },
        Tempo { tick: 960, micros_per_quarter: qpm(700.0) },
    ];
    score.key_signatures.push(KeySignature { tick: 0, sharps: 2, minor: false });
    score.pedals.push(Pedal { tick: 0, channel: 0, value: 100 });
    let text = inspect::representations(&score, 4);
    let lost = |name: &str| -> String {
        let mut lines = text.lines().skip_while(|line| !line.starts_with(&format!("{name}: ")));
        lines.find(|line| line.starts_with("  lost: ")).expect("an account").to_owned()
    };
    for name in ["remi", "multitrack-remi", "bars"] {
        assert!(lost(name).contains("2 tempos rounded (by "), "{name}: {}", lost(name));
    }
    for name in AnyRepresentation::NAMES {
        for words in ["key", "pedal", "name"] {
            let held = matches!((name, words), ("events" | "metrical-events" | "drum-events", "pedal"));
            assert!(held || lost(name).contains(words), "{name} says nothing of {words}: {}", lost(name));
        }
    }
    for name in ["frames", "voices"] {
        assert!(lost(name).contains("programs") && lost(name).contains("tempo changes"), "{}", lost(name));
    }
}

#[test]
fn tempos_that_remi_cannot_say_are_counted() {
    use composer_music::inspect::loss_in_words;
    use composer_music::representation::{AnyRepresentation, Representation};
    use composer_music::{Note, Score, Tempo, Track};

    let mut score = Score::new(480);
    let note = Note { onset: 0, duration: 4800, pitch: 60, velocity: 66, channel: 0, program: 0 };
    score.tracks.push(Track { name: None, notes: vec![note] });
    let words = |score: &Score, name| {
        let representation = AnyRepresentation::by_name(name).expect("a name");
        loss_in_words(&representation.quantise(score).expect("short").loss)
    };
    let qpm = |tick, tempo: f64| Tempo { tick, micros_per_quarter: (60e6 / tempo).round() as u32 };
    score.tempos = vec![qpm(0, 500.0)];
    for name in ["remi", "bars", "multitrack-remi"] {
        assert!(words(&score, name).contains("1 tempo rounded (by 36.0 %)"), "{}", words(&score, name));
    }
    score.tempos.push(qpm(960, 77.0));
    assert!(words(&score, "remi").contains("2 tempos rounded (by 36.0 % at most)"));
    score.tempos = vec![qpm(0, 80.0)];
    assert_eq!(words(&score, "remi"), "nothing", "two octaves above the slowest");
}
