//! A whole assessment: original pieces pass, corrupted ones are named, copies are caught, and it serialises.

use composer_evaluation::assessment::{Assessor, assess};
use composer_evaluation::corruption::{Corruption, Pool};
use composer_evaluation::failure::{FailureMode, Fault};
use composer_evaluation::grid::Grid;
use composer_music::Score;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::corpora;

fn named(scores: &[Score]) -> Vec<(String, &Score)> {
    scores.iter().enumerate().map(|(i, score)| (format!("piece {i}"), score)).collect()
}

#[test]
fn real_spoilt_and_copied_sets_are_distinguished() {
    let Some(corpus) = corpora::chorales() else { return };
    let reference: Vec<Score> = corpus.train.iter().take(120).map(Grid::to_score).collect();
    let reference = named(&reference);
    let pool = Pool::new(&corpus.train);
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let mut corrupted = |corruption: Corruption| -> Vec<Score> {
        corpus.test.iter().take(12).map(|grid| corruption.apply(grid, &pool, &mut rng).to_score()).collect()
    };

    let real: Vec<Score> = corpus.test.iter().take(12).map(Grid::to_score).collect();
    let assessment = assess(&named(&real), &reference, 1).unwrap();
    assert!(
        assessment.without_failure() >= 8 && assessment.copied() <= 1,
        "{} sound",
        assessment.without_failure()
    );
    assert_eq!(assessment.main_failure(), None);
    let as_real =
        assessment.comparisons.iter().filter(|comparison| comparison.is_indistinguishable()).count();
    assert!(
        as_real * 10 >= assessment.comparisons.len() * 8,
        "{as_real} of {}",
        assessment.comparisons.len()
    );
    assert!(serde_json::to_string(&assessment).unwrap().contains("\"pitch_range\""));

    // Calibrated once, and on fewer pieces: these failures are plain.
    let assessor = Assessor::new(&reference[..50], assessment.quarters, 1).unwrap();
    for (corruption, mode) in [
        (Corruption::Loop(1), FailureMode::Repetition),
        (Corruption::Jitter(0.3), FailureMode::TimingArtefacts),
        (Corruption::SemitoneSteps(2), FailureMode::HarmonicDrift),
    ] {
        let assessment = assessor.assess(&named(&corrupted(corruption)));
        assert_eq!(assessment.main_failure(), Some(Fault::Mode(mode)), "{corruption:?}");
        assert!(assessment.count(mode) >= 11, "{corruption:?}");
    }

    let copies: Vec<Score> = corpus.train.iter().take(10).map(Grid::to_score).collect();
    assert_eq!(assessor.assess(&named(&copies)).copied(), 10);
}
