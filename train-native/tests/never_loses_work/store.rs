//! A store that is killed, hit or moved.

use std::fs::File;
use std::time::{Duration, SystemTime};

use crate::bench::{Bench, refused, said};

const PREPARE: [&str; 5] = ["prepare", "--config", "store.toml", "--out", "store"];

/// Training from the store, a step of it.
fn train(bench: &Bench) -> std::process::Output {
    let changes = [
        ("steps = 400", "steps = 1"),
        ("key = \"condition\"", "key = \"perturbation\""),
        ("condition = \"IFN-beta\"", "perturbation = \"IFN-beta\""),
    ];
    bench.recipe("stored.toml", &changes);
    let _ = std::fs::remove_dir_all(bench.path("run"));
    bench.run(&["train", "--data", "store", "--config", "stored.toml", "--out", "run"])
}

#[test]
fn a_bit_in_index_or_shard_is_a_sentence_and_the_same_command_mends_it() {
    let bench = Bench::new();
    bench.prepared("store");
    let whole = bench.files("store");
    let trained = train(&bench);
    assert!(trained.status.success(), "{}", said(&trained));
    let size = whole["000001.parquet"].len();
    // Labels stand before the counts and are read without them.
    let hits = [
        ("store.json", 9),
        ("store.json", 400),
        ("000001.parquet", size / 12),
        ("000001.parquet", size / 2),
        ("000001.parquet", size - 3),
    ];
    for (name, place) in hits {
        bench.flip(&format!("store/{name}"), place);
        refused(&train(&bench), "run the same `wellplate prepare` again");
        let mended = bench.run(&PREPARE);
        assert!(mended.status.success(), "{name}, {place}: {}", said(&mended));
        assert!(bench.files("store") == whole, "{name}, {place}");
    }
    // A plan that was hit is written anew where the index says the same.
    bench.flip("store/plan.json", 30);
    let mended = bench.run(&PREPARE);
    assert!(mended.status.success() && said(&mended).contains("plan.json was damaged"), "{}", said(&mended));
    assert!(bench.files("store") == whole);
}

#[test]
fn each_shard_is_checked_before_its_labels_are_believed() {
    let bench = Bench::new();
    bench.prepared("store");
    let whole = bench.files("store")["000000.parquet"].clone();
    // A label of the first shard is another: the name of a donor, as long as the one it was.
    let place = whole.windows(6).position(|window| window == b"donor1").unwrap() + 5;
    bench.flip("store/000000.parquet", place);
    let text = std::fs::read(bench.path("store/000000.parquet")).unwrap();
    assert_ne!(text[place], b'1');
    let opened = train_native::store::Store::open(&bench.path("store")).unwrap();
    assert!(opened.labels(0).is_err() && opened.labels(1).is_ok());
}

#[test]
fn an_unfinished_store_trusts_no_shard_that_was_hit() {
    let bench = Bench::new();
    bench.prepared("whole");
    bench.prepared("store");
    // What a kill after the third shard leaves, a bit of the second hit since.
    let index = std::fs::read_to_string(bench.path("store/store.json")).unwrap();
    let index: serde_json::Value = serde_json::from_str(&index).unwrap();
    let lines: Vec<String> = (0..3)
        .map(|number| serde_json::json!({ "number": number, "entry": index["shards"][number] }).to_string() + "\n")
        .collect();
    std::fs::write(bench.path("store/shards.jsonl"), lines.concat() + "{\"number\":3,\"en").unwrap();
    std::fs::remove_file(bench.path("store/store.json")).unwrap();
    std::fs::write(bench.path("store/.wellplate-abc123.part"), b"half a shard").unwrap();
    bench.flip("store/000001.parquet", 900);
    bench.prepared("store");
    assert!(bench.files("whole") == bench.files("store"));
}

#[test]
fn a_file_is_known_by_its_content_and_not_by_its_time() {
    let bench = Bench::new();
    bench.prepared("store");
    let cells = bench.path("cells.h5ad");
    let times = |path: &std::path::Path| std::fs::metadata(path).unwrap().modified().unwrap();
    let set = |time: SystemTime| File::options().write(true).open(&cells).unwrap().set_modified(time).unwrap();
    let before = times(&cells);
    set(before - Duration::from_secs(86_400));
    let again = bench.run(&PREPARE);
    assert!(again.status.success(), "another time: {}", said(&again));
    // Another byte, in the same size and with the same time.
    bench.flip("cells.h5ad", 3000);
    set(before - Duration::from_secs(86_400));
    let again = bench.run(&PREPARE);
    assert_ne!(again.status.code(), Some(0));
    // Unless the hit made the file unreadable, it is the store that says that these are other files.
    let text = said(&again);
    assert!(text.contains("other settings or files") || text.contains("cells.h5ad"), "{text}");
}

#[test]
fn panels_without_a_common_gene_and_labels_that_are_missing_are_said() {
    let bench = Bench::new();
    let (cells, _) = cells::synthetic::synthetic(&SPEC, 7).unwrap();
    let write = |name: &str, cells: &cells::Cells| {
        let bytes = cells::h5ad::write_h5ad(cells, &std::collections::BTreeMap::new()).unwrap();
        std::fs::write(bench.path(name), bytes).unwrap();
    };
    let mut stranger = cells.clone();
    stranger.genes = (0..stranger.genes.len()).map(|gene| format!("ENSG{gene:011}")).collect();
    write("stranger.h5ad", &stranger);
    let settings = std::fs::read_to_string(bench.path("store.toml")).unwrap();
    std::fs::write(bench.path("store.toml"), format!("{settings}two = \"stranger.h5ad\"\n")).unwrap();
    refused(&bench.run(&PREPARE), "share no gene");
    std::fs::write(bench.path("store.toml"), format!("genes = \"intersection\"\n{settings}two = \"stranger.h5ad\"\n"))
        .unwrap();
    refused(&bench.run(&PREPARE), "share no gene");
    // A file without the column of donors: its cells have none, which is counted.
    let mut bare = cells;
    bare.labels.insert("donor".to_owned(), {
        let texts: Vec<Option<String>> = (0..bare.len()).map(|cell| (cell >= 5).then(|| "d".to_owned())).collect();
        let codes = texts.iter().map(|text| if text.is_some() { 0 } else { -1 }).collect();
        cells::Column::Categorical { codes, categories: vec!["d".to_owned()] }
    });
    write("cells.h5ad", &bare);
    std::fs::write(bench.path("store.toml"), settings).unwrap();
    let prepared = bench.run(&PREPARE);
    assert!(prepared.status.success(), "{}", said(&prepared));
    assert!(said(&prepared).contains("5 of 160 cells have no label `donor`"), "{}", said(&prepared));
    let table = String::from_utf8_lossy(&prepared.stdout).into_owned();
    assert!(table.contains("donor\t1 values, 5 cells without"), "{table}");
}

#[test]
fn counts_that_no_sequencing_gives_are_said_and_kept() {
    let bench = Bench::new();
    let (cells, _) = cells::synthetic::synthetic(&SPEC, 7).unwrap();
    let (genes, counts) = cells.counts.row(3);
    let (gene, most) = (genes[0], 3_000_000_000_u32);
    let mut dense = vec![0; cells.genes.len()];
    let rows: Vec<Vec<u32>> = (0..cells.len())
        .map(|cell| {
            cells.counts.dense_row(cell, &mut dense);
            if cell == 3 {
                dense[gene as usize] = most;
            }
            dense.clone()
        })
        .collect();
    assert!(counts[0] < most);
    let counts = cells::Counts::from_dense_rows(cells.genes.len(), rows.iter().map(Vec::as_slice));
    let cells = cells::Cells { counts, ..cells };
    let bytes = cells::h5ad::write_h5ad(&cells, &std::collections::BTreeMap::new()).unwrap();
    std::fs::write(bench.path("cells.h5ad"), bytes).unwrap();
    let words = format!("1 counts are past 2^31, the largest {most} of {}", cells.genes[gene as usize]);
    let prepared = bench.run(&PREPARE);
    assert!(prepared.status.success() && said(&prepared).contains(&words), "{}", said(&prepared));
    let trained = bench.command("recipe.toml", "run").args(["--stop-after", "1"]).output().unwrap();
    assert!(trained.status.success() && said(&trained).contains(&words), "{}", said(&trained));
    let store = train_native::store::Store::open(&bench.path("store")).unwrap();
    let largest =
        (0..store.index.shards.len()).map(|shard| store.shard(shard).unwrap().counts.into_iter().max().unwrap());
    assert_eq!(largest.max(), Some(most));
}

#[test]
fn cells_of_other_genes_are_not_scored() {
    let bench = Bench::new();
    bench.trained("run");
    bench.exported("run", "bundle");
    let (mut cells, _) = cells::synthetic::synthetic(&SPEC, 7).unwrap();
    cells.genes = (0..cells.genes.len()).map(|gene| format!("ENSG{gene:011}")).collect();
    let bytes = cells::h5ad::write_h5ad(&cells, &std::collections::BTreeMap::new()).unwrap();
    std::fs::write(bench.path("other.h5ad"), bytes).unwrap();
    let evaluate = ["evaluate", "--bundle", "bundle", "--run", "run", "--data", "other.h5ad"];
    refused(&bench.run(&evaluate), "share no gene with the bundle");
}

/// Cells of the second file.
const SPEC: cells::synthetic::SyntheticSpec = cells::synthetic::SyntheticSpec {
    cells_per_group: 20,
    genes: 48,
    types: 2,
    donors: 2,
    markers: 6,
    programme: 6,
    shifted: 6,
    fold_change: 4.0,
    depth: 400.0,
};

#[cfg(unix)]
#[test]
fn a_full_disk_stops_preparing_in_a_sentence_and_the_same_command_goes_on() {
    let bench = Bench::new();
    bench.prepared("whole");
    let largest = bench.files("whole").values().map(Vec::len).max().unwrap();
    // Files may not grow past half of the largest, in blocks of 512 bytes.
    let limit = (largest / 2 / 512).max(1);
    let program = env!("CARGO_BIN_EXE_wellplate");
    let ended = std::process::Command::new("sh")
        .args(["-c", &format!("trap '' XFSZ; ulimit -f {limit}; {program} {}", PREPARE.join(" "))])
        .current_dir(bench.path(""))
        .output()
        .unwrap();
    refused(&ended, "is the disk full?");
    bench.prepared("store");
    assert!(bench.files("whole") == bench.files("store"));
}
