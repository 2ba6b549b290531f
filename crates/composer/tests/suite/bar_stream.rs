//! Composing bar by bar is composing: the bars of a stream, tied together, are the pieces that `compose` gives.

use crate::option_table::{base, model, primer};
use composer::TrainedModel;
use composer::compose::{BarStream, ComposeOptions, ComposedBar, Length, Piece, Primer, compose};
use composer_music::representation::AnyRepresentation;
use composer_music::{BarMap, Note, midi};
use std::path::Path;
use tempfile::tempdir;

/// The notes of the bars of a piece, those that sound over bar lines in one.
fn tied_together(bars: &[ComposedBar]) -> Vec<Note> {
    let mut notes: Vec<Note> = Vec::new();
    for bar in bars {
        for part in &bar.notes {
            assert!(
                (bar.bar.start..bar.bar.end).contains(&part.note.onset) && part.note.end() <= bar.bar.end
            );
            let ends_here = |note: &&mut Note| {
                let same = |note: &Note| (note.pitch, note.program, note.velocity, note.is_drum());
                note.end() == bar.bar.start && same(note) == same(&part.note)
            };
            match notes.iter_mut().find(ends_here).filter(|_| part.tied) {
                Some(note) => note.duration += part.note.duration,
                None => {
                    assert!(!part.tied, "{part:?} goes on with nothing");
                    notes.push(part.note);
                }
            }
        }
    }
    notes
}

/// Notes without channels, which follow from the parts that a piece has in the end.
fn sorted(mut notes: Vec<Note>) -> Vec<Note> {
    notes.iter_mut().filter(|note| !note.is_drum()).for_each(|note| note.channel = 0);
    notes.sort_unstable();
    notes
}

fn check(name: &str, model: &TrainedModel, options: &ComposeOptions) {
    let pieces: Vec<Piece> = compose(model, options).unwrap_or_else(|error| panic!("{name}: {error}"));
    let mut stream = BarStream::new(model, options).unwrap();
    let bars: Vec<ComposedBar> = stream.by_ref().collect::<Result<_, _>>().unwrap();
    assert_eq!(stream.finish().unwrap(), pieces, "{name}");
    for (number, piece) in pieces.iter().enumerate() {
        let own: Vec<ComposedBar> = bars.iter().filter(|bar| bar.piece == number).cloned().collect();
        let map = BarMap::new(&piece.score);
        let indices: Vec<u64> = own.iter().map(|bar| bar.bar.index).collect();
        assert_eq!(indices, (0..own.len() as u64).collect::<Vec<_>>(), "{name}");
        assert!(own.iter().all(|bar| bar.bar == map.bar(bar.bar.index)), "{name}");
        let notes: Vec<Note> = piece.score.notes().copied().collect();
        assert!(notes.len() > 3, "{name}");
        assert_eq!(sorted(tied_together(&own)), sorted(notes), "{name}, piece {number}");
    }
    // Whoever has heard the first bar gets the same piece.
    let mut stream = BarStream::new(model, options).unwrap();
    assert_eq!(stream.next().unwrap().unwrap(), bars[0], "{name}");
    assert_eq!(stream.finish().unwrap(), pieces, "{name}");
}

#[test]
fn every_representation_composes_bar_by_bar_as_it_does_at_once() {
    for name in AnyRepresentation::NAMES {
        check(name, &model(name), &ComposeOptions { length: Length::Bars(3), ..base(name) });
    }
}

#[test]
fn built_in_models_of_frames_and_of_voices_do_after_a_primer_too() {
    let here = tempdir().unwrap();
    let path = here.path().join("primer.mid");
    std::fs::write(&path, midi::write(&primer()).unwrap()).unwrap();
    for (name, primer) in [
        ("compose", Primer::None),
        ("compose", Primer::Midi { path: path.clone(), inject: true }),
        ("hymn", Primer::None),
        ("hymn", Primer::Midi { path, inject: false }),
    ] {
        let model = TrainedModel::load(Path::new(name)).unwrap();
        let options =
            ComposeOptions { num_outputs: 2, length: Length::Bars(4), primer, ..ComposeOptions::default() };
        check(name, &model, &options);
    }
}

#[test]
fn a_bar_comes_as_soon_as_it_is_complete() {
    let model = TrainedModel::built_in().unwrap();
    let options = ComposeOptions { num_outputs: 1, length: Length::Bars(400), ..ComposeOptions::default() };
    let start = std::time::Instant::now();
    let mut stream = BarStream::new(&model, &options).unwrap();
    let first = stream.next().unwrap().unwrap();
    let (bar, elapsed) = (first.bar.index, start.elapsed());
    let second = std::time::Instant::now();
    assert_eq!((bar, stream.nth(49).unwrap().unwrap().bar.index), (0, 50));
    // One bar of 51 takes less than a half of them, on any machine.
    assert!(elapsed < second.elapsed(), "{elapsed:?}");
}
