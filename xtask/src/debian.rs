//! Debian packages, for machines where that is the way to a tool.
//!
//! Does: installs packages with apt-get as root or through a sudo that asks nothing.
//! Does not know: what the packages are for.
//! Flow: set-up → **apt-get**.

use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::process::{command, on_path, quiet, watch};

/// Only one apt-get can run at a time, and set-up runs beside the tests.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// A command with the rights of root; `None` when they are not to be had without a password.
pub(crate) fn as_root(program: &str, arguments: &[&str]) -> Option<Command> {
    if quiet(&mut command("id", &["-u"])).as_deref() == Some("0") {
        return Some(command(program, arguments));
    }
    quiet(&mut command("sudo", &["-n", "true"]))?;
    let mut words = vec!["-n", program];
    words.extend(arguments);
    Some(command("sudo", &words))
}

/// Packages that are not installed.
fn missing<'a>(packages: &[&'a str]) -> Vec<&'a str> {
    let installed = |package: &str| {
        let state = quiet(&mut command("dpkg-query", &["-W", "-f=${Status}", package]));
        state.is_some_and(|state| state == "install ok installed")
    };
    packages.iter().copied().filter(|package| !installed(package)).collect()
}

/// Installs those of the packages that are missing.
///
/// # Errors
/// When there is no apt-get, no right to use it, or a package cannot be had; the sentence holds the
/// command that installs them by hand.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let missing = missing(packages);
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.join(" ");
    let by_hand = format!("install them by hand: `sudo apt-get install {names}`");
    if on_path("apt-get").is_none() {
        bail!("this system has no apt-get, which would install {names}");
    }
    let limit = Duration::from_secs(1200);
    let apt = |arguments: &[&str]| -> Result<()> {
        let mut apt =
            as_root("apt-get", arguments).with_context(|| format!("installing {names} needs root; {by_hand}"))?;
        watch("apt-get", limit, apt.env("DEBIAN_FRONTEND", "noninteractive"))
    };
    // A failed update may still leave a usable list of packages.
    let updated = apt(&["update", "-q"]);
    let mut arguments = vec!["install", "-y", "-q", "--no-install-recommends"];
    arguments.extend(&missing);
    match (apt(&arguments), updated) {
        (Ok(()), _) => Ok(()),
        (Err(error), Ok(())) => Err(error).with_context(|| format!("cannot install {names}; {by_hand}")),
        (Err(error), Err(update)) => {
            Err(error).with_context(|| format!("cannot install {names} ({update}); {by_hand}"))
        }
    }
}
