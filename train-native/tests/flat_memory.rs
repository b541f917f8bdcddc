//! Preparing a store holds a shard and no more, however many cells there are.
//!
//! Does: generates a small and a large file, prepares each in a process of its own, compares the most memory held.
//! Does not know: times.
//! Flow: command line → **peak memory of each**.

// A test fails by panicking; that is what `unwrap` is for here.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::Command;

use train_native::bench_store::generate;

/// Most memory that `prepare` held for a file of `cells` cells, in megabytes; none where the system does not say.
fn peak(folder: &Path, cells: usize) -> Option<f64> {
    let name = format!("cells{cells}");
    generate(&folder.join(format!("{name}.h5ad")), cells, 500).unwrap();
    let config = folder.join(format!("{name}.toml"));
    std::fs::write(&config, format!("[datasets]\ngenerated = \"{name}.h5ad\"\n")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_wellplate"));
    let output =
        command.arg("prepare").arg("--config").arg(config).arg("--out").arg(folder.join(name)).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains(&format!("cells\t{cells}\n")), "{said}");
    said.lines().find_map(|line| line.strip_prefix("most memory held, MB\t"))?.parse().ok()
}

#[test]
fn memory_is_flat_in_the_number_of_cells() {
    let folder = tempfile::tempdir().unwrap();
    let (Some(small), Some(large)) = (peak(folder.path(), 10_000), peak(folder.path(), 320_000)) else {
        eprintln!("skipped: this system does not tell how much memory a process held");
        return;
    };
    // Of the 32-fold file, the order of runs grows (16 bytes per 64 cells) and the allocator's slack.
    assert!(large < 1.3 * small + 8.0, "{small} MB for 10,000 cells, {large} MB for 320,000");
}
