//! What the browser's processes take, where the system tells (Linux).
//!
//! Does: sums memory and processor time over all processes whose command line names a folder.
//! Does not know: what they do.
//! Flow: `/proc` → **bytes, seconds** → figures.

use std::path::{Path, PathBuf};

/// Ticks of `/proc` in a second (`sysconf(_SC_CLK_TCK)`, 100 on every Linux of today).
const TICKS: f64 = 100.0;

/// Folders of the processes whose command line names a folder; `None` where there is no `/proc`.
fn processes(profile: &Path) -> Option<impl Iterator<Item = PathBuf>> {
    let name = profile.display().to_string();
    let folders = std::fs::read_dir("/proc").ok()?.flatten().map(|process| process.path());
    // Processes come and go while they are looked at.
    Some(folders.filter(move |folder| {
        let line = std::fs::read(folder.join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(&name)
    }))
}

/// Resident bytes of all processes of a profile.
pub(super) fn resident(profile: &Path) -> Option<f64> {
    let of = |folder: PathBuf| {
        let status = std::fs::read_to_string(folder.join("status")).unwrap_or_default();
        let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next());
        1024.0 * kilobytes.and_then(|number| number.parse::<f64>().ok()).unwrap_or(0.0)
    };
    Some(processes(profile)?.map(of).sum())
}

/// Seconds that all cores have worked for the processes of a profile.
pub(super) fn worked(profile: &Path) -> Option<f64> {
    let of = |folder: PathBuf| ticks(&std::fs::read_to_string(folder.join("stat")).unwrap_or_default()) / TICKS;
    Some(processes(profile)?.map(of).sum())
}

/// Ticks of a line of `/proc/PID/stat`, in the program and in the system for it: the 14th and 15th field. The second is
/// the program's name, which may hold blanks and brackets itself.
fn ticks(line: &str) -> f64 {
    let rest = line.rsplit_once(')').map_or("", |(_, rest)| rest);
    rest.split_whitespace().skip(11).take(2).filter_map(|number| number.parse::<f64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::ticks;

    #[test]
    fn ticks_are_found_behind_any_name() {
        assert_eq!(ticks("7 (a b) c) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20 0"), 300.0);
        assert_eq!(ticks(""), 0.0);
    }
}
