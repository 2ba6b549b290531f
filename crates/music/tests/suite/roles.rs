//! Roles and augmentation.

use std::collections::BTreeMap;

use composer_music::augment::{Augmentation, Transposition, transposed};
use composer_music::corpus::content_key;
use composer_music::corpus::shipped;
use composer_music::roles::{Role, extract, roles};
use composer_music::{Note, Score, Track};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

fn track(name: Option<&str>, channel: u8, program: u8, notes: &[(u64, u64, u8)]) -> Track {
    let note = |&(onset, duration, pitch): &(u64, u64, u8)| Note {
        onset,
        duration,
        pitch,
        velocity: 64,
        channel,
        program,
    };
    Track { name: name.map(Into::into), notes: notes.iter().map(note).collect() }
}

fn score(tracks: Vec<Track>) -> Score {
    Score { tracks, ..Score::new(480) }
}

fn found(score: &Score) -> Vec<(Role, String)> {
    roles(score, &BTreeMap::new()).parts.into_iter().map(|part| (part.role, part.reason)).collect()
}

#[test]
fn names_programs_channels_and_registers_give_roles() {
    let line = |from: u8| (0..8u8).map(|i| (u64::from(i) * 480, 480, from + i)).collect::<Vec<_>>();
    let chords = [(0, 960, 60), (0, 960, 64), (0, 960, 67), (960, 960, 60), (960, 960, 65), (960, 960, 69)];
    let with_names = score(vec![
        track(Some("MELODY"), 0, 0, &line(70)),
        track(Some("Bassoon"), 1, 70, &chords),
        track(Some("Slap bass"), 2, 0, &line(40)),
        track(Some("Kit"), 9, 0, &line(36)),
    ]);
    let roles_found: Vec<Role> = found(&with_names).into_iter().map(|(role, _)| role).collect();
    assert_eq!(roles_found, [Role::Melody, Role::Accompaniment, Role::Bass, Role::Drums]);

    let without_names =
        score(vec![track(None, 0, 0, &chords), track(None, 1, 33, &line(40)), track(None, 2, 73, &line(72))]);
    let reasons: Vec<(Role, String)> = found(&without_names);
    assert_eq!(reasons[1], (Role::Bass, "its program, 34".to_owned()));
    assert_eq!(reasons[2], (Role::Melody, "the highest line".to_owned()));

    let by_hand = roles(&without_names, &BTreeMap::from([(0, Role::Melody)]));
    assert_eq!((by_hand.parts[0].role, by_hand.parts[2].role), (Role::Melody, Role::Accompaniment));
}

#[test]
fn the_skyline_is_the_melody_of_last_resort_and_nothing_is_lost() {
    let piano = score(vec![track(
        None,
        0,
        0,
        &[(0, 960, 48), (0, 480, 72), (480, 480, 74), (480, 480, 64), (960, 480, 50), (960, 480, 71)],
    )]);
    let found = roles(&piano, &BTreeMap::new());
    assert!(found.skyline);
    let pitches = |role| extract(&piano, &found, role).notes().map(|note| note.pitch).collect::<Vec<_>>();
    assert_eq!(pitches(Role::Melody), [72, 74, 71]);
    assert_eq!(pitches(Role::Accompaniment), [48, 64, 50]);
    for piece in shipped::shipped().pieces {
        let found = roles(&piece.score, &BTreeMap::new());
        let parts: usize =
            Role::ALL.map(|role| extract(&piece.score, &found, role).notes().count()).iter().sum();
        assert_eq!(parts, piece.score.notes().count(), "{}", piece.name);
    }
}

#[test]
fn augmentation_stays_in_range_is_seeded_and_spares_drums() {
    let mut piece =
        score(vec![track(None, 0, 0, &[(0, 480, 50), (0, 480, 90)]), track(None, 9, 0, &[(0, 480, 36)])]);
    piece.tracks[0].notes[0].velocity = 125;
    let augmentation = Augmentation {
        transposition: Transposition::Within { semitones: 24 },
        range: (40, 100),
        stretch: 1.25,
        velocity: 10,
    };
    assert_eq!(augmentation.shifts(50, 90), (-10..=10).collect::<Vec<i8>>());
    let variants = |seed| {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        (0..50).map(|_| augmentation.apply(&piece, &mut random)).collect::<Vec<_>>()
    };
    assert_eq!(variants(1), variants(1));
    assert_ne!(variants(1), variants(2));
    for variant in variants(3) {
        assert!(
            variant.tracks[0]
                .notes
                .iter()
                .all(|note| (40..=100).contains(&note.pitch) && note.velocity <= 127)
        );
        assert_eq!(variant.tracks[1].notes[0].pitch, 36);
        assert_eq!(content_key(&variant), content_key(&piece), "a variant stays with its piece in a split");
        let factor = variant.seconds() / piece.seconds();
        assert!((1.0 / 1.2501..1.2501).contains(&factor), "{factor}");
    }
    let all =
        Augmentation { transposition: Transposition::AllKeys, range: (0, 127), ..Augmentation::default() };
    assert_eq!(all.shifts(50, 90).len(), 12);
    let plain = Augmentation::default();
    assert_eq!(plain.apply(&piece, &mut ChaCha8Rng::seed_from_u64(0)), piece);
}

#[test]
fn keys_move_with_the_music() {
    let mut piece = score(vec![]);
    piece.key_signatures.push(composer_music::KeySignature { tick: 0, sharps: 0, minor: false });
    let key = |by| transposed(&piece, by).key_signatures[0].sharps;
    assert_eq!([0, 2, 7, -2, 5, 6].map(key), [0, 2, 1, -2, -1, 6]);
}
