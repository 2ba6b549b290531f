//! Likelihood and accuracy of piano rolls given as arrays `[frames, pitches]`.

use ndarray::{Array1, ArrayView2};

use super::accuracy::FrameCounts;
use crate::arrays::{ShapeMismatch, check_equal};

/// Nats of every frame, `[frames]`: `−Σ_p ln P(roll[t, p])`, where `probabilities[t, p]` is the probability that pitch `p` sounds
/// in frame `t`. Infinite where something happens that has probability 0; NaN where a probability is NaN.
///
/// # Errors
/// If the two do not have one shape.
///
/// ```
/// use composer_evaluation::likelihood::rolls::frame_nats;
/// use ndarray::array;
///
/// let probabilities = array![[0.5, 0.25], [1.0, 0.5]];
/// let nats = frame_nats(&probabilities, &array![[true, false], [true, true]])?;
/// approx::assert_abs_diff_eq!(nats[0], -(0.5f64 * 0.75).ln(), epsilon = 1e-15);
/// approx::assert_abs_diff_eq!(nats[1], 2f64.ln(), epsilon = 1e-15);
/// # Ok::<(), composer_evaluation::ShapeMismatch>(())
/// ```
pub fn frame_nats<'a>(
    probabilities: impl Into<ArrayView2<'a, f64>>,
    roll: impl Into<ArrayView2<'a, bool>>,
) -> Result<Array1<f64>, ShapeMismatch> {
    let (probabilities, roll) = (probabilities.into(), roll.into());
    check_equal("probabilities and roll", probabilities.shape(), roll.shape())?;
    let nats = |(p, &sounds): (&f64, &bool)| if sounds { -p.ln() } else { -(-p).ln_1p() };
    let frames = probabilities.rows().into_iter().zip(roll.rows());
    Ok(frames.map(|(p, sounds)| p.iter().zip(sounds).map(nats).sum()).collect())
}

/// Hits and errors of predicted rolls, pooled over all frames.
///
/// # Errors
/// If the two do not have one shape.
///
/// ```
/// use composer_evaluation::likelihood::rolls::frame_counts;
/// use ndarray::array;
///
/// let counts = frame_counts(&array![[true, true, false]], &array![[true, false, true]])?;
/// assert_eq!(counts.accuracy(), 1.0 / 3.0);
/// # Ok::<(), composer_evaluation::ShapeMismatch>(())
/// ```
pub fn frame_counts<'a>(
    predicted: impl Into<ArrayView2<'a, bool>>,
    sounding: impl Into<ArrayView2<'a, bool>>,
) -> Result<FrameCounts, ShapeMismatch> {
    let (predicted, sounding) = (predicted.into(), sounding.into());
    check_equal("predicted and sounding", predicted.shape(), sounding.shape())?;
    let mut counts = FrameCounts::default();
    for (&predicted, &sounding) in predicted.iter().zip(sounding) {
        counts.add(predicted.into(), sounding.into());
    }
    Ok(counts)
}
