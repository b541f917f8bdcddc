//! Cells into the bytes of an AnnData file.
//!
//! Does: X as sparse rows of f32 holding whole numbers (the type scanpy expects of X), obs with
//! categoricals, the gene index, and provenance as texts under `uns`.
//! Does not know: where the bytes go; writing a file is the caller's, and atomic there.
//! Flow: generated cells → **bytes** that scanpy and cell-eval open unchanged.

use std::collections::BTreeMap;

use hdf5_pure::{AttrValue, FileBuilder, GroupBuilder};

use super::error::H5adError;
use crate::cells::Cells;
use crate::column::Column;
use crate::counts::Counts;

/// Longest chunk. HDF5 2.0 refuses a file whose chunk length is written in more bytes than it needs; the
/// library here writes 1, 2 or 4, so lengths that need 3 are out.
const LARGEST_CHUNK: usize = 32_768;

/// Sets an element's AnnData encoding.
fn encode(group: &mut GroupBuilder, kind: &str, version: &str) {
    group.set_attr("encoding-type", AttrValue::VarLenString(kind.to_owned()));
    group.set_attr("encoding-version", AttrValue::VarLenString(version.to_owned()));
}

/// Adds a data set of texts.
fn texts(group: &mut GroupBuilder, name: &str, values: &[String]) {
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    let dataset = group.create_dataset(name);
    dataset.with_vlen_strings(&values);
    dataset.set_attr("encoding-type", AttrValue::VarLenString("string-array".to_owned()));
    dataset.set_attr("encoding-version", AttrValue::VarLenString("0.2.0".to_owned()));
}

/// Cells as an `.h5ad` file; `uns` holds short texts (seed, bundle hash, …).
///
/// # Errors
/// When the HDF5 library refuses the data.
pub fn write_h5ad(cells: &Cells, uns: &BTreeMap<String, String>) -> Result<Vec<u8>, H5adError> {
    write_h5ad_with_layers(cells, uns, &[])
}

/// Values besides `X`.
#[derive(Clone, Copy, Debug)]
pub enum Layer<'a> {
    /// Dense values, cell by cell [cells × G].
    Dense(&'a [f32]),
    /// Counts of the same cells and genes.
    Counts(&'a Counts),
}

/// The same with `layers` by name.
///
/// # Errors
/// When the HDF5 library refuses the data.
pub fn write_h5ad_with_layers(
    cells: &Cells,
    uns: &BTreeMap<String, String>,
    layers: &[(&str, Layer<'_>)],
) -> Result<Vec<u8>, H5adError> {
    let mut file = FileBuilder::new();
    file.set_attr("encoding-type", AttrValue::VarLenString("anndata".to_owned()));
    file.set_attr("encoding-version", AttrValue::VarLenString("0.1.0".to_owned()));
    let mut x = file.create_group("X");
    matrix(&mut x, &cells.counts);
    file.add_group(x.finish());
    let obs = frame(&mut file, "obs", &cells.names, &cells.labels);
    file.add_group(obs.finish());
    let var = frame(&mut file, "var", &cells.genes, &BTreeMap::new());
    file.add_group(var.finish());
    let mut all = file.create_group("layers");
    encode(&mut all, "dict", "0.1.0");
    let genes = cells.genes.len() as u64;
    for (name, layer) in layers {
        let values = match layer {
            Layer::Dense(values) => *values,
            Layer::Counts(counts) => {
                let mut own = all.create_group(name);
                matrix(&mut own, counts);
                all.add_group(own.finish());
                continue;
            }
        };
        let dataset = all.create_dataset(name).with_f32_data(values).with_shape(&[cells.len() as u64, genes]);
        if !values.is_empty() {
            // A few rows a chunk; lengths below LARGEST_CHUNK.
            let rows = (LARGEST_CHUNK as u64 / genes.max(1)).clamp(1, cells.len() as u64);
            dataset.with_chunks(&[rows, genes.min(LARGEST_CHUNK as u64)]).with_shuffle().with_deflate(4);
        }
        dataset.set_attr("encoding-type", AttrValue::VarLenString("array".to_owned()));
        dataset.set_attr("encoding-version", AttrValue::VarLenString("0.2.0".to_owned()));
    }
    file.add_group(all.finish());
    for name in ["obsm", "obsp", "varm", "varp"] {
        let mut empty = file.create_group(name);
        encode(&mut empty, "dict", "0.1.0");
        file.add_group(empty.finish());
    }
    let mut notes = file.create_group("uns");
    encode(&mut notes, "dict", "0.1.0");
    for (key, value) in uns {
        let dataset = notes.create_dataset(key);
        dataset.with_vlen_strings(&[value.as_str()]).with_shape(&[]);
        dataset.set_attr("encoding-type", AttrValue::VarLenString("string".to_owned()));
        dataset.set_attr("encoding-version", AttrValue::VarLenString("0.2.0".to_owned()));
    }
    file.add_group(notes.finish());
    file.finish().map_err(|source| H5adError::Write { source })
}

/// Counts as compressed sparse rows.
fn matrix(x: &mut GroupBuilder, counts: &Counts) {
    encode(x, "csr_matrix", "0.1.0");
    x.set_attr("shape", AttrValue::I64Array(vec![counts.cells() as i64, counts.genes() as i64]));
    let mut starts = vec![0_i64];
    let (mut indices, mut values) = (Vec::new(), Vec::new());
    for cell in 0..counts.cells() {
        let (genes, row) = counts.row(cell);
        indices.extend(genes.iter().map(|gene| *gene as i32));
        values.extend(row.iter().map(|count| *count as f32));
        starts.push(indices.len() as i64);
    }
    // Small chunks with deflate: generated cells are mostly small whole numbers.
    let chunk = [values.len().clamp(1, LARGEST_CHUNK) as u64];
    let data = x.create_dataset("data").with_f32_data(&values);
    if !values.is_empty() {
        data.with_chunks(&chunk).with_shuffle().with_deflate(4);
    }
    let index = x.create_dataset("indices").with_i32_data(&indices);
    if !indices.is_empty() {
        index.with_chunks(&chunk).with_shuffle().with_deflate(4);
    }
    // Of the indices' type, as scipy keeps them: scikit-learn refuses a mixture.
    match starts.iter().map(|start| i32::try_from(*start)).collect::<Result<Vec<i32>, _>>() {
        Ok(starts) => x.create_dataset("indptr").with_i32_data(&starts),
        Err(_) => x.create_dataset("indptr").with_i64_data(&starts),
    };
}

/// A data frame with its index and labels.
fn frame(file: &mut FileBuilder, name: &str, index: &[String], labels: &BTreeMap<String, Column>) -> GroupBuilder {
    let mut frame = file.create_group(name);
    encode(&mut frame, "dataframe", "0.2.0");
    frame.set_attr("_index", AttrValue::VarLenString("_index".to_owned()));
    let order: Vec<String> = labels.keys().cloned().collect();
    let order = if order.is_empty() { AttrValue::F64Array(Vec::new()) } else { AttrValue::VarLenStringArray(order) };
    frame.set_attr("column-order", order);
    texts(&mut frame, "_index", index);
    for (key, column) in labels {
        match column {
            Column::Categorical { codes, categories } => {
                let mut inner = frame.create_group(key);
                encode(&mut inner, "categorical", "0.2.0");
                inner.set_attr("ordered", AttrValue::U8(0));
                texts(&mut inner, "categories", categories);
                inner.create_dataset("codes").with_i32_data(codes);
                frame.add_group(inner.finish());
            }
            Column::Integer(values) => {
                frame.create_dataset(key).with_i64_data(values);
            }
            Column::Float(values) => {
                frame.create_dataset(key).with_f64_data(values);
            }
            Column::Boolean(values) => {
                let values: Vec<i64> = values.iter().map(|value| i64::from(*value)).collect();
                frame.create_dataset(key).with_i64_data(&values);
            }
        }
    }
    frame
}
