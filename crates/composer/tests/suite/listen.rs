//! `composer listen`: studies of every kind from folders, and a server that is killed while people answer.

use crate::common;

use common::songs::{song, write};
use common::{assert_refused, composer, printed};
use composer::listening::{AnswerLine, Kind, Study};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::{TempDir, tempdir};

/// Folders `people` and `machine` with pieces of the same names, and `others` with others.
fn music() -> TempDir {
    let here = tempdir().expect("a folder");
    for seed in 1..=6 {
        write(&here.path().join("people"), &format!("song-{seed}.mid"), &song(seed));
        write(&here.path().join("machine"), &format!("song-{seed}.mid"), &song(seed + 100));
        write(&here.path().join("others"), &format!("other-{seed}.mid"), &song(seed + 200));
    }
    here
}

fn made(here: &Path, folder: &str, args: &[&str]) -> Study {
    let fixed = ["listen", "new", "-o", folder, "--seconds", "2", "--pieces", "3"];
    let output = composer(here, &[&fixed[..], args].concat());
    assert!(printed(&output).contains("composer listen serve"), "{}", printed(&output));
    Study::load(&here.join(folder).join("STUDY.toml")).expect("a study")
}

#[test]
fn a_study_of_each_kind_is_made_of_folders() {
    let here = music();
    for (name, kind) in Kind::ALL {
        let study = made(here.path(), name, &["people", "machine", "--kind", name]);
        assert_eq!((study.kind, study.participants, study.seconds), (kind, 20, 2.0));
        let items = if kind.clips().0 == 1 { 6 } else { 3 };
        assert_eq!((study.items.len(), study.trials), (items, items), "{name}");
        assert_eq!(study.catches.is_empty(), kind == Kind::Mushra);
        for clip in &study.clips {
            let bytes = fs::read(here.path().join(name).join(format!("clips/{}.wav", clip.id))).unwrap();
            let seconds = (bytes.len() - 44) as f64 / 4.0 / 44_100.0;
            assert!((seconds - clip.seconds).abs() < 0.01 && seconds <= 2.0, "{seconds}");
            assert!(["people", "machine", "song"].iter().all(|word| !clip.id.contains(word)), "{}", clip.id);
        }
        for item in study.items.iter().filter(|item| item.clips.len() > 1) {
            let systems: Vec<&str> =
                item.clips.iter().map(|id| study.clip(id).unwrap().system.as_str()).collect();
            let expected = ["people", "machine", "mid anchor", "low anchor"];
            assert_eq!(systems, expected[..if kind == Kind::Mushra { 4 } else { 2 }], "{name}");
            assert!(item.piece.starts_with("song-"), "pieces of one name are together: {}", item.piece);
        }
    }
    assert_eq!(
        made(here.path(), "again", &["people", "machine", "--kind", "pairs"]),
        Study::load(&here.path().join("pairs/STUDY.toml")).unwrap(),
        "the same seed, the same study"
    );
    let three = made(here.path(), "three", &["people", "machine", "others", "--same-sound", "--tempo", "90"]);
    assert_eq!(three.items.len(), 9);
    assert!(three.items.iter().any(|item| item.piece.contains(" / ")));
}

#[test]
fn folders_that_make_no_study_are_refused_in_a_sentence() {
    let here = music();
    fs::create_dir(here.path().join("empty")).unwrap();
    let new = |args: &[&str]| composer(here.path(), &[&["listen", "new", "-o", "study"], args].concat());
    assert_refused(&new(&["people"]), 2, &["2 to 10 folders"]);
    assert_refused(&new(&["people", "nowhere"]), 2, &["nowhere"]);
    assert_refused(&new(&["people", "machine", "--participants", "0"]), 2, &["participants"]);
    assert_refused(&new(&["people", "machine", "--seconds", "0"]), 2, &["seconds"]);
    assert_refused(&new(&["people", "machine", "--loudness", "3"]), 2, &["loudness"]);
    let guess = new(&["people", "machine", "--kind", "guess"]);
    assert!(guess.status.code() == Some(2) && common::complaint(&guess).contains("human-or-machine"));
    assert_refused(&new(&["people", "others", "--kind", "mushra"]), 2, &["same name"]);
    let into = |folder: &str| composer(here.path(), &["listen", "new", "people", "machine", "-o", folder]);
    assert_refused(&into("people"), 2, &["people", "not empty"]);
    let serve = |args: &[&str]| composer(here.path(), &[&["listen", "serve"], args].concat());
    assert_refused(&serve(&["nowhere.toml"]), 2, &["nowhere.toml"]);
    fs::write(here.path().join("STUDY.toml"), "format = 2\n").unwrap();
    assert_refused(&serve(&["STUDY.toml"]), 2, &["STUDY.toml"]);
}

/// The program that serves a study.
struct Server(Child);

impl Server {
    fn start(here: &Path, port: u16) -> (Self, u16) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_composer"))
            .args(["listen", "serve", "study/STUDY.toml", "--quiet", "--port", &port.to_string()])
            .current_dir(here)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim().trim_end_matches('/').rsplit(':').next().and_then(|port| port.parse().ok());
        (Self(child), port.unwrap_or_else(|| panic!("no address in {line:?}")))
    }

    /// SIGKILL, or what the system has for it.
    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// A request; the status, the cookie and the JSON, or nothing where the server is gone.
fn request(port: u16, cookie: &str, path: &str, data: &Value) -> Option<(u16, Option<String>, Value)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(20))).ok()?;
    let body = data.to_string();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Cookie: {cookie}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let cookie = head.lines().find_map(|line| line.strip_prefix("set-cookie: ")?.split(';').next());
    // An answer without its end is no answer.
    Some((head.split(' ').nth(1)?.parse().ok()?, cookie.map(str::to_owned), serde_json::from_str(body).ok()?))
}

/// What listeners were told is kept: the answer by the listener and the trial.
type Acknowledged = Mutex<HashMap<(String, usize), String>>;

/// Takes part again and again until `end`; what the server did not acknowledge is sent again, as the page does.
fn listen(port: u16, seed: usize, acknowledged: &Acknowledged, end: &AtomicBool) {
    let until = |cookie: &str, path: &str, data: &Value| loop {
        match request(port, cookie, path, data) {
            Some(answer) => break Some(answer),
            None if end.load(Ordering::Relaxed) => break None,
            None => std::thread::sleep(Duration::from_millis(20)),
        }
    };
    while !end.load(Ordering::Relaxed) {
        let Some((200, Some(cookie), _)) = until("", "/api/join", &json!({ "consent": true })) else {
            return;
        };
        let Some((200, _, mut state)) = until(&cookie, "/api/questionnaire", &json!({})) else { return };
        while state["stage"] == "trial" && !end.load(Ordering::Relaxed) {
            let (number, listener) = (state["trial"]["number"].as_u64().unwrap(), state["listener"].clone());
            let answer = if (number as usize + seed).is_multiple_of(2) { "a" } else { "b" };
            let given = json!({ "answer": answer, "known": false, "listened": [2.0, 2.0] });
            let Some((status, _, next)) =
                until(&cookie, "/api/answers", &json!({ "trial": number, "given": given }))
            else {
                return;
            };
            assert_eq!(status, 200, "{next}");
            let key = (listener.as_str().unwrap().to_owned(), number as usize);
            let before = acknowledged.lock().unwrap().insert(key, answer.to_owned());
            assert!(before.is_none(), "acknowledged as a new answer twice");
            state = next;
        }
    }
}

/// `COMPOSER_KILLS=100` kills as often.
#[test]
fn a_server_that_is_killed_loses_and_doubles_nothing_that_it_acknowledged() {
    let kills: usize = std::env::var("COMPOSER_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(5);
    let here = music();
    let mut study = made(here.path(), "study", &["people", "machine", "--participants", "10000"]);
    study.minimum_seconds = 0.0;
    study.questionnaire.clear();
    fs::write(here.path().join("study/STUDY.toml"), study.to_toml().unwrap()).unwrap();
    let (mut server, port) = Server::start(here.path(), 0);
    let (acknowledged, end) = (Arc::new(Acknowledged::default()), Arc::new(AtomicBool::new(false)));
    let listeners: Vec<_> = (0..8)
        .map(|seed| {
            let (acknowledged, end) = (Arc::clone(&acknowledged), Arc::clone(&end));
            std::thread::spawn(move || listen(port, seed, &acknowledged, &end))
        })
        .collect();
    for kill in 0..kills {
        let so_far = acknowledged.lock().unwrap().len();
        // In the middle of work: some answers later, and then at a moment that depends on nothing.
        while acknowledged.lock().unwrap().len() < so_far + 20 {
            std::thread::sleep(Duration::from_millis(2));
        }
        std::thread::sleep(Duration::from_micros(700 * (kill as u64 % 13)));
        server.kill();
        // The page of some listeners meets nobody, that of others a new server.
        server = Server::start(here.path(), port).0;
    }
    end.store(true, Ordering::Relaxed);
    for listener in listeners {
        listener.join().expect("every listener's answers were taken");
    }
    server.kill();
    let text = fs::read_to_string(here.path().join("study/answers.jsonl")).unwrap();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let mut kept: HashMap<(String, usize), Vec<String>> = HashMap::new();
    for line in whole.lines() {
        serde_json::from_str::<Value>(line).expect("every line is whole");
        if let Ok(line) = serde_json::from_str::<AnswerLine>(line) {
            let answer = line.answer.as_str().unwrap().to_owned();
            kept.entry((line.listener, line.trial)).or_default().push(answer);
        }
    }
    let acknowledged = acknowledged.lock().unwrap();
    for (key, answer) in acknowledged.iter() {
        assert_eq!(kept.get(key), Some(&vec![answer.clone()]), "{key:?}");
    }
    assert!(kept.values().all(|answers| answers.len() == 1), "nothing is doubled");
    // What was written and not acknowledged is of listeners that were cut off at the very end.
    assert!(kept.len() <= acknowledged.len() + 8, "{} kept, {} acknowledged", kept.len(), acknowledged.len());
    println!("{kills} kills, {} answers acknowledged, {} kept", acknowledged.len(), kept.len());
}
