//! MusicXML: every feature in a small file of its own.

use composer_music::notation::{Options, read_bytes};
use composer_music::{BarMap, ChordKind, Score};

/// A document of one part with these measures, quarters of 12 divisions, in 4/4.
pub fn document(measures: &[&str]) -> String {
    parts("<score-part id=\"P1\"><part-name>Voice</part-name></score-part>", &[("P1", measures)])
}

pub fn parts(list: &str, parts: &[(&str, &[&str])]) -> String {
    let mut text = format!(
        "<?xml version=\"1.0\"?>\n<!DOCTYPE score-partwise PUBLIC \"-//Recordare//DTD MusicXML 4.0 Partwise//EN\" \
         \"http://www.musicxml.org/dtds/partwise.dtd\">\n<score-partwise version=\"4.0\"><part-list>{list}</part-list>"
    );
    for (id, measures) in parts {
        text += &format!("<part id=\"{id}\">");
        for (index, measure) in measures.iter().enumerate() {
            let attributes = "<attributes><divisions>12</divisions><time><beats>4</beats><beat-type>4</beat-type></time></attributes>";
            let attributes = if index == 0 { attributes } else { "" };
            text += &format!("\n<measure number=\"{}\">{attributes}{measure}</measure>", index + 1);
        }
        text += "</part>";
    }
    text + "</score-partwise>"
}

/// A note: step with octave (`C4`, `F#4`, `Bb3`), duration, other elements before the duration and after it.
pub fn note_with(before: &str, pitch: &str, duration: u32, after: &str) -> String {
    let (step, octave) = (&pitch[..1], &pitch[pitch.len() - 1..]);
    let alter = match &pitch[1..pitch.len() - 1] {
        "#" => "<alter>1</alter>",
        "b" => "<alter>-1</alter>",
        _ => "",
    };
    let length = if duration > 0 { format!("<duration>{duration}</duration>") } else { String::new() };
    format!(
        "<note>{before}<pitch><step>{step}</step>{alter}<octave>{octave}</octave></pitch>{length}{after}</note>"
    )
}

pub fn note(pitch: &str, duration: u32) -> String {
    note_with("", pitch, duration, "")
}

pub fn rest(duration: u32) -> String {
    format!("<note><rest/><duration>{duration}</duration></note>")
}

fn read_with(text: &str, options: &Options) -> Score {
    read_bytes(text.as_bytes(), "a.musicxml", options).expect("reads").score
}

pub fn read(text: &str) -> Score {
    read_with(text, &Options::default())
}

/// Onset, duration and pitch of all notes in twelfths of a quarter.
pub fn notes(score: &Score) -> Vec<(u64, u64, u8)> {
    let unit = u64::from(score.ticks_per_quarter) / 12;
    score.notes().map(|note| (note.onset / unit, note.duration / unit, note.pitch)).collect()
}

#[test]
fn voices_chords_and_ties_are_placed_by_backup_and_forward() {
    let first = [
        note("C4", 24),
        note_with("<chord/>", "E4", 24, ""),
        note_with("", "G4", 24, "<tie type=\"start\"/>"),
        "<backup><duration>48</duration></backup>".into(),
        "<forward><duration>12</duration></forward>".into(),
        note_with("", "C3", 36, "<voice>2</voice>"),
    ]
    .concat();
    let second = [note_with("", "G4", 12, "<tie type=\"stop\"/>"), note("G4", 36)].concat();
    let score = read(&document(&[&first, &second]));
    let expected = [(0, 24, 60), (0, 24, 64), (12, 36, 48), (24, 36, 67), (60, 36, 67)];
    assert_eq!(notes(&score), expected);
    assert_eq!(score.tracks[0].name.as_deref(), Some("Voice"));
}

#[test]
fn tuplets_of_any_ratio_are_exact() {
    let attributes = "<attributes><divisions>1155</divisions></attributes>";
    let tuplets: String = [(3, 2), (5, 4), (7, 4), (11, 8)]
        .iter()
        .map(|&(n, of)| {
            let length = 1155 / n;
            assert!(of < n);
            note("C4", length).repeat(n as usize)
        })
        .collect();
    let score = read(&document(&[&(attributes.to_owned() + &tuplets)]));
    let quarter = u64::from(score.ticks_per_quarter);
    let onsets: Vec<u64> = score.notes().map(|note| note.onset).collect();
    for (place, number) in [(0, 3), (3, 5), (8, 7), (15, 11)] {
        let start = onsets[place];
        assert!(start.is_multiple_of(quarter));
        for k in 0..number {
            assert_eq!((onsets[place + k as usize] - start) * number, k * quarter, "{number}");
        }
    }
}

#[test]
fn grace_notes_come_before_the_beat_and_take_their_time_from_the_note_before() {
    let measure = [
        note("C4", 24),
        note_with("<grace slash=\"yes\"/>", "D4", 0, ""),
        note_with("<grace/>", "E4", 0, ""),
        note("F4", 24),
    ]
    .concat();
    let text = document(&[&measure]);
    let score = read(&text);
    let ticks = u64::from(score.ticks_per_quarter);
    let found: Vec<_> = score.notes().map(|note| (note.onset, note.end(), note.pitch)).collect();
    let expected = [
        (0, 2 * ticks - ticks / 4, 60),
        (2 * ticks - ticks / 4, 2 * ticks - ticks / 8, 62),
        (2 * ticks - ticks / 8, 2 * ticks, 64),
        (2 * ticks, 4 * ticks, 65),
    ];
    assert_eq!(found, expected);
    let without = read_with(&text, &Options { grace_notes: false, ..Options::default() });
    assert_eq!(notes(&without), [(0, 24, 60), (24, 24, 65)]);
    let at_start = document(&[&[note_with("<grace/>", "D4", 0, ""), note("F4", 48)].concat()]);
    let score = read(&at_start);
    let found: Vec<_> = score.notes().map(|note| (note.onset, note.end(), note.pitch)).collect();
    let eighth = u64::from(score.ticks_per_quarter) / 8;
    assert_eq!(found, [(0, eighth, 62), (eighth, 32 * eighth, 65)]);
}

#[test]
fn transposing_instruments_and_percussion_sound_as_they_are_meant() {
    let list = "<score-part id=\"P1\"><part-name>Clarinet in Bb</part-name></score-part>\
        <score-part id=\"P2\"><part-name>Drumset</part-name><score-instrument id=\"D1\"><instrument-name>Kick</instrument-name></score-instrument>\
        <score-instrument id=\"D2\"><instrument-name>Hat</instrument-name></score-instrument>\
        <midi-instrument id=\"D1\"><midi-channel>10</midi-channel><midi-unpitched>37</midi-unpitched></midi-instrument>\
        <midi-instrument id=\"D2\"><midi-channel>10</midi-channel><midi-unpitched>43</midi-unpitched></midi-instrument></score-part>";
    let clarinet =
        "<attributes><key><fifths>2</fifths></key><transpose><diatonic>-1</diatonic><chromatic>-2</chromatic>\
        <octave-change>-1</octave-change></transpose></attributes>"
            .to_owned() + &note("D5", 48);
    let hit = |id: &str| {
        format!(
            "<note><unpitched><display-step>C</display-step><display-octave>5</display-octave></unpitched><duration>24</duration><instrument id=\"{id}\"/></note>"
        )
    };
    let drums = [hit("D1"), hit("D2")].concat();
    let score = read(&parts(list, &[("P1", &[&clarinet]), ("P2", &[&drums])]));
    assert_eq!(notes(&score), [(0, 48, 60), (0, 24, 36), (24, 24, 42)]);
    let kinds: Vec<_> = score.notes().map(|note| (note.is_drum(), note.program)).collect();
    assert_eq!(kinds, [(false, 71), (true, 0), (true, 0)]);
    assert_eq!((score.key_signatures[0].sharps, score.key_signatures[0].minor), (0, false));
}

#[test]
fn hands_are_tracks_and_roles_are_found() {
    let list = "<score-part id=\"P1\"><part-name>Singstimme</part-name></score-part>\
        <score-part id=\"P2\"><part-name>Pianoforte</part-name></score-part>";
    let staff = |pitch: &str, staff: u32, voice: u32| {
        note_with("", pitch, 48, &format!("<voice>{voice}</voice><staff>{staff}</staff>"))
    };
    let piano = [
        "<attributes><staves>2</staves></attributes>".into(),
        staff("E4", 1, 1),
        "<backup><duration>48</duration></backup>".into(),
        staff("C2", 2, 5),
    ]
    .concat();
    let score = read(&parts(list, &[("P1", &[&note("G4", 48)]), ("P2", &[&piano])]));
    let names: Vec<_> = score.tracks.iter().map(|track| track.name.as_deref().unwrap()).collect();
    assert_eq!(names, ["Singstimme", "Pianoforte right hand", "Pianoforte left hand"]);
    let programs: Vec<_> = score.notes().map(|note| (note.program, note.channel)).collect();
    assert_eq!(programs, [(52, 0), (0, 1), (0, 1)]);
    let roles = composer_music::roles::roles(&score, &std::collections::BTreeMap::new());
    let roles: Vec<String> = roles.parts.iter().map(|part| part.role.to_string()).collect();
    assert_eq!(roles, ["melody", "accompaniment", "accompaniment"]);
}

#[test]
fn tempos_dynamics_and_metres_are_read() {
    let direction = |inside: &str, sound: &str| {
        format!("<direction><direction-type>{inside}</direction-type>{sound}</direction>")
    };
    let metronome = "<metronome><beat-unit>quarter</beat-unit><beat-unit-dot/><per-minute>ca. 80</per-minute></metronome>";
    let first = [
        "<attributes><time><beats>3+2</beats><beat-type>8</beat-type></time></attributes>".to_owned(),
        direction("<words>Allegro</words>", "<sound tempo=\"90\"/>"),
        direction("<dynamics><p/></dynamics>", ""),
        note("C4", 12),
        direction("<dynamics><sf/></dynamics>", ""),
        note("C4", 6),
        direction("<dynamics><f/></dynamics>", "<sound dynamics=\"100\"/>"),
        note("C4", 12),
    ]
    .concat();
    let second = [
        "<attributes><time><beats>6</beats><beat-type>8</beat-type></time></attributes>".to_owned(),
        direction(metronome, ""),
        note_with("", "C4", 36, ""),
    ]
    .concat();
    let score = read(&document(&[&first, &second]));
    let tempos: Vec<_> = score.tempos.iter().map(|tempo| tempo.micros_per_quarter).collect();
    assert_eq!(tempos, [666_667, 500_000]);
    let velocities: Vec<_> = score.notes().map(|note| note.velocity).collect();
    assert_eq!(velocities, [49, 112, 90, 90]);
    let metres: Vec<_> =
        score.time_signatures.iter().map(|metre| (metre.numerator, metre.denominator)).collect();
    assert_eq!(metres, [(5, 8), (6, 8)]);
}

#[test]
fn upbeats_and_divided_measures_keep_the_bars_in_place() {
    let measures = [note("G4", 12), note("C4", 48), note("C4", 36), note("G4", 12), note("C4", 48)];
    let measures: Vec<&str> = measures.iter().map(String::as_str).collect();
    let score = read(&document(&measures));
    let unit = u64::from(score.ticks_per_quarter) / 12;
    let bars = BarMap::new(&score);
    assert_eq!(bars.upbeat(), Some(12 * unit));
    let starts: Vec<u64> = bars.bars(score.end()).map(|bar| bar.start / unit).collect();
    assert_eq!(starts, [0, 12, 60, 96, 108]);
}

#[test]
fn rounded_tuplets_do_not_move_the_bars() {
    // Of 120 divisions: seven notes of 69 are three more than a bar.
    let score = read(&document(&[
        &("<attributes><divisions>120</divisions></attributes>".to_owned() + &note("C4", 69).repeat(7)),
        &note("D4", 480),
    ]));
    assert_eq!(notes(&score)[7], (48, 48, 62));
    let starts: Vec<u64> = BarMap::new(&score).bars(score.end()).map(|bar| bar.start).collect();
    assert_eq!(starts, [0, 4 * u64::from(score.ticks_per_quarter)]);
}

#[test]
fn repeats_and_endings_are_unfolded_unless_the_written_order_is_wanted() {
    let bar = |location: &str, inside: &str| format!("<barline location=\"{location}\">{inside}</barline>");
    let a = bar("left", "<repeat direction=\"forward\"/>") + &note("C4", 48);
    let b = bar("left", "<ending number=\"1\" type=\"start\"/>")
        + &note_with("", "D4", 48, "<tie type=\"start\"/>")
        + &bar("right", "<ending number=\"1\" type=\"stop\"/><repeat direction=\"backward\"/>");
    let c = bar("left", "<ending number=\"2\" type=\"start\"/>")
        + &note_with("", "D4", 48, "<tie type=\"stop\"/>")
        + &bar("right", "<ending number=\"2\" type=\"discontinue\"/>");
    let text = document(&[&a, &b, &c]);
    let pitches = |score: &Score| -> Vec<u8> { score.notes().map(|note| note.pitch).collect() };
    assert_eq!(pitches(&read(&text)), [60, 62, 60, 62], "a tie into another ending begins anew");
    let written = read_with(&text, &Options { repeats: false, ..Options::default() });
    assert_eq!(notes(&written), [(0, 48, 60), (48, 96, 62)]);
    let jump = |sound: &str| {
        format!("<direction><direction-type><words>x</words></direction-type><sound {sound}/></direction>")
    };
    let al_fine =
        [note("C4", 48), note("D4", 48) + &jump("fine=\"yes\""), note("E4", 48) + &jump("dacapo=\"yes\"")];
    let measures: Vec<&str> = al_fine.iter().map(String::as_str).collect();
    assert_eq!(pitches(&read(&document(&measures))), [60, 62, 64, 60, 62]);
    let words =
        |text: &str| format!("<direction><direction-type><words>{text}</words></direction-type></direction>");
    let sign = "<direction><direction-type><segno/></direction-type></direction>".to_owned();
    let dal_segno =
        [note("C4", 48), sign + &note("D4", 48) + &words("Fine"), note("E4", 48) + &words("D.S. al Fine")];
    let measures: Vec<&str> = dal_segno.iter().map(String::as_str).collect();
    assert_eq!(pitches(&read(&document(&measures))), [60, 62, 64, 62]);
}

#[test]
fn chord_symbols_and_lyrics_are_kept_and_counted() {
    let harmony = "<harmony><root><root-step>F</root-step><root-alter>1</root-alter></root><kind text=\"m7\">minor-seventh</kind>\
        <bass><bass-step>C</bass-step><bass-alter>1</bass-alter></bass></harmony>";
    let sung = note_with("", "C4", 48, "<lyric><syllabic>single</syllabic><text>la</text></lyric>");
    let text = document(&[&(harmony.to_owned() + &sung)]);
    let file = read_bytes(text.as_bytes(), "a.xml", &Options::default()).expect("reads");
    let [chord] = file.score.chord_symbols[..] else { panic!("one chord") };
    assert_eq!(
        (chord.tick, chord.root, chord.kind, chord.bass),
        (0, Some(6), ChordKind::MinorSeventh, Some(1))
    );
    let report = file.report.notation.expect("a report");
    assert_eq!((report.lyrics, report.chord_symbols, report.measures), (1, 1, 1));
}

#[test]
fn timewise_documents_and_other_encodings_are_read() {
    let partwise = document(&[&note("C4", 48), &(note("D4", 36) + &rest(12))]);
    let measure = |number: u32, inside: &str| {
        format!("<measure number=\"{number}\"><part id=\"P1\">{inside}</part></measure>")
    };
    let attributes = "<attributes><divisions>12</divisions></attributes>";
    let timewise = format!(
        "<score-timewise version=\"3.0\"><part-list><score-part id=\"P1\"><part-name>Voice</part-name></score-part></part-list>{}{}</score-timewise>",
        measure(1, &(attributes.to_owned() + &note("C4", 48))),
        measure(2, &(note("D4", 36) + &rest(12)))
    );
    let expected = notes(&read(&partwise));
    assert_eq!(notes(&read(&timewise)), expected);
    let utf16: Vec<u8> =
        std::iter::once(0xFEFF).chain(partwise.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let latin: Vec<u8> = partwise
        .replace("<?xml version=\"1.0\"?>", "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>")
        .replace("Voice", "Fl\u{f6}te")
        .chars()
        .map(|letter| letter as u8)
        .collect();
    for bytes in [utf16, latin] {
        assert_eq!(
            notes(&read_bytes(&bytes, "a.musicxml", &Options::default()).expect("reads").score),
            expected
        );
    }
}
