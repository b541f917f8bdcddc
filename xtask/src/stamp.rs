//! A version for a built site, by the hash of its files.
//!
//! Does: writes the version into index.html and behind the addresses of its files, so that no cache mixes two
//! versions; hands the service worker the version, the files with their hashes, and the page's policy. A site
//! that was stamped before is stamped anew.
//! Does not know: what the files do, bundles (the page's worker keeps those by their own hashes).
//! Flow: `dist` of trunk → **stamped `dist`** → server or static host.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use crate::catalogue::write_catalogue;
use crate::policy::policy_of;

const PAGE: &str = "index.html";
const SERVICE_WORKER: &str = "service_worker.js";
/// Where the page keeps the version.
const META: &str = "<meta name=\"wellplate-version\" content=\"";
/// What stands before a version in an address.
const QUERY: &str = "?v=";
/// Hexadecimal digits of a version.
const DIGITS: usize = 16;

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Folders whose files are not kept at a first visit: the page's worker keeps bundles, and the service worker a list of gene
/// names once it was asked for.
const LATER: [&str; 2] = ["models", "genes"];

/// Files of a site with their hashes, by path; what is kept later and what is written here are left out.
fn files(dist: &Path, below: &str, found: &mut BTreeMap<String, String>) -> Result<()> {
    let folder = dist.join(below);
    for entry in std::fs::read_dir(&folder).with_context(|| format!("{} is missing", folder.display()))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if below.is_empty() { name.clone() } else { format!("{below}/{name}") };
        if entry.file_type()?.is_dir() {
            if !LATER.contains(&path.as_str()) {
                files(dist, &path, found)?;
            }
        } else if path != SERVICE_WORKER && path != PAGE && !name.starts_with(['.', '_']) {
            found.insert(path, sha256(&std::fs::read(entry.path())?));
        }
    }
    Ok(())
}

/// The page as trunk wrote it: without a version.
fn unstamped(html: &str) -> String {
    let mut out = String::new();
    let mut rest = html;
    while let Some((before, after)) = rest.split_once(QUERY) {
        out.push_str(before);
        rest = after.trim_start_matches(|c: char| c.is_ascii_hexdigit());
    }
    out.push_str(rest);
    match out.split_once(META) {
        Some((before, after)) => format!("{before}{META}{}", after.trim_start_matches(|c: char| c.is_ascii_hexdigit())),
        None => out,
    }
}

/// The page with a version: in its head, and behind the address of each of these files.
fn stamped(html: &str, version: &str, files: &BTreeMap<String, String>) -> Result<String> {
    let Some((before, after)) = html.split_once(META) else { bail!("{PAGE} has no place for a version") };
    let mut html = format!("{before}{META}{version}{after}");
    for path in files.keys() {
        for attribute in ["href", "src"] {
            for dot in ["", "./"] {
                let address = format!("{attribute}=\"{dot}{path}\"");
                html = html.replace(&address, &format!("{attribute}=\"{dot}{path}{QUERY}{version}\""));
            }
        }
    }
    Ok(html)
}

/// The service worker with its constants.
fn with_constants(script: &str, constants: &[(&str, String)]) -> Result<String> {
    let mut lines: Vec<String> = script.lines().map(str::to_owned).collect();
    for (name, value) in constants {
        let head = format!("const {name} = ");
        let Some(line) = lines.iter_mut().find(|line| line.starts_with(&head)) else {
            bail!("{SERVICE_WORKER} has no constant {name}");
        };
        *line = format!("{head}{value};");
    }
    Ok(lines.join("\n") + "\n")
}

/// Stamps a built site and writes its list of bundles; returns the version.
///
/// # Errors
/// When a file is missing or has no place for what is written.
pub fn stamp(dist: &Path) -> Result<String> {
    write_catalogue(&dist.join("models"))?;
    let read = |name: &str| {
        std::fs::read_to_string(dist.join(name)).with_context(|| format!("{name} is missing in {}", dist.display()))
    };
    let (page, script) = (unstamped(&read(PAGE)?), read(SERVICE_WORKER)?);
    let mut found = BTreeMap::new();
    files(dist, "", &mut found)?;
    let mut all = found.clone();
    all.insert(PAGE.to_owned(), sha256(page.as_bytes()));
    let version = sha256(serde_json::to_string(&all)?.as_bytes())[..DIGITS].to_owned();
    let page = stamped(&page, &version, &found)?;
    let policy = policy_of(&page).with_context(|| format!("{PAGE} has no Content-Security-Policy"))?;
    found.insert(PAGE.to_owned(), sha256(page.as_bytes()));
    let constants = [
        ("VERSION", serde_json::to_string(&version)?),
        ("POLICY", serde_json::to_string(&policy)?),
        ("FILES", serde_json::to_string(&found)?),
    ];
    std::fs::write(dist.join(SERVICE_WORKER), with_constants(&script, &constants)?)?;
    std::fs::write(dist.join(PAGE), page)?;
    Ok(version)
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::{stamp, unstamped, with_constants};
    use std::path::{Path, PathBuf};

    const HTML: &str = "<head><meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'\" />\
        <meta name=\"wellplate-version\" content=\"\" /><link href=\"./a.css\"/><script src=\"start.js\"></script></head>";
    const SCRIPT: &str = "// head\nconst VERSION = \"\";\nconst POLICY = \"\";\nconst FILES = {};\nrest();\n";

    /// A small site of this test's own.
    fn site(name: &str) -> PathBuf {
        let dist = std::env::temp_dir().join(format!("wellplate-stamp-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dist);
        std::fs::create_dir_all(dist.join("models")).unwrap();
        std::fs::create_dir_all(dist.join("genes")).unwrap();
        std::fs::write(dist.join("genes/human.tsv"), "A\ta gene\t\n").unwrap();
        for (file, text) in [("index.html", HTML), ("service_worker.js", SCRIPT), ("a.css", "p{}"), ("start.js", "1")] {
            std::fs::write(dist.join(file), text).unwrap();
        }
        dist
    }

    fn read(dist: &Path, name: &str) -> String {
        std::fs::read_to_string(dist.join(name)).unwrap()
    }

    #[test]
    fn page_and_service_worker_agree_on_a_version_that_follows_the_files() {
        let dist = site("version");
        let first = stamp(&dist).unwrap();
        let (page, script) = (read(&dist, "index.html"), read(&dist, "service_worker.js"));
        assert!(page.contains(&format!("content=\"{first}\"")), "{page}");
        assert!(
            page.contains(&format!("href=\"./a.css?v={first}\""))
                && page.contains(&format!("src=\"start.js?v={first}\"")),
            "{page}"
        );
        assert!(script.contains(&format!("const VERSION = \"{first}\";")), "{script}");
        assert!(
            script.contains("\"index.html\":\"") && script.contains("\"a.css\":\"") && !script.contains("models"),
            "{script}"
        );
        assert!(!script.contains("human.tsv"), "what most visits never ask for is not kept at the first: {script}");
        assert!(script.contains("const POLICY = \"default-src 'none'\";") && script.ends_with("rest();\n"), "{script}");
        assert_eq!(stamp(&dist).unwrap(), first, "the same files have the same version");
        assert_eq!(read(&dist, "index.html"), page, "a second stamp changes nothing");
        std::fs::write(dist.join("start.js"), "2").unwrap();
        assert_ne!(stamp(&dist).unwrap(), first);
        assert_eq!(unstamped(&read(&dist, "index.html")), HTML);
        std::fs::remove_dir_all(&dist).unwrap();
    }

    #[test]
    fn a_site_without_a_place_for_it_is_named() {
        let dist = site("none");
        std::fs::write(dist.join("index.html"), "<html></html>").unwrap();
        assert!(stamp(&dist).unwrap_err().to_string().contains("no place for a version"));
        std::fs::remove_dir_all(&dist).unwrap();
        assert!(with_constants("const OTHER = 1;", &[("VERSION", "2".into())]).is_err());
    }
}
