//! Server-sent events as a test reads them.

use super::Running;
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::Mutex;
use std::time::Duration;

/// An open stream of events.
pub struct Events(Mutex<BufReader<TcpStream>>);

impl Running {
    /// Begins to listen.
    pub fn listen(&self) -> Events {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        write!(stream, "GET /api/events HTTP/1.1\r\n{}\r\n", self.own_headers()).unwrap();
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            reader.read_line(&mut line).unwrap();
        }
        Events(Mutex::new(reader))
    }
}

impl Events {
    /// The data of the next event of a name.
    pub fn until(&self, name: &str) -> Value {
        let mut reader = self.0.lock().unwrap();
        let (mut line, mut found) = (String::new(), false);
        loop {
            line.clear();
            assert!(reader.read_line(&mut line).unwrap() > 0, "the events ended before one of {name}");
            if let Some(event) = line.strip_prefix("event: ") {
                found = event.trim() == name;
            } else if let (true, Some(data)) = (found, line.strip_prefix("data: ")) {
                return serde_json::from_str(data).unwrap();
            }
        }
    }
}
