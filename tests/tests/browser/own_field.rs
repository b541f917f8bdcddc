//! Folders of matrices, damaged files and packed files of the field in the page.
//!
//! Does: hands the page what the command reads, and holds what it says against the command's own words.
//! Does not know: how either reads.
//! Flow: files → page and command → **the same cells, or the same sentence**.

use std::collections::BTreeMap;
use std::path::PathBuf;

use cells::h5ad::{Matrix, read_h5ad, write_h5ad};
use train_native::data::files::{Wanted, rows};

use super::own_data::{choose, file, genes, planted, ready};
use super::page::with_page;
use crate::boundaries::root;

/// The shipped bundle on the CPU, the Data view open.
const DATA: &str = "view=data&device=cpu&cells=8&steps=2";
/// Reading a small file, at most, in seconds.
const READING: u64 = 120;

/// What is handed to the page at once, and its path for the command: folders of a matrix, and files of damage.
fn handed() -> Vec<(PathBuf, Vec<PathBuf>)> {
    let mut all = Vec::new();
    for folder in ["wild", "faults"] {
        let folder = root().join("../shared/data").join(folder);
        // The browser takes canonical paths only.
        let Ok(folder) = folder.canonicalize() else {
            eprintln!("skipped: {} is not there", folder.display());
            continue;
        };
        let listed = |path: &PathBuf| -> Vec<PathBuf> {
            let mut own: Vec<PathBuf> = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
            own.sort();
            own
        };
        let is_damage = |path: &PathBuf| path.extension().is_some_and(|end| end == "h5ad" || end == "h5");
        for path in listed(&folder) {
            if path.join("matrix.mtx").is_file() {
                let files = listed(&path);
                all.push((path, files));
            } else if folder.ends_with("faults") && is_damage(&path) {
                all.push((path.clone(), vec![path]));
            }
        }
    }
    all
}

#[test]
fn folders_and_damaged_files_are_told_alike_in_page_and_command() {
    let all = handed();
    if all.is_empty() {
        return;
    }
    assert_eq!(all.len(), 11, "nine folders and two damaged files");
    let panel = genes(9015);
    with_page(
        "own-folders",
        |_| (),
        |page| {
            for (path, files) in &all {
                page.open(DATA);
                ready(page);
                choose(page, files);
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                let (shown, expected) = match rows(path, &Matrix::Auto, Wanted::Any) {
                    Ok((rows, _)) if !rows.genes().iter().any(|gene| panel.contains(gene)) => {
                        (None, "shares no gene".to_owned())
                    }
                    Ok((rows, _)) => (Some(rows.cells().to_string()), String::new()),
                    Err(error) => (None, error.root_cause().to_string()),
                };
                page.wait(&format!("{name}: {shown:?} or {expected:?}"), READING, |page| match &shown {
                    Some(cells) => (page.sees("own-cells") && page.text("own-cells") == *cells).then_some(()),
                    None => {
                        let corrected =
                            if page.sees("data-corrected") { page.text("data-corrected") } else { String::new() };
                        let all = (corrected + &page.alert()).to_lowercase();
                        all.contains(&expected.to_lowercase()).then_some(())
                    }
                });
            }
        },
    );
}

/// A gzip file whose blocks are stored as they are.
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    let blocks: Vec<&[u8]> = bytes.chunks(0xffff).collect();
    for (place, block) in blocks.iter().enumerate() {
        let length = block.len() as u16;
        packed.push(u8::from(place + 1 == blocks.len()));
        packed.extend(length.to_le_bytes().into_iter().chain((!length).to_le_bytes()).chain(block.iter().copied()));
    }
    let byte = |sum: u32, byte: &u8| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 })
    };
    packed.extend((!bytes.iter().fold(u32::MAX, byte)).to_le_bytes());
    packed.extend((bytes.len() as u32).to_le_bytes());
    packed
}

#[test]
fn a_packed_file_is_read_as_it_is() {
    let folder = tempfile::TempDir::new().unwrap();
    let cells = planted();
    let path = file(folder.path(), "mine.h5ad.gz", gzip(&write_h5ad(&cells, &BTreeMap::new()).unwrap()));
    with_page(
        "own-packed",
        |_| (),
        |page| {
            page.open(DATA);
            ready(page);
            choose(page, &[path]);
            page.wait_for("own-cells", READING);
            assert_eq!((page.text("own-cells"), page.text("own-genes")), ("60".to_owned(), "300".to_owned()));
            let (_, h5ad) = page.download(|page| page.click("own-h5ad"));
            assert_eq!(read_h5ad(h5ad, &Matrix::X).unwrap().counts, cells.counts);
        },
    );
}
