//! Median and quartiles, which outliers do not change.

use serde::Serialize;

/// The quartiles of a set of values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Quartiles {
    /// A quarter of the values lies below.
    pub lower: f64,
    /// Half of the values lies below.
    pub median: f64,
    /// Three quarters of the values lie below.
    pub upper: f64,
}

impl Quartiles {
    /// The quartiles of `values`, with linear interpolation; zeros for no values.
    pub fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let place = share * values.len().saturating_sub(1) as f64;
            let (below, above) = (values.get(place as usize), values.get(place.ceil() as usize));
            match (below, above) {
                (Some(below), Some(above)) if below == above => *below,
                (Some(below), Some(above)) => below + (above - below) * place.fract(),
                _ => 0.0,
            }
        };
        Quartiles { lower: at(0.25), median: at(0.5), upper: at(0.75) }
    }

    /// The quartiles of `values` `[T, B]` over the rows, for each distance from the last step.
    pub fn by_distance(values: &[f64], batch: usize) -> Vec<Self> {
        values.chunks_exact(batch).rev().map(|rows| Quartiles::of(rows.to_vec())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_are_interpolated() {
        let q = Quartiles::of(vec![4.0, 1.0, 3.0, 2.0, 5.0]);
        assert_eq!((q.lower, q.median, q.upper), (2.0, 3.0, 4.0));
        let q = Quartiles::of(vec![1.0, 2.0]);
        assert_eq!((q.lower, q.median, q.upper), (1.25, 1.5, 1.75));
        assert_eq!(Quartiles::of(Vec::new()).median, 0.0);
        assert_eq!(Quartiles::of(vec![f64::INFINITY; 3]).median, f64::INFINITY);
    }

    #[test]
    fn distance_zero_is_the_last_step() {
        let medians: Vec<f64> =
            Quartiles::by_distance(&[1.0, 3.0, 10.0, 30.0], 2).iter().map(|q| q.median).collect();
        assert_eq!(medians, [20.0, 2.0]);
    }
}
