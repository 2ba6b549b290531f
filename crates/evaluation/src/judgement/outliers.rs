//! [`Outliers`]: figures of a piece that lie outside the reference.

use std::ops::Range;

use super::figures::{self, Aspect};
use super::tail::Tail;
use crate::failure::repetition;
use crate::grid::Grid;
use crate::significance::quantile::quantile_of_sorted;
use crate::statistics::ratio;

/// Figures of a piece, in the order of [`Aspect::ALL`].
pub type Figures = [f64; Aspect::ALL.len()];

/// The figures of a piece.
pub fn figures(grid: &Grid) -> Figures {
    Aspect::ALL.map(|aspect| aspect.of(grid))
}

/// On which side of the reference a figure lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Less than the reference.
    Low,
    /// More.
    High,
}

/// What can be found; the other sides (hardly a rest, no chord held) are no fault.
pub(super) const SIDES: [(Aspect, Side); 12] = [
    (Aspect::Silence, Side::High),
    (Aspect::Density, Side::Low),
    (Aspect::Density, Side::High),
    (Aspect::HeldNotes, Side::High),
    (Aspect::Polyphony, Side::Low),
    (Aspect::Polyphony, Side::High),
    (Aspect::PitchClasses, Side::Low),
    (Aspect::PitchClasses, Side::High),
    (Aspect::RepeatedChords, Side::Low),
    (Aspect::RepeatedChords, Side::High),
    (Aspect::Range, Side::Low),
    (Aspect::Range, Side::High),
];

/// The figures of the reference and their tails.
#[derive(Clone, Debug)]
pub struct Outliers {
    /// Sorted, in the order of [`Aspect::ALL`].
    reference: Vec<Vec<f64>>,
    /// In the order of [`SIDES`].
    tails: Vec<Tail>,
    /// Beyond these a figure is an outlier, as [`signed`]; infinite until they are [set](Self::set_limits).
    limits: Vec<f64>,
}

/// A figure on the scale on which its tail is nearer to exponential.
fn scaled(aspect: Aspect, figure: f64) -> f64 {
    match aspect {
        Aspect::Density | Aspect::Polyphony => figure.max(1e-3).ln(),
        Aspect::HeldNotes | Aspect::Silence => figure.sqrt(),
        Aspect::PitchClasses | Aspect::RepeatedChords | Aspect::Range => figure,
    }
}

/// Differences in the [`scaled`] figure that mean nothing.
fn resolution(aspect: Aspect) -> f64 {
    match aspect {
        Aspect::Density | Aspect::Polyphony => 0.05,
        Aspect::HeldNotes | Aspect::Silence => 0.05,
        Aspect::PitchClasses => 0.2,
        Aspect::RepeatedChords => 0.03,
        Aspect::Range => 1.0,
    }
}

/// The figure of an aspect.
pub fn figure_of(figures: &Figures, aspect: Aspect) -> f64 {
    Aspect::ALL
        .iter()
        .zip(figures)
        .find(|(other, _)| **other == aspect)
        .map_or(f64::NAN, |(_, figure)| *figure)
}

fn signed(aspect: Aspect, side: Side, figure: f64) -> f64 {
    match side {
        Side::Low => -scaled(aspect, figure),
        Side::High => scaled(aspect, figure),
    }
}

impl Outliers {
    /// Fits to the figures of reference pieces.
    pub fn fit<'a>(rows: impl Iterator<Item = &'a Figures> + Clone) -> Self {
        let column = |aspect: Aspect| {
            let place = Aspect::ALL.iter().position(|&other| other == aspect).unwrap_or(0);
            rows.clone().map(move |row| row[place]).filter(|figure| figure.is_finite())
        };
        let sorted = |aspect: &Aspect| {
            let mut figures: Vec<f64> = column(*aspect).collect();
            figures.sort_by(f64::total_cmp);
            figures
        };
        let tail = |&(aspect, side): &(Aspect, Side)| {
            Tail::fit(column(aspect).map(|figure| signed(aspect, side, figure)), resolution(aspect))
        };
        Self {
            reference: Aspect::ALL.iter().map(sorted).collect(),
            tails: SIDES.iter().map(tail).collect(),
            limits: vec![f64::INFINITY; SIDES.len()],
        }
    }

    /// For every side of a figure that can be found, the place of the most extreme row.
    pub fn record_holders(rows: &[&Figures]) -> Vec<Option<usize>> {
        let holder = |&(aspect, side): &(Aspect, Side)| {
            let figures = rows.iter().map(|row| signed(aspect, side, figure_of(row, aspect))).enumerate();
            let finite = figures.filter(|(_, figure)| figure.is_finite());
            finite.max_by(|a, b| a.1.total_cmp(&b.1)).map(|(row, _)| row)
        };
        SIDES.iter().map(holder).collect()
    }

    /// Sets the limits: `margin` mean excesses beyond the most extreme of the rows.
    pub fn set_limits(&mut self, rows: &[&Figures], margin: f64) {
        let holders = Self::record_holders(rows);
        for (i, (&(aspect, side), holder)) in SIDES.iter().zip(holders).enumerate() {
            self.limits[i] = holder.map_or(f64::INFINITY, |row| {
                signed(aspect, side, figure_of(rows[row], aspect)) + margin * self.tails[i].excess()
            });
        }
    }

    /// The figures beyond their limits, the most surprising first.
    pub fn beyond_limits(&self, row: &Figures) -> Vec<(Aspect, Side, f64)> {
        let limits = SIDES.iter().zip(&self.limits);
        let mut found: Vec<_> = limits
            .zip(&self.tails)
            .map(|((&(aspect, side), limit), tail)| {
                let figure = signed(aspect, side, figure_of(row, aspect));
                (aspect, side, tail.surprise(figure), figure > *limit)
            })
            .filter(|(.., beyond)| *beyond)
            .map(|(aspect, side, surprise, _)| (aspect, side, surprise))
            .collect();
        found.sort_by(|a, b| b.2.total_cmp(&a.2));
        found
    }

    /// The figures outside what 95 % of the reference has, the most surprising first: to name what is odd about a piece of which it
    /// is known that it is odd.
    pub fn outside_usual(&self, row: &Figures) -> Vec<(Aspect, Side, f64)> {
        let outside = |&(aspect, side, _): &(Aspect, Side, f64)| {
            let ([low, high], figure) = (self.usual(aspect), figure_of(row, aspect));
            if side == Side::Low { figure < low } else { figure > high }
        };
        let mut found: Vec<_> = self.surprises(row).filter(outside).collect();
        found.sort_by(|a, b| b.2.total_cmp(&a.2));
        found
    }

    /// The larger surprise of the two sides of every figure, with the side.
    pub fn surprises<'a>(&'a self, row: &'a Figures) -> impl Iterator<Item = (Aspect, Side, f64)> + 'a {
        Aspect::ALL.iter().zip(row).filter_map(|(&wanted, &figure)| {
            let sides = SIDES.iter().zip(&self.tails).filter(move |((aspect, _), _)| *aspect == wanted);
            let all = sides
                .map(|(&(aspect, side), tail)| (aspect, side, tail.surprise(signed(aspect, side, figure))));
            all.max_by(|a, b| a.2.total_cmp(&b.2))
        })
    }

    /// Lower and upper end of what 95 % of the reference has.
    pub fn usual(&self, aspect: Aspect) -> [f64; 2] {
        let place = Aspect::ALL.iter().position(|&other| other == aspect).unwrap_or(0);
        [0.025, 0.975].map(|share| quantile_of_sorted(&self.reference[place], share))
    }

    /// The middle half of the reference.
    pub fn middle(&self, aspect: Aspect) -> [f64; 2] {
        let place = Aspect::ALL.iter().position(|&other| other == aspect).unwrap_or(0);
        [0.25, 0.75].map(|share| quantile_of_sorted(&self.reference[place], share))
    }

    /// Share of the reference that lies less far out on a side, 0–1.
    pub fn percentile(&self, aspect: Aspect, side: Side, figure: f64) -> f64 {
        let place = Aspect::ALL.iter().position(|&other| other == aspect).unwrap_or(0);
        let reference = &self.reference[place];
        let inside = match side {
            Side::High => reference.partition_point(|&other| other < figure),
            Side::Low => reference.len() - reference.partition_point(|&other| other <= figure),
        };
        ratio(inside as f64, reference.len() as f64)
    }
}

/// The bars in which it happens, from 0; empty if it is about the whole piece.
pub fn bars(aspect: Aspect, side: Side, grid: &Grid, usual: [f64; 2]) -> Vec<Range<usize>> {
    let outside = |figure: f64| match side {
        Side::Low => figure < usual[0],
        Side::High => figure > usual[1],
    };
    match aspect {
        Aspect::Density | Aspect::Polyphony | Aspect::Silence | Aspect::PitchClasses => {
            let windows = figures::by_window(aspect, grid).into_iter();
            windows.filter(|(_, figure)| outside(*figure)).map(|(window, _)| window).collect()
        }
        Aspect::HeldNotes => {
            let held = figures::held(grid);
            held.iter().map(|held| grid.bar_of(held.start)..grid.bar_of(held.end - 1) + 1).collect()
        }
        Aspect::RepeatedChords if side == Side::High => {
            let run = repetition::longest_periodic_run(grid);
            let found = run.end > run.start;
            found.then(|| grid.bar_of(run.start)..grid.bar_of(run.end - 1) + 1).into_iter().collect()
        }
        Aspect::Range if side == Side::High => extremes(grid),
        Aspect::RepeatedChords | Aspect::Range => Vec::new(),
    }
}

/// The bars of the highest and of the lowest note.
fn extremes(grid: &Grid) -> Vec<Range<usize>> {
    let highest = grid.notes.iter().max_by_key(|note| (note.pitch, std::cmp::Reverse(note.onset)));
    let lowest = grid.notes.iter().min_by_key(|note| (note.pitch, note.onset));
    let mut bars: Vec<usize> =
        highest.into_iter().chain(lowest).map(|note| grid.bar_of(note.onset)).collect();
    bars.sort_unstable();
    bars.into_iter().map(|bar| bar..bar + 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::GridNote;

    /// Bars of four quarters: a quarter note each, but for the bars in `thin`, which have one note.
    fn piece(thin: Range<u32>) -> Grid {
        let notes = (0..16).flat_map(|bar| {
            let count = if thin.contains(&bar) { 1 } else { 4 };
            (0..count).map(move |beat| GridNote {
                onset: 48 * bar + 12 * beat,
                pitch: 60 + beat as u8,
                duration: 12,
            })
        });
        Grid::with_bars_of(notes.collect(), 48)
    }

    #[test]
    fn outliers_point_at_their_bars() {
        assert_eq!(bars(Aspect::Density, Side::Low, &piece(4..7), [0.5, 2.0]), [4..5, 5..6, 6..7]);
        assert_eq!(bars(Aspect::Silence, Side::High, &piece(4..7), [0.0, 0.1]), [4..5, 5..6, 6..7]);
    }

    #[test]
    fn surprises_are_on_the_side_that_is_odd() {
        let rows: Vec<Figures> = (0..40).map(|i| figures(&piece(0..i % 5))).collect();
        let outliers = Outliers::fit(rows.iter());
        let usual = figures(&piece(0..2));
        assert!(outliers.surprises(&usual).all(|(_, _, surprise)| surprise < 4.0));
        let thin = figures(&piece(0..16));
        let (aspect, side, _) = outliers.surprises(&thin).max_by(|a, b| a.2.total_cmp(&b.2)).unwrap();
        assert!(matches!(aspect, Aspect::Silence | Aspect::Density | Aspect::PitchClasses), "{aspect:?}");
        assert!(side == if aspect == Aspect::Silence { Side::High } else { Side::Low });
        assert_eq!(outliers.percentile(Aspect::Density, Side::Low, 0.1), 1.0);

        let rows: Vec<&Figures> = rows.iter().collect();
        let mut outliers = outliers;
        assert!(outliers.beyond_limits(&thin).is_empty(), "no limits yet");
        outliers.set_limits(&rows, 1.0);
        assert!(rows.iter().all(|row| outliers.beyond_limits(row).is_empty()));
        let found = outliers.beyond_limits(&thin);
        assert!(
            found.iter().any(|&(aspect, side, _)| (aspect, side) == (Aspect::Density, Side::Low)),
            "{found:?}"
        );
        assert!(outliers.outside_usual(&thin).len() >= found.len());
    }
}
