//! Sizes, weights and input from the folder that ours wrote.

use std::path::{Path, PathBuf};

use crate::Error;

/// A matrix `[rows, columns]`, or a vector with one row.
#[derive(Clone)]
pub struct Matrix {
    pub rows: usize,
    pub columns: usize,
    pub values: Vec<f32>,
}

/// `weight_ih`, `weight_hh`, `bias_ih` and `bias_hh` of a layer, gates in the order of PyTorch.
pub type Layer = [Matrix; 4];

pub struct Network {
    pub cell: String,
    pub features: usize,
    pub hidden: usize,
    pub batch: usize,
    pub steps: usize,
    pub folder: PathBuf,
    pub layers: Vec<Layer>,
    /// Weight `[F, H]` and bias of the output layer.
    pub output: [Matrix; 2],
    /// Input `[T, B, F]`.
    pub x: Vec<f32>,
    /// Targets `[T, B, F]`.
    pub y: Vec<f32>,
}

fn floats(path: &Path) -> Result<Vec<f32>, Error> {
    let bytes = std::fs::read(path)?;
    Ok(bytes.chunks_exact(4).map(|four| f32::from_le_bytes([four[0], four[1], four[2], four[3]])).collect())
}

impl Network {
    pub fn read(words: &[&str]) -> Result<Network, Error> {
        let &[cell, features, hidden, layers, batch, steps, folder] = words else {
            return Err("wrong number of words".into());
        };
        let (features, hidden, count): (usize, usize, usize) =
            (features.parse()?, hidden.parse()?, layers.parse()?);
        let (batch, steps, folder) = (batch.parse()?, steps.parse()?, PathBuf::from(folder));
        let values = floats(&folder.join("weights.f32"))?;
        let mut rest = values.as_slice();
        let mut take = |rows: usize, columns: usize| {
            let (part, after) = rest.split_at(rows * columns);
            rest = after;
            Matrix { rows, columns, values: part.to_vec() }
        };
        let gates = match cell {
            "lstm" => 4,
            "gru" => 3,
            _ => 1,
        };
        let mut layers = Vec::new();
        for layer in 0..count {
            let width = if layer == 0 { features } else { hidden };
            let rows = gates * hidden;
            layers.push([take(rows, width), take(rows, hidden), take(1, rows), take(1, rows)]);
        }
        let output = [take(features, hidden), take(1, features)];
        let (x, y) = (floats(&folder.join("x.f32"))?, floats(&folder.join("y.f32"))?);
        Ok(Network { cell: cell.to_string(), features, hidden, batch, steps, folder, layers, output, x, y })
    }

    /// Names of the states of a step's graph, before and after it.
    #[allow(dead_code)]
    pub fn states(&self) -> Vec<(String, String)> {
        let kinds: &[&str] = if self.cell == "lstm" { &["h", "c"] } else { &["h"] };
        let layers = 0..self.layers.len();
        layers
            .flat_map(|layer| {
                kinds.iter().map(move |kind| (format!("{kind}{layer}"), format!("new_{kind}{layer}")))
            })
            .collect()
    }

    /// The input of step `step`, `[B, F]`.
    #[allow(dead_code)]
    pub fn row(&self, step: usize) -> &[f32] {
        let size = self.batch * self.features;
        &self.x[step * size..(step + 1) * size]
    }
}
