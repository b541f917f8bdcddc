//! The browsers that can be driven, and how each is asked for.
//!
//! Does: says what a session of Chromium, Firefox or WebKitGTK has to be opened with.
//! Does not know: how a driver is started, the page.
//! Flow: programs that were found → **capabilities** → session.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::BROWSER_FLAGS;

/// Which browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Chromium, by chromedriver.
    Chromium,
    /// Firefox, by geckodriver.
    Firefox,
    /// WebKitGTK's small browser, by `WebKitWebDriver`: Safari's engine where there is no Safari.
    WebKit,
}

/// A browser with its driver.
#[derive(Clone, Debug)]
pub struct Engine {
    /// Which one.
    pub kind: Kind,
    /// The browser's program.
    pub browser: PathBuf,
    /// The driver's program.
    pub driver: PathBuf,
    /// A server of screens in memory, for a browser that has no headless form.
    pub screen: Option<PathBuf>,
}

impl Engine {
    /// A browser that needs no screen.
    pub fn new(kind: Kind, browser: &Path, driver: &Path) -> Self {
        Self { kind, browser: browser.to_path_buf(), driver: driver.to_path_buf(), screen: None }
    }

    /// What a session is asked for; `profile` is an empty folder of its own, for browsers that do not make one themselves.
    pub(super) fn capabilities(&self, profile: &Path) -> Value {
        match self.kind {
            Kind::Chromium => {
                let mut flags: Vec<String> = BROWSER_FLAGS.iter().map(|flag| (*flag).to_owned()).collect();
                flags.push(format!("--user-data-dir={}", profile.display()));
                json!({
                    "browserName": "chrome",
                    "goog:chromeOptions": { "binary": self.browser, "args": flags },
                    "goog:loggingPrefs": { "browser": "ALL" },
                })
            }
            Kind::Firefox => json!({
                "browserName": "firefox",
                "moz:firefoxOptions": {
                    "binary": self.browser,
                    "args": ["-headless"],
                },
            }),
            Kind::WebKit => json!({
                "browserName": "MiniBrowser",
                "webkitgtk:browserOptions": { "binary": self.browser, "args": ["--automation"] },
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Engine, Kind};

    #[test]
    fn every_kind_is_asked_for_by_its_own_name() {
        let asked = |kind| {
            let engine = Engine::new(kind, Path::new("/b"), Path::new("/d"));
            engine.capabilities(Path::new("/p"))
        };
        assert_eq!(asked(Kind::Chromium)["goog:chromeOptions"]["binary"], "/b");
        assert!(asked(Kind::Chromium).to_string().contains("--user-data-dir=/p"));
        assert_eq!(asked(Kind::Firefox)["moz:firefoxOptions"]["args"][0], "-headless");
        assert_eq!(asked(Kind::WebKit)["webkitgtk:browserOptions"]["binary"], "/b");
    }
}
