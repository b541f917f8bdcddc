//! Numbers out of tensors.
//!
//! Does: hands over what a tensor holds.
//! Does not know: what it is.
//! Flow: weights and constants as tensors → **slices** → tables of the loops.

use burn::tensor::Tensor;

/// Numbers of a tensor, row by row.
pub(super) fn floats<const D: usize>(tensor: &Tensor<D>) -> Vec<f32> {
    tensor.to_data().iter::<f32>().collect()
}
