//! From files of different make to a store, and from a store to a trained network.
//!
//! Does: prepares two files with other genes, names and columns and checks every cell of the store; stops,
//! damages and repairs it; trains from it, resumes, and compares with training from memory.
//! Does not know: the command line.
//! Flow: h5ad → store → run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use burn::tensor::Device;
use cells::h5ad::write_h5ad;
use cells::synthetic::synthetic;
use cells::{Cells, Column};
use model::loss::{Masked, UNMEASURED};
use model::quantise::MASK;
use model::random::Draws;
use train_native::batches::ahead;
use train_native::data::{Data, TrainingSet};
use train_native::prepare::{prepare, summary};
use train_native::recipe::Recipe;
use train_native::stop::{INTERRUPT, Stop};
use train_native::store::Store;
use train_native::train::{Order, train};

use crate::networks::{awake, statistics};
use crate::pipeline::SPEC;

/// Settings of the two files: everything that can differ between them does.
const SETTINGS: &str = r#"
pert_col = "condition"
cell_type_key = "cell_type"
control_pert = "control"
aliases = "aliases.tsv"
shard_cells = 100
seed = 3

[labels]
donor = "donor"

[datasets]
first = "first.h5ad"
second = ["second.h5ad"]

[dataset.second]
pert_col = "treatment"
control_pert = "none"

[dataset.second.constant]
donor = "donor9"

[training]
first = "train"
second = "train"

[zeroshot]
"second.type1" = "test"

[fewshot."first.type2"]
test = ["IFN-beta"]
"#;

/// Two files: the second lacks the last 16 genes, calls one by another name, and has other columns.
struct Files {
    folder: tempfile::TempDir,
    first: Cells,
    second: Cells,
}

impl Files {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let first = synthetic(&SPEC, 3).unwrap().0;
        let panel = first.genes[..80].to_vec();
        let mut second = synthetic(&SPEC, 4).unwrap().0.with_panel(&panel);
        second.genes[5] = "OTHER5".to_owned();
        let treatment: Vec<String> = (0..second.len())
            .map(|cell| second.labels["condition"].text(cell).unwrap().replace("control", "none"))
            .collect();
        second.labels = BTreeMap::from([
            ("treatment".to_owned(), Column::categorical(&treatment)),
            ("cell_type".to_owned(), second.labels["cell_type"].clone()),
        ]);
        for (name, cells) in [("first.h5ad", &first), ("second.h5ad", &second)] {
            std::fs::write(folder.path().join(name), write_h5ad(cells, &BTreeMap::new()).unwrap()).unwrap();
        }
        let files = Self { folder, first, second };
        files.write("aliases.tsv", "OTHER5\tG00005\n");
        files.write("store.toml", SETTINGS);
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    fn prepare(&self, out: &str) -> anyhow::Result<train_native::store::Index> {
        prepare(&self.path("store.toml"), &self.path(out), &Stop::default())
    }

    /// The synthetic recipe on the labels of a store.
    fn recipe(&self) -> PathBuf {
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../train-native/recipes/synthetic.toml");
        let text = std::fs::read_to_string(shipped).unwrap();
        let text = text.replace("key = \"condition\"", "key = \"perturbation\"");
        let text = text.replace("condition = \"IFN-beta\"", "perturbation = \"IFN-beta\"");
        self.write("recipe.toml", &text.replace("steps = 400", "steps = 24"));
        self.path("recipe.toml")
    }

    fn order(&self, store: &str, out: &str, stop_after: Option<usize>) -> Order {
        Order {
            data: self.path(store),
            recipe: self.recipe(),
            out: self.path(out),
            save_every: 6,
            save_minutes: None,
            stop_after,
            stop: Arc::default(),
        }
    }
}

/// Bytes of every file of a folder.
fn bytes_of(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(folder).unwrap().flatten();
    entries
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), std::fs::read(entry.path()).unwrap()))
        .collect()
}

#[test]
fn every_cell_is_in_the_store_as_it_was() {
    let files = Files::new();
    let index = files.prepare("store").unwrap();
    assert_eq!(index.cells(), files.first.len() + files.second.len());
    assert!(summary(&index).contains("shards\t"));
    // The union of both, under the names of the first.
    assert_eq!(index.genes.iter().collect::<BTreeSet<_>>(), files.first.genes.iter().collect());
    assert_eq!(index.sources[0].unmeasured, []);
    assert_eq!(index.sources[1].unmeasured.iter().map(|(first, end)| end - first).sum::<u32>(), 16);
    let store = Store::open(&files.path("store")).unwrap();
    let (first, second) = (files.first.with_panel(&index.genes), {
        let mut named = files.second.clone();
        named.genes[5] = "G00005".to_owned();
        named.with_panel(&index.genes)
    });
    let keys = store.label_keys();
    assert_eq!(keys, ["cell_type", "dataset", "donor", "perturbation"]);
    let mut seen = BTreeSet::new();
    for number in 0..store.index.shards.len() {
        let shard = store.shard(number).unwrap();
        for cell in 0..shard.len() {
            let (source, row) = (shard.sources[cell] as usize, shard.rows[cell] as usize);
            assert!(seen.insert((source, row)), "a cell comes once");
            let truth = [&first, &second][source];
            assert_eq!(shard.row(cell), truth.counts.row(row));
            assert_eq!(shard.names[cell], truth.names[row]);
            let label = |key: &str| shard.labels.texts[keys.iter().position(|own| own == key).unwrap()][cell].clone();
            let of = |key: &str| truth.labels[key].text(row).unwrap().into_owned();
            let (kind, perturbed) = (label("cell_type"), label("perturbation"));
            assert_eq!(kind, of("cell_type"));
            assert_eq!(perturbed, of(["condition", "treatment"][source]).replace("none", "control"));
            assert_eq!(label("donor"), if source == 0 { of("donor") } else { "donor9".to_owned() });
            let held = (source == 1 && kind == "type1") || (source == 0 && kind == "type2" && perturbed == "IFN-beta");
            assert_eq!(shard.labels.roles[cell].name(), if held { "test" } else { "train" });
        }
    }
    assert_eq!(seen.len(), index.cells());
    assert!(index.roles["test"] > 0);
}

#[test]
fn some_cells_of_a_file_are_taken_with_the_sizes_of_whole_cells() {
    let files = Files::new();
    let mut second = files.second.clone();
    // Three of four cells are singlets; the file holds a part of what was sequenced of them. One gene of two cells is
    // what a doublet brings.
    let quality = |cell: usize| ["SNG", "SNG", "DBL", "AMB"][cell % 4];
    let sums = second.counts.library_sizes();
    let whole: Vec<i64> = sums.iter().enumerate().map(|(cell, sum)| (2 * sum + cell as u64) as i64).collect();
    let of_cell: Vec<&str> = (0..second.len()).map(quality).collect();
    second.labels.insert("quality".to_owned(), Column::categorical(&of_cell));
    second.labels.insert("whole".to_owned(), Column::Integer(whole.clone()));
    let mut rows: Vec<Vec<u32>> = vec![vec![0; second.genes.len()]; second.len()];
    rows.iter_mut().enumerate().for_each(|(cell, row)| second.counts.dense_row(cell, row));
    // Two, since one of them could be set aside.
    let kept = |cell: &usize| quality(*cell) != "DBL" && second.labels["cell_type"].text(*cell).unwrap() != "type1";
    (0..second.len()).filter(kept).take(2).for_each(|cell| rows[cell][7] = 60_000);
    second.counts = cells::Counts::from_dense_rows(second.genes.len(), rows.iter().map(Vec::as_slice));
    std::fs::write(files.path("second.h5ad"), write_h5ad(&second, &BTreeMap::new()).unwrap()).unwrap();
    let asked = "[dataset.second]\nsizes = \"whole\"\nonly = { quality = [\"SNG\", \"AMB\"] }";
    files.write("store.toml", &SETTINGS.replace("[dataset.second]", asked));
    let index = files.prepare("store").unwrap();
    let taken = (0..second.len()).filter(|cell| quality(*cell) != "DBL").count();
    assert_eq!((index.sources[1].cells, index.cells()), (taken, files.first.len() + taken));
    let store = Store::open(&files.path("store")).unwrap();
    for number in 0..store.index.shards.len() {
        let shard = store.shard(number).unwrap();
        for cell in (0..shard.len()).filter(|cell| shard.sources[*cell] == 1) {
            let row = shard.rows[cell] as usize;
            assert_ne!(quality(row), "DBL");
            assert_eq!(shard.labels.depths[cell], whole[row] as u64);
        }
    }
    // Training knows both: what a cell is scaled by, and what a single cell may say of its group.
    let recipe = Recipe::read(&files.recipe()).unwrap();
    let set = TrainingSet::open(Data::open(&files.path("store")).unwrap(), &recipe).unwrap();
    let place = set.cells.genes.iter().position(|gene| *gene == second.genes[7]).unwrap();
    let mut partly = 0;
    for cell in 0..set.cells.len() {
        let panel: u64 = set.cells.counts.row(cell).1.iter().map(|count| u64::from(*count)).sum();
        let size = set.sizes()[cell] as u64;
        assert_eq!(size == panel, set.measures_all_of(cell), "cell {cell}");
        partly += usize::from(!set.measures_all_of(cell));
        let token = set.tokens_of(cell)[place];
        assert!(token < model::quantise::quantise(60_000), "one cell does not speak for all");
    }
    assert!(partly > 0, "no cell of the second file trains");
    let whole = set.whole();
    assert_eq!(whole.len(), set.cells.len() - partly, "genes vary together in the cells that measured all of them");
    assert_eq!(set.largest().unwrap()[place], 60_000, "ceilings keep what was counted");
    // Batches hold the limited counts too.
    let visited = batches(&set, 0..set.count().div_ceil(16));
    let most = visited.iter().flat_map(|batch| batch.targets.iter()).filter(|token| **token != UNMEASURED).max();
    assert!(*most.unwrap() < model::quantise::quantise(60_000));

    // A panel can be the genes of one data set, under the names that aliases give them.
    files.write("store.toml", &format!("panel = \"second\"\n{}", SETTINGS.replace("[dataset.second]", asked)));
    let index = files.prepare("narrow").unwrap();
    assert_eq!((index.genes.len(), index.genes[5].as_str()), (80, "G00005"));
    assert!(index.sources.iter().all(|source| source.unmeasured.is_empty()));

    for (settings, said) in [
        (asked.replace("whole", "quality"), "whole number above 0"),
        (asked.replace("\"SNG\", \"AMB\"", "\"single\""), "there is AMB, DBL, SNG"),
        (asked.replace("quality =", "nothing ="), "nothing"),
    ] {
        files.write("store.toml", &SETTINGS.replace("[dataset.second]", &settings));
        let refused = format!("{:#}", files.prepare("other").unwrap_err());
        assert!(refused.contains(said), "{said}: {refused}");
    }
}

#[test]
fn a_store_is_finished_mended_and_never_mixed() {
    let files = Files::new();
    files.prepare("whole").unwrap();
    let whole = bytes_of(&files.path("whole"));
    // Stopped after every shard, and started again: the same bytes.
    let mut stops = 0;
    let stop = Stop::default();
    stop.ask(INTERRUPT);
    while let Err(error) = prepare(&files.path("store.toml"), &files.path("parts"), &stop) {
        assert!(error.to_string().contains("the same command goes on"), "{error:#}");
        assert!(Store::open(&files.path("parts")).is_err(), "an unfinished store is none");
        stops += 1;
        assert!(files.path("parts").join(format!("{:06}.parquet", stops - 1)).exists(), "one more shard each time");
    }
    assert_eq!(stops + 1, whole.len() - 2, "plan and index stand beside the shards");
    assert_eq!(bytes_of(&files.path("parts")), whole);
    // A damaged shard is refused by name and made anew alone.
    let damaged = files.path("parts").join("000001.parquet");
    let mut bytes = whole["000001.parquet"].clone();
    let middle = bytes.len() / 3;
    bytes[middle] ^= 1;
    std::fs::write(&damaged, &bytes).unwrap();
    let error = Store::open(&files.path("parts")).unwrap().shard(1).unwrap_err();
    assert!(format!("{error:#}").contains("000001.parquet"), "{error:#}");
    files.prepare("parts").unwrap();
    assert_eq!(bytes_of(&files.path("parts")), whole);
    // Other settings do not go into the same folder.
    files.write("store.toml", &SETTINGS.replace("seed = 3", "seed = 4"));
    let error = files.prepare("parts").unwrap_err();
    assert!(format!("{error:#}").contains("other settings"), "{error:#}");
}

#[test]
fn settings_that_make_no_sense_are_refused_by_name() {
    let files = Files::new();
    for (from, to, said) in [
        ("second = [\"second.h5ad\"]", "second = \"gone.h5ad\"", "gone.h5ad"),
        ("pert_col = \"treatment\"", "pert_col = \"tretment\"", "tretment"),
        ("second = \"train\"", "third = \"train\"", "third"),
        ("\"second.type1\" = \"test\"", "\"second.type1\" = \"tst\"", "tst"),
        ("\"second.type1\" = \"test\"", "\"second.type9\" = \"test\"", "type9"),
        ("test = [\"IFN-beta\"]", "test = [\"IFN-alpha\"]", "IFN-alpha"),
        ("control_pert = \"none\"", "control_pert = \"nothing\"", "no cell of second is a control"),
        ("seed = 3", "sed = 3", "sed"),
        ("aliases = \"aliases.tsv\"", "panel = \"aliases.tsv\"", "no gene of the panel"),
    ] {
        assert!(SETTINGS.contains(from));
        files.write("store.toml", &SETTINGS.replace(from, to));
        let error = format!("{:#}", files.prepare("store").unwrap_err());
        assert!(error.contains(said), "{said}: {error}");
        assert!(!files.path("store").join("store.json").exists());
    }
}

/// Batches of a training set.
fn batches(set: &TrainingSet, steps: std::ops::Range<usize>) -> Vec<Masked> {
    std::thread::scope(|scope| ahead(scope, set, steps).into_iter().map(Result::unwrap).collect())
}

#[test]
fn an_epoch_visits_every_training_cell_once_and_goes_on_anywhere() {
    let files = Files::new();
    files.prepare("store").unwrap();
    let recipe = Recipe::read(&files.recipe()).unwrap();
    let set = TrainingSet::open(Data::open(&files.path("store")).unwrap(), &recipe).unwrap();
    let (count, genes) = (set.count(), set.genes());
    assert_eq!(set.cells.len(), count, "all of them fit the sample");
    let steps = 2 * count / recipe.training.batch;
    let all = batches(&set, 0..steps);
    assert_eq!(batches(&set, 7..9), all[7..9]);
    // Every cell's truth comes once in the first epoch, in another order than on disk.
    let truth = |batch: &Masked| batch.targets.chunks(genes).map(<[u16]>::to_vec).collect::<Vec<_>>();
    let walk: Vec<Vec<u16>> = all.iter().flat_map(truth).take(count).collect();
    let mut expected: Vec<Vec<u16>> = (0..count).map(|cell| set.tokens_of(cell).to_vec()).collect();
    assert_ne!(walk, expected);
    let mut sorted = walk;
    sorted.sort();
    expected.sort();
    assert_eq!(sorted, expected);
    // What a source did not measure is never seen and never asked for.
    let unmeasured = all[0].targets.iter().zip(&all[0].tokens).filter(|(target, _)| **target == UNMEASURED);
    assert!(unmeasured.clone().count() > 0);
    assert!(unmeasured.into_iter().all(|(_, token)| i32::from(*token) == MASK));
}

#[test]
fn what_was_not_measured_has_no_part_in_the_loss() {
    let device = Device::flex();
    let files = Files::new();
    files.prepare("store").unwrap();
    let recipe = Recipe::read(&files.recipe()).unwrap();
    let set = TrainingSet::open(Data::open(&files.path("store")).unwrap(), &recipe).unwrap();
    let config = train_native::train::model_config(&recipe, &set);
    let genes = set.genes();
    let network = awake(&config, statistics(genes), set.pairs.clone(), (5, 0.5), &device);
    // A cell of which half was measured: its loss is the mean over that half.
    let mut draws = Draws::new(9, 1);
    let mut targets: Vec<u16> = (0..genes).map(|_| draws.below(4) as u16).collect();
    targets[genes / 2..].fill(UNMEASURED);
    let tokens = vec![MASK as u16; genes];
    let conditions = set.labels_of(0).to_vec();
    let batch = Masked {
        tokens: tokens.clone(),
        targets: targets.clone(),
        weight: vec![1.0],
        conditions,
        learns: Vec::new(),
        genes,
    };
    let slots: Vec<usize> = (0..config.group_size).collect();
    let value = |batch: &Masked| model::loss::loss(&network, batch, &slots).into_scalar::<f32>();
    let half = value(&batch);
    // The same cell measured whole: its loss is the mean of the halves', and the second alone is the rest.
    targets[genes / 2..].fill(0);
    let whole = value(&Masked { targets: targets.clone(), ..batch.clone() });
    targets[..genes / 2].fill(UNMEASURED);
    let other = value(&Masked { targets, ..batch });
    // Sums of a hundred f32.
    assert!((whole - 0.5 * (half + other)).abs() < 1e-5, "{whole} is not the mean of {half} and {other}");
    assert!((half - other).abs() > 1e-3);
}

#[test]
fn training_from_a_store_resumes_to_the_same_bits_and_learns() {
    let files = Files::new();
    files.prepare("store").unwrap();
    let whole = train(&files.order("store", "whole", None), &[Device::flex()]).unwrap();
    train(&files.order("store", "parts", Some(9)), &[Device::flex()]).unwrap();
    train(&files.order("store", "parts", None), &[Device::flex()]).unwrap();
    let checkpoint = |run: &str| std::fs::read(files.path(run).join("checkpoint.safetensors")).unwrap();
    assert_eq!(checkpoint("whole"), checkpoint("parts"));
    // The first file alone, from memory: the same cells of the same kind, about as hard to guess.
    let held = train(&files.order("first.h5ad", "held", None), &[Device::flex()]);
    assert!(held.is_err(), "the h5ad file has no label `perturbation`");
    assert!(whole.bits_per_gene.is_finite());
    // A shard that breaks while training ends in its sentence, with the checkpoint unharmed.
    std::fs::write(files.path("store").join("000002.parquet"), b"nothing").unwrap();
    let error = train(&files.order("store", "broken", None), &[Device::flex()]).unwrap_err();
    assert!(format!("{error:#}").contains("000002.parquet"), "{error:#}");
}
