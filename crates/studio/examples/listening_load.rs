//! How many answers a listening test takes: 50 listeners at once, each on a connection of their own, without pauses.
//!
//! `cargo run --release -p composer-studio --example listening_load [LISTENERS] [ROUNDS] [FOLDER]`. Each answer is on the disk of
//! FOLDER before it is acknowledged; the default is a new folder in the current one.

use composer_application::listening::{
    CLIPS_FOLDER, Clip, Item, Kind, STUDY_FILE, Study, System, VOLUME_CLIP,
};
use composer_studio::listening::{ListeningOptions, ListeningServer};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Trials of a participant.
const TRIALS: usize = 20;

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> Outcome<()> {
    let mut arguments = std::env::args().skip(1);
    let mut number = |default: usize| arguments.next().and_then(|text| text.parse().ok()).unwrap_or(default);
    let (listeners, rounds) = (number(50), number(5));
    let folder = arguments.next().map_or_else(|| PathBuf::from("listening-load"), PathBuf::from);
    std::fs::create_dir_all(folder.join(CLIPS_FOLDER))?;
    write_study(&folder, listeners * rounds)?;
    let options = ListeningOptions { port: 0, ..ListeningOptions::new(folder.join(STUDY_FILE)) };
    let server = ListeningServer::bind(&options)?;
    let (address, stop) = (server.address(), server.stop());
    let running = std::thread::spawn(move || server.run());
    let began = Instant::now();
    let threads: Vec<_> =
        (0..listeners).map(|_| std::thread::spawn(move || listen(address, rounds))).collect();
    let mut times = Vec::new();
    for thread in threads {
        times.extend(thread.join().map_err(|_| "a listener failed")??);
    }
    let seconds = began.elapsed().as_secs_f64();
    stop.now();
    running.join().map_err(|_| "the server failed")??;
    let lines = std::fs::read_to_string(folder.join("answers.jsonl"))?.matches("\"kind\":\"pair\"").count();
    times.sort_unstable();
    let percentile = |share: f64| 1e3 * times[((times.len() - 1) as f64 * share) as usize].as_secs_f64();
    println!(
        "{listeners} listeners, {} answers in {seconds:.1} s: {:.0} answers per second; median {:.1} ms, 99th percentile {:.1} ms, \
         longest {:.1} ms; {lines} lines in the file",
        times.len(),
        times.len() as f64 / seconds,
        percentile(0.5),
        percentile(0.99),
        percentile(1.0)
    );
    Ok(std::fs::remove_dir_all(folder)?)
}

/// Takes part so many times; how long each answer took.
fn listen(address: SocketAddr, rounds: usize) -> Outcome<Vec<Duration>> {
    let mut browser = Browser::new(address)?;
    let mut times = Vec::new();
    for _ in 0..rounds {
        browser.cookie.clear();
        let mut state = browser.post("/api/join", &json!({ "consent": true }))?;
        while state["stage"] == "trial" {
            let given = json!({ "answer": "a", "known": false, "listened": [1.0, 1.0] });
            let began = Instant::now();
            state = browser
                .post("/api/answers", &json!({ "trial": state["trial"]["number"], "given": given }))?;
            times.push(began.elapsed());
        }
    }
    Ok(times)
}

/// One connection that stays open.
struct Browser {
    reader: BufReader<TcpStream>,
    address: SocketAddr,
    cookie: String,
}

impl Browser {
    fn new(address: SocketAddr) -> Outcome<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self { reader: BufReader::new(stream), address, cookie: String::new() })
    }

    fn post(&mut self, path: &str, data: &Value) -> Outcome<Value> {
        let (address, cookie, body) = (self.address, &self.cookie, data.to_string());
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {address}\r\nOrigin: http://{address}\r\nCookie: {cookie}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.reader.get_mut().write_all(request.as_bytes())?;
        let (mut status, mut length) = (String::new(), 0);
        self.reader.read_line(&mut status)?;
        loop {
            let mut line = String::new();
            self.reader.read_line(&mut line)?;
            match line.trim().split_once(": ") {
                Some(("content-length", value)) => length = value.parse()?,
                Some(("set-cookie", value)) => {
                    self.cookie = value.split(';').next().unwrap_or_default().into()
                }
                Some(_) => {}
                None => break,
            }
        }
        let mut body = vec![0; length];
        self.reader.read_exact(&mut body)?;
        match status.split(' ').nth(1) {
            Some("200") => Ok(serde_json::from_slice(&body)?),
            _ => Err(format!("{path}: {status}{}", String::from_utf8_lossy(&body)).into()),
        }
    }
}

/// A study of pairs whose sounds nobody asks for.
fn write_study(folder: &Path, participants: usize) -> Outcome<()> {
    let clip = |system: &str, piece: usize| Clip {
        id: format!("{system}{piece}"),
        system: system.into(),
        source: String::new(),
        seconds: 10.0,
    };
    let clips: Vec<Clip> =
        ["a", "b"].iter().flat_map(|system| (0..TRIALS).map(move |piece| clip(system, piece))).collect();
    for name in clips.iter().map(|clip| clip.id.as_str()).chain([VOLUME_CLIP]) {
        std::fs::write(folder.join(CLIPS_FOLDER).join(format!("{name}.wav")), b"RIFF")?;
    }
    let item = |piece: usize| Item {
        piece: piece.to_string(),
        clips: vec![format!("a{piece}"), format!("b{piece}")],
    };
    let study = Study {
        format: 1,
        title: "Load".into(),
        kind: Kind::Pairs,
        question: "Which?".into(),
        consent: "Agree?".into(),
        participants,
        trials: TRIALS,
        catch_trials: 0,
        repeated_trials: 0,
        seed: 1,
        minimum_seconds: 0.0,
        allow_equal: true,
        scales: Vec::new(),
        seconds: 10.0,
        loudness: -23.0,
        questionnaire: Vec::new(),
        systems: ["a", "b"].map(|name| System { name: name.into(), human: name == "a" }).into(),
        items: (0..TRIALS).map(item).collect(),
        catches: Vec::new(),
        clips,
    };
    Ok(std::fs::write(folder.join(STUDY_FILE), study.to_toml()?)?)
}
