//! Publishes how well every detector finds every corruption: `scripts/detector_matrix.sh`.
//!
//! Detectors are calibrated on training pieces, real test pieces are compared with their corruptions. Prints Markdown.

use composer_evaluation::corruption::{Corruption, Pool};
use composer_evaluation::failure::{
    Detectors, Diagnosis, Extent, FailureMode, Fault, STRUCTURE_NEGATIVES, drift, repetition, structure,
    timing,
};
use composer_evaluation::grid::{Grid, STEPS_PER_QUARTER};
use composer_evaluation::judgement::{Aspect, Side};
use composer_evaluation::significance::auc::{auc, auc_interval};
use composer_evaluation::significance::bootstrap::mean_interval;
use corpora::Corpus;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

#[path = "../tests/suite/corpora.rs"]
mod corpora;

const SEED: u64 = 20;
const RESAMPLES: usize = 1000;

/// Every corruption with severities from mild to strong; the main one of each mode is marked.
const SUITE: [(Corruption, bool); 38] = [
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
    (Corruption::ThinOut(0.3), false),
    (Corruption::ThinOut(0.5), true),
    (Corruption::ThinOut(0.7), false),
    (Corruption::Sustain(0.2), false),
    (Corruption::Sustain(0.5), true),
    (Corruption::Clutter(0.5), true),
    (Corruption::Clutter(1.0), false),
    (Corruption::FlattenRange(12), true),
    (Corruption::FlattenRange(7), false),
];

/// The figures that are compared with the reference, on the side that the corruptions of texture are meant to be found on.
const JUDGEMENTS: [(Aspect, Side); 4] = [
    (Aspect::Density, Side::Low),
    (Aspect::HeldNotes, Side::High),
    (Aspect::PitchClasses, Side::High),
    (Aspect::Range, Side::Low),
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
    let clean: Vec<Diagnosis> = test.iter().map(|grid| detectors.diagnose_grid(grid)).collect();
    let clean_scores: Vec<[f64; 4]> = clean.iter().map(|piece| piece.scores).collect();

    let extent_name = match extent {
        Extent::WholePieces => "whole pieces".to_owned(),
        Extent::Excerpts { quarters } => format!("excerpts of {quarters} quarters"),
    };
    println!("\n## {}, {extent_name}\n", capitalised(corpus.name));
    println!("Calibrated on {} and tested on {}.\n", train.len(), test.len());
    println!("| corruption | timing artefacts | repetition | harmonic drift | no structure |");
    println!("|---|---|---|---|---|");
    let false_positives = FailureMode::ALL.map(|mode| {
        let fired: Vec<f64> =
            clean.iter().map(|piece| 100.0 * f64::from(u8::from(piece.has(mode)))).collect();
        format!("{:.1}", mean_interval(&fired, RESAMPLES, &mut rng))
    });
    println!("| none: false positives, % | {} |", false_positives.join(" | "));
    for (corruption, main) in SUITE {
        let corrupted: Vec<Diagnosis> = test
            .iter()
            .map(|grid| detectors.diagnose_grid(&corruption.apply(grid, &pool, &mut rng)))
            .collect();
        let scores: Vec<[f64; 4]> = corrupted.iter().map(|piece| piece.scores).collect();
        let cells = FailureMode::ALL.map(|mode| {
            let (bad, good) = (column(&scores, mode as usize), column(&clean_scores, mode as usize));
            let named = corrupted.iter().filter(|piece| piece.has(mode)).count();
            let share = 100.0 * named as f64 / corrupted.len().max(1) as f64;
            format!("{:.3}, {share:.0} %", auc_interval(&bad, &good, RESAMPLES, &mut rng))
        });
        let name = if main { format!("**{}**", label(corruption)) } else { label(corruption) };
        println!("| {name} | {} |", cells.join(" | "));
    }
    judgements(&detectors, &test, &pool, &mut rng);
    left_out(corpus, extent, &test, &pool, &mut rng)?;
    single_measurements(&train, &test, &pool, &mut rng);
    Ok(())
}

/// Figures outside the reference, and the distance of the whole, on every corruption.
fn judgements(detectors: &Detectors, test: &[Grid], pool: &Pool, rng: &mut ChaCha8Rng) {
    const COLUMNS: usize = JUDGEMENTS.len() + 1;
    println!(
        "\nFigures outside the reference, and the distance of the whole, AUC and share found; last, the median score:\n"
    );
    println!(
        "| corruption | too sparse | held notes | too many pitch classes | too narrow | unlike as a whole | any finding, % | score |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    let measure = |grid: &Grid| -> [f64; COLUMNS] {
        std::array::from_fn(|i| match JUDGEMENTS.get(i) {
            Some((aspect, Side::Low)) => -aspect.of(grid),
            Some((aspect, Side::High)) => aspect.of(grid),
            None => detectors.distance(grid),
        })
    };
    let clean: Vec<_> = test.iter().map(measure).collect();
    let row = |name: &str, corrupted: &[Grid], rng: &mut ChaCha8Rng| {
        let measured: Vec<_> = corrupted.iter().map(measure).collect();
        let diagnoses: Vec<Diagnosis> = corrupted.iter().map(|grid| detectors.diagnose_grid(grid)).collect();
        let share = |found: &dyn Fn(&Diagnosis) -> bool| {
            100.0 * diagnoses.iter().filter(|diagnosis| found(diagnosis)).count() as f64
                / diagnoses.len().max(1) as f64
        };
        let cells: Vec<String> = (0..COLUMNS)
            .map(|i| {
                let fault =
                    JUDGEMENTS.get(i).map_or(Fault::Unlike, |&(aspect, side)| Fault::Outside(aspect, side));
                let found =
                    share(&|diagnosis| diagnosis.findings.iter().any(|finding| finding.mode == fault));
                format!(
                    "{:.3}, {found:.0} %",
                    auc_interval(&column(&measured, i), &column(&clean, i), RESAMPLES, rng)
                )
            })
            .collect();
        let mut scores: Vec<f64> =
            diagnoses.iter().filter_map(|diagnosis| Some(diagnosis.likeness?.score)).collect();
        scores.sort_by(f64::total_cmp);
        let median = scores.get(scores.len() / 2).copied().unwrap_or(f64::NAN);
        println!(
            "| {name} | {} | {:.0} | {median:.0} |",
            cells.join(" | "),
            share(&|diagnosis| !diagnosis.findings.is_empty())
        );
    };
    row("none", test, rng);
    for (corruption, main) in SUITE {
        let corrupted: Vec<Grid> = test.iter().map(|grid| corruption.apply(grid, pool, rng)).collect();
        let name = if main { format!("**{}**", label(corruption)) } else { label(corruption) };
        row(&name, &corrupted, rng);
    }
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
        let structure = |piece: &Diagnosis| piece.scores[FailureMode::NoStructure as usize];
        let good: Vec<f64> = test.iter().map(|grid| structure(&detectors.diagnose_grid(grid))).collect();
        let corrupted: Vec<Diagnosis> =
            test.iter().map(|grid| detectors.diagnose_grid(&unseen.apply(grid, pool, rng))).collect();
        let bad: Vec<f64> = corrupted.iter().map(structure).collect();
        let named = corrupted.iter().filter(|piece| piece.has(FailureMode::NoStructure)).count();
        let caught = 100.0 * named as f64 / corrupted.len().max(1) as f64;
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
        Extent::Excerpts { quarters } => {
            grids.iter().flat_map(|grid| grid.excerpts(quarters * STEPS_PER_QUARTER)).collect()
        }
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
        | Corruption::CutDurations(share)
        | Corruption::ThinOut(share)
        | Corruption::Sustain(share)
        | Corruption::Clutter(share) => format!(", {:.0} %", 100.0 * share),
        Corruption::FlattenRange(semitones) => format!(", {semitones} semitones"),
    };
    format!("{}{severity}", corruption.name())
}

fn capitalised(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}
