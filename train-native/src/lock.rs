//! One writer for a folder.
//!
//! Does: locks a run folder, a store that is being prepared or a bundle that is being written; refuses a second writer in
//! a sentence that names the first; gives the folder back.
//! Does not know: what is written there.
//! Flow: `train`, `prepare`, `export` → **lock** → their work.
//!
//! The lock is the operating system's, on a small file in the folder, which says who holds it. A process that was killed
//! holds nothing: what it leaves is an unlocked file, which the next writer takes over.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use serde_json::json;

use crate::output::say;

/// Name of the file.
pub const LOCK: &str = ".wellplate-lock";
/// Times that a lock file is found to have been removed under us before that is called a failure.
const TRIES: usize = 20;

/// A folder of one's own.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    /// None where the file system knows no locks.
    held: Option<File>,
}

/// Takes a folder, which is made if it is not there; `what` names the command for others.
///
/// # Errors
/// When somebody else holds it, or it cannot be written.
pub fn take(folder: &Path, what: &str, now: SystemTime) -> Result<Lock> {
    let path = folder.join(LOCK);
    let failed = || format!("cannot write {} (is the disk full?)", path.display());
    std::fs::create_dir_all(folder).with_context(failed)?;
    for _ in 0..TRIES {
        let opened = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path);
        let mut file = opened.with_context(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!("{}", refusal(folder, &mut file)),
            Err(TryLockError::Error(error)) => {
                say(&format!(
                    "{}: this file system keeps no locks ({error}); make sure that nothing else writes there",
                    folder.display()
                ));
                return Ok(Lock { path, held: None });
            }
        }
        // The holder before may have removed the file between our opening and our locking it.
        if is_at(&file, &path) {
            write_holder(&mut file, what, now).with_context(failed)?;
            return Ok(Lock { path, held: Some(file) });
        }
    }
    bail!(
        "{} is taken and given back without end; is a script starting the same command over and over?",
        path.display()
    )
}

/// Says who holds the lock.
fn write_holder(file: &mut File, what: &str, now: SystemTime) -> std::io::Result<()> {
    let since = now.duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    let holder = json!({ "command": what, "pid": std::process::id(), "host": host(), "since": date(since) });
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    writeln!(file, "{holder}")
}

/// Why the folder cannot be had.
fn refusal(folder: &Path, file: &mut File) -> String {
    let mut text = String::new();
    // Where locks are binding (Windows) it cannot be read, and right after it was taken it is empty.
    let _ = file.take(4096).read_to_string(&mut text);
    let holder: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
    let word = |key: &str| holder[key].as_str().map(str::to_owned);
    let who = match (word("command"), holder["pid"].as_u64(), word("host"), word("since")) {
        (Some(command), Some(pid), Some(host), Some(since)) => {
            format!("`{command}`, process {pid} on {host}, writes there since {since}")
        }
        _ => "another process writes there".to_owned(),
    };
    format!("{} is in use: {who}; wait for it, stop it, or choose another folder", folder.display())
}

/// Name of this machine.
fn host() -> String {
    let kernel = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let variable = || ["HOSTNAME", "COMPUTERNAME"].iter().find_map(|name| std::env::var(name).ok());
    let name = kernel.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).or_else(variable);
    name.unwrap_or_else(|| "an unnamed host".to_owned())
}

/// A moment, in seconds since 1970, as a date and time of day.
fn date(seconds: u64) -> String {
    let (days, time) = (seconds / 86_400, seconds % 86_400);
    // Days since 1 March of the year 0, in eras of 400 years (Hinnant's civil_from_days).
    let shifted = days + 719_468;
    let (era, day) = (shifted / 146_097, shifted % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let (of_month, month) = (of_year - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    let year = era * 400 + year + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{of_month:02} {:02}:{:02} UTC", time / 3600, time % 3600 / 60)
}

/// Whether an open file is still what stands at a path.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let id = |about: std::fs::Metadata| (about.dev(), about.ino());
    file.metadata().ok().map(id) == std::fs::metadata(path).ok().map(id)
}

/// Elsewhere lock files are not removed.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> bool {
    true
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Removed while it is held: whoever has opened it meanwhile finds that it no longer stands there.
        if cfg!(unix) && self.held.is_some() {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use std::time::{Duration, UNIX_EPOCH};

    use super::{LOCK, date, take};

    #[test]
    fn a_second_writer_is_refused_by_name_until_the_first_is_done() {
        let folder = tempfile::tempdir().unwrap();
        let now = UNIX_EPOCH + Duration::from_secs(1_795_765_860);
        let own = take(&folder.path().join("run"), "train", now).unwrap();
        let refused = take(&folder.path().join("run"), "train", now).unwrap_err().to_string();
        let process = format!("`train`, process {} on ", std::process::id());
        assert!(refused.contains(&process) && refused.contains("since 2026-11-27 07:51 UTC"), "{refused}");
        drop(own);
        take(&folder.path().join("run"), "train", now).unwrap();
        assert!(!folder.path().join("run").join(LOCK).exists(), "a folder that was given back holds no lock");
    }

    #[test]
    fn what_a_kill_leaves_blocks_nobody() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(LOCK), "{\"command\":\"train\",\"pid\":1,\"host\":\"x\"}").unwrap();
        take(folder.path(), "train", UNIX_EPOCH).unwrap();
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(date(0), "1970-01-01 00:00 UTC");
        assert_eq!(date(951_782_400), "2000-02-29 00:00 UTC");
        assert_eq!(date(1_709_251_199), "2024-02-29 23:59 UTC");
        assert_eq!(date(4_107_542_400), "2100-03-01 00:00 UTC");
    }
}
