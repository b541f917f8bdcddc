//! The page as a person meets it: by the names of its parts.
//!
//! Does: opens the built page in a fresh browser, waits, reads, clicks and types by `data-testid`; on a
//! failure leaves a picture and says what the console said. Any error or warning of the console is a failure.
//! Does not know: how the page is made.
//! Flow: built `dist` → static server → browser → **what a person sees**.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use xtask::server::Traffic;

use super::driver::{Window, bytes_of, program};
use crate::boundaries::root;

/// Browsers that are open. More than two would keep two cores from any of them, and time would run out.
static OPEN: (Mutex<usize>, Condvar) = (Mutex::new(0), Condvar::new());
const MOST_OPEN: usize = 2;

/// The right to open a browser.
struct Turn;

impl Turn {
    fn wait() -> Self {
        let (open, freed) = &OPEN;
        let open = open.lock().unwrap_or_else(PoisonError::into_inner);
        *freed.wait_while(open, |open| *open >= MOST_OPEN).unwrap_or_else(PoisonError::into_inner) += 1;
        Self
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *OPEN.0.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        OPEN.1.notify_one();
    }
}

/// Seconds that anything may take on a busy machine, and the pause between two looks at the page.
const PATIENCE: u64 = 240;
const LOOK: Duration = Duration::from_millis(100);

/// An opened page.
pub(super) struct Page {
    window: Window,
    origin: String,
    pub(super) traffic: Arc<Traffic>,
    site: Site,
    /// Errors and warnings of the console that were read so far.
    heard: RefCell<Vec<String>>,
    /// Parts of those that a test brings about on purpose.
    expected: RefCell<Vec<&'static str>>,
}

/// Parts of the browser's own remarks, which no page can prevent: on this machine's graphics.
const OF_THE_BROWSER: [&str; 8] = [
    "GPU stall due to ReadPixels",
    "GL Driver Message",
    "WebGPU is experimental",
    "powerPreference option is currently ignored",
    "Automatic fallback to software WebGL",
    "Failed to create WebGPU Context Provider",
    "No available adapters",
    // The tests' own looks at a drawn figure ([`Page::painted`]).
    "Multiple readback operations using getImageData",
];
/// What the console says when a test takes the network away.
const OF_THE_NETWORK: [&str; 3] = ["net::ERR_", "Failed to load resource", "the page will not start offline"];

/// The browser and its driver.
struct Programs {
    chromium: PathBuf,
    driver: PathBuf,
}

/// What a browser test needs, or why it cannot be had.
fn needed() -> Result<Programs, &'static str> {
    if !root().join("dist/index.html").is_file() {
        return Err("the page is not built; `cargo xtask test --only page` builds it");
    }
    let chromium = program("CHROME", &["chromium", "google-chrome", "google-chrome-stable", "chromium-browser"]);
    let driver = program("CHROMEDRIVER", &["chromedriver"]);
    match (chromium, driver) {
        (Some(chromium), Some(driver)) => Ok(Programs { chromium, driver }),
        _ => Err("Chromium or chromedriver is missing; `cargo xtask test` installs them"),
    }
}

/// The built page in a folder of its own, so that a test may add bundles to it.
pub(super) struct Site {
    folder: tempfile::TempDir,
}

impl Site {
    /// A copy of `dist`.
    fn of_dist() -> Self {
        let folder = tempfile::TempDir::new().unwrap();
        copy(&root().join("dist"), folder.path());
        Self { folder }
    }

    /// Folder of a bundle; the page knows it as `models/NAME`.
    pub(super) fn bundle(&self, name: &str) -> PathBuf {
        self.folder.path().join("models").join(name)
    }

    /// A file of the page.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes the list of bundles and the version anew.
    pub(super) fn stamp(&self) {
        // A test may have broken a card on purpose; the page then has no list.
        if let Err(error) = xtask::stamp::stamp(self.folder.path()) {
            eprintln!("the site has no version: {error:#}");
        }
    }

    /// Adds a copy of a bundle under a name.
    pub(super) fn add_bundle(&self, from: &Path, name: &str) {
        copy(from, &self.bundle(name));
    }
}

/// Copies a folder with everything below it.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap_or_else(|error| panic!("{}: {error}", from.display())) {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Runs a browser test: `prepare` may change the site before the browser opens it. Without a built page
/// or a browser it is skipped, unless `WELLPLATE_BROWSER=1` says that both must be there.
pub(super) fn with_page(name: &str, prepare: impl FnOnce(&Site), test: impl FnOnce(&Page)) {
    let programs = match needed() {
        Ok(programs) => programs,
        Err(why) => {
            assert!(std::env::var_os("WELLPLATE_BROWSER").is_none(), "{name}: {why}");
            eprintln!("skipped: {name}: {why}");
            return;
        }
    };
    let open = || Window::open(&programs.chromium, &programs.driver);
    with_window(name, open, prepare, test);
}

/// Runs a test in a browser that `open` opens. The page has to be built.
pub(super) fn with_window(
    name: &str,
    open: impl FnOnce() -> Window,
    prepare: impl FnOnce(&Site),
    test: impl FnOnce(&Page),
) {
    let _turn = Turn::wait();
    let site = Site::of_dist();
    prepare(&site);
    site.stamp();
    let (listener, port) = xtask::server::bind(0).unwrap();
    let (folder, traffic) = (site.folder.path().to_path_buf(), Arc::new(Traffic::default()));
    let own = Arc::clone(&traffic);
    std::thread::spawn(move || xtask::server::serve_with(&listener, &folder, &own));
    let window = open();
    let origin = format!("http://127.0.0.1:{port}");
    let page = Page { window, origin, traffic, site, heard: RefCell::default(), expected: RefCell::default() };
    let result = catch_unwind(AssertUnwindSafe(|| {
        test(&page);
        page.is_silent();
    }));
    if let Err(panic) = result {
        page.report(name);
        resume_unwind(panic);
    }
}

/// CSS selector of a part.
fn part(id: &str) -> String {
    format!("[data-testid=\"{id}\"]")
}

impl Page {
    /// Name and version of the browser.
    pub(super) fn browser(&self) -> &str {
        self.window.name()
    }

    /// Where the page comes from.
    pub(super) fn origin(&self) -> &str {
        &self.origin
    }

    /// The files behind the page.
    pub(super) fn site(&self) -> &Site {
        &self.site
    }

    /// Takes the network away, or gives it back.
    pub(super) fn network(&self, up: bool) {
        self.expect(&OF_THE_NETWORK);
        self.traffic.down.store(!up, Ordering::Relaxed);
    }

    /// Lets bundles come no faster than this many bytes per second; 0 is no limit.
    pub(super) fn slow(&self, bytes_per_second: u64) {
        self.traffic.bytes_per_second.store(bytes_per_second, Ordering::Relaxed);
    }

    /// Runs the body of a function in the page; a promise is waited for.
    pub(super) fn script(&self, body: &str) -> Value {
        self.window.script(body, &[])
    }

    /// What the browser logged since the last look.
    pub(super) fn log(&self) -> Vec<String> {
        let log = self.window.log();
        let complaints = log.iter().filter(|line| line.starts_with("SEVERE") || line.starts_with("WARNING"));
        self.heard.borrow_mut().extend(complaints.cloned());
        log
    }

    /// Says which errors and warnings of the console a test brings about on purpose, by parts of their words.
    pub(super) fn expect(&self, parts: &[&'static str]) {
        self.expected.borrow_mut().extend(parts);
    }

    /// Fails on any other error or warning that the console has had since the page was opened.
    fn is_silent(&self) {
        let _ = self.log();
        let expected = self.expected.borrow();
        let is_known = |line: &String| OF_THE_BROWSER.iter().chain(expected.iter()).any(|part| line.contains(part));
        let left: Vec<String> = self.heard.borrow().iter().filter(|line| !is_known(line)).cloned().collect();
        assert!(left.is_empty(), "the console complains: {left:#?}");
    }

    /// A command of the browser's own protocol.
    pub(super) fn devtools(&self, name: &str, parameters: &Value) {
        self.window.devtools(name, parameters);
    }

    /// Opens the page at a query (without the question mark).
    pub(super) fn open(&self, query: &str) {
        self.window.go(&format!("{}/?{query}", self.origin));
    }

    /// Opens an address that was shown before.
    pub(super) fn open_address(&self, address: &str) {
        // The same address twice would not load anew.
        self.window.go("about:blank");
        self.window.go(address);
    }

    /// The address shown.
    pub(super) fn address(&self) -> String {
        self.window.address()
    }

    /// Back in history.
    pub(super) fn back(&self) {
        self.window.back();
    }

    /// Runs a script with the element of a part, `null` when there is none.
    fn of(&self, id: &str, body: &str) -> Value {
        let script = format!("const e = document.querySelector(arguments[0]); {body}");
        self.window.script(&script, &[json!(part(id))])
    }

    /// Whether a part is there and can be seen.
    pub(super) fn sees(&self, id: &str) -> bool {
        self.of(id, "return !!e && e.getClientRects().length > 0;").as_bool().unwrap()
    }

    /// Text of a part as rendered; empty when there is none.
    pub(super) fn text(&self, id: &str) -> String {
        self.of(id, "return e ? e.innerText : '';").as_str().unwrap_or_default().to_owned()
    }

    /// Attribute of a part.
    pub(super) fn attribute(&self, id: &str, name: &str) -> Option<String> {
        let script = "const e = document.querySelector(arguments[0]); return e && e.getAttribute(arguments[1]);";
        self.window.script(script, &[json!(part(id)), json!(name)]).as_str().map(str::to_owned)
    }

    /// Looks until `look` returns something, for `seconds` or `PATIENCE`, whichever is longer: no test asserts on time.
    pub(super) fn wait<T>(&self, what: &str, seconds: u64, mut look: impl FnMut(&Self) -> Option<T>) -> T {
        let (started, seconds) = (Instant::now(), seconds.max(PATIENCE));
        loop {
            if let Some(found) = look(self) {
                return found;
            }
            // A part that says why things went wrong is worth more than a time-out.
            let alert = if what.starts_with("alert") { String::new() } else { self.alert() };
            assert!(alert.is_empty(), "waiting for {what}, but the page says: {alert}");
            assert!(started.elapsed().as_secs() < seconds, "{what} did not come within {seconds} s");
            std::thread::sleep(LOOK);
        }
    }

    /// Waits until a part can be seen.
    pub(super) fn wait_for(&self, id: &str, seconds: u64) {
        self.wait(id, seconds, |page| page.sees(id).then_some(()));
    }

    /// The sentence that tells a failure; empty when nothing failed.
    pub(super) fn alert(&self) -> String {
        if self.sees("alert") { self.text("alert") } else { String::new() }
    }

    /// Waits for a failure and returns its sentence.
    pub(super) fn wait_for_alert(&self, seconds: u64) -> String {
        self.wait("alert", seconds, |page| Some(page.alert()).filter(|text| !text.is_empty()))
    }

    /// Clicks a part, as soon as it can be clicked.
    pub(super) fn click(&self, id: &str) {
        // To the middle first: the driver takes what lies under the header for what is in sight.
        self.of(id, "if (e) e.scrollIntoView({ block: 'center', behavior: 'instant' });");
        self.wait(&format!("a click on {id}"), 30, |page| page.window.click(&part(id)).ok());
    }

    /// Clicks a part of the alert.
    pub(super) fn click_in_alert(&self, id: &str) {
        self.of(id, "if (e) e.scrollIntoView({ block: 'center', behavior: 'instant' });");
        self.wait(&format!("alert with {id}"), 30, |page| page.window.click(&part(id)).ok());
    }

    /// Types into a part.
    pub(super) fn keys(&self, id: &str, text: &str) {
        self.window.keys(&part(id), text).unwrap_or_else(|error| panic!("{id}: {error}"));
    }

    /// Chooses a value of a select.
    pub(super) fn choose(&self, id: &str, value: &str) {
        let body = "const e = document.querySelector(arguments[0]); e.value = arguments[1];
            e.dispatchEvent(new Event('change', { bubbles: true })); return e.value";
        let taken = self.window.script(body, &[json!(part(id)), json!(value)]);
        assert_eq!(taken, json!(value), "{id} has no such choice");
    }

    /// Chooses the option of a select whose words begin so.
    pub(super) fn choose_option(&self, id: &str, words: &str) {
        let script = "const e = document.querySelector(arguments[0]); \
            const o = [...e.options].find(o => o.text.startsWith(arguments[1])); if (!o) return false; \
            e.value = o.value; e.dispatchEvent(new Event('change', { bubbles: true })); return true;";
        let found = self.window.script(script, &[json!(part(id)), json!(words)]);
        assert_eq!(found.as_bool(), Some(true), "{id} has no option that begins with {words:?}");
    }

    /// Where a share of a part's width and height lies in the window, once it is scrolled into sight.
    pub(super) fn place_in(&self, id: &str, (across, down): (f64, f64)) -> (f64, f64) {
        let body = "e.scrollIntoView({ block: 'center' }); const r = e.getBoundingClientRect(); return [r.x, r.y, r.width, r.height];";
        let [x, y, width, height]: [f64; 4] = serde_json::from_value(self.of(id, body)).unwrap();
        (x + across * width, y + down * height)
    }

    /// Presses, moves and lifts one finger on a part, in CSS pixels from its middle, as a touch screen does.
    pub(super) fn swipe(&self, id: &str, (across, down): (f64, f64)) {
        let (x, y) = self.place_in(id, (0.5, 0.5));
        let touch = |kind: &str, points: Value| {
            self.devtools("Input.dispatchTouchEvent", &json!({ "type": kind, "touchPoints": points }));
        };
        touch("touchStart", json!([{ "x": x, "y": y }]));
        for step in 1..=10 {
            let share = f64::from(step) / 10.0;
            touch("touchMove", json!([{ "x": x + share * across, "y": y + share * down }]));
        }
        touch("touchEnd", json!([]));
    }

    /// Presses a key where the focus is: "Tab", "g", "Shift+Tab", "Control+z".
    pub(super) fn press(&self, keys: &str) {
        self.window.press(keys);
    }

    /// Runs the body of a function with arguments; a promise is waited for.
    pub(super) fn script_with(&self, body: &str, arguments: &[Value]) -> Value {
        self.window.script(body, arguments)
    }

    /// Shows the page as on a screen of this size; one narrower than 500 px is a phone.
    pub(super) fn size(&self, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500 });
        self.window.devtools("Emulation.setDeviceMetricsOverride", &size);
    }

    /// Rows of a table as texts of their cells; the head is left out.
    pub(super) fn rows(&self, id: &str) -> Vec<Vec<String>> {
        let body =
            "return e ? [...e.querySelectorAll('tbody tr')].map(r => [...r.cells].map(c => c.innerText.trim())) : [];";
        serde_json::from_value(self.of(id, body)).unwrap()
    }

    /// Pixels of a canvas that are not fully transparent, and how many colours they have.
    pub(super) fn painted(&self, id: &str) -> (u64, u64) {
        let body = "const d = e.getContext('2d').getImageData(0, 0, e.width, e.height).data; let n = 0; const c = new Set(); \
            for (let i = 0; i < d.length; i += 4) if (d[i + 3]) { n++; c.add(d[i] << 16 | d[i + 1] << 8 | d[i + 2]); } \
            return [n, c.size];";
        serde_json::from_value(self.of(id, body)).unwrap()
    }

    /// The file that the browser downloads after `act`.
    pub(super) fn download(&self, act: impl FnOnce(&Self)) -> (String, Vec<u8>) {
        let files = || -> Vec<PathBuf> {
            std::fs::read_dir(self.window.downloads()).unwrap().flatten().map(|entry| entry.path()).collect()
        };
        // A second file of the same name would take the place of the first.
        files().iter().for_each(|file| std::fs::remove_file(file).unwrap());
        act(self);
        // The browser holds the name with an empty file while it writes another one beside it.
        let is_partial = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "crdownload");
        let is_whole = |path: &PathBuf| !is_partial(path) && path.metadata().is_ok_and(|about| about.len() > 0);
        let path = self.wait("a download", 60, |_| {
            let found = files();
            if found.iter().any(is_partial) { None } else { found.into_iter().find(is_whole) }
        });
        (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(path).unwrap())
    }

    /// Leaves a picture and the console's words.
    fn report(&self, name: &str) {
        // A browser that is gone says nothing; the test's own words follow all the same.
        let said = catch_unwind(AssertUnwindSafe(|| {
            (self.address(), self.window.script("return document.body.innerText;", &[]))
        }));
        if let Ok((address, text)) = said {
            eprintln!("--- {name}: the page at {address}\n{}", text.as_str().unwrap_or_default());
        }
        eprintln!("--- {name}: the console");
        self.window.log().iter().for_each(|line| eprintln!("{line}"));
        if let Ok(picture) = self.window.screenshot() {
            let folder = root().join("target/browser");
            let file = folder.join(format!("{name}.png"));
            if std::fs::create_dir_all(folder).and_then(|()| std::fs::write(&file, bytes_of(&picture))).is_ok() {
                eprintln!("--- {name}: picture in {}", file.display());
            }
        }
    }
}
