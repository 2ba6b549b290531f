//! The promises of the failure detectors, on real music: each finds its own failure, names it first, points at the
//! right bars, and leaves real music alone.

use composer_evaluation::corruption::{Corruption, Pool};
use composer_evaluation::failure::{Detectors, Extent, FailureMode, Fault, STRUCTURE_NEGATIVES};
use composer_evaluation::grid::Grid;
use composer_evaluation::significance::auc::{auc, share_above};
use composer_music::Score;
use corpora::Corpus;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::sync::OnceLock;

use crate::corpora;

/// Least AUC of a detector on the main corruptions of its mode.
const TARGETS: [(Corruption, FailureMode, f64); 7] = [
    (Corruption::Jitter(0.1), FailureMode::TimingArtefacts, 0.95),
    (Corruption::CutDurations(0.1), FailureMode::TimingArtefacts, 0.95),
    (Corruption::Loop(2), FailureMode::Repetition, 0.99),
    (Corruption::LoopingTail(0.5), FailureMode::Repetition, 0.99),
    (Corruption::SemitoneSteps(4), FailureMode::HarmonicDrift, 0.95),
    (Corruption::JumpWalk(1.0), FailureMode::NoStructure, 0.95),
    (Corruption::Patchwork(2), FailureMode::NoStructure, 0.95),
];

fn calibrated(corpus: &Corpus) -> Detectors {
    Detectors::calibrate_grids(&corpus.train, Extent::WholePieces, 1).unwrap()
}

/// The chorales, with detectors for whole pieces, calibrated once; `None` when the set is absent.
fn chorales() -> Option<&'static (Corpus, Detectors)> {
    static CHORALES: OnceLock<Option<(Corpus, Detectors)>> = OnceLock::new();
    let calibrated = || {
        let corpus = corpora::chorales()?;
        let detectors = calibrated(&corpus);
        Some((corpus, detectors))
    };
    CHORALES.get_or_init(calibrated).as_ref()
}

fn check(corpus: &Corpus, detectors: &Detectors) {
    let pool = Pool::new(&corpus.train);
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let clean: Vec<[f64; 4]> = corpus.test.iter().map(|grid| detectors.scores(grid)).collect();
    let column = |rows: &[[f64; 4]], mode: FailureMode| -> Vec<f64> {
        rows.iter().map(|row| row[mode as usize]).filter(|score| !score.is_nan()).collect()
    };
    for mode in FailureMode::ALL {
        let false_positives = share_above(&column(&clean, mode), detectors.thresholds()[mode as usize]);
        // One in twenty is the aim; two standard errors of 150 pieces are 3.5 %.
        assert!(false_positives < 0.085, "{}: {}: {false_positives}", corpus.name, mode.name());
    }
    let mut failures = Vec::new();
    for (corruption, mode, target) in TARGETS {
        let corrupted: Vec<[f64; 4]> = corpus
            .test
            .iter()
            .map(|grid| detectors.scores(&corruption.apply(grid, &pool, &mut rng)))
            .collect();
        let reached = auc(&column(&corrupted, mode), &column(&clean, mode));
        println!("{}: {corruption:?}: {reached:.3}", corpus.name);
        if reached < target {
            failures.push(format!("{}: {corruption:?}: {reached:.3} < {target}", corpus.name));
        }
    }
    assert!(failures.is_empty(), "{failures:?}");
}

#[test]
fn detectors_find_their_failures_in_chorales() {
    if let Some((corpus, detectors)) = chorales() {
        check(corpus, detectors);
    }
}

#[test]
fn detectors_find_their_failures_in_folk_tunes() {
    if let Some(corpus) = corpora::nottingham() {
        check(&corpus, &calibrated(&corpus));
    }
}

/// Not overfitted: the structure detector finds a corruption that it was not fitted to.
#[test]
fn structure_is_found_on_an_unseen_corruption() {
    let Some(corpus) = corpora::chorales() else { return };
    let pool = Pool::new(&corpus.train);
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    for unseen in [Corruption::JumpWalk(1.0), Corruption::Patchwork(2)] {
        let seen: Vec<_> =
            STRUCTURE_NEGATIVES.into_iter().filter(|other| other.name() != unseen.name()).collect();
        let detectors = Detectors::calibrate_against(&corpus.train, Extent::WholePieces, &seen, 1).unwrap();
        let score = |grid: &Grid| detectors.scores(grid)[FailureMode::NoStructure as usize];
        let real: Vec<f64> = corpus.test.iter().map(score).collect();
        let corrupted: Vec<f64> =
            corpus.test.iter().map(|grid| score(&unseen.apply(grid, &pool, &mut rng))).collect();
        assert!(auc(&corrupted, &real) > 0.94, "{unseen:?}: {}", auc(&corrupted, &real));
    }
}

#[test]
fn a_diagnosis_names_the_failure_and_points_at_its_bars() {
    let Some((corpus, detectors)) = chorales() else { return };
    let pool = Pool::new(&corpus.train);
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let sound = corpus.test.iter().find(|grid| detectors.diagnose_grid(grid).findings.is_empty()).unwrap();

    let looped = detectors.diagnose_grid(&Corruption::LoopingTail(0.5).apply(sound, &pool, &mut rng));
    let finding = looped.main_finding().unwrap();
    assert_eq!(finding.mode, FailureMode::Repetition, "{finding:?}");
    let (start, end) = (finding.bars[0].start, finding.bars[0].end);
    assert!(start.abs_diff(looped.bars / 2) <= 1 && end == looped.bars, "{start}..{end} of {}", looped.bars);
    assert!(finding.sentence.contains("again and again"), "{}", finding.sentence);

    let climbing = detectors.diagnose_grid(&Corruption::SemitoneSteps(2).apply(sound, &pool, &mut rng));
    let finding = climbing.main_finding().unwrap();
    assert_eq!(finding.mode, FailureMode::HarmonicDrift, "{finding:?}");
    assert!(!finding.bars.is_empty() && finding.sentence.contains("key"), "{}", finding.sentence);

    let shaky = detectors.diagnose_grid(&Corruption::Jitter(0.2).apply(sound, &pool, &mut rng));
    assert_eq!(shaky.main_finding().unwrap().mode, FailureMode::TimingArtefacts);
    assert!(shaky.findings.iter().skip(1).all(|finding| finding.secondary));
}

#[test]
fn too_little_music_and_silence_have_clear_answers() {
    let Some(corpus) = corpora::chorales() else { return };
    let error = Detectors::calibrate_grids(&corpus.train[..3], Extent::WholePieces, 1).unwrap_err();
    assert!(error.to_string().starts_with("3 pieces or excerpts"), "{error}");
    let detectors = Detectors::calibrate_grids(&corpus.train, Extent::Excerpts { quarters: 16 }, 1).unwrap();
    let silence = detectors.diagnose(&Score::new(480));
    assert!(silence.findings[0].mode == Fault::HardlyAnyMusic && silence.bars == 0);
    assert_eq!(silence.likeness.unwrap().score, 0.0);
    assert!(silence.findings[0].sentence.contains("not a single note"));

    let pieces = [Score::new(480), corpus.test[0].to_score()];
    let table = detectors.table(&pieces);
    assert_eq!(table.values.dim(), (2, 4));
    assert!(table.values.row(0).iter().all(|score| score.is_nan()));
    let scores = detectors.scores(&detectors.lay_out(&pieces[1]));
    assert_eq!(table.values.row(1).to_vec(), scores);
    assert_eq!(table.column("harmonic_drift").unwrap()[1], scores[FailureMode::HarmonicDrift as usize]);
    // The names are those of the JSON.
    for (mode, column) in FailureMode::ALL.iter().zip(table.columns) {
        assert_eq!(serde_json::to_value(mode).unwrap(), column);
    }
}
