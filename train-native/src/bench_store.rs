//! What preparing a store costs, on a generated file of any size.
//!
//! Does: writes an h5ad file of random cells a window at a time, prepares it, reads it as training would, and
//! prints cells per second and the most memory held at each stage.
//! Does not know: models.
//! Flow: number of cells → file → store → **table**.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use hdf5_pure::{AttrValue, Dataset, File, FileBuilder, GroupBuilder, MaxExtent};
use model::random::Draws;

use crate::prepare;
use crate::stop::Stop;
use crate::store::Store;
use crate::store::stream::Chosen;
use crate::usage::memory;

/// Cells written at a time.
const BAND: usize = 4096;
/// Elements of a chunk of the file.
const CHUNK: u64 = 32_768;
/// Perturbations and cell types of the file.
const KINDS: [(&str, usize); 2] = [("perturbation", 50), ("cell_type", 8)];

fn text(value: &str) -> AttrValue {
    AttrValue::VarLenString(value.to_owned())
}

fn encode(group: &mut GroupBuilder, kind: &str, version: &str) {
    group.set_attr("encoding-type", text(kind));
    group.set_attr("encoding-version", text(version));
}

/// An AnnData file without cells, whose arrays can grow.
fn empty(genes: usize, cells: usize) -> Result<Vec<u8>> {
    let mut file = FileBuilder::new();
    let growing = [MaxExtent::Unlimited];
    let mut x = file.create_group("X");
    encode(&mut x, "csr_matrix", "0.1.0");
    x.set_attr("shape", AttrValue::I64Array(vec![cells as i64, genes as i64]));
    x.create_dataset("data").with_f32_data(&[]).with_maxshape(&growing).with_chunks(&[CHUNK]);
    x.create_dataset("indices").with_i32_data(&[]).with_maxshape(&growing).with_chunks(&[CHUNK]);
    x.create_dataset("indptr").with_i64_data(&[]).with_maxshape(&growing).with_chunks(&[CHUNK]);
    file.add_group(x.finish());
    let mut var = file.create_group("var");
    encode(&mut var, "dataframe", "0.2.0");
    var.set_attr("_index", text("_index"));
    let names: Vec<String> = (0..genes).map(|gene| format!("GENE{gene}")).collect();
    var.create_dataset("_index").with_vlen_strings(&names.iter().map(String::as_str).collect::<Vec<_>>());
    file.add_group(var.finish());
    let mut obs = file.create_group("obs");
    encode(&mut obs, "dataframe", "0.2.0");
    obs.set_attr("_index", text("_index"));
    // A number as the name: what matters here is that names are read in windows like everything else.
    obs.create_dataset("_index")
        .with_ascii_strings_sized(&["start"], 12)?
        .with_maxshape(&growing)
        .with_chunks(&[CHUNK]);
    for (key, kinds) in KINDS {
        let mut column = obs.create_group(key);
        encode(&mut column, "categorical", "0.2.0");
        let values: Vec<String> = (0..kinds).map(|kind| format!("{key} {kind}")).collect();
        column.create_dataset("categories").with_vlen_strings(&values.iter().map(String::as_str).collect::<Vec<_>>());
        column.create_dataset("codes").with_i8_data(&[]).with_maxshape(&growing).with_chunks(&[CHUNK]);
        obs.add_group(column.finish());
    }
    file.add_group(obs.finish());
    Ok(file.finish()?)
}

/// Writes a file of random cells, about `genes / 50` genes seen in each.
///
/// # Errors
/// When the disk is full.
pub fn generate(path: &Path, cells: usize, genes: usize) -> Result<()> {
    std::fs::write(path, empty(genes, cells)?).with_context(|| format!("cannot write {}", path.display()))?;
    let file = File::open_rw(path)?;
    let open = |name: &str| -> Result<Dataset> { Ok(file.dataset(name)?) };
    let (mut data, mut indices, mut starts) = (open("X/data")?, open("X/indices")?, open("X/indptr")?);
    let mut names = open("obs/_index")?;
    let mut codes = KINDS.map(|(key, kinds)| (open(&format!("obs/{key}/codes")), kinds));
    starts.append(&[0_i64])?;
    let mut stored = 0_i64;
    for first in (0..cells).step_by(BAND) {
        let count = BAND.min(cells - first);
        let mut draws = Draws::new(1, first as u64);
        let (mut places, mut values, mut ends) = (Vec::<i32>::new(), Vec::<f32>::new(), Vec::new());
        let mut labels = Vec::new();
        for cell in first..first + count {
            let mut gene = draws.below(90);
            while (gene as usize) < genes {
                places.push(gene as i32);
                values.push(1.0 + draws.below(4) as f32);
                gene += 1 + draws.below(98);
            }
            ends.push(stored + places.len() as i64);
            // Sorted by perturbation, as such files are.
            labels.push(cell);
        }
        stored += places.len() as i64;
        data.append(&values)?;
        indices.append(&places)?;
        starts.append(&ends)?;
        let first_name = usize::from(first == 0);
        let text: Vec<u8> =
            labels.iter().skip(first_name).flat_map(|cell| format!("{cell:012}").into_bytes()).collect();
        names.append_raw(&text)?;
        for (dataset, kinds) in &mut codes {
            let of_cell = |cell: &usize| if *kinds == KINDS[0].1 { cell * *kinds / cells } else { cell % *kinds };
            let own: Vec<i8> = labels.iter().map(|cell| of_cell(cell) as i8).collect();
            match dataset {
                Ok(dataset) => dataset.append(&own)?,
                Err(error) => anyhow::bail!("{error}"),
            }
        }
    }
    drop((data, indices, starts, names, codes));
    file.close()?;
    Ok(())
}

/// Generates, prepares and reads a file of `cells` cells in `folder`, which is emptied of them afterwards.
///
/// # Errors
/// When the disk is full.
pub fn bench(folder: &Path, cells: usize, genes: usize) -> Result<String> {
    let folder = tempfile::tempdir_in(folder)?;
    let path = folder.path().join("generated.h5ad");
    let mut table =
        String::from("| | cells/s | seconds | megabytes on disk | most memory so far, MB |\n|---|---|---|---|---|\n");
    let mut row = |what: &str, seconds: f64, bytes: u64| {
        let held = memory().map_or("-".to_owned(), |bytes| format!("{:.0}", bytes as f64 / 1e6));
        let (speed, size) = (cells as f64 / seconds, bytes as f64 / 1e6);
        writeln!(table, "| {what} | {speed:.0} | {seconds:.1} | {size:.0} | {held} |")
    };
    let started = Instant::now();
    generate(&path, cells, genes)?;
    row("generate the h5ad file", started.elapsed().as_secs_f64(), std::fs::metadata(&path)?.len())?;

    let config = folder.path().join("store.toml");
    std::fs::write(
        &config,
        "pert_col = \"perturbation\"\ncell_type_key = \"cell_type\"\ncontrol_pert = \"perturbation 0\"\n\
         [datasets]\ngenerated = \"generated.h5ad\"\n",
    )?;
    let (out, started) = (folder.path().join("store"), Instant::now());
    let index = prepare::prepare(&config, &out, &Stop::default())?;
    let bytes = index.shards.iter().map(|shard| shard.bytes).sum();
    row("prepare", started.elapsed().as_secs_f64(), bytes)?;

    let started = Instant::now();
    let chosen = Chosen::new(Store::open(&out)?, &(0..cells).collect::<Vec<_>>(), 1);
    let mut tokens = Vec::new();
    std::thread::scope(|scope| -> Result<()> {
        let mut read = 0;
        for window in chosen.walk(scope, 0) {
            let window = window?;
            for place in 0..window.len() {
                let (shard, own, number) = window.cell(place);
                tokens.clear();
                chosen.tokens(shard, own, number, &mut tokens);
            }
            read += window.len();
            if read >= cells {
                break;
            }
        }
        Ok(())
    })?;
    row("read every cell in training order", started.elapsed().as_secs_f64(), bytes)?;
    Ok(format!("{cells} cells of {genes} genes, {} shards\n\n{table}", index.shards.len()))
}
