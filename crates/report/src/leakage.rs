//! What test pieces share with training pieces, as text.

use crate::text::{number, thousands};
use composer_evaluation::leakage::{Leakage, NEAR_DUPLICATE, PieceLeakage, SubsetNats};
use composer_music::text::counted;
use std::fmt::Write;

/// Pieces that are listed.
const LISTED: usize = 10;

/// Totals, likelihoods, and the pieces that share most; pieces and frames are counted from 0, as in the file.
pub fn table(name: &str, leakage: &Leakage, predictors: &[SubsetNats]) -> String {
    let (totals, options) = (leakage.totals(), leakage.options);
    let mut text = format!(
        "{name}: {}, {} frames.\nPassages of at least {} frames and {} chords that are also in a training piece:\n\n{:<44}{:>8}{:>10}{:>9}\n",
        counted(totals.pieces, "test piece"),
        thousands(totals.frames as u64),
        options.min_frames,
        options.min_frames.div_ceil(2),
        "",
        "pieces",
        "frames",
        "share"
    );
    let as_written = leakage.pieces.iter().filter(|piece| piece.as_written.frames > 0).count();
    for (what, pieces, frames) in [
        ("with a passage, up to transposition", as_written, Some(totals.frames_as_written)),
        ("with one, up to transposition and tempo", totals.with_passage, Some(totals.frames_any_tempo)),
        ("more than half inside such passages", totals.mostly_shared, None),
        (
            &format!("near duplicates: more than {:.0} %", 100.0 * NEAR_DUPLICATE),
            totals.near_duplicates,
            None,
        ),
        ("duplicates: the whole of a training piece", totals.duplicates, None),
        (
            &format!("clean: at most {:.0} %", 100.0 * options.clean_share),
            totals.clean_pieces,
            Some(totals.clean_frames),
        ),
    ] {
        let share = frames.map(|frames| percent(frames as f64 / totals.frames as f64)).unwrap_or_default();
        let frames = frames.map(|frames| thousands(frames as u64)).unwrap_or_default();
        let _ = writeln!(text, "{what:<44}{pieces:>8}{frames:>10}{share:>9}");
    }
    let _ = writeln!(text, "\n{:<44}{:>8}{:>10}{:>9}", "nats per frame", "all", "clean", "others");
    for row in predictors {
        let [all, clean, others] = [row.all, row.clean, row.others].map(nats);
        let _ = writeln!(text, "{:<44}{all:>8}{clean:>10}{others:>9}", row.name);
    }
    text.push_str(
        "\n                   longest passage           begins   in training\n\
         piece  frames   share  chords  frames   notes  at frame   piece  at frame  semitones   tempo\n",
    );
    leakage.worst_first().into_iter().take(LISTED).for_each(|piece| text.push_str(&line(piece)));
    text.push_str("\nPieces and frames are counted from 0. Tempo: how many times longer chords last in the test piece.\n");
    text
}

fn line(piece: &PieceLeakage) -> String {
    let mut line = format!("{:>5}{:>8}{:>8}", piece.piece, piece.frames, percent(piece.share));
    if let Some(passage) = &piece.any_tempo.longest {
        let _ = write!(
            line,
            "{:>8}{:>8}{:>8}{:>10}{:>8}{:>10}{:>11}{:>8}",
            passage.chords,
            passage.frames,
            passage.notes,
            passage.start,
            passage.source,
            passage.source_start,
            passage.transposition,
            number(passage.stretch)
        );
    }
    if let Some(source) = piece.duplicate_of {
        let _ = write!(line, "  duplicate of {source}");
    }
    line + "\n"
}

fn percent(share: f64) -> String {
    if share.is_finite() { format!("{:.1} %", 100.0 * share) } else { "–".into() }
}

fn nats(value: f64) -> String {
    if value.is_finite() { format!("{value:.3}") } else { "–".into() }
}
