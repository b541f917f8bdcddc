//! Any model's cells in the referee's table.
//!
//! Does: judges cells of the same kind, cells that never respond, and files that do not fit.
//! Does not know: the public referee; `cells/tests/referee.rs` compares with it.
//! Flow: two h5ad files → **table**.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use cells::h5ad::write_h5ad;
use cells::normalise::{Target, log_normalise};
use cells::referee::Rules;
use cells::referee::ceiling::Ceiling;
use cells::splits::{Control, Part, given};
use cells::synthetic::{CONTROL, PERTURBED, synthetic};
use cells::{Cells, Column};
use train_native::judge::groups::Columns;
use train_native::judge::population::{MEASURES, Population, measure};
use train_native::judge::report::{Crowd, Report, Section};
use train_native::judge::table::{as_json, markdown};
use train_native::judge::{Asked, Entry, SEED, Verdict, judge};
use train_native::pool::pool;

use crate::pipeline::SPEC;

fn write(folder: &Path, name: &str, cells: &Cells) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, write_h5ad(cells, &BTreeMap::new()).unwrap()).unwrap();
    path
}

fn columns(context: &[&str]) -> Columns {
    Columns {
        perturbation: "condition".to_owned(),
        control: CONTROL.to_owned(),
        context: context.iter().map(|key| (*key).to_owned()).collect(),
        cell_type: Some("cell_type".to_owned()).filter(|_| context.contains(&"cell_type")),
        part: None,
    }
}

fn asked(real: PathBuf, predicted: PathBuf) -> Asked {
    Asked {
        real,
        predicted: vec![("prediction".to_owned(), predicted)],
        train: None,
        columns: columns(&[]),
        ceiling: Some(Ceiling::Halves),
        shown: false,
        fewest: 1,
    }
}

fn verdict(asked: &Asked) -> Verdict {
    judge(asked, Rules { spread: pool(), ..Rules::default() }).unwrap().verdict
}

fn entry<'a>(verdict: &'a Verdict, name: &str) -> &'a Entry {
    verdict.entries.iter().find(|own| own.name == name).unwrap()
}

/// A metric's mean.
fn mean(verdict: &Verdict, name: &str, metric: &str) -> f64 {
    entry(verdict, name).mean[metric]
}

/// Every second cell of one population, and the others of another like it.
fn halves() -> (Cells, Cells, Cells) {
    let (real, same) = (synthetic(&SPEC, 2).unwrap().0, synthetic(&SPEC, 2).unwrap().0);
    let half = |part: usize| (0..real.len()).filter(|cell| cell % 2 == part).collect::<Vec<_>>();
    let (truth, good) = (real.select(&half(0)), same.select(&half(1)));
    (real, truth, good)
}

#[test]
fn cells_of_the_same_kind_reach_the_ceiling_and_a_copy_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let (real, truth, good) = halves();
    let (truth, good) = (write(folder.path(), "truth.h5ad", &truth), write(folder.path(), "good.h5ad", &good));
    // Control cells under both names: a model that knows no response.
    let controls = real.select(&real.indices_where("condition", CONTROL).unwrap());
    let mut copy = controls.joined(&controls).unwrap();
    let names = [vec![CONTROL; controls.len()], vec![PERTURBED; controls.len()]].concat();
    copy.labels.insert("condition".to_owned(), Column::categorical(&names));
    let copy = write(folder.path(), "copy.h5ad", &copy);

    // Both predictions in one table, beside the same baselines.
    let both = vec![("good".to_owned(), good), ("copy".to_owned(), copy)];
    let found = verdict(&Asked { predicted: both, ..asked(truth.clone(), truth.clone()) });
    for metric in ["pearson_delta", "overlap_at_N"] {
        let (own, ceiling) = (mean(&found, "good", metric), mean(&found, "ceiling, halves", metric));
        // The ceiling's halves are half as large, so noisier.
        assert!(own > ceiling - 0.05 && own > 0.6, "{metric}: {own}, ceiling {ceiling}");
        assert!(mean(&found, "ceiling, corrected", metric) >= ceiling, "{metric}");
    }
    assert_eq!(mean(&found, "copy", "overlap_at_N"), 0.0);
    assert!(mean(&found, "copy", "mae") > 2.0 * mean(&found, "good", "mae"));
    assert!(mean(&found, "control copy", "overlap_at_N") < 1e-12);
    assert!(
        markdown(&found).contains("| pearson_delta |") && markdown(&found).contains("score over mean of perturbations")
    );
    let json = as_json(&found);
    assert!(json["entries"][0]["contexts"]["all cells"]["perturbations"][PERTURBED]["mae"].is_f64(), "{json}");

    let resampled = verdict(&Asked { ceiling: Some(Ceiling::Bootstrap), ..asked(truth.clone(), truth.clone()) });
    assert!(mean(&resampled, "ceiling, bootstrap", "pearson_delta") > 0.6);
    // A file against itself is perfect.
    assert_eq!(mean(&resampled, "prediction", "mae"), 0.0);
}

#[test]
fn files_that_do_not_fit_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let (real, truth, _) = halves();
    let truth = write(folder.path(), "truth.h5ad", &truth);
    let said = |asked: &Asked| format!("{:#}", judge(asked, Rules::default()).err().unwrap());
    let fewer = write(folder.path(), "fewer.h5ad", &real.with_panel(&real.genes[1..]));
    assert!(said(&asked(truth.clone(), fewer)).contains("lacks 1 of the"));
    let mut other = asked(truth.clone(), truth.clone());
    other.columns.control = "DMSO".to_owned();
    assert!(said(&other).contains("no cell has condition = DMSO; there is IFN-beta, control"), "{}", said(&other));
    let mut unknown = asked(truth.clone(), truth.clone());
    unknown.columns.perturbation = "target".to_owned();
    assert!(said(&unknown).contains("they have"), "{}", said(&unknown));
    let mut renamed = real.clone();
    let names: Vec<&str> = vec!["IL6"; real.len()];
    renamed.labels.insert("condition".to_owned(), Column::categorical(&names));
    let renamed = write(folder.path(), "renamed.h5ad", &renamed);
    assert!(said(&asked(truth, renamed)).contains("no perturbation is in all of the files"));
}

#[test]
fn contexts_are_scored_beside_every_baseline_from_the_training_part_of_a_split() {
    let folder = tempfile::tempdir().unwrap();
    let (real, ..) = halves();
    let held_out =
        [("donor", "donor2"), ("condition", PERTURBED)].map(|(key, value)| (key.to_owned(), value.to_owned()));
    let control = Control::kept("condition", CONTROL);
    let split = given(&real.labels, "one-donor", "donor2", Some(control), Vec::new(), vec![held_out.into()]).unwrap();
    let truth = write(folder.path(), "real.h5ad", &real);
    let mut wanted = asked(truth.clone(), truth);
    wanted.columns = Columns { part: Some((split, Part::Test)), ..columns(&["donor", "cell_type"]) };
    let found = verdict(&wanted);
    let contexts: Vec<&String> = entry(&found, "prediction").contexts.keys().collect();
    assert_eq!(contexts, ["donor2 · type1", "donor2 · type2"]);
    assert!(!found.notes.iter().any(|note| note.contains("there is no")), "{:?}", found.notes);
    for name in ["PerturbMean", "nearest context", "linear latent", "negative binomial"] {
        // The same genes shift in both donors by the same factor.
        assert!(mean(&found, name, "pearson_delta") > 0.7, "{name}: {}", mean(&found, name, "pearson_delta"));
    }
    // All control cells under another name: no effect, which correlates with nothing.
    assert_eq!(entry(&found, "control copy").mean.get("pearson_delta"), None);
    let drawn = mean(&found, "negative binomial", "overlap_at_N");
    assert!(drawn > 0.5, "counts drawn at the right means find the genes: {drawn}");
}

#[test]
fn log_normalised_predictions_score_as_their_counts_do() {
    let folder = tempfile::tempdir().unwrap();
    let (_, truth, good) = halves();
    // As another model writes them: X holds log(1 + x) of counts scaled to the file's median.
    let data = log_normalise(&good.counts, Target::Median);
    let path = folder.path().join("logs.h5ad");
    let labels: Vec<String> =
        (0..good.len()).map(|cell| good.labels["condition"].text(cell).unwrap().into_owned()).collect();
    write_logs(&path, &data, &good.genes, &labels);
    let (truth, counts) = (write(folder.path(), "truth.h5ad", &truth), write(folder.path(), "good.h5ad", &good));
    let both = vec![("logs".to_owned(), path.clone()), ("counts".to_owned(), counts)];
    let found = verdict(&Asked { predicted: both, ..asked(truth.clone(), truth.clone()) });
    for (metric, value) in &entry(&found, "counts").mean {
        // The same cells, scaled by the same rule.
        assert!((mean(&found, "logs", metric) - value).abs() < 1e-9, "{metric}");
    }
    // Scaled and centred values are neither counts nor logs.
    let centred = folder.path().join("centred.h5ad");
    let mut moved = vec![0.0; good.genes.len()];
    moved[3] = 15.0;
    write_logs(&centred, &data.shifted(&moved), &good.genes, &labels);
    let error = format!("{:#}", judge(&asked(truth, centred), Rules::default()).err().unwrap());
    assert!(error.contains("no matrix of the file holds counts or log-normalised expression"), "{error}");
}

fn strings(values: &[String]) -> Vec<&str> {
    values.iter().map(String::as_str).collect()
}

/// An AnnData file of log-normalised values, compressed by cells.
fn write_logs(path: &Path, data: &cells::normalise::Normalised, genes: &[String], conditions: &[String]) {
    use hdf5_pure::{AttrValue, FileBuilder};
    let mut file = FileBuilder::new();
    let text = |value: &str| AttrValue::VarLenString(value.to_owned());
    let mut matrix = file.create_group("X");
    matrix.set_attr("encoding-type", text("csr_matrix"));
    matrix.set_attr("encoding-version", text("0.1.0"));
    matrix.set_attr("shape", AttrValue::I64Array(vec![data.cells() as i64, data.genes() as i64]));
    let rows: Vec<(&[u32], &[f32])> = (0..data.cells()).map(|cell| data.row(cell)).collect();
    let mut starts = vec![0_i32];
    rows.iter().for_each(|(row, _)| starts.push(starts[starts.len() - 1] + row.len() as i32));
    let indices: Vec<i32> = rows.iter().flat_map(|(row, _)| row.iter().map(|gene| *gene as i32)).collect();
    let values: Vec<f32> = rows.iter().flat_map(|(_, row)| row.iter().copied()).collect();
    matrix.create_dataset("indptr").with_i32_data(&starts);
    matrix.create_dataset("indices").with_i32_data(&indices);
    matrix.create_dataset("data").with_f32_data(&values);
    file.add_group(matrix.finish());
    let names: Vec<String> = (0..data.cells()).map(|cell| format!("cell{cell}")).collect();
    for (place, index, column) in [("obs", names.as_slice(), Some(conditions)), ("var", genes, None)] {
        let mut frame = file.create_group(place);
        frame.set_attr("encoding-type", text("dataframe"));
        frame.set_attr("encoding-version", text("0.2.0"));
        frame.set_attr("_index", text("_index"));
        frame.create_dataset("_index").with_vlen_strings(&strings(index));
        if let Some(column) = column {
            frame.create_dataset("condition").with_vlen_strings(&strings(column));
        }
        file.add_group(frame.finish());
    }
    std::fs::write(path, file.finish().unwrap()).unwrap();
}

#[test]
fn populations_are_compared_and_the_report_says_it_alone() {
    let (real, truth, good) = halves();
    let of = |cells: &Cells| Population::of(cells, Some("cell_type"));
    let (measured, generated) = (of(&truth), of(&good));
    // A model that learned half of its training cells by heart.
    let learned = real.select(&(0..real.len()).step_by(4).collect::<Vec<_>>());
    let value = |memory: &Population, name: &str| -> [f64; 2] {
        let found = measure(&measured, &generated, Some((memory, &measured)), SEED).unwrap();
        let place = MEASURES.iter().position(|measure| measure.name.contains(name)).unwrap();
        [found.generated.values[place].unwrap(), found.other_half.values[place].unwrap()]
    };
    let other = of(&synthetic(&SPEC, 9).unwrap().0);
    // Both rows are halves of one population: gene means, mixing, distances, cell types, told apart by chance.
    for (name, bounds) in [
        ("Pearson of gene means", 0.99..1.01),
        ("iLISI", 0.7..1.01),
        ("MMD²", -0.01..0.1),
        ("told apart", 0.3..0.7),
        ("correlations: agreement", 0.5..1.01),
        ("total variation", -0.01..0.2),
    ] {
        let found = value(&other, name);
        assert!(found.iter().all(|own| bounds.contains(own)), "{name}: {found:?}");
    }
    assert_eq!(value(&other, "exact copies"), [0.0, 0.0]);
    let copies = measure(&measured, &of(&learned), Some((&of(&learned), &measured)), SEED).unwrap();
    let place = MEASURES.iter().position(|measure| measure.name.contains("exact copies")).unwrap();
    assert!(copies.generated.values[place].unwrap() > 50.0);

    let folder = tempfile::tempdir().unwrap();
    let (truth, good) = (write(folder.path(), "truth.h5ad", &truth), write(folder.path(), "good.h5ad", &good));
    let judged = judge(&Asked { shown: true, ..asked(truth, good) }, Rules::default()).unwrap();
    let measures = measure(&measured, &generated, None, SEED).unwrap();
    let report = Report {
        title: "A <test> & its cells".to_owned(),
        facts: vec![("Measured".to_owned(), "truth.h5ad".to_owned())],
        genes: judged.genes,
        sections: vec![Section { title: "Scores".to_owned(), verdict: judged.verdict, pairs: judged.pairs }],
        crowd: Some(Crowd { measured, generated, measures }),
        split: None,
    };
    report.write(folder.path()).unwrap();
    let page = std::fs::read_to_string(folder.path().join("report.html")).unwrap();
    // Self-contained: nothing is fetched, names are escaped, every figure has its words.
    assert!(page.contains("A &lt;test&gt; &amp; its cells") && !page.contains("<test>"));
    for address in ["http://", "https://", "src=", "href=", "url("] {
        let left = page.replace("http://www.w3.org/2000/svg", "").replace("http://www.w3.org/1999/xlink", "");
        assert!(!left.contains(address), "{address}");
    }
    assert!(!page.contains("NaN"), "a figure drew what is no number");
    assert_eq!(page.matches("<svg").count(), page.matches("<figcaption>").count());
    for words in
        ["Pearson-Δ", "mean of perturbations", "ceiling, halves", "A classifier tells", "gene by gene", "UMIs per cell"]
    {
        assert!(page.contains(words), "{words}");
    }
    let json: serde_json::Value =
        serde_json::from_slice(&std::fs::read(folder.path().join("report.json")).unwrap()).unwrap();
    assert!(json["population"]["generated"]["Pearson of gene means"].as_f64().unwrap() > 0.99);
    assert!(std::fs::read_to_string(folder.path().join("report.md")).unwrap().contains("## Cells as a whole"));
}
