//! A browser under WebDriver: the protocol's few calls that the tests need.
//!
//! Does: starts chromedriver on a free port and a session with the project's flags, sends commands as
//! JSON, ends both when dropped.
//! Does not know: the page, HTTP.
//! Flow: test → **JSON** → chromedriver → Chromium.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;
use xtask::BROWSER_FLAGS;

use super::http::exchange;

/// Key of an element in WebDriver's JSON (W3C WebDriver, section 12).
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// A program named by a variable, or found on PATH.
pub(super) fn program(variable: &str, names: &[&str]) -> Option<PathBuf> {
    std::env::var_os(variable).map(PathBuf::from).or_else(|| {
        let path = std::env::var_os("PATH")?;
        let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
        names.iter().find_map(|name| folders.iter().map(|folder| folder.join(name)).find(|file| file.is_file()))
    })
}

/// chromedriver, ended when dropped.
struct Driver {
    child: Child,
    port: u16,
}

impl Driver {
    fn start(program: &PathBuf) -> Self {
        let mut child = Command::new(program)
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", program.display()));
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // "ChromeDriver was started successfully on port 41235."
        let port = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let rest = line.split("started successfully on port ").nth(1)?;
            rest.trim_end_matches('.').parse::<u16>().ok()
        });
        // A full pipe would stop it.
        std::thread::spawn(move || lines.for_each(drop));
        let port = port.expect("chromedriver did not say its port");
        Self { child, port }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A browser window.
pub(super) struct Window {
    /// Path of the session.
    session: String,
    driver: Driver,
    _profile: TempDir,
    downloads: TempDir,
}

impl Window {
    /// Opens a fresh browser: empty profile, no cache.
    pub(super) fn open(chromium: &std::path::Path, driver: &PathBuf) -> Self {
        let driver = Driver::start(driver);
        let (profile, downloads) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let mut flags: Vec<String> = BROWSER_FLAGS.iter().map(|flag| (*flag).to_owned()).collect();
        flags.push(format!("--user-data-dir={}", profile.path().display()));
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": { "binary": chromium, "args": flags },
            "goog:loggingPrefs": { "browser": "ALL" },
            "timeouts": { "script": 60_000, "pageLoad": 60_000 },
        }}});
        let created = call(driver.port, "POST", "/session", Some(&wanted)).unwrap();
        let id = created["sessionId"].as_str().expect("a session has an id");
        let window = Self { session: format!("/session/{id}"), driver, _profile: profile, downloads };
        let folder = window.downloads.path();
        window.devtools("Browser.setDownloadBehavior", &json!({ "behavior": "allow", "downloadPath": folder }));
        window
    }

    /// Sends a command; `Err` holds WebDriver's own words.
    fn command(&self, path: &str, body: Option<&Value>) -> Result<Value, String> {
        let method = if body.is_some() { "POST" } else { "GET" };
        call(self.driver.port, method, &format!("{}/{path}", self.session), body)
    }

    /// Goes to an address.
    pub(super) fn go(&self, address: &str) {
        self.command("url", Some(&json!({ "url": address }))).unwrap();
    }

    /// The address shown.
    pub(super) fn address(&self) -> String {
        self.command("url", None).unwrap().as_str().unwrap().to_owned()
    }

    /// Back in history.
    pub(super) fn back(&self) {
        self.command("back", Some(&json!({}))).unwrap();
    }

    /// Runs the body of a function in the page.
    pub(super) fn script(&self, body: &str, arguments: &[Value]) -> Value {
        let order = json!({ "script": body, "args": arguments });
        self.command("execute/sync", Some(&order)).unwrap_or_else(|error| panic!("script `{body}`: {error}"))
    }

    /// The element that a CSS selector finds first.
    fn element(&self, css: &str) -> Result<String, String> {
        let found = self.command("element", Some(&json!({ "using": "css selector", "value": css })))?;
        Ok(found[ELEMENT].as_str().expect("an element has an id").to_owned())
    }

    /// Clicks as a person would: the element has to be visible and uncovered.
    pub(super) fn click(&self, css: &str) -> Result<(), String> {
        let element = self.element(css)?;
        self.command(&format!("element/{element}/click"), Some(&json!({}))).map(drop)
    }

    /// Types into an element.
    pub(super) fn keys(&self, css: &str, text: &str) -> Result<(), String> {
        let element = self.element(css)?;
        self.command(&format!("element/{element}/value"), Some(&json!({ "text": text }))).map(drop)
    }

    /// PNG of the window, in base64.
    pub(super) fn screenshot(&self) -> Result<String, String> {
        Ok(self.command("screenshot", None)?.as_str().unwrap_or_default().to_owned())
    }

    /// What the page and the browser logged since the last call.
    pub(super) fn log(&self) -> Vec<String> {
        let entries = self.command("se/log", Some(&json!({ "type": "browser" }))).unwrap_or_default();
        let words = |entry: &Value| {
            format!("{} {}", entry["level"].as_str().unwrap_or_default(), entry["message"].as_str().unwrap_or_default())
        };
        entries.as_array().into_iter().flatten().map(words).collect()
    }

    /// A command of the browser's own protocol.
    pub(super) fn devtools(&self, name: &str, parameters: &Value) -> Value {
        let order = json!({ "cmd": name, "params": parameters });
        self.command("goog/cdp/execute", Some(&order)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Where the browser puts downloaded files.
    pub(super) fn downloads(&self) -> &std::path::Path {
        self.downloads.path()
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // Ends the browser; chromedriver is ended after it.
        let _ = call(self.driver.port, "DELETE", &self.session, None);
    }
}

/// One command of the protocol: the answer's value, or WebDriver's own words.
fn call(port: u16, method: &str, path: &str, body: Option<&Value>) -> Result<Value, String> {
    let sent = body.map(Value::to_string).unwrap_or_default();
    let (status, text) = exchange(port, method, path, &sent).map_err(|error| format!("{method} {path}: {error}"))?;
    let answer: Value = serde_json::from_str(&text).map_err(|error| format!("{path}: {error} in {text:?}"))?;
    let value = answer["value"].clone();
    if status == 200 {
        return Ok(value);
    }
    Err(format!("{}: {}", value["error"].as_str().unwrap_or("error"), value["message"].as_str().unwrap_or_default()))
}
