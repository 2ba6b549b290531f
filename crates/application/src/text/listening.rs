//! A new listening test as text; [`composer_report::text::listening`] has the results of one.

use crate::listening::MadeStudy;
use composer_music::input::shown;
use composer_music::text::counted;
use std::fmt::Write;

/// What was made, and what to do with it.
pub fn made(study: &MadeStudy) -> String {
    let MadeStudy { file, clips, items, participants, trials, loudness, paired_by_name } = study;
    let (file, clips, items) = (shown(file), counted(*clips, "clip"), counted(*items, "item"));
    let (participants, trials) = (counted(*participants, "participant"), counted(*trials, "trial"));
    let mut text = format!("{file}: {clips}, {items}, {loudness:.1} LUFS\n");
    let _ = writeln!(text, "  {participants}, {trials} each, with catch trials and repeated ones");
    if *paired_by_name {
        text.push_str("  files of the same name are judged together\n");
    }
    let _ = writeln!(text, "Read and change it, then serve it: composer listen serve {file}");
    text
}
