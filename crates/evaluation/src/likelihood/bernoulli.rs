//! A smoothed Bernoulli estimate: the one building block of both baselines.

/// How often a bit was set, and how often not.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    set: u64,
    clear: u64,
}

/// Minus the logarithms of the two probabilities of a bit, in nats.
#[derive(Clone, Copy, Debug)]
pub(super) struct BitCost {
    set: f64,
    clear: f64,
}

impl Counts {
    pub(super) fn add(&mut self, bit: bool) {
        if bit {
            self.set += 1;
        } else {
            self.clear += 1;
        }
    }

    /// Adds the bits of so many more draws of which none was set.
    pub(super) fn add_clear(&mut self, draws: u64) {
        self.clear += draws;
    }

    /// How many bits were counted.
    pub(super) fn total(self) -> u64 {
        self.set + self.clear
    }

    /// `P(set) = (set + ½) / (set + clear + 1)`: the estimator of Krichevsky and Trofimov (1981), the posterior mean
    /// under Jeffreys' prior. A pitch that never sounded in training stays possible, at a price that depends on how
    /// much was seen. This choice gives the published baseline figures to the last printed digit.
    pub(super) fn cost(self) -> BitCost {
        let (set, clear) = (self.set as f64 + 0.5, self.clear as f64 + 0.5);
        let ln_total = (set + clear).ln();
        BitCost { set: ln_total - set.ln(), clear: ln_total - clear.ln() }
    }
}

impl BitCost {
    pub(super) fn of(&self, bit: bool) -> f64 {
        if bit { self.set } else { self.clear }
    }

    /// Probability that the bit is set.
    pub(super) fn probability(&self) -> f64 {
        (-self.set).exp()
    }

    /// Whether the bit is more likely set than not.
    pub(super) fn is_likely(&self) -> bool {
        self.set < self.clear
    }
}

/// Adds a bit for every pitch of a set: whether it is in another set too.
pub(super) fn count(counts: &mut [Counts; 128], pitches: u128, inside: u128) {
    let mut left = pitches;
    while left != 0 {
        let pitch = left.trailing_zeros() as usize;
        counts[pitch].add(inside >> pitch & 1 == 1);
        left &= left - 1;
    }
}

/// Whether pitch `p` is in a set.
pub(super) fn has(set: u128, pitch: u8) -> bool {
    set >> pitch & 1 == 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use approx::assert_abs_diff_eq;

    #[test]
    fn half_a_count_each() {
        let mut counts = Counts::default();
        assert_abs_diff_eq!(counts.cost().of(true), 2f64.ln(), epsilon = 1e-15);
        counts.add(true);
        counts.add(true);
        counts.add(false);
        assert_abs_diff_eq!(counts.cost().of(true), -(2.5f64 / 4.0).ln(), epsilon = 1e-15);
        assert_abs_diff_eq!(counts.cost().of(false), -(1.5f64 / 4.0).ln(), epsilon = 1e-15);
    }
}
