//! Corpora: what ships, folders good and bad, and splits.

use std::collections::BTreeMap;

use composer_music::corpus::{self, Criteria, Error, Rule, Set, assign, content_key, shipped};
use composer_music::{Note, Score, Track};

fn scale(from: u8, notes: u8) -> Score {
    let mut score = Score::new(480);
    let note = |i: u8| Note {
        onset: u64::from(i) * 240,
        duration: 240,
        pitch: from + i,
        velocity: 64,
        channel: 0,
        program: 0,
    };
    score.tracks.push(Track { name: None, notes: (0..notes).map(note).collect() });
    score
}

fn midi(score: &Score) -> Vec<u8> {
    composer_music::midi::write(score).expect("writable")
}

#[test]
fn the_shipped_music_is_all_there() {
    let (piano, games) = (shipped::piano(), shipped::games());
    assert_eq!((piano.pieces.len(), games.pieces.len()), (10, 66));
    let notes = |corpus: &corpus::Corpus| {
        corpus.pieces.iter().map(|piece| piece.score.notes().count()).sum::<usize>()
    };
    assert_eq!((notes(&piano), notes(&games)), (20_490, 197_151));
    for verdict in piano.verdicts.iter().chain(&games.verdicts) {
        assert!(verdict.report.as_ref().is_some_and(|report| report.is_undamaged()), "{verdict}");
    }
    assert_eq!(corpus::shipped().pieces.len(), 76);
    assert!(shipped::terms().iter().all(|(_, text)| text.to_lowercase().contains("copyright")));
    assert_eq!(shipped::terms().len(), 2);
}

#[test]
fn one_bad_file_among_good_ones_is_listed_and_does_no_harm() {
    let folder = tempfile::tempdir().expect("a folder");
    let whole = midi(&scale(60, 8));
    std::fs::create_dir(folder.path().join("deeper")).expect("created");
    for (name, bytes) in [
        ("b.mid", midi(&scale(50, 8))),
        ("deeper/a.MID", midi(&scale(40, 9))),
        ("cut.mid", whole[..whole.len() - 20].to_vec()),
        ("diary.mid", b"I wrote no music today".to_vec()),
        ("silent.mid", midi(&Score::new(480))),
        ("copy.mid", midi(&scale(50, 8))),
        ("readme.txt", b"no music".to_vec()),
    ] {
        std::fs::write(folder.path().join(name), bytes).expect("written");
    }
    let corpus = corpus::load(folder.path()).expect("some are good");
    let names: Vec<&str> = corpus.pieces.iter().map(|piece| piece.name.as_str()).collect();
    assert_eq!(names, ["b.mid", "cut.mid", "deeper/a.MID"]);
    let rules: BTreeMap<&str, Rule> = corpus
        .dropped()
        .map(|verdict| (verdict.name.as_str(), verdict.dropped.as_ref().expect("dropped").rule))
        .collect();
    let expected =
        [("copy.mid", Rule::Duplicate), ("diary.mid", Rule::NotMidi), ("silent.mid", Rule::TooFewNotes)];
    assert_eq!(rules, BTreeMap::from(expected));
    let cut = corpus.verdicts.iter().find(|verdict| verdict.name == "cut.mid").expect("listed");
    assert!(cut.to_string().contains("kept, 6 notes; damaged at byte"), "{cut}");

    let strict = Criteria { keep_damaged: false, keep_duplicates: true, min_notes: 9, ..Criteria::default() };
    let corpus = corpus::load_with(&[folder.path()], &strict).expect("one is left");
    assert_eq!(corpus.pieces.len(), 1);
    let b = corpus.verdicts.iter().find(|verdict| verdict.name == "b.mid").expect("listed");
    assert_eq!(b.to_string(), "b.mid: dropped: it has 8 notes, fewer than 9 (--min-notes 8 keeps it)");
}

#[test]
fn what_this_program_composed_is_left_out_unless_it_is_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let own = midi(&scale(70, 9));
    for (name, bytes) in [
        ("a.mid", midi(&scale(50, 8))),
        ("album/composition-1.mid", midi(&scale(51, 8))), // music of somebody, without a sound beside it
        ("album/config.toml", b"".to_vec()),
        ("runs/001/config.toml", b"".to_vec()),
        ("runs/001/metrics.jsonl", b"".to_vec()),
        ("runs/001/sample-epoch-0001.mid", own.clone()),
        ("compositions/composition-1.mid", own),
        ("compositions/composition-1.wav", b"".to_vec()),
    ] {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("created");
        std::fs::write(path, bytes).expect("written");
    }
    let corpus = corpus::load(folder.path()).expect("some are good");
    let names: Vec<&str> = corpus.pieces.iter().map(|piece| piece.name.as_str()).collect();
    assert_eq!(names, ["a.mid", "album/composition-1.mid"]);
    let left_out: Vec<String> = corpus.dropped().map(ToString::to_string).collect();
    assert_eq!(left_out.len(), 2, "{left_out:?}");
    assert!(left_out[0].starts_with("compositions/: dropped: a folder that composer wrote"), "{left_out:?}");
    assert!(left_out[1].starts_with("runs/001/: dropped: a folder that composer wrote"), "{left_out:?}");

    let all = Criteria { keep_composed: true, keep_duplicates: true, ..Criteria::default() };
    assert_eq!(corpus::load_with(&[folder.path()], &all).expect("all are good").pieces.len(), 4);
    let named = corpus::load(folder.path().join("runs/001")).expect("it was asked for");
    assert_eq!(named.pieces.len(), 1);
}

#[test]
fn folders_without_music_are_refused_in_one_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    let refused = || corpus::load(folder.path()).expect_err("refused");
    assert!(matches!(corpus::load("/no/such/folder"), Err(Error::NotFound(_))));
    assert!(matches!(refused(), Error::EmptyFolder(_)));
    std::fs::write(folder.path().join("a.txt"), "words").expect("written");
    assert!(matches!(refused(), Error::NoMidi { files: 1, .. }));
    std::fs::write(folder.path().join("b.mid"), "words").expect("written");
    let error = refused().to_string();
    assert!(error.starts_with("0 of 1 pieces in") && error.ends_with("it looks like text"), "{error}");
}

#[test]
fn a_single_file_is_a_corpus() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("song");
    std::fs::write(&path, midi(&scale(60, 5))).expect("written");
    assert_eq!(corpus::load(&path).expect("readable").pieces[0].name, "song");
}

#[test]
fn a_transposed_slower_louder_copy_is_the_same_content() {
    let original = scale(60, 8);
    let mut copy = original.clone();
    copy.ticks_per_quarter *= 2;
    for note in &mut copy.tracks[0].notes {
        *note = Note {
            onset: note.onset * 2 + 960,
            duration: note.duration * 2,
            pitch: note.pitch - 7,
            velocity: 9,
            ..*note
        };
    }
    assert_eq!(content_key(&original), content_key(&copy));
    copy.tracks[0].notes[3].pitch += 1;
    assert_ne!(content_key(&original), content_key(&copy));
}

/// A fingerprint at a place between 0 and 1.
fn key(place: f64, rest: u8) -> [u8; 32] {
    let mut key = [rest; 32];
    key[..8].copy_from_slice(&((place * u64::MAX as f64) as u64).to_be_bytes());
    key
}

#[test]
fn a_split_is_stable_when_files_are_added_and_keeps_equals_together() {
    let keys: Vec<_> = (0..100).map(|i| key(f64::from(i * 37 % 100) / 100.0 + 0.001, 0)).collect();
    let sets = assign(&keys);
    let count = |set| sets.iter().filter(|&&other| other == set).count();
    assert_eq!((count(Set::Train), count(Set::Valid), count(Set::Test)), (80, 10, 10));
    let mut more = keys.clone();
    more.extend((0..57).map(|i| key(f64::from(i) / 57.0, 1)));
    more.extend(&keys);
    let with_more = assign(&more);
    assert_eq!(with_more[..100], sets, "old pieces stay");
    assert_eq!(with_more[157..], sets, "duplicates go with their original");
}

#[test]
fn three_pieces_fill_three_sets_and_two_only_train() {
    for places in [[0.1, 0.2, 0.3], [0.95, 0.96, 0.97], [0.81, 0.85, 0.89]] {
        let mut sets = assign(&places.map(|place| key(place, 0)));
        sets.sort();
        assert_eq!(sets, [Set::Train, Set::Valid, Set::Test]);
    }
    assert_eq!(assign(&[key(0.95, 0), key(0.99, 0)]), [Set::Train, Set::Train]);
    assert!(assign(&[]).is_empty());
}

#[test]
fn the_shipped_split_has_music_in_every_set() {
    for corpus in [shipped::piano(), shipped::games()] {
        let split = corpus::split(corpus.pieces.clone());
        assert!(!split.train.is_empty() && !split.valid.is_empty() && !split.test.is_empty());
        assert_eq!(split.train.len() + split.valid.len() + split.test.len(), corpus.pieces.len());
        assert_eq!(corpus::split(corpus.pieces), split, "deterministic");
    }
}
