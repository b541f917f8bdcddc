//! One shard: a few thousand cells in a Parquet file of one row group.
//!
//! Does: writes and reads cells (sparse genes and counts), their labels, roles and where they came from; reads
//! labels alone.
//! Does not know: which cells belong together, checksums, training.
//! Flow: `prepare` → **Parquet bytes** → `stream`.
//!
//! Columns: `source` and `row` (place in its file), `cell` (name), `role`, `depth` (UMIs of the whole cell, genes
//! outside the panel included), one text per label (null where a cell has none), `genes` (list of ascending panel places)
//! and `counts` (list). Places and counts are unsigned 32-bit numbers, and other programs are told so.

use std::fs::File;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use parquet::basic::{Compression, Encoding, LogicalType, Repetition, Type as Physical};
use parquet::column::reader::get_typed_column_reader;
use parquet::data_type::{ByteArray, ByteArrayType, DataType, Int32Type, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{ChunkReader, FileReader, SerializedFileReader};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::{ColumnPath, Type, TypePtr};
use sha2::{Digest, Sha256};

use super::role::Role;

/// Most cells of a shard; `prepare` allows no more.
pub const MOST_CELLS: usize = 1 << 20;
/// Columns that are no labels.
pub const RESERVED: [&str; 7] = ["source", "row", "cell", "role", "depth", "genes", "counts"];

/// Labels of a shard's cells.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Labels {
    /// Role of every cell.
    pub roles: Vec<Role>,
    /// UMIs of every cell in its file.
    pub depths: Vec<u64>,
    /// Texts of every label, in the order of the keys; an empty text is a missing label.
    pub texts: Vec<Vec<String>>,
}

impl Labels {
    /// SHA-256 of all of it.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        self.roles.iter().for_each(|role| hash.update([*role as u8]));
        self.depths.iter().for_each(|depth| hash.update(depth.to_le_bytes()));
        for text in self.texts.iter().flatten() {
            // The length first, so that texts cannot run into each other.
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text.as_bytes());
        }
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Cells of a shard.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shard {
    /// Where each cell's genes start, and the end [cells + 1].
    pub starts: Vec<usize>,
    /// Panel places, ascending in every cell.
    pub genes: Vec<u32>,
    /// Counts, none of them 0.
    pub counts: Vec<u32>,
    /// Source of every cell.
    pub sources: Vec<u32>,
    /// Place of every cell in its source.
    pub rows: Vec<u64>,
    /// Names.
    pub names: Vec<String>,
    /// Roles, depths and labels.
    pub labels: Labels,
}

impl Shard {
    /// Number of cells.
    pub fn len(&self) -> usize {
        self.sources.len()
    }

    /// Whether it has no cells.
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }

    /// Genes and counts of a cell.
    pub fn row(&self, cell: usize) -> (&[u32], &[u32]) {
        let range = self.starts[cell]..self.starts[cell + 1];
        (&self.genes[range.clone()], &self.counts[range])
    }
}

/// A column of one number or text per cell.
fn column(name: &str, physical: Physical, repetition: Repetition) -> Result<TypePtr> {
    let logical = match physical {
        Physical::BYTE_ARRAY => Some(LogicalType::String),
        Physical::INT32 => Some(LogicalType::integer(32, false)),
        _ => None,
    };
    let built = Type::primitive_type_builder(name, physical).with_repetition(repetition).with_logical_type(logical);
    Ok(Arc::new(built.build()?))
}

/// A column of one list of numbers per cell.
fn list(name: &str) -> Result<TypePtr> {
    let element = column("element", Physical::INT32, Repetition::REQUIRED)?;
    let middle = Type::group_type_builder("list").with_repetition(Repetition::REPEATED).with_fields(vec![element]);
    let outer = Type::group_type_builder(name)
        .with_repetition(Repetition::REQUIRED)
        .with_logical_type(Some(LogicalType::List))
        .with_fields(vec![Arc::new(middle.build()?)]);
    Ok(Arc::new(outer.build()?))
}

/// Columns in order.
fn schema(keys: &[String]) -> Result<TypePtr> {
    let mut fields = vec![
        column("source", Physical::INT32, Repetition::REQUIRED)?,
        column("row", Physical::INT64, Repetition::REQUIRED)?,
        column("cell", Physical::BYTE_ARRAY, Repetition::REQUIRED)?,
        column("role", Physical::BYTE_ARRAY, Repetition::REQUIRED)?,
        column("depth", Physical::INT64, Repetition::REQUIRED)?,
    ];
    for key in keys {
        fields.push(column(key, Physical::BYTE_ARRAY, Repetition::OPTIONAL)?);
    }
    fields.extend([list("genes")?, list("counts")?]);
    Ok(Arc::new(Type::group_type_builder("cells").with_fields(fields).build()?))
}

/// Writes the next column.
fn put<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, &mut Vec<u8>>,
    values: &[T::T],
    (definition, repetition): (Option<&[i16]>, Option<&[i16]>),
) -> Result<()> {
    let mut column = group.next_column()?.context("the schema has fewer columns than the data")?;
    column.typed::<T>().write_batch(values, definition, repetition)?;
    column.close()?;
    Ok(())
}

/// A shard as Parquet; `keys` are the names of its labels.
///
/// # Errors
/// When the Parquet library refuses it.
pub fn write(shard: &Shard, keys: &[String]) -> Result<Vec<u8>> {
    let of = |name: &str| ColumnPath::new(vec![name.to_owned(), "list".to_owned(), "element".to_owned()]);
    let properties = WriterProperties::builder()
        .set_compression(Compression::UNCOMPRESSED)
        .set_column_encoding(of("genes"), Encoding::DELTA_BINARY_PACKED)
        .set_column_dictionary_enabled(of("genes"), false)
        .set_column_dictionary_enabled(ColumnPath::from("row"), false)
        .set_column_encoding(ColumnPath::from("row"), Encoding::DELTA_BINARY_PACKED)
        .set_column_dictionary_enabled(ColumnPath::from("cell"), false)
        .build();
    let mut bytes = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut bytes, schema(keys)?, Arc::new(properties))?;
    let mut group = writer.next_row_group()?;
    let texts = |list: &[String]| list.iter().map(|text| ByteArray::from(text.as_str())).collect::<Vec<_>>();
    let flat = (None, None);
    put::<Int32Type>(&mut group, &shard.sources.iter().map(|s| *s as i32).collect::<Vec<_>>(), flat)?;
    put::<Int64Type>(&mut group, &shard.rows.iter().map(|row| *row as i64).collect::<Vec<_>>(), flat)?;
    put::<ByteArrayType>(&mut group, &texts(&shard.names), flat)?;
    let roles: Vec<ByteArray> = shard.labels.roles.iter().map(|role| ByteArray::from(role.name())).collect();
    put::<ByteArrayType>(&mut group, &roles, flat)?;
    put::<Int64Type>(&mut group, &shard.labels.depths.iter().map(|d| *d as i64).collect::<Vec<_>>(), flat)?;
    for values in &shard.labels.texts {
        let defined: Vec<i16> = values.iter().map(|text| i16::from(!text.is_empty())).collect();
        let present: Vec<String> = values.iter().filter(|text| !text.is_empty()).cloned().collect();
        put::<ByteArrayType>(&mut group, &texts(&present), (Some(&defined), None))?;
    }
    let (definition, repetition) = levels(&shard.starts);
    for values in [&shard.genes, &shard.counts] {
        // Parquet's 32 bits; the schema says that they have no sign.
        let values: Vec<i32> = values.iter().map(|value| *value as i32).collect();
        put::<Int32Type>(&mut group, &values, (Some(&definition), Some(&repetition)))?;
    }
    group.close()?;
    writer.close()?;
    Ok(bytes)
}

/// Definition and repetition levels of the lists: an empty list is one entry of level 0.
fn levels(starts: &[usize]) -> (Vec<i16>, Vec<i16>) {
    let size = starts.last().copied().unwrap_or(0) + starts.len();
    let (mut definition, mut repetition) = (Vec::with_capacity(size), Vec::with_capacity(size));
    for pair in starts.windows(2) {
        let length = pair[1] - pair[0];
        definition.extend(std::iter::repeat_n(i16::from(length > 0), length.max(1)));
        repetition.push(0);
        repetition.extend(std::iter::repeat_n(1_i16, length.saturating_sub(1)));
    }
    (definition, repetition)
}

/// Values of a column, with their definition and repetition levels where it has any.
struct Levels<T: DataType> {
    values: Vec<T::T>,
    definition: Vec<i16>,
    repetition: Vec<i16>,
}

/// Reads columns by name.
struct Reader<R: ChunkReader + 'static> {
    reader: SerializedFileReader<R>,
    cells: usize,
}

impl<R: ChunkReader + 'static> Reader<R> {
    fn new(input: R) -> Result<Self> {
        let reader = SerializedFileReader::new(input)?;
        ensure!(reader.num_row_groups() == 1, "a shard has one row group");
        let cells = usize::try_from(reader.metadata().file_metadata().num_rows())?;
        // Memory is asked for by this number.
        ensure!(cells <= MOST_CELLS, "it states {cells} cells");
        Ok(Self { reader, cells })
    }

    /// What a column holds.
    fn levels<T: DataType>(&self, name: &str) -> Result<Levels<T>> {
        let group = self.reader.get_row_group(0)?;
        let columns = self.reader.metadata().file_metadata().schema_descr();
        let of = |place: &usize| columns.column(*place).path().parts().first().is_some_and(|part| part == name);
        let place = (0..columns.num_columns()).find(of).with_context(|| format!("it has no column `{name}`"))?;
        let physical = columns.column(place).physical_type();
        ensure!(physical == T::get_physical_type(), "its column `{name}` is of another type");
        let mut reader = get_typed_column_reader::<T>(group.get_column_reader(place)?);
        let (mut values, mut definition, mut repetition) = (Vec::new(), Vec::new(), Vec::new());
        let mut read = 0;
        while read < self.cells {
            let (records, ..) =
                reader.read_records(self.cells - read, Some(&mut definition), Some(&mut repetition), &mut values)?;
            ensure!(records > 0, "its column `{name}` is cut off");
            read += records;
        }
        Ok(Levels { values, definition, repetition })
    }

    /// Values of a column of one number or text per cell.
    fn column<T: DataType>(&self, name: &str) -> Result<Vec<T::T>> {
        let values = self.levels::<T>(name)?.values;
        ensure!(values.len() == self.cells, "its column `{name}` has {} values", values.len());
        Ok(values)
    }

    /// Values of a column of lists, and where the list of each cell starts.
    fn lists(&self, name: &str) -> Result<(Vec<i32>, Vec<usize>)> {
        let Levels { values, definition, repetition } = self.levels::<Int32Type>(name)?;
        let mut starts = Vec::with_capacity(self.cells + 1);
        let mut stored = 0;
        for (defined, repeated) in definition.iter().zip(&repetition) {
            if *repeated == 0 {
                starts.push(stored);
            }
            stored += usize::from(*defined > 0);
        }
        starts.push(stored);
        ensure!(
            starts.len() == self.cells + 1 && stored == values.len(),
            "its column `{name}` does not fit its number of cells"
        );
        Ok((values, starts))
    }

    /// A text for every cell; an empty one where there is none.
    fn texts(&self, name: &str) -> Result<Vec<String>> {
        let Levels { values, definition, .. } = self.levels::<ByteArrayType>(name)?;
        let mut texts = values.iter().map(|text| Ok(text.as_utf8()?.to_owned()));
        let found: Vec<String> = if definition.is_empty() {
            // A column in which no text can be missing.
            texts.collect::<Result<_>>()?
        } else {
            let of = |defined: &i16| if *defined > 0 { texts.next().transpose() } else { Ok(None) };
            definition.iter().map(of).map(|text| Ok(text?.unwrap_or_default())).collect::<Result<_>>()?
        };
        ensure!(found.len() == self.cells, "its column `{name}` has {} texts", found.len());
        Ok(found)
    }

    fn labels(&self, keys: &[String]) -> Result<Labels> {
        let roles = self.texts("role")?;
        Ok(Labels {
            roles: roles
                .iter()
                .map(|name| Role::of(name).with_context(|| format!("it has an unknown role {name:?}")))
                .collect::<Result<_>>()?,
            depths: self.column::<Int64Type>("depth")?.into_iter().map(|depth| depth as u64).collect(),
            texts: keys.iter().map(|key| self.texts(key)).collect::<Result<_>>()?,
        })
    }
}

/// A shard from its bytes.
///
/// # Errors
/// When it is no shard with these labels.
pub fn read(bytes: Vec<u8>, keys: &[String]) -> Result<Shard> {
    let reader = Reader::new(Bytes::from(bytes))?;
    let (genes, starts) = reader.lists("genes")?;
    let (counts, same) = reader.lists("counts")?;
    ensure!(starts == same, "its genes and counts do not fit together");
    let unsigned = |values: Vec<i32>| values.into_iter().map(|value| value as u32).collect::<Vec<u32>>();
    let shard = Shard {
        starts,
        genes: unsigned(genes),
        counts: unsigned(counts),
        sources: unsigned(reader.column::<Int32Type>("source")?),
        rows: reader.column::<Int64Type>("row")?.into_iter().map(|row| row as u64).collect(),
        names: reader.texts("cell")?,
        labels: reader.labels(keys)?,
    };
    Ok(shard)
}

/// Labels alone: counts are not read.
///
/// # Errors
/// When it is no shard with these labels.
pub fn read_labels(file: File, keys: &[String]) -> Result<Labels> {
    Reader::new(file)?.labels(keys)
}

#[cfg(test)]
mod tests {
    // A test fails by panicking; that is what `unwrap` is for here.
    #![allow(clippy::unwrap_used)]
    use super::{Labels, Shard, read, write};
    use crate::store::Role;

    #[test]
    fn cells_come_back_and_empty_ones_too() {
        let keys = ["cell_type".to_owned(), "perturbation".to_owned()];
        for sizes in [vec![2, 0, 3, 0], vec![0, 0], vec![1], vec![0, 4], vec![70_000, 0, 5]] {
            let mut starts = vec![0];
            sizes.iter().for_each(|size| starts.push(starts[starts.len() - 1] + size));
            let stored = *starts.last().unwrap() as u32;
            let n = sizes.len();
            let text = |word: &str| (0..n).map(|i| format!("{word} {}", i % 2)).collect::<Vec<_>>();
            let shard = Shard {
                starts,
                genes: (0..stored).map(|i| i % 70_000).collect(),
                counts: (0..stored).map(|i| 1 + i % 3 + if i == 4 { 3_000_000_000 } else { 0 }).collect(),
                sources: vec![3; n],
                rows: (0..n as u64).map(|row| row << 33).collect(),
                names: text("cell"),
                labels: Labels {
                    roles: (0..n).map(|i| [Role::Train, Role::Val, Role::Test][i % 3]).collect(),
                    depths: vec![7; n],
                    texts: vec![text("T"), text("")],
                },
            };
            let bytes = write(&shard, &keys).unwrap();
            assert_eq!(read(bytes.clone(), &keys).unwrap(), shard, "{sizes:?}");
            assert!(read(bytes[..bytes.len() / 2].to_vec(), &keys).is_err());
            assert!(read(bytes, &["donor".to_owned()]).is_err());
        }
    }
}
