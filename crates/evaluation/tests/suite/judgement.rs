//! The judgement against the reference: corruptions of texture are found by the figure meant for them, held-out real music is
//! left alone and scores about 50, and the obvious is said.

use composer_evaluation::corruption::{Corruption, Pool};
use composer_evaluation::failure::{Detectors, DetectorsByLength, Extent, Fault};
use composer_evaluation::grid::{Grid, GridNote};
use composer_evaluation::judgement::{Aspect, Side};
use composer_evaluation::significance::auc::auc;
use composer_evaluation::significance::quantile::quantile;
use composer_music::Score;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::corpora;

/// Corruptions of texture, the figure that is meant to find each, and the least AUC.
const MEANT: [(Corruption, Aspect, Side, f64); 4] = [
    (Corruption::ThinOut(0.5), Aspect::Density, Side::Low, 0.95),
    (Corruption::Sustain(0.5), Aspect::HeldNotes, Side::High, 0.95),
    (Corruption::Clutter(0.5), Aspect::PitchClasses, Side::High, 0.95),
    (Corruption::FlattenRange(12), Aspect::Range, Side::Low, 0.95),
];

#[test]
fn corruptions_of_texture_are_found_by_the_figure_meant_for_them() {
    let Some(corpus) = corpora::chorales() else { return };
    let detectors = Detectors::calibrate_grids(&corpus.train, Extent::Excerpts { quarters: 48 }, 1).unwrap();
    let pool = Pool::new(&corpus.train);
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    for (corruption, aspect, side, least) in MEANT {
        let sign = if side == Side::Low { -1.0 } else { 1.0 };
        let spoilt: Vec<Grid> =
            corpus.test.iter().map(|grid| corruption.apply(grid, &pool, &mut rng)).collect();
        let figure =
            |grids: &[Grid]| -> Vec<f64> { grids.iter().map(|grid| sign * aspect.of(grid)).collect() };
        let reached = auc(&figure(&spoilt), &figure(&corpus.test));
        assert!(reached >= least, "{corruption:?}: {reached:.3}");
        let named = spoilt.iter().filter(|grid| {
            let diagnosis = detectors.diagnose_grid(grid);
            diagnosis.findings.iter().any(|finding| finding.mode == Fault::Outside(aspect, side))
        });
        let named = named.count();
        assert!(2 * named > spoilt.len(), "{corruption:?}: {named} of {} are named", spoilt.len());
    }
}

#[test]
fn held_out_chorales_score_about_fifty_and_are_left_alone() {
    let Some(corpus) = corpora::chorales() else { return };
    let scores: Vec<Score> = corpus.test.iter().map(Grid::to_score).collect();
    let detectors =
        DetectorsByLength::calibrate(&corpus.train, &scores.iter().collect::<Vec<_>>(), 1).unwrap();
    let judged: Vec<_> = scores.iter().map(|score| detectors.of(score).diagnose(score)).collect();
    let accused = judged.iter().filter(|piece| !piece.findings.is_empty()).count();
    // One in twenty is the aim; two standard errors of 153 pieces are 3.5 %.
    assert!(1000 * accused < 85 * judged.len(), "{accused} of {} are accused", judged.len());
    let likeness: Vec<f64> = judged.iter().map(|piece| piece.likeness.unwrap().score).collect();
    let median = quantile(&likeness, 0.5);
    assert!((35.0..65.0).contains(&median), "{median}");
}

/// Tunes of eight bars in one style: a scale in quarters and eighths over a bass.
fn tune(seed: u64) -> Grid {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (mut notes, mut pitch) = (Vec::new(), 7i32);
    let scale = [0, 2, 4, 5, 7, 9, 11];
    for bar in 0..16u32 {
        let bass = 48 + scale[rng.random_range(0..7)] as u8;
        notes.push(GridNote { onset: 36 * bar, pitch: bass, duration: 36 });
        for beat in 0..3 {
            let halves = if rng.random_bool(0.4) { 2 } else { 1 };
            for half in 0..halves {
                pitch = (pitch + rng.random_range(-2..=2)).clamp(0, 13);
                let at = 36 * bar + 12 * beat + 6 * half;
                let sounding = 60 + 12 * (pitch / 7) + scale[pitch as usize % 7];
                notes.push(GridNote { onset: at, pitch: sounding as u8, duration: 12 / halves });
            }
        }
    }
    Grid::with_bars_of(notes, 36)
}

#[test]
fn bars_are_the_pieces_own_and_small_references_say_how_small_they_are() {
    let reference: Vec<Grid> = (0..14).map(tune).collect();
    let detectors = DetectorsByLength::calibrate(&reference, &[&tune(100).to_score()], 1).unwrap();
    let mut notes = tune(100).notes;
    // Bars 9 to 14 of 3/4: nothing but one chord.
    notes.retain(|note| !(36 * 8..36 * 14).contains(&note.onset));
    notes.extend([48, 52, 55].map(|pitch| GridNote { onset: 36 * 8, pitch, duration: 36 * 6 }));
    let score = Grid::with_bars_of(notes, 36).to_score();
    let diagnosis = detectors.of(&score).diagnose(&score);
    assert_eq!(diagnosis.bars, 16, "bars of three quarters");
    let held = diagnosis
        .findings
        .iter()
        .find(|finding| finding.mode == Fault::Outside(Aspect::HeldNotes, Side::High));
    let held = held.unwrap_or_else(|| panic!("{:?}", diagnosis.findings));
    assert_eq!(held.bars, std::slice::from_ref(&(8..14)));
    assert!(held.sentence.contains("38 %") && held.sentence.contains("bars 9–14"), "{}", held.sentence);
    let likeness = diagnosis.likeness.unwrap();
    assert_eq!(likeness.pieces, 14);
    // No piece of 14 is farther; up to a fifth may be.
    assert!(likeness.score < 10.0 && likeness.high > 20.0, "{likeness}");
    let real = tune(101).to_score();
    let real = detectors.of(&real).diagnose(&real);
    assert!(real.findings.is_empty() && real.likeness.unwrap().score > 5.0, "{:?}", real.findings);
}

#[test]
fn the_obvious_is_said_whatever_the_reference() {
    let reference: Vec<Grid> = (0..14).map(tune).collect();
    let detectors = Detectors::calibrate_grids(&reference, Extent::Excerpts { quarters: 48 }, 1).unwrap();
    let of = |notes: &[(u32, u8, u32)]| {
        let notes = notes.iter().map(|&(onset, pitch, duration)| GridNote { onset, pitch, duration });
        detectors.diagnose_grid(&Grid::with_bars_of(notes.collect(), 48))
    };
    for (notes, words) in [
        (&[][..], "not a single note"),
        (&[(0, 60, 12), (200, 64, 12), (400, 67, 12), (760, 60, 8)], "only 4 notes in 16 bars"),
        (&[(0, 45, 768), (0, 52, 768)], "A drone: two notes sound unbroken in bars 1–16"),
    ] {
        let diagnosis = of(notes);
        assert_eq!(diagnosis.findings[0].mode, Fault::HardlyAnyMusic);
        assert!(diagnosis.findings[0].sentence.contains(words), "{}", diagnosis.findings[0].sentence);
        assert!(diagnosis.likeness.unwrap().score < 5.0, "{words}");
        let json = serde_json::to_value(&diagnosis).unwrap();
        assert_eq!(json["findings"][0]["mode"], "hardly_any_music");
        assert!(json["figures"].as_object().unwrap().contains_key("held_notes"));
        assert!(json["likeness"]["high"].is_number());
    }
}
