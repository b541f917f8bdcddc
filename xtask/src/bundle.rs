//! One command for each bundle of the gallery.
//!
//! Does: runs the trainer's commands in order: the cells where they are made, training, export, evaluation into the
//! card (of combinations too, where cells of them can be made), results made ahead of time, a look at cells of every choice.
//! Each part goes on where an earlier run was stopped.
//! Does not know: what the commands do.
//! Flow: recipe + measured files → run folder → **assets/models/NAME**.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::process::{command, root, run, step};

/// A bundle of the gallery.
struct Bundle {
    /// Of the recipe, the run and the bundle.
    name: &'static str,
    /// File of measured cells; of a semi-synthetic bundle the file that is made.
    cells: &'static str,
    /// How semi-synthetic cells are made.
    made: Made,
    /// Further arguments of `evaluate`.
    evaluate: &'static [&'static str],
    /// Further arguments of `precompute`: as many conditions and cells as two cores make in some minutes.
    precompute: &'static [&'static str],
}

/// Where a bundle's cells come from. Arguments name files as @FILE.
enum Made {
    /// They were measured.
    Measured,
    /// They were measured, and more of the study stand in other files: settings of the store of all of them.
    Stored(&'static str),
    /// Of response signatures: arguments of `semisynthetic`.
    Signatures(&'static [&'static str]),
    /// Of measured mean effects: arguments of `from-means`.
    Means(&'static [&'static str]),
}

/// Precomputed results of the whole transcriptome take twelve steps a cell.
const ATLAS: &[&str] = &["--cells", "32", "--points", "32", "--most", "6"];

/// Cells of single perturbations that a bundle is trained on, and of pairs that it is scored on: further arguments of
/// `semisynthetic`.
const SINGLE: [&str; 4] = ["--cells-per", "50", "--seed", "1"];
const PAIRS: [&str; 6] = ["--cells-per", "100", "--seed", "2", "--pairs", "12"];

/// The gallery.
const BUNDLES: [Bundle; 11] = [
    Bundle {
        name: "pbmc-ifnb",
        cells: "kang2018_ifnb_9015genes.h5ad",
        made: Made::Stored("kang2018.toml"),
        evaluate: &[
            "--most",
            "1000",
            "--pseudobulk",
            "@kang2018_pseudobulk.h5ad",
            "--gene-sets",
            "@priors/msigdb_hallmark_v7.0.gmt",
        ],
        precompute: &["--cells", "48", "--points", "48"],
    },
    Bundle {
        name: "pbmc-cytokines",
        cells: "pbmc-cytokines.h5ad",
        made: Made::Signatures(&[
            "--data",
            "@kang2018_ifnb_9015genes.h5ad",
            "--signatures",
            "@priors/cytosig_beta_64signals.csv.gz",
            "--cytokines",
            "@priors/parse90_cytokine_info.csv",
            "--receptor-cells",
            "@pbmc_atlas_19526genes.h5ad",
            "--pert-col",
            "condition",
            "--control",
            "ctrl",
            "--measured",
            "IFN-beta=IFN1",
            "--calibrate-on",
            "1015,1016,107,1244",
        ]),
        evaluate: &["--most", "50"],
        precompute: &["--cells", "32", "--points", "32", "--most", "40"],
    },
    Bundle {
        name: "thp1-knockouts",
        cells: "papalexi_thp1_299genes.h5ad",
        made: Made::Measured,
        evaluate: &["--most", "1000"],
        precompute: &[],
    },
    Bundle {
        name: "jurkat-knockouts",
        cells: "jurkat_cropseq_2000genes.h5ad",
        made: Made::Measured,
        evaluate: &["--most", "1000"],
        precompute: &[],
    },
    Bundle {
        name: "pbmc-drugs",
        cells: "pbmc-drugs.h5ad",
        made: Made::Means(&[
            "--data",
            "@kang2018_ifnb_9015genes.h5ad",
            "--means",
            "@op3_pbmc_drug_means_2000genes.h5ad",
            "--follows",
            "CD4 T cells=T",
            "--follows",
            "CD8 T cells=T",
            "--follows",
            "B cells=B",
            "--follows",
            "NK cells=NK",
            "--follows",
            "CD14+ Monocytes=myeloid",
            "--follows",
            "FCGR3A+ Monocytes=myeloid",
            "--follows",
            "Dendritic cells=myeloid",
            "--fewest-genes",
            "20",
        ]),
        evaluate: &["--most", "100"],
        precompute: &["--cells", "32", "--points", "32", "--most", "40"],
    },
    Bundle {
        name: "k562-activation",
        cells: "norman2019_pairs_500genes.h5ad",
        made: Made::Measured,
        evaluate: &["--most", "1000"],
        precompute: &[],
    },
    Bundle {
        name: "gbm-knockdowns",
        cells: "mcfaline2023_gbm_crispri_500genes.h5ad",
        made: Made::Measured,
        evaluate: &["--most", "1000"],
        precompute: &[],
    },
    Bundle {
        name: "pbmc-atlas",
        cells: "pbmc_atlas_19526genes.h5ad",
        made: Made::Measured,
        evaluate: &[],
        precompute: ATLAS,
    },
    Bundle {
        name: "human-tissues",
        cells: "tissue_atlas_19526genes.h5ad",
        made: Made::Measured,
        evaluate: &[],
        precompute: ATLAS,
    },
    Bundle {
        name: "mouse-marrow",
        cells: "mouse_hpc_14086genes.h5ad",
        made: Made::Measured,
        evaluate: &[],
        precompute: ATLAS,
    },
    Bundle {
        name: "worm-embryo",
        cells: "worm_embryo_10000genes.h5ad",
        made: Made::Measured,
        evaluate: &[],
        precompute: ATLAS,
    },
];

/// Names of the gallery.
pub(crate) fn names() -> Vec<&'static str> {
    BUNDLES.iter().map(|bundle| bundle.name).collect()
}

/// File of the cells that a bundle of the gallery is trained on.
pub(crate) fn cells_of(name: &str) -> Option<&'static str> {
    BUNDLES.iter().find(|bundle| bundle.name == name).map(|bundle| bundle.cells)
}

/// Runs a command of the trainer.
fn trainer(arguments: &[String]) -> Result<()> {
    let mut cargo = command("cargo", &["run", "--quiet", "--package", "train-native", "--"]);
    run(cargo.args(arguments))
}

/// Words of a command; files that are written as @FILE stand in `data`.
fn words(list: &[&str], data: &Path) -> Vec<String> {
    let word = |word: &&str| match word.strip_prefix('@') {
        Some(file) => data.join(file).display().to_string(),
        None => (*word).to_owned(),
    };
    list.iter().map(word).collect()
}

/// Looks at cells of every choice of bundles of the gallery, at the edges of every setting; all of them where none is named.
/// With the folder of the measured files, also at counts that no cell of a type and perturbation has.
///
/// # Errors
/// When a name is unknown, or a bundle writes what could not be a cell.
pub(crate) fn sweep(asked: &[String], data: Option<&Path>, more: &[String]) -> Result<()> {
    if let Some(unknown) = asked.iter().find(|name| !names().contains(&name.as_str())) {
        bail!("there is no bundle {unknown}; there are {}", names().join(", "));
    }
    let wanted: Vec<&str> =
        names().into_iter().filter(|name| asked.is_empty() || asked.iter().any(|own| own == name)).collect();
    let mut broken = Vec::new();
    for name in wanted {
        let folder = root().join("assets/models").join(name);
        if !folder.is_dir() {
            eprintln!("{name}: not made yet (cargo xtask bundle {name}); nothing to look at");
            continue;
        }
        let mut list = vec!["sweep".to_owned(), "--bundle".to_owned(), folder.display().to_string()];
        list.extend_from_slice(more);
        if let Some(data) = data {
            match measured(name, data) {
                Some(cells) => list.extend(["--data".to_owned(), cells.display().to_string()]),
                None => eprintln!(
                    "{name}: its measured cells are neither in {} nor made in target/runs; counts are held against ceilings alone",
                    data.display()
                ),
            }
        }
        // The others are looked at as well: one answer says all that is wrong.
        if step(&format!("{name}: looking at cells"), || trainer(&list)).is_err() {
            broken.push(name);
        }
    }
    if !broken.is_empty() {
        bail!("not sound: {}", broken.join(", "));
    }
    Ok(())
}

/// The cells of a bundle: in the folder of measured files, or made in target/runs.
fn measured(name: &str, data: &Path) -> Option<PathBuf> {
    let bundle = BUNDLES.iter().find(|bundle| bundle.name == name)?;
    [data.to_owned(), root().join("target/runs")]
        .into_iter()
        .map(|folder| folder.join(bundle.cells))
        .find(|path| path.is_file())
}

/// The store of several measured files, made by settings of `train-native/stores` with the files where they are.
fn stored(name: &str, settings: &str, data: &Path, runs: &Path) -> Result<PathBuf> {
    let path = root().join("train-native/stores").join(settings);
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let in_folder = |word: &str| match word.ends_with(".h5ad") {
        true => format!("{:?}", data.join(word).display().to_string()),
        false => format!("\"{word}\""),
    };
    // Every second part stands in quotes; comments of these files have none.
    let parts = text.split('"').enumerate();
    let placed: String =
        parts.map(|(part, words)| if part % 2 == 1 { in_folder(words) } else { words.to_owned() }).collect();
    let (config, out) = (runs.join(format!("{name}-store.toml")), runs.join(format!("{name}-store")));
    std::fs::write(&config, placed).with_context(|| format!("{} cannot be written", config.display()))?;
    let list = ["prepare", "--config", &config.display().to_string(), "--out", &out.display().to_string()];
    step(&format!("{name}: preparing cells of several files"), || trainer(&list.map(str::to_owned)))?;
    Ok(out)
}

/// Trains, exports, evaluates and precomputes a bundle from the files in `data`; runs are kept in `runs`.
///
/// # Errors
/// When the name is unknown, a file is missing, or a part fails.
pub(crate) fn make(name: &str, data: &Path, runs: &Path) -> Result<()> {
    let Some(bundle) = BUNDLES.iter().find(|bundle| bundle.name == name) else {
        bail!("there is no bundle {name}; there are {}", names().join(", "));
    };
    let data = data.canonicalize().with_context(|| format!("the folder {} cannot be read", data.display()))?;
    std::fs::create_dir_all(runs).with_context(|| format!("{} cannot be made", runs.display()))?;
    let runs = runs.canonicalize()?;
    let text = |path: PathBuf| path.display().to_string();
    let (kind, made, has_pairs) = match bundle.made {
        Made::Measured | Made::Stored(_) => ("", &[][..], false),
        Made::Signatures(arguments) => ("semisynthetic", arguments, true),
        Made::Means(arguments) => ("from-means", arguments, false),
    };
    let is_made = !kind.is_empty();
    let cells = if is_made { runs.join(bundle.cells) } else { data.join(bundle.cells) };
    let pairs = runs.join(format!("{name}-pairs.h5ad"));
    for (path, more, wanted) in [(&cells, &SINGLE[..], is_made), (&pairs, &PAIRS[..], has_pairs)] {
        if wanted && !path.is_file() {
            let mut list = vec![kind.to_owned()];
            list.extend(words(made, &data).into_iter().chain(words(more, &data)));
            list.extend(["--out".to_owned(), text(path.clone())]);
            step(&format!("{name}: making cells"), || trainer(&list))?;
        }
    }
    if !cells.is_file() {
        bail!("{} is missing; --data names the folder that holds it", cells.display());
    }
    let recipe = root().join("train-native/recipes").join(format!("{name}.toml"));
    let (own, out) = (runs.join(name), root().join("assets/models").join(name));
    let training = match bundle.made {
        Made::Stored(settings) => stored(name, settings, &data, &runs)?,
        _ => cells.clone(),
    };
    let (cells, recipe, own, out, training) = (text(cells), text(recipe), text(own), text(out), text(training));
    let mut evaluate: Vec<String> =
        ["evaluate", "--bundle", &out, "--run", &own, "--data", &cells, "--write"].map(str::to_owned).to_vec();
    evaluate.extend(words(bundle.evaluate, &data));
    evaluate.extend(["--report".to_owned(), text(runs.join(format!("{name}-report")))]);
    let pairs = text(pairs);
    let combinations =
        ["combinations", "--bundle", &out, "--data", &cells, "--combined", &pairs, "--most", "12", "--write"];
    let mut precompute = ["precompute", "--bundle", &out].map(str::to_owned).to_vec();
    precompute.extend(words(bundle.precompute, &data));
    let mut parts: Vec<(&str, Vec<String>)> = vec![
        ("training", ["train", "--data", &training, "--config", &recipe, "--out", &own].map(str::to_owned).to_vec()),
        (
            "exporting",
            ["export", "--run", &own, "--best", "--data", &training, "--out", &out].map(str::to_owned).to_vec(),
        ),
        ("evaluating", evaluate),
    ];
    if has_pairs {
        parts.push(("evaluating combinations", combinations.map(str::to_owned).to_vec()));
    }
    parts.push(("precomputing", precompute));
    parts.push(("looking at cells", ["sweep", "--bundle", &out, "--data", &cells].map(str::to_owned).to_vec()));
    for (what, arguments) in parts {
        step(&format!("{name}: {what}"), || trainer(&arguments))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{BUNDLES, words};
    use crate::process::root;

    #[test]
    fn every_bundle_has_a_recipe_of_its_name() {
        for bundle in &BUNDLES {
            let recipe = root().join("train-native/recipes").join(format!("{}.toml", bundle.name));
            let text = std::fs::read_to_string(&recipe).unwrap_or_default();
            assert!(text.contains(&format!("name = \"{}\"", bundle.name)), "{}", recipe.display());
        }
    }

    #[test]
    fn files_stand_in_the_folder_of_the_data() {
        assert_eq!(
            words(&["--most", "5", "--pseudobulk", "@a.h5ad"], Path::new("d")),
            ["--most", "5", "--pseudobulk", "d/a.h5ad"]
        );
    }
}
