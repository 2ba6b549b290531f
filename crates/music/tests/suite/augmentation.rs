//! Which variations show in the symbols of which representation.

use composer_music::augment::{Augmentation, Transposition};
use composer_music::representation::{AnyRepresentation, Representation};
use composer_music::{Note, Score, Track};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// A scale in quarters over a held bass, with a drum.
fn piece() -> Score {
    let mut score = Score::new(480);
    let note =
        |onset, duration, pitch, channel| Note { onset, duration, pitch, velocity: 70, channel, program: 0 };
    let scale = [60, 62, 64, 65, 67, 69, 71, 72];
    let melody = (0..).zip(scale).map(|(beat, pitch)| note(beat * 480, 480, pitch, 0)).collect();
    for notes in [melody, vec![note(0, 1920, 48, 1), note(1920, 1920, 43, 1)], vec![note(0, 240, 38, 9)]] {
        score.tracks.push(Track { name: None, notes });
    }
    score
}

#[test]
fn variations_show_where_the_representation_tells_of_them_and_nowhere_else() {
    let plain = Augmentation::default();
    let keys = Augmentation { transposition: Transposition::AllKeys, ..plain };
    let tempos = Augmentation { stretch: 1.5, ..plain };
    let loudness = Augmentation { velocity: 40, ..plain };
    for name in AnyRepresentation::NAMES {
        let representation = AnyRepresentation::by_name(name).unwrap().learn(&[piece()], 16).unwrap();
        let shows = |augmentation: &Augmentation| {
            let mut rng = ChaCha8Rng::seed_from_u64(3);
            let as_it_is = representation.encode(&piece()).unwrap();
            (0..12).any(|_| {
                let varied = augmentation.apply(&piece(), &mut rng);
                let symbols = representation.encode(&varied).unwrap();
                // Whatever was varied, the symbols are music again.
                representation.decode(&symbols).unwrap();
                symbols != as_it_is
            })
        };
        assert!(!shows(&plain), "{name}");
        assert_eq!(shows(&keys), name != "drum-events", "{name}: keys");
        assert_eq!(shows(&tempos), representation.has_tempo(), "{name}: tempos");
        assert_eq!(shows(&loudness), representation.has_velocity(), "{name}: loudness");
    }
}
