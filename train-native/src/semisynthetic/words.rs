//! A plan for semi-synthetic cells, in words.
//!
//! Does: sentences for the terminal and for the provenance of the file.
//! Does not know: how a plan is made.
//! Flow: plan + order → **text**.

use std::fmt::Write as _;

use cells::signatures::{Fit, Order, Plan, Planned, ResponseRule};

/// What is done to a cell.
pub(super) fn formula(rule: &ResponseRule) -> String {
    let ResponseRule { scale, cut, largest, floor, added_umis, variation, renewed } = rule;
    let mut text = format!(
        "log2 fold change of a gene = {scale:.4} x z where |z| >= {cut}, else 0; at most {largest} up or down; only in \
         cell types that show the receptor. Down: binomial thinning, each UMI stays with probability fold. Up: counts \
         plus Poisson(library size x share x (fold - 1)), share = the gene's mean share in control cells of the type, \
         drawn to all types by {added_umis} UMIs, at least {floor:e}."
    );
    if *variation > 0.0 {
        let _ =
            write!(text, " Each cell's response is multiplied by a log-normal of mean 1, log deviation {variation}.");
    }
    if *renewed > 0.0 {
        let percent = 100.0 * renewed;
        let _ = write!(
            text,
            " Before that {percent} % of every made cell is renewed (UMIs thinned, Poisson draws of the type's mean added), \
             so that no cell is a copy of another."
        );
    }
    text
}

/// How well the scale fits.
pub(super) fn fit(fit: &Fit) -> String {
    let kind = |own: &cells::signatures::KindFit| {
        format!(
            "{}: {} control and {} treated cells, {} genes, own scale {:.3}, slope {:.2}, r {:.2}",
            own.kind, own.cells.0, own.cells.1, own.genes, own.scale, own.slope, own.pearson
        )
    };
    let kinds: Vec<String> = fit.kinds.iter().map(kind).collect();
    format!(
        "scale {:.4}, slope of measured on predicted log2 fold changes {:.2}, Pearson r {:.2}, means of {} cell types ({})",
        fit.scale,
        fit.slope,
        fit.pearson,
        fit.kinds.len(),
        kinds.join("; ")
    )
}

/// When a cell type has a receptor.
pub(super) fn receptors(order: &Order) -> String {
    let rule = &order.receptors;
    format!(
        "a cell type responds when every measured chain of one receptor is seen in at least {} % of its control cells, \
         {} cells of the mean over all types added",
        100.0 * rule.share,
        rule.added_cells
    )
}

/// Types that respond to a cytokine, and the others, with the share of cells that show the receptor.
fn kinds(own: &Planned) -> String {
    let of = |wanted: bool| {
        let named = own.kinds.iter().filter(|(_, (_, responds))| *responds == wanted);
        named.map(|(kind, (share, _))| format!("{kind} {:.1} %", 100.0 * share)).collect::<Vec<_>>().join(", ")
    };
    let (yes, no) = (of(true), of(false));
    let no = if no.is_empty() { no } else { format!("; not {no}") };
    format!("{} ({}): {}{no}", own.cytokine.name, own.signal, if yes.is_empty() { "none" } else { &yes })
}

/// Types that respond, cytokine by cytokine.
pub(super) fn responders(plan: &Plan) -> String {
    let of = |own: &Planned| {
        let named = own.kinds.iter().filter(|(_, (_, responds))| *responds).map(|(kind, _)| kind.as_str());
        format!("{}: {}", own.cytokine.name, named.collect::<Vec<_>>().join(", "))
    };
    plan.made.iter().map(of).collect::<Vec<_>>().join("; ")
}

/// Cytokines without cells.
pub(super) fn left_out(plan: &Plan) -> String {
    plan.left_out.iter().map(|(name, why)| format!("{name} ({why})")).collect::<Vec<_>>().join("; ")
}

/// The plan, for the terminal.
pub fn describe(plan: &Plan, order: &Order) -> String {
    let mut text = format!("{}\n", formula(&plan.response));
    match &plan.fit {
        Some(own) => text += &format!("{}\n", fit(own)),
        None => text += &format!("the scale {} was given\n", plan.response.scale),
    }
    text += &format!("{}\n\nmeasured, for comparison:\n", receptors(order));
    plan.measured.iter().for_each(|own| text += &format!("  {}\n", kinds(own)));
    text += &format!("\nmade ({}):\n", plan.made.len());
    plan.made.iter().for_each(|own| text += &format!("  {}\n", kinds(own)));
    let (controls, measured, made) = plan.cells;
    text += &format!("\nleft out: {}\n\n", left_out(plan));
    text += &format!(
        "{controls} measured control cells, {measured} measured treated cells, {made} semi-synthetic cells: {} in all\n",
        controls + measured + made
    );
    text
}
