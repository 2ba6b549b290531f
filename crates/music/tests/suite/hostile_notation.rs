//! Notation that nobody should have written: refused in a sentence with the place, or read as far as it goes.

use composer_music::notation::{Options, read_bytes};
use std::io::{Cursor, Write};
use zip::write::SimpleFileOptions;

fn error_of(bytes: &[u8], name: &str) -> String {
    read_bytes(bytes, name, &Options::default())
        .map(|file| file.score.notes().count())
        .expect_err(name)
        .to_string()
}

fn score(inside: &str) -> String {
    format!(
        "<score-partwise><part-list/>\n<part id=\"P1\">\n<measure number=\"7\">{inside}</measure></part></score-partwise>"
    )
}

#[test]
fn damaged_numbers_are_refused_with_line_part_and_measure() {
    let note = |duration: &str| {
        format!("<note><pitch><step>C</step><octave>4</octave></pitch><duration>{duration}</duration></note>")
    };
    let divisions =
        |number: &str| format!("<attributes><divisions>{number}</divisions></attributes>{}", note("1"));
    for (inside, words) in [
        (note("NaN"), "duration"),
        (note("-4"), "duration"),
        (note("1e300"), "duration"),
        (note("99999999"), "longer than"),
        (note(""), "duration"),
        (divisions("0"), "divisions"),
        (divisions("-1"), "divisions"),
        (divisions("NaN"), "divisions"),
        (divisions("1e18"), "divisions"),
        ("<note><duration>1</duration></note>".to_owned(), "neither a pitch nor a rest"),
        (
            "<note><pitch><step>H</step><octave>4</octave></pitch><duration>1</duration></note>".to_owned(),
            "A to G",
        ),
        (
            "<note><pitch><step>C</step><octave>x</octave></pitch><duration>1</duration></note>".to_owned(),
            "octave",
        ),
        (
            "<note><pitch><step>C</step><octave>999</octave></pitch><duration>1</duration></note>".to_owned(),
            "outside",
        ),
        (
            "<attributes><transpose><chromatic>9999</chromatic></transpose></attributes>".to_owned(),
            "transposition",
        ),
    ] {
        let error = error_of(score(&inside).as_bytes(), "a.musicxml");
        assert!(error.contains("line 3, part P1, measure 7") && error.contains(words), "{inside}: {error}");
    }
}

#[test]
fn what_is_no_score_is_refused() {
    for (text, words) in [
        ("<?xml version=\"1.0\"?><opus/>", "opus"),
        ("<?xml version=\"1.0\"?><svg/>", "score-partwise"),
        ("<score-partwise><part-list/></score-partwise>", "no measure"),
        ("<score-partwise><part id=\"P1\"><measure>", "line 1"),
        ("<?xml version=\"1.0\"?>\n<score-partwise>\n</part>", "line 3"),
        ("<?xml version=\"1.0\"?>", "no well-formed XML"),
    ] {
        let error = error_of(text.as_bytes(), "a.musicxml");
        assert!(error.contains(words), "{text}: {error}");
    }
    let error = error_of(b"X:1\nK:C\nA9999999|", "a.abc");
    assert!(error.contains("at line 3"), "{error}");
    let error = error_of(b"X:1\nT:only a header\n", "a.abc");
    assert!(error.contains("no key"), "{error}");
    for body in
        ["Z9999|".repeat(80), "A4096".repeat(300), "(99999999999999999999:1ABC".to_owned(), "[CEG".to_owned()]
    {
        let text = format!("X:1\nL:4096\nK:C\n{body}");
        // Refused or read, but not for long.
        drop(read_bytes(text.as_bytes(), "a.abc", &Options::default()));
    }
}

#[test]
fn entities_that_grow_are_refused() {
    let bomb = "<?xml version=\"1.0\"?>\n<!DOCTYPE score-partwise [\n<!ENTITY a \"aaaaaaaaaa\">\n<!ENTITY b \"&a;&a;&a;&a;&a;\">\n]>\n\
        <score-partwise><part-list>&b;</part-list></score-partwise>";
    let error = error_of(bomb.as_bytes(), "a.xml");
    assert!(error.contains("line 3") && error.contains("entities"), "{error}");
    let unknown = "<score-partwise>\n<part-list>&lol;</part-list></score-partwise>";
    assert!(error_of(unknown.as_bytes(), "a.xml").contains("line 2"));
}

#[test]
fn deep_nesting_and_many_repeats_end() {
    let deep = format!("<score-partwise>{}", "<a>".repeat(1_000_000));
    error_of(deep.as_bytes(), "a.xml");
    let closed =
        format!("<score-partwise>{}{}</score-partwise>", "<a>".repeat(200_000), "</a>".repeat(200_000));
    assert!(error_of(closed.as_bytes(), "a.xml").contains("no measure"));
    let bar = "<barline location=\"right\"><repeat direction=\"backward\" times=\"4000000000\"/></barline>";
    let note = "<note><pitch><step>C</step><octave>4</octave></pitch><duration>1</duration></note>";
    let error = error_of(score(&format!("{note}{bar}")).as_bytes(), "a.xml");
    assert!(error.contains("repeats"), "{error}");
}

/// An archive of files with their contents.
fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn container(path: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?><container><rootfiles><rootfile full-path=\"{path}\"/></rootfiles></container>"
    )
}

#[test]
fn archives_are_opened_in_memory_and_within_bounds() {
    let music = score("<note><pitch><step>C</step><octave>4</octave></pitch><duration>1</duration></note>");
    let options = Options::default();
    let good = archive(&[
        ("META-INF/container.xml", container("a/score.xml").as_bytes()),
        ("a/score.xml", music.as_bytes()),
    ]);
    assert_eq!(read_bytes(&good, "a.mxl", &options).expect("reads").score.notes().count(), 1);
    assert_eq!(read_bytes(&good, "whatever", &options).expect("by its bytes").score.notes().count(), 1);
    let bare = archive(&[("score.musicxml", music.as_bytes())]);
    assert_eq!(read_bytes(&bare, "a.mxl", &options).expect("without a container").score.notes().count(), 1);
    let outside = archive(&[
        ("META-INF/container.xml", container("../../etc/passwd").as_bytes()),
        ("score.xml", music.as_bytes()),
    ]);
    assert!(error_of(&outside, "a.mxl").contains("leads out"));
    let missing = archive(&[
        ("META-INF/container.xml", container("b.xml").as_bytes()),
        ("score.xml", music.as_bytes()),
    ]);
    assert!(error_of(&missing, "a.mxl").contains("does not hold"));
    assert!(error_of(&archive(&[("a.txt", b"text")]), "a.mxl").contains("no score"));
    let zeros = vec![b' '; 64 << 20];
    let bomb = archive(&[("META-INF/container.xml", container("s.xml").as_bytes()), ("s.xml", &zeros)]);
    assert!(bomb.len() < 200_000);
    assert!(error_of(&bomb, "a.mxl").contains("no music"));
    for length in [0, 3, 10, good.len() / 2, good.len() - 1] {
        drop(read_bytes(&good[..length], "a.mxl", &options));
        if length > 4 {
            assert!(error_of(&good[..length], "a.mxl").contains("cannot be opened"), "{length}");
        }
    }
}
