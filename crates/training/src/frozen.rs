//! Weights that are not trained.

use composer_bptt::Parameters;

/// Keeps some of the weights as they are.
pub(crate) struct Frozen {
    trained: Vec<bool>,
    values: Vec<f32>,
}

impl Frozen {
    /// Keeps all present values that are not `trained`.
    pub fn new(trained: Vec<bool>, params: &Parameters<f32>) -> Self {
        Self { trained, values: params.values().to_vec() }
    }

    /// Keeps their gradients out of the norm that is clipped, and out of the moments of the optimiser.
    pub fn drop_gradients(&self, params: &mut Parameters<f32>) {
        for (gradient, &trained) in params.grads_mut().iter_mut().zip(&self.trained) {
            *gradient = if trained { *gradient } else { 0.0 };
        }
    }

    /// Undoes what weight decay did to them.
    pub fn restore(&self, params: &mut Parameters<f32>) {
        let values = params.values_mut().iter_mut().zip(&self.values);
        for ((value, &before), &trained) in values.zip(&self.trained) {
            *value = if trained { *value } else { before };
        }
    }
}
