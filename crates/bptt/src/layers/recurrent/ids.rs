//! [`LayerIds`]: where the parameters of a layer are.

use crate::ParamId;
use crate::cell::MAX_DIAGONALS;

/// The parameters of one layer in one direction.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LayerIds {
    pub weight_ih: ParamId,
    pub weight_hh: ParamId,
    pub bias_ih: Option<ParamId>,
    pub bias_hh: Option<ParamId>,
    /// Gains `[G·H]` of the normalised products.
    pub norm_ih: Option<ParamId>,
    pub norm_hh: Option<ParamId>,
    /// Diagonal weights `[H]`, in the order of the cell's table entry.
    pub(super) diagonals: [Option<ParamId>; MAX_DIAGONALS],
}

impl LayerIds {
    pub(crate) fn all(&self) -> impl Iterator<Item = ParamId> {
        let optional = [self.bias_ih, self.bias_hh, self.norm_ih, self.norm_hh];
        let optional = optional.into_iter().flatten();
        [self.weight_ih, self.weight_hh].into_iter().chain(optional).chain(self.diagonals())
    }

    pub(crate) fn diagonals(&self) -> impl Iterator<Item = ParamId> + use<> {
        self.diagonals.into_iter().flatten()
    }
}
