//! What is written as MusicXML and ABC: small scores whose notation is known.

use composer_music::notation::{Format, quantised, write};
use composer_music::{ChordKind, ChordSymbol, KeySignature, Note, Score, Tempo, TimeSignature, Track};
use std::io::Read;

/// A score of one track at 24 ticks to a quarter: onset, length, pitch.
pub fn score(notes: &[(u64, u64, u8)]) -> Score {
    let mut score = Score::new(24);
    let note = |&(onset, duration, pitch): &(u64, u64, u8)| Note {
        onset,
        duration,
        pitch,
        velocity: 90,
        channel: 0,
        program: 73,
    };
    score.tracks = vec![Track { name: Some("Flute".into()), notes: notes.iter().map(note).collect() }];
    score.key_signatures = vec![KeySignature { tick: 0, sharps: 0, minor: false }];
    score
}

fn metre(numerator: u8, denominator: u8) -> TimeSignature {
    TimeSignature { tick: 0, numerator, denominator }
}

/// MusicXML without the white space between elements.
fn xml(score: &Score) -> String {
    let text = String::from_utf8(write(score, Format::MusicXml).expect("written")).expect("UTF-8");
    text.lines().map(str::trim).collect()
}

/// Fails with the text if it lacks one of these, in this order.
fn has(text: &str, wanted: &[&str]) {
    let mut rest = text;
    for part in wanted {
        let at = rest.find(part).unwrap_or_else(|| panic!("{part} is not in its place in\n{text}"));
        rest = &rest[at + part.len()..];
    }
}

#[test]
fn values_have_dots_and_ties() {
    let text = xml(&score(&[(0, 36, 72), (36, 24, 74), (60, 36, 76)]));
    has(&text, &["<type>quarter</type><dot/>", "<type>eighth</type>", "<type>eighth</type>"]);
    has(
        &text,
        &[
            "<note dynamics=\"100\"><pitch><step>D</step><octave>5</octave></pitch><duration>1</duration><tie type=\"start\"/>",
            "<tied type=\"start\"/>",
            "<note><pitch><step>D</step><octave>5</octave></pitch><duration>1</duration><tie type=\"stop\"/>",
            "<tied type=\"stop\"/>",
        ],
    );
    has(&text, &["<bar-style>light-heavy</bar-style>"]);
}

#[test]
fn an_upbeat_is_measure_0() {
    let mut upbeat = score(&[(0, 24, 67), (24, 72, 72)]);
    upbeat.time_signatures = vec![metre(1, 4), TimeSignature { tick: 24, ..metre(3, 4) }];
    has(
        &xml(&upbeat),
        &[
            "<measure number=\"0\" implicit=\"yes\">",
            "<beats>3</beats><beat-type>4</beat-type>",
            "<measure number=\"1\">",
            "<type>half</type><dot/>",
        ],
    );
    assert_eq!(xml(&upbeat).matches("<time>").count(), 1);
    let signatures = quantised(&upbeat).expect("quantised").time_signatures;
    assert_eq!(signatures.iter().map(|found| found.numerator).collect::<Vec<_>>(), [1, 3]);
}

#[test]
fn tuplets_have_ratios_and_brackets() {
    let text = xml(&score(&[(0, 8, 72), (8, 8, 74), (16, 8, 76), (24, 16, 77), (40, 16, 79), (56, 16, 77)]));
    has(
        &text,
        &[
            "<actual-notes>3</actual-notes><normal-notes>2</normal-notes><normal-type>eighth</normal-type>",
            "<tuplet type=\"start\" number=\"1\" bracket=\"no\"/>",
            "<tuplet type=\"stop\" number=\"1\"/>",
        ],
    );
    let quarters = xml(&score(&[(0, 16, 72), (16, 16, 74), (32, 16, 76)]));
    has(&quarters, &["<type>quarter</type>", "<normal-type>quarter</normal-type>", "bracket=\"yes\""]);
}

#[test]
fn short_notes_are_beamed_by_beats() {
    let text = xml(&score(&[(0, 12, 72), (12, 6, 74), (18, 6, 76), (24, 12, 72), (36, 12, 72)]));
    has(
        &text,
        &[
            "<beam number=\"1\">begin</beam>",
            "<beam number=\"1\">continue</beam><beam number=\"2\">begin</beam>",
            "<beam number=\"1\">end</beam><beam number=\"2\">end</beam>",
            "<beam number=\"1\">begin</beam>",
            "<beam number=\"1\">end</beam>",
        ],
    );
}

#[test]
fn accidentals_are_shown_once_in_a_measure() {
    let text = xml(&score(&[(0, 24, 66), (24, 24, 66), (48, 24, 65), (72, 24, 67), (96, 96, 66)]));
    assert_eq!(text.matches("<accidental>sharp</accidental>").count(), 2, "{text}");
    assert_eq!(text.matches("<accidental>natural</accidental>").count(), 1);
    assert_eq!(text.matches("<alter>1</alter>").count(), 3);
    let mut in_g = score(&[(0, 24, 66), (24, 24, 65)]);
    in_g.key_signatures[0].sharps = 1;
    has(&xml(&in_g), &["<fifths>1</fifths><mode>major</mode>", "<accidental>natural</accidental>"]);
    assert!(!xml(&in_g).contains("<accidental>sharp"));
}

#[test]
fn a_key_that_is_not_stated_is_found() {
    let scale = [64, 66, 68, 69, 71, 73, 75, 76, 68, 71, 64, 64];
    let mut in_e = score(&(0..12).map(|step| (24 * step, 24, scale[step as usize])).collect::<Vec<_>>());
    in_e.key_signatures.clear();
    has(&xml(&in_e), &["<fifths>4</fifths><mode>major</mode>"]);
}

#[test]
fn two_hands_have_two_staves_of_one_part() {
    let mut piano = score(&[(0, 24, 72)]);
    piano.tracks[0].name = Some("Piano right hand".into());
    let mut left = piano.tracks[0].clone();
    left.name = Some("Piano left hand".into());
    left.notes[0].pitch = 48;
    piano.tracks.push(left);
    let text = xml(&piano);
    assert_eq!(text.matches("<score-part ").count(), 1);
    has(
        &text,
        &[
            "<part-name>Piano</part-name>",
            "<staves>2</staves>",
            "<clef number=\"1\"><sign>G</sign>",
            "<clef number=\"2\"><sign>F</sign>",
            "<voice>1</voice><type>quarter</type><staff>1</staff>",
            "<backup><duration>4</duration></backup>",
            "<voice>5</voice><type>quarter</type><staff>2</staff>",
        ],
    );
    // One track for piano that needs both staves.
    let mut together = piano.clone();
    let both = [piano.tracks[1].notes[0], piano.tracks[0].notes[0]].map(|note| Note { program: 0, ..note });
    together.tracks = vec![Track { name: None, notes: both.to_vec() }];
    has(&xml(&together), &["<staves>2</staves>"]);
}

#[test]
fn a_held_note_makes_a_second_voice() {
    let text = xml(&score(&[(0, 96, 60), (0, 48, 72), (48, 48, 74)]));
    has(&text, &["<voice>1</voice><type>half</type>", "<backup>", "<voice>2</voice><type>whole</type>"]);
}

#[test]
fn tempos_dynamics_and_chord_symbols_are_marks() {
    let mut marked = score(&[0, 1, 2, 3, 4, 5].map(|measure| (96 * measure, 96, 72)));
    marked.tempos = vec![
        Tempo { tick: 0, micros_per_quarter: 600_000 },
        Tempo { tick: 150, micros_per_quarter: 400_000 },
    ];
    marked.tracks[0].notes[..3].iter_mut().for_each(|note| note.velocity = 50);
    marked.chord_symbols = vec![
        ChordSymbol { tick: 48, root: Some(6), kind: ChordKind::MinorSeventh, bass: Some(1) },
        ChordSymbol { tick: 96, root: None, kind: ChordKind::Other, bass: None },
    ];
    let text = xml(&marked);
    has(
        &text,
        &[
            "<dynamics><p/></dynamics>",
            "<beat-unit>quarter</beat-unit><per-minute>100</per-minute>",
            "<sound tempo=\"100\"/>",
            "<root><root-step>F</root-step><root-alter>1</root-alter></root><kind text=\"m7\">minor-seventh</kind>",
            "<bass><bass-step>C</bass-step><bass-alter>1</bass-alter></bass><offset>",
            "<note dynamics=\"55.56\">",
            "<per-minute>150</per-minute>",
            "<offset sound=\"yes\">",
            "<kind text=\"N.C.\">none</kind>",
            "<dynamics><f/></dynamics>",
        ],
    );
}

#[test]
fn drums_are_unpitched() {
    let mut drums = score(&[(0, 1, 36), (0, 1, 42), (12, 1, 42), (24, 1, 38), (24, 1, 42)]);
    drums.tracks[0].notes.iter_mut().for_each(|note| (note.channel, note.program) = (9, 0));
    drums.tracks[0].name = None;
    has(
        &xml(&drums),
        &[
            "<part-name>Drums</part-name>",
            "<instrument-name>Bass Drum 1</instrument-name>",
            "<midi-channel>10</midi-channel><midi-program>1</midi-program><midi-unpitched>37</midi-unpitched>",
            "<sign>percussion</sign>",
            "<unpitched><display-step>G</display-step><display-octave>5</display-octave></unpitched>",
            "<type>eighth</type><notehead>x</notehead>",
            "<display-step>F</display-step><display-octave>4</display-octave>",
        ],
    );
    let refused = write(&drums, Format::Abc).unwrap_err().to_string();
    assert!(refused.contains("percussion"), "{refused}");
}

#[test]
fn clefs_follow_the_range() {
    let clef = |name: &str, program: u8, pitch: u8| {
        let mut part = score(&[(0, 96, pitch), (96, 96, pitch)]);
        part.tracks[0].name = Some(name.into());
        part.tracks[0].notes.iter_mut().for_each(|note| note.program = program);
        let text = xml(&part);
        text.split_once("<clef>")
            .and_then(|(_, rest)| rest.split_once("</clef>"))
            .expect("a clef")
            .0
            .to_owned()
    };
    assert_eq!(clef("Flute", 73, 76), "<sign>G</sign><line>2</line>");
    assert_eq!(clef("Cello", 42, 45), "<sign>F</sign><line>4</line>");
    assert_eq!(clef("Viola", 41, 60), "<sign>C</sign><line>3</line>");
    assert_eq!(
        clef("Tenor", 52, 60),
        "<sign>G</sign><line>2</line><clef-octave-change>-1</clef-octave-change>"
    );
    assert_eq!(
        clef("Bass", 33, 36),
        "<sign>F</sign><line>4</line><clef-octave-change>-1</clef-octave-change>"
    );
}

#[test]
fn names_are_escaped_and_programs_kept() {
    let mut odd = score(&[(0, 24, 72), (24, 24, 72)]);
    odd.tracks[0].name = Some("A <b> & \"c\"\u{7}".into());
    odd.tracks[0].notes[1].program = 40;
    has(
        &xml(&odd),
        &[
            "<part-name>A &lt;b&gt; &amp; ",
            "<midi-program>74</midi-program>",
            "<midi-program>41</midi-program>",
            "<instrument id=\"P1-I2\"/>",
        ],
    );
}

#[test]
fn compressed_files_hold_the_same_document() {
    let tune = score(&[(0, 24, 72)]);
    let bytes = write(&tune, Format::CompressedMusicXml).expect("written");
    assert_eq!(bytes, write(&tune, Format::CompressedMusicXml).expect("written again"));
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).expect("an archive");
    let mut container = String::new();
    archive.by_name("META-INF/container.xml").expect("there").read_to_string(&mut container).expect("text");
    assert!(container.contains("full-path=\"score.musicxml\""), "{container}");
    let mut document = Vec::new();
    archive.by_name("score.musicxml").expect("there").read_to_end(&mut document).expect("bytes");
    assert_eq!(document, write(&tune, Format::MusicXml).expect("written"));
}

#[test]
fn abc_has_keys_chords_ties_and_tuplets() {
    let mut tune = score(&[
        (0, 12, 67),
        (12, 12, 71),
        (24, 8, 74),
        (32, 8, 73),
        (40, 8, 74),
        (48, 72, 79),
        (120, 24, 66),
        (144, 48, 67),
        (144, 48, 71),
    ]);
    tune.key_signatures[0].sharps = 1;
    tune.tempos = vec![Tempo { tick: 0, micros_per_quarter: 500_000 }];
    tune.chord_symbols = vec![ChordSymbol { tick: 0, root: Some(7), kind: ChordKind::Major, bass: None }];
    let text = String::from_utf8(write(&tune, Format::Abc).expect("written")).expect("UTF-8");
    assert_eq!(
        text,
        "X:1\nT:Flute\nM:4/4\nL:1/8\nQ:1/4=120\nK:G\n%%MIDI program 73\n\"G\"GB (3:2:3d^cd g4- | g2 F2 [GB]4 |]\n"
    );
}

#[test]
fn a_score_without_notes_is_a_measure_of_rest() {
    has(&xml(&Score::new(480)), &["<rest measure=\"yes\"/>", "<duration>4</duration>"]);
}

#[test]
fn music_that_would_never_end_is_refused() {
    let far = score(&[(1 << 40, 1, 60)]);
    let text = write(&far, Format::MusicXml).unwrap_err().to_string();
    assert!(text.contains("measures long"), "{text}");
}
