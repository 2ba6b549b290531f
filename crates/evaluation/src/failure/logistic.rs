//! Logistic regression: the weights of several measurements that best separate two groups.

/// A fitted classifier: `score(x) = bias + Σ weight_i · (x_i − mean_i) / deviation_i`.
#[derive(Clone, Debug, PartialEq)]
pub struct Logistic<const N: usize> {
    mean: [f64; N],
    deviation: [f64; N],
    /// Weight of each measurement, in units of its standard deviation.
    pub weights: [f64; N],
    bias: f64,
}

/// Strength of the L2 penalty on the weights, per example.
const PENALTY: f64 = 0.01;
/// Steps of gradient descent; enough for the loss of standardised measurements to settle.
const STEPS: usize = 500;
const RATE: f64 = 0.5;
/// A standard deviation up to which a measurement counts as constant.
const NEVER_VARIES: f64 = 1e-12;

/// A standardised example with its weight in the loss.
struct Example<const N: usize> {
    x: [f64; N],
    target: f64,
    weight: f64,
}

/// Examples whose scores are computed side by side.
const BLOCK: usize = 8;

/// Some examples, measurement by measurement, filled up with zeros.
struct Block<const N: usize>([[f64; BLOCK]; N]);

impl<const N: usize> Block<N> {
    fn new(examples: &[Example<N>]) -> Self {
        let at = |i: usize| std::array::from_fn(|k| examples.get(k).map_or(0.0, |example| example.x[i]));
        Self(std::array::from_fn(at))
    }

    /// `Σ weight_i · x_i` of each, in the order of the measurements.
    fn linear(&self, weights: &[f64; N]) -> [f64; BLOCK] {
        let mut sums = [0.0; BLOCK];
        for (values, weight) in self.0.iter().zip(weights) {
            for k in 0..BLOCK {
                sums[k] += weight * values[k];
            }
        }
        sums
    }
}

impl<const N: usize> Logistic<N> {
    /// Minimises the mean cross-entropy of both groups, each group weighing the same, with an L2 penalty, by gradient
    /// descent with momentum from zero. Deterministic. A measurement that never varies has no weight.
    pub fn fit(positives: &[[f64; N]], negatives: &[[f64; N]]) -> Self {
        Self::fit_with(positives, negatives, PENALTY)
    }

    /// [`Self::fit`] with another strength of the L2 penalty, per example.
    pub fn fit_with(positives: &[[f64; N]], negatives: &[[f64; N]], penalty: f64) -> Self {
        let all = || positives.iter().chain(negatives);
        let count = (positives.len() + negatives.len()).max(1) as f64;
        let mean: [f64; N] = std::array::from_fn(|i| all().map(|x| x[i]).sum::<f64>() / count);
        let deviation: [f64; N] =
            std::array::from_fn(|i| (all().map(|x| (x[i] - mean[i]).powi(2)).sum::<f64>() / count).sqrt());
        let mut model = Self { mean, deviation, weights: [0.0; N], bias: 0.0 };
        let share = |group: &[[f64; N]]| 0.5 / group.len().max(1) as f64;
        let groups = [(positives, 1.0), (negatives, 0.0)];
        let examples: Vec<Example<N>> = (groups.iter())
            .flat_map(|&(group, target)| group.iter().map(move |x| (x, target, share(group))))
            .map(|(x, target, weight)| Example { x: model.standardised(x), target, weight })
            .collect();
        let blocks: Vec<Block<N>> = examples.chunks(BLOCK).map(Block::new).collect();
        let (mut speed, mut bias_speed) = ([0.0; N], 0.0);
        for _ in 0..STEPS {
            let mut d_weights: [f64; N] = std::array::from_fn(|i| penalty * model.weights[i]);
            let mut d_bias = 0.0;
            for (block, examples) in blocks.iter().zip(examples.chunks(BLOCK)) {
                let scores = block.linear(&model.weights);
                for (example, score) in examples.iter().zip(scores) {
                    // d cross-entropy / d score = p − target.
                    let p = 1.0 / (1.0 + (-(model.bias + score)).exp());
                    let d_score = example.weight * (p - example.target);
                    d_bias += d_score;
                    for i in 0..N {
                        d_weights[i] += d_score * example.x[i];
                    }
                }
            }
            for i in 0..N {
                speed[i] = 0.9 * speed[i] - RATE * d_weights[i];
                model.weights[i] += speed[i];
            }
            bias_speed = 0.9 * bias_speed - RATE * d_bias;
            model.bias += bias_speed;
        }
        model
    }

    /// Log-odds of belonging to the positives.
    pub fn score(&self, x: &[f64; N]) -> f64 {
        self.linear(&self.standardised(x))
    }

    /// How much one measurement adds to the score, compared with another value of it.
    pub fn contribution(&self, i: usize, value: f64, compared_with: f64) -> f64 {
        if self.deviation[i] > NEVER_VARIES {
            self.weights[i] * (value - compared_with) / self.deviation[i]
        } else {
            0.0
        }
    }

    fn linear(&self, standardised: &[f64; N]) -> f64 {
        self.bias + self.weights.iter().zip(standardised).map(|(weight, x)| weight * x).sum::<f64>()
    }

    fn standardised(&self, x: &[f64; N]) -> [f64; N] {
        std::array::from_fn(|i| {
            if self.deviation[i] > NEVER_VARIES { (x[i] - self.mean[i]) / self.deviation[i] } else { 0.0 }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::abs_diff_eq;

    #[test]
    fn learns_which_measurement_matters() {
        let positives: Vec<[f64; 3]> = (0..50).map(|i| [5.0 + (i % 7) as f64, (i % 5) as f64, 1.0]).collect();
        let negatives: Vec<[f64; 3]> = (0..50).map(|i| [(i % 7) as f64, (i % 5) as f64, 1.0]).collect();
        let model = Logistic::fit(&positives, &negatives);
        assert!(
            model.weights[0] > 1.0 && abs_diff_eq!(model.weights[1], 0.0, epsilon = 0.2),
            "{:?}",
            model.weights
        );
        assert_eq!(model.weights[2], 0.0);
        assert!(model.score(&[11.0, 2.0, 1.0]) > 0.0 && model.score(&[0.0, 2.0, 1.0]) < 0.0);
    }

    #[test]
    fn is_stable_without_examples() {
        let model = Logistic::<2>::fit(&[], &[]);
        assert_eq!(model.score(&[1.0, 2.0]), 0.0);
    }
}
