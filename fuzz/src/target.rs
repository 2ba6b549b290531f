//! [`Target`]: what each fuzz target is.

/// A promise about any bytes.
#[derive(Clone, Copy)]
pub struct Target {
    /// Its name: of its file, and of its folders of inputs.
    pub name: &'static str,
    /// What is promised, in one sentence.
    pub promise: &'static str,
    /// Panics where the promise is broken.
    pub check: fn(&[u8]),
    /// Inputs to begin with: valid ones of every kind, small.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// What mutations insert: magic bytes, names of fields, extreme numbers.
    pub words: &'static [&'static str],
    /// Bytes of the longest input.
    pub max_len: usize,
}
