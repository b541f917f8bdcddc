//! A store of two cells for the corpus.
//!
//! Does: writes its shard and its index.
//! Does not know: the hash of the index; the target puts it in.

use std::collections::BTreeMap;
use std::io::{Error, Result};

use train_native::store::shard::{Labels, Shard, write as parquet};
use train_native::store::{Entry, Index, Source};

pub(super) fn write(keep: &impl Fn(&str, &str, &[u8]) -> Result<()>) -> Result<()> {
    let keys = vec!["condition".to_owned()];
    let shard = Shard {
        starts: vec![0, 2, 3],
        genes: vec![0, 2, 1],
        counts: vec![5, 1, 7],
        sources: vec![0, 0],
        rows: vec![0, 1],
        names: vec!["c1".to_owned(), "c2".to_owned()],
        labels: Labels {
            roles: vec![train_native::store::Role::Train; 2],
            depths: vec![6, 7],
            texts: vec![vec!["ctrl".to_owned(), String::new()]],
        },
    };
    let bytes = parquet(&shard, &keys).map_err(Error::other)?;
    keep("store", "shard", &bytes)?;
    let index = Index {
        version: 2,
        fingerprint: "0".repeat(64),
        genes: ["A", "B", "C"].map(str::to_owned).to_vec(),
        sources: vec![Source {
            dataset: "a".to_owned(),
            file: "a.h5ad".to_owned(),
            cells: 2,
            unmeasured: vec![(1, 2)],
        }],
        labels: BTreeMap::from([(keys[0].clone(), BTreeMap::from([("ctrl".to_owned(), 1)]))]),
        roles: BTreeMap::from([("train".to_owned(), 2)]),
        held_out: Vec::new(),
        shards: vec![Entry {
            file: "000000.parquet".to_owned(),
            cells: 2,
            bytes: bytes.len() as u64,
            sha256: "0".repeat(64),
            labels: Some("0".repeat(64)),
        }],
    };
    keep("store", "index", &serde_json::to_vec(&index)?)
}
