//! ABC: the order of sections (`P:`), macros (`m:`), symbols (`U:`), ends of lines and instruments of voices.

use composer_music::notation::{Format, Options, read_bytes, write};
use composer_music::{Note, Score, Track};

fn read(header: &str, body: &str) -> Score {
    let text = format!("X:1\nT:A tune\nM:4/4\nL:1/1\n{header}K:C\n{body}\n");
    read_bytes(text.as_bytes(), "a.abc", &Options::default())
        .unwrap_or_else(|error| panic!("{text}{error}"))
        .score
}

/// The letters of all notes of the first track, as they are played.
fn letters(header: &str, body: &str) -> String {
    let score = read(header, body);
    let letter = |note: &Note| char::from(b"CcDdEFfGgAaB"[usize::from(note.pitch % 12)]);
    score.tracks[0].notes.iter().map(letter).collect()
}

/// What abc2midi 4.84 plays, but where it is said.
#[test]
fn sections_are_played_in_the_order_of_the_header() {
    for (order, body, played) in [
        ("AB", "P:A\nC|D|\nP:B\nE|F|", "CDEF"),
        ("ABA", "P:A\n|:C|D:|\nP:B\n|:E|F:|", "CDCDEFEFCDCD"),
        ("((AB)2.C)2", "P:A\nC|\nP:B\nD|\nP:C\nE|", "CDCDECDCDE"),
        ("ABAB", "P:A\n|:C|[1D:|[2E|]\nP:B\nA|B|", "CDCEABCDCEAB"),
        ("BA", "G|\nP:A\nC|D|\nP:B\nE|F|", "GEFCD"),
        ("AXB", "P:A\nC|D|\nP:B\nE|F|", "CDEF"),
        ("AB", "P:A\nC|D|\nP:B\nE|F|\nP:C\nG|", "CDEF"),
        ("AB A", "[P:A]C|D|[P:B]E|F|", "CDEFCD"),
        ("AB", "P:A first\nC|D|\nP:B second\nE|F|", "CDEF"),
        ("A2B", "P:A\nC|D !fine!|\nP:B\nE|F!D.C.!|", "CDCDEF"),
        ("AAB", "C|D|", "CD"),
        ("BAB", "[P:A]\n[V:1]C|D|\n[V:2]C,|D,|\n[P:B]\n[V:1]E|F|\n[V:2]E,|F,|", "EFCDEF"),
        // The standard (4.10): a section that is played four times has four endings. abc2midi plays its repeats in each of the four.
        ("A4B", "P:A\nC|[1D:|[2E:|[3F:|[4G|]\nP:B\nA|B|", "CDCECFCGAB"),
        ("A2B", "P:A\n|:C|[1D:|[2E|]\nP:B\nA|B|", "CDCEAB"),
        ("A3B", "P:A\n|:C:|D|[1,2E|[3F|]\nP:B\nA|", "CCDECCDECCDFA"),
        // No order: what is written.
        ("played by ear", "P:A\nC|\nP:B\nD|", "CD"),
    ] {
        assert_eq!(letters(&format!("P:{order}\n"), body), played, "{order}: {body}");
    }
    let text = b"X:1\nL:1/1\nP:BA\nK:C\nP:A\nC|\nP:B\nD|\n";
    let written =
        read_bytes(text, "a.abc", &Options { repeats: false, ..Options::default() }).expect("reads");
    assert_eq!(
        written.score.notes().map(|note| note.pitch).collect::<Vec<_>>(),
        [60, 62],
        "the written order"
    );
}

#[test]
fn a_section_takes_its_metre_and_key_along() {
    let score = read("P:BAB\n", "P:A\nC|\nP:B\n[M:3/4][K:G]F3/4|\nP:C\n[K:C]F3/4|");
    let metres: Vec<_> =
        score.time_signatures.iter().map(|metre| (metre.numerator, metre.denominator)).collect();
    assert_eq!(metres, [(3, 4), (4, 4), (3, 4)]);
    let keys: Vec<_> = score.key_signatures.iter().map(|key| key.sharps).collect();
    assert_eq!(keys, [1, 0, 1]);
    assert_eq!(score.notes().map(|note| note.pitch).collect::<Vec<_>>(), [66, 60, 66]);
}

#[test]
fn an_order_that_would_never_end_is_not_played() {
    assert_eq!(letters("P:((((A99)99)99)99)99\n", "P:A\nC|"), "C");
    let text = format!("X:1\nL:1/1\nP:A20000\nK:C\nP:A\n{}", "C|\n".repeat(100));
    let error = read_bytes(text.as_bytes(), "a.abc", &Options::default()).map(|file| file.score.end());
    assert!(error.expect_err("too long").to_string().contains("measures"));
}

#[test]
fn macros_are_written_out() {
    let pitches =
        |header: &str, body: &str| -> Vec<u8> { read(header, body).notes().map(|note| note.pitch).collect() };
    assert_eq!(pitches("m: ~g2 = aba\n", "L:1/8\n~g2 d6|"), [81, 83, 81, 74]);
    // The tune of the standard's chapter on macros.
    let roll = "m: ~n2 = (3o/n/m/ n % for all rolls\n";
    assert_eq!(pitches(roll, "L:1/8\nEA~A2 ~D2B,D|"), [64, 69, 71, 69, 67, 69, 64, 62, 60, 62, 59, 62]);
    let score = read(roll, "L:1/8\n~A2 c6|");
    let ticks = u64::from(score.ticks_per_quarter);
    let onsets: Vec<_> = score.notes().map(|note| note.onset * 12 / ticks).collect();
    assert_eq!(onsets, [0, 2, 4, 6, 12], "a triplet of sixteenths and an eighth");
    let book = "m: T2 = cd\n\nX:1\nL:1/8\nK:C\nT2 e6|\n\nX:2\nL:1/8\nm: T2 = ef\nK:C\nT2 e6|\n";
    for (tune, first) in [(1, 72), (2, 76)] {
        let score =
            read_bytes(book.as_bytes(), &format!("a.abc#{tune}"), &Options::default()).expect("reads").score;
        assert_eq!(
            score.notes().next().map(|note| note.pitch),
            Some(first),
            "the file's macro, or the tune's own"
        );
    }
    let bomb = format!("m: T = {}\n", "T".repeat(190));
    let text = format!("X:1\n{bomb}K:C\n{}c|\n", "T".repeat(5000));
    let error = read_bytes(text.as_bytes(), "a.abc", &Options::default()).map(|file| file.score.end());
    assert!(error.expect_err("grows").to_string().contains("macros"));
}

#[test]
fn symbols_stand_for_decorations() {
    assert_eq!(letters("U: R = !fine!\nU: W = +D.C.+\n", "C|RD|EW|"), "CDECD");
    let score = read("U: h = !pp!\n", "hC|!ff!D|");
    assert_eq!(score.notes().map(|note| note.velocity).collect::<Vec<_>>(), [33, 112]);
    assert_eq!(letters("U: S = !nil!\n", "SC|D|E!D.S.!|"), "CDE", "S is no sign here");
    let score = read("U: J = \"Am\"\n", "JC|");
    assert_eq!(score.chord_symbols.len(), 1);
}

#[test]
fn an_exclamation_mark_may_end_a_line() {
    assert_eq!(letters("L:1/4\n", "CDEF|! GABc|!CDEF|"), "CDEFGABCCDEF");
    assert_eq!(letters("L:1/4\nI:linebreak !\n", "CD!EF!GA|"), "CDEFGA");
    assert_eq!(letters("L:1/4\n", "CD!trill!EF!mf!GA|"), "CDEFGA");
}

#[test]
fn lines_end_as_any_system_ends_them() {
    for end in ["\n", "\r\n", "\r"] {
        let text =
            ["X:1", "T:A tune", "L:1/4", "K:C", "CDEF|", "w: a b c d", "GABc|", "", "X:2", "K:D", "d8|", ""]
                .join(end);
        let first = read_bytes(text.as_bytes(), "a.abc#1", &Options::default()).expect("the first");
        assert_eq!(first.score.notes().count(), 8, "{end:?}");
        assert_eq!(first.report.notation.expect("a report").lyrics, 4);
        assert!(first.report.damage.is_empty(), "{end:?}: {:?}", first.report.damage);
        let second = read_bytes(text.as_bytes(), "a.abc#2", &Options::default()).expect("the second");
        assert_eq!(second.score.notes().next().map(|note| note.pitch), Some(74));
    }
}

#[test]
fn instruments_belong_to_their_voices() {
    let programs = |header: &str, body: &str| -> Vec<u8> {
        let score = read(header, body);
        score.tracks.iter().map(|track| track.notes[0].program).collect()
    };
    let two = "[V:1]C|\n[V:2]E|";
    assert_eq!(programs("V:1\n%%MIDI program 40\nV:2\n%%MIDI program 73\n", two), [40, 73]);
    assert_eq!(programs("V:1\n%%MIDI program 40\nV:2\n", two), [40, 0]);
    assert_eq!(programs("%%MIDI program 40\nV:1\nV:2\n", two), [40, 40], "of the tune, so of all its voices");
    assert_eq!(programs("", "V:1\n%%MIDI program 40\nV:2\n[V:1]C|\n[V:2]E|"), [40, 0]);
    assert_eq!(programs("", "V:1\nC|\nV:2\n[I:MIDI program 12]E|"), [0, 12]);
}

#[test]
fn a_change_of_instrument_is_written() {
    let note = |onset, program| Note { onset, duration: 480, pitch: 72, velocity: 80, channel: 0, program };
    let mut score = Score::new(480);
    score
        .tracks
        .push(Track { name: Some("Flute".into()), notes: vec![note(0, 73), note(480, 73), note(960, 40)] });
    let text = write(&score, Format::Abc).expect("written");
    let back = read_bytes(&text, "a.abc", &Options::default()).expect("reads").score;
    assert_eq!(back.notes().map(|note| note.program).collect::<Vec<_>>(), [73, 73, 40]);
    assert!(String::from_utf8_lossy(&text).contains("[I:MIDI program 40]"));
}
