//! Files, names and folders that nobody vouches for: what is no file, names with commands for the terminal or markup, model files
//! that claim what they do not hold, outputs that are inputs, and folders that are in use.

#![cfg(unix)]

use crate::common;

use common::songs::{QUARTER, note, score, song, write};
use common::{assert_refused, complaint, composer, small_training};
use composer_music::text::is_control;
use composer_music::{Score, Track, midi};
use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::{TempDir, tempdir};

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

fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A folder with four songs, and one with odd things besides.
fn here() -> TempDir {
    let here = tempdir().unwrap();
    for seed in 1..=4 {
        write(&here.path().join("songs"), &format!("{seed}.mid"), &song(seed));
    }
    here
}

#[test]
fn what_is_no_file_is_listed_as_left_out_and_never_waited_for() {
    let here = here();
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
    for args in [&["diagnose", "songs"][..], &["train", "songs", "--dry-run", "--hidden", "4"]] {
        let output = within_a_minute(here.path(), args);
        assert!(output.status.success(), "{args:?}: {}", complaint(&output));
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
    let here = here();
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
        &["diagnose", folder],
        &["diagnose", folder, "--json"],
        &["evaluate", folder, "--page", "page.html"],
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
    for page in ["page.html", "run/report.html", "acc\u{9b}.html", "odd.svg", "score.svg"] {
        let text = fs::read_to_string(here.path().join(page)).expect(page);
        assert_harmless(page, text.as_bytes());
        assert_well_formed(page, &text);
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
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models").join(name);
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
    let (bytes, header) = model_file("compose.safetensors");
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
    let (bytes, header) = model_file("accompany.safetensors");
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
    let (bytes, header) = model_file("compose.safetensors");
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

#[test]
fn no_command_replaces_what_it_reads() {
    let here = here();
    let at = |name: &str| here.path().join(name);
    fs::copy(at("songs/1.mid"), at("tune.mid")).unwrap();
    symlink("tune.mid", at("link.svg")).unwrap();
    fs::hard_link(at("tune.mid"), at("hard.svg")).unwrap();
    fs::write(at("model.safetensors"), model_file("compose.safetensors").0).unwrap();
    fs::create_dir(at("run")).unwrap();
    fs::write(at("run/config.toml"), "epochs = 1\n").unwrap();
    fs::copy(at("songs/1.mid"), at("cached.mid")).unwrap();
    fs::create_dir(at("made")).unwrap();
    fs::copy(at("songs/2.mid"), at("made/corpus.cache")).unwrap();
    let before = |name: &str| fs::read(at(name)).unwrap();
    let kept = ["tune.mid", "songs/3.mid", "model.safetensors", "run/config.toml", "made/corpus.cache"];
    let whole: Vec<Vec<u8>> = kept.iter().map(|name| before(name)).collect();
    for (args, file) in [
        (&["inspect", "tune.mid", "--svg", "tune.mid"][..], "tune.mid"),
        (&["inspect", "tune.mid", "--svg", "songs/../tune.mid"], "tune.mid"),
        (&["inspect", "tune.mid", "--svg", "link.svg"], "link.svg"),
        (&["score", "tune.mid", "--svg", "hard.svg"], "hard.svg"),
        (
            &["score", "tune.mid", "--model", "model.safetensors", "--svg", "model.safetensors"],
            "model.safetensors",
        ),
        (&["evaluate", "songs", "--page", "songs/3.mid"], "songs/3.mid"),
        (&["evaluate", "tune.mid", "--reference", "songs", "--output", "songs/3.mid"], "songs/3.mid"),
        (&["accompany", "tune.mid", "--melody-track", "0", "-o", "./tune.mid"], "tune.mid"),
        (&["accompany", "tune.mid", "--melody-track", "0", "-o", "new.html", "--page"], "new.html"),
        (&["ingest", "made/corpus.cache", "--output-dir", "made"], "corpus.cache"),
        (&["train", "songs", "--output-dir", "songs", "--epochs", "1"], "songs"),
        (&["train", "--config", "run/config.toml", "--output-dir", "run"], "config.toml"),
        (&["train", "songs", "--task", "accompany", "--output", "songs/3.mid"], "songs/3.mid"),
    ] {
        assert_refused(&composer(here.path(), args), 2, &[file]);
    }
    for (name, whole) in kept.iter().zip(whole) {
        assert!(before(name) == whole, "{name} is as it was");
    }
}

/// What is in a folder.
fn names(folder: &Path) -> Vec<String> {
    let mut found: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    found.sort();
    found
}

#[test]
fn two_sets_of_compositions_are_not_mixed_in_one_folder() {
    let here = tempdir().unwrap();
    let compose = |seed: &str, pieces: &str, folder: &[&str]| {
        let args = ["compose", "--length", "1bars", "--seed", seed, "--num-outputs", pieces];
        composer(here.path(), &[&args[..], folder].concat())
    };
    assert!(compose("1", "2", &["--output-dir", "out"]).status.success());
    let first = fs::read(here.path().join("out/composition-1.mid")).unwrap();
    assert_refused(&compose("2", "1", &["--output-dir", "out"]), 2, &["out", "compositions", "--output-dir"]);
    assert!(fs::read(here.path().join("out/composition-1.mid")).unwrap() == first);
    assert_eq!(names(&here.path().join("out")).len(), 4);
    // Without a folder, there is always one of its own.
    for (seed, folder) in [("3", "compositions"), ("4", "compositions-2"), ("5", "compositions-3")] {
        let output = compose(seed, "1", &[]);
        assert!(printed(&output).contains(&format!("{folder}/composition-1.mid")), "{}", printed(&output));
        assert_eq!(names(&here.path().join(folder)), ["composition-1.mid", "composition-1.wav"]);
    }
}

#[test]
fn two_processes_do_not_mix_their_compositions() {
    let here = tempdir().unwrap();
    let start = |pieces: &str, folder: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_composer"))
            .args(["compose", "--length", "1bars", "--num-outputs", pieces])
            .args(folder)
            .current_dir(here.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    // Into one folder by name: the first to be there has it.
    let children = ["2", "3", "4"].map(|pieces| (pieces, start(pieces, &["--output-dir", "out"])));
    let outputs = children.map(|(pieces, child)| (pieces, child.wait_with_output().unwrap()));
    let successful: Vec<&str> =
        outputs.iter().filter(|(_, output)| output.status.success()).map(|(pieces, _)| *pieces).collect();
    assert_eq!(successful.len(), 1, "{outputs:?}");
    let pieces: usize = successful[0].parse().unwrap();
    assert_eq!(names(&here.path().join("out")).len(), 2 * pieces);
    // Without a name: each has one of its own.
    let children = ["2", "3", "4"].map(|pieces| start(pieces, &[]));
    let mut sizes = Vec::new();
    for child in children {
        assert!(child.wait_with_output().unwrap().status.success());
    }
    for folder in ["compositions", "compositions-2", "compositions-3"] {
        sizes.push(names(&here.path().join(folder)).len());
    }
    sizes.sort_unstable();
    assert_eq!(sizes, [4, 6, 8]);
}

#[test]
fn a_folder_with_a_finished_training_is_not_trained_into() {
    let here = tempdir().unwrap();
    let output = composer(here.path(), &small_training(&[]));
    assert!(output.status.success(), "{}", complaint(&output));
    let before = names(&here.path().join("run"));
    assert_refused(
        &composer(here.path(), &small_training(&[])),
        2,
        &["run", "finished training", "--output-dir"],
    );
    fs::remove_file(here.path().join("run/checkpoint.bin")).unwrap();
    fs::remove_file(here.path().join("run/model.safetensors")).unwrap();
    assert_refused(&composer(here.path(), &small_training(&[])), 2, &["run", "compositions"]);
    assert!(before.len() >= names(&here.path().join("run")).len());
}

#[test]
fn without_a_command_it_says_how_to_begin_and_writes_nothing() {
    let here = tempdir().unwrap();
    let output = composer(here.path(), &[]);
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    let text = printed(&output);
    assert!(text.contains("composer train") && text.lines().count() < 15, "{text}");
    assert!(names(here.path()).is_empty());
    // A workspace of somebody else is no clone.
    fs::write(here.path().join("Cargo.toml"), "[workspace]\nmembers = [\"crates/*\"]\n").unwrap();
    assert!(printed(&composer(here.path(), &[])).contains("composer train"));
}

#[test]
fn what_a_training_needs_is_computed_before_memory_is_taken() {
    let here = here();
    let games = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets/freedoom");
    let drums = format!("{} --task drum --hidden 30000", games.display());
    let limited = |options: &str| {
        let folder = if options.contains("--task") { "" } else { "songs" };
        let command = format!("ulimit -v 3000000; \"$0\" train --dry-run {folder} {options}");
        let start = Instant::now();
        let output = Command::new("bash")
            .args(["-c", &command, env!("CARGO_BIN_EXE_composer")])
            .current_dir(here.path())
            .output()
            .unwrap();
        (output, start.elapsed())
    };
    for options in [
        "--hidden 25000",
        "--hidden 3000 --layers 40",
        "--hidden 20000 --representation remi",
        "--batch-size 100000000",
        &drums,
    ] {
        let (output, time) = limited(options);
        assert!(output.status.success(), "{options}: {}", complaint(&output));
        let text = printed(&output);
        assert!(text.contains("GB of memory"), "{options}: {text}");
        assert!(time < Duration::from_secs(120), "{options}: {time:?}");
    }
    for options in ["--hidden 999999999999", "--layers 999999999"] {
        assert_refused(&limited(options).0, 2, &["must be at most"]);
    }
    if Path::new("/proc/meminfo").exists() {
        let args = ["train", "songs", "--hidden", "2000000", "--output-dir", "run"];
        assert_refused(&composer(here.path(), &args), 2, &["memory", "this machine has", "--hidden"]);
        assert!(!here.path().join("run").exists());
    }
}

#[test]
fn options_of_other_commands_are_not_recommended() {
    let here = here();
    let silent = score(vec![Vec::new()]);
    fs::create_dir(here.path().join("odd")).unwrap();
    fs::write(here.path().join("odd/silent.mid"), midi::write(&silent).unwrap()).unwrap();
    let mut long = song(5);
    long.tracks[0].notes[0].onset = 4_000_000 * QUARTER;
    fs::write(here.path().join("odd/long.mid"), midi::write(&long).unwrap()).unwrap();
    fs::write(here.path().join("odd/text.mid"), "la la la").unwrap();
    fs::write(here.path().join("odd/empty.mid"), "").unwrap();
    for args in [
        &["train", "odd"][..],
        &["diagnose", "odd/text.mid", "odd/empty.mid", "odd/long.mid"],
        &["evaluate", "songs", "--reference", "odd"],
    ] {
        let output = composer(here.path(), args);
        assert_refused(&output, 2, &["text.mid", "empty"].map(|_| "usable"));
        let complaint = complaint(&output);
        assert!(!complaint.contains("--m") && !complaint.contains("--keep"), "{complaint}");
        assert!(complaint.matches(" × ").count() >= 3, "each reason is told: {complaint}");
    }
    let output = composer(here.path(), &["ingest", "songs", "--min-notes", "100000"]);
    assert_refused(&output, 2, &["too few notes", "--min-notes"]);
}

#[test]
fn a_part_that_cannot_be_read_is_told_by_its_true_length_or_range() {
    let here = tempdir().unwrap();
    let high = (0..8).map(|beat| note(beat * QUARTER, QUARTER, 110 + beat as u8)).collect();
    write(here.path(), "high.mid", &score(vec![high]));
    let far = vec![note(0, QUARTER, 60), note(700_000 * QUARTER, QUARTER, 62)];
    write(here.path(), "far.mid", &score(vec![far]));
    assert_refused(&composer(here.path(), &["accompany", "high.mid"]), 2, &["range", "A0", "C8"]);
    assert_refused(&composer(here.path(), &["accompany", "far.mid"]), 2, &["700001 quarter notes"]);
}

#[test]
fn lengths_are_rounded_to_minutes_and_hours() {
    let here = tempdir().unwrap();
    // At 120 quarters per minute, a quarter is half a second.
    for (ticks, shown) in
        [(57_562, "1:00.0 minutes"), (115_190, "2:00.0 minutes"), (3_455_980, "1:00:00.0 hours")]
    {
        write(here.path(), "piece.mid", &score(vec![vec![note(0, ticks, 60)]]));
        let text = printed(&composer(here.path(), &["inspect", "piece.mid"]));
        assert!(text.contains(shown), "{ticks}: {text}");
    }
}

#[test]
fn a_seed_on_the_command_line_is_over_that_of_a_configuration() {
    let here = here();
    fs::write(here.path().join("some.toml"), "[training]\nseed = 3\n").unwrap();
    let args = ["train", "songs", "--config", "some.toml", "--seed", "7", "--hidden", "4", "--dry-run"];
    let output = composer(here.path(), &args);
    assert!(printed(&output).contains("\nseed = 7\n"), "{}", printed(&output));
}
