//! The page in a browser, by the names of its parts.
//!
//! Does: serves `dist` and counts what is sent, opens it in a fresh browser, waits, clicks, reads.
//! Does not know: what is measured.
//! Flow: `dist` → **page** → measurements.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use xtask::server;
use xtask::webdriver::Window;

use crate::setup::Browser;
use crate::web::dist;

/// Pause between two looks at the page.
const LOOK: Duration = Duration::from_millis(25);
/// What the page notes from its first moment on: long tasks, frames, and when Generate could be pressed.
const NOTES: &str = "
    window.notes = { long: [], frames: [], ready: null, sampling: false };
    new PerformanceObserver(list => list.getEntries().forEach(e => notes.long.push([e.startTime, e.duration])))
        .observe({ type: 'longtask', buffered: true });
    let last = null;
    const frame = now => {
        if (notes.sampling && last !== null) notes.frames.push(now - last);
        last = now;
        if (notes.ready === null) {
            const generate = document.querySelector('[data-testid=generate]');
            if (generate && !generate.disabled) notes.ready = now;
        }
        requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);";

/// Bytes sent, by file.
type Sent = Arc<Mutex<BTreeMap<String, u64>>>;

/// The served page.
pub(super) struct Site {
    origin: String,
    sent: Sent,
}

impl Site {
    /// Serves `dist` on a free port.
    pub(super) fn open() -> Result<Self> {
        if !dist().join("index.html").is_file() {
            bail!("the page is not built; `cargo xtask serve --release` or `cargo xtask test --only page` builds it");
        }
        let (listener, port) = server::bind(0)?;
        let sent = Sent::default();
        let counted = Arc::clone(&sent);
        std::thread::spawn(move || {
            server::serve_counted(&listener, &dist(), move |file, bytes| {
                let mut sent = counted.lock().unwrap_or_else(PoisonError::into_inner);
                *sent.entry(file.to_owned()).or_default() += bytes;
            });
        });
        Ok(Self { origin: format!("http://127.0.0.1:{port}"), sent })
    }

    /// Files and bytes sent so far; the count begins anew.
    pub(super) fn take_sent(&self) -> BTreeMap<String, u64> {
        std::mem::take(&mut *self.sent.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The page at a query, in a fresh browser.
    pub(super) fn visit(&self, browser: &Browser, query: &str) -> Result<Page> {
        let window = Window::open(&browser.chromium, &browser.driver)?;
        window.devtools("Page.addScriptToEvaluateOnNewDocument", &json!({ "source": NOTES }))?;
        let page = Page { window, origin: self.origin.clone(), look: LOOK };
        page.go(query)?;
        Ok(page)
    }
}

/// An opened page.
pub(super) struct Page {
    pub(super) window: Window,
    origin: String,
    /// Pause between two looks. Every look leaves some bytes behind in the page: where memory is measured, few are taken.
    pub(super) look: Duration,
}

/// CSS selector of a part.
fn part(id: &str) -> String {
    format!("[data-testid=\"{id}\"]")
}

impl Page {
    /// Opens a query (without the question mark).
    pub(super) fn go(&self, query: &str) -> Result<()> {
        self.window.go(&format!("{}/?{query}", self.origin))
    }

    /// Runs the body of a function with the element of a part as `e`.
    pub(super) fn of(&self, id: &str, body: &str) -> Result<Value> {
        let script = format!("const e = document.querySelector(arguments[0]); {body}");
        self.window.script(&script, &[json!(part(id))])
    }

    /// Whether a part is there and can be seen.
    pub(super) fn sees(&self, id: &str) -> Result<bool> {
        Ok(self.of(id, "return !!e && e.getClientRects().length > 0;")?.as_bool().unwrap_or(false))
    }

    /// Text of a part; empty when there is none.
    pub(super) fn text(&self, id: &str) -> Result<String> {
        Ok(self.of(id, "return e ? e.innerText : '';")?.as_str().unwrap_or_default().to_owned())
    }

    /// Number in an attribute of a part; 0 when it is not there.
    pub(super) fn number(&self, id: &str, name: &str) -> Result<f64> {
        let body = format!("return e ? Number(e.getAttribute('{name}')) : 0;");
        Ok(self.of(id, &body)?.as_f64().unwrap_or(0.0))
    }

    /// Clicks a part through the document, so that nothing that lies above it matters.
    pub(super) fn click(&self, id: &str) -> Result<()> {
        let found = self.of(id, "if (e) e.click(); return !!e;")?.as_bool() == Some(true);
        if found { Ok(()) } else { bail!("the page has no part {id}") }
    }

    /// Clicks a part as a person would, once it is in sight.
    pub(super) fn press(&self, id: &str) -> Result<()> {
        self.of(id, "if (e) e.scrollIntoView({ block: 'center', behavior: 'instant' });")?;
        self.window.click(&part(id))
    }

    /// Types into a part.
    pub(super) fn types(&self, id: &str, text: &str) -> Result<()> {
        self.window.keys(&part(id), text)
    }

    /// Takes a value of a list.
    pub(super) fn choose(&self, id: &str, value: &str) -> Result<()> {
        let body = "const e = document.querySelector(arguments[0]); e.value = arguments[1];
            e.dispatchEvent(new Event('change', { bubbles: true })); return e.value;";
        let taken = self.window.script(body, &[json!(part(id)), json!(value)])?;
        if taken == json!(value) { Ok(()) } else { bail!("{id} has no such choice as {value}") }
    }

    /// Rows of a table as texts of their cells; the head is left out.
    pub(super) fn rows(&self, id: &str) -> Result<Vec<Vec<String>>> {
        let body =
            "return e ? [...e.querySelectorAll('tbody tr')].map(r => [...r.cells].map(c => c.innerText.trim())) : [];";
        Ok(serde_json::from_value(self.of(id, body)?)?)
    }

    /// Looks until it holds; how long that took, `None` when the limit passed.
    pub(super) fn until(
        &self,
        limit: Duration,
        mut holds: impl FnMut(&Self) -> Result<bool>,
    ) -> Result<Option<Duration>> {
        let started = Instant::now();
        while started.elapsed() < limit {
            if holds(self)? {
                return Ok(Some(started.elapsed()));
            }
            if self.sees("alert")? {
                bail!("the page says: {}", self.text("alert")?);
            }
            std::thread::sleep(self.look);
        }
        Ok(None)
    }

    /// Waits until cells can be generated.
    pub(super) fn loaded(&self) -> Result<()> {
        let ready = |page: &Self| Ok(page.of("generate", "return !!e && !e.disabled;")?.as_bool() == Some(true));
        self.until(Duration::from_secs(180), ready)?.map(drop).context("the model was not loaded within 180 s")
    }

    /// Waits until the run is over.
    pub(super) fn finished(&self, limit: Duration) -> Result<Option<Duration>> {
        self.until(limit, |page| page.sees("done"))
    }

    /// A value of the notes that the page keeps.
    pub(super) fn note(&self, what: &str) -> Result<Value> {
        self.window.script(&format!("return notes.{what};"), &[])
    }

    /// Forgets frames and long tasks so far, and notes frames from now on.
    pub(super) fn watch(&self) -> Result<()> {
        self.window.script("notes.long = []; notes.frames = []; notes.sampling = true;", &[]).map(drop)
    }

    /// Durations of long tasks (over 50 ms) of the page's thread since `watch`, in milliseconds.
    pub(super) fn long_tasks(&self) -> Result<Vec<f64>> {
        let tasks = self.window.script("return notes.long.map(task => task[1]);", &[])?;
        Ok(tasks.as_array().into_iter().flatten().filter_map(Value::as_f64).collect())
    }

    /// Times between frames since `watch`, in milliseconds.
    pub(super) fn frames(&self) -> Result<Vec<f64>> {
        Ok(self.note("frames")?.as_array().into_iter().flatten().filter_map(Value::as_f64).collect())
    }
}
