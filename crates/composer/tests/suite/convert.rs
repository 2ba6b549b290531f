//! `convert`, and the other commands that write music in the format that is asked for.

use crate::common::{assert_refused, complaint, composer, piano_files, printed};
use std::path::Path;
use tempfile::{TempDir, tempdir};

/// A folder with two pieces, `a.mid` and `b.mid`.
fn pieces() -> TempDir {
    let here = tempdir().expect("a folder");
    for (file, name) in piano_files().iter().rev().zip(["a.mid", "b.mid"]) {
        std::fs::copy(file, here.path().join(name)).expect("copies");
    }
    here
}

fn done(folder: &Path, args: &[&str]) -> String {
    let output = composer(folder, args);
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    printed(&output)
}

fn begins(folder: &Path, name: &str) -> Vec<u8> {
    let mut bytes = std::fs::read(folder.join(name)).expect("written");
    bytes.truncate(6);
    bytes
}

#[test]
fn one_file_is_converted_by_the_ending() {
    let here = pieces();
    for (name, beginning) in
        [("x.musicxml", &b"<?xml "[..]), ("x.mxl", b"PK\x03\x04"), ("x.abc", b"X:1\nT:"), ("x.wav", b"RIFF")]
    {
        assert_eq!(done(here.path(), &["convert", "a.mid", name]), format!("{name}\n"));
        assert!(begins(here.path(), name).starts_with(beginning), "{name}");
    }
    assert!(done(here.path(), &["convert", "a.mid", "-", "--to", "abc"]).starts_with("X:1\n"));
}

#[test]
fn several_files_and_folders_go_into_a_folder() {
    let here = pieces();
    assert_eq!(
        done(here.path(), &["convert", "a.mid", "b.mid", "out", "--to", "musicxml"]),
        "out/a.musicxml\nout/b.musicxml\n"
    );
    let listed = done(here.path(), &["convert", ".", "all", "--to", "mxl", "--json"]);
    assert!(listed.contains("all/a.mxl") && listed.contains("all/b.mxl"), "{listed}");
}

#[test]
fn what_cannot_be_converted_is_said_in_a_sentence() {
    let here = pieces();
    std::fs::write(here.path().join("c.mid"), "no music").expect("writes");
    for (args, words) in [
        (&["a.mid", "x.pdf"][..], &["x.pdf", ".musicxml"][..]),
        (&["a.mid", "a.mid"], &["would replace a.mid"]),
        (&["a.mid", "x.abc", "--soundfont", "piano.sf2"], &["soundfont", "x.abc"]),
        (&["a.mid", "x.wav", "--soundfont", "gone.sf2"], &["gone.sf2"]),
        (&["a.mid", "b.mid", "out"], &["--to"]),
        (&["a.mid", "-"], &["--to"]),
        (&["a.mid", "b.mid", "-", "--to", "abc"], &["one file"]),
        (&["gone.mid", "x.abc"], &["gone.mid"]),
        (&["c.mid", "x.abc"], &["c.mid"]),
        (&["a.mid", "c.mid", "out", "--to", "abc"], &["1 of 2 files"]),
    ] {
        assert_refused(&composer(here.path(), &[&["convert"], args].concat()), 2, words);
    }
    assert!(here.path().join("out/a.abc").is_file() && !here.path().join("x.abc").exists());
}

#[test]
fn compositions_have_the_formats_that_are_asked_for() {
    let here = tempdir().expect("a folder");
    let compose = ["compose", "--num-outputs", "1", "--length", "1bars", "--output-dir", "out"];
    let said = done(here.path(), &[&compose[..], &["--format", "musicxml,midi"]].concat());
    assert!(
        said.starts_with("out/composition-1.musicxml  out/composition-1.mid  out/composition-1.wav"),
        "{said}"
    );
    assert!(begins(&here.path().join("out"), "composition-1.musicxml").starts_with(b"<?xml "));
    let refused = composer(here.path(), &["compose", "--format", "pdf"]);
    assert!(complaint(&refused).contains("there are midi, musicxml, mxl and abc"), "{}", complaint(&refused));
    assert_eq!(refused.status.code(), Some(2));
}

#[test]
fn a_new_part_is_written_in_the_format_of_the_ending() {
    let here = pieces();
    done(here.path(), &["accompany", "a.mid", "--melody-track", "1", "-o", "new.musicxml"]);
    assert!(begins(here.path(), "new.musicxml").starts_with(b"<?xml "));
    assert_refused(&composer(here.path(), &["accompany", "a.mid", "-o", "new.pdf"]), 2, &["new.pdf"]);
}
