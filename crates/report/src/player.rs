//! A player of the notes of a score, with its piano rolls: the notes stand in the page, and a script plays them.
//!
//! A note is some twenty bytes, where a second of sound is 44,000 even at half the usual rate. What the script plays is simpler than what
//! `composer-audio` renders; a file of that can be linked beside it.

use crate::piano_roll::place;
use composer_audio::sounding_notes;
use composer_music::score::Ticks;
use composer_music::{Score, TempoMap};
use maud::{Markup, PreEscaped, html};
use std::fmt::Write;

/// The script that plays; once in a page, after the players. It gives other scripts `composerPlayer.schedule`, which plays a note.
pub const SCRIPT: &str = include_str!("player.js");

/// What the script calls the program of drums.
const DRUMS: u8 = 128;

/// A player of `score` below its piano rolls, which are SVG and end at the tick `end`. `file` is the name of a file beside the page with the
/// same music.
pub(crate) fn player(score: &Score, title: &str, rolls: &[Markup], end: Ticks, file: Option<&str>) -> Markup {
    let ((notes, seconds), places) = (notes(score), places(score, end));
    html! {
        div.player data-title=(title) data-notes=(notes) data-seconds=(format!("{seconds:.2}")) data-places=(places) {
            @for roll in rolls {
                div.roll tabindex="0" { div { (roll) span.cursor hidden {} } }
            }
            div.controls {
                button type="button" disabled aria-label={ "Play " (title) } { "▶" }
                input type="range" min="0" max="1" step="any" value="0" disabled aria-label={ "Position in " (title) };
                span.time {}
                @if let Some(file) = file {
                    a href=(file) { (file.rsplit('.').next().unwrap_or_default().to_uppercase()) }
                }
            }
        }
    }
}

/// The script, for the end of a page with players.
pub(crate) fn script() -> Markup {
    html! { script { (PreEscaped(SCRIPT)) } }
}

/// The notes as the script reads them, and how long they last.
fn notes(score: &Score) -> (String, f64) {
    let milliseconds = |seconds: f64| (1000.0 * seconds).round().max(0.0) as u64;
    let (mut text, mut before, mut last) = (String::new(), 0, 0.0_f64);
    for timed in sounding_notes(score) {
        let (start, note) = (milliseconds(timed.start), timed.note);
        let program = if note.is_drum() { DRUMS } else { note.program };
        let _ = write!(
            text,
            "{}{},{},{},{},{program}",
            if text.is_empty() { "" } else { " " },
            start - before,
            milliseconds(timed.end - timed.start),
            note.pitch,
            note.velocity
        );
        (before, last) = (start, last.max(timed.end));
    }
    (text, last + 0.5)
}

/// Pairs of seconds and a share of the width of a piano roll that ends at `end`, at every change of tempo.
fn places(score: &Score, end: Ticks) -> String {
    let tempo = TempoMap::new(score);
    let changes = score.tempos.iter().map(|tempo| tempo.tick).filter(|&tick| tick > 0 && tick < end);
    let mut ticks: Vec<Ticks> = std::iter::once(0).chain(changes).chain([end]).collect();
    ticks.sort_unstable();
    ticks.dedup();
    if ticks.len() < 2 {
        ticks.push(ticks[0] + 1);
    }
    let pair = |&tick: &Ticks| format!("{:.3},{:.5}", tempo.seconds(tick), place(tick, end));
    ticks.iter().map(pair).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use composer_music::score::DRUM_CHANNEL;
    use composer_music::{Note, Tempo, Track};

    #[test]
    fn notes_are_in_milliseconds_and_places_follow_the_tempo() {
        let mut score = Score::new(480);
        score.tempos = vec![
            Tempo { tick: 0, micros_per_quarter: 500_000 },
            Tempo { tick: 960, micros_per_quarter: 1_000_000 },
        ];
        let note =
            |onset, channel| Note { onset, duration: 480, pitch: 60, velocity: 80, channel, program: 4 };
        score.tracks.push(Track { name: None, notes: vec![note(480, DRUM_CHANNEL), note(960, 0)] });
        let (text, seconds) = notes(&score);
        assert_eq!(text, "500,500,60,80,128 500,1000,60,80,4");
        assert!((seconds - 2.5).abs() < 1e-9);
        assert_eq!(
            places(&score, score.end()),
            format!(
                "0.000,{0:.5} 1.000,{1:.5} 2.000,{2:.5}",
                34.0 / 960.0,
                (34.0 + 920.0 * 2.0 / 3.0) / 960.0,
                954.0 / 960.0
            )
        );
        let page = player(&score, "a <tune>", &[], 1440, Some("tune.wav")).into_string();
        assert!(
            page.contains("data-title=\"a &lt;tune&gt;\"") && page.contains("<a href=\"tune.wav\">WAV</a>")
        );
    }

    #[test]
    fn a_score_without_notes_is_silent() {
        let (text, seconds) = notes(&Score::new(480));
        assert_eq!((text.as_str(), seconds), ("", 0.5));
        assert!(places(&Score::new(480), 0).contains(' '));
    }

    #[test]
    fn the_script_asks_for_nothing_and_ends_no_element() {
        for word in ["</", "http", "fetch", "import", "XMLHttp", "eval"] {
            assert!(!SCRIPT.contains(word), "{word}");
        }
    }
}
