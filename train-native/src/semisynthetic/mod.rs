//! Semi-synthetic cells of many cytokines, from files to a file.
//!
//! Does: reads measured cells, signatures (packed or not) and the table of cytokines; prints the plan; writes the cells
//! with how they were made.
//! Does not know: how cells respond (`cells::signatures`).
//! Flow: h5ad + tables → `cells::signatures` → **h5ad, marked measured or semi-synthetic**.

mod means;
mod words;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use cells::Cells;
use cells::h5ad::write_h5ad;
use cells::matrix_market::Inflate;
use cells::signatures::{AND, Cytokine, Order, Plan, Signatures, cytokines, make, make_pairs, pairs, plan};

use crate::data::read_cells;
use crate::files::write_atomic;

pub use means::{MeansSources, Ready, describe_means, ready, write_from_means};
pub use words::describe;

/// Files that the cells are made from.
#[derive(Clone, Debug, PartialEq)]
pub struct Sources {
    /// Measured cells, raw counts.
    pub data: PathBuf,
    /// Response signatures.
    pub signatures: PathBuf,
    /// Cytokines with their receptors.
    pub cytokines: PathBuf,
    /// More measured cells in which receptor genes are looked for.
    pub references: Vec<PathBuf>,
}

/// What was read, and the plan.
pub struct Planned {
    cells: Cells,
    signatures: Signatures,
    /// What will be made.
    pub plan: Plan,
}

/// Text of a file, unpacked if it is packed.
fn text(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let bytes = Inflate::all(&bytes).with_context(|| format!("{} cannot be unpacked", path.display()))?;
    String::from_utf8(bytes).with_context(|| format!("{} is no text", path.display()))
}

/// Reads everything and plans.
///
/// # Errors
/// When a file cannot be read, or the order cannot be carried out on these cells.
pub fn planned(sources: &Sources, order: &Order) -> Result<Planned> {
    ensure!(order.cells_per > 0, "--cells-per must be at least 1");
    let cells = read_cells(&sources.data)?;
    let references: Vec<Cells> = sources.references.iter().map(|path| read_cells(path)).collect::<Result<_>>()?;
    let signatures = Signatures::read(&text(&sources.signatures)?)
        .with_context(|| format!("{} cannot be used", sources.signatures.display()))?;
    let table: Vec<Cytokine> = cytokines(&text(&sources.cytokines)?)
        .with_context(|| format!("{} cannot be used", sources.cytokines.display()))?;
    let references: Vec<&Cells> = references.iter().collect();
    let plan = plan(&cells, &references, &signatures, &table, order)?;
    Ok(Planned { cells, signatures, plan })
}

/// Makes the planned cells and writes them to `out`; returns their number.
///
/// # Errors
/// When a label is missing or the file cannot be written.
pub fn write(planned: &Planned, sources: &Sources, order: &Order, out: &Path) -> Result<usize> {
    let made = make(&planned.cells, &planned.signatures, &planned.plan, order)?;
    let bytes = write_h5ad(&made, &provenance(&planned.plan, sources, order))?;
    write_atomic(out, &bytes)?;
    Ok(made.len())
}

/// Makes cells of `wanted` pairs of the planned cytokines, with the measured controls, and writes them to `out`; returns
/// the pairs and the number of cells.
///
/// # Errors
/// When no two cytokines act on a common cell type, a label is missing, or the file cannot be written.
pub fn write_pairs(
    planned: &Planned,
    sources: &Sources,
    order: &Order,
    wanted: usize,
    out: &Path,
) -> Result<(Vec<String>, usize)> {
    let pairs = pairs(&planned.plan, wanted, order.seed);
    ensure!(!pairs.is_empty(), "no two of the cytokines act on a common cell type");
    let made = make_pairs(&planned.cells, &planned.signatures, &planned.plan, order, &pairs)?;
    let name = |at: &usize| planned.plan.made[*at].cytokine.name.as_str();
    let names: Vec<String> = pairs.iter().map(|pair| pair.each_ref().map(name).join(AND)).collect();
    let mut about = provenance(&planned.plan, sources, order);
    about.insert("pairs".to_owned(), names.join(", "));
    about.insert("pairs_formula".to_owned(), "the log2 fold changes of both cytokines added".to_owned());
    write_atomic(out, &write_h5ad(&made, &about)?)?;
    Ok((names, made.len()))
}

/// What the file says about itself.
fn provenance(plan: &Plan, sources: &Sources, order: &Order) -> BTreeMap<String, String> {
    // Names only: where files lay on the maker's machine is nobody's concern.
    let name = |path: &PathBuf| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let references: Vec<String> = sources.references.iter().map(name).collect();
    let rule = &plan.response;
    let lines = [
        (
            "origin",
            "semi-synthetic: measured control cells moved by response signatures; obs `origin` tells cell by cell"
                .to_owned(),
        ),
        ("formula", words::formula(rule)),
        ("scale", rule.scale.to_string()),
        ("fit", plan.fit.as_ref().map(words::fit).unwrap_or_else(|| "the scale was given".to_owned())),
        ("receptors", words::receptors(order)),
        ("responders", words::responders(plan)),
        ("left_out", words::left_out(plan)),
        ("seed", order.seed.to_string()),
        ("cells_per_donor_and_cytokine", order.cells_per.to_string()),
        ("measured", order.measured.keys().cloned().collect::<Vec<_>>().join(", ")),
        ("source_cells", name(&sources.data)),
        ("source_signatures", name(&sources.signatures)),
        ("source_cytokines", name(&sources.cytokines)),
        ("source_references", references.join(", ")),
        ("made_by", format!("wellplate {} semisynthetic", env!("CARGO_PKG_VERSION"))),
    ];
    lines.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::{Sources, describe, planned, write, write_pairs};
    use crate::data::read_cells;
    use cells::h5ad::write_h5ad;
    use cells::signatures::{MADE, MEASURED, ORIGIN, Order, ReceptorRule, ResponseRule};
    use cells::synthetic::{CONTROL, PERTURBED, SyntheticSpec, synthetic};
    use std::collections::BTreeMap;
    use std::path::Path;

    const CYTOKINES: &str = "name,gene,receptor gene,family,functional_classification,alternative names,cytosig_signal\n\
        IFN-beta,IFNB1,G00000,Interferon,TypeI IFNs,,ONE\nIL-2,IL2,\"G00001, G00002\",gamma,Th1,,TWO\n";

    fn order() -> Order {
        Order {
            donor: "donor".to_owned(),
            kind: "cell_type".to_owned(),
            condition: "condition".to_owned(),
            control: CONTROL.to_owned(),
            measured: BTreeMap::from([(PERTURBED.to_owned(), "ONE".to_owned())]),
            calibrate_on: None,
            fewest: 5,
            scale: None,
            signals: None,
            cells_per: 10,
            receptors: ReceptorRule::default(),
            response: ResponseRule::default(),
            seed: 1,
        }
    }

    /// Synthetic cells and tables in a folder; signal ONE has z = 5 on the shifted genes.
    fn files(folder: &Path) -> Sources {
        let spec = SyntheticSpec {
            cells_per_group: 20,
            genes: 100,
            types: 2,
            donors: 2,
            markers: 5,
            programme: 5,
            shifted: 20,
            fold_change: 4.0,
            depth: 1000.0,
        };
        let (cells, truth) = synthetic(&spec, 1).unwrap();
        let row = |(at, gene): (usize, &String)| {
            let z = if truth.shifted.contains(&at) { 5 } else { 0 };
            format!("{gene},{z},{}\n", -z)
        };
        let rows: String = cells.genes.iter().enumerate().map(row).collect();
        let path = |name: &str| folder.join(name);
        std::fs::write(path("cells.h5ad"), write_h5ad(&cells, &BTreeMap::new()).unwrap()).unwrap();
        std::fs::write(path("signatures.csv"), format!("gene,ONE,TWO\n{rows}")).unwrap();
        std::fs::write(path("cytokines.csv"), CYTOKINES).unwrap();
        Sources {
            data: path("cells.h5ad"),
            signatures: path("signatures.csv"),
            cytokines: path("cytokines.csv"),
            references: vec![path("cells.h5ad")],
        }
    }

    #[test]
    fn files_become_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let (sources, order) = (files(folder.path()), order());
        let planned = planned(&sources, &order).unwrap();
        let words = describe(&planned.plan, &order);
        assert!(words.contains("IL-2 (TWO): type1"), "{words}");
        // Two donors, one made cytokine, ten cells each, beside 80 controls and 80 measured cells.
        assert!(
            words.contains("80 measured control cells, 80 measured treated cells, 20 semi-synthetic cells"),
            "{words}"
        );
        let out = folder.path().join("made.h5ad");
        assert_eq!(write(&planned, &sources, &order, &out).unwrap(), 180);
        let made = read_cells(&out).unwrap();
        assert_eq!(made.indices_where(ORIGIN, MEASURED).unwrap().len(), 160);
        assert_eq!(made.indices_where(ORIGIN, MADE).unwrap(), made.indices_where("condition", "IL-2").unwrap());
    }

    #[test]
    fn pairs_become_a_file_of_their_own() {
        let folder = tempfile::tempdir().unwrap();
        let (sources, order) = (files(folder.path()), Order { measured: BTreeMap::new(), ..order() });
        let planned = planned(&sources, &order).unwrap();
        let out = folder.path().join("pairs.h5ad");
        let (names, written) = write_pairs(&planned, &sources, &order, 5, &out).unwrap();
        assert_eq!(names, ["IFN-beta+IL-2"]);
        let made = read_cells(&out).unwrap();
        // 80 controls, and ten cells of each of two donors.
        assert_eq!((made.len(), written), (100, 100));
        assert_eq!(
            made.indices_where("condition", "IFN-beta+IL-2").unwrap(),
            made.indices_where(ORIGIN, MADE).unwrap()
        );
        let one = Order { signals: Some(vec!["TWO".to_owned()]), ..order };
        let error = write_pairs(&super::planned(&sources, &one).unwrap(), &sources, &one, 5, &out);
        assert!(error.unwrap_err().to_string().contains("no two"), "a single cytokine makes no pair");
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let sources = files(folder.path());
        std::fs::write(&sources.signatures, "gene,ONE\nG00000,high\n").unwrap();
        let error = planned(&sources, &order()).err().map(|error| format!("{error:#}")).unwrap_or_default();
        assert!(error.contains("signatures.csv") && error.contains("line 2"), "{error}");
        let missing = Sources { cytokines: folder.path().join("none.csv"), ..files(folder.path()) };
        let error = planned(&missing, &order()).err().map(|error| format!("{error:#}")).unwrap_or_default();
        assert!(error.contains("none.csv"), "{error}");
        assert!(planned(&files(folder.path()), &Order { cells_per: 0, ..order() }).is_err());
    }
}
