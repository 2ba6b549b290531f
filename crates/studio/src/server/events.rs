//! Server-sent events: a channel of JSON as a stream that ends with the server.

use super::stop::Stop;
use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Serialize;
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::mpsc::Receiver;

/// Time after which a comment is sent where nothing else was: what finds out that a reader is gone.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// An event: its name and its data.
#[derive(Clone, Debug)]
pub struct Event(Bytes);

impl Event {
    /// An event of a kind, with data as JSON, which has no line breaks.
    pub fn new(name: &str, data: &impl Serialize) -> Self {
        let data = serde_json::to_string(data).unwrap_or_else(|_| "null".to_owned());
        Self(format!("event: {name}\ndata: {data}\n\n").into())
    }

    /// The event as it is sent.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The answer that sends the events of a channel until its senders are gone or the server stops.
pub fn answer(events: Receiver<Event>, stop: Stop) -> Response {
    let body = stream::unfold((events, stop), |(mut events, stop)| async move {
        let bytes = tokio::select! {
            event = events.recv() => event?.0,
            () = tokio::time::sleep(KEEP_ALIVE) => Bytes::from_static(b": still here\n\n"),
            () = stop.requested() => return None,
        };
        Some((Ok::<_, Infallible>(bytes), (events, stop)))
    });
    ([(header::CONTENT_TYPE, "text/event-stream")], Body::from_stream(body)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_a_name_and_a_line_of_json() {
        let event = Event::new("note", &serde_json::json!({ "text": "a\nb" }));
        assert_eq!(event.as_bytes(), b"event: note\ndata: {\"text\":\"a\\nb\"}\n\n");
    }
}
