//! What we write, opened by the packages that people use.
//!
//! Does: installs anndata, scanpy and cell-eval into an environment of its own below `target`, once; has anndata
//! read an exported file that is large enough to be cut into chunks, cell-eval score one, scanpy open predicted cells, and
//! pandas and polars read a shard of a store.
//! Does not know: how the file is written. Without Python or its registry the test says why it is skipped.
//! Flow: cells → h5ad → **Python**.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use cells::h5ad::write_h5ad;
use cells::synthetic::{PERTURBED, SyntheticSpec, synthetic};
use cells::{Cells, Counts};
use train_native::store::Role;
use train_native::store::shard::{Labels, Shard, write};

use crate::predict::{mine, predicted};

/// What the environment must have.
const IMPORTS: &str = "import anndata, scanpy, cell_eval, pandas, pyarrow, polars";

const SCRIPT: &str = r#"
import sys
import anndata
data = anndata.read_h5ad(sys.argv[1])
print(data.shape[0], data.shape[1], int(data.X.sum()), data.X.nnz)
print(",".join(data.obs["cell_type"].cat.categories), data.obs["cell_type"].value_counts()["type2"])
print(data.uns["seed"], data.var_names[5], data.obs_names[0])
data[data.obs["donor"] == "donor1"].write_h5ad(sys.argv[1] + ".again")
"#;

/// Two files as generated and measured cells: scanpy normalises them, cell-eval scores them.
const REFEREE: &str = r#"
import sys, warnings
warnings.filterwarnings("ignore")
import scanpy
from cell_eval import MetricsEvaluator
def opened(path):
    data = scanpy.read_h5ad(path)
    scanpy.pp.normalize_total(data, target_sum=1e4)
    scanpy.pp.log1p(data)
    return data
pred, real = opened(sys.argv[1]), opened(sys.argv[2])
scanpy.pp.pca(pred, n_comps=8)
judge = MetricsEvaluator(pred, real, control_pert="control", pert_col="condition", num_threads=1, outdir=sys.argv[3])
_, agg = judge.compute(profile="minimal", write_csv=False, break_on_error=True)
mean = agg.filter(agg["statistic"] == "mean")
print(round(float(mean["pearson_delta"][0]), 3), round(float(mean["mae"][0]), 3))
"#;

/// Predicted cells beside their control twins.
const PREDICTED: &str = r#"
import sys, warnings
warnings.filterwarnings("ignore")
import scanpy
data = scanpy.read_h5ad(sys.argv[1])
print(data.shape[0], data.shape[1], ",".join(sorted(data.layers)), int(data.X.sum()), int(data.layers["control_twin"].sum()))
print(data.obs["predicted_condition"].iloc[0], data.uns["wellplate_kind"], data.layers["expected"].shape == data.shape)
scanpy.pp.normalize_total(data, target_sum=1e4)
scanpy.pp.log1p(data)
scanpy.pp.pca(data, n_comps=4)
print(data.obsm["X_pca"].shape[1])
"#;

/// A shard of a store: numbers without a sign, labels that are missing.
const SHARD: &str = r#"
import sys
import pandas, polars
data = pandas.read_parquet(sys.argv[1])
print(data.counts[0].dtype, max(int(row.max()) for row in data.counts), min(int(row.min()) for row in data.counts))
print(data.donor.isna().tolist(), data.donor[0])
data = polars.read_parquet(sys.argv[1])
print(data["counts"].list.max().max(), data["donor"].null_count())
"#;

/// Runs a program, with its standard error as the reason when it fails.
fn run(command: &mut Command) -> Result<Output, String> {
    let output = command.output().map_err(|error| format!("{:?}: {error}", command.get_program()))?;
    if output.status.success() {
        return Ok(output);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it failed").to_owned())
}

/// The interpreter of an environment with the packages, or why there is none.
fn python() -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/python");
    let python = folder.join("bin/python3");
    let works = |python: &Path| run(Command::new(python).args(["-c", IMPORTS])).is_ok();
    if python.exists() && works(&python) {
        return Ok(python);
    }
    run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
    run(Command::new(&python).args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "anndata>=0.11",
        "scanpy>=1.11",
        "cell-eval>=0.6",
        "pyarrow",
    ]))?;
    if works(&python) { Ok(python) } else { Err("the packages were installed but cannot be imported".to_owned()) }
}

/// The interpreter, set up once for all tests; without one the reason is printed.
fn python_or_skip() -> Option<PathBuf> {
    static PYTHON: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    match PYTHON.get_or_init(python) {
        Ok(python) => Some(python.clone()),
        Err(reason) => {
            // Straight to standard error: what the macros print is shown of failing tests only.
            let skipped = format!("skipped: no Python with anndata, scanpy and cell-eval could be set up ({reason})\n");
            std::io::stderr().write_all(skipped.as_bytes()).unwrap();
            None
        }
    }
}

#[test]
fn scanpy_and_cell_eval_open_exported_files_unchanged() {
    let Some(python) = python_or_skip() else { return };
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, seed: u64| {
        let path = folder.path().join(name);
        let bytes = write_h5ad(&synthetic(&crate::pipeline::SPEC, seed).unwrap().0, &BTreeMap::new()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    };
    // The same cells as prediction and truth are a perfect prediction; cells of another seed are none.
    let (one, other) = (write("one.h5ad", 2), write("other.h5ad", 3));
    let judged = |pred: &Path, real: &Path| {
        let mut command = Command::new(&python);
        let output = run(command.args(["-c", REFEREE]).args([pred, real, folder.path()])).unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let last = text.lines().last().unwrap_or_default().to_owned();
        last.split(' ').map(|figure| figure.parse::<f64>().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(judged(&one, &one), [1.0, 0.0]);
    let differs = judged(&other, &one);
    assert!(differs[0] < 1.0 && differs[1] > 0.0, "{differs:?}");
}

#[test]
fn scanpy_opens_predicted_cells() {
    let Some(python) = python_or_skip() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (cells, twins) = predicted(folder.path(), &mine(), 0.5, |_| {}).unwrap();
    let output = run(Command::new(python).args(["-c", PREDICTED]).arg(folder.path().join("0.5.h5ad"))).unwrap();
    let sum = |cells: &Cells| Counts::library_sizes(&cells.counts).iter().sum::<u64>();
    let expected = format!(
        "{} {} control_expected,control_twin,expected {} {}\n{PERTURBED} predicted True\n4\n",
        cells.len(),
        cells.genes.len(),
        sum(&cells),
        sum(&twins)
    );
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
}

#[test]
fn pandas_and_polars_read_a_shard_as_it_is() {
    let Some(python) = python_or_skip() else { return };
    let shard = Shard {
        starts: vec![0, 2, 3],
        genes: vec![0, 4, 1],
        counts: vec![1, 3_000_000_000, 7],
        sources: vec![0, 0],
        rows: vec![0, 1],
        names: vec!["a".to_owned(), "b".to_owned()],
        labels: Labels {
            roles: vec![Role::Train, Role::Test],
            depths: vec![3_000_000_001, 7],
            texts: vec![vec!["donor1".to_owned(), String::new()]],
        },
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("000000.parquet");
    std::fs::write(&path, write(&shard, &["donor".to_owned()]).unwrap()).unwrap();
    let output = run(Command::new(python).args(["-c", SHARD]).arg(&path)).unwrap();
    let expected = "uint32 3000000000 1\n[False, True] donor1\n3000000000 1\n";
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
}

#[test]
fn anndata_opens_an_exported_file() {
    let Some(python) = python_or_skip() else { return };
    let spec = SyntheticSpec {
        cells_per_group: 160,
        genes: 400,
        types: 2,
        donors: 2,
        markers: 8,
        programme: 6,
        shifted: 12,
        fold_change: 4.0,
        depth: 900.0,
    };
    let cells = synthetic(&spec, 2).unwrap().0;
    assert!(cells.counts.stored() > 200_000, "{} counts: too few for several chunks", cells.counts.stored());
    let total: u64 = Counts::library_sizes(&cells.counts).iter().sum();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cells.h5ad");
    std::fs::write(&path, write_h5ad(&cells, &BTreeMap::from([("seed".to_owned(), "7".to_owned())])).unwrap()).unwrap();
    let output = run(Command::new(python).args(["-c", SCRIPT]).arg(&path)).unwrap();
    let expected = format!("1280 400 {total} {}\ntype1,type2 640\n7 G00005 synthetic-0\n", cells.counts.stored());
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
    // What anndata writes is read here in turn.
    let again = std::fs::read(folder.path().join("cells.h5ad.again")).unwrap();
    let again = cells::h5ad::read_h5ad(again, &cells::h5ad::Matrix::X).unwrap();
    assert_eq!((again.len(), again.genes.len()), (640, 400));
    let donor1 = cells.select(&cells.indices_where("donor", "donor1").unwrap());
    assert_eq!(again.counts, donor1.counts);
}
