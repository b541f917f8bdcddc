//! Files: written whole or not at all.
//!
//! Does: atomic writes (a temporary file beside the target, then a rename), several files at once, lines at the end of a
//! file, with errors that name the path; knows its own temporary files and removes those that a kill left; lets the end
//! of the program wait for the file in hand.
//! Does not know: what is written.
//! Flow: bytes → **disk**.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, TryLockError};

use anyhow::{Context, Result};
use tempfile::NamedTempFile;

/// How names of temporary files begin and end.
pub(crate) const PREFIX: &str = ".wellplate-";
pub(crate) const SUFFIX: &str = ".part";
/// The same in versions before: this and six letters or digits.
const EARLIER: &str = ".tmp";
const EARLIER_LETTERS: usize = 6;

/// Held for reading while a file has a temporary name, for writing by whoever ends the program. Nobody waits for the
/// latter, so that the former may be taken again by who has it.
static IN_HAND: RwLock<()> = RwLock::new(());

/// From here on, until it is dropped, the program does not end by a signal: a temporary file or a lock would be left. Taken
/// around several files, so that all of them are there or none.
pub fn in_hand() -> RwLockReadGuard<'static, ()> {
    // Nothing stands behind the lock that a panic could have spoilt.
    IN_HAND.read().unwrap_or_else(PoisonError::into_inner)
}

/// From here on, until it is dropped, no file is begun; `None` while one is in hand.
pub fn none_in_hand() -> Option<RwLockWriteGuard<'static, ()>> {
    match IN_HAND.try_write() {
        Ok(held) => Some(held),
        Err(TryLockError::Poisoned(held)) => Some(held.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}

/// Writes `bytes` to `path`; an interruption leaves the old file or none, never half a file.
///
/// # Errors
/// When the folder cannot be written or the disk is full.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<()> {
    let _own = in_hand();
    stage(path, bytes)?.take_place()?;
    keep_names(path)
}

/// Writes several files of a folder one after the other: all of them are on disk before the first takes its place, and
/// the last of the list does so last. (`folders` changes them at once.)
///
/// # Errors
/// When the folder cannot be written or the disk is full, which is found before any of them changes.
pub fn write_in_turn(folder: &Path, files: &[(&str, &[u8])]) -> Result<()> {
    let _own = in_hand();
    let staged = files.iter().map(|(name, bytes)| stage(&folder.join(name), bytes)).collect::<Result<Vec<_>>>()?;
    staged.into_iter().try_for_each(Staged::take_place)?;
    files.last().map_or(Ok(()), |(name, _)| keep_names(&folder.join(name)))
}

/// A file that is on disk under a name of its own.
struct Staged {
    file: NamedTempFile,
    path: PathBuf,
}

/// What is said when a file cannot be written.
pub(crate) fn failed(path: &Path) -> String {
    format!("cannot write {} (is the disk full?)", path.display())
}

fn stage(path: &Path, bytes: &[u8]) -> Result<Staged> {
    let folder = folder_of(path);
    std::fs::create_dir_all(folder).with_context(|| failed(path))?;
    let made = tempfile::Builder::new().prefix(PREFIX).suffix(SUFFIX).tempfile_in(folder);
    let mut file = made.with_context(|| failed(path))?;
    file.write_all(bytes).with_context(|| failed(path))?;
    file.as_file().sync_all().with_context(|| failed(path))?;
    readable(file.as_file()).with_context(|| failed(path))?;
    Ok(Staged { file, path: path.to_owned() })
}

impl Staged {
    fn take_place(self) -> Result<()> {
        self.file.persist(&self.path).map(drop).with_context(|| failed(&self.path))
    }
}

fn folder_of(path: &Path) -> &Path {
    // The parent of a bare name is the empty path, which nothing can open.
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

/// Temporary files are private; what is written here is meant to be served and shared.
#[cfg(unix)]
fn readable(file: &File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable(_: &File) -> std::io::Result<()> {
    Ok(())
}

/// New names outlive a power cut only when their folder is on disk too.
#[cfg(unix)]
pub(crate) fn keep_names(path: &Path) -> Result<()> {
    File::open(folder_of(path)).and_then(|folder| folder.sync_all()).with_context(|| failed(path))
}

#[cfg(not(unix))]
pub(crate) fn keep_names(_: &Path) -> Result<()> {
    Ok(())
}

/// Opens a file of lines to go on with it. A line that a kill or a full disk cut short is taken off: it would stand in the
/// middle.
///
/// # Errors
/// When the file cannot be written.
pub fn append_lines(path: &Path) -> Result<File> {
    let opened = File::options().create(true).read(true).append(true).open(path);
    let mut file = opened.with_context(|| format!("cannot write {}", path.display()))?;
    let whole = whole_lines(&mut file).with_context(|| format!("cannot read {}", path.display()))?;
    file.set_len(whole).with_context(|| failed(path))?;
    Ok(file)
}

/// Bytes up to the end of the last line that ends.
fn whole_lines(file: &mut File) -> std::io::Result<u64> {
    const WINDOW: u64 = 4096;
    let mut end = file.metadata()?.len();
    while end > 0 {
        let start = end.saturating_sub(WINDOW);
        let mut part = vec![0; (end - start) as usize];
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(&mut part)?;
        if let Some(last) = part.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + last as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

/// Whether a name is that of a temporary file made here.
pub fn is_temporary(name: &str) -> bool {
    let earlier = name.strip_prefix(EARLIER).is_some_and(|rest| {
        rest.chars().count() == EARLIER_LETTERS && rest.chars().all(|letter| letter.is_ascii_alphanumeric())
    });
    earlier || (name.starts_with(PREFIX) && name.ends_with(SUFFIX))
}

/// Removes the temporary files that a kill left in a folder. Whoever calls this is the only one who writes there.
pub fn sweep(folder: &Path) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_name().to_str().is_some_and(is_temporary)) {
        // One that cannot be removed takes room and does no harm.
        let _ = std::fs::remove_file(entry.path());
    }
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use std::path::Path;

    use super::{folder_of, in_hand, is_temporary, none_in_hand, sweep, write_in_turn};

    #[test]
    fn several_files_change_or_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        write_in_turn(folder.path(), &[("a", b"1"), ("b", b"2")]).unwrap();
        assert_eq!(std::fs::read(path("b")).unwrap(), b"2");
        // The second cannot be written: its folder is a file.
        assert!(write_in_turn(folder.path(), &[("a", b"3"), ("b/c", b"4")]).is_err());
        assert_eq!(std::fs::read(path("a")).unwrap(), b"1");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "no temporary file is left");
    }

    #[test]
    fn the_program_ends_between_two_files() {
        // Writing several files, or a folder, holds it more than once.
        let (own, second) = (in_hand(), in_hand());
        drop(own);
        assert!(none_in_hand().is_none());
        drop(second);
        // Other tests of this process write files at times.
        let came = (0..1000).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(5));
            none_in_hand().is_some()
        });
        assert!(came);
    }

    #[test]
    fn own_temporary_files_are_known_and_others_stay() {
        for (name, own) in [
            (".wellplate-x1Y2z3.part", true),
            (".tmpEKxHcC", true),
            (".tmpEKxHcC.h5ad", false),
            (".tmp", false),
            (".tmpfiles-of-mine", false),
            ("wellplate.part", false),
            ("store.json", false),
        ] {
            assert_eq!(is_temporary(name), own, "{name}");
        }
        let folder = tempfile::tempdir().unwrap();
        for name in [".tmpEKxHcC", ".wellplate-x1Y2z3.part", ".tmp", "000000.parquet"] {
            std::fs::write(folder.path().join(name), b"x").unwrap();
        }
        sweep(folder.path());
        let mut left: Vec<_> =
            std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, [".tmp", "000000.parquet"]);
    }

    #[test]
    fn a_bare_name_stands_in_the_working_folder() {
        assert_eq!(folder_of(Path::new("cells.h5ad")), Path::new("."));
        assert_eq!(folder_of(Path::new("runs/cells.h5ad")), Path::new("runs"));
    }
}
