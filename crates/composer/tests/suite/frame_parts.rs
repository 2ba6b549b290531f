//! Models whose frames hold a melody apart, a choir or drums: what a piece of theirs has, and what they refuse.

use crate::common::{assert_refused, complaint, composer, printed};
use composer_music::{Score, midi};
use std::path::Path;
use tempfile::tempdir;

fn read(folder: &Path, file: &str) -> Score {
    midi::read(&std::fs::read(folder.join(file)).expect("a composition")).expect("a MIDI file").score
}

/// The names of the tracks, and how many notes begin while another note of the track sounds.
fn tracks(score: &Score) -> Vec<(&str, usize)> {
    let overlaps = |notes: &[composer_music::Note]| {
        notes.windows(2).filter(|pair| pair[1].onset < pair[0].end()).count()
    };
    let named = score.tracks.iter().filter(|track| !track.notes.is_empty());
    named.map(|track| (track.name.as_deref().unwrap_or(""), overlaps(&track.notes))).collect()
}

#[test]
fn songs_have_a_melody_and_an_accompaniment_and_hymns_four_voices() {
    let here = tempdir().unwrap();
    for (model, names) in [
        ("song", &["Melody", "Accompaniment"][..]),
        ("tune", &["Melody", "Chords"]),
        ("hymn", &["Soprano", "Alto", "Tenor", "Bass"]),
    ] {
        let args =
            ["compose", "--model", model, "--num-outputs", "1", "--length", "8bars", "--output-dir", model];
        let output = composer(here.path(), &args);
        assert!(output.status.success(), "{}", complaint(&output));
        let file = format!("{model}/composition-1.mid");
        let score = read(here.path(), &file);
        let found = tracks(&score);
        assert!(found.iter().map(|(name, _)| *name).eq(names.iter().copied()), "{model}: {found:?}");
        let programs: Vec<u8> =
            score.tracks.iter().flat_map(|track| track.notes.first()).map(|note| note.program).collect();
        assert!(
            model == "hymn" || programs.windows(2).any(|pair| pair[0] != pair[1]),
            "{model}: {programs:?}"
        );
        // What was composed is read as it was written.
        let scored = composer(here.path(), &["score", &file, "--model", model]);
        assert!(printed(&scored).contains("nats"), "{}", complaint(&scored));
    }
}

#[test]
fn drums_are_performed_and_made_again_by_their_recipe() {
    let here = tempdir().unwrap();
    let args =
        ["compose", "--model", "drums", "--style", "funk", "--num-outputs", "2", "--output-dir", "out"];
    let output = composer(here.path(), &args);
    assert!(output.status.success(), "{}", complaint(&output));
    let score = read(here.path(), "out/composition-2.mid");
    assert!(score.notes().all(|note| note.is_drum()));
    let velocities: std::collections::BTreeSet<u8> = score.notes().map(|note| note.velocity).collect();
    assert!(velocities.len() > 8, "{velocities:?}");
    let again = composer(here.path(), &["again", "out/composition-2.mid.json", "-o", "again.mid"]);
    assert!(again.status.success(), "{}", complaint(&again));
    assert!(read(here.path(), "again.mid") == score);
}

#[test]
fn what_such_models_cannot_do_is_refused_in_a_sentence() {
    let here = tempdir().unwrap();
    std::fs::copy(&crate::common::piano_files()[0], here.path().join("tune.mid")).unwrap();
    for (args, words) in [
        (&["compose", "--model", "song", "--range", "C3-C5"][..], &["range", "melody apart"][..]),
        (&["compose", "--model", "drums", "--key", "C major"], &["key", "writes drums"]),
        (&["compose", "--model", "drums", "--primer-midi", "tune.mid"], &["no drums to go on from"]),
        (&["infill", "tune.mid", "--bars", "3", "--model", "song"], &["melody apart", "compose and piano"]),
        (&["train", "--set", "music.parts=melody", "--representation", "remi"], &["music.parts", "frames"]),
        (&["train", "--set", "music.parts=opera"], &["opera", "lead-sheet"]),
    ] {
        assert_refused(&composer(here.path(), args), 2, words);
    }
}
