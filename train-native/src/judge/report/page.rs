//! The HTML form of a report.
//!
//! Does: puts summary, facts, figures and tables in the order in which somebody reads them who reads nothing else.
//! Does not know: how figures are drawn.
//! Flow: report → figures → **one self-contained page**.

use std::fmt::Write as _;

use anyhow::Result;
use cells::splits::{Condition, Split};

use super::content::{Report, Section};
use super::figures::{Figure, markers, metrics, perturbations, volcanoes};
use super::{crowd, words};
use crate::html::{escape, page as shell};
use crate::judge::entry::{Entry, Kind};
use crate::judge::population::{MEASURES, Measures};
use crate::judge::table::{base, base_name, is_alone, metrics as names, scores, shown, telling};

/// A figure with its caption.
fn figure(figure: &Figure) -> String {
    let scrolls = if figure.wide { " class=\"wide\" tabindex=\"0\"" } else { "" };
    let (svg, caption) = (&figure.svg, escape(&figure.caption));
    format!("<figure><div{scrolls}>\n{svg}\n</div><figcaption>{caption}</figcaption></figure>\n")
}

/// Figures side by side.
fn beside(figures: &[Figure]) -> String {
    let all: String = figures.iter().map(figure).collect();
    if figures.is_empty() { all } else { format!("<div class=\"pair\">\n{all}</div>\n") }
}

/// A table that scrolls by itself where it is too wide, reachable by keyboard.
fn scrolled(label: &str, rows: &str) -> String {
    format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{}\"><table>\n{rows}</table></div>\n",
        escape(label)
    )
}

/// A mean, and its interval in a line below.
fn cell(entry: &Entry, metric: &str) -> String {
    let words = shown(entry, metric);
    let class = if entry.kind == Kind::Prediction { " class=\"own\"" } else { "" };
    let (value, interval) = words.split_once(' ').unwrap_or((&words, ""));
    let below = if interval.is_empty() { String::new() } else { format!("<br><small>{interval}</small>") };
    format!("<td{class}>{value}{below}</td>")
}

/// The scored metrics: entries in rows.
fn table(section: &Section) -> String {
    let entries = &section.verdict.entries;
    let told = telling(entries);
    let found = scores(entries);
    let scored = found.iter().any(Option::is_some);
    let head: String = told.iter().map(|(_, name, _)| format!("<th scope=\"col\">{name}</th>")).collect();
    let last = if scored { "<th scope=\"col\">score</th>" } else { "" };
    let mut rows = format!("<tr><th scope=\"col\"></th>{head}{last}</tr>\n");
    for (entry, score) in entries.iter().zip(&found) {
        let cells: String = told.iter().map(|(metric, ..)| cell(entry, metric)).collect();
        let score = score.map_or_else(|| "–".to_owned(), |score| format!("{score:.3}"));
        let score = if scored { format!("<td>{score}</td>") } else { String::new() };
        let _ = writeln!(rows, "<tr><th scope=\"row\">{}</th>{cells}{score}</tr>", escape(&entry.name));
    }
    let mut meanings: Vec<String> = told.iter().map(|(_, name, words)| format!("{name}: {words}")).collect();
    if scored {
        meanings.push(format!("score: mean of cell-eval's seven metrics, 0 for {} and 1 at best", base_name(entries)));
    }
    if is_alone(entries) {
        meanings.push("PDS and the numbers of DEGs are left out: a context with one perturbation has nothing to tell it apart from".to_owned());
    }
    format!("{}<p><small>{}.</small></p>\n", scrolled("Scores", &rows), escape(&meanings.join(". ")))
}

/// Every metric under cell-eval's name: metrics in rows.
fn all(section: &Section) -> String {
    let entries = &section.verdict.entries;
    let head: String = entries.iter().map(|own| format!("<th scope=\"col\">{}</th>", escape(&own.name))).collect();
    let mut rows = format!("<tr><th scope=\"col\">metric</th>{head}</tr>\n");
    for metric in names(entries) {
        let cells: String = entries.iter().map(|own| cell(own, metric)).collect();
        let _ = writeln!(rows, "<tr><th scope=\"row\">{metric}</th>{cells}</tr>");
    }
    let table = scrolled("Every metric", &rows);
    format!("<details>\n<summary>Every metric, by cell-eval's names</summary>\n{table}</details>\n")
}

/// What must be known of a table.
fn notes(section: &Section) -> String {
    let own =
        section.verdict.entries.iter().flat_map(|own| own.notes.iter().map(|note| format!("{}: {note}.", own.name)));
    let all: String = section
        .verdict
        .notes
        .iter()
        .map(|note| format!("{note}."))
        .chain(own)
        .map(|note| format!("<li>{}</li>\n", escape(&note)))
        .collect();
    if all.is_empty() { all } else { format!("<ul>\n{all}</ul>\n") }
}

/// Pearson-Δ, MAE and overlap of every perturbation beside the ceiling: where a prediction fails.
fn every(section: &Section) -> String {
    let entries = &section.verdict.entries;
    let shown: Vec<_> = entries
        .iter()
        .filter(|own| !own.contexts.is_empty())
        .filter(|own| own.kind != Kind::Baseline || base(entries).is_some_and(|base| base.name == own.name))
        .collect();
    let Some(model) = shown.first() else { return String::new() };
    let mut units: Vec<(&String, &String, f64)> = model
        .contexts
        .iter()
        .flat_map(|(context, report)| {
            report
                .perturbations
                .iter()
                .map(move |(name, values)| (context, name, values.get("pearson_delta").copied().unwrap_or(f64::NAN)))
        })
        .collect();
    units.sort_by(|a, b| a.2.total_cmp(&b.2));
    let head: String =
        shown.iter().map(|own| format!("<th scope=\"col\" colspan=\"3\">{}</th>", escape(&own.name))).collect();
    let kinds: String = shown
        .iter()
        .map(|_| "<th scope=\"col\">Pearson-Δ</th><th scope=\"col\">MAE</th><th scope=\"col\">DES</th>")
        .collect();
    let mut text = format!(
        "<tr><th scope=\"col\">context</th><th scope=\"col\">perturbation</th>{head}</tr>\n<tr><td></td><td></td>{kinds}</tr>\n"
    );
    for (context, name, _) in units {
        let cells: String = shown
            .iter()
            .flat_map(|own| {
                let values = own.contexts.get(context).and_then(|report| report.perturbations.get(name));
                ["pearson_delta", "mae", "overlap_at_N"].map(|metric| {
                    let value = values.and_then(|own| own.get(metric)).filter(|value| value.is_finite());
                    format!("<td>{}</td>", value.map_or_else(|| "–".to_owned(), |value| format!("{value:.3}")))
                })
            })
            .collect();
        let _ = writeln!(text, "<tr><td>{}</td><td>{}</td>{cells}</tr>", escape(context), escape(name));
    }
    let table = scrolled("Every perturbation", &text);
    format!("<details>\n<summary>Every perturbation, the weakest first</summary>\n{table}</details>\n")
}

/// One section.
fn section(own: &Section, genes: &[String]) -> Result<String> {
    let entries = &own.verdict.entries;
    let mut text = format!("<h2>{}</h2>\n{}", escape(&own.title), figure(&metrics(entries)?));
    text.push_str(&table(own));
    text.push_str(&notes(own));
    text.push_str(&all(own));
    if let Some(model) = entries.iter().find(|own| own.kind == Kind::Prediction) {
        text.push_str(&beside(&perturbations(model, base(entries))?));
    }
    text.push_str(&every(own));
    for pair in &own.pairs {
        let _ = writeln!(text, "<h3>{}, gene by gene</h3>", escape(&pair.name));
        text.push_str(&beside(&volcanoes(pair, genes)?));
        text.push_str(&figure(&markers(pair, genes)?));
    }
    Ok(text)
}

/// The measures of a population as a table.
fn measures(own: &Measures) -> String {
    let show = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.4}"));
    let rows: String = MEASURES
        .iter()
        .enumerate()
        .map(|(place, measure)| {
            format!(
                "<tr><th scope=\"row\">{}</th><td class=\"own\">{}</td><td>{}</td><td>{}</td></tr>\n",
                escape(measure.name),
                show(own.generated.values[place]),
                show(own.other_half.values[place]),
                measure.best
            )
        })
        .collect();
    let head = "<tr><th scope=\"col\">measure</th><th scope=\"col\">generated</th>\
                <th scope=\"col\">other half of the measured</th><th scope=\"col\">best</th></tr>\n";
    format!(
        "<p>{} cells a side, {} genes; counts scaled to 10,000 and log(1 + x).</p>\n{}",
        own.cells,
        own.genes,
        scrolled("Cells as a whole", &format!("{head}{rows}"))
    )
}

/// The held-out groups, a line each.
fn held_out(split: &Split) -> String {
    let line = |part: &str, condition: &Condition| {
        let words: Vec<String> = condition.iter().map(|(column, value)| format!("{column} = {value}")).collect();
        format!("<li>{part}: {}</li>\n", escape(&words.join(", ")))
    };
    let lists = [("test", &split.test), ("validation", &split.validation)];
    let all: String = lists.iter().flat_map(|(part, list)| list.iter().map(move |own| line(part, own))).collect();
    if all.is_empty() { all } else { format!("<ul>\n{all}</ul>\n") }
}

/// The page.
pub(super) fn page(report: &Report) -> Result<String> {
    let mut body = format!("<h1>{}</h1>\n", escape(&report.title));
    for sentence in words::summary(report) {
        let _ = writeln!(body, "<p class=\"lead\">{}</p>", escape(&sentence));
    }
    body.push_str("<table>\n");
    for (name, words) in &report.facts {
        let _ = writeln!(body, "<tr><th scope=\"row\">{}</th><td>{}</td></tr>", escape(name), escape(words));
    }
    body.push_str("</table>\n");
    for own in &report.sections {
        body.push_str(&section(own, &report.genes)?);
    }
    if let Some(own) = &report.crowd {
        let (wide, side) = crowd::figures(&own.measured, &own.generated, &own.measures)?;
        body.push_str("<h2>Cells as a whole</h2>\n");
        wide.iter().for_each(|own| body.push_str(&figure(own)));
        body.push_str(&measures(&own.measures));
        body.push_str(&beside(&side));
    }
    if let Some(split) = &report.split {
        let _ = writeln!(
            body,
            "<h2>What was held out</h2>\n<p>{}</p>\n{}<details>\n<summary>The split as data</summary>\n<pre>{}</pre>\n</details>",
            escape(&split.about),
            held_out(split),
            escape(&serde_json::to_string_pretty(split)?)
        );
    }
    Ok(shell(&report.title, &body))
}
