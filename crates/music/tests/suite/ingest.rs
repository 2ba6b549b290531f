//! Ingesting: an account of every file, a cache that knows its representation, and memory that does not grow.

use crate::common;

use composer_music::cache::{self, Reader, Record, Writer};
use composer_music::corpus::{Criteria, Rule, shipped};
use composer_music::ingest::{Options, ingest};
use composer_music::representation::frames::Frame;
use composer_music::representation::{AnyRepresentation, Representation, Symbols};
use proptest::prelude::*;

fn by_name(name: &str) -> AnyRepresentation {
    AnyRepresentation::by_name(name).expect("known")
}

/// The shipped piano pieces, a copy, a text file and drums in a folder.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let files: Vec<_> = shipped::files().filter(|(name, _)| !name.starts_with("freedoom")).collect();
    for (name, bytes) in &files {
        std::fs::write(folder.path().join(name), bytes).expect("written");
    }
    std::fs::write(folder.path().join("zz-copy.mid"), files[0].1).expect("written");
    std::fs::write(folder.path().join("text.mid"), "words").expect("written");
    let mut drums = shipped::piano().pieces[0].score.clone();
    drums.tracks.iter_mut().flat_map(|track| &mut track.notes).for_each(|note| note.channel = 9);
    let drums = composer_music::midi::write(&drums).expect("writable");
    std::fs::write(folder.path().join("drums.mid"), drums).expect("written");
    folder
}

#[test]
fn a_folder_becomes_a_cache_a_report_and_a_summary() {
    let folder = folder();
    let out = tempfile::tempdir().expect("a folder");
    for name in ["frames", "events", "bars"] {
        let options = Options {
            representation: Some(by_name(name)),
            cache: Some(out.path().join("corpus.cache")),
            report: Some(out.path().join("ingest-report.jsonl")),
            criteria: Criteria::default(),
        };
        let mut last = None;
        let summary = ingest(&[folder.path()], &options, |progress| last = Some(progress)).expect("usable");
        assert_eq!((summary.files, summary.kept), (13, 10));
        assert_eq!(last.map(|progress| (progress.done, progress.kept)), Some((13, 10)));
        let expected = [(Rule::NotMidi, 1), (Rule::Duplicate, 1), (Rule::NothingToEncode, 1)];
        assert_eq!(summary.dropped, expected.into_iter().collect());
        assert_eq!((summary.notes, summary.sets.iter().sum::<usize>()), (20_490, 10));

        let report = std::fs::read_to_string(out.path().join("ingest-report.jsonl")).expect("a report");
        let lines: Vec<serde_json::Value> =
            report.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
        assert_eq!(lines.len(), 13);
        let copy = lines.iter().find(|line| line["name"] == "zz-copy.mid").expect("listed");
        assert_eq!(copy["dropped"]["rule"], "duplicate");
        assert_eq!(copy["dropped"]["remedy"], "--keep-duplicates");

        let reader = Reader::open(out.path().join("corpus.cache")).expect("a cache");
        let representation = reader.header().representation.clone();
        assert_eq!(Some(representation.fingerprint()), summary.fingerprint);
        let records: Vec<Record> = reader.map(|record| record.expect("whole")).collect();
        for (record, piece) in records.iter().zip(shipped::piano().pieces) {
            assert_eq!(record.name, piece.name);
            assert_eq!(representation.encode(&piece.score), Ok(record.symbols.clone()), "{name}");
        }
        assert_eq!(records.iter().map(|record| record.symbols.len()).sum::<usize>(), summary.symbols);
    }
}

#[test]
fn when_nothing_is_usable_the_error_says_why_and_nothing_is_left_behind() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("a.mid"), "words").expect("written");
    let cache = folder.path().join("corpus.cache");
    let options =
        Options { representation: Some(by_name("remi")), cache: Some(cache.clone()), ..Options::default() };
    let error = ingest(&[folder.path()], &options, |_| {}).expect_err("nothing usable").to_string();
    assert!(error.starts_with("0 of 1 pieces"), "{error}");
    let left = std::fs::read_dir(folder.path()).expect("a folder").count();
    assert_eq!(left, 1, "nothing but what was there");
}

#[test]
fn a_stale_or_damaged_cache_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("corpus.cache");
    let mut writer = Writer::create(&path, &by_name("remi")).expect("created");
    let symbols = Symbols::Tokens((0..300).collect());
    for name in ["a", "b"] {
        writer
            .add(&Record { name: name.to_owned(), content: [7; 32], symbols: symbols.clone() })
            .expect("added");
    }
    writer.finish().expect("finished");
    assert!(Reader::open_for(&path, &by_name("remi")).is_ok());
    let stale = Reader::open_for(&path, &by_name("events")).err().expect("refused").to_string();
    assert!(stale.contains("was made as remi-") && stale.contains("events-"), "{stale}");
    assert!(matches!(Reader::open(folder.path().join("none")), Err(cache::Error::Io { .. })));

    let whole = std::fs::read(&path).expect("readable");
    for length in 0..whole.len() {
        std::fs::write(&path, &whole[..length]).expect("written");
        let complete = Reader::open(&path).is_ok_and(|mut reader| reader.all(|record| record.is_ok()));
        assert!(!complete, "{length} of {} bytes pass for a cache", whole.len());
    }
    for place in 0..whole.len() {
        let mut changed = whole.clone();
        changed[place] ^= 0x10;
        std::fs::write(&path, &changed).expect("written");
        let complete = Reader::open(&path).is_ok_and(|mut reader| reader.all(|record| record.is_ok()));
        assert!(!complete, "a change of byte {place} goes unnoticed");
    }
}

proptest! {
    #![proptest_config(common::seeded(64))]

    #[test]
    fn what_a_cache_is_given_it_gives_back(
        tokens in prop::collection::vec(any::<u32>(), 0..50),
        frames in prop::collection::vec(any::<(u128, u128)>(), 0..50),
        name in ".{0,20}",
        content in any::<[u8; 32]>(),
    ) {
        let frames = frames.into_iter().map(|(a, b)| Frame { sounding: a, onsets: a & b }).collect();
        let folder = tempfile::tempdir().expect("a folder");
        let records: Vec<Record> = [Symbols::Tokens(tokens), Symbols::Frames(frames)]
            .map(|symbols| Record { name: name.clone(), content, symbols })
            .into();
        let mut writer = Writer::create(folder.path().join("cache"), &by_name("frames")).expect("created");
        records.iter().for_each(|record| writer.add(record).expect("added"));
        writer.finish().expect("finished");
        let back: Vec<Record> =
            Reader::open(folder.path().join("cache")).expect("a cache").map(|record| record.expect("whole")).collect();
        prop_assert_eq!(back, records);
    }
}
