//! Sounds as answers, whole or in ranges, as players ask for them.

use crate::server::reply::{Refusal, Reply};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// A file of sound, or the range of it that is asked for. Nothing of the answer names the file.
///
/// # Errors
/// The file cannot be read, or the range is not in it.
pub fn answer(path: &Path, headers: &HeaderMap) -> Reply<Response> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let kind = (header::CONTENT_TYPE, "audio/wav".to_owned());
    let ranges = (header::ACCEPT_RANGES, "bytes".to_owned());
    let asked = headers.get(header::RANGE).and_then(|range| range.to_str().ok());
    let (status, first, last) = match asked.map_or(Asked::Whole, |text| range(text, length)) {
        Asked::Whole => (StatusCode::OK, 0, length.saturating_sub(1)),
        Asked::Part(first, last) => (StatusCode::PARTIAL_CONTENT, first, last),
        Asked::Outside => {
            let range = [(header::CONTENT_RANGE, format!("bytes */{length}"))];
            let refusal = Refusal::new(StatusCode::RANGE_NOT_SATISFIABLE, "the sound is shorter than that");
            return Ok((range, refusal).into_response());
        }
    };
    let mut bytes = vec![0; if length == 0 { 0 } else { (last - first + 1) as usize }];
    file.seek(SeekFrom::Start(first))?;
    file.read_exact(&mut bytes)?;
    let mut response = (status, [kind, ranges], bytes).into_response();
    if status == StatusCode::PARTIAL_CONTENT
        && let Ok(value) = format!("bytes {first}-{last}/{length}").parse()
    {
        response.headers_mut().insert(header::CONTENT_RANGE, value);
    }
    Ok(response)
}

/// What a `Range` asks for.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    Whole,
    /// The first and the last byte.
    Part(u64, u64),
    Outside,
}

/// Reads `bytes=a-b`, `bytes=a-` and `bytes=-n`. What is none of these, or several ranges, is answered whole, as RFC 9110 allows.
fn range(text: &str, length: u64) -> Asked {
    let Some((first, last)) = text.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Asked::Whole;
    };
    let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<u64>().ok())?;
    match (first, number(first), last, number(last)) {
        ("", _, _, Some(0)) => Asked::Outside,
        ("", _, _, Some(count)) if length > 0 => Asked::Part(length.saturating_sub(count), length - 1),
        (_, Some(first), "", _) if first < length => Asked::Part(first, length - 1),
        (_, Some(first), _, Some(last)) if first <= last && first < length => {
            Asked::Part(first, last.min(length - 1))
        }
        (_, Some(first), _, Some(last)) if first > last => Asked::Whole,
        (_, Some(_), "", _) | (_, Some(_), _, Some(_)) | ("", _, _, Some(_)) => Asked::Outside,
        _ => Asked::Whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_what_the_standard_says() {
        for (text, expected) in [
            ("bytes=0-", Asked::Part(0, 99)),
            ("bytes=10-19", Asked::Part(10, 19)),
            ("bytes=90-1000", Asked::Part(90, 99)),
            ("bytes=-10", Asked::Part(90, 99)),
            ("bytes=-1000", Asked::Part(0, 99)),
            ("bytes=100-", Asked::Outside),
            ("bytes=100-200", Asked::Outside),
            ("bytes=-0", Asked::Outside),
            ("bytes=20-10", Asked::Whole),
            ("bytes=0-1,3-4", Asked::Whole),
            ("bytes=x-", Asked::Whole),
            ("bytes=-", Asked::Whole),
            ("bytes=+1-2", Asked::Whole),
            ("bytes=99999999999999999999999-", Asked::Whole),
            ("seconds=1-2", Asked::Whole),
        ] {
            assert_eq!(range(text, 100), expected, "{text}");
        }
        assert_eq!((range("bytes=0-", 0), range("bytes=-5", 0)), (Asked::Outside, Asked::Outside));
    }
}
