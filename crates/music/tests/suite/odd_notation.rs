//! Notation that is allowed and seldom: what readers of scores stumble over.

use crate::musicxml::{document, note, note_with, notes, parts, read, rest};
use composer_music::notation::{Options, read_bytes};
use composer_music::{BarMap, Score};

fn pitches(score: &Score) -> Vec<u8> {
    score.notes().map(|note| note.pitch).collect()
}

fn backup(duration: u32) -> String {
    format!("<backup><duration>{duration}</duration></backup>")
}

fn barline(location: &str, inside: &str) -> String {
    format!("<barline location=\"{location}\">{inside}</barline>")
}

fn sound(attributes: &str) -> String {
    format!("<direction><direction-type><words>x</words></direction-type><sound {attributes}/></direction>")
}

#[test]
fn grace_notes_at_both_sides_of_a_bar_line_follow_each_other() {
    let first = note("C4", 48)
        + &note_with("<grace steal-time-previous=\"20\"/>", "D4", 0, "")
        + &note_with("<grace/>", "E4", 0, "");
    let second = note_with("<grace/>", "F4", 0, "") + &note("G4", 48);
    let score = read(&document(&[&first, &second]));
    let unit = u64::from(score.ticks_per_quarter) / 8;
    let found: Vec<_> =
        score.notes().map(|note| (note.onset / unit, note.duration / unit, note.pitch)).collect();
    assert_eq!(found, [(0, 29, 60), (29, 1, 62), (30, 1, 64), (31, 1, 65), (32, 32, 67)]);
    let at_the_end = read(&document(&[&first]));
    assert_eq!(pitches(&at_the_end), [60, 62, 64]);
    assert_eq!(at_the_end.end(), 4 * u64::from(at_the_end.ticks_per_quarter));
}

#[test]
fn ties_cross_endings_and_repeats_as_they_are_played() {
    let tied = |tie: &str| note_with("", "D4", 48, &format!("<tie type=\"{tie}\"/>"));
    let a = barline("left", "<repeat direction=\"forward\"/>") + &tied("start");
    let ending = |number: u32, repeat: &str| {
        barline("left", &format!("<ending number=\"{number}\" type=\"start\"/>"))
            + &tied("stop")
            + &barline("right", &format!("<ending number=\"{number}\" type=\"stop\"/>{repeat}"))
    };
    let score = read(&document(&[&a, &ending(1, "<repeat direction=\"backward\"/>"), &ending(2, "")]));
    assert_eq!(notes(&score), [(0, 96, 62), (96, 96, 62)], "into the first ending, and into the second");
    let open = barline("left", "<repeat direction=\"forward\"/>")
        + &note("D4", 24)
        + &note_with("", "D4", 24, "<tie type=\"start\"/>")
        + &barline("right", "<repeat direction=\"backward\"/>");
    let score = read(&document(&[&open, &tied("stop")]));
    assert_eq!(
        notes(&score),
        [(0, 24, 62), (24, 24, 62), (48, 24, 62), (72, 72, 62)],
        "not back to the beginning"
    );
}

#[test]
fn dal_segno_al_coda_takes_the_last_ending() {
    let measures = [
        note("C4", 48),
        sound("segno=\"segno\"") + &barline("left", "<repeat direction=\"forward\"/>") + &note("D4", 48),
        barline("left", "<ending number=\"1\" type=\"start\"/>")
            + &note("E4", 48)
            + &barline("right", "<ending number=\"1\" type=\"stop\"/><repeat direction=\"backward\"/>"),
        barline("left", "<ending number=\"2\" type=\"start\"/>")
            + &note("F4", 48)
            + &sound("tocoda=\"coda\"")
            + &barline("right", "<ending number=\"2\" type=\"discontinue\"/>"),
        note("G4", 48) + &sound("dalsegno=\"segno\""),
        sound("coda=\"coda\"") + &note("A4", 48),
    ];
    let measures: Vec<&str> = measures.iter().map(String::as_str).collect();
    assert_eq!(pitches(&read(&document(&measures))), [60, 62, 64, 62, 65, 67, 62, 65, 69]);
}

#[test]
fn a_piece_without_metre_has_measures_as_long_as_their_notes() {
    let free = "<attributes><time><senza-misura/></time></attributes>".to_owned() + &note("C4", 84);
    let score = read(&document(&[&free, &note("D4", 30), &note("E4", 48)]));
    assert_eq!(notes(&score), [(0, 84, 60), (84, 30, 62), (114, 48, 64)]);
    let unit = u64::from(score.ticks_per_quarter) / 12;
    let bars: Vec<u64> = BarMap::new(&score).bars(score.end()).map(|bar| bar.start / unit).collect();
    assert_eq!(bars, [0, 84, 114]);
}

#[test]
fn a_part_may_have_very_many_staves_and_a_score_very_many_parts() {
    let staves: String = (1..=128)
        .map(|staff| {
            note_with("", "C4", 48, &format!("<voice>{staff}</voice><staff>{staff}</staff>")) + &backup(48)
        })
        .collect();
    let score = read(&document(&[&("<attributes><staves>128</staves></attributes>".to_owned() + &staves)]));
    assert_eq!((score.tracks.len(), score.notes().count()), (128, 128));
    let one = note("C4", 48);
    let ids: Vec<String> = (1..=128).map(|number| format!("P{number}")).collect();
    let list: String = ids
        .iter()
        .map(|id| format!("<score-part id=\"{id}\"><part-name>{id}</part-name></score-part>"))
        .collect();
    let measures = [one.as_str()];
    let all: Vec<(&str, &[&str])> = ids.iter().map(|id| (id.as_str(), &measures[..])).collect();
    let score = read(&parts(&list, &all));
    assert_eq!(score.tracks.len(), 128);
    assert!(score.notes().all(|note| note.channel < 16 && !note.is_drum()));
}

#[test]
fn cue_notes_are_silent_and_take_their_time() {
    let cue = "<note><cue/><pitch><step>C</step><octave>5</octave></pitch><duration>24</duration></note>";
    let score = read(&document(&[&(cue.to_owned() + &note("D4", 24))]));
    assert_eq!(notes(&score), [(24, 24, 62)]);
}

#[test]
fn percussion_without_instruments_is_what_stands_at_its_place() {
    let clef = "<attributes><clef><sign>percussion</sign></clef></attributes>";
    let hit = |step: &str, octave: u32, head: &str| {
        format!(
            "<note><unpitched><display-step>{step}</display-step><display-octave>{octave}</display-octave></unpitched>\
             <duration>12</duration>{head}</note>"
        )
    };
    let cross = "<notehead>x</notehead>";
    let measure =
        clef.to_owned() + &hit("F", 4, "") + &hit("C", 5, "") + &hit("G", 5, cross) + &hit("D", 4, cross);
    let score = read(&document(&[&measure]));
    assert_eq!(pitches(&score), [36, 38, 42, 44]);
    assert!(score.notes().all(composer_music::Note::is_drum));
    // Nothing says what it is, not even its place.
    let bare = "<note><unpitched/><duration>48</duration></note>";
    assert_eq!(pitches(&read(&document(&[bare]))), [38]);
}

#[test]
fn a_transposition_may_change_and_go_by_octaves() {
    let transpose = |chromatic: i32, octaves: i32| {
        format!(
            "<attributes><transpose><chromatic>{chromatic}</chromatic><octave-change>{octaves}</octave-change></transpose></attributes>"
        )
    };
    let first = transpose(-9, -1) + &note("C5", 48);
    let second = transpose(0, 1) + &note("C5", 24) + &transpose(0, 0) + &note("C5", 24);
    assert_eq!(pitches(&read(&document(&[&first, &second]))), [51, 84, 72]);
}

#[test]
fn a_backup_before_the_measure_stops_at_its_beginning() {
    let text = document(&[
        &note("C4", 48),
        &(note("D4", 24) + &backup(99) + &note_with("", "E4", 48, "<voice>2</voice>")),
    ]);
    let file = read_bytes(text.as_bytes(), "a.musicxml", &Options::default()).expect("reads");
    assert_eq!(notes(&file.score), [(0, 48, 60), (48, 24, 62), (48, 48, 64)]);
    assert_eq!(file.report.damage.len(), 1);
}

#[test]
fn empty_measures_and_rests_of_several_take_their_time() {
    let several = "<attributes><measure-style><multiple-rest>2</multiple-rest></measure-style></attributes>";
    let rests = several.to_owned() + "<note><rest measure=\"yes\"/></note>";
    let score = read(&document(&[&note("C4", 48), &rests, &rest(48), "", &note("D4", 48)]));
    assert_eq!(notes(&score), [(0, 48, 60), (192, 48, 62)]);
    let again = "<attributes><measure-style><measure-repeat type=\"start\">1</measure-repeat></measure-style></attributes>";
    let text = document(&[&note("C4", 48), &(again.to_owned() + &rest(48))]);
    let report = read_bytes(text.as_bytes(), "a.musicxml", &Options::default()).expect("reads").report;
    assert_eq!(report.not_kept.get("sign for the measure or beat before it"), Some(&1));
}

#[test]
fn a_sound_stands_where_its_offset_says() {
    let measure = note("C4", 12)
        + "<sound tempo=\"60\"/>"
        + &note("D4", 12)
        + "<sound tempo=\"90\"><offset>6</offset></sound>"
        + &note("E4", 24);
    let score = read(&document(&[&measure]));
    let unit = u64::from(score.ticks_per_quarter) / 12;
    let tempos: Vec<_> =
        score.tempos.iter().map(|tempo| (tempo.tick / unit, tempo.micros_per_quarter)).collect();
    assert_eq!(tempos, [(12, 1_000_000), (30, 666_667)]);
}

/// The notes of a tune of ABC in eighths: onset, length, pitch.
fn tune(text: &str) -> Vec<(u64, u64, u8)> {
    let score = read_bytes(text.as_bytes(), "a.abc", &Options::default())
        .unwrap_or_else(|error| panic!("{text}: {error}"))
        .score;
    let unit = u64::from(score.ticks_per_quarter) / 2;
    score.notes().map(|note| (note.onset / unit, note.duration / unit, note.pitch)).collect()
}

#[test]
fn abc_of_any_encoding_and_with_texts_between_is_read() {
    let latin = b"X:1\nT:Fl\xF6te\nL:1/8\nK:C\nV:1 name=\"Fl\xF6te\"\nc8|\n";
    let file = read_bytes(latin, "a.abc", &Options::default()).expect("reads");
    assert_eq!(file.score.tracks[0].name.as_deref(), Some("Flöte"));
    let marked = "\u{feff}X:1\nT:Tänze\nL:1/8\nK:C\nc8|\nw: ü-ber — 日本語\n";
    assert_eq!(tune(marked), [(0, 8, 72)]);
    let block = "X:1\nL:1/8\nK:C\nc8|\n%%begintext\nAll A and B are bad.\n%%endtext\nd8|\n";
    assert_eq!(tune(block), [(0, 8, 72), (8, 8, 74)]);
    let long = format!("X:1\nL:1/8\nK:C\nc8|\nw: {}\nd8|\n", "la- ".repeat(200_000));
    assert_eq!(tune(&long).len(), 2);
}

#[test]
fn abc_voices_may_differ_in_length_and_in_layers() {
    let voices = "X:1\nM:4/4\nL:1/8\nK:C\nV:1\nc8|d8|e8|\nV:2\nC8|\n";
    assert_eq!(tune(voices), [(0, 8, 72), (8, 8, 74), (16, 8, 76), (0, 8, 60)]);
    let layers = "X:1\nM:4/4\nL:1/8\nK:C\nc8&E4&G2A2|d8&[F6A6]|\n";
    let expected = [(0, 4, 64), (0, 2, 67), (0, 8, 72), (2, 2, 69), (8, 6, 65), (8, 6, 69), (8, 8, 74)];
    assert_eq!(tune(layers), expected);
}

#[test]
fn abc_fields_inside_of_a_line_hold_from_there() {
    let text = "X:1\nM:4/4\nL:1/8\nK:C\nF4[K:D]F4|[L:1/4]f2[M:3/4]f2|[K:none][L:1/8]f6|\n";
    assert_eq!(tune(text), [(0, 4, 65), (4, 4, 66), (8, 4, 78), (12, 4, 78), (16, 6, 77)]);
    let directives =
        "X:1\nL:1/8\nK:C\n%%MIDI program 1 40\n%%MIDI nonsense\n%%MIDI\n%%\n%%MIDI program 999\nc8|\n";
    assert_eq!(tune(directives), [(0, 8, 72)]);
}

#[test]
fn abc_bar_lines_of_every_form_divide_the_measures() {
    for (text, played) in [
        ("C8|D8||E8[|F8|]", vec![60, 62, 64, 65]),
        ("C8|:D8:||:E8:|", vec![60, 62, 62, 64, 64]),
        ("|:C8:|:D8:|", vec![60, 60, 62, 62]),
        ("|:C8|[1D8:|[2E8||F8|", vec![60, 62, 60, 64, 65]),
        ("|:C8|1 D8:|2 E8|]F8|", vec![60, 62, 60, 64, 65]),
        ("|: C8 | [1-2 D8 :| [3 E8 |]", vec![60, 62, 60, 62, 60, 64]),
        ("|::C8::|D8|", vec![60, 60, 60, 62]),
        ("C8.|D8[|]E8|", vec![60, 62, 64]),
        ("[|:C8:|]D8|", vec![60, 60, 62]),
    ] {
        let text = format!("X:1\nM:4/4\nL:1/8\nK:C\n{text}\n");
        let found: Vec<u8> = tune(&text).into_iter().map(|note| note.2).collect();
        assert_eq!(found, played, "{text}");
    }
}
