//! Golden files: what another implementation computed, with how to compute it again.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

/// A golden file.
#[derive(Clone, Debug, Deserialize)]
pub struct Golden {
    /// The script that writes it.
    pub generator: String,
    /// The version of the library that computed it.
    pub version: String,
    /// The seed of its inputs.
    pub seed: u64,
    /// `"f32"` or `"f64"`.
    pub dtype: String,
    /// What was computed.
    pub cases: Vec<GoldenCase>,
}

/// One computation.
#[derive(Clone, Debug, Deserialize)]
pub struct GoldenCase {
    /// Its name, for reports.
    pub name: String,
    /// Sizes and switches.
    pub config: BTreeMap<String, serde_json::Value>,
    /// Inputs and results.
    pub tensors: BTreeMap<String, Tensor>,
}

/// Numbers in row-major order.
#[derive(Clone, Debug, Deserialize)]
pub struct Tensor {
    /// The size of each dimension.
    pub shape: Vec<usize>,
    /// The numbers.
    pub values: Vec<f64>,
}

impl Golden {
    /// Reads a file.
    ///
    /// # Panics
    /// If it cannot be read, or is none; with the script that writes it in the message.
    pub fn read(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path)
            .unwrap_or_else(|error| panic!("cannot read the golden file {}: {error}", path.display()));
        serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("{} is no golden file: {error}", path.display()))
    }
}

impl GoldenCase {
    /// A size or count of the configuration.
    ///
    /// # Panics
    /// If there is none.
    pub fn size(&self, name: &str) -> usize {
        let value = self.config.get(name).and_then(serde_json::Value::as_u64);
        value.unwrap_or_else(|| panic!("case {} has no size {name}", self.name)) as usize
    }

    /// A switch of the configuration.
    ///
    /// # Panics
    /// If there is none.
    pub fn flag(&self, name: &str) -> bool {
        let value = self.config.get(name).and_then(serde_json::Value::as_bool);
        value.unwrap_or_else(|| panic!("case {} has no switch {name}", self.name))
    }

    /// A tensor's numbers.
    ///
    /// # Panics
    /// If there is none.
    pub fn values(&self, name: &str) -> &[f64] {
        match self.tensors.get(name) {
            Some(tensor) => &tensor.values,
            None => panic!("case {} has no tensor {name}", self.name),
        }
    }
}
