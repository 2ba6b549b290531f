//! The filters: each takes tokens away from a distribution and lets the rest sum to one.

/// Tokens with their probabilities, the most likely first (of equals the lowest token); they sum to one.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidates(Vec<(u32, f64)>);

impl Candidates {
    /// Softmax of scores divided by the temperature (0: undivided, for a choice of the first). `None` if all are −∞.
    pub fn softmax(scores: &[f64], temperature: f64) -> Option<Self> {
        let divisor = if temperature == 0.0 { 1.0 } else { temperature };
        let highest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        if highest == f64::NEG_INFINITY {
            return None;
        }
        let mut all: Vec<(u32, f64)> = (0..)
            .zip(scores)
            .filter(|&(_, &score)| score > f64::NEG_INFINITY)
            .map(|(token, &score)| (token, ((score - highest) / divisor).exp()))
            .collect();
        all.sort_by(|a, b| b.1.total_cmp(&a.1)); // stable: of equals the lowest token stays first
        let mut candidates = Self(all);
        candidates.normalise();
        Some(candidates)
    }

    /// Tokens and probabilities; never empty.
    pub fn as_slice(&self) -> &[(u32, f64)] {
        &self.0
    }

    /// Keeps the `k` most likely tokens (at least one).
    pub fn top_k(&mut self, k: usize) {
        self.0.truncate(k.max(1));
        self.normalise();
    }

    /// Keeps the fewest most likely tokens that together have probability `p`.
    pub fn top_p(&mut self, p: f64) {
        let kept = fewest(self.0.iter().map(|&(_, q)| q), p);
        self.top_k(kept);
    }

    /// Keeps tokens at least `share` as likely as the most likely one.
    pub fn min_p(&mut self, share: f64) {
        let least = share * self.0[0].1;
        let kept = self.0.iter().take_while(|&&(_, q)| q >= least).count();
        self.top_k(kept);
    }

    /// Keeps the fewest tokens with probability `p` together, those first whose surprise −ln q is nearest to the mean
    /// surprise, the entropy.
    pub fn typical(&mut self, p: f64) {
        let entropy: f64 = self.0.iter().map(|&(_, q)| -q * q.max(f64::MIN_POSITIVE).ln()).sum();
        let distance = |q: f64| (-q.max(f64::MIN_POSITIVE).ln() - entropy).abs();
        self.0.sort_by(|a, b| distance(a.1).total_cmp(&distance(b.1)));
        let kept = fewest(self.0.iter().map(|&(_, q)| q), p);
        self.top_k(kept);
        self.0.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    }

    fn normalise(&mut self) {
        let total: f64 = self.0.iter().map(|&(_, q)| q).sum();
        self.0.iter_mut().for_each(|(_, q)| *q /= total);
    }
}

/// How many of the first numbers are needed to sum to `p`.
pub(crate) fn fewest(numbers: impl Iterator<Item = f64>, p: f64) -> usize {
    let mut sum = 0.0;
    let mut count = 0;
    for number in numbers {
        count += 1;
        sum += number;
        if sum >= p {
            break;
        }
    }
    count
}

/// Divides positive scores of recent tokens by the penalty and multiplies negative ones, each token once.
pub(super) fn repetition_penalty(scores: &mut [f64], recent: &[u32], penalty: f64) {
    if penalty == 1.0 {
        return;
    }
    let mut tokens = recent.to_vec();
    tokens.sort_unstable();
    tokens.dedup();
    for token in tokens {
        if let Some(score) = scores.get_mut(token as usize) {
            *score = if *score > 0.0 { *score / penalty } else { *score * penalty };
        }
    }
}

/// Leaves out every token that would complete `n` tokens which occurred before, unless nothing would be left.
pub(super) fn no_repeat_ngram(scores: &mut [f64], history: &[u32], n: usize) {
    if n < 2 || history.len() < n {
        return;
    }
    let begun = &history[history.len() - (n - 1)..];
    let mut filtered = scores.to_vec();
    for window in history.windows(n).filter(|window| window[..n - 1] == *begun) {
        if let Some(score) = filtered.get_mut(window[n - 1] as usize) {
            *score = f64::NEG_INFINITY;
        }
    }
    if filtered.iter().any(|&score| score > f64::NEG_INFINITY) {
        scores.copy_from_slice(&filtered);
    }
}
