//! Thousands of damaged files: none may end the program, take its memory or its time.
//!
//! Does: changes bytes of small files of every form by a seed, opens and reads them to the end, in a process of its own
//! whose memory is bounded: what a file may unpack to is the larger of a hundred times its size and 1 GiB, and room is
//! taken only as values come, so that none of these files comes near it.
//! Does not know: which change makes a file unreadable; any end is right that is a value or a sentence.

// A test fails by panicking; that is what `unwrap` is for here.
#![allow(clippy::unwrap_used)]

use std::process::Command;
use std::time::{Duration, Instant};

use cells::h5ad::{CellRows, Matrix};

use super::loom;
use super::support::{fixture, open, open_table, open_trio};

/// Set in the process that does the work.
const CHILD: &str = "WELLPLATE_DAMAGED";
/// Memory of that process in kB, its program and libraries among it.
const MEMORY: u32 = 400_000;
/// Changed files of every form.
const EACH: u64 = 600;
/// No file may take longer.
const LONGEST: Duration = Duration::from_secs(10);

/// A small generator (SplitMix64), so that a failure can be made again from its number.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ bits >> 31
    }

    fn below(&mut self, most: usize) -> usize {
        (self.next() % most.max(1) as u64) as usize
    }
}

/// Numbers that break readers.
const EVIL: [u64; 9] =
    [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x7fff_ffff_ffff_ffff, u64::MAX, 1 << 40, 0x0101_0101_0101_0101];

/// A file with a few bytes changed, cut, or moved.
fn damaged(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len());
        match random.below(8) {
            0..=2 => bytes[at] ^= 1 << random.below(8),
            3 => bytes[at] = random.next() as u8,
            4 | 5 => {
                let width = [1, 2, 4, 8][random.below(4)];
                let evil = EVIL[random.below(EVIL.len())].to_le_bytes();
                bytes.iter_mut().skip(at).zip(&evil[..width]).for_each(|(byte, evil)| *byte = *evil);
            }
            6 => {
                let (from, length) = (random.below(bytes.len()), random.below(64));
                let part: Vec<u8> = bytes[from..].iter().take(length).copied().collect();
                bytes.iter_mut().skip(at).zip(&part).for_each(|(byte, other)| *byte = *other);
            }
            _ if random.below(4) == 0 => bytes.truncate(at.max(1)),
            _ => bytes[at] = 0,
        }
    }
    bytes
}

/// Reads all that can be read; errors are as good as values.
fn read(rows: CellRows) {
    let cells = rows.cells();
    // What a caller would ask for is bounded by the file; more than this is none of these files.
    let some = cells.min(10_000);
    let _ = rows.full_report();
    let _ = (rows.names(0, some), rows.stored_by_cell(), rows.stored_about());
    let _ = rows.expression(0, some);
    for key in rows.keys() {
        let _ = rows.label(&key).and_then(|label| label.read(0, some));
    }
    let _ = rows.in_rows(1 << 20).and_then(|rows| rows.all(1 << 20));
}

const MTX: &str = "%%MatrixMarket matrix coordinate real general\n%\n3 4 6\n1 1 3\n2 1 1\n3 2 2\n1 3 1\n2 4 5\n3 4 1\n";
const FEATURES: &str = "gene_id\tgene_name\ttype\nENSG00000000001\tCD3D\tGene Expression\nENSG00000000002\tLYZ\tGene Expression\nENSG00000000003\tCD3\tAntibody Capture\n";
const BARCODES: &str = "bc_wells,sample,depth\nA,x,1\nB,y,2.5\nC,,3\nD,x,NA\n";

/// Dense tables of a few genes and cells.
const TABLES: [&str; 6] = [
    ",c1,c2\nCD3D,3,0\nLYZ,0,2\nMS4A1,1.0,1e1\n",
    "CD3D\tLYZ\tcell_type\tage\nAAACATACAACCAC-1\t3\t0\tB cell\t3\nAAACATTGAGCTAC-1\t0\t2\tNA\t\n",
    "\"c1\" \"c2\"\r\n\"CD3D\" 3 0\r\n\"LYZ\" 0 2\r\n",
    "\u{feff};c1;c2\nCD3D;1,5;0\nLYZ;0;2,5\n",
    "# made\nid,symbol,length,c1\nENSG00000167286,CD3D,9,3\nENSG00000090382,LYZ,9,1\n__no_feature,,,8\n",
    "gene,c1,c2,c3\ntype,B,T,T\nCD3D,1,0,2\n\nLYZ,0,3,1\n",
];
/// Words that break readers of text.
const WORDS: [&str; 16] =
    [",", "\t", ";", " ", "\n", "\r", "\"", "NA", "-1", "1e999", "0.5", "#", "4294967296", "CD3D", "\n\n", "\u{e9}"];

/// A text with a few words put in, taken out or moved.
fn mangled(text: &str, random: &mut Random) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    for _ in 0..=random.below(6) {
        let at = random.below(bytes.len() + 1);
        let end = (at + random.below(12)).min(bytes.len());
        let word = match random.below(4) {
            0 => Vec::new(),
            1 => bytes[at..end].repeat(2),
            2 => bytes[random.below(at + 1)..at].to_vec(),
            _ => WORDS[random.below(WORDS.len())].as_bytes().to_vec(),
        };
        bytes.splice(at..if random.below(2) == 0 { end } else { at }, word);
    }
    bytes
}

/// Dense tables in whatever shape, read both ways.
fn tables() {
    for (number, text) in TABLES.iter().enumerate() {
        for seed in 0..4 * EACH {
            let mut random = Random(seed << 8 | number as u64);
            let bytes = mangled(text, &mut random);
            let bytes = if seed % 4 == 0 && !bytes.is_empty() { damaged(&bytes, &mut random) } else { bytes };
            let begun = Instant::now();
            for asked in ["table", "genes in rows", "cells in rows rounded"] {
                if let Ok(rows) = open_table(&bytes, 1 + random.below(40), &Matrix::Named(asked.to_owned())) {
                    read(rows);
                }
            }
            assert!(begun.elapsed() < LONGEST, "table {number} with seed {seed} took {:?}", begun.elapsed());
        }
    }
}

fn work() {
    tables();
    let whole = loom::small();
    for seed in 0..EACH {
        let (bytes, begun) = (damaged(&whole, &mut Random(seed)), Instant::now());
        if let Ok(rows) = open(bytes, &Matrix::Auto) {
            read(rows);
        }
        assert!(begun.elapsed() < LONGEST, "loom with seed {seed} took {:?}", begun.elapsed());
    }
    let forms = [
        "packed_zstd.h5ad",
        "packed_lz4.h5ad",
        "packed_gzip.h5ad",
        "records.h5ad",
        "half.h5ad",
        "nullable.h5ad",
        "multi.h5mu",
        "by_genes_ids.h5ad",
        "tenx_v2_two.h5",
        "tenx_v3.h5",
    ];
    for (number, form) in forms.iter().enumerate() {
        let whole = fixture(form);
        for seed in 0..EACH {
            let mut random = Random(seed << 8 | number as u64);
            let (bytes, begun) = (damaged(&whole, &mut random), Instant::now());
            if let Ok(rows) = open(bytes, &Matrix::Auto) {
                read(rows);
            }
            assert!(begun.elapsed() < LONGEST, "{form} with seed {seed} took {:?}", begun.elapsed());
        }
    }
    // Every number of a file in turn is the largest that there is: lengths, addresses, sizes of chunks.
    let whole = fixture("packed_gzip.h5ad");
    for at in (0..whole.len()).step_by(16) {
        for (from, width) in [(at, 4), (at + 8, 4), (at, 8)] {
            let (mut bytes, begun) = (whole.clone(), Instant::now());
            bytes.iter_mut().skip(from).take(width).for_each(|byte| *byte = 0xff);
            if let Ok(rows) = open(bytes, &Matrix::Auto) {
                read(rows);
            }
            assert!(begun.elapsed() < LONGEST, "{width} bytes at {from} took {:?}", begun.elapsed());
        }
    }
    for seed in 0..4 * EACH {
        let mut random = Random(seed << 8 | 0xff);
        let mut texts = [MTX, FEATURES, BARCODES].map(|text| text.as_bytes().to_vec());
        let which = random.below(3);
        texts[which] = damaged(&texts[which], &mut random);
        let begun = Instant::now();
        if let Ok(rows) = open_trio(&texts[0], &texts[1], &texts[2], &Matrix::Auto) {
            read(rows);
        }
        assert!(begun.elapsed() < LONGEST, "texts with seed {seed} took {:?}", begun.elapsed());
    }
}

#[test]
fn damaged_files_take_neither_the_program_nor_its_memory() {
    if std::env::var_os(CHILD).is_some() || !cfg!(unix) {
        return work();
    }
    let own = std::env::current_exe().unwrap();
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("ulimit -v {MEMORY}; exec \"$0\" \"$@\"")).arg(own);
    shell.args(["--exact", "damaged::damaged_files_take_neither_the_program_nor_its_memory", "--nocapture"]);
    let done = shell.env(CHILD, "1").env("RUST_BACKTRACE", "0").output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{:?}: {}", done.status, &said[..said.len().min(3000)]);
    assert!(String::from_utf8_lossy(&done.stdout).contains("1 passed"), "the work was not done");
}
