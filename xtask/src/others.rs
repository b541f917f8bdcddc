//! Firefox and WebKitGTK, found or installed, for the smoke run outside Chromium.
//!
//! Does: finds each browser with its driver, and installs what is missing where this system's packages have it.
//! Does not know: what is tested.
//! Flow: stage → **browsers that are there, and why the others are not** → tests.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use xtask::webdriver::{Engine, Kind, program};

use crate::cache::cache;
use crate::debian::install;
use crate::process::step;
use crate::setup::cargo_tool;

/// Version of Firefox's driver.
const GECKODRIVER: &str = "0.37.1";
/// Where systems keep WebKitGTK's small browser, which is on no PATH: below one of the first, in one of the second.
const LIBRARIES: [&str; 2] = ["/usr/lib", "/usr/libexec"];
const FOLDERS: [&str; 3] = ["webkitgtk-6.0", "webkit2gtk-4.1", "webkit2gtk-4.0"];

/// A browser by its name for people, or why it cannot be had.
pub(crate) type Found = (&'static str, Result<Engine>);

/// How many browsers there are beside Chromium.
pub(crate) const OTHERS: usize = 2;

/// The browsers beside Chromium.
pub(crate) fn others() -> [Found; OTHERS] {
    [("Firefox", firefox()), ("WebKitGTK", webkit())]
}

/// Variables by which the tests know a browser.
pub(crate) fn variables(engine: &Engine) -> Vec<(&'static str, PathBuf)> {
    let names = match engine.kind {
        Kind::Chromium => ("CHROME", "CHROMEDRIVER"),
        Kind::Firefox => ("FIREFOX", "GECKODRIVER"),
        Kind::WebKit => ("WEBKIT", "WEBKITDRIVER"),
    };
    let mut variables = vec![(names.0, engine.browser.clone()), (names.1, engine.driver.clone())];
    variables.extend(engine.screen.clone().map(|screen| ("XVFB", screen)));
    variables
}

fn firefox() -> Result<Engine> {
    let find = || program("FIREFOX", &["firefox-esr", "firefox"]);
    let browser = found_or_installed("Firefox", &["firefox-esr"], find)?;
    let driver = match program("GECKODRIVER", &["geckodriver"]) {
        Some(driver) => driver,
        None => {
            let bin = cache().join("bin");
            cargo_tool(&bin, "geckodriver", "geckodriver", GECKODRIVER, &[])?;
            bin.join("geckodriver")
        }
    };
    Ok(Engine::new(Kind::Firefox, &browser, &driver))
}

fn webkit() -> Result<Engine> {
    let find = || Some((small_browser()?, program("WEBKITDRIVER", &["WebKitWebDriver"])?, program("XVFB", &["Xvfb"])?));
    let packages = ["webkit2gtk-driver", "xvfb"];
    let (browser, driver, screen) = found_or_installed("WebKitGTK, its driver and Xvfb", &packages, find)?;
    Ok(Engine { screen: Some(screen), ..Engine::new(Kind::WebKit, &browser, &driver) })
}

/// What is found, if need be after Debian's packages were installed.
fn found_or_installed<T>(what: &str, packages: &[&str], find: impl Fn() -> Option<T>) -> Result<T> {
    if let Some(found) = find() {
        return Ok(found);
    }
    step(&format!("installing {what}"), || install(packages))?;
    find().with_context(|| format!("{what} cannot be found after it was installed"))
}

/// WebKitGTK's small browser, which comes with the library.
fn small_browser() -> Option<PathBuf> {
    std::env::var_os("WEBKIT").map(PathBuf::from).or_else(|| {
        let own = |library: &Path| FOLDERS.iter().map(|folder| library.join(folder).join("MiniBrowser")).collect();
        let below = |library: &&str| -> Vec<PathBuf> {
            // Debian has a folder for each kind of machine in between.
            let machines = std::fs::read_dir(library).into_iter().flatten().flatten().map(|entry| entry.path());
            let places = std::iter::once(PathBuf::from(library)).chain(machines);
            places.flat_map(|place| -> Vec<PathBuf> { own(&place) }).collect()
        };
        LIBRARIES.iter().flat_map(below).find(|file| file.is_file())
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use xtask::webdriver::{Engine, Kind};

    use super::variables;

    #[test]
    fn a_browser_is_handed_to_the_tests_with_its_screen() {
        let engine = Engine::new(Kind::WebKit, Path::new("/b"), Path::new("/d"));
        assert_eq!(variables(&engine), [("WEBKIT", "/b".into()), ("WEBKITDRIVER", "/d".into())]);
        let engine = Engine { screen: Some("/x".into()), ..engine };
        assert_eq!(variables(&engine)[2], ("XVFB", "/x".into()));
    }
}
