//! `composer studio`: its help, what it refuses, and that it starts, answers and ends.

use crate::common;

use common::{assert_refused, composer, printed};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use tempfile::tempdir;

#[test]
fn the_help_says_what_it_does_and_what_can_be_chosen() {
    let here = tempdir().unwrap();
    let help = printed(&composer(here.path(), &["studio", "--help"]));
    for word in ["browser", "--port", "--no-browser", "--music", "FOLDER"] {
        assert!(help.contains(word), "{word} is missing in: {help}");
    }
}

#[test]
fn what_cannot_be_used_is_refused_in_a_sentence() {
    let here = tempdir().unwrap();
    fs::write(here.path().join("file"), "in the way").unwrap();
    fs::create_dir(here.path().join("damaged")).unwrap();
    fs::write(here.path().join("damaged/project.jsonl"), "no json\n").unwrap();
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = other.local_addr().unwrap().port().to_string();
    let studio = |args: &[&str]| composer(here.path(), &[&["studio", "--no-browser"], args].concat());
    assert_refused(&studio(&["project", "--port", &port]), 2, &[&port, "--port"]);
    assert_refused(&studio(&["file", "--port", "0"]), 2, &["file"]);
    assert_refused(&studio(&["damaged", "--port", "0"]), 2, &["damaged", "line 1"]);
    assert_refused(&studio(&["project", "--port", "0", "--music", "nowhere"]), 2, &["--music", "nowhere"]);
    for bad in ["--port=99999", "--port=x", "--colour"] {
        assert_eq!(studio(&["project", bad]).status.code(), Some(2), "{bad}");
    }
}

#[test]
fn it_prints_its_address_answers_and_ends_when_it_is_told_to() {
    let here = tempdir().unwrap();
    let mut studio = Command::new(env!("CARGO_BIN_EXE_composer"))
        .args(["studio", "project", "--port", "0", "--no-browser"])
        .current_dir(here.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(studio.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().trim_start_matches("http://").trim_end_matches('/').to_owned();
    let mut stream = TcpStream::connect(&address).unwrap();
    write!(stream, "GET / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).unwrap();
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("<!doctype html>"), "{page}");
    assert!(here.path().join("project/project.jsonl").is_file());
    #[cfg(unix)]
    {
        let told = Command::new("kill").arg(studio.id().to_string()).status();
        if told.is_ok_and(|status| status.success()) {
            assert_eq!(studio.wait().unwrap().code(), Some(0));
            return;
        }
    }
    studio.kill().unwrap();
    studio.wait().unwrap();
}
