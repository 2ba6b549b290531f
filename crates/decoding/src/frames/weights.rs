//! Choices among weights, which need not sum to one.

use crate::tokens::fewest;

/// Weights to the power of 1 / temperature, the largest 1; at 0, only the largest.
pub fn tempered(weights: &[f64], temperature: f64) -> Vec<f64> {
    let largest = weights.iter().copied().fold(0.0, f64::max);
    if largest == 0.0 {
        return vec![0.0; weights.len()];
    }
    let power = |&weight: &f64| match temperature {
        0.0 => f64::from(u8::from(weight == largest)),
        1.0 => weight / largest,
        _ => (weight / largest).powf(1.0 / temperature),
    };
    weights.iter().map(power).collect()
}

/// Sets all weights to 0 but the largest that have the share `top_p` of all (Holtzman et al. 2020).
pub fn keep_nucleus(weights: &mut [f64], top_p: f64) {
    if top_p >= 1.0 {
        return;
    }
    let mut order: Vec<usize> = (0..weights.len()).filter(|&i| weights[i] > 0.0).collect();
    order.sort_by(|&a, &b| weights[b].total_cmp(&weights[a]));
    let share = top_p * weights.iter().sum::<f64>();
    let kept = fewest(order.iter().map(|&i| weights[i]), share);
    order[kept..].iter().for_each(|&i| weights[i] = 0.0);
}

/// Sets all weights to 0 that are below the share `min_p` of the largest (Nguyen et al. 2024).
pub fn drop_unlikely(weights: &mut [f64], min_p: f64) {
    let least = min_p * weights.iter().copied().fold(0.0, f64::max);
    weights.iter_mut().filter(|weight| **weight < least).for_each(|weight| *weight = 0.0);
}

/// The place in weights that a number from 0 to 1 falls on; `None` if all are 0.
pub fn place_of(weights: &[f64], number: f64) -> Option<usize> {
    let mut left = number * weights.iter().sum::<f64>();
    let mut last = None;
    for (i, &weight) in weights.iter().enumerate().filter(|(_, weight)| **weight > 0.0) {
        left -= weight;
        last = Some(i);
        if left < 0.0 {
            break;
        }
    }
    last
}
