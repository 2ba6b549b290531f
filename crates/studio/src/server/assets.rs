//! Files that are part of the program, with their types; browsers ask each time whether theirs is still the same.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use composer_music::corpus::sha256_hex;

/// A file of the page.
#[derive(Clone, Copy, Debug)]
pub struct Asset {
    /// Its path behind the first slash.
    pub path: &'static str,
    /// Its bytes.
    pub bytes: &'static [u8],
}

/// Files of a folder of the sources by their names: `assets!["../assets/": "style.css", "main.js"]`.
#[macro_export]
macro_rules! assets {
    ($folder:literal: $($name:literal),* $(,)?) => {
        &[$($crate::server::assets::Asset {
            path: $name,
            bytes: include_bytes!(concat!($folder, $name)),
        }),*]
    };
}

/// The media type by the ending of a name.
fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("json") => "application/json",
        _ => "application/octet-stream",
    }
}

impl Asset {
    /// The answer to a request for it: 304 where the browser has these bytes.
    pub fn answer(&self, headers: &HeaderMap) -> Response {
        let tag = format!("\"{}\"", &sha256_hex(self.bytes)[..16]);
        let known =
            headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
        let mut response = if known {
            StatusCode::NOT_MODIFIED.into_response()
        } else {
            let mut response = Body::from(self.bytes).into_response();
            response
                .headers_mut()
                .insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type(self.path)));
            response
        };
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        if let Ok(tag) = HeaderValue::from_str(&tag) {
            response.headers_mut().insert(header::ETAG, tag);
        }
        response
    }
}

/// A page that is made for each request, such as one with the token.
pub fn page(html: String) -> Response {
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response()
}
