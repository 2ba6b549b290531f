//! Copies are found and named, at any transposition; original music is not flagged.

use composer_evaluation::corruption::{Corruption, Pool};
use composer_evaluation::grid::{Grid, GridNote};
use composer_evaluation::originality::Originality;
use composer_music::Score;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::corpora;

fn random_piece(rng: &mut ChaCha8Rng) -> Grid {
    let notes = (0..120).map(|i| GridNote { onset: 6 * i, pitch: rng.random_range(48..84), duration: 6 });
    Grid::with_bars_of(notes.collect(), 48)
}

fn named(scores: &[Score]) -> Vec<(String, &Score)> {
    scores.iter().enumerate().map(|(i, score)| (format!("piece {i}"), score)).collect()
}

#[test]
fn a_transposed_passage_is_named_with_its_bars() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let pieces: Vec<Grid> = (0..12).map(|_| random_piece(&mut rng)).collect();
    let scores: Vec<Score> = pieces.iter().map(Grid::to_score).collect();
    let originality = Originality::new(&named(&scores));

    // Bars 5–8 of piece 7, a fourth higher, in bars 3–6 of music that is otherwise new.
    let mut stolen = random_piece(&mut rng);
    stolen.notes.retain(|note| note.onset < 96 || note.onset >= 96 + 192);
    let passage = pieces[7].notes.iter().filter(|note| (192..384).contains(&note.onset));
    stolen.notes.extend(passage.map(|note| GridNote {
        onset: note.onset - 96,
        pitch: note.pitch + 5,
        ..*note
    }));
    let verdict = originality.judge(&Grid::with_bars_of(stolen.notes, 48).to_score());
    let longest = verdict.overlap.longest.clone().unwrap();
    assert!(verdict.copied, "{}", verdict.sentence());
    assert_eq!((longest.source.as_str(), longest.source_bars, longest.bars), ("piece 7", 4..8, 2..6));
    assert_eq!(longest.onsets, 31, "32 notes are 31 steps");
    assert!(verdict.sentence().starts_with("Copied from piece 7, bars 5–8"), "{}", verdict.sentence());

    let honest = originality.judge(&random_piece(&mut rng).to_score());
    assert!(!honest.copied && honest.overlap.shared(4) < 0.05, "{}", honest.sentence());
    assert!(honest.overlap.novelty.windows(2).all(|pair| pair[0] <= pair[1]), "longer is rarer");
}

#[test]
fn music_without_notes_has_nothing_copied() {
    let originality = Originality::new(&[]);
    let verdict = originality.judge(&Score::new(480));
    assert!(!verdict.copied && verdict.overlap.longest.is_none() && verdict.overlap.nearest.is_none());
}

/// On real music: held-out chorales are hardly ever flagged, training pieces in another key always, and so are pieces
/// that were glued together from long stretches of training pieces.
#[test]
fn real_chorales_are_honest_and_memorised_ones_are_caught() {
    let Some(corpus) = corpora::chorales() else { return };
    let scores: Vec<Score> = corpus.train.iter().map(Grid::to_score).collect();
    let originality = Originality::new(&named(&scores));
    let flagged = corpus.test.iter().filter(|grid| originality.judge(&grid.to_score()).copied).count();
    println!(
        "threshold {} onsets, {flagged} of {} held-out chorales flagged",
        originality.judge(&scores[0]).threshold,
        corpus.test.len()
    );
    assert!(flagged * 20 <= corpus.test.len(), "{flagged} of {}", corpus.test.len());

    let pool = Pool::new(&corpus.train);
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let glued = corpus.test.iter().map(|grid| Corruption::Patchwork(8).apply(grid, &pool, &mut rng));
    let caught = glued.filter(|grid| originality.judge(&grid.to_score()).copied).count();
    assert!(caught * 20 >= corpus.test.len() * 19, "{caught} of {}", corpus.test.len());
}
