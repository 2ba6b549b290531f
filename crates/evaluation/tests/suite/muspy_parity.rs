//! Parity with MusPy 0.5.0 on seeded scores; goldens by `scripts/goldens/muspy_metrics.py`.

use approx::abs_diff_eq;
use composer_evaluation::statistics::muspy::{self, NoTracks};
use composer_music::score::DRUM_CHANNEL;
use composer_music::{Note, Score, Track};
use serde_json::Value;

/// numpy adds in another order and has a logarithm of its own: entropies agree to a few units in the last place.
const ENTROPY_TOLERANCE: f64 = 8.0 * f64::EPSILON;

fn score(case: &Value) -> Score {
    let mut score = Score::new(case["resolution"].as_u64().unwrap() as u16);
    for track in case["tracks"].as_array().unwrap() {
        let channel = if track[0].as_bool().unwrap() { DRUM_CHANNEL } else { 0 };
        let note = |note: &Value| Note {
            onset: note[0].as_u64().unwrap(),
            pitch: note[1].as_u64().unwrap() as u8,
            duration: note[2].as_u64().unwrap(),
            velocity: 64,
            channel,
            program: 0,
        };
        let notes = track[1].as_array().unwrap().iter().map(note).collect();
        score.tracks.push(Track { name: None, notes });
    }
    score
}

fn ours(score: &Score, metric: &str) -> Result<f64, NoTracks> {
    let measure = 4 * u64::from(score.ticks_per_quarter);
    Ok(match metric {
        "pitch_range" => muspy::pitch_range(score).into(),
        "n_pitches_used" => muspy::n_pitches_used(score).into(),
        "n_pitch_classes_used" => muspy::n_pitch_classes_used(score).into(),
        "polyphony" => muspy::polyphony(score)?,
        "polyphony_rate" => muspy::polyphony_rate(score, 2)?,
        "polyphony_rate_1" => muspy::polyphony_rate(score, 1)?,
        "pitch_in_scale_rate_g_major" => muspy::pitch_in_scale_rate(score, 7, false),
        "pitch_in_scale_rate_b_flat_minor" => muspy::pitch_in_scale_rate(score, 10, true),
        "scale_consistency" => muspy::scale_consistency(score),
        "pitch_entropy" => muspy::pitch_entropy(score),
        "pitch_class_entropy" => muspy::pitch_class_entropy(score),
        "empty_beat_rate" => muspy::empty_beat_rate(score)?,
        "empty_measure_rate" => muspy::empty_measure_rate(score, measure)?,
        "drum_in_pattern_rate_duple" => muspy::drum_in_pattern_rate(score, false),
        "drum_in_pattern_rate_triple" => muspy::drum_in_pattern_rate(score, true),
        "drum_pattern_consistency" => muspy::drum_pattern_consistency(score),
        "groove_consistency" => muspy::groove_consistency(score, measure)?,
        other => panic!("no such metric: {other}"),
    })
}

#[test]
fn every_metric_agrees_on_every_score() {
    let golden: Value = serde_json::from_str(include_str!("../goldens/muspy.json")).unwrap();
    assert_eq!(golden["versions"]["muspy"], "0.5.0");
    let (mut wrong, mut compared) = (Vec::new(), 0);
    for (i, case) in golden["cases"].as_array().unwrap().iter().enumerate() {
        let score = score(case);
        for (metric, expected) in case["metrics"].as_object().unwrap() {
            let ours = ours(&score, metric);
            let expected = expected.as_str().unwrap();
            let tolerance = if metric.ends_with("entropy") { ENTROPY_TOLERANCE } else { 0.0 };
            let agrees = match (ours, expected) {
                (Err(NoTracks), "error") => true,
                (Ok(value), "nan") => value.is_nan(),
                (Ok(value), number) => number.parse::<f64>().is_ok_and(|expected| {
                    abs_diff_eq!(value, expected, epsilon = tolerance * expected.abs())
                        && value.is_sign_negative() == expected.is_sign_negative()
                }),
                _ => false,
            };
            compared += 1;
            if !agrees {
                wrong.push(format!("case {i}, {metric}: {ours:?}, MusPy {expected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {compared} differ:\n{}", wrong.len(), wrong.join("\n"));
    println!("{compared} values agree");
}
