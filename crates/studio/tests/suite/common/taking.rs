//! A listening test in this process, and participants as their browsers send requests.

use super::{Answer, exchange};
use composer_application::listening::{
    CLIPS_FOLDER, Clip, Item, Kind, Question, STUDY_FILE, Study, System, VOLUME_CLIP,
};
use composer_studio::Stop;
use composer_studio::listening::{ListeningOptions, ListeningServer};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::Path;
use std::thread::JoinHandle;

/// The systems; no page may name them.
pub const SYSTEMS: [&str; 3] = ["johann", "network", "lowest"];

/// A study with two items, catch trials and a repeated trial.
pub fn study(kind: Kind) -> Study {
    let clip = |system: &str, piece: usize| Clip {
        id: format!("{system}{piece}x"),
        system: system.into(),
        source: format!("/secret/{system}.mid"),
        seconds: 10.0,
    };
    let item = |piece: usize, systems: &[&str]| Item {
        piece: format!("piece{piece}"),
        clips: systems.iter().map(|system| format!("{system}{piece}x")).collect(),
    };
    let (systems, bad): (&[&str], &[&str]) = match kind {
        Kind::Pairs | Kind::Abx => (&["johann", "network"], &["johann", "lowest"]),
        Kind::Mushra => (&["johann", "network", "lowest"], &[]),
        Kind::HumanOrMachine | Kind::Rating => (&["johann"], &["lowest"]),
    };
    let pieces = 0..4;
    Study {
        format: 1,
        title: "A <b>study</b>".into(),
        kind,
        question: "Which?".into(),
        consent: "Agree?".into(),
        participants: 3,
        trials: 4,
        catch_trials: if bad.is_empty() { 0 } else { 1 },
        repeated_trials: 1,
        seed: 5,
        minimum_seconds: 0.0,
        allow_equal: kind == Kind::Pairs,
        scales: if kind == Kind::Rating { vec!["harmony".into(), "overall".into()] } else { Vec::new() },
        seconds: 10.0,
        loudness: -23.0,
        questionnaire: vec![Question {
            name: "training".into(),
            text: "Years?".into(),
            choices: vec!["none".into(), "many".into()],
        }],
        systems: SYSTEMS.map(|name| System { name: name.into(), human: name == "johann" }).into(),
        items: pieces.clone().map(|piece| item(piece, systems)).collect(),
        catches: if bad.is_empty() { Vec::new() } else { vec![item(0, bad)] },
        clips: SYSTEMS
            .iter()
            .flat_map(|system| pieces.clone().map(move |piece| clip(system, piece)))
            .collect(),
    }
}

/// Writes a study with sounds that hold their own names.
pub fn write(folder: &Path, study: &Study) {
    std::fs::create_dir_all(folder.join(CLIPS_FOLDER)).unwrap();
    for name in study.clips.iter().map(|clip| clip.id.as_str()).chain([VOLUME_CLIP]) {
        let sound = format!("RIFF{name:-<200}");
        std::fs::write(folder.join(CLIPS_FOLDER).join(format!("{name}.wav")), sound).unwrap();
    }
    std::fs::write(folder.join(STUDY_FILE), study.to_toml().unwrap()).unwrap();
}

/// A study that is served until this is dropped.
pub struct Serving {
    /// Where.
    pub address: SocketAddr,
    /// The links of participants.
    pub links: Vec<String>,
    stop: Stop,
    thread: Option<JoinHandle<()>>,
}

impl Serving {
    /// Serves the study of a folder.
    pub fn start(folder: &Path) -> Self {
        Self::start_with(folder, |_| {})
    }

    /// The same with other options.
    pub fn start_with(folder: &Path, change: impl Fn(&mut ListeningOptions)) -> Self {
        let mut options = ListeningOptions { port: 0, ..ListeningOptions::new(folder.join(STUDY_FILE)) };
        change(&mut options);
        let server = ListeningServer::bind(&options).unwrap();
        let (address, links, stop) = (server.address(), server.links(), server.stop());
        let thread = std::thread::spawn(move || server.run().unwrap());
        Self { address, links, stop, thread: Some(thread) }
    }

    /// Somebody who has not said anything yet.
    pub fn visitor(&self) -> Participant {
        Participant { address: self.address, cookie: None }
    }

    /// Somebody who takes part.
    pub fn participant(&self) -> Participant {
        let mut visitor = self.visitor();
        visitor.join(&json!({ "consent": true }));
        visitor
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.stop.now();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A browser.
#[derive(Clone, Debug)]
pub struct Participant {
    /// Where it sends requests.
    pub address: SocketAddr,
    /// What it keeps, `name=value`.
    pub cookie: Option<String>,
}

impl Participant {
    /// The headers that a browser sends with a request of the page itself.
    pub fn headers(&self) -> String {
        let cookie = self.cookie.as_ref().map(|cookie| format!("Cookie: {cookie}\r\n")).unwrap_or_default();
        let address = self.address;
        format!("Host: {address}\r\nOrigin: http://{address}\r\nSec-Fetch-Site: same-origin\r\n{cookie}")
    }

    /// GET.
    pub fn get(&self, path: &str) -> Answer {
        exchange(self.address, &format!("GET {path} HTTP/1.1\r\n{}\r\n", self.headers()), b"")
    }

    /// POST of JSON.
    pub fn post(&self, path: &str, data: &Value) -> Answer {
        let body = data.to_string();
        let head = format!(
            "POST {path} HTTP/1.1\r\n{}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            self.headers(),
            body.len()
        );
        exchange(self.address, &head, body.as_bytes())
    }

    /// Takes part, and keeps the cookie.
    pub fn join(&mut self, data: &Value) -> Answer {
        let answer = self.post("/api/join", data);
        if let Some(cookie) = answer.header("set-cookie") {
            assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
            self.cookie = cookie.split(';').next().map(str::to_owned);
        }
        answer
    }

    /// Where the page is.
    pub fn state(&self) -> Value {
        json_of(&self.get("/api/state"))
    }

    /// Answers the questionnaire.
    pub fn answer_questions(&self) -> Value {
        json_of(&self.post("/api/questionnaire", &json!({ "training": "none" })))
    }

    /// Answers the trial of a state with something that fits.
    pub fn answer(&self, kind: Kind, state: &Value) -> Answer {
        self.post("/api/answers", &fitting(kind, state))
    }
}

/// An answer that fits the trial of a state.
pub fn fitting(kind: Kind, state: &Value) -> Value {
    let sounds = state["trial"]["sounds"].as_array().unwrap().len();
    let answer = match kind {
        Kind::Pairs => json!("a"),
        Kind::Abx => json!("b"),
        Kind::HumanOrMachine => json!("machine"),
        Kind::Rating => json!({ "harmony": 3, "overall": 4 }),
        Kind::Mushra => {
            json!((0..sounds - 1).map(|version| 30.0 + 10.0 * version as f64).collect::<Vec<_>>())
        }
    };
    let confidence = (kind == Kind::HumanOrMachine).then_some(3);
    let listened = vec![1.0; sounds];
    json!({
        "trial": state["trial"]["number"],
        "given": { "answer": answer, "confidence": confidence, "known": false, "listened": listened },
    })
}

/// The JSON of a success.
pub fn json_of(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{}", answer.text());
    serde_json::from_slice(&answer.body).unwrap()
}
