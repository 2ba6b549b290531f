//! How long an assessment takes: 1,000 pieces of 100 bars, and half and double of either.
//!
//! `cargo run --release -p composer-evaluation --example scaling`

use std::time::Instant;

use composer_evaluation::failure::{Detectors, Extent};
use composer_evaluation::grid::{Grid, GridNote};
use composer_evaluation::originality::Originality;
use composer_evaluation::statistics::piece::measure;
use composer_music::Score;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Four voices in eighths and quarters that wander in a scale, with every eighth bar repeated from the beginning.
fn piece(bars: u32, rng: &mut ChaCha8Rng) -> Score {
    const SCALE: [u8; 7] = [0, 2, 4, 5, 7, 9, 11];
    let mut notes: Vec<GridNote> = Vec::new();
    for bar in 0..bars {
        if bar % 8 == 7 {
            let first: Vec<GridNote> = notes.iter().filter(|note| note.onset < 48).copied().collect();
            notes.extend(first.iter().map(|note| GridNote { onset: note.onset + 48 * bar, ..*note }));
            continue;
        }
        for voice in 0..4u8 {
            let mut step = 0;
            while step < 48 {
                let duration = if rng.random_bool(0.5) { 6 } else { 12 };
                let pitch = 40 + 12 * voice + SCALE[rng.random_range(0..7)];
                notes.push(GridNote { onset: 48 * bar + step, pitch, duration: duration.min(48 - step) });
                step += duration;
            }
        }
    }
    Grid::with_bars_of(notes, 48).to_score()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!(
        "| pieces × bars | notes | statistics, s | detectors, s | originality, s |\n|---|---|---|---|---|"
    );
    for (pieces, bars) in [(500, 100), (1_000, 100), (2_000, 100), (1_000, 50), (1_000, 200)] {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let scores: Vec<Score> = (0..pieces).map(|_| piece(bars, &mut rng)).collect();
        let notes: usize = scores.iter().map(|score| score.notes().count()).sum();
        let began = Instant::now();
        let finite = scores.iter().flat_map(measure).filter(|figure| figure.is_finite()).count();
        assert!(finite > 0);
        let statistics = began.elapsed().as_secs_f64();
        let detectors = Detectors::calibrate(&scores[..50], Extent::WholePieces, 1)?;
        let began = Instant::now();
        let findings: usize = scores.iter().map(|score| detectors.diagnose(score).findings.len()).sum();
        let diagnoses = began.elapsed().as_secs_f64();
        let named: Vec<(String, &Score)> =
            scores.iter().enumerate().map(|(i, score)| (i.to_string(), score)).collect();
        let began = Instant::now();
        let originality = Originality::new(&named);
        let copied = scores.iter().filter(|score| originality.judge(score).copied).count();
        assert!(findings <= 4 * pieces && copied == pieces, "every piece is in the training set");
        let copies = began.elapsed().as_secs_f64();
        println!("| {pieces} × {bars} | {notes} | {statistics:.1} | {diagnoses:.1} | {copies:.1} |");
    }
    Ok(())
}
