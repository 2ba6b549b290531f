//! Faults of voice leading as music21 counts them; goldens by `scripts/goldens/voice_leading.py`.

use approx::abs_diff_eq;
use composer_evaluation::grid::{Grid, GridNote, STEPS_PER_QUARTER};
use composer_evaluation::statistics::voice_leading::{FAULTS, VoiceLeading, voice_leading};
use serde_json::Value;

use crate::corpora;

fn golden() -> Value {
    let golden: Value = serde_json::from_str(include_str!("../goldens/voice_leading.json")).unwrap();
    assert!(golden["versions"]["music21"].as_str().unwrap().starts_with("10."));
    golden
}

fn check(what: &str, ours: &VoiceLeading, expected: &Value) {
    assert_eq!(ours.notes as u64, expected["notes"].as_u64().unwrap(), "{what}: notes");
    let differing: Vec<String> = FAULTS
        .iter()
        .map(|fault| (fault.name, (fault.count)(ours) as u64, expected[fault.name].as_u64().unwrap()))
        .filter(|(_, ours, expected)| ours != expected)
        .map(|(name, ours, expected)| format!("{name}: {ours}, music21 {expected}"))
        .collect();
    assert!(differing.is_empty(), "{what}: {differing:?}");
}

#[test]
fn faults_of_random_voices_agree() {
    let mut total = VoiceLeading::default();
    for (i, case) in golden()["cases"].as_array().unwrap().iter().enumerate() {
        let number = |value: &Value| value.as_u64().unwrap() as u32;
        let note = |note: &Value| GridNote {
            onset: number(&note[0]),
            pitch: number(&note[1]) as u8,
            duration: number(&note[2]),
        };
        let voice = |voice: &Value| {
            let notes = voice.as_array().unwrap().iter().map(note).collect();
            Grid::with_bars_of(notes, 4 * STEPS_PER_QUARTER)
        };
        let voices: Vec<Grid> = case["voices"].as_array().unwrap().iter().map(voice).collect();
        let counts = voice_leading(&voices);
        check(&format!("case {i}"), &counts, &case["counts"]);
        total.merge(&counts);
    }
    for fault in FAULTS {
        assert!((fault.count)(&total) > 0, "{}: cases without it prove nothing", fault.name);
    }
}

/// The rates that every figure is shown beside are those of the golden, and ours on the chorales.
#[test]
fn bachs_own_rates_agree() {
    let golden = &golden()["jsb_chorales"];
    for fault in FAULTS {
        let expected = 100.0 * golden["counts"][fault.name].as_f64().unwrap()
            / golden["counts"]["notes"].as_f64().unwrap();
        assert!(
            abs_diff_eq!(fault.bach, expected, epsilon = 1e-12),
            "{}: {}, music21 {expected}",
            fault.name,
            fault.bach
        );
    }
    let Some(chorales) = corpora::chorale_voices() else { return };
    let mut counts = VoiceLeading::default();
    chorales.iter().for_each(|voices| counts.merge(&voice_leading(voices)));
    assert_eq!(chorales.len() as u64, golden["pieces"].as_u64().unwrap());
    check("JSB Chorales", &counts, &golden["counts"]);
}
