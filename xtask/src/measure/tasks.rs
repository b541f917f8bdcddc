//! `cargo xtask bench tasks`: questions that people bring, with the seconds and clicks until each is answered.
//!
//! Does: answers three questions as a person would, with real clicks and keys, and holds what the page says against what
//! is true; a wrong answer fails, a slow one does not.
//! Does not know: how the page is made; parts are found by `data-testid`.
//! Flow: fresh browser → clicks → **seconds, clicks, the answer** → terminal.

use std::cell::Cell;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::page::{Page, Site};
use super::table::{Line, load_words};
use crate::process::step;
use crate::setup::{Browser, browser};

/// Longest wait for anything.
const LIMIT: Duration = Duration::from_secs(180);
/// Genes of which interferon is known to raise the most; some of them stand among the first.
const RAISED: [&str; 8] = ["ISG15", "IFI6", "IFIT1", "IFIT2", "IFIT3", "CXCL10", "CXCL11", "MX1"];
/// A run whose link is handed on.
const SHARED: &str =
    "device=cpu&cells=24&steps=4&seed=7&with.donor=1488&with.cell_type=CD14%2B%20Monocytes&with.condition=IFN-beta";

/// A person at the page, whose clicks are counted.
struct Person<'a> {
    page: &'a Page,
    clicks: Cell<u32>,
    keys: Cell<usize>,
    /// When the person first did something.
    began: Cell<Option<Instant>>,
}

impl<'a> Person<'a> {
    fn at(page: &'a Page) -> Self {
        Self { page, clicks: Cell::new(0), keys: Cell::new(0), began: Cell::new(None) }
    }

    fn counted(&self, clicks: u32, keys: usize) {
        self.began.set(self.began.get().or_else(|| Some(Instant::now())));
        self.clicks.set(self.clicks.get() + clicks);
        self.keys.set(self.keys.get() + keys);
    }

    /// Waits for something to hold.
    fn waits(&self, what: &str, holds: impl FnMut(&Page) -> Result<bool>) -> Result<()> {
        self.page.until(LIMIT, holds)?.map(drop).with_context(|| format!("{what} did not come"))
    }

    /// Waits for a part and presses it.
    fn presses(&self, id: &str) -> Result<()> {
        self.waits(id, |page| page.sees(id))?;
        self.counted(1, 0);
        self.page.press(id)
    }

    /// Opens a list and takes one of its values.
    fn chooses(&self, id: &str, value: &str) -> Result<()> {
        self.waits(id, |page| page.sees(id))?;
        self.counted(2, 0);
        self.page.choose(id, value)
    }

    /// Goes into a field and types.
    fn types(&self, id: &str, text: &str) -> Result<()> {
        self.waits(id, |page| page.sees(id))?;
        self.counted(1, text.chars().count());
        self.page.types(id, text)
    }

    /// Waits for an answer to the choices; where none is shipped, has it made.
    fn waits_for_an_answer(&self) -> Result<()> {
        let answered = |page: &Page| Ok(page.sees("verdict")? && page.sees("shifts-table")?);
        self.waits("an answer", |page| Ok(answered(page)? || page.sees("not-precomputed")?))?;
        if !answered(self.page)? {
            self.page.loaded()?;
            self.presses("generate")?;
            self.page.finished(LIMIT)?.context("the run did not end")?;
        }
        self.waits("an answer", answered)
    }

    /// The line of an answered question.
    fn line(&self, question: &str, answer: &str) -> Result<Line> {
        // The page's own clock runs from its address on; a browser's start is not the page's.
        let opened = self.page.window.script("return performance.now() / 1e3;", &[])?;
        let opened = opened.as_f64().context("the page has no clock")?;
        let acted = self
            .began
            .get()
            .map_or_else(String::new, |then| format!(", {:.1} s from the first click", then.elapsed().as_secs_f64()));
        let (clicks, keys) = (self.clicks.get(), self.keys.get());
        Ok(Line::new(
            question,
            format!("{opened:.1} s from the address{acted}; {clicks} clicks, {keys} keys: {answer}"),
        ))
    }
}

type Task = fn(&Site, &Browser) -> Result<Line>;

/// Questions in order.
const TASKS: [(&str, Task); 3] =
    [("interferon in monocytes", interferon), ("PD-L1 without STAT1", knock_out), ("a shared link", shared)];

/// Answers all questions.
///
/// # Errors
/// When the page is not built, there is no browser, or an answer is wrong; the others are still asked.
pub(crate) fn bench_tasks() -> Result<()> {
    let (browser, site) = (browser()?, Site::open()?);
    Line::new("load of this machine", load_words()).print();
    let mut failed = None;
    for (name, task) in TASKS {
        match step(&format!("asking: {name}"), || task(&site, &browser)) {
            Ok(line) => line.print(),
            Err(error) => {
                Line::new(name, format!("failed: {error:#}")).print();
                failed = Some(error);
            }
        }
    }
    failed.map_or(Ok(()), Err)
}

/// The first cells of the rows of a table.
fn genes(rows: &[Vec<String>]) -> Vec<&str> {
    rows.iter().filter_map(|row| row.first().map(String::as_str)).collect()
}

/// Which genes does interferon beta raise in monocytes of donor 1488, and may I trust it?
fn interferon(site: &Site, browser: &Browser) -> Result<Line> {
    let page = site.visit(browser, "device=cpu")?;
    let person = Person::at(&page);
    person.chooses("select-donor", "1488")?;
    person.chooses("select-cell_type", "CD14+ Monocytes")?;
    person.presses("toggle-IFN-beta")?;
    person.waits_for_an_answer()?;
    let (rows, verdict) = (page.rows("shifts-table")?, page.text("verdict")?);
    let first: Vec<&str> = genes(&rows).into_iter().take(8).collect();
    let known = first.iter().filter(|gene| RAISED.contains(gene)).count();
    ensure!(known >= 3, "of the first genes only {known} are known to rise with interferon: {first:?}");
    let trust = ["trust", "held-out", "closer"].iter().any(|word| verdict.contains(word));
    ensure!(trust, "the verdict does not say how far to trust it: {verdict}");
    let answer = format!("{}; “{}”", first.join(", "), verdict.replace('\n', " "));
    person.line("which genes does IFN-β raise in monocytes of donor 1488, and may I trust it", &answer)
}

/// Does PD-L1 fall in THP-1 cells without STAT1?
fn knock_out(site: &Site, browser: &Browser) -> Result<Line> {
    let page = site.visit(browser, "device=cpu")?;
    let person = Person::at(&page);
    person.presses("tab-model")?;
    person.presses("open-models/thp1-knockouts")?;
    person.presses("tab-explore")?;
    person.types("perturbation-search", "STAT1")?;
    person.presses("option-STAT1")?;
    person.waits_for_an_answer()?;
    person.types("filter", "PD-L1")?;
    let of_gene = |page: &Page| -> Result<Option<Vec<String>>> {
        Ok(page.rows("shifts-table")?.into_iter().find(|row| row.first().is_some_and(|gene| gene == "CD274")))
    };
    let missing = |page: &Page| page.text("missing-genes");
    person.waits("a word on PD-L1", |page| Ok(of_gene(page)?.is_some() || missing(page)?.contains("CD274")))?;
    let answer = match (of_gene(&page)?, panel_has(&page, "CD274")?) {
        (Some(row), true) => format!("CD274 {}", row.get(1).map_or("", String::as_str)),
        (None, false) => format!("“{}”", missing(&page)?.replace('\n', " ")),
        (row, has) => bail!("the panel {} CD274, but the page shows {row:?}", if has { "has" } else { "lacks" }),
    };
    person.line("STAT1 knocked out in THP-1: does PD-L1 fall", &answer)
}

/// Whether a gene is in the panel of the bundle that is open, by its card.
fn panel_has(page: &Page, gene: &str) -> Result<bool> {
    let body = "return fetch('models/thp1-knockouts/bundle.json').then(r => r.json()).then(c => c.genes.includes(arguments[0]));";
    let has = page.window.script(body, &[gene.into()])?;
    has.as_bool().context("the bundle's card has no genes")
}

/// Does a link give somebody else the same table?
fn shared(site: &Site, browser: &Browser) -> Result<Line> {
    let page = site.visit(browser, SHARED)?;
    page.loaded()?;
    page.click("generate")?;
    page.finished(LIMIT)?.context("the run did not end")?;
    let rows = page.rows("shifts-table")?;
    ensure!(rows.len() >= 10, "the table has {} rows", rows.len());
    let address = page.window.address()?;
    let link = address.split_once('?').map(|(_, query)| query.to_owned()).context("the address holds no choices")?;
    drop(page);
    let other = site.visit(browser, &link)?;
    let person = Person::at(&other);
    other.finished(LIMIT)?.context("the link's run did not end")?;
    ensure!(other.rows("shifts-table")? == rows, "the link {link} gives another table");
    person.line("a shared link in a fresh browser gives the same table", &format!("{} rows are equal", rows.len()))
}
