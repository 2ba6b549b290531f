//! Train, validation and test sets by content: the same music is never on both sides, and new files do not move old ones.

use std::collections::{BTreeMap, BTreeSet};

use super::{ContentKey, Piece, content_key};

/// Share of the pieces to learn from, in percent; the rest is divided evenly.
const TRAIN_PERCENT: u64 = 80;
const VALID_PERCENT: u64 = 10;

/// One of the three sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Set {
    /// To learn from.
    Train,
    /// To choose a model by.
    Valid,
    /// To score once.
    Test,
}

/// Pieces in three sets, each in the order in which they came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split<T = Piece> {
    /// To learn from.
    pub train: Vec<T>,
    /// To choose a model by.
    pub valid: Vec<T>,
    /// To score once.
    pub test: Vec<T>,
}

impl<T> Default for Split<T> {
    fn default() -> Self {
        Self { train: Vec::new(), valid: Vec::new(), test: Vec::new() }
    }
}

/// Splits pieces 80 : 10 : 10 by their content; see [`assign`].
pub fn split(pieces: Vec<Piece>) -> Split {
    split_by(pieces, |piece| content_key(&piece.score))
}

/// Splits anything by a fingerprint of its content; see [`assign`].
pub fn split_by<T>(items: Vec<T>, key: impl Fn(&T) -> ContentKey) -> Split<T> {
    let keys: Vec<ContentKey> = items.iter().map(key).collect();
    let mut split = Split::default();
    for (item, set) in items.into_iter().zip(assign(&keys)) {
        match set {
            Set::Train => split.train.push(item),
            Set::Valid => split.valid.push(item),
            Set::Test => split.test.push(item),
        }
    }
    split
}

/// The set of each item, given the fingerprints of their contents.
///
/// A fingerprint is a place between 0 and 1, and the sets are the intervals up to 0.8, 0.9 and 1. So a piece stays
/// where it is when others are added, and equal contents stay together. Only where that would leave a set empty
/// although there are at least three different contents, its interval grows until it has one.
pub fn assign(keys: &[ContentKey]) -> Vec<Set> {
    let mut places: BTreeMap<ContentKey, usize> = keys.iter().map(|key| (*key, 0)).collect();
    places.values_mut().enumerate().for_each(|(index, place)| *place = index);
    let boundary = |percent: u64| places.keys().filter(|key| place(key) < u64::MAX / 100 * percent).count();
    let (mut train, mut valid) = (boundary(TRAIN_PERCENT), boundary(TRAIN_PERCENT + VALID_PERCENT));
    if places.len() >= 3 {
        train = train.clamp(1, places.len() - 2);
        valid = valid.clamp(train + 1, places.len() - 1);
    } else {
        train = places.len(); // nothing to spare
    }
    let set = |index| match index {
        _ if index < train => Set::Train,
        _ if index < valid => Set::Valid,
        _ => Set::Test,
    };
    keys.iter().map(|key| set(places[key])).collect()
}

/// Assigns items to `folds` equal folds by the fingerprints of their contents, for cross-validation: equal contents are in one
/// fold, and the order in which items came does not matter. Unlike [`assign`], an item may change its fold when others are added.
pub fn deal(keys: &[ContentKey], folds: usize) -> Vec<usize> {
    let distinct: BTreeMap<ContentKey, usize> =
        keys.iter().collect::<BTreeSet<_>>().into_iter().zip(0..).map(|(key, place)| (*key, place)).collect();
    keys.iter().map(|key| distinct[key] % folds.max(1)).collect()
}

fn place(key: &ContentKey) -> u64 {
    u64::from_be_bytes([key[0], key[1], key[2], key[3], key[4], key[5], key[6], key[7]])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folds_are_equal_and_equal_contents_are_in_one() {
        let key = |byte: u8| {
            let mut key = ContentKey::default();
            key[0] = byte;
            key
        };
        let keys: Vec<ContentKey> = [9, 3, 7, 3, 1, 5, 8, 9, 3].map(key).to_vec();
        let folds = deal(&keys, 3);
        assert_eq!(folds, [2, 1, 0, 1, 0, 2, 1, 2, 1]);
        let backwards: Vec<ContentKey> = keys.iter().rev().copied().collect();
        assert!(deal(&backwards, 3).iter().rev().eq(&folds), "whatever the order");
    }
}
