//! Student's interval of a mean: for a few independent figures, such as one per seed, of which a bootstrap has too few.

use ndarray::ArrayView1;
use statrs::distribution::{ContinuousCDF, StudentsT};

use super::Interval;

/// Mean of independent figures with its 95 % interval, `x̄ ± t(0.975, n − 1) · s / √n` (Student 1908). One figure has an
/// interval without bounds; none is NaN.
pub fn student_interval<'a>(values: impl Into<ArrayView1<'a, f64>>) -> Interval {
    let values = values.into();
    let n = values.len() as f64;
    let estimate = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|value| (value - estimate).powi(2)).sum::<f64>() / (n - 1.0);
    let Ok(student) = StudentsT::new(0.0, 1.0, n - 1.0) else {
        let unknown = if estimate.is_nan() { f64::NAN } else { f64::INFINITY };
        return Interval { estimate, low: -unknown, high: unknown };
    };
    let reach = student.inverse_cdf(0.975) * (variance / n).sqrt();
    Interval { estimate, low: estimate - reach, high: estimate + reach }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;

    /// Variance 5/2, and the table's t(0.975, 4) = 2.776445.
    #[test]
    fn an_interval_by_hand() {
        let interval = student_interval(&[1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(interval.estimate, 3.0);
        let reach = 2.776445 * 0.5f64.sqrt();
        assert_abs_diff_eq!(interval.low, 3.0 - reach, epsilon = 1e-6);
        assert_abs_diff_eq!(interval.high, 3.0 + reach, epsilon = 1e-6);
    }

    #[test]
    fn too_few_figures_say_so() {
        let one = student_interval(&[2.0]);
        assert_eq!((one.estimate, one.low, one.high), (2.0, f64::NEG_INFINITY, f64::INFINITY));
        assert!(student_interval(&[]).estimate.is_nan() && student_interval(&[]).high.is_nan());
    }
}
