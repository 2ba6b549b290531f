//! Exercise 8, solved.

/// The weights of the source steps and the context, for one query.
pub fn attend(query: &[f64], keys: &[Vec<f64>], valid: &[bool]) -> (Vec<f64>, Vec<f64>) {
    let score = |key: &Vec<f64>| key.iter().zip(query).map(|(k, q)| k * q).sum::<f64>();
    let scores: Vec<f64> = keys.iter().map(score).collect();
    let valid_scores = scores.iter().zip(valid).filter(|(_, valid)| **valid).map(|(score, _)| *score);
    let largest = valid_scores.fold(f64::NEG_INFINITY, f64::max);
    let exp =
        scores.iter().zip(valid).map(|(score, &valid)| if valid { (score - largest).exp() } else { 0.0 });
    let exp: Vec<f64> = exp.collect();
    let sum: f64 = exp.iter().sum();
    let weights: Vec<f64> = exp.iter().map(|exp| exp / sum).collect();
    let mut context = vec![0.0; query.len()];
    for (weight, key) in weights.iter().zip(keys) {
        context.iter_mut().zip(key).for_each(|(sum, k)| *sum += weight * k);
    }
    (weights, context)
}
