//! The referee's metrics over all held-out groups.
//!
//! Does: a table of the paper's metrics with model, baselines and ceiling as rows, the others folded away, and whether
//! the gallery's target is reached.
//! Does not know: which way a metric is better (`crate::judged`).
//! Flow: sheet's summaries → **tables** → person.

use leptos::prelude::*;

use crate::bundles::grouped;
use crate::judged::{Entry, Metric, Summary};

/// All summaries; nothing where a bundle has none.
#[component]
pub(super) fn Summaries(summaries: Vec<Summary>) -> impl IntoView {
    let shown: Vec<_> = summaries.iter().enumerate().map(|(place, own)| summary(own, place)).collect();
    (!shown.is_empty()).then(|| {
        view! {
            <section data-testid="summaries">
                {shown}
                <p class="note">"Means over the held-out groups with 95 % intervals in brackets, where there are such. ★ is the best baseline of a column on its control cells (measured ones, or ones of its own), ✓ a model on the same ones that is ahead of it; ↑ higher is better, ↓ lower is better. What is written alike is not ranked. The ceiling compares one half of the measured cells with the other; corrected for half the cells (2r / (1 + r)) it is what all cells would reach. A prediction with less noise can pass it, and where halves of so few cells do not agree at all (below zero) there is none."</p>
            </section>
        }
    })
}

/// One summary.
fn summary(own: &Summary, place: usize) -> impl IntoView + use<> {
    let (first, rest) = own.metrics();
    let title = match (own.title.as_str(), own.groups) {
        ("", groups) => format!("{} held-out groups", grouped(groups)),
        (title, 0) => title.to_owned(),
        (title, 1) => format!("{title} (1 held-out group)"),
        (title, groups) => format!("{title} ({} held-out groups)", grouped(groups)),
    };
    let label = format!("{title}: the paper's metrics");
    let more = format!("{title}: other metrics");
    // Where there is nothing of the paper's table, the others are what there is to see.
    let is_all = first.is_empty();
    let others = (!rest.is_empty()).then(|| {
        let words = format!("{} other metrics, under cell-eval's names", rest.len());
        let table = table(own, &rest, &more, &format!("summary-more-{place}"), true);
        if is_all {
            table.into_any()
        } else {
            view! { <details><summary>{words}</summary>{table}</details> }.into_any()
        }
    });
    let of_paper = (!first.is_empty()).then(|| table(own, &first, &label, &format!("summary-{place}"), false));
    let verdict = own.verdict().map(|words| {
        view! { <p class="outcome" data-testid=format!("summary-verdict-{place}")>{words}</p> }
    });
    view! { <h4>{title}</h4>{of_paper}{verdict}{others} }
}

/// Metrics × predictors. Many metrics stand below one another, few side by side.
fn table(own: &Summary, metrics: &[Metric], label: &str, id: &str, turned: bool) -> impl IntoView + use<> {
    let rows = own.rows();
    let head = |metric: &Metric| {
        let about = format!(
            "{}{}",
            if metric.about.is_empty() { String::new() } else { format!("{}; ", metric.about) },
            metric.better.words()
        );
        (format!("{}{}", metric.name, metric.better.arrow()), about)
    };
    let (heads, body): (Vec<AnyView>, Vec<AnyView>) = if turned {
        let heads = rows.iter().map(|entry| view! { <th scope="col">{entry.title()}</th> }.into_any()).collect();
        let row = |metric: &Metric| {
            let (name, about) = head(metric);
            let cells: Vec<_> = rows.iter().map(|entry| cell(own, entry, metric)).collect();
            view! { <tr><th scope="row" title=about>{name}</th>{cells}</tr> }.into_any()
        };
        (heads, metrics.iter().map(row).collect())
    } else {
        let column = |metric: &Metric| {
            let (name, about) = head(metric);
            view! { <th scope="col" title=about>{name}</th> }.into_any()
        };
        let row = |entry: &&Entry| {
            let cells: Vec<_> = metrics.iter().map(|metric| cell(own, entry, metric)).collect();
            let is_model = entry.kind == "prediction";
            view! { <tr class:first=is_model><th scope="row">{entry.title()}</th>{cells}</tr> }.into_any()
        };
        (metrics.iter().map(column).collect(), rows.iter().map(row).collect())
    };
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label=label.to_owned()>
            <table class="judged" data-testid=id.to_owned()>
                <thead><tr><th scope="col">{if turned { "Metric" } else { "Predictor" }}</th>{heads}</tr></thead>
                <tbody>{body}</tbody>
            </table>
        </div>
    }
}

/// A value with its interval and, where it is won, a tick; the best baseline is marked as the one to beat.
fn cell(own: &Summary, entry: &Entry, metric: &Metric) -> impl IntoView + use<> {
    let (words, interval) = own.words(entry, metric);
    let interval = interval.map(|words| view! { " "<small>{format!("({words})")}</small> });
    let (ahead, best) = (own.is_ahead(entry, metric) == Some(true), own.is_best(entry, metric));
    let mark = match (ahead, best) {
        (true, _) => Some(("✓ ", "ahead of every baseline on the same control cells: ")),
        (_, true) => Some(("★ ", "best baseline: ")),
        _ => None,
    };
    let mark =
        mark.map(|(sign, words)| view! { <span aria-hidden="true">{sign}</span><span class="unseen">{words}</span> });
    view! { <td class:ahead=ahead class:best=best>{mark}{words}{interval}</td> }
}
