//! Files of cells by their paths.
//!
//! Does: opens an HDF5 file, packed or not, a Matrix Market file with the texts beside it (by the folder, or by the
//! matrix itself), or a dense table as rows of cells.
//! Does not know: what is in files; `cells` does.
//! Flow: path → **rows of cells with a report** → train, prepare, judge, `inspect`.

use std::fs::File;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use cells::Cells;
use cells::dense::{Scan, Values};
use cells::h5ad::{CellRows, H5adError, Matrix, ReadSeekSource, Shared};
use cells::matrix_market::{Companions, Inflate, Reader, Trio, genome};
use cells::parts::{Chosen, Part, choose};
use cells::sniff::HEAD;

/// Bytes of a piece of a matrix.
const PIECE: usize = 1 << 20;
/// Files of a folder that are looked at.
const LOOKED_AT: usize = 1000;

/// Folders with a matrix that an error lists, and how deep they are looked for.
const LISTED: usize = 6;
const DEEPEST: usize = 4;

/// What a command can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Counts.
    Counts,
    /// Counts, or log-normalised expression where there are none.
    Any,
    /// The same of a file that another model may have written: small fractions are logarithms.
    Predicted,
}

impl Wanted {
    /// Rows in memory, if they are what is wanted.
    fn check(self, rows: CellRows) -> Result<CellRows> {
        if self == Self::Counts {
            // Says what the values are, where they are no counts.
            rows.counts(0, 0)?;
        }
        Ok(rows)
    }
}

/// The first bytes of a file.
fn head(path: &Path) -> Result<Vec<u8>> {
    let mut head = Vec::new();
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    file.take(HEAD as u64).read_to_end(&mut head).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(head)
}

/// A file with its first bytes.
fn part(path: &Path) -> Result<Part> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(Part { name, head: head(path)? })
}

/// What a path stands for: the files beside a matrix belong to it.
fn parts(path: &Path) -> Result<(Vec<PathBuf>, Chosen)> {
    let mut paths = vec![path.to_owned()];
    let own = if path.is_dir() { None } else { Some(part(path)?) };
    let alone = own.as_ref().map(|own| choose(std::slice::from_ref(own)));
    if let Some(Ok(chosen)) = alone {
        return Ok((paths, chosen));
    }
    let name = own.as_ref().map_or("", |own| own.name.as_str()).to_lowercase();
    let is_matrix = name.trim_end_matches(".gz").ends_with(".mtx");
    let folder = if path.is_dir() { path } else { path.parent().unwrap_or(Path::new(".")) };
    if let Some(Err(sentence)) = &alone
        && !is_matrix
    {
        bail!("{sentence}");
    }
    // Files of one sample share what stands before `matrix`: GSM1_matrix.mtx.gz, GSM1_features.tsv.gz.
    let sample = ["matrix", "count_matrix", "dge"].iter().find_map(|word| name.find(word)).map(|end| &name[..end]);
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let listed = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut beside: Vec<PathBuf> = listed.filter_map(|entry| Some(entry.ok()?.path())).collect();
    beside.sort();
    beside.retain(|own| {
        let other = own.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
        let another_matrix = is_matrix && own != path && holds_matrix(&other);
        own.is_file()
            && !is_hidden(&other)
            && !another_matrix
            && (!is_matrix || own == path || other.starts_with(sample.unwrap_or_default()))
    });
    beside.truncate(LOOKED_AT);
    paths = beside;
    let found = paths.iter().map(|path| part(path)).collect::<Result<Vec<Part>>>()?;
    match choose(&found) {
        Ok(chosen) => Ok((paths, chosen)),
        Err(_) if found.is_empty() => bail!("{}", without_files(folder)),
        Err(sentence) => bail!("{sentence}"),
    }
}

/// Whether a file is one that systems make and hide; those of a zarr folder tell what it is.
fn is_hidden(name: &str) -> bool {
    name.starts_with('.') && ![".zgroup", ".zattrs", ".zmetadata"].contains(&name)
}

/// Whether a file holds a matrix, by its name.
fn holds_matrix(name: &str) -> bool {
    let plain = name.trim_end_matches(".gz");
    [".mtx", ".h5ad", ".h5", ".h5mu", ".hdf5", ".loom"].iter().any(|end| plain.ends_with(end))
}

/// What a folder without files says: the folders in it, down to those with a matrix.
fn without_files(folder: &Path) -> String {
    let (mut found, mut left) = (Vec::new(), vec![(folder.to_owned(), 0)]);
    for _ in 0..LOOKED_AT {
        let Some((own, depth)) = left.pop().filter(|_| found.len() < LISTED) else { break };
        let entries = std::fs::read_dir(&own).into_iter().flatten().flatten().take(LOOKED_AT);
        let paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        let is_one = |path: &PathBuf| {
            path.is_file() && path.file_name().is_some_and(|name| holds_matrix(&name.to_string_lossy().to_lowercase()))
        };
        if depth > 0 && paths.iter().any(is_one) {
            found.push(own.display().to_string());
        } else if depth < DEEPEST {
            left.extend(paths.into_iter().filter(|path| path.is_dir()).map(|path| (path, depth + 1)));
        }
    }
    found.sort();
    let there = format!("there is no file of cells in {}", folder.display());
    if found.is_empty() {
        there
    } else {
        format!("{there}; name one of the folders with a matrix: {}", found.join(", "))
    }
}

/// The bytes of an HDF5 file, unpacked where they are packed, with their number.
fn source(path: &Path, packed: bool) -> Result<(Shared, u64)> {
    if packed {
        let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let bytes = Inflate::all(&bytes)?;
        let size = bytes.len() as u64;
        return Ok((
            Shared::new(ReadSeekSource::new(Cursor::new(bytes)).map_err(|error| anyhow::anyhow!("{error}"))?),
            size,
        ));
    }
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    let size = file.metadata()?.len();
    Ok((Shared::new(ReadSeekSource::new(file).map_err(|error| anyhow::anyhow!("{error}"))?), size))
}

/// Rows of a Matrix Market file.
fn trio(matrix: &Path, features: &Path, barcodes: &Path, asked: &Matrix) -> Result<CellRows> {
    let read = |path: &Path| std::fs::read(path).with_context(|| format!("cannot read {}", path.display()));
    let (features, barcodes) = (read(features)?, read(barcodes)?);
    let mut file = File::open(matrix).with_context(|| format!("cannot read {}", matrix.display()))?;
    let (mut inflate, mut reader, mut making) = (Inflate::new(), Reader::new(), None::<Trio>);
    let mut early = Vec::new();
    let mut piece = vec![0; PIECE];
    loop {
        let length = file.read(&mut piece).with_context(|| format!("cannot read {}", matrix.display()))?;
        let last = length == 0;
        let text = if last { std::mem::take(&mut inflate).finish()? } else { inflate.push(&piece[..length])? };
        // Entries that come with the size line wait until the names were fitted to the size.
        reader.push(&text, &mut |entry| match &mut making {
            Some(making) => making.take(entry),
            None => early.push(entry),
        })?;
        if let (None, Some(size)) = (&making, reader.size()) {
            let companions = Companions::read(&features, &barcodes, size, genome(asked))?;
            let mut own = Trio::new(companions, size.stored, None);
            early.drain(..).for_each(|entry| own.take(entry));
            making = Some(own);
        }
        if last {
            break;
        }
    }
    let mut rest = Vec::new();
    let (size, odd) = reader.finish(&mut |entry| rest.push(entry))?;
    let mut making = match making {
        Some(making) => making,
        None => Trio::new(Companions::read(&features, &barcodes, size, genome(asked))?, size.stored, None),
    };
    rest.into_iter().for_each(|entry| making.take(entry));
    Ok(making.finish(odd, asked)?.into_rows())
}

/// Hands out the text of a file, packed or not, a piece at a time.
fn pieces(path: &Path, mut take: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
    let failed = || format!("cannot read {}", path.display());
    let mut file = File::open(path).with_context(failed)?;
    let (mut inflate, mut piece) = (Inflate::new(), vec![0; PIECE]);
    loop {
        let length = file.read(&mut piece).with_context(failed)?;
        if length == 0 {
            return take(&inflate.finish()?);
        }
        take(&inflate.push(&piece[..length])?)?;
    }
}

/// Rows of a dense table, which is read twice: for what stands where, and for its values.
fn table(path: &Path, asked: &Matrix) -> Result<CellRows> {
    let mut scan = Scan::new();
    pieces(path, |text| Ok(scan.push(text)?))?;
    let table = scan.finish(asked)?;
    let (mut values, mut making) = (Values::new(&table), table.trio(None));
    pieces(path, |text| Ok(values.push(text, &mut |entry| making.take(entry))?))?;
    let odd = values.finish(&mut |entry| making.take(entry))?;
    Ok(making.finish(odd, asked)?.into_rows())
}

/// Opens cells by a path: an HDF5 file, a folder of a matrix with its texts, such a matrix, or a dense table.
///
/// The second value is the number of bytes that they come from. A matrix that is compressed by genes is an error of its
/// own, because it cannot be read a few cells at a time; [`rows`] gathers it.
///
/// # Errors
/// When nothing that is read is there; the sentence says what is wrong, and where.
pub fn streamed(path: &Path, matrix: &Matrix, wanted: Wanted) -> Result<(Result<CellRows, H5adError>, u64)> {
    let (paths, chosen) = parts(path)?;
    match chosen {
        Chosen::Hdf5 { file, packed } => {
            let (source, size) = source(&paths[file], packed)?;
            let rows = match (wanted, matrix) {
                (Wanted::Counts, matrix) => CellRows::open(source, matrix),
                (Wanted::Predicted, _) => CellRows::open_any(source),
                (Wanted::Any, matrix) => CellRows::open_whole(source, matrix),
            };
            Ok((rows, size))
        }
        Chosen::Trio { matrix: file, features, barcodes } => {
            let size = std::fs::metadata(&paths[file])?.len();
            let rows = trio(&paths[file], &paths[features], &paths[barcodes], matrix)?;
            Ok((Ok(wanted.check(rows)?), size))
        }
        Chosen::Table { file } => {
            let size = std::fs::metadata(&paths[file])?.len();
            Ok((Ok(wanted.check(table(&paths[file], matrix)?)?), size))
        }
    }
}

/// The same; a matrix that is compressed by genes is gathered in memory.
///
/// # Errors
/// As [`streamed`].
pub fn rows(path: &Path, matrix: &Matrix, wanted: Wanted) -> Result<(CellRows, u64)> {
    let failed = || format!("{} cannot be used", path.display());
    match streamed(path, matrix, wanted).with_context(failed)? {
        (Ok(rows), size) => Ok((rows.in_rows(size).with_context(failed)?, size)),
        (Err(H5adError::ByGenes { .. }), _) => {
            let (paths, chosen) = parts(path)?;
            let Chosen::Hdf5 { file, packed } = chosen else { bail!("{} changed while it was read", path.display()) };
            let (source, size) = source(&paths[file], packed)?;
            let rows = match wanted {
                Wanted::Counts => CellRows::open_counts(source, matrix),
                Wanted::Any | Wanted::Predicted => CellRows::open_whole(source, matrix),
            };
            Ok((rows.and_then(|rows| rows.in_rows(size)).with_context(failed)?, size))
        }
        (Err(error), _) => Err(error).with_context(failed),
    }
}

/// Files that a path stands for, in the order of their names: what a fingerprint is made of.
///
/// # Errors
/// As [`streamed`].
pub fn members(path: &Path) -> Result<Vec<PathBuf>> {
    let (paths, chosen) = parts(path)?;
    let mut own = match chosen {
        Chosen::Hdf5 { file, .. } | Chosen::Table { file } => vec![paths[file].clone()],
        Chosen::Trio { matrix, features, barcodes } => {
            [matrix, features, barcodes].map(|place| paths[place].clone()).to_vec()
        }
    };
    own.sort();
    Ok(own)
}

/// Whether a folder holds a file of cells, and so no store.
pub(super) fn has_matrix(folder: &Path) -> bool {
    let names = std::fs::read_dir(folder).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.file_name()));
    names.map(|name| name.to_string_lossy().to_lowercase()).any(|name| !is_hidden(&name) && holds_matrix(&name))
}

/// Reads all cells of a file of counts, or of a folder of a matrix with its texts.
///
/// # Errors
/// When they cannot be read or are not what they should be.
pub fn read_cells(path: &Path) -> Result<Cells> {
    ensure!(
        !path.is_dir() || has_matrix(path),
        "{} is no file of cells (.h5ad, .h5, .csv) and no folder of a matrix.mtx: {}",
        path.display(),
        without_files(path)
    );
    let (rows, size) = rows(path, &Matrix::Auto, Wanted::Counts)?;
    rows.all(size).with_context(|| format!("{} cannot be used", path.display()))
}
