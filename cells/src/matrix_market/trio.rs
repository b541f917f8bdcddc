//! A matrix and the names of its genes and cells, put together.
//!
//! Does: gathers entries on genes alone and on the cells that are kept, judges what the values are once all are there,
//! makes counts or log-normalised expression of them.
//! Does not know: where entries come from.
//! Flow: companions, entries → **`Held`** → rows of cells, a visitor's own cells.

use super::companions::Companions;
use super::error::MtxError;
use super::lines::{Entry, Odd};
use crate::counts::Counts;
use crate::gather::{Floats, Gather};
use crate::h5ad::{Convert, Expression, Held, Matrix, Scale};
use crate::kind::{Hints, Judged, Look, is_count};
use crate::normalise::Normalised;
use crate::report::{GroupFound, MatrixFound, Report};

/// Mark of a cell that is left out.
const LEFT_OUT: u32 = u32::MAX;

/// A matrix in the making.
pub struct Trio {
    companions: Companions,
    /// New place of every cell.
    places: Vec<u32>,
    gather: Gather,
    /// Whether the gathered values are bits of floats, because one of them was no count.
    floats: bool,
    /// Form and place of the matrix, and what else could be chosen, for the report.
    about: About,
}

/// What the report says of the matrix.
struct About {
    format: String,
    place: &'static str,
    groups: Vec<GroupFound>,
}

/// Name of a dense table as a matrix.
const TABLE: &str = "table";

/// Whether corrected counts may be rounded, by what was asked for.
pub fn is_rounded(matrix: &Matrix) -> bool {
    matches!(matrix, Matrix::Named(text) if text == "rounded" || text.ends_with(" rounded"))
}

/// The genome that was asked for.
pub fn genome(matrix: &Matrix) -> Option<&str> {
    let Matrix::Named(text) = matrix else { return None };
    let name = text.strip_suffix("rounded").map_or(text.as_str(), str::trim);
    (!name.is_empty() && name != "X" && name != TABLE && !name.ends_with(".mtx")).then_some(name)
}

/// Names of the cells that stay, with the new place of every cell.
fn chosen(mut companions: Companions, kept: Option<&[usize]>) -> (Companions, Vec<u32>) {
    let cells = companions.names.len();
    let Some(kept) = kept else { return (companions, (0..cells as u32).collect()) };
    let kept: Vec<usize> = kept.iter().copied().filter(|cell| *cell < cells).collect();
    let mut places = vec![LEFT_OUT; cells];
    kept.iter().enumerate().for_each(|(new, old)| places[*old] = new as u32);
    companions.names = kept.iter().map(|cell| companions.names[*cell].clone()).collect();
    companions.labels.values_mut().for_each(|label| *label = label.select(&kept));
    (companions, places)
}

impl Trio {
    /// Before the first entry of `stored`; with `kept` (ascending places) only these cells stay.
    pub fn new(companions: Companions, stored: u64, kept: Option<&[usize]>) -> Self {
        let cells = companions.names.len();
        let (companions, places) = chosen(companions, kept);
        let share = companions.names.len() as f64 / cells.max(1) as f64;
        // What a file claims is no more than a hint; a matrix has no more values than places.
        let most = (companions.names.len() as u64).saturating_mul(companions.genes.names.len() as u64);
        let stored = ((stored as f64 * share).ceil() as u64).min(most);
        let gather = Gather::new(companions.names.len(), companions.genes.names.len(), stored as usize);
        let format = "Matrix Market with its features and barcodes".to_owned();
        let about = About { format, place: "matrix.mtx", groups: Vec::new() };
        Self { companions, places, gather, floats: false, about }
    }

    /// The same of a dense table, of which it is known how many values each cell has at most; `format` and `groups` (what
    /// else could be chosen) go into the report.
    pub(crate) fn filled(
        companions: Companions,
        sizes: &[u32],
        kept: Option<&[usize]>,
        format: &str,
        groups: &[GroupFound],
    ) -> Self {
        let (companions, places) = chosen(companions, kept);
        let stay = sizes.iter().zip(&places).filter(|(_, place)| **place != LEFT_OUT);
        let sizes: Vec<u32> = stay.map(|(size, _)| *size).collect();
        let gather = Gather::placed(companions.genes.names.len(), &sizes);
        let about = About { format: format.to_owned(), place: TABLE, groups: groups.to_vec() };
        Self { companions, places, gather, floats: false, about }
    }

    /// Takes an entry of the matrix.
    pub fn take(&mut self, entry: Entry) {
        let turned = self.companions.cells_are_rows;
        let (gene, cell) = if turned { (entry.column, entry.row) } else { (entry.row, entry.column) };
        // The reader has checked both against the size, which fits the names.
        let gene = self.companions.genes.columns.get(gene as usize).copied().flatten();
        let cell = self.places.get(cell as usize).copied().filter(|place| *place != LEFT_OUT);
        let (Some(gene), Some(cell)) = (gene, cell) else { return };
        if !self.floats && !is_count(entry.value) {
            self.gather.change_values(|count| (count as f32).to_bits());
            self.floats = true;
        }
        let bits = if self.floats { (entry.value as f32).to_bits() } else { entry.value as u32 };
        self.gather.push(cell, gene, bits);
    }

    /// The cells. `odd` is the first value that is no count (`Reader::finish`); `matrix` says whether corrected counts may
    /// be rounded.
    ///
    /// # Errors
    /// When the values are neither counts nor log-normalised, or corrected counts and rounding was not asked for.
    pub fn finish(self, odd: Option<Odd>, matrix: &Matrix) -> Result<Held, MtxError> {
        let Self { companions, gather, floats, about, .. } = self;
        let (genes, cells) = (companions.genes.names.len(), companions.names.len());
        let stored = gather.len() as u64;
        let (expression, judged, convert) = if floats {
            converted(gather.floats()?, genes, odd, matrix)?
        } else {
            let counts = gather.counts()?;
            let mut look = Look::default();
            for cell in 0..counts.cells() {
                look.cell(&counts.row(cell).1.iter().map(|value| f64::from(*value)).collect::<Vec<_>>());
            }
            let judged = look.judge(Hints { counted: true, ..Hints::default() });
            (Expression::Counts(counts), judged, Convert::Count)
        };
        let (genomes, asked) = (&companions.genes.genomes, genome(matrix));
        let group = |(name, genes): (&String, &usize)| GroupFound {
            name: name.clone(),
            genes: *genes as u64,
            taken: asked.is_none_or(|asked| asked == name),
        };
        let taken = MatrixFound {
            place: about.place.to_owned(),
            kind: judged.kind,
            why: judged.why,
            cells: cells as u64,
            genes: genes as u64,
            usable: true,
        };
        let report = Report {
            format: about.format,
            cells: cells as u64,
            genes: genes as u64,
            stored,
            read_as: convert.words().to_owned(),
            matrices: vec![taken.clone()],
            taken,
            groups: genomes.iter().map(group).chain(about.groups).collect(),
            symbols: companions.genes.place.clone(),
            notes: [companions.genes.notes.clone(), companions.notes].concat(),
            ..Report::default()
        };
        Ok(Held { expression, genes: companions.genes, names: companions.names, labels: companions.labels, report })
    }
}

/// What values with fractions are, and what they are read as.
fn converted(
    (starts, columns, values): Floats,
    genes: usize,
    odd: Option<Odd>,
    matrix: &Matrix,
) -> Result<(Expression, Judged, Convert), MtxError> {
    let mut look = Look::default();
    for pair in starts.windows(2) {
        look.cell(&values[pair[0]..pair[1]].iter().map(|value| f64::from(*value)).collect::<Vec<_>>());
    }
    let judged = look.judge(Hints { counted: true, ..Hints::default() });
    let odd = odd.unwrap_or(Odd { line: 0, value: f64::NAN });
    let Some(convert) = Convert::of(judged.kind, is_rounded(matrix)) else {
        let (kind, why) = (judged.kind.words(), judged.why);
        let rounding = Convert::of(judged.kind, true).is_some();
        return Err(MtxError::Values { line: odd.line, value: odd.value, kind, why, rounding });
    };
    let mut changed = Vec::with_capacity(values.len());
    for value in &values {
        let value = f64::from(*value);
        let (kind, why) = (judged.kind.words(), judged.why.clone());
        let wrong = MtxError::Values { line: odd.line, value, kind, why, rounding: false };
        changed.push(convert.value(value).ok_or(wrong)?);
    }
    let expression = if convert.scale() == Scale::Counts {
        let counts = changed.into_iter().map(|value| value as u32).collect();
        Expression::Counts(Counts::new(genes, starts, columns, counts)?)
    } else {
        let values = changed.into_iter().map(|value| value as f32).collect();
        Expression::LogNormalised(Normalised::new(genes, starts, columns, values)?)
    };
    Ok((expression, judged, convert))
}
