//! What test pieces share with training pieces: sets that are made to share something, and the published chorales.

use std::path::PathBuf;

use composer_evaluation::leakage::{Leakage, Options, Past, PieceNats, Ppm, View, baselines};
use composer_evaluation::likelihood::FrameSpace;
use composer_music::frame_json::{FrameSets, read_frame_json};
use composer_music::representation::frames::Frame;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Chords of four notes that do not occur twice, in practice; of one or two frames each.
fn piece(seed: u64, chords: usize) -> Vec<Frame> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut frames = Vec::new();
    for _ in 0..chords {
        let sounding = (0..4).fold(0, |set, _| set | 1u128 << rng.random_range(48..80));
        let length = rng.random_range(1..=2);
        frames.extend(vec![Frame { sounding, onsets: 0 }; length]);
    }
    frames
}

fn transposed(frames: &[Frame], semitones: i8) -> Vec<Frame> {
    frames.iter().map(|frame| frame.transpose(semitones)).collect()
}

fn slower(frames: &[Frame], times: usize) -> Vec<Frame> {
    frames.iter().flat_map(|frame| vec![*frame; times]).collect()
}

fn joined(parts: &[&[Frame]]) -> Vec<Frame> {
    parts.concat()
}

fn audit(train: &[Vec<Frame>], test: &[Vec<Frame>]) -> Leakage {
    let sets = FrameSets { train: train.to_vec(), valid: Vec::new(), test: test.to_vec() };
    Leakage::new(&sets, Options::default())
}

#[test]
fn a_transposed_passage_is_found_with_its_places() {
    let train = [piece(1, 60), piece(2, 60)];
    // Frames 20 to 59 of the second piece, a fourth lower, from frame 5 on.
    let test = joined(&[&piece(3, 60)[..5], &transposed(&train[1][20..60], -5), &piece(4, 60)[..35]]);
    let found = audit(&train, &[test]);
    let only = &found.pieces[0];
    let passage = only.as_written.longest.as_ref().unwrap();
    assert_eq!((passage.start, passage.frames, passage.transposition), (5, 40, -5));
    assert_eq!((passage.source, passage.source_start, passage.source_frames), (1, 20, 40));
    let changes = train[1][20..60].windows(2).filter(|pair| pair[0] != pair[1]).count();
    assert_eq!((passage.chords, passage.stretch), (changes + 1, 1.0));
    assert!(passage.notes > 3 * changes && passage.notes <= 4 * (changes + 1));
    assert_eq!((only.as_written.frames, only.any_tempo.frames, only.share), (40, 40, 0.5));
    assert!(!only.clean && only.duplicate_of.is_none());
}

#[test]
fn a_slowed_passage_is_found_at_any_tempo_only() {
    let train = [piece(5, 60)];
    let changes: Vec<usize> = (1..train[0].len()).filter(|&t| train[0][t] != train[0][t - 1]).collect();
    let (first, last) = (changes[10], changes[30]);
    let part = slower(&transposed(&train[0][first..last], 3), 3);
    let test = joined(&[&piece(6, 60)[..10], &part, &piece(7, 60)[..10]]);
    let found = audit(&train, std::slice::from_ref(&test));
    let only = &found.pieces[0];
    assert_eq!(only.as_written.frames, 0, "{only:?}");
    let passage = only.any_tempo.longest.as_ref().unwrap();
    assert_eq!((passage.start, passage.frames, passage.chords), (10, part.len(), 20));
    assert_eq!((passage.source_start, passage.source_frames), (first, last - first));
    assert_eq!((passage.transposition, passage.stretch, only.any_tempo.frames), (3, 3.0, part.len()));
    // The same the other way round: the training piece is the slower one.
    let found = audit(&[test], &train);
    let passage = found.pieces[0].any_tempo.longest.clone().unwrap();
    assert_eq!((passage.start, passage.frames, passage.source_start), (first, last - first, 10));
    assert_eq!((passage.transposition, passage.source_frames), (-3, part.len()));
}

#[test]
fn copies_of_whole_pieces_are_duplicates() {
    let train = [piece(8, 40), piece(9, 40)];
    let almost = joined(&[&train[0], &piece(10, 3)]);
    let test = [transposed(&train[1], 7), slower(&train[0], 2), almost, piece(11, 40)];
    let found = audit(&train, &test);
    let duplicates: Vec<_> = found.pieces.iter().map(|piece| piece.duplicate_of).collect();
    assert_eq!(duplicates, [Some(1), Some(0), None, None]);
    let totals = found.totals();
    assert_eq!((totals.duplicates, totals.near_duplicates, totals.mostly_shared), (2, 1, 3));
    assert_eq!((totals.clean_pieces, totals.clean_frames), (1, test[3].len()));
    assert_eq!(found.worst_first().last().unwrap().piece, 3);
}

#[test]
fn other_music_shares_nothing_and_held_chords_do_not_count() {
    let found = audit(&[piece(12, 60)], &[piece(13, 60), Vec::new()]);
    assert!(found.pieces.iter().all(|piece| piece.share == 0.0 && piece.clean), "{found:?}");
    assert!(found.pieces[1].as_written.longest.is_none());
    // A chord and a rest of forty frames.
    let still = [vec![piece(1, 1)[0]; 40], vec![Frame::default(); 40]].concat();
    let found = audit(std::slice::from_ref(&still), &[joined(&[&piece(14, 20), &still])]);
    let only = &found.pieces[0];
    assert_eq!((only.share, only.as_written.longest.as_ref().unwrap().frames), (0.0, 80));
    assert!(audit(&[], &[still]).pieces[0].as_written.longest.is_none());
}

/// Every frame that the search covers is covered by brute force, and no other.
#[test]
fn shares_are_those_of_brute_force() {
    let mut rng = ChaCha8Rng::seed_from_u64(15);
    let mut few = |frames: usize| -> Vec<Frame> {
        let pitch = |rng: &mut ChaCha8Rng| 1u128 << (60 + 2 * rng.random_range(0..3));
        (0..frames).map(|_| Frame { sounding: pitch(&mut rng), onsets: 0 }).collect()
    };
    let (train, test) = (vec![few(200), few(200)], vec![few(150)]);
    let sets = FrameSets { train: train.clone(), valid: Vec::new(), test: test.clone() };
    for min_frames in [4, 6, 8] {
        let found = Leakage::new(&sets, Options { min_frames, ..Options::default() });
        let mut covered = [false; 150];
        for (start, window) in test[0].windows(min_frames).enumerate() {
            let changes = window.windows(2).filter(|pair| pair[0] != pair[1]).count();
            let is_shared = (-4..=4).any(|shift| {
                let moved = transposed(window, shift);
                train.iter().any(|piece| piece.windows(min_frames).any(|there| there == moved))
            });
            // A longer passage has enough chords at times where its parts have not: a few more frames, then.
            if is_shared && changes + 1 >= min_frames.div_ceil(2) {
                covered[start..start + min_frames].fill(true);
            }
        }
        let brute = covered.iter().filter(|&&covered| covered).count();
        let (as_written, any) = (found.pieces[0].as_written.frames, found.pieces[0].any_tempo.frames);
        assert!(as_written >= brute && as_written <= any, "{min_frames}: {as_written}, {brute}, {any}");
        assert!(as_written - brute <= 8, "{min_frames}: {as_written}, {brute}");
    }
}

#[test]
fn the_clean_subset_has_a_likelihood_of_its_own() {
    let train = [piece(16, 60)];
    let test = [train[0].clone(), piece(17, 40), piece(18, 30)];
    let found = audit(&train, &test);
    let frames: Vec<f64> = test.iter().map(|piece| piece.len() as f64).collect();
    let nats = vec![2.0 * frames[0], 5.0 * frames[1], 8.0 * frames[2]];
    let of = found.likelihood(&PieceNats { name: "ours".into(), nats });
    assert_eq!(of.others, 2.0);
    let clean = (5.0 * frames[1] + 8.0 * frames[2]) / (frames[1] + frames[2]);
    assert!((of.clean - clean).abs() < 1e-12 && of.all > of.others && of.all < of.clean);
    assert!(
        audit(&train, &test[..1])
            .likelihood(&PieceNats { name: String::new(), nats: vec![1.0] })
            .clean
            .is_nan()
    );
}

fn chorales() -> Option<FrameSets> {
    let datasets = std::env::var_os("COMPOSER_DATASETS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/datasets"),
        PathBuf::from,
    );
    let path = datasets.join("frames/jsb-chorales-quarter-c.json");
    if !path.exists() {
        println!("skipped {}: the data set is not here", path.display());
        return None;
    }
    Some(read_frame_json(path).expect("the set has its form"))
}

#[test]
fn the_chorales_share_little_and_their_passages_are_really_there() {
    let Some(sets) = chorales() else { return };
    let found = Leakage::new(&sets, Options { min_frames: 8, ..Options::default() });
    for piece in &found.pieces {
        let passage = piece.as_written.longest.as_ref().expect("a chord in common");
        let here = &sets.test[piece.piece][passage.start..][..passage.frames];
        let there = &sets.train[passage.source][passage.source_start..][..passage.frames];
        for (a, b) in here.iter().zip(there) {
            assert_eq!(a.sounding, b.transpose(passage.transposition as i8).sounding);
        }
    }
    let totals = found.totals();
    assert_eq!((totals.pieces, totals.frames, totals.duplicates), (77, 4_725, 0));
    let share = totals.frames_as_written as f64 / 4_725.0;
    assert!((0.026..0.03).contains(&share), "{share}");

    let rows = baselines(&sets, FrameSpace::PIANO, &[1, 2, 3]);
    let all: Vec<f64> = rows.iter().map(|row| found.likelihood(row).all).collect();
    rows.iter().zip(&all).for_each(|(row, nats)| println!("{}: {nats:.3}", row.name));
    assert_eq!(format!("{:.3} {:.3}", all[0], all[1]), "11.060 10.469", "as the baselines of the literature");
    assert!(all[4] < all[1] && all[4] < all[2] && all[4] < all[3], "training and past help both: {all:?}");
    // Known pieces are nearly free for a predictor that repeats.
    let mut ppm = Ppm::fit(&sets.train, FrameSpace::PIANO, View::Absolute, 8);
    let train: f64 = ppm.score(&sets.train[..20], Past::Context).iter().sum();
    let frames: usize = sets.train[..20].iter().map(Vec::len).sum();
    assert!(train / (frames as f64) < 1.5, "{}", train / frames as f64);
}
