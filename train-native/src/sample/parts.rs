//! Cells written as they are made.
//!
//! Does: cuts what is wanted into parts of at most a thousand cells, writes every part when it is finished, goes on from
//! the parts of an earlier try, and joins them in the end.
//! Does not know: how cells are made, how an h5ad file is written.
//! Flow: choices → **parts on disk** → one h5ad file.
//!
//! A disk that is full, or a kill, loses at most the part in work. Draws are keyed by conditions and numbers of cells, so
//! parts are the cells that one run would have made; lines of a table that ask for the same cells twice go on counting.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use cells::Cells;
use cells::h5ad::{Layer, Matrix, read_h5ad, write_h5ad, write_h5ad_with_layers};
use model::bundle::{Bundle, sha256};
use model::card::Choices;
use model::sample::Effort;

use super::describe::describe;
use crate::files::{in_hand, write_atomic};
use crate::generate::{Generated, generate_part, provenance};
use crate::output::say;
use crate::progress;

/// Most cells of a part.
const PART: usize = 1024;
/// Name of the layer with expected counts.
const EXPECTED: &str = "expected";
/// Most bytes of expected counts, which are joined in memory.
const MOST_EXPECTED: usize = 4 << 30;

/// Where cells go and how they are made.
pub struct Output<'a> {
    /// How much the device does at once.
    pub effort: Effort,
    /// Its name for the provenance.
    pub device: &'a str,
    /// File.
    pub out: &'a Path,
    /// Whether expected counts are wanted as a layer.
    pub expects: bool,
}

/// Some cells of one line.
struct Part {
    choices: Choices,
    first: usize,
}

/// The parts of what is wanted, in order.
fn parts(bundle: &Bundle, wanted: &[Choices]) -> Result<Vec<Part>> {
    let mut counted: BTreeMap<(u64, u64), usize> = BTreeMap::new();
    let mut parts = Vec::new();
    for choices in wanted {
        let next = counted.entry((bundle.request(choices)?.key, choices.seed)).or_default();
        for start in (0..choices.cells).step_by(PART) {
            let own = Choices { cells: (choices.cells - start).min(PART), ..choices.clone() };
            parts.push(Part { choices: own, first: *next + start });
        }
        *next += choices.cells;
    }
    Ok(parts)
}

/// Folder of the parts.
fn folder_of(out: &Path) -> PathBuf {
    let mut name = out.file_name().unwrap_or_default().to_owned();
    name.push(".parts");
    out.with_file_name(name)
}

/// Name of a part: what it holds, so that parts of another request are never taken for it.
fn name_of(bundle: &Bundle, part: &Part, expects: bool, device: &str) -> Result<String> {
    let choices = serde_json::to_string(&part.choices)?;
    let text = format!("{}{choices}{}{expects}{device}{}", bundle.hash, part.first, env!("CARGO_PKG_VERSION"));
    Ok(sha256(text.as_bytes())[..24].to_owned())
}

/// Values of a part's expected counts.
fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
}

/// A part that an earlier try wrote, if it is whole.
fn earlier(path: &Path, part: &Part, genes: usize, expects: bool) -> Option<Generated> {
    let cells = read_h5ad(std::fs::read(path).ok()?, &Matrix::X).ok()?;
    let expected = if expects { floats(&std::fs::read(path.with_extension(EXPECTED)).ok()?) } else { Vec::new() };
    let whole = cells.len() == part.choices.cells && expected.len() == if expects { cells.len() * genes } else { 0 };
    whole.then_some(Generated { cells, expected })
}

/// Writes a part; the cells last, so that they are not taken for whole without the rest.
fn keep(path: &Path, made: &Generated, expects: bool) -> Result<()> {
    let _in_hand = in_hand();
    if expects {
        let bytes: Vec<u8> = made.expected.iter().flat_map(|value| value.to_le_bytes()).collect();
        write_atomic(&path.with_extension(EXPECTED), &bytes)?;
    }
    write_atomic(path, &write_h5ad(&made.cells, &BTreeMap::new())?)
}

/// Generates all of it into one file.
///
/// # Errors
/// When the device fails, or the disk is full: what was made by then is kept, and the same command goes on.
pub fn write(bundle: &Bundle, wanted: &[Choices], output: &Output<'_>) -> Result<()> {
    let (total, genes) = (wanted.iter().map(|own| own.cells).sum::<usize>(), bundle.card.genes.len());
    let Some(first) = wanted.first() else { bail!("nothing was asked for") };
    let bytes = total.saturating_mul(genes).saturating_mul(4);
    ensure!(
        !output.expects || bytes <= MOST_EXPECTED,
        "expected counts of {total} cells and {genes} genes are {:.1} GB; ask for fewer cells at a time, or leave --expected out",
        bytes as f64 / 1e9
    );
    let parts = parts(bundle, wanted)?;
    let folder = folder_of(output.out);
    let shown = progress::counted("generating cells", total as u64, "cells");
    // What fits into one part is written once.
    let several = parts.len() > 1;
    let (mut joined, mut expected, mut done, mut kept): (Option<Cells>, Vec<f32>, usize, usize) =
        (None, Vec::new(), 0, 0);
    for part in &parts {
        let path = folder.join(name_of(bundle, part, output.expects, output.device)?).with_extension("h5ad");
        let found = if several { earlier(&path, part, genes, output.expects) } else { None };
        let made = match found {
            Some(found) => found,
            None => {
                let mut heard = |cells: usize| shown.reach((done + cells) as u64);
                let made = generate_part(bundle, &part.choices, part.first, output.effort, output.expects, &mut heard)?;
                if several {
                    keep(&path, &made, output.expects).with_context(|| {
                        format!(
                            "{kept} of {total} cells are kept in {}; the same command goes on from there",
                            folder.display()
                        )
                    })?;
                }
                made
            }
        };
        done += made.cells.len();
        kept = done;
        shown.reach(done as u64);
        expected.extend(made.expected);
        joined = Some(match joined {
            None => made.cells,
            Some(before) => before.joined(&made.cells)?,
        });
    }
    drop(shown);
    let Some(all) = joined else { bail!("nothing was asked for") };
    let mut notes = provenance(bundle, first, output.device);
    if wanted.len() > 1 {
        notes.insert("wellplate_table".to_owned(), describe(wanted));
    }
    let layers = [(EXPECTED, Layer::Dense(&expected))];
    let bytes = write_h5ad_with_layers(&all, &notes, if output.expects { &layers } else { &[] })?;
    let hint = || {
        if several {
            format!("all {total} cells are kept in {}; the same command joins them", folder.display())
        } else {
            String::from("nothing was kept")
        }
    };
    // Cells and parts of them are not left side by side.
    let _in_hand = in_hand();
    write_atomic(output.out, &bytes).with_context(hint)?;
    if several {
        std::fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    say(&format!("{} cells in {}", all.len(), output.out.display()));
    Ok(())
}
