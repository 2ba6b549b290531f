//! Frame files: the form, the benchmark sets where they are at hand, and what is refused.

use crate::common;

use composer_music::frame_json::{Error, read_frame_json, read_voice_json};

fn file(contents: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), contents).expect("written");
    file
}

#[test]
fn pitches_become_bits_and_rests_nothing() {
    let json = file(
        r#"{"test": [], "train": [[[60, 64], [], [60, -1]], []], "valid": [[[127]]], "origin": "ours"}"#,
    );
    let sets = read_frame_json(json.path()).expect("readable");
    assert_eq!((sets.train.len(), sets.valid.len(), sets.test.len()), (2, 1, 0));
    assert!(sets.train[0][0].pitches().eq([60, 64]));
    assert!(sets.train[0][1].is_silent());
    assert!(sets.train[0][2].pitches().eq([60]) && sets.train[0][2].struck().eq([60]));
}

#[test]
fn mistakes_are_named_with_their_place() {
    let out_of_range = file(r#"{"train": [[[60], [128]]], "valid": [], "test": []}"#);
    let error = read_frame_json(out_of_range.path()).expect_err("128 is no pitch");
    assert!(error.to_string().contains("train piece 0, frame 1: 128"), "{error}");
    let three_voices = file(r#"{"train": [], "valid": [[[60, 64, 67]]], "test": []}"#);
    let error = read_voice_json(three_voices.path()).expect_err("three voices");
    assert!(error.to_string().contains("valid piece 0, frame 0 has 3 voices"), "{error}");
    assert!(matches!(read_frame_json(file("[1, 2]").path()), Err(Error::Form { .. })));
    assert!(matches!(read_frame_json("/no/such/file.json"), Err(Error::Io { .. })));
}

#[test]
fn the_benchmark_sets_have_their_published_sizes() {
    let Some(folder) = common::datasets() else { return };
    for (file, train, valid, test) in [
        ("frames/jsb-chorales-quarter-c.json", (229, 13_807), (76, 4_602), (77, 4_725)),
        ("frames/nottingham.json", (694, 176_561), (173, 45_513), (170, 44_463)),
    ] {
        let sets = read_frame_json(folder.join(file)).expect("readable");
        let size = |pieces: &[Vec<_>]| (pieces.len(), pieces.iter().map(Vec::len).sum::<usize>());
        assert_eq!((size(&sets.train), size(&sets.valid), size(&sets.test)), (train, valid, test), "{file}");
    }
    let voices = read_voice_json(folder.join("jsb16/Jsb16thSeparated.json")).expect("readable");
    assert_eq!(voices.test.iter().map(Vec::len).sum::<usize>(), 18_900);
}
