//! Files and names that nobody vouches for: what is no file, names with commands for the terminal or markup, model files that claim what
//! they do not hold.

#![cfg(unix)]

use crate::common;

use common::songs::{QUARTER, folder_of_songs, note, score, song, write};
use common::{assert_refused, complaint, composer, printed};
use composer_music::text::is_control;
use composer_music::{Score, Track, midi};
use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::tempdir;

/// Runs the program, and ends it after a minute: a hang is a failure, not a test that never ends.
fn within_a_minute(folder: &Path, args: &[&str]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_composer"))
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if start.elapsed() > Duration::from_secs(60) {
            child.kill().unwrap();
            panic!("{args:?} hangs");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    child.wait_with_output().unwrap()
}

#[test]
fn what_is_no_file_is_listed_as_left_out_and_never_waited_for() {
    let here = folder_of_songs();
    let songs = here.path().join("songs");
    assert!(Command::new("mkfifo").arg(songs.join("pipe.mid")).status().unwrap().success());
    let _listener = UnixListener::bind(songs.join("socket.mid")).unwrap();
    symlink("/dev/zero", songs.join("zero.mid")).unwrap();
    symlink(songs.join("loop.mid"), songs.join("loop.mid")).unwrap();
    symlink("nowhere", songs.join("gone.mid")).unwrap();
    fs::create_dir(songs.join("folder.mid")).unwrap();
    let output = within_a_minute(here.path(), &["ingest", "songs", "--output-dir", "out"]);
    assert!(output.status.success(), "{}", complaint(&output));
    let report = fs::read_to_string(here.path().join("out/ingest-report.jsonl")).unwrap();
    for (name, reason) in [
        ("pipe.mid", "a named pipe"),
        ("socket.mid", "a socket"),
        ("zero.mid", "a device"),
        ("loop.mid", "links"),
        ("gone.mid", "No such file"),
    ] {
        let line = report.lines().find(|line| line.contains(name)).expect(name);
        assert!(line.contains(reason) && line.contains("unreadable"), "{line}");
    }
    assert!(!report.contains("folder.mid"), "a folder is no file, whatever its name");
    let summary = printed(&output);
    assert!(summary.contains("4 of 9 files kept"), "{summary}");
    for reason in ["a named pipe", "a socket", "a device"] {
        assert!(summary.contains(reason), "every reason is told: {summary}");
    }
    for args in [
        &["diagnose", "songs", "--reference", "songs"][..],
        &["evaluate", "songs", "--reference", "songs", "--output", "page.html"],
        &["train", "songs", "--dry-run", "--hidden", "4"],
    ] {
        let output = within_a_minute(here.path(), args);
        let said = complaint(&output);
        assert!(output.status.success(), "{args:?}: {said}");
        let left_out = "zero.mid: skipped: cannot be read: it is a device, not a file";
        assert!(said.contains(left_out) && said.contains("pipe.mid: skipped"), "{args:?}: {said}");
    }
    for (args, words) in [
        (&["inspect", "/dev/zero"][..], ["/dev/zero", "a device"]),
        (&["score", "songs/zero.mid"], ["zero.mid", "a device"]),
        (&["accompany", "songs/socket.mid"], ["socket.mid", "a socket"]),
        (&["inspect", "songs/loop.mid"], ["loop.mid", "links"]),
        (&["ingest", "songs/loop.mid"], ["loop.mid", "links"]),
        (&["compose", "--model", "songs/pipe.mid"], ["pipe.mid", "a named pipe"]),
        (&["compose", "--model", "/dev/zero"], ["/dev/zero", "a device"]),
        (&["compose", "--soundfont", "songs/pipe.mid", "--length", "1bars"], ["pipe.mid", "a named pipe"]),
        (&["train", "--config", "/dev/zero"], ["/dev/zero", "a device"]),
        (&["listening", "/dev/zero"], ["/dev/zero", "a device"]),
    ] {
        assert_refused(&within_a_minute(here.path(), args), 2, &words);
    }
}

#[test]
fn a_run_folder_of_pipes_does_not_stop_the_list_of_runs() {
    let here = tempdir().unwrap();
    fs::create_dir_all(here.path().join("runs/odd")).unwrap();
    let pipe = here.path().join("runs/odd/config.toml");
    assert!(Command::new("mkfifo").arg(pipe).status().unwrap().success());
    assert!(within_a_minute(here.path(), &["runs"]).status.success());
}

#[test]
fn a_pipe_that_is_named_is_read() {
    let here = folder_of_songs();
    let args = "cat songs/1.mid | \"$0\" inspect /dev/stdin && \"$0\" score <(cat songs/2.mid)";
    let output = Command::new("bash")
        .args(["-c", args, env!("CARGO_BIN_EXE_composer")])
        .current_dir(here.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", complaint(&output));
    let endless = Command::new("bash")
        .args(["-c", "\"$0\" inspect <(cat /dev/zero)", env!("CARGO_BIN_EXE_composer")])
        .output()
        .unwrap();
    assert_refused(&endless, 2, &["larger than"]);
}

/// Names that are commands for a terminal, forge lines, turn text around, or are markup.
const NAMES: [&str; 5] = [
    "bass\u{1b}[31mred\u{7}",
    "lead\u{9b}2J",
    "one\ntrack 9 melody",
    "gnp\u{202e}mid.exe",
    "<b onclick='x'>&\"]]>",
];

fn named(names: &[&str]) -> Score {
    let mut piece = score(Vec::new());
    for (number, name) in names.iter().enumerate() {
        let notes = (0..16).map(|beat| note(beat * QUARTER, QUARTER, 60 + 3 * number as u8)).collect();
        piece.tracks.push(Track { name: Some((*name).into()), notes });
    }
    piece
}

/// Asserts that a terminal gets text and line feeds only.
fn assert_harmless(what: &str, bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let odd = text.chars().find(|&character| is_control(character) && !matches!(character, '\n' | '\t'));
    assert!(odd.is_none(), "{what} holds {odd:?}: {text:?}");
}

#[test]
fn names_reach_neither_the_terminal_nor_json_nor_pages_as_commands() {
    let here = tempdir().unwrap();
    let piece = midi::write(&named(&NAMES)).unwrap();
    let songs = here.path().join("so\u{1b}ngs");
    fs::create_dir(&songs).unwrap();
    for (number, name) in NAMES.iter().enumerate() {
        let file = name.replace('/', "");
        fs::write(songs.join(format!("{file}.mid")), midi::write(&song(number as u64 + 1)).unwrap()).unwrap();
    }
    fs::write(here.path().join("tune.mid"), &piece).unwrap();
    fs::write(songs.join("no\u{9b}thing.mid"), "no music").unwrap();
    let folder = "so\u{1b}ngs";
    let odd_file = format!("{folder}/{}.mid", NAMES[0]);
    let training =
        ["train", folder, "--output-dir", "run", "--epochs", "1", "--hidden", "8", "--num-outputs", "1"];
    for args in [
        &["inspect", "tune.mid"][..],
        &["inspect", "tune.mid", "--json"],
        &["inspect", &odd_file, "--svg", "odd.svg"],
        &["score", &odd_file, "--svg", "score.svg"],
        &["score", &odd_file, "--json"],
        &["ingest", folder],
        &["diagnose", folder, "--reference", folder],
        &["diagnose", folder, "--reference", folder, "--json"],
        &["evaluate", folder, "--reference", folder, "--page", "page.html"],
        &[&training[..], &["--length", "2bars"]].concat(),
        &["runs", "."],
        &["inspect", "missing\u{1b}[2J.mid"],
        &["inspect", "--missing\u{1b}[2J"],
        &["compose", "--model", &odd_file],
        &["accompany", &odd_file, "--melody-track", "0", "--output", "acc\u{9b}.mid", "--page"],
    ] {
        let output = composer(here.path(), args);
        assert_harmless(&format!("{args:?}, output"), &output.stdout);
        assert_harmless(&format!("{args:?}, messages"), &output.stderr);
        assert_ne!(output.status.code(), Some(101));
    }
    let roles = printed(&composer(here.path(), &["inspect", "tune.mid"]));
    assert_eq!(roles.lines().filter(|line| line.starts_with("track ")).count(), NAMES.len(), "{roles}");
    let own_script = format!("<script>{}</script>", include_str!("../../../report/src/player.js"));
    for page in ["page.html", "run/report.html", "acc\u{9b}.html", "odd.svg", "score.svg"] {
        let text = fs::read_to_string(here.path().join(page)).expect(page);
        assert_harmless(page, text.as_bytes());
        // The one script of a page with players is the program's own, to the letter.
        assert_well_formed(page, &text.replacen(&own_script, "", 1));
        if page.ends_with(".svg") {
            roxmltree::Document::parse(&text).unwrap_or_else(|error| panic!("{page} is no XML: {error}"));
        }
    }
}

/// Asserts of every tag of a page that its quotes and angles match and that it has only attributes that the program writes; of a
/// picture, that every element is closed.
fn assert_well_formed(page: &str, text: &str) {
    let mut open: Vec<String> = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        assert!(!rest[..start].contains(']') || !rest[..start].contains("]]>"), "{page}: ]]> is no text");
        rest = &rest[start + 1..];
        let (mut quote, mut end) = (None, None);
        for (at, character) in rest.char_indices() {
            match (quote, character) {
                (None, '>') => {
                    end = Some(at);
                    break;
                }
                (None, '"' | '\'') => quote = Some(character),
                (None, '<') => panic!("{page}: a tag in a tag: {}", &rest[..at]),
                (Some(open), close) if open == close => quote = None,
                _ => {}
            }
        }
        let tag = &rest[..end.unwrap_or_else(|| panic!("{page}: a tag does not end"))];
        rest = &rest[tag.len() + 1..];
        let name: String =
            tag.trim_start_matches('/').chars().take_while(|c| c.is_ascii_alphanumeric()).collect();
        assert!(!["script", "b", "img"].contains(&name.as_str()), "{page}: <{tag}> came from a name");
        // Every second part is a quoted value.
        let unquoted: String = tag.split(['"', '\'']).step_by(2).collect();
        assert!(!unquoted.contains(" on"), "{page}: <{tag}> came from a name");
        if name == "style" && !tag.starts_with('/') {
            rest = &rest[rest.find("</style>").unwrap()..];
        }
        if page.ends_with(".svg") {
            match (tag.starts_with('/'), tag.ends_with('/')) {
                (true, _) => assert_eq!(open.pop().as_deref(), Some(name.as_str()), "{page}"),
                (false, false) => open.push(name),
                (false, true) => {}
            }
        }
    }
    assert!(open.is_empty(), "{page}: {open:?} are not closed");
}

/// A built-in model, as a file, and its header.
fn model_file(name: &str) -> (Vec<u8>, String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../application/models")
        .join(name)
        .join("model.safetensors");
    let bytes = fs::read(path).unwrap();
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header = String::from_utf8(bytes[8..8 + length].to_vec()).unwrap();
    (bytes, header)
}

/// The model with another header.
fn with_header(bytes: &[u8], old: &str, new: &str) -> Vec<u8> {
    let padded = format!("{new}{}", " ".repeat((8 - new.len() % 8) % 8));
    [&(padded.len() as u64).to_le_bytes()[..], padded.as_bytes(), &bytes[8 + old.len()..]].concat()
}

/// The first value of a key in the configuration within the header, replaced.
fn claiming(header: &str, key: &str, value: &str) -> String {
    let key = format!("\\\"{key}\\\":");
    let start = header.find(&key).unwrap_or_else(|| panic!("{key} is in {header}")) + key.len();
    let end = start + header[start..].find([',', '}']).unwrap();
    format!("{}{value}{}", &header[..start], &header[end..])
}

#[test]
fn a_model_file_that_claims_what_it_does_not_hold_is_refused_before_memory_is_taken() {
    let here = tempdir().unwrap();
    let (bytes, header) = model_file("compose");
    for (key, value) in [
        ("hidden", "2000000000"),
        ("hidden", "18446744073709551615"),
        ("hidden", "-5"),
        ("hidden", "NaN"),
        ("layers", "4000000000"),
        ("layers", "1000"),
        ("input", "18446744073709551615"),
        ("metre", "18446744073709551615"),
        ("steps_per_quarter", "3000000000"),
        ("steps_per_quarter", "0"),
        ("pitch_high", "255"),
        ("pitch_low", "120"),
        ("dropout", "1e300"),
        ("quarters_per_minute", "-3"),
        ("program", "200"),
    ] {
        let file = format!("{key}-{}.safetensors", &value[..value.len().min(4)]);
        fs::write(here.path().join(&file), with_header(&bytes, &header, &claiming(&header, key, value)))
            .unwrap();
        // Far less than was claimed, far more than the model needs.
        let limited =
            format!("ulimit -v 4000000; \"$0\" compose --model {file} --length 1bars --num-outputs 1");
        let output = Command::new("bash")
            .args(["-c", &limited, env!("CARGO_BIN_EXE_composer")])
            .current_dir(here.path())
            .output()
            .unwrap();
        assert_refused(&output, 2, &[&file]);
        let complaint = complaint(&output);
        let says = ["the weights do not fit the configuration", "its configuration cannot be read"];
        assert!(says.iter().any(|says| complaint.contains(says)), "{key} {value}: {complaint}");
        assert!(complaint.lines().count() == 1 && complaint.len() < 3000, "{complaint}");
    }
}

#[test]
fn a_model_for_parts_is_compared_with_its_weights_too() {
    let here = tempdir().unwrap();
    write(here.path(), "tune.mid", &song(3));
    let (bytes, header) = model_file("accompany");
    for (key, value) in
        [("hidden", "3000000000"), ("hidden", "9000000"), ("layers", "900"), ("program", "255")]
    {
        fs::write(here.path().join("odd"), with_header(&bytes, &header, &claiming(&header, key, value)))
            .unwrap();
        let limited = "ulimit -v 4000000; \"$0\" accompany tune.mid --melody-track 0 --model odd";
        let output = Command::new("bash")
            .args(["-c", limited, env!("CARGO_BIN_EXE_composer")])
            .current_dir(here.path())
            .output()
            .unwrap();
        assert_refused(&output, 2, &["odd", "the weights do not fit the configuration"]);
    }
}

#[test]
fn damaged_model_files_are_told_from_files_that_are_none() {
    let here = tempdir().unwrap();
    let (bytes, header) = model_file("compose");
    let half_header = &bytes[..header.len() / 2];
    let mut longer = bytes.clone();
    longer.extend([0; 7]);
    // Two tensors at one place, and a place that no tensor fills.
    let place = header.find("\"data_offsets\":[").unwrap();
    let overlapping = header.replacen("\"data_offsets\":[0,", "\"data_offsets\":[4,", 1);
    assert!(place > 0 && overlapping != header);
    let foreign = header.replacen("\"composer\":", "\"compsoer\":", 1);
    for (name, bytes, words) in [
        ("cut", bytes[..bytes.len() - 50].to_vec(), "the file is damaged or cut off"),
        ("half-header", half_header.to_vec(), "the file is damaged or cut off"),
        ("longer", longer, "the file is damaged or cut off"),
        ("overlapping", with_header(&bytes, &header, &overlapping), "the file is damaged or cut off"),
        ("poem", b"Rough winds do shake the darling buds of May".to_vec(), "does not begin like"),
        ("picture", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01".to_vec(), "does not begin like"),
        ("empty", Vec::new(), "the file is empty"),
        ("foreign", with_header(&bytes, &header, &foreign), "no composer configuration"),
    ] {
        fs::write(here.path().join(name), bytes).unwrap();
        assert_refused(&composer(here.path(), &["compose", "--model", name]), 2, &[name, words]);
    }
}
