//! Weights as bytes: safetensors with one key per parameter.
//!
//! Does: saves every parameter and the permutation in f32, or in f16 with some gene tables in bytes, loads them back after
//! checking names and shapes against a config.
//! Does not know: files; where the bytes come from or go to.
//! Flow: trainer → **save** → bundle → **load** → network.
//!
//! Keys are those of [`Network::map`] plus `permutation` (i32 [G]), `pairs` (i32 [P, 2]) and the statistics of genes
//! (`genes.*` [G]). Matrices are [in, out]; the
//! single-row parameters (norms, bias) are written without their leading 1. A table in bytes (i8) has its rows' steps
//! beside it under its key with `.step` (f32 [rows]): a value is its byte times the step of its row.

use std::collections::BTreeMap;

use burn::tensor::{Device, Tensor, TensorData};
use half::f16;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use thiserror::Error;

use crate::config::{ConfigError, ModelConfig};
use crate::layout::Layout;
use crate::network::Network;
use crate::pairs::Pairs;
use crate::quantise::OVERFLOW;
use crate::statistics::GeneStatistics;

/// Number format of saved weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// Bit-exact.
    Full,
    /// Half the size.
    Half,
    /// f16, and bytes for tables with a row for every gene that the network reads: a third of a whole-transcriptome
    /// model. What the page downloads. For networks only; other tensors are as in [`Precision::Half`].
    Bytes,
}

/// Gene tables that are stored in bytes. `gene_output` and `summary.loadings` are not: they hold every gene's own response,
/// and in bytes generated cells are told from measured ones far more easily (train-native/LOG.md).
const IN_BYTES: [&str; 1] = ["gene_embedding"];
/// Largest byte of a stored table; −128 is left out, so that steps are the same on both sides of 0.
const LARGEST_BYTE: f32 = 127.0;

/// Key of a byte table's steps.
fn step_key(name: &str) -> String {
    format!("{name}.step")
}

/// Why weights could not be read or written.
#[derive(Debug, Error)]
pub enum WeightsError {
    /// Not a safetensors file, or a damaged one.
    #[error("the weights are not a readable safetensors file: {0}")]
    Format(#[from] safetensors::SafeTensorError),
    /// The config is inconsistent.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The config asks for more than the file can hold.
    #[error("the weights are {bytes} bytes, too few for the {parameters} parameters that the model's config asks for")]
    TooFew {
        /// Bytes of the file.
        bytes: usize,
        /// Parameters by the config.
        parameters: usize,
    },
    /// A parameter is missing.
    #[error("the weights have no tensor `{0}`; they belong to another model")]
    Missing(String),
    /// A parameter has another shape than the config says.
    #[error("the tensor `{name}` has shape {found:?}, but the model's config asks for {expected:?}")]
    Shape {
        /// Key.
        name: String,
        /// Shape in the file.
        found: Vec<usize>,
        /// Shape by the config.
        expected: Vec<usize>,
    },
    /// A parameter is stored in a format that this version does not read.
    #[error("the tensor `{name}` is stored as {dtype:?}, which is not read here")]
    NumberFormat {
        /// Key.
        name: String,
        /// Its format.
        dtype: Dtype,
    },
    /// Statistics of genes that cannot be.
    #[error("the tensor `{0}` holds a value that no gene can have; the file is damaged")]
    Statistics(String),
    /// The permutation does not hold every gene once.
    #[error("the tensor `permutation` does not hold every gene exactly once; the file is damaged")]
    Permutation,
    /// A value is not a number.
    #[error("the tensor `{0}` holds a value that is not finite; the training run that made it diverged")]
    NotFinite(String),
}

/// Values of a tensor as f32, whatever its format. Shared with the bundle's other files.
pub(crate) fn floats(name: &str, view: &TensorView<'_>) -> Result<Vec<f32>, WeightsError> {
    let bytes = view.data();
    match view.dtype() {
        Dtype::F32 => Ok(bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()),
        Dtype::F16 => Ok(bytes.chunks_exact(2).map(|b| f16::from_le_bytes([b[0], b[1]]).to_f32()).collect()),
        dtype => Err(WeightsError::NumberFormat { name: name.to_owned(), dtype }),
    }
}

/// Values of an i32 tensor.
pub(crate) fn integers(name: &str, view: &TensorView<'_>) -> Result<Vec<i32>, WeightsError> {
    match view.dtype() {
        Dtype::I32 => Ok(view.data().chunks_exact(4).map(|b| i32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()),
        dtype => Err(WeightsError::NumberFormat { name: name.to_owned(), dtype }),
    }
}

/// Whole numbers of a tensor that [`Tensors::whole`] wrote, whatever their width.
pub(crate) fn whole(name: &str, view: &TensorView<'_>) -> Result<Vec<u32>, WeightsError> {
    let bytes = view.data();
    match view.dtype() {
        Dtype::U8 => Ok(bytes.iter().map(|byte| u32::from(*byte)).collect()),
        Dtype::U16 => Ok(bytes.chunks_exact(2).map(|b| u32::from(u16::from_le_bytes([b[0], b[1]]))).collect()),
        Dtype::U32 => Ok(bytes.chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()),
        dtype => Err(WeightsError::NumberFormat { name: name.to_owned(), dtype }),
    }
}

/// Named tensors on their way into a safetensors file.
#[derive(Default)]
pub struct Tensors {
    entries: BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)>,
}

impl Tensors {
    /// Adds floating-point values.
    pub fn floats(&mut self, name: &str, shape: &[usize], values: &[f32], precision: Precision) {
        let (dtype, bytes) = match precision {
            Precision::Full => (Dtype::F32, values.iter().flat_map(|v| v.to_le_bytes()).collect()),
            Precision::Half | Precision::Bytes => {
                (Dtype::F16, values.iter().flat_map(|v| f16::from_f32(*v).to_le_bytes()).collect())
            }
        };
        self.entries.insert(name.to_owned(), (dtype, shape.to_vec(), bytes));
    }

    /// Adds a table [rows, columns] in bytes, with the step of every row: half a step is the largest error.
    fn byte_table(&mut self, name: &str, [rows, columns]: [usize; 2], values: &[f32]) {
        let mut steps = Vec::with_capacity(rows);
        let mut bytes = Vec::with_capacity(values.len());
        for row in values.chunks_exact(columns.max(1)) {
            let step = row.iter().fold(0.0_f32, |largest, value| largest.max(value.abs())) / LARGEST_BYTE;
            // A row of zeros has no step, and none is needed.
            let byte = |value: &f32| if step > 0.0 { (value / step).round() as i8 } else { 0 };
            bytes.extend(row.iter().map(|value| byte(value).to_le_bytes()[0]));
            steps.push(step);
        }
        self.entries.insert(name.to_owned(), (Dtype::I8, vec![rows, columns], bytes));
        self.floats(&step_key(name), &[rows], &steps, Precision::Full);
    }

    /// Adds whole numbers.
    pub fn integers(&mut self, name: &str, shape: &[usize], values: &[i32]) {
        let bytes = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        self.entries.insert(name.to_owned(), (Dtype::I32, shape.to_vec(), bytes));
    }

    /// Adds whole numbers in as few bytes as the largest needs.
    pub fn whole(&mut self, name: &str, shape: &[usize], values: &[u32]) {
        let (dtype, width) = match values.iter().max().copied().unwrap_or(0) {
            0..=0xff => (Dtype::U8, 1),
            0x100..=0xffff => (Dtype::U16, 2),
            _ => (Dtype::U32, 4),
        };
        let bytes = values.iter().flat_map(|value| value.to_le_bytes().into_iter().take(width)).collect();
        self.entries.insert(name.to_owned(), (dtype, shape.to_vec(), bytes));
    }

    /// Adds bytes.
    pub fn bytes(&mut self, name: &str, shape: &[usize], values: Vec<u8>) {
        self.entries.insert(name.to_owned(), (Dtype::U8, shape.to_vec(), values));
    }

    /// The file.
    ///
    /// # Errors
    /// When a shape does not match its values.
    pub fn serialise(&self) -> Result<Vec<u8>, WeightsError> {
        let views = self
            .entries
            .iter()
            .map(|(name, (dtype, shape, bytes))| Ok((name.as_str(), TensorView::new(*dtype, shape.clone(), bytes)?)))
            .collect::<Result<Vec<_>, safetensors::SafeTensorError>>()?;
        Ok(safetensors::serialize(views, None)?)
    }
}

/// Shape in the file: single rows lose their leading 1.
fn stored_shape(dims: [usize; 2]) -> Vec<usize> {
    match dims {
        [1, width] => vec![width],
        [rows, columns] => vec![rows, columns],
    }
}

/// Saves a network. Reads the device's memory synchronously: native use only.
///
/// # Errors
/// When a weight is not finite: a diverged run must not be shipped.
pub fn save(network: &Network, precision: Precision) -> Result<Vec<u8>, WeightsError> {
    let mut tensors = Tensors::default();
    for (name, tensor) in network.parameters() {
        let dims = tensor.dims();
        let values: Vec<f32> = tensor.into_data().iter::<f32>().collect();
        if values.iter().any(|value| !value.is_finite()) {
            return Err(WeightsError::NotFinite(name));
        }
        if precision == Precision::Bytes && IN_BYTES.contains(&name.as_str()) {
            tensors.byte_table(&name, dims, &values);
        } else {
            tensors.floats(&name, &stored_shape(dims), &values, precision);
        }
    }
    let permutation: Vec<i32> = network.layout.permutation().iter().map(|gene| *gene as i32).collect();
    tensors.integers("permutation", &[permutation.len()], &permutation);
    let pairs: Vec<i32> = network.pairs.list().iter().flatten().copied().collect();
    tensors.integers("pairs", &[network.pairs.len(), 2], &pairs);
    save_statistics(&mut tensors, &network.statistics, precision);
    tensors.serialise()
}

/// Adds the statistics of genes.
fn save_statistics(tensors: &mut Tensors, statistics: &GeneStatistics, precision: Precision) {
    let genes = statistics.genes();
    for (name, values) in columns(statistics) {
        tensors.floats(name, &[genes], values, precision);
    }
    let ceilings: Vec<i32> = statistics.ceiling.iter().map(|token| i32::from(*token)).collect();
    tensors.integers(CEILING, &[genes], &ceilings);
}

/// Key of the ceilings.
const CEILING: &str = "genes.ceiling";
/// Largest logarithm that a statistic of a gene may have: e³⁰ is above any count.
const LARGEST_STATISTIC: f32 = 30.0;

/// The statistics of genes that are numbers, by key.
fn columns(statistics: &GeneStatistics) -> [(&'static str, &[f32]); 5] {
    [
        ("genes.log_mean", &statistics.log_mean),
        ("genes.log_size", &statistics.log_size),
        ("genes.scale", &statistics.scale),
        ("genes.lowest", &statistics.lowest),
        ("genes.highest", &statistics.highest),
    ]
}

/// Reads the statistics of `genes` genes.
fn load_statistics(file: &SafeTensors<'_>, genes: usize) -> Result<GeneStatistics, WeightsError> {
    let view = |name: &str| {
        let view = file.tensor(name).map_err(|_| WeightsError::Missing(name.to_owned()))?;
        if view.shape() != [genes] {
            let (found, expected) = (view.shape().to_vec(), vec![genes]);
            return Err(WeightsError::Shape { name: name.to_owned(), found, expected });
        }
        Ok(view)
    };
    let column = |name: &str, most: f32| {
        let values = floats(name, &view(name)?)?;
        match values.iter().all(|value| value.abs() <= most) {
            true => Ok(values),
            false => Err(WeightsError::Statistics(name.to_owned())),
        }
    };
    let ceiling = integers(CEILING, &view(CEILING)?)?;
    let tokens = ceiling.iter().map(|token| u16::try_from(*token).ok().filter(|token| *token <= OVERFLOW));
    let ceiling: Option<Vec<u16>> = tokens.collect();
    Ok(GeneStatistics {
        log_mean: column("genes.log_mean", LARGEST_STATISTIC)?,
        log_size: column("genes.log_size", LARGEST_STATISTIC)?,
        scale: column("genes.scale", f32::MAX)?,
        lowest: column("genes.lowest", LARGEST_STATISTIC)?,
        highest: column("genes.highest", LARGEST_STATISTIC)?,
        ceiling: ceiling.ok_or_else(|| WeightsError::Statistics(CEILING.to_owned()))?,
    })
}

/// Reads the pairs of condition tokens that fit `config`.
fn load_pairs(file: &SafeTensors<'_>, config: &ModelConfig) -> Result<Pairs, WeightsError> {
    let name = "pairs".to_owned();
    let view = file.tensor(&name).map_err(|_| WeightsError::Missing(name.clone()))?;
    if view.shape() != [config.pairs, 2] {
        let found = view.shape().to_vec();
        return Err(WeightsError::Shape { name, found, expected: vec![config.pairs, 2] });
    }
    let pairs = Pairs::new(integers(&name, &view)?.chunks_exact(2).map(|pair| [pair[0], pair[1]]));
    match pairs.len() == config.pairs {
        true => Ok(pairs),
        false => Err(WeightsError::Statistics(name)),
    }
}

/// Values of a table [rows, columns] in bytes.
fn from_bytes(
    file: &SafeTensors<'_>,
    name: &str,
    view: &TensorView<'_>,
    [rows, columns]: [usize; 2],
) -> Result<Vec<f32>, WeightsError> {
    let key = step_key(name);
    let steps = file.tensor(&key).map_err(|_| WeightsError::Missing(key.clone()))?;
    if steps.shape() != [rows] {
        return Err(WeightsError::Shape { name: key, found: steps.shape().to_vec(), expected: vec![rows] });
    }
    let steps = floats(&key, &steps)?;
    let rows = view.data().chunks_exact(columns.max(1)).zip(steps);
    Ok(rows.flat_map(|(row, step)| row.iter().map(move |byte| f32::from(i8::from_le_bytes([*byte])) * step)).collect())
}

/// Loads a network that fits `config` onto a device.
///
/// # Errors
/// When the bytes are damaged, or belong to a network of other sizes.
pub fn load(bytes: &[u8], config: &ModelConfig, device: &Device) -> Result<Network, WeightsError> {
    config.check()?;
    // Each of them takes a byte at least: no room is made for what is not there.
    let parameters = config.parameters();
    if parameters > bytes.len() {
        return Err(WeightsError::TooFew { bytes: bytes.len(), parameters });
    }
    let file = SafeTensors::deserialize(bytes)?;
    let view = |name: &str| file.tensor(name).map_err(|_| WeightsError::Missing(name.to_owned()));
    let permutation = integers("permutation", &view("permutation")?)?;
    if permutation.len() != config.genes {
        return Err(WeightsError::Shape {
            name: "permutation".to_owned(),
            found: vec![permutation.len()],
            expected: vec![config.genes],
        });
    }
    let permutation = permutation.into_iter().map(|gene| u32::try_from(gene).unwrap_or(u32::MAX)).collect();
    let layout = Layout::from_permutation(permutation, config.group_size).ok_or(WeightsError::Permutation)?;
    let mut failure = None;
    let statistics = load_statistics(&file, config.genes)?;
    let mut network = Network::empty(config, layout, statistics, load_pairs(&file, config)?, device);
    network = network.map(|name, empty| {
        let loaded = view(name).and_then(|view| {
            let expected = stored_shape(empty.dims());
            if view.shape() != expected {
                let found = view.shape().to_vec();
                return Err(WeightsError::Shape { name: name.to_owned(), found, expected });
            }
            let values = if view.dtype() == Dtype::I8 {
                from_bytes(&file, name, &view, empty.dims())?
            } else {
                floats(name, &view)?
            };
            if values.iter().any(|value| !value.is_finite()) {
                return Err(WeightsError::NotFinite(name.to_owned()));
            }
            Ok(Tensor::from_data(TensorData::new(values, empty.dims()), device))
        });
        loaded.unwrap_or_else(|error| {
            failure.get_or_insert(error);
            empty
        })
    });
    match failure {
        Some(error) => Err(error),
        None => Ok(network),
    }
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use burn::tensor::Device;

    use super::{Precision, WeightsError, load, save};
    use crate::config::ModelConfig;
    use crate::network::Network;
    use crate::pairs::Pairs;
    use crate::statistics::GeneStatistics;

    #[test]
    fn no_room_is_made_for_what_a_card_claims() {
        let config = crate::precomputed::tests::card().model;
        let network = Network::init(&config, GeneStatistics::flat(5), Pairs::default(), 5, &Device::flex());
        let bytes = save(&network, Precision::Bytes).unwrap();
        assert!(load(&bytes, &config, &Device::flex()).is_ok());
        // Four terabytes and more for each matrix of a block.
        let wide = ModelConfig { width: 1 << 20, ..config };
        assert!(matches!(load(&bytes, &wide, &Device::flex()), Err(WeightsError::TooFew { .. })));
    }
}
