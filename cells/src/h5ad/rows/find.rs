//! Which matrix of a file is taken.
//!
//! Does: opens every matrix, looks at cells from all of it, judges what it holds, takes the best one or the one that was
//! asked for, and keeps what it saw for the report.
//! Does not know: how candidates are listed, how windows are read.
//! Flow: candidates → **the taken matrix with its reasons** → `CellRows`.

use super::candidates::{self, Candidate, Form};
use std::cmp::Reverse;

use super::cell_rows::{CellRows, Cells};
use super::expression::{Convert, Scale, add_up};
use super::layout::Layout;
use super::runs::runs;
use crate::genes::Genes;
use crate::h5ad::error::H5adError;
use crate::h5ad::labels::LabelRows;
use crate::h5ad::matrix::Matrix;
use crate::h5ad::store::Hdf5;
use crate::kind::{Judged, Kind, Look};
use crate::names::is_gene;
use crate::report::{GroupFound, MatrixFound};

/// A matrix compressed by genes is looked at as a whole up to so many values; else some of its genes are.
const WHOLE: usize = 4_000_000;

/// What a caller can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Log-normalised expression too, where there are no counts.
    pub(super) logged: bool,
    /// A matrix compressed by genes too.
    pub(super) by_genes: bool,
    /// Small fractions are logarithms where nothing tells them from corrected counts: what other models predict.
    pub(super) predicted: bool,
}

/// An opened matrix.
struct Opened {
    own: Candidate,
    genes: Genes,
    names: Option<LabelRows>,
    cells: usize,
    layout: Layout,
    judged: Judged,
    /// Entries of a cell and gene that came again, in the cells that were looked at.
    again: usize,
    /// Whether the cells that were looked at hold zeros alone.
    is_empty: bool,
    /// Whether its whole numbers may be no counts.
    is_doubted: bool,
}

/// How good a matrix is; smaller is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Goodness {
    /// By what it holds.
    kind: u8,
    /// Whether its name says that it holds other values, or a part of the counts.
    is_other: bool,
    genes: Reverse<usize>,
    is_unnamed: bool,
}

impl Opened {
    fn goodness(&self) -> Goodness {
        let layer = self.own.place.rsplit_once("layers/").map(|(_, name)| candidates::likeness_to_counts(name).0);
        let kind = match self.judged.kind {
            // A matrix that was emptied says less than any other.
            _ if self.is_empty => u8::MAX,
            // Behind log-normalised expression, where that can be used.
            Kind::Counts if self.is_doubted => 3,
            kind => 2 * kind.rank(),
        };
        let genes = Reverse(self.genes.names.len());
        Goodness { kind, is_other: layer.is_some_and(|rank| rank > 2), genes, is_unnamed: layer != Some(0) }
    }

    fn found(&self) -> MatrixFound {
        MatrixFound {
            place: self.own.place.clone(),
            kind: self.judged.kind,
            why: self.judged.why.clone(),
            cells: self.cells as u64,
            genes: self.genes.names.len() as u64,
            usable: Convert::of(self.judged.kind, true).is_some(),
        }
    }
}

/// Opens and judges a candidate.
fn open(file: &Hdf5, (form, wanted): (Form, Wanted), own: Candidate) -> Result<Opened, H5adError> {
    let genes = candidates::genes(file, form, &own, None)?;
    let (names, cells) = candidates::cells(file, form, &own)?;
    let layout = Layout::open(file, &own.place, (cells, genes.columns.len()), form == Form::Loom)?;
    let mut hints = candidates::hints(file, form, &own);
    hints.logged |= wanted.predicted && !hints.counted;
    let look = look(&own, (&layout, cells, &genes))?;
    let (judged, again, is_empty) = (look.judge(hints), look.repeated(), look.is_empty());
    let is_doubted = judged.kind == Kind::Counts && look.doubt().is_some();
    Ok(Opened { own, genes, names, cells, layout, judged, again, is_empty, is_doubted })
}

/// Looks at cells from all of a matrix.
fn look(own: &Candidate, (layout, cells, genes): (&Layout, usize, &Genes)) -> Result<Look, H5adError> {
    let mut look = Look::default();
    let is_gene = |column: u32| genes.columns.get(column as usize).is_some_and(Option::is_some);
    if layout.is_by_genes() {
        super::by_genes::look(layout, (cells, genes.columns.len()), &is_gene, WHOLE, &mut look)?;
    } else {
        for (first, count) in runs(cells, genes.columns.len()) {
            let mut stored = layout.window(&own.place, first, count, genes.columns.len())?;
            look.twice(add_up(&mut stored));
            for pair in stored.starts.windows(2) {
                let cell = stored.columns[pair[0]..pair[1]].iter().zip(&stored.values[pair[0]..pair[1]]);
                look.cell(&cell.filter(|(column, _)| is_gene(**column)).map(|(_, value)| *value).collect::<Vec<_>>());
            }
        }
    }
    Ok(look)
}

/// A matrix that cannot be opened, with the reason.
struct Unreadable {
    own: Candidate,
    error: H5adError,
}

/// The matrices of a file, opened or not.
struct Matrices {
    form: Form,
    opened: Vec<Result<Opened, Box<Unreadable>>>,
}

/// The matrix that a result is of.
fn own(opened: &Result<Opened, Box<Unreadable>>) -> &Candidate {
    opened.as_ref().map_or_else(|wrong| &wrong.own, |opened| &opened.own)
}

impl Matrices {
    fn of(file: &Hdf5, wanted: Wanted) -> Result<Self, H5adError> {
        let (form, mut list) = candidates::list(file)?;
        if list.len() > 1 {
            list.retain(|own| !candidates::is_nothing(file, &own.place));
        }
        let opened = list
            .into_iter()
            .map(|own| open(file, (form, wanted), own.clone()).map_err(|error| Box::new(Unreadable { own, error })));
        Ok(Self { form, opened: opened.collect() })
    }

    fn found(&self) -> Vec<MatrixFound> {
        let unreadable = |wrong: &Unreadable| MatrixFound {
            place: wrong.own.place.clone(),
            kind: Kind::Other,
            why: wrong.error.to_string(),
            ..MatrixFound::default()
        };
        self.opened.iter().map(|own| own.as_ref().map_or_else(|wrong| unreadable(wrong), Opened::found)).collect()
    }

    /// Places, modalities and genomes that can be asked for.
    fn known(&self) -> String {
        let mut known = Vec::new();
        for own in self.opened.iter().map(own) {
            known.extend([Some(own.place.clone()), own.group.clone()].into_iter().flatten());
        }
        for opened in self.opened.iter().flatten() {
            known.extend(opened.genes.genomes.keys().cloned());
        }
        let mut seen = std::collections::HashSet::new();
        known.retain(|name| seen.insert(name.clone()));
        known.join(", ")
    }

    /// Whether a matrix is meant by what was asked for, and the genome that it is cut to.
    fn is_meant<'a>(&self, own: &Candidate, genes: Option<&Genes>, asked: &'a Asked) -> Option<Option<&'a str>> {
        let Some(name) = &asked.name else { return Some(None) };
        let raw = ["raw/X", "raw.X"].map(|raw| crate::h5ad::store::below(&own.root, raw));
        let whole = matches!(self.form, Form::TenX | Form::TenXByGenome) && name == "X";
        let by_place = own.place == *name
            || own.place == format!("layers/{name}")
            || own.group.as_deref() == Some(name)
            || own.root == *name
            || ((name == "raw" || name == "raw/X") && raw.contains(&own.place));
        if by_place || whole {
            return Some(None);
        }
        genes.is_some_and(|genes| genes.genomes.contains_key(name)).then_some(Some(name.as_str()))
    }
}

/// What was asked for.
struct Asked {
    /// A matrix, a modality or a genome; none: the best.
    name: Option<String>,
    /// Whether corrected counts may be rounded.
    rounded: bool,
}

impl Asked {
    fn of(matrix: &Matrix) -> Self {
        let (name, rounded) = match matrix {
            Matrix::Auto => (None, false),
            Matrix::X => (Some("X".to_owned()), false),
            Matrix::Raw => (Some("raw/X".to_owned()), false),
            Matrix::Layer(name) => (Some(format!("layers/{name}")), false),
            Matrix::Named(text) => match text.strip_suffix(" rounded") {
                Some(name) => (Some(name.trim().to_owned()), true),
                None => (Some(text.clone()), false),
            },
        };
        Self { name: name.filter(|name| !name.is_empty()), rounded }
    }
}

/// The best of the matrices that were meant.
struct Best {
    place: usize,
    goodness: Goodness,
    /// The genome that it is cut to.
    genome: Option<String>,
}

/// How values are read for what is wanted; none when they are not.
fn usable(judged: &Judged, asked: &Asked, wanted: Wanted) -> Option<Convert> {
    let convert = Convert::of(judged.kind, asked.rounded)?;
    (wanted.logged || convert.scale() == Scale::Counts).then_some(convert)
}

impl Matrices {
    /// The modality of gene expression, or the genome of most values: of the groups whose features are genes the likeliest
    /// by its name, then the one of most known genes. None where matrices stand in no groups, or no group can be one.
    fn likeliest(&self) -> Option<&str> {
        let likely = self.opened.iter().filter_map(|opened| {
            let no_genes = opened.as_ref().is_err_and(|wrong| matches!(wrong.error, H5adError::NoGenes { .. }));
            let group = own(opened).group.as_deref().filter(|_| !no_genes)?;
            if self.form != Form::MuData {
                return Some((0, Reverse(0), group));
            }
            let names = opened.as_ref().map_or(&[][..], |opened| &opened.genes.names);
            let known = names.iter().filter(|name| is_gene(name)).count();
            Some((candidates::likeness_to_rna(group).0, Reverse(known), group)).filter(|(rank, ..)| *rank < 2)
        });
        likely.min_by_key(|(rank, known, _)| (*rank, *known)).map(|(_, _, group)| group)
    }

    /// The matrices that were meant, and the best of them. Without a name those of one modality or genome are: another
    /// one's counts are no better than its normalised expression.
    fn choose(&self, asked: &Asked, wanted: Wanted) -> (Vec<usize>, Option<Best>) {
        let group = if asked.name.is_some() { None } else { self.likeliest() };
        if group.is_none() && asked.name.is_none() && self.form == Form::MuData {
            return ((0..self.opened.len()).collect(), None);
        }
        let (mut meant, mut best) = (Vec::new(), None::<Best>);
        for (place, opened) in self.opened.iter().enumerate() {
            let genes = opened.as_ref().ok().map(|opened| &opened.genes);
            let Some(genome) = self.is_meant(own(opened), genes, asked) else { continue };
            if group.is_some() && own(opened).group.as_deref() != group {
                continue;
            }
            meant.push(place);
            let Ok(opened) = opened else { continue };
            let goodness = opened.goodness();
            let better = best.as_ref().is_none_or(|before| goodness < before.goodness);
            if better && usable(&opened.judged, asked, wanted).is_some() {
                best = Some(Best { place, goodness, genome: genome.map(str::to_owned) });
            }
        }
        (meant, best)
    }
}

/// Opens the matrix of a file that is the best for what is wanted.
pub(super) fn take(file: &Hdf5, matrix: &Matrix, wanted: Wanted) -> Result<CellRows, H5adError> {
    let asked = Asked::of(matrix);
    let mut all = Matrices::of(file, wanted)?;
    let (meant, best) = all.choose(&asked, wanted);
    if meant.is_empty() {
        return Err(unknown(&asked, &all));
    }
    let Some(Best { place, genome, .. }) = best else { return Err(nothing(all, &meant, wanted)) };
    let (found, form) = (all.found(), all.form);
    let mut taken = all.opened.swap_remove(place).map_err(|wrong| wrong.error)?;
    if taken.layout.is_by_genes() && !wanted.by_genes {
        return Err(H5adError::ByGenes { place: taken.own.place });
    }
    let groups = groups(&taken, &all.opened, genome.as_deref());
    let convert = usable(&taken.judged, &asked, wanted).ok_or_else(|| unknown(&asked, &all))?;
    if let Some(genome) = genome {
        taken.genes = candidates::genes(file, form, &taken.own, Some(&genome))?;
    }
    finish(file, form, taken, (found, groups), convert)
}

/// Modalities or genomes to choose from.
fn groups(taken: &Opened, others: &[Result<Opened, Box<Unreadable>>], genome: Option<&str>) -> Vec<GroupFound> {
    let genomes = taken.genes.genomes.iter().map(|(name, genes)| GroupFound {
        name: name.clone(),
        genes: *genes as u64,
        taken: genome.is_none_or(|genome| genome == name),
    });
    let mut all: Vec<GroupFound> = genomes.collect();
    let Some(group) = &taken.own.group else { return all };
    all.push(GroupFound { name: group.clone(), genes: taken.genes.names.len() as u64, taken: true });
    for other in others {
        let genes = other.as_ref().map_or(0, |other| other.genes.names.len());
        let Some(name) = own(other).group.clone().filter(|name| all.iter().all(|known| known.name != *name)) else {
            continue;
        };
        all.push(GroupFound { name, genes: genes as u64, taken: false });
    }
    if all.len() < 2 { Vec::new() } else { all }
}

/// Nothing of that name.
fn unknown(asked: &Asked, all: &Matrices) -> H5adError {
    let name = asked.name.clone().unwrap_or_default();
    // Places of AnnData are named as such.
    let is_place = name == "X" || name == "raw/X" || name.starts_with("layers/");
    if is_place && all.form == Form::AnnData {
        return H5adError::Missing { place: name };
    }
    H5adError::NoSuchMatrix { asked: name, known: all.known() }
}

/// What else could be asked for in a file of several modalities: those that can be read.
fn other_modalities(opened: &[Result<Opened, Box<Unreadable>>], meant: &[usize]) -> Option<String> {
    let all = meant.len() == opened.len();
    let others = opened.iter().enumerate().filter(|(place, own)| own.is_ok() && (all || !meant.contains(place)));
    let mut names: Vec<&str> = others.filter_map(|(_, opened)| own(opened).group.as_deref()).collect();
    names.dedup();
    let of_modalities = opened.iter().any(|opened| own(opened).root.starts_with("mod/"));
    (of_modalities && !names.is_empty())
        .then(|| format!("; or ask for another modality by its name ({}), if its features are genes", names.join(", ")))
}

/// Why none of the matrices that were meant can be used.
fn nothing(all: Matrices, meant: &[usize], wanted: Wanted) -> H5adError {
    let found = all.found();
    let mut opened = all.opened;
    let readable = |own: &Result<Opened, _>| own.is_ok();
    // A damaged matrix alone is told by its damage.
    if !meant.iter().any(|place| readable(&opened[*place]))
        && let Err(wrong) = opened.swap_remove(meant[0])
    {
        return wrong.error;
    }
    let best = meant.iter().map(|place| &found[*place]).min_by_key(|own| own.kind.rank());
    let place = best.map_or("X", |own| own.place.as_str());
    let modalities = other_modalities(&opened, meant);
    let mut advice = match best.map_or(Kind::Other, |own| own.kind) {
        // Each could be read, and none is called one of genes.
        _ if modalities.is_some() && meant.len() == opened.len() => "No modality is called one of gene expression".into(),
        Kind::Corrected => format!(
            "Corrected counts are rounded to whole numbers where that is asked for by name (matrix \"{place} rounded\"); or save the counts as they were before the correction"
        ),
        Kind::LogNormalised { .. } | Kind::Normalised { .. } => {
            "Save the file with raw counts, for example as layers/counts".to_owned()
        }
        Kind::Other => "Save the file again with a matrix of counts, for example as layers/counts".to_owned(),
        _ => "Scaled values cannot be turned back; save the file with raw counts or log-normalised expression, for example as layers/counts or raw".to_owned(),
    };
    advice.push_str(&modalities.unwrap_or_default());
    let list = found.iter().enumerate().filter(|(place, own)| meant.contains(place) || own.usable);
    let list: Vec<String> = list.map(|(_, own)| own.words()).collect();
    let wanted = if wanted.logged { "counts or log-normalised expression" } else { "counts" };
    let corrected = best.is_some_and(|own| own.kind == Kind::Corrected);
    let rounding = corrected.then(|| format!("{place} rounded"));
    H5adError::NoMatrix { wanted, found: list.join("; "), advice, rounding }
}

/// The taken matrix as rows of cells.
fn finish(
    file: &Hdf5,
    form: Form,
    taken: Opened,
    (matrices, groups): (Vec<MatrixFound>, Vec<GroupFound>),
    convert: Convert,
) -> Result<CellRows, H5adError> {
    let about = taken.found();
    let beside = candidates::beside(file, &taken.own.root);
    let Opened { own, genes, names, cells, layout, again, .. } = taken;
    let labels = if matches!(form, Form::TenX | Form::TenXByGenome) {
        None
    } else {
        let obs = candidates::obs(form, &own);
        Some(super::labelled::Labelled::of(file, (&own.root, &obs), names.as_ref(), cells)?)
    };
    let mut rows = CellRows::new(Cells { place: own.place, layout, names, genes, cells, labels, convert });
    let report = &mut rows.report;
    (report.format, report.taken, report.matrices, report.groups) = (form.words().to_owned(), about, matrices, groups);
    report.beside = beside;
    if again > 0 {
        report.notes.push("Entries of the same cell and gene were added up, as scipy does.".to_owned());
    }
    Ok(rows)
}
