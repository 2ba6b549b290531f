//! [`Shard`]: which rows of a batch belong together.

use std::ops::Range;

/// A micro-shard: one of `count` parts of the rows of a batch. Parts are neighbouring rows, and differ by one row at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    /// Which part, from 0.
    pub index: usize,
    /// How many there are.
    pub count: usize,
}

impl Shard {
    /// All rows.
    pub const WHOLE: Self = Self { index: 0, count: 1 };

    /// The rows of this part, of `rows` in all. There are none where the batch has fewer rows than parts.
    pub fn rows(self, rows: usize) -> Range<usize> {
        let at = |index: usize| index * rows / self.count.max(1);
        at(self.index)..at(self.index + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_in_one_part_and_parts_are_of_one_size() {
        for (rows, count) in [(32, 8), (13, 4), (3, 8), (0, 2), (7, 1)] {
            let parts: Vec<_> = (0..count).map(|index| Shard { index, count }.rows(rows)).collect();
            assert_eq!((parts[0].start, parts[count - 1].end), (0, rows));
            assert!(parts.windows(2).all(|pair| pair[0].end == pair[1].start));
            let sizes = || parts.iter().map(|part| part.len());
            assert!(sizes().max().unwrap_or(0) - sizes().min().unwrap_or(0) <= 1);
        }
    }
}
