//! Exercise 6, solved.

/// Softmax with a temperature, then the nucleus.
pub fn distribution(logits: &[f64], temperature: f64, top_p: f64) -> Vec<f64> {
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let exp: Vec<f64> = logits.iter().map(|logit| ((logit - largest) / temperature).exp()).collect();
    let sum: f64 = exp.iter().sum();
    let probabilities: Vec<f64> = exp.iter().map(|exp| exp / sum).collect();
    let mut order: Vec<usize> = (0..logits.len()).collect();
    // A stable sort: of equals, the earlier stays first.
    order.sort_by(|&a, &b| probabilities[b].total_cmp(&probabilities[a]));
    let (mut kept, mut mass) = (vec![0.0; logits.len()], 0.0);
    for choice in order {
        if mass >= top_p {
            break;
        }
        kept[choice] = probabilities[choice];
        mass += probabilities[choice];
    }
    kept.iter().map(|probability| probability / mass).collect()
}
