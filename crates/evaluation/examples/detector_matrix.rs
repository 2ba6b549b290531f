//! Publishes how well every detector finds every corruption: `scripts/detector_matrix.sh`.
//!
//! Detectors are calibrated on training pieces, real test pieces are compared with their corruptions. Prints Markdown.

use composer_evaluation::corruption::{Corruption, Pool};
use composer_evaluation::failure::{
    Detectors, Extent, FailureMode, STRUCTURE_NEGATIVES, drift, repetition, structure, timing,
};
use composer_evaluation::grid::{Grid, STEPS_PER_QUARTER};
use composer_evaluation::significance::auc::{auc, auc_interval, share_above};
use composer_evaluation::significance::bootstrap::mean_interval;
use corpora::Corpus;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

#[path = "../tests/suite/corpora.rs"]
mod corpora;

const SEED: u64 = 20;
const RESAMPLES: usize = 1000;

/// Every corruption with severities from mild to strong; the main one of each mode is marked.
const SUITE: [(Corruption, bool); 29] = [
    (Corruption::Jitter(0.02), false),
    (Corruption::Jitter(0.05), false),
    (Corruption::Jitter(0.1), true),
    (Corruption::Jitter(0.3), false),
    (Corruption::CutDurations(0.05), false),
    (Corruption::CutDurations(0.1), true),
    (Corruption::CutDurations(0.3), false),
    (Corruption::LoopingTail(0.75), false),
    (Corruption::LoopingTail(0.5), true),
    (Corruption::StuckChord(0.75), false),
    (Corruption::StuckChord(0.5), true),
    (Corruption::Loop(4), false),
    (Corruption::Loop(2), true),
    (Corruption::Loop(1), false),
    (Corruption::WrongNotes(0.1), false),
    (Corruption::WrongNotes(0.3), false),
    (Corruption::WrongNotes(0.6), false),
    (Corruption::RandomWalk(0.25), false),
    (Corruption::RandomWalk(0.5), false),
    (Corruption::RandomWalk(1.0), true),
    (Corruption::SemitoneSteps(8), false),
    (Corruption::SemitoneSteps(4), true),
    (Corruption::SemitoneSteps(2), false),
    (Corruption::BarShuffle, false),
    (Corruption::JumpWalk(0.1), false),
    (Corruption::JumpWalk(0.3), false),
    (Corruption::JumpWalk(1.0), true),
    (Corruption::Patchwork(4), false),
    (Corruption::Patchwork(2), true),
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let corpora: Vec<Corpus> = [corpora::chorales(), corpora::nottingham()].into_iter().flatten().collect();
    let excerpts = [64, 32].map(|quarters| Extent::Excerpts { quarters });
    for extent in std::iter::once(Extent::WholePieces).chain(excerpts) {
        for corpus in &corpora {
            matrix(corpus, extent)?;
        }
    }
    Ok(())
}

fn matrix(corpus: &Corpus, extent: Extent) -> Result<(), Box<dyn std::error::Error>> {
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let (train, test) = (laid_out(&corpus.train, extent), laid_out(&corpus.test, extent));
    let detectors = Detectors::calibrate_grids(&corpus.train, extent, SEED)?;
    let pool = Pool::new(&train);
    let clean: Vec<[f64; 4]> = test.iter().map(|grid| detectors.scores(grid)).collect();

    let extent_name = match extent {
        Extent::WholePieces => "whole pieces".to_owned(),
        Extent::Excerpts { quarters } => format!("excerpts of {quarters} quarters"),
    };
    println!("\n## {}, {extent_name}\n", capitalised(corpus.name));
    println!("Calibrated on {} and tested on {}.\n", train.len(), test.len());
    println!("| corruption | timing artefacts | repetition | harmonic drift | no structure |");
    println!("|---|---|---|---|---|");
    let false_positives = FailureMode::ALL.map(|mode| {
        let fired: Vec<f64> = clean
            .iter()
            .map(|scores| {
                100.0 * share_above(&[scores[mode as usize]], detectors.thresholds()[mode as usize])
            })
            .collect();
        format!("{:.1}", mean_interval(&fired, RESAMPLES, &mut rng))
    });
    println!("| none: false positives, % | {} |", false_positives.join(" | "));
    for (corruption, main) in SUITE {
        let corrupted: Vec<[f64; 4]> =
            test.iter().map(|grid| detectors.scores(&corruption.apply(grid, &pool, &mut rng))).collect();
        let cells = FailureMode::ALL.map(|mode| {
            let (bad, good) = (column(&corrupted, mode as usize), column(&clean, mode as usize));
            let caught = 100.0 * share_above(&bad, detectors.thresholds()[mode as usize]);
            format!("{:.3}, {caught:.0} %", auc_interval(&bad, &good, RESAMPLES, &mut rng))
        });
        let name = if main { format!("**{}**", label(corruption)) } else { label(corruption) };
        println!("| {name} | {} |", cells.join(" | "));
    }
    left_out(corpus, extent, &test, &pool, &mut rng)?;
    single_measurements(&train, &test, &pool, &mut rng);
    Ok(())
}

/// The structure detector on corruptions that it was not fitted to.
fn left_out(
    corpus: &Corpus,
    extent: Extent,
    test: &[Grid],
    pool: &Pool,
    rng: &mut ChaCha8Rng,
) -> Result<(), Box<dyn std::error::Error>> {
    println!("\nStructure detector on a corruption that it was not fitted on:\n");
    println!("| left out | AUC | caught, % |\n|---|---|---|");
    for unseen in [Corruption::JumpWalk(1.0), Corruption::Patchwork(2)] {
        let seen: Vec<Corruption> =
            STRUCTURE_NEGATIVES.into_iter().filter(|negative| negative.name() != unseen.name()).collect();
        let detectors = Detectors::calibrate_against(&corpus.train, extent, &seen, SEED)?;
        let structure = |grid: &Grid| detectors.scores(grid)[FailureMode::NoStructure as usize];
        let good: Vec<f64> = test.iter().map(structure).collect();
        let bad: Vec<f64> = test.iter().map(|grid| structure(&unseen.apply(grid, pool, rng))).collect();
        let caught = 100.0 * share_above(&bad, detectors.thresholds()[FailureMode::NoStructure as usize]);
        println!("| {} | {:.3} | {caught:.0} |", label(unseen), auc_interval(&bad, &good, RESAMPLES, rng));
    }
    Ok(())
}

/// The measurements behind the four scores, each on its own.
fn single_measurements(train: &[Grid], test: &[Grid], pool: &Pool, rng: &mut ChaCha8Rng) {
    const NAMES: [&str; 12] = ["A", "B", "E", "F", "G", "H", "I", "J", "K", "M", "M + gap", "N"];
    let model = timing::TimingModel::fit(train);
    let measure = |grid: &Grid| {
        let windows = drift::windows(grid);
        let timing = timing::scores(&model, grid);
        [
            -structure::returning_bars(grid),
            -structure::returning_melody(grid),
            repetition::periodic_share(grid),
            repetition::compressibility(grid),
            repetition::repeated_four_grams(grid),
            drift::divergence(&windows),
            drift::out_of_scale(grid),
            drift::foreign_share(grid, &windows),
            timing.position_length,
            timing.length,
            timing.length_and_gap,
            timing.off_eighths,
        ]
    };
    println!("\nSingle measurements, AUC:\n");
    println!("| corruption | {} |\n|---|{}", NAMES.join(" | "), "---|".repeat(NAMES.len()));
    let clean: Vec<_> = test.iter().map(measure).collect();
    for (corruption, _) in SUITE.iter().filter(|(_, main)| *main).chain(&[(Corruption::BarShuffle, false)]) {
        let corrupted: Vec<_> = test.iter().map(|grid| measure(&corruption.apply(grid, pool, rng))).collect();
        let cells = std::array::from_fn::<_, { NAMES.len() }, _>(|i| {
            format!("{:.2}", auc(&column(&corrupted, i), &column(&clean, i)))
        });
        println!("| {} | {} |", label(*corruption), cells.join(" | "));
    }
}

fn laid_out(grids: &[Grid], extent: Extent) -> Vec<Grid> {
    match extent {
        Extent::WholePieces => grids.to_vec(),
        Extent::Excerpts { quarters } => grids
            .iter()
            .flat_map(|grid| grid.relaid(4 * STEPS_PER_QUARTER).excerpts(quarters * STEPS_PER_QUARTER))
            .collect(),
    }
}

/// One score of many pieces, without those that have none.
fn column<const N: usize>(rows: &[[f64; N]], i: usize) -> Vec<f64> {
    rows.iter().map(|row| row[i]).filter(|score| !score.is_nan()).collect()
}

fn label(corruption: Corruption) -> String {
    let severity = match corruption {
        Corruption::Patchwork(bars) | Corruption::Loop(bars) | Corruption::SemitoneSteps(bars) => {
            format!(", {bars} bar{}", if bars == 1 { "" } else { "s" })
        }
        Corruption::BarShuffle => String::new(),
        Corruption::JumpWalk(share)
        | Corruption::LoopingTail(share)
        | Corruption::StuckChord(share)
        | Corruption::RandomWalk(share)
        | Corruption::WrongNotes(share)
        | Corruption::Jitter(share)
        | Corruption::CutDurations(share) => format!(", {:.0} %", 100.0 * share),
    };
    format!("{}{severity}", corruption.name())
}

fn capitalised(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}
