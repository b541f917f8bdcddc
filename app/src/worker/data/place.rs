//! Puts the visitor's cells onto the model's map.
//!
//! Does: aligns genes to the model's, projects cells and reference on the genes that both have, finds the nearest
//! measured cells, takes their places' mean and their types' majority with the share that agrees; warns when few genes
//! are shared.
//! Does not know: files.
//! Flow: own cells + bundle's map → **coordinates and nearest types**.

use cells::Counts;
use cells::neighbours::{Neighbours, nearest};
use cells::normalise::{Normalised, Target, into_log_normalised};
use cells::pca::Pca;
use cells::place::{NEIGHBOURS, Shared, among, on_shared, shared_share};
use model::card::Kind;
use model::rewrite::panel::{evenly, places};

use super::super::session::Session;
use super::own::{Own, Values};
use super::pace::{End, Pace};

/// Cells placed between looks at the messages.
const AT_ONCE: usize = 256;
/// Share of the map's own genes below which places say little.
const FEW: f64 = 0.8;
/// Share of the nearest reference cells that must agree on a type for it to count as sure.
const SURE: f32 = 0.75;

/// Reference cells whose distances to others are looked at.
const LOOKED_AT: usize = 600;

/// Mean distance of each point to its neighbours, the first `skipped` of them left out.
fn mean_distances(found: &Neighbours, skipped: usize) -> Vec<f32> {
    let mean = |own: &[f32]| {
        let counted = own.get(skipped..).unwrap_or_default();
        counted.iter().sum::<f32>() / counted.len().max(1) as f32
    };
    found.distances.chunks_exact(found.k.max(1)).map(mean).collect()
}

/// Finds the measured cells that are nearest to others, by the genes that map and file share.
pub(super) struct Placer {
    shared: Shared,
    components: usize,
    /// What cells on the panel are scaled to.
    target: f64,
}

impl Placer {
    /// For a file with these genes of the panel.
    pub(super) fn new(session: &Session, panel: &[Option<usize>]) -> Self {
        let (card, map) = (&session.bundle.card, &session.bundle.map);
        let pca = Pca {
            genes: map.genes.clone(),
            mean: map.mean.clone(),
            loadings: map.loadings.clone(),
            components: map.components,
        };
        let has = |gene: usize| panel.get(gene).is_some_and(Option::is_some);
        let shared = on_shared(&pca, &map.reference, |gene| has(gene as usize));
        let groups: Vec<usize> = card.reference.iter().map(|group| group.cells).collect();
        // A file with part of the genes has part of each cell's counts: it is scaled to that part.
        let part = shared_share(&session.bundle.reference.mean, &groups, card.genes.len(), has);
        Self { shared, components: map.components, target: card.target_sum * part }
    }

    /// Mean distance of reference cells to their nearest others: the middle one of these cells, and the one that 99 of 100
    /// stay below. Looked at for some of them, evenly.
    fn usual(&self) -> (f32, f32) {
        let cells = self.shared.reference.len() / self.components.max(1);
        let own = |cell: usize| &self.shared.reference[cell * self.components..(cell + 1) * self.components];
        let looked: Vec<f32> = evenly(cells, LOOKED_AT).into_iter().flat_map(own).copied().collect();
        // Each is its own nearest, at no distance.
        let found = nearest(&self.shared.reference, &looked, self.components, NEIGHBOURS + 1);
        let mut all = mean_distances(&found, 1);
        all.sort_by(f32::total_cmp);
        let at = |share: f64| all.get((share * all.len() as f64) as usize).copied().unwrap_or_default();
        (at(0.5), at(0.99))
    }

    fn nearest(&self, expression: &Normalised) -> Neighbours {
        nearest(&self.shared.reference, &self.shared.pca.project(expression), self.components, NEIGHBOURS)
    }

    /// Places [2 n] of counts on the model's panel.
    pub(super) fn coordinates(&self, session: &Session, counts: Counts) -> Vec<f32> {
        let expression = into_log_normalised(counts, Target::Sum(self.target));
        among(&self.nearest(&expression), &session.bundle.map.coordinates)
    }
}

/// Places all cells.
pub(super) async fn place(session: &Session, own: &mut Own, pace: &mut Pace<'_>) -> Result<(), End> {
    let (card, map) = (&session.bundle.card, &session.bundle.map);
    own.target = card.target_sum;
    own.panel = places(&card.genes, &own.genes, own.identifiers.as_deref());
    let shared = own.panel.iter().flatten().count();
    if shared == 0 {
        let example = own.genes.first().cloned().unwrap_or_default();
        return Err(End::Failed(format!(
            "{} shares no gene with this model (its first gene is {example:?}, the model's {:?}). Genes must be called by symbols; if the file has them in a column of var, make that column the index.",
            own.title,
            card.genes.first().cloned().unwrap_or_default()
        )));
    }
    let used = map.genes.iter().filter(|gene| own.panel[**gene as usize].is_some()).count();
    let share = used as f64 / map.genes.len().max(1) as f64;
    if share < FEW {
        own.notes.push(format!(
            "Only {used} of the {} genes that make the map are in the file ({:.0} %): cells are placed by these alone, and neighbouring types may be taken for one another.",
            map.genes.len(),
            100.0 * share
        ));
    }
    if matches!(own.values, Values::Logged(_)) {
        own.notes.push("The values are log-normalised, not counts: cells are placed, coloured and tested as they are; counts per cell and an h5ad of counts are not possible. Save the file with raw counts in X, layers/counts or raw/X for these.".to_owned());
    }
    let placer = Placer::new(session, &own.panel);
    let types = card.of_kind(Kind::CellType);
    let codes = types.and_then(|types| map.labels.get(&types.key));
    own.type_names = types.map(|types| types.values.iter().map(|v| v.display.clone()).collect()).unwrap_or_default();
    let all = own.names.len();
    pace.begin("placing cells on the map");
    let cells: Vec<usize> = (0..all).collect();
    own.usual = placer.usual();
    for part in cells.chunks(AT_ONCE) {
        pace.step(part[0] as f64 / all as f64).await?;
        let found = placer.nearest(&own.on_panel_to(part, placer.target));
        own.coordinates.extend(among(&found, &map.coordinates));
        own.distances.extend(mean_distances(&found, 0));
        if let Some(codes) = codes {
            for near in found.indices.chunks_exact(found.k.max(1)) {
                let (kind, agree) = majority(near, codes);
                own.types.push(kind);
                own.confidence.push(agree);
            }
        }
    }
    let unsure = own.confidence.iter().filter(|share| **share < SURE).count();
    if unsure > 0 {
        own.notes.push(format!(
            "{unsure} of {all} cells stand between types: fewer than {:.0} % of their nearest reference cells agree. Saved places and cells carry that share for every cell (type_share).",
            100.0 * SURE
        ));
    }
    if own.coordinates.len() != 2 * all {
        own.notes.push(
            "This model has no map, so the cells have no places; labels, genes and tests work all the same.".to_owned(),
        );
        own.coordinates = vec![f32::NAN; 2 * all];
    }
    if own.types.len() != all {
        (own.types, own.type_names) = (vec![0; all], vec!["no types on this map".to_owned()]);
        own.confidence.clear();
    }
    Ok(())
}

/// The commonest label among neighbours, of equals the one that comes first, which is nearer; and the share of
/// neighbours that have it.
fn majority(near: &[u32], codes: &[u8]) -> (u16, f32) {
    let label = |cell: &u32| codes.get(*cell as usize).copied().unwrap_or(0);
    let votes = |own: u8| near.iter().filter(|cell| label(cell) == own).count();
    let mut best = (0, 0);
    for own in near.iter().map(label) {
        if votes(own) > best.0 {
            best = (votes(own), u16::from(own));
        }
    }
    (best.1, best.0 as f32 / near.len().max(1) as f32)
}
