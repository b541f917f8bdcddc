//! The project's browser driver, as tests want it: what fails, fails the test.
//!
//! Does: opens a window and passes calls on. Does not know: the protocol (`xtask::webdriver` does), the page.
//! Flow: test → **driver** → browser.

use std::path::Path;

use serde_json::Value;
use xtask::webdriver;

pub(super) use xtask::webdriver::{Engine, Kind, bytes_of, program};

/// A browser window.
pub(super) struct Window(webdriver::Window);

/// What a call gave; its failure is the test's.
fn given<T>(result: anyhow::Result<T>) -> T {
    result.unwrap_or_else(|error| panic!("{error:#}"))
}

/// What a call gave, or why it gave nothing.
fn tried<T>(result: anyhow::Result<T>) -> Result<T, String> {
    result.map_err(|error| format!("{error:#}"))
}

impl Window {
    /// Opens a fresh browser: empty profile, no cache.
    pub(super) fn open(chromium: &Path, driver: &Path) -> Self {
        Self(given(webdriver::Window::open(chromium, driver)))
    }

    /// Opens a fresh browser of any kind.
    pub(super) fn open_in(engine: &Engine) -> Self {
        Self(given(webdriver::Window::open_in(engine)))
    }

    /// Name and version of the browser.
    pub(super) fn name(&self) -> &str {
        self.0.name()
    }

    /// Goes to an address.
    pub(super) fn go(&self, address: &str) {
        given(self.0.go(address));
    }

    /// The address shown.
    pub(super) fn address(&self) -> String {
        given(self.0.address())
    }

    /// Back in history.
    pub(super) fn back(&self) {
        given(self.0.back());
    }

    /// Runs the body of a function in the page.
    pub(super) fn script(&self, body: &str, arguments: &[Value]) -> Value {
        given(self.0.script(body, arguments))
    }

    /// Clicks as a person would: the element has to be visible and uncovered.
    pub(super) fn click(&self, css: &str) -> Result<(), String> {
        tried(self.0.click(css))
    }

    /// Types into an element.
    pub(super) fn keys(&self, css: &str, text: &str) -> Result<(), String> {
        tried(self.0.keys(css, text))
    }

    /// Presses a key where the focus is: "Tab", "g", "Shift+Tab", "Control+z".
    pub(super) fn press(&self, keys: &str) {
        given(self.0.press(keys));
    }

    /// PNG of the window, in base64.
    pub(super) fn screenshot(&self) -> Result<String, String> {
        tried(self.0.screenshot())
    }

    /// What the page and the browser logged since the last call.
    pub(super) fn log(&self) -> Vec<String> {
        self.0.log()
    }

    /// A command of the browser's own protocol.
    pub(super) fn devtools(&self, name: &str, parameters: &Value) -> Value {
        given(self.0.devtools(name, parameters))
    }

    /// Where the browser puts downloaded files.
    pub(super) fn downloads(&self) -> &Path {
        self.0.downloads()
    }
}
