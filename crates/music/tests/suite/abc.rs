//! ABC: every feature in a small tune of its own.

use composer_music::notation::{Options, read_all, read_bytes};
use composer_music::{ChordKind, Score};

fn read(body: &str) -> Score {
    let text = format!("X:1\nT:A tune\nM:4/4\nL:1/8\nK:C\n{body}\n");
    read_bytes(text.as_bytes(), "a.abc", &Options::default()).expect("reads").score
}

/// Onset and duration in sixtieths of a quarter, and pitch, of all notes.
fn notes(score: &Score) -> Vec<(u64, u64, u8)> {
    let ticks = u64::from(score.ticks_per_quarter);
    let sixtieths = |time: u64| time * 60 / ticks;
    score.notes().map(|note| (sixtieths(note.onset), sixtieths(note.duration), note.pitch)).collect()
}

fn pitches(body: &str) -> Vec<u8> {
    read(body).notes().map(|note| note.pitch).collect()
}

fn lengths(body: &str) -> Vec<u64> {
    notes(&read(body)).into_iter().map(|note| note.1).collect()
}

#[test]
fn lengths_are_multiplied_divided_and_broken() {
    assert_eq!(lengths("A A2 A3/2 A/ A/4 A//"), [30, 60, 45, 15, 7, 7]);
    assert_eq!(lengths("A>B A<B A>>B A2>B2"), [45, 15, 15, 45, 52, 7, 90, 30]);
    assert_eq!(lengths("(3ABc (3:2:2A2B (5ABcde"), [20, 20, 20, 40, 20, 12, 12, 12, 12, 12]);
    assert_eq!(notes(&read("A z B x2 c")), [(0, 30, 69), (60, 30, 71), (150, 30, 72)]);
    assert_eq!(notes(&read("A8|Z2|B8"))[1].0, 4 * 60 * 3);
}

#[test]
fn accidentals_hold_through_the_bar_and_octaves_are_marked() {
    assert_eq!(pitches("C, C c c' ^c c =c _b|c"), [48, 60, 72, 84, 73, 73, 72, 82, 72]);
    assert_eq!(pitches("^f F|f"), [78, 66, 77], "in all octaves");
    let one_octave = pitches("[I:propagate-accidentals octave]^f F f|f");
    assert_eq!(one_octave, [78, 65, 78, 77], "in one octave, where the tune says so");
    assert_eq!(pitches("[K:D]f c|[K:Gm]b e"), [78, 73, 82, 75]);
    assert_eq!(pitches("[K:D =c ^g]f c g"), [78, 72, 80]);
    assert_eq!(pitches("^c8-|c2 c2"), [73, 72], "a tie carries the accidental, and only a tie");
}

#[test]
fn chords_ties_and_grace_notes() {
    assert_eq!(
        notes(&read("[CEG]2 [C2E]")),
        [(0, 60, 60), (0, 60, 64), (0, 60, 67), (60, 60, 60), (60, 30, 64)]
    );
    assert_eq!(
        notes(&read("A4 B4-|B4 [CE]4-|[CE]8")),
        [(0, 120, 69), (120, 240, 71), (360, 360, 60), (360, 360, 64)]
    );
    let graced = read("A4 {Bc}d4");
    assert_eq!(graced.notes().map(|note| note.pitch).collect::<Vec<_>>(), [69, 71, 72, 74]);
    assert_eq!(graced.notes().last().map(|note| note.onset), Some(2 * u64::from(graced.ticks_per_quarter)));
}

#[test]
fn repeats_and_endings_are_played() {
    assert_eq!(pitches("|:C8|D8:|E8|]"), [60, 62, 60, 62, 64]);
    assert_eq!(pitches("C8|D8:|E8|]"), [60, 62, 60, 62, 64]);
    assert_eq!(pitches("|:C8|1D8:|2E8|]"), [60, 62, 60, 64]);
    assert_eq!(pitches("|:C8|[1,2 D8:|[3 E8||F8"), [60, 62, 60, 62, 60, 64, 65]);
    assert_eq!(pitches("C8::D8:|"), [60, 60, 62, 62]);
    assert_eq!(pitches("C8||D8:|"), [60, 62, 62], "a double bar begins a section");
    assert_eq!(pitches("C8|!fine!D8|E8!D.C.!|"), [60, 62, 64, 60, 62]);
    let text = b"X:1\nK:C\n|:C8:|\n";
    let written =
        read_bytes(text, "a.abc", &Options { repeats: false, ..Options::default() }).expect("reads");
    assert_eq!(written.score.notes().count(), 1);
}

#[test]
fn chord_symbols_are_kept_and_annotations_are_not() {
    let score = read("\"Am7/G\"A4 \"^slowly\"B4|\"F#dim\"c8");
    let chords: Vec<_> =
        score.chord_symbols.iter().map(|chord| (chord.root, chord.kind, chord.bass)).collect();
    assert_eq!(chords, [(Some(9), ChordKind::MinorSeventh, Some(7)), (Some(6), ChordKind::Diminished, None)]);
}

#[test]
fn voices_and_overlays_sound_together() {
    let text = "X:1\nM:3/4\nL:1/4\nV:1 name=\"Violin\"\nV:2 clef=bass octave=-1\nK:F\nV:1\nA B c|d3|\nV:2\nF3 & A3|B3|\n[V:1] e3|\n[V:2] C3|\n";
    let score = read_bytes(text.as_bytes(), "a.abc", &Options::default()).expect("reads").score;
    let names: Vec<_> = score.tracks.iter().map(|track| track.name.as_deref().unwrap()).collect();
    assert_eq!(names, ["Violin", "Part 2"]);
    let expected = [(0, 60, 69), (60, 60, 70), (120, 60, 72), (180, 180, 74), (360, 180, 76)];
    assert_eq!(notes(&score)[..5], expected);
    assert_eq!(notes(&score)[5..], [(0, 180, 53), (0, 180, 57), (180, 180, 58), (360, 180, 48)]);
}

#[test]
fn tempos_metres_and_instruments() {
    for (field, micros) in [
        ("Q:1/4=100", 600_000),
        ("Q:\"Allegro\" 3/8=80", 500_000),
        ("Q:120", 1_000_000),
        ("Q:1/8 1/4=40", 1_000_000),
    ] {
        let text = format!("X:1\nM:6/8\nL:1/8\n{field}\n%%MIDI program 73\nK:C\nABc def|[M:C|]A8|\n");
        let score = read_bytes(text.as_bytes(), "a.abc", &Options::default()).expect("reads").score;
        assert_eq!(score.tempos[0].micros_per_quarter, micros, "{field}");
        assert_eq!(score.notes().next().map(|note| note.program), Some(73));
        let metres: Vec<_> =
            score.time_signatures.iter().map(|metre| (metre.numerator, metre.denominator)).collect();
        assert_eq!(metres, [(6, 8), (2, 2)]);
    }
}

#[test]
fn a_tune_book_holds_pieces_by_number() {
    let book = b"% a book\n\nX:3\nT:First\nK:C\nC8|\n\nfree text\n\nX:12\nT:Second\nK:D\nD8|\n\nX:13\nT:Broken\nQ:x\nK:D\nD8|\n";
    let options = Options::default();
    let error = read_bytes(book, "a.abc", &options).expect_err("several").to_string();
    assert!(error.contains("3 tunes") && error.contains("#3"), "{error}");
    let tune = read_bytes(book, "a.abc#12", &options).expect("the second");
    assert_eq!(tune.score.notes().next().map(|note| note.pitch), Some(62));
    let report = tune.report.notation.expect("a report");
    assert_eq!((report.tune, report.title.as_deref()), (Some(12), Some("Second")));
    let error = read_bytes(book, "a.abc#7", &options).expect_err("none").to_string();
    assert!(error.contains("no tune X:7") && error.contains("3, 12, 13"), "{error}");
    let all = read_all(book, "a.abc", &options).expect("a book");
    let found: Vec<_> = all.iter().map(|(number, tune)| (*number, tune.is_ok())).collect();
    assert_eq!(found, [(Some(3), true), (Some(12), true), (Some(13), false)]);
    let error = all[2].1.as_ref().expect_err("damaged").to_string();
    assert!(error.contains("at line 17") && error.contains("Q:"), "{error}");
}
