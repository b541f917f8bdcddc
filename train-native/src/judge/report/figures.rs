//! Figures of scores and of single perturbations.
//!
//! Does: turns entries and pairs into SVG by `plots`, each with the sentence that says how to read it.
//! Does not know: the page around them, populations.
//! Flow: entries, pairs → `plots` → **SVG** → `page`.

use anyhow::Result;
use cells::referee::SCORED;
use plots::intervals::{self, Better, Estimate, Panel, Role};
use plots::svg::render;
use plots::theme::Theme;
use plots::{dots, scatter, volcano};

use super::pairs::Pair;
use crate::judge::entry::{Entry, Kind};
use crate::judge::table::telling;

/// Width of a figure, and of one of two side by side, in CSS pixels.
pub(super) const WIDE: u32 = 900;
pub(super) const HALF: u32 = 440;
/// Genes of the dot plot.
const DOTS: usize = 14;
/// FDR and |log2 fold change| above which a gene is coloured in a volcano, as on the page.
const Q_CUT: f64 = 0.05;
const CHANGE_CUT: f64 = 1.0;
/// Points of a scatter that carry names.
const NAMED: usize = 14;

/// A figure with its caption.
pub(super) struct Figure {
    /// How to read it.
    pub(super) caption: String,
    /// The drawing.
    pub(super) svg: String,
    /// Whether it takes the page's whole width, and scrolls where there is less.
    pub(super) wide: bool,
}

/// A figure whose caption is also its description for screen readers.
pub(super) fn captioned(caption: &str, width: u32, svg: String) -> Figure {
    Figure { caption: caption.to_owned(), svg, wide: width == WIDE }
}

/// The scored metrics of every entry with their intervals.
pub(super) fn metrics(entries: &[Entry]) -> Result<Figure> {
    let theme = Theme::light(1.0);
    let role = |kind: Kind| match kind {
        Kind::Prediction => Role::Model,
        Kind::Baseline => Role::Baseline,
        Kind::Ceiling => Role::Ceiling,
    };
    let rows: Vec<_> = entries.iter().map(|own| intervals::Entry { name: &own.name, role: role(own.kind) }).collect();
    let panel = |(metric, name, _): &(&'static str, &'static str, &'static str)| {
        let estimate = |own: &Entry| {
            let value = own.mean.get(metric).copied().filter(|value| value.is_finite())?;
            Some(Estimate { value, interval: own.intervals.get(metric).copied() })
        };
        let zero_is_best = SCORED.iter().any(|(own, zero)| own == metric && *zero);
        Panel {
            metric: name,
            better: if zero_is_best { Better::Lower } else { Better::Higher },
            values: entries.iter().map(estimate).collect(),
            reference: (*metric == "discrimination_score_l1").then_some((0.5, "chance")),
        }
    };
    let told = telling(entries);
    let panels: Vec<Panel<'_>> = told.iter().map(panel).collect();
    let caption = "Means over the scored perturbations; whiskers are 95 % intervals over resampled perturbations, where \
                   there are at least three. What a model has to beat are the baselines; what measured cells reach \
                   among themselves is the ceiling, which is low where few cells were measured.";
    let height = intervals::height(&theme, WIDE, &rows, &panels);
    let svg = render((WIDE, height), "Scores", caption, |area| intervals::draw(area, &theme, &rows, &panels))?;
    Ok(captioned(caption, WIDE, svg))
}

/// A metric of every perturbation (context, name, value).
fn units<'a>(entry: &'a Entry, metric: &'a str) -> impl Iterator<Item = ((&'a str, &'a str), f64)> {
    entry.contexts.iter().flat_map(move |(context, report)| {
        let of = move |(name, values): (&'a String, &'a cells::referee::Values)| {
            Some(((context.as_str(), name.as_str()), *values.get(metric)?))
        };
        report.perturbations.iter().filter_map(of)
    })
}

/// Pearson-Δ of every perturbation, a baseline's on x and the model's on y, and numbers of shifted genes.
pub(super) fn perturbations(model: &Entry, base: Option<&Entry>) -> Result<Vec<Figure>> {
    let theme = Theme::light(1.0);
    let mut figures = Vec::new();
    let many = model.contexts.len() > 1;
    let name = |(context, own): (&str, &str)| if many { context.to_owned() } else { own.to_owned() };
    let draw =
        |(x_title, y_title): (&str, &str), caption: &str, found: &[((&str, &str), f64, f64)]| -> Result<Figure> {
            let names: Vec<String> = found.iter().map(|(unit, ..)| name(*unit)).collect();
            let labels: Vec<(usize, &str)> = names.iter().map(String::as_str).enumerate().take(NAMED).collect();
            let (x, y): (Vec<f64>, Vec<f64>) = found.iter().map(|(_, x, y)| (*x, *y)).unzip();
            let series = [scatter::Series { name: "perturbation", x: &x, y: &y, labels: &labels }];
            let svg = render((HALF, HALF - 40), y_title, caption, |area| {
                scatter::draw(area, &theme, (x_title, y_title), true, &series).map(drop)
            })?;
            Ok(captioned(caption, HALF, svg))
        };
    if let Some(base) = base {
        let of_base: std::collections::BTreeMap<_, f64> = units(base, "pearson_delta").collect();
        let both = units(model, "pearson_delta").filter_map(|(unit, own)| Some((unit, *of_base.get(&unit)?, own)));
        let mut found: Vec<_> = both.filter(|(_, x, y)| x.is_finite() && y.is_finite()).collect();
        // Those that stand farthest from the diagonal carry names.
        found.sort_by(|a, b| (b.1 - b.2).abs().total_cmp(&(a.1 - a.2).abs()));
        let (x, y) = (format!("Pearson-Δ, {}", base.name), format!("Pearson-Δ, {}", model.name));
        let caption = format!(
            "Each point is a perturbation in a context. Above the line the predicted effect ({}) agrees better with the measured one than {} does.",
            model.name, base.name
        );
        figures.push(draw((&x, &y), &caption, &found)?);
    }
    let predicted: std::collections::BTreeMap<_, f64> = units(model, "de_nsig_counts_pred").collect();
    let both =
        units(model, "de_nsig_counts_real").filter_map(|(unit, real)| Some((unit, real, *predicted.get(&unit)?)));
    let found: Vec<_> = both.collect();
    let caption = "Differentially expressed genes (FDR below 0.05) of each perturbation. Numbers grow with the cells \
                   tested, so points stand above the line where more cells were generated than measured.";
    figures.push(draw(("shifted genes, measured", "shifted genes, predicted"), caption, &found)?);
    Ok(figures)
}

/// Volcanoes of a pair: measured, predicted.
pub(super) fn volcanoes(pair: &Pair, genes: &[String]) -> Result<Vec<Figure>> {
    let theme = Theme::light(1.0);
    let draw = |side: &str, shifts: &[cells::de::GeneShift]| -> Result<Figure> {
        let change: Vec<f64> = shifts.iter().map(|own| own.log2_fold_change).collect();
        let q: Vec<f64> = shifts.iter().map(|own| own.q).collect();
        let caption =
            format!("{}, {side}: {} genes with FDR below 0.05.", pair.name, q.iter().filter(|q| **q < Q_CUT).count());
        let drawn = volcano::Shifts {
            genes,
            log2_fold_change: &change,
            q: &q,
            q_cut: Q_CUT,
            change_cut: CHANGE_CUT,
            selected: None,
            against: volcano::Against::Significance,
        };
        let svg = render((HALF, HALF - 60), side, &caption, |area| volcano::draw(area, &theme, &drawn).map(drop))?;
        Ok(captioned(&caption, HALF, svg))
    };
    Ok(vec![draw("measured", &pair.measured)?, draw("predicted", &pair.predicted)?])
}

/// Dots of the genes that shift most among the measured cells, measured and predicted rows beside each other.
pub(super) fn markers(pair: &Pair, genes: &[String]) -> Result<Figure> {
    let theme = Theme::light(1.0);
    let mut order: Vec<usize> = (0..genes.len()).filter(|gene| pair.measured[*gene].q < Q_CUT).collect();
    order.sort_by(|a, b| pair.measured[*b].difference.abs().total_cmp(&pair.measured[*a].difference.abs()));
    order.truncate(DOTS);
    let names: Vec<&str> = order.iter().map(|gene| genes[*gene].as_str()).collect();
    let row = |shifts: &[cells::de::GeneShift], perturbed: bool| -> (Vec<f64>, Vec<f64>) {
        let of = |gene: &usize| {
            let own = &shifts[*gene];
            let (share, mean) = if perturbed {
                (own.detected_perturbed, own.mean_perturbed)
            } else {
                (own.detected_control, own.mean_control)
            };
            // Means are kept as expm1 of the mean logarithm.
            (f64::from(share), mean.ln_1p())
        };
        order.iter().map(of).unzip()
    };
    let sides = [("measured", &pair.measured), ("predicted", &pair.predicted)];
    let conditions = [("control", false), (pair.perturbation.as_str(), true)];
    let mut rows = Vec::new();
    for (condition, perturbed) in conditions {
        for (side, shifts) in sides {
            rows.push((format!("{condition}, {side}"), row(shifts, perturbed)));
        }
    }
    let rows: Vec<dots::Row<'_>> = rows.iter().map(|(name, (share, mean))| dots::Row { name, share, mean }).collect();
    let caption = format!(
        "{}: the genes that shift most among the measured cells. A good prediction has the same dots in both rows of a pair.",
        pair.name
    );
    let height = dots::height(&theme, WIDE, &names, &rows);
    let svg = render((WIDE, height), "Markers", &caption, |area| dots::draw(area, &theme, &names, &rows, 2))?;
    Ok(captioned(&caption, WIDE, svg))
}
