//! The guard: which requests are answered at all.
//!
//! A page of another origin can make a browser send requests here. Three checks stand against it, each alone enough for what it names:
//!
//! * **Host**: a name of another site that resolves to this address (DNS rebinding) is still in the `Host` header, and is refused.
//! * **Origin** and `Sec-Fetch-Site`: browsers say where a request comes from; another origin is refused.
//! * **Token**: everything under `/api` needs the header [`TOKEN_HEADER`] with the page's token. A form cannot send a header, a script of
//!   another origin may not (there is no CORS), and cannot read the token.

use super::reply::Refusal;
use super::token::Token;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::net::SocketAddr;
use std::sync::Arc;

/// The header with the token.
pub const TOKEN_HEADER: &str = "x-composer-token";

/// Largest body of a request, in bytes, where its path has no limit of its own; routes allow less.
const MAX_REQUEST: u64 = 16 << 20;

/// A path, and the most bytes of a body that is sent there.
pub type Upload = (&'static str, u64);

/// What requests must have.
pub struct Guard {
    /// By which names this server may be called.
    pub hosts: Hosts,
    /// Needed under `/api`; `None`: the application has a protection of its own, such as a token for each participant.
    pub token: Option<Token>,
    /// Paths to which larger bodies go.
    pub uploads: &'static [Upload],
}

/// The values of `Host` that are this server, with the port, in small letters.
pub struct Hosts(Vec<String>);

impl Hosts {
    /// Those of an address, and of further names.
    pub fn new(address: SocketAddr, names: &[String]) -> Self {
        let port = address.port();
        let mut hosts = vec![address.to_string()];
        for name in names {
            hosts.push(format!("{}:{port}", name.to_ascii_lowercase()));
            // Browsers leave out the usual port.
            if port == 80 {
                hosts.push(name.to_ascii_lowercase());
            }
        }
        Self(hosts)
    }

    /// Whether a value of `Host` is this server.
    pub fn contains(&self, host: &str) -> bool {
        self.0.iter().any(|own| own.eq_ignore_ascii_case(host))
    }

    /// Whether a value of `Origin` is this server.
    pub fn is_origin(&self, origin: &str) -> bool {
        origin.strip_prefix("http://").is_some_and(|host| self.contains(host))
    }
}

/// Answers a request, or refuses it.
pub async fn check(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    match guard.verdict(&request) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

impl Guard {
    fn verdict(&self, request: &Request) -> Result<(), Refusal> {
        let headers = request.headers();
        let host = the_only(headers, header::HOST.as_str());
        let named = request.uri().authority().is_none_or(|authority| self.hosts.contains(authority.as_str()));
        if !named || !host.is_some_and(|host| self.hosts.contains(host)) {
            return Err(refuse("this server answers only by its own address, which the terminal shows"));
        }
        if headers.contains_key(header::ORIGIN)
            && !the_only(headers, header::ORIGIN.as_str()).is_some_and(|origin| self.hosts.is_origin(origin))
        {
            return Err(refuse("the request comes from another site"));
        }
        let is_api = request.uri().path().starts_with("/api/");
        let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
        let from = the_only(headers, "sec-fetch-site");
        if (is_api || changes) && from.is_some_and(|from| !matches!(from, "same-origin" | "none")) {
            return Err(refuse("the request comes from another site"));
        }
        let length =
            headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        let upload = self.uploads.iter().find(|(path, _)| *path == request.uri().path());
        let most = upload.map_or(MAX_REQUEST, |&(_, most)| most);
        if length.is_some_and(|length: u64| length > most) {
            return Err(too_large(most));
        }
        let Some(token) = &self.token else { return Ok(()) };
        let given = the_only(headers, TOKEN_HEADER);
        if (is_api || changes) && !given.is_some_and(|given| token.is(given.as_bytes())) {
            return Err(refuse("the token of the page is missing or old: load the page again"));
        }
        Ok(())
    }
}

/// 413: a body has more than `most` bytes.
pub fn too_large(most: u64) -> Refusal {
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, format!("that is larger than {} MB", most >> 20))
}

fn refuse(text: &str) -> Refusal {
    Refusal::new(StatusCode::FORBIDDEN, text)
}

/// The value of a header that is there once.
fn the_only<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    values.next().is_none().then(|| value.to_str().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_own_names_with_the_port_are_hosts() {
        let hosts = Hosts::new("127.0.0.1:8765".parse().unwrap(), &["localhost".into()]);
        for host in ["127.0.0.1:8765", "localhost:8765", "LOCALHOST:8765"] {
            assert!(hosts.contains(host) && hosts.is_origin(&format!("http://{host}")), "{host}");
        }
        for host in [
            "localhost",
            "localhost:80",
            "evil.example:8765",
            "127.0.0.1:8765.evil.example",
            "",
            "0.0.0.0:8765",
        ] {
            assert!(!hosts.contains(host), "{host}");
        }
        assert!(!hosts.is_origin("https://localhost:8765") && !hosts.is_origin("null"));
    }
}
