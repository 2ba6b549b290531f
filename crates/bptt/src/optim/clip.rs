//! Norms of gradients: of all together, to clip it, and of each layer, to look at.

use super::blocks::BLOCK;
use crate::parameters::Parameters;
use composer_tensor::parallel::{ReadRows, SliceRows, share_rows, sum_blocks};

/// Scales all gradients so that their Euclidean norm is at most `max_norm` (Pascanu et al. 2013); returns the norm before.
///
/// The same on any number of threads: the sum is over blocks of fixed size, added in their order.
// ANCHOR: clip
pub fn clip_grad_norm(params: &mut Parameters<f32>, max_norm: f64) -> f64 {
    let norm = sum_of_squares(params.grads()).sqrt();
    if norm > max_norm {
        let scale = (max_norm / norm) as f32;
        let rows = params.len();
        let grads = SliceRows { data: params.grads_mut(), first: 0, width: 1 };
        share_rows(grads, rows, BLOCK, &|part| part.data.iter_mut().for_each(|g| *g *= scale));
    }
    norm
}
// ANCHOR_END: clip

fn sum_of_squares(values: &[f32]) -> f64 {
    /// Independent accumulators: one after the other would wait for each addition.
    const SIDE_BY_SIDE: usize = 16;
    let work = ReadRows { data: values, width: 1 };
    sum_blocks(work, values.len(), BLOCK, &|block| {
        let (chunks, rest) = block.data.as_chunks::<SIDE_BY_SIDE>();
        let mut sums = [0.0; SIDE_BY_SIDE];
        for chunk in chunks {
            sums.iter_mut().zip(chunk).for_each(|(sum, &g)| *sum += f64::from(g) * f64::from(g));
        }
        sums.iter().sum::<f64>() + rest.iter().map(|&g| f64::from(g).powi(2)).sum::<f64>()
    })
}

/// The layers of a model: parameters of one stack whose names end in the same `_l0`, `_l1` …, and everything else by its prefix.
#[derive(Clone, Debug)]
pub struct GroupNorms {
    names: Vec<String>,
    /// Group of each parameter.
    groups: Vec<usize>,
}

impl GroupNorms {
    /// Finds the layers.
    pub fn new(params: &Parameters<f32>) -> Self {
        let mut this = Self { names: Vec::new(), groups: Vec::new() };
        for entry in params.entries() {
            let name = group_of(&entry.name);
            let known = this.names.iter().position(|known| *known == name);
            this.groups.push(known.unwrap_or(this.names.len()));
            if known.is_none() {
                this.names.push(name);
            }
        }
        this
    }

    /// Names of the layers, in the order of the parameters.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Norm of the gradient of each layer.
    pub fn measure(&self, params: &Parameters<f32>) -> Vec<f64> {
        let mut squares = vec![0.0; self.names.len()];
        for (entry, &group) in params.entries().iter().zip(&self.groups) {
            squares[group] += sum_of_squares(&params.grads()[entry.range.clone()]);
        }
        squares.into_iter().map(f64::sqrt).collect()
    }
}

/// `recurrent.weight_hh_l1_reverse` belongs to "layer 2", `encoder.bias_hh_l0` to "encoder layer 1", `output.bias` to "output".
fn group_of(name: &str) -> String {
    let stem = name.strip_suffix("_reverse").unwrap_or(name);
    let layer = stem.rsplit_once("_l").and_then(|(_, digits)| digits.parse::<usize>().ok());
    match (layer, name.rsplit_once('.').map(|(prefix, _)| prefix)) {
        (Some(layer), None | Some("recurrent")) => format!("layer {}", layer + 1),
        (Some(layer), Some(stack)) => format!("{stack} layer {}", layer + 1),
        (None, prefix) => prefix.unwrap_or(name).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters() -> Parameters<f32> {
        let mut params = Parameters::new();
        for (name, grads) in [
            ("recurrent.weight_ih_l0", vec![3.0]),
            ("recurrent.bias_hh_l0_reverse", vec![4.0]),
            ("recurrent.weight_hh_l1", vec![0.0, 12.0]),
            ("output.bias", vec![84.0]),
        ] {
            let id = params.add(name, &[grads.len()]);
            params.grad_mut(id).copy_from_slice(&grads);
        }
        params
    }

    #[test]
    fn clipping_returns_the_norm_before_and_keeps_the_direction() {
        let mut params = parameters();
        assert_eq!(clip_grad_norm(&mut params, 17.0), 85.0);
        for (grad, expected) in params.grads().iter().zip([0.6f32, 0.8, 0.0, 2.4, 16.8]) {
            assert!((grad - expected).abs() < 1e-5);
        }
        assert!((clip_grad_norm(&mut params, 20.0) - 17.0).abs() < 1e-5, "small gradients stay as they are");
    }

    #[test]
    fn norms_are_told_by_layer() {
        let params = parameters();
        let groups = GroupNorms::new(&params);
        assert_eq!(groups.names(), ["layer 1", "layer 2", "output"]);
        assert_eq!(groups.measure(&params), [5.0, 12.0, 84.0]);
        assert_eq!(group_of("encoder.bias_hh_l0_reverse"), "encoder layer 1");
        assert_eq!(group_of("decoder.bias_hh_l0"), "decoder layer 1");
    }
}
