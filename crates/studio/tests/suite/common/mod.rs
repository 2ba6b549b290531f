//! A studio in this process, and requests over TCP as they are written.

pub mod listening;
pub mod soundfont;
pub mod taking;

use composer_studio::{Stop, Studio, StudioOptions};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::thread::JoinHandle;
use std::time::Duration;

/// A studio that runs until it is dropped.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// The token of its page.
    pub token: String,
    stop: Stop,
    thread: Option<JoinHandle<()>>,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers as they came.
    pub head: String,
    /// The body, without chunks.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (own, value) = line.split_once(": ")?;
            own.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

impl Running {
    /// Starts one on a folder, at any port.
    pub fn start(folder: &Path) -> Self {
        let studio = Studio::bind(&StudioOptions { port: 0, ..StudioOptions::new(folder) }).unwrap();
        let (address, stop) = (studio.address(), studio.stop());
        let thread = std::thread::spawn(move || studio.run().unwrap());
        let mut running = Self { address, token: String::new(), stop, thread: Some(thread) };
        let page = running.get("/").text();
        let token = page.split_once("composer-token\" content=\"").and_then(|(_, rest)| rest.split_once('"'));
        running.token = token.map(|(token, _)| token.to_owned()).expect("the page has the token");
        running
    }

    /// The usual headers of the page's own script.
    pub fn own_headers(&self) -> String {
        format!(
            "Host: {}\r\nOrigin: http://{}\r\nX-Composer-Token: {}\r\n",
            self.address, self.address, self.token
        )
    }

    /// GET as the page's own script.
    pub fn get(&self, path: &str) -> Answer {
        self.send(&format!("GET {path} HTTP/1.1\r\n{}\r\n", self.own_headers()), b"")
    }

    /// POST as the page's own script.
    pub fn post(&self, path: &str, body: &[u8]) -> Answer {
        let head = format!(
            "POST {path} HTTP/1.1\r\n{}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            self.own_headers(),
            body.len()
        );
        self.send(&head, body)
    }

    /// The JSON of an answer that must be a success.
    pub fn json(&self, answer: &Answer) -> Value {
        assert_eq!(answer.status, 200, "{}", answer.text());
        serde_json::from_slice(&answer.body).unwrap()
    }

    /// Opens the first built-in piano piece; its node.
    pub fn open_piece(&self) -> Value {
        let score = &composer_music::corpus::shipped::piano().pieces[0].score;
        let midi = composer_music::midi::write(score).unwrap();
        self.json(&self.post("/api/open?name=rag.mid", &midi))
    }

    /// Makes pieces and waits for them: the last event of the request.
    pub fn make(&self, wanted: &Value) -> Vec<Value> {
        let before = self.nodes().len();
        let events = self.listen();
        let job = self.json(&self.post("/api/make", wanted.to_string().as_bytes()));
        let end = events.until("job");
        assert!(end["job"] == job["job"] && end["state"] == "done", "{wanted}: {end}");
        self.nodes()[before..].to_vec()
    }

    /// Everything that was made.
    pub fn nodes(&self) -> Vec<Value> {
        self.json(&self.get("/api/state"))["nodes"].as_array().unwrap().clone()
    }

    /// Sends a head, with its last empty line, and a body; reads the answer to its end.
    pub fn send(&self, head: &str, body: &[u8]) -> Answer {
        exchange(self.address, head, body)
    }

    /// Stops it and waits for its end.
    pub fn stop(&mut self) {
        self.stop.now();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.now();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Sends a head, with its last empty line, and a body; reads the answer to its end.
pub fn exchange(address: SocketAddr, head: &str, body: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let head = head.replacen("\r\n", "\r\nConnection: close\r\n", 1);
    stream.write_all(head.as_bytes()).unwrap();
    // A server that has refused may have closed its side.
    let _ = stream.write_all(body);
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes);
    parse(&bytes)
}

fn parse(bytes: &[u8]) -> Answer {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(bytes.len());
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    let mut body = bytes.get(end + 4..).unwrap_or_default().to_vec();
    if head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
        body = unchunked(&body);
    }
    Answer { status, head, body }
}

fn unchunked(mut bytes: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = bytes.windows(2).position(|window| window == b"\r\n") {
        let length = usize::from_str_radix(&String::from_utf8_lossy(&bytes[..end]), 16).unwrap_or(0);
        let from = end + 2;
        if length == 0 || bytes.len() < from + length + 2 {
            break;
        }
        whole.extend_from_slice(&bytes[from..from + length]);
        bytes = &bytes[from + length + 2..];
    }
    whole
}
