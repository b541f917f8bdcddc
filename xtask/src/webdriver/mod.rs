//! A browser under WebDriver: the protocol's few calls that tests and measurements need.
//!
//! Does: opens a session of a browser with the project's settings, sends commands as JSON, ends browser and driver
//! when dropped.
//! Does not know: the page, HTTP, how a driver is started.
//! Flow: test or bench → **JSON** → driver → browser.

mod base64;
mod driver;
mod engine;
mod http;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use serde_json::{Value, json};
use tempfile::TempDir;

use driver::Driver;
use http::exchange;

pub use base64::bytes_of;
pub use engine::{Engine, Kind};

/// Key of an element in WebDriver's JSON (W3C WebDriver, section 12).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A program named by a variable, or found on PATH.
pub fn program(variable: &str, names: &[&str]) -> Option<PathBuf> {
    std::env::var_os(variable).map(PathBuf::from).or_else(|| {
        let path = std::env::var_os("PATH")?;
        let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
        names.iter().find_map(|name| folders.iter().map(|folder| folder.join(name)).find(|file| file.is_file()))
    })
}

/// Keys that are no characters (W3C WebDriver, section 17.4.2), by the browser's names.
const KEYS: [(&str, char); 14] = [
    ("Tab", '\u{e004}'),
    ("Enter", '\u{e007}'),
    ("Shift", '\u{e008}'),
    ("Control", '\u{e009}'),
    ("Alt", '\u{e00a}'),
    ("Escape", '\u{e00c}'),
    ("Space", '\u{e00d}'),
    ("ArrowLeft", '\u{e012}'),
    ("ArrowUp", '\u{e013}'),
    ("ArrowRight", '\u{e014}'),
    ("ArrowDown", '\u{e015}'),
    ("Home", '\u{e011}'),
    ("End", '\u{e010}'),
    ("Backspace", '\u{e003}'),
];

/// WebDriver's character for a key: "Tab", "a", "?".
fn character(key: &str) -> Result<char> {
    let named = KEYS.iter().find(|(name, _)| *name == key).map(|(_, own)| *own);
    let mut letters = key.chars();
    let single = letters.next().filter(|_| letters.next().is_none());
    named.or(single).with_context(|| format!("{key:?} is neither a character nor a key that is known here"))
}

/// Key events of a chord: "Control+z" holds the first while the second is pressed.
fn chord(keys: &str) -> Result<Vec<Value>> {
    // A plus sign by itself is a key.
    let parts: Vec<&str> = if keys == "+" { vec![keys] } else { keys.split('+').collect() };
    let characters: Vec<char> = parts.into_iter().map(character).collect::<Result<_>>()?;
    let event = |kind: &str, key: &char| json!({ "type": kind, "value": key.to_string() });
    let down = characters.iter().map(|key| event("keyDown", key));
    let up = characters.iter().rev().map(|key| event("keyUp", key));
    Ok(down.chain(up).collect())
}

/// A browser window.
pub struct Window {
    /// Path of the session.
    session: String,
    driver: Driver,
    profile: TempDir,
    downloads: TempDir,
    name: String,
}

impl Window {
    /// Opens a fresh Chromium: empty profile, no cache.
    ///
    /// # Errors
    /// When the browser or its driver does not start.
    pub fn open(chromium: &Path, driver: &Path) -> Result<Self> {
        let window = Self::open_in(&Engine::new(Kind::Chromium, chromium, driver))?;
        let folder = window.downloads.path();
        window.devtools("Browser.setDownloadBehavior", &json!({ "behavior": "allow", "downloadPath": folder }))?;
        Ok(window)
    }

    /// Opens a fresh browser of any kind: empty profile, no cache.
    ///
    /// # Errors
    /// When the browser or its driver does not start.
    pub fn open_in(engine: &Engine) -> Result<Self> {
        let driver = Driver::start(engine)?;
        let (profile, downloads) = (TempDir::new()?, TempDir::new()?);
        let mut wanted = engine.capabilities(profile.path());
        wanted["timeouts"] = json!({ "script": 60_000, "pageLoad": 60_000 });
        let wanted = json!({ "capabilities": { "alwaysMatch": wanted } });
        let created = call(driver.port(), "POST", "/session", Some(&wanted))?;
        let id = created["sessionId"].as_str().context("a session has an id")?;
        let named = |key: &str| created["capabilities"][key].as_str().unwrap_or("unknown").to_owned();
        let name = format!("{} {}", named("browserName"), named("browserVersion"));
        Ok(Self { session: format!("/session/{id}"), driver, profile, downloads, name })
    }

    /// Name and version, as the browser tells them.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Sends a command.
    fn command(&self, path: &str, body: Option<&Value>) -> Result<Value> {
        let method = if body.is_some() { "POST" } else { "GET" };
        call(self.driver.port(), method, &format!("{}/{path}", self.session), body)
    }

    /// Goes to an address.
    ///
    /// # Errors
    /// WebDriver's own words, here and below.
    pub fn go(&self, address: &str) -> Result<()> {
        self.command("url", Some(&json!({ "url": address }))).map(drop)
    }

    /// The address shown.
    ///
    /// # Errors
    /// See [`Window::go`].
    pub fn address(&self) -> Result<String> {
        Ok(self.command("url", None)?.as_str().unwrap_or_default().to_owned())
    }

    /// Back in history.
    ///
    /// # Errors
    /// See [`Window::go`].
    pub fn back(&self) -> Result<()> {
        self.command("back", Some(&json!({}))).map(drop)
    }

    /// Runs the body of a function in the page; a promise is waited for.
    ///
    /// # Errors
    /// See [`Window::go`]; also what the script throws.
    pub fn script(&self, body: &str, arguments: &[Value]) -> Result<Value> {
        let order = json!({ "script": body, "args": arguments });
        self.command("execute/sync", Some(&order)).with_context(|| format!("script `{}`", head(body)))
    }

    /// The element that a CSS selector finds first.
    fn element(&self, css: &str) -> Result<String> {
        let found = self.command("element", Some(&json!({ "using": "css selector", "value": css })))?;
        Ok(found[ELEMENT].as_str().context("an element has an id")?.to_owned())
    }

    /// Clicks as a person would: the element has to be visible and uncovered.
    ///
    /// # Errors
    /// See [`Window::go`].
    pub fn click(&self, css: &str) -> Result<()> {
        let element = self.element(css)?;
        self.command(&format!("element/{element}/click"), Some(&json!({}))).map(drop)
    }

    /// Types into an element.
    ///
    /// # Errors
    /// See [`Window::go`].
    pub fn keys(&self, css: &str, text: &str) -> Result<()> {
        let element = self.element(css)?;
        self.command(&format!("element/{element}/value"), Some(&json!({ "text": text }))).map(drop)
    }

    /// Presses a key where the focus is: "Tab", "g", "Shift+Tab", "Control+z".
    ///
    /// # Errors
    /// See [`Window::go`]; also when there is no such key.
    pub fn press(&self, keys: &str) -> Result<()> {
        let actions = json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": chord(keys)? }] });
        self.command("actions", Some(&actions)).map(drop)
    }

    /// Moves the pointer along points of the window with its button down, a frame of the screen for each.
    ///
    /// # Errors
    /// See [`Window::go`].
    pub fn drag(&self, points: &[(i32, i32)]) -> Result<()> {
        let to = |(x, y): &(i32, i32), pause: u32| json!({ "type": "pointerMove", "duration": pause, "x": x, "y": y });
        let Some((first, rest)) = points.split_first() else { return Ok(()) };
        let mut steps = vec![to(first, 0), json!({ "type": "pointerDown", "button": 0 })];
        steps.extend(rest.iter().map(|point| to(point, 16)));
        steps.push(json!({ "type": "pointerUp", "button": 0 }));
        let actions = json!({ "actions": [{ "type": "pointer", "id": "mouse", "actions": steps }] });
        self.command("actions", Some(&actions)).map(drop)
    }

    /// PNG of the window, in base64.
    ///
    /// # Errors
    /// See [`Window::go`].
    pub fn screenshot(&self) -> Result<String> {
        Ok(self.command("screenshot", None)?.as_str().unwrap_or_default().to_owned())
    }

    /// What the page and the browser logged since the last call; nothing where the driver does not tell.
    pub fn log(&self) -> Vec<String> {
        let entries = self.command("se/log", Some(&json!({ "type": "browser" }))).unwrap_or_default();
        let words = |entry: &Value| {
            format!("{} {}", entry["level"].as_str().unwrap_or_default(), entry["message"].as_str().unwrap_or_default())
        };
        entries.as_array().into_iter().flatten().map(words).collect()
    }

    /// A command of the browser's own protocol.
    ///
    /// # Errors
    /// See [`Window::go`].
    pub fn devtools(&self, name: &str, parameters: &Value) -> Result<Value> {
        let order = json!({ "cmd": name, "params": parameters });
        self.command("goog/cdp/execute", Some(&order)).with_context(|| name.to_owned())
    }

    /// Shows the page as on a screen of this size; one narrower than 500 px is a phone.
    ///
    /// # Errors
    /// See [`Window::go`].
    pub fn size(&self, width: u32, height: u32) -> Result<()> {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500 });
        self.devtools("Emulation.setDeviceMetricsOverride", &size).map(drop)
    }

    /// Where the browser puts downloaded files.
    pub fn downloads(&self) -> &Path {
        self.downloads.path()
    }

    /// The browser's own folder; all of its processes have it in their command line.
    pub fn profile(&self) -> &Path {
        self.profile.path()
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // Ends the browser; its driver is ended after it.
        let _ = call(self.driver.port(), "DELETE", &self.session, None);
    }
}

/// The beginning of a script, for a message.
fn head(body: &str) -> String {
    body.chars().take(200).collect()
}

/// One command of the protocol: the answer's value, or WebDriver's own words.
fn call(port: u16, method: &str, path: &str, body: Option<&Value>) -> Result<Value> {
    let sent = body.map(Value::to_string).unwrap_or_default();
    let (status, text) = exchange(port, method, path, &sent).with_context(|| format!("{method} {path}"))?;
    let answer: Value = serde_json::from_str(&text).with_context(|| format!("{path}: {}", head(&text)))?;
    let value = answer["value"].clone();
    if status == 200 {
        return Ok(value);
    }
    let of = |key: &str| value[key].as_str().unwrap_or("error").to_owned();
    Err(anyhow!("{}: {}", of("error"), of("message")))
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::chord;
    use serde_json::json;

    #[test]
    fn a_chord_holds_what_comes_first() {
        let kinds = |keys: &str| -> Vec<(String, String)> {
            let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
            chord(keys).unwrap().iter().map(|event| (text(&event["type"]), text(&event["value"]))).collect()
        };
        let event = |kind: &str, key: &str| (kind.to_owned(), key.to_owned());
        assert_eq!(
            kinds("Shift+Tab"),
            [
                event("keyDown", "\u{e008}"),
                event("keyDown", "\u{e004}"),
                event("keyUp", "\u{e004}"),
                event("keyUp", "\u{e008}")
            ]
        );
        assert_eq!(kinds("+"), [event("keyDown", "+"), event("keyUp", "+")]);
        assert_eq!(chord("g").unwrap()[0], json!({ "type": "keyDown", "value": "g" }));
        assert!(chord("Meta Super").is_err());
    }
}
