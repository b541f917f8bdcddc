//! Folders whose files change at once.
//!
//! Does: writes several files of a folder so that whoever opens it finds all of the old ones or all of the new ones: the
//! folder is made anew beside itself, with links to what stays, and both change places in one step.
//! Does not know: what the files are.
//! Flow: files of a bundle → **disk** → readers, a web server.
//!
//! Linux can exchange two folders; elsewhere, and where the folder cannot be exchanged (it is a mount point, holds folders,
//! or is where we stand), its files are renamed one after the other, and a kill between two of them leaves a card that
//! does not fit.

use std::fs::{File, Permissions};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::files::{self, PREFIX, SUFFIX, failed, is_temporary, keep_names};

/// Letters by which folders of the same purpose differ.
const LETTERS: usize = 6;

/// Writes several files of a folder, whose lock is held, so that they change together.
///
/// # Errors
/// When the folder cannot be written or the disk is full; then nothing has changed.
pub fn write_together(folder: &Path, files: &[(&str, &[u8])]) -> Result<()> {
    let _own = files::in_hand();
    std::fs::create_dir_all(folder).with_context(|| failed(folder))?;
    // Where it really is: the folder is exchanged and not a link to it.
    let folder = folder.canonicalize().with_context(|| failed(folder))?;
    sweep(&folder);
    // Whoever works in a folder that was exchanged finds himself in one that is gone.
    let stands_there = std::env::current_dir().is_ok_and(|here| here.starts_with(&folder));
    if is_flat(&folder) && !stands_there {
        let made = anew(&folder, files)?;
        if exchange(made.path(), &folder).is_ok() {
            // What is removed now with `made` is the folder as it was.
            return keep_names(&folder);
        }
    }
    files::write_in_turn(&folder, files)
}

/// Whether a folder holds files only: folders cannot be linked.
fn is_flat(folder: &Path) -> bool {
    let is_folder = |entry: std::fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_dir());
    std::fs::read_dir(folder).is_ok_and(|entries| !entries.flatten().any(is_folder))
}

/// The folder as it is going to be, beside it.
fn anew(folder: &Path, files: &[(&str, &[u8])]) -> Result<TempDir> {
    let failed = || failed(folder);
    let (parent, start) = beside(folder);
    let made = tempfile::Builder::new().prefix(&start).suffix(SUFFIX).rand_bytes(LETTERS).tempdir_in(parent);
    let made = made.with_context(failed)?;
    for entry in std::fs::read_dir(folder).with_context(failed)?.flatten() {
        let name = entry.file_name();
        let stays = name.to_str().is_none_or(|name| !is_temporary(name) && !files.iter().any(|(own, _)| *own == name));
        if stays {
            let (from, to) = (entry.path(), made.path().join(&name));
            std::fs::hard_link(&from, &to).or_else(|_| std::fs::copy(&from, &to).map(drop)).with_context(failed)?;
        }
    }
    for (name, bytes) in files {
        let mut file = File::create(made.path().join(name)).with_context(failed)?;
        file.write_all(bytes).and_then(|()| file.sync_all()).with_context(failed)?;
    }
    // Temporary folders are private; this one is going to be what the other was.
    let as_before: Permissions = std::fs::metadata(folder).with_context(failed)?.permissions();
    std::fs::set_permissions(made.path(), as_before).with_context(failed)?;
    keep_names(&made.path().join("any")).with_context(failed)?;
    Ok(made)
}

/// The folder that a folder lies in, and how names of those that take its place begin.
fn beside(folder: &Path) -> (PathBuf, String) {
    let name = folder.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    (folder.parent().unwrap_or(folder).to_owned(), format!("{PREFIX}{name}-"))
}

/// Exchanges two folders.
#[cfg(target_os = "linux")]
fn exchange(one: &Path, other: &Path) -> std::io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE)?)
}

#[cfg(not(target_os = "linux"))]
fn exchange(_: &Path, _: &Path) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}

/// Removes what a kill left beside a folder.
fn sweep(folder: &Path) {
    let (parent, start) = beside(folder);
    let is_own = |name: &str| {
        let letters = name.strip_prefix(&start).and_then(|rest| rest.strip_suffix(SUFFIX));
        letters.is_some_and(|own| own.len() == LETTERS && own.chars().all(|letter| letter.is_ascii_alphanumeric()))
    };
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_name().to_str().is_some_and(is_own)) {
        // One that cannot be removed takes room and does no harm.
        let _ = std::fs::remove_dir_all(entry.path());
    }
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use std::path::Path;

    use super::write_together;

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn files_change_and_others_stay() {
        let around = tempfile::tempdir().unwrap();
        let folder = around.path().join("bundle");
        write_together(&folder, &[("a", b"1"), ("b", b"2")]).unwrap();
        std::fs::write(folder.join("mine"), b"3").unwrap();
        std::fs::write(folder.join(".wellplate-x1Y2z3.part"), b"left by a kill").unwrap();
        std::fs::create_dir(around.path().join(".wellplate-bundle-x1Y2z3.part")).unwrap();
        std::fs::create_dir(around.path().join(".wellplate-bundle-two-x1Y2z3.part")).unwrap();
        write_together(&folder, &[("a", b"4")]).unwrap();
        assert_eq!(names(&folder), ["a", "b", "mine"]);
        let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
        assert_eq!((read("a"), read("b"), read("mine")), (b"4".to_vec(), b"2".to_vec(), b"3".to_vec()));
        assert_eq!(names(around.path()), [".wellplate-bundle-two-x1Y2z3.part", "bundle"], "that of another stays");
    }

    #[test]
    fn a_folder_that_cannot_be_exchanged_is_written_all_the_same() {
        let around = tempfile::tempdir().unwrap();
        let folder = around.path().join("bundle");
        std::fs::create_dir_all(folder.join("inner")).unwrap();
        write_together(&folder, &[("a", b"1")]).unwrap();
        assert_eq!(names(&folder), ["a", "inner"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_a_folder_stays_one() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let around = tempfile::tempdir().unwrap();
        let (real, link) = (around.path().join("real"), around.path().join("link"));
        std::fs::create_dir(&real).unwrap();
        std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o751)).unwrap();
        symlink(&real, &link).unwrap();
        write_together(&link, &[("a", b"1")]).unwrap();
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(names(&real), ["a"]);
        assert_eq!(std::fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o751);
    }
}
