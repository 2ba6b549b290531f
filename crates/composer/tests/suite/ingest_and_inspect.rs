//! `composer ingest` and `composer inspect`, as typed.

use composer_music::corpus::shipped;
use composer_music::{Note, Score, Tempo, TimeSignature, Track, midi};
use std::path::Path;
use std::process::{Command, Output};

fn composer(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_composer"))
        .current_dir(folder)
        .args(arguments)
        .output()
        .expect("it runs")
}

fn said(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// A folder with three pieces, one of them twice, and a file that is none.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let music = folder.path().join("music");
    std::fs::create_dir(&music).expect("created");
    for (name, bytes) in shipped::files().filter(|(name, _)| !name.starts_with("freedoom")).take(3) {
        std::fs::write(music.join(&name), bytes).expect("written");
        std::fs::write(music.join("z-copy.mid"), bytes).expect("written");
    }
    std::fs::write(music.join("diary.mid"), "no music today").expect("written");
    folder
}

#[test]
fn ingest_keeps_what_is_good_and_says_why_it_drops_the_rest() {
    let folder = folder();
    let (code, out, _) = said(&composer(folder.path(), &["ingest", "music", "--representation", "remi"]));
    assert_eq!(code, Some(0));
    assert!(out.contains("3 of 5 files kept"), "{out}");
    assert!(out.contains("1 × the same music as another file (--keep-duplicates keeps it)"), "{out}");
    assert!(out.contains("1 × not a MIDI file: it looks like text"), "{out}");
    let report =
        std::fs::read_to_string(folder.path().join("ingested/ingest-report.jsonl")).expect("a report");
    assert_eq!(report.lines().count(), 5);
    assert!(folder.path().join("ingested/corpus.cache").exists());
    assert!(folder.path().join("ingested/ingest-summary.txt").exists());
}

#[test]
fn ingest_refuses_wrong_input_with_exit_code_2() {
    let folder = folder();
    for arguments in [
        &["ingest", "nowhere"][..],
        &["ingest", "music", "--representation", "morse"],
        &["ingest", "music", "--representation", "drum-events"],
    ] {
        let (code, _, error) = said(&composer(folder.path(), arguments));
        assert_eq!((code, error.lines().count()), (Some(2), 1), "{arguments:?}: {error}");
    }
}

#[test]
fn inspect_shows_contents_roles_picture_and_representations() {
    let folder = folder();
    let arguments = ["inspect", "music/z-copy.mid", "--svg", "roll.svg", "--role", "1=melody"];
    let (code, out, error) = said(&composer(folder.path(), &arguments));
    assert_eq!(code, Some(0), "{error}");
    for part in ["ticks per quarter note", "because of said by hand", "●━", "multitrack-remi: ", "lost: "]
    {
        assert!(out.contains(part), "{part} is missing in {out}");
    }
    let svg = std::fs::read_to_string(folder.path().join("roll.svg")).expect("a picture");
    assert!(svg.starts_with("<svg ") && svg.contains("<rect "));
    let (code, _, error) = said(&composer(folder.path(), &["inspect", "music/diary.mid"]));
    assert_eq!((code, error.lines().count()), (Some(2), 1), "{error}");
    assert!(error.contains("diary.mid: not a MIDI file: it looks like text"), "{error}");
}

#[test]
fn numbers_agree_with_their_nouns() {
    let folder = tempfile::tempdir().expect("a folder");
    let note = Note { onset: 0, duration: 480, pitch: 60, velocity: 80, channel: 0, program: 0 };
    let mut score = Score::new(480);
    score.tempos.push(Tempo { tick: 0, micros_per_quarter: 500_000 });
    score.time_signatures.push(TimeSignature { tick: 0, numerator: 3, denominator: 4 });
    score.tracks.push(Track { name: None, notes: vec![note] });
    std::fs::write(folder.path().join("one.mid"), midi::write(&score).expect("writes")).expect("written");
    let (_, inspected, _) = said(&composer(folder.path(), &["inspect", "one.mid"]));
    let (_, scored, _) = said(&composer(folder.path(), &["score", "one.mid"]));
    let (_, ingested, _) = said(&composer(folder.path(), &["ingest", "one.mid"]));
    for (text, word) in [
        (&inspected, "1 note, 0 of them drums"),
        (&inspected, "1 metre change; 1 tempo change"),
        (&inspected, "1 velocity rounded"),
        (&scored, "4 steps, 1 note"),
        (&ingested, "1 note in 0.0 minutes of music"),
    ] {
        assert!(text.contains(word), "{word:?} in {text}");
    }
    let nouns =
        ["notes", "metres", "tempos", "metre changes", "tempo changes", "velocities", "tracks", "steps"];
    for noun in nouns.map(|noun| format!(" 1 {noun}")) {
        assert!(
            ![&inspected, &scored, &ingested].iter().any(|text| text.contains(&noun)),
            "{noun}: {inspected}"
        );
    }
}
