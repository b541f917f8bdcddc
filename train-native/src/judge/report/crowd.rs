//! Figures of whole populations.
//!
//! Does: a joint map, gene means, cell types, library sizes and detected genes of measured and generated cells.
//! Does not know: scores.
//! Flow: two populations, their measures → `plots` → **SVG** → `page`.

use anyhow::{Context as _, Result};
use cells::pca::{fit_pca, highly_variable};
use cells::place::summits;
use cells::umap::umap;
use plots::frame::Marker;
use plots::histogram::{self, Scale};
use plots::svg::render;
use plots::theme::Theme;
use plots::{map, proportions, scatter};

use super::figures::{Figure, HALF, WIDE, captioned};
use crate::judge::entry::SEED;
use crate::judge::population::{Measures, Population, sample};

/// Cells of each side on the map.
const MAPPED: usize = 1000;
/// Genes and components of the map, and neighbours of a cell on it.
const GENES: usize = 2000;
const COMPONENTS: usize = 30;
const NEIGHBOURS: usize = 15;
/// Cells that a type needs for its name to be written.
const NAMED: usize = 20;
/// Bins of a histogram.
const BINS: usize = 30;

/// Measured and generated cells on one map made of both.
fn joint_map(measured: &Population, generated: &Population) -> Result<Figure> {
    let theme = Theme::light(1.0);
    let count = MAPPED.min(measured.len()).min(generated.len());
    let real = measured.select(&sample(measured.len(), count, SEED));
    let own = generated.select(&sample(generated.len(), count, SEED));
    let mut both = real.data.clone();
    both.append(&own.data)?;
    let genes = highly_variable(&both, GENES);
    let components = COMPONENTS.min(genes.len().saturating_sub(1)).min(both.cells().saturating_sub(1)).max(1);
    let pca = fit_pca(&both, &genes, components).context("the map's components cannot be fitted")?;
    let coordinates = umap(&pca.project(&both), components, NEIGHBOURS, SEED);
    let (a, b) = coordinates.split_at(2 * real.len());
    let kinds: Vec<&String> =
        real.types.iter().flatten().collect::<std::collections::BTreeSet<_>>().into_iter().collect();
    let group = |cell: usize| real.types.as_ref().and_then(|own| kinds.binary_search(&&own[cell]).ok());
    let groups: Vec<Option<usize>> = (0..real.len()).map(group).collect();
    let names: Vec<map::Name> = summits(a, &groups, NAMED)
        .into_iter()
        .map(|(kind, x, y)| map::Name { text: kinds[kind].clone(), at: (x, y) })
        .collect();
    let layers = [map::Layer { name: "generated", colour: theme.series[1], marker: Marker::Disc, points: b }];
    let caption = format!(
        "{count} measured (grey) and {count} generated cells on one UMAP made of both. Generated cells should lie \
         where measured ones lie, and as densely; distances between islands mean nothing."
    );
    let svg =
        render((WIDE, 560), "Map", &caption, |area| plots::map::draw(area, &theme, a, &names, &layers).map(drop))?;
    Ok(captioned(&caption, WIDE, svg))
}

/// Mean expression of every gene on both sides.
fn means(measured: &Population, generated: &Population) -> Result<Figure> {
    let theme = Theme::light(1.0);
    let (x, y) = (measured.data.mean(), generated.data.mean());
    let series = [scatter::Series { name: "gene", x: &x, y: &y, labels: &[] }];
    let caption = "Mean log-normalised expression of every gene. On the line both sides agree.";
    let titles = ("mean expression, measured", "mean expression, generated");
    let svg = render((HALF, HALF - 40), "Gene means", caption, |area| {
        scatter::draw(area, &theme, titles, true, &series).map(drop)
    })?;
    Ok(captioned(caption, HALF, svg))
}

/// Shares of cell types.
fn types(measures: &Measures) -> Result<Option<Figure>> {
    let Some((names, shares, accuracy)) = &measures.types else { return Ok(None) };
    let theme = Theme::light(1.0);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut bars = vec![proportions::Bar { name: "measured", amounts: shares }];
    for (name, side) in [("other half of the measured", &measures.other_half), ("generated", &measures.generated)] {
        bars.extend(side.types.as_ref().map(|amounts| proportions::Bar { name, amounts }));
    }
    let caption = format!(
        "Shares of cell types. The first bar is the labels of one half of the measured cells; the others are what a \
         classifier trained on that half finds, which names {:.0} % of cells it has not seen rightly.",
        100.0 * accuracy
    );
    let height = proportions::height(&theme, WIDE, &names, &bars);
    let svg = render((WIDE, height), "Cell types", &caption, |area| proportions::draw(area, &theme, &names, &bars))?;
    Ok(Some(captioned(&caption, WIDE, svg)))
}

/// Library sizes and numbers of detected genes, where both sides have counts.
fn depths(measured: &Population, generated: &Population) -> Result<Vec<Figure>> {
    let (Some(real), Some(own)) = (&measured.counts, &generated.counts) else { return Ok(Vec::new()) };
    let theme = Theme::light(1.0);
    let sizes = |counts: &cells::Counts| counts.library_sizes().iter().map(|size| *size as f64).collect::<Vec<f64>>();
    let seen = |counts: &cells::Counts| (0..counts.cells()).map(|cell| counts.row(cell).0.len() as f64).collect();
    let pairs: [(&str, &str, [Vec<f64>; 2]); 2] = [
        (
            "UMIs per cell",
            "Library sizes. A model that was told none draws them as they were in training.",
            [sizes(real), sizes(own)],
        ),
        ("detected genes per cell", "Genes with at least one UMI.", [seen(real), seen(own)]),
    ];
    let draw = |(title, caption, [a, b]): &(&str, &str, [Vec<f64>; 2])| -> Result<Figure> {
        let series =
            [histogram::Series { name: "measured", values: a }, histogram::Series { name: "generated", values: b }];
        let svg = render((HALF, 300), title, caption, |area| {
            histogram::draw(area, &theme, title, (Scale::Log10, BINS), &series).map(drop)
        })?;
        Ok(captioned(caption, HALF, svg))
    };
    pairs.iter().map(draw).collect()
}

/// Every figure of a population: those over the whole width, those side by side.
pub(super) fn figures(
    measured: &Population,
    generated: &Population,
    measures: &Measures,
) -> Result<(Vec<Figure>, Vec<Figure>)> {
    let mut wide = vec![joint_map(measured, generated)?];
    wide.extend(types(measures)?);
    let mut beside = depths(measured, generated)?;
    beside.push(means(measured, generated)?);
    Ok((wide, beside))
}
