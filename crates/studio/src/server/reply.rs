//! Answers that say what is wrong: a status, and JSON with a sentence.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use composer_application::{Error, ErrorKind};
use serde_json::json;
use std::any::Any;

/// The result of a route.
pub type Reply<T> = Result<T, Refusal>;

/// Why a request has no other answer: `{"error": "…"}` with a status.
#[derive(Debug)]
pub struct Refusal {
    status: StatusCode,
    text: String,
}

impl Refusal {
    /// A status and one sentence.
    pub fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self { status, text: text.into() }
    }

    /// The sentence.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// 400: what was sent cannot be used.
    pub fn wrong(text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, text)
    }

    /// 404: there is no such thing.
    pub fn missing(text: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, text)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "error": self.text }))).into_response()
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let status = match error.kind() {
            ErrorKind::WrongInput => StatusCode::BAD_REQUEST,
            ErrorKind::Stopped => StatusCode::CONFLICT,
            ErrorKind::Failure => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, error.to_string())
    }
}

impl From<std::io::Error> for Refusal {
    /// 507 where the disk is full, so that the page can say what to do.
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
                let text = "the disk is full: nothing was changed; make room and try again";
                Self::new(StatusCode::INSUFFICIENT_STORAGE, text)
            }
            _ => Self::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
        }
    }
}

/// Does work that waits for a disk or computes, beside the threads that answer.
///
/// # Errors
/// Those of the work; a panic is a fault of the program.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Reply<T> + Send + 'static) -> Reply<T> {
    let fault = |_| {
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "the studio has a fault here; your music is safe")
    };
    tokio::task::spawn_blocking(work).await.map_err(fault)?
}

/// The answer where no route is.
pub async fn not_found() -> Refusal {
    Refusal::missing("there is no such page")
}

/// The answer of a route that panicked: a fault of the program, of which the server does not die.
pub fn panicked(_: Box<dyn Any + Send>) -> Response {
    Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "the studio has a fault here; your music is safe")
        .into_response()
}
