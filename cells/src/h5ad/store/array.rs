//! A data set whose claims were checked, read in windows of rows.
//!
//! Does: tells shape and kind of values; gives windows as numbers or texts, whatever the type in the file; a member of
//! a compound is an array too.
//! Does not know: what the values mean.
//! Flow: HDF5 data set → **numbers, texts** → frames, matrices.

use std::sync::Arc;

use hdf5_pure::{CharacterSet, Dataset, Datatype, Layout, StringPadding};

use super::chunks::Chunks;
use super::numbers::Number;
use super::{ANYWAY, Hdf5, PLAUSIBLE, at, filters};
use crate::h5ad::error::H5adError;

/// Packed data may be so many times larger than the file: what deflate can reach at most.
const UNPACKED: u64 = 1032;

/// What an array holds.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::h5ad) enum Values {
    /// Whole numbers.
    Whole,
    /// Numbers with a fraction.
    Float,
    /// Yes or no.
    Boolean,
    /// Texts.
    Text,
    /// Records of named members.
    Compound(Vec<Member>),
    /// Something that is not read, in words.
    Other(String),
}

/// A member of a record.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::h5ad) struct Member {
    /// Its name.
    pub(in crate::h5ad) name: String,
    offset: usize,
    datatype: Datatype,
}

/// How texts are stored.
enum Texts {
    /// References to the heap.
    Heap,
    /// So many bytes each, filled up with zeros or blanks.
    Fixed(StringPadding),
}

/// An array of a file.
#[derive(Clone)]
pub(in crate::h5ad) struct Array {
    file: Hdf5,
    dataset: Dataset,
    place: String,
    shape: Vec<u64>,
    /// Type of an element, or of the member that is looked at.
    datatype: Datatype,
    /// Bytes of an element.
    element: usize,
    /// Where in an element the looked-at bytes begin.
    offset: usize,
    /// Chunks that the library beneath cannot unpack.
    chunks: Option<Arc<Chunks>>,
}

impl Array {
    /// Looks at a data set's head.
    pub(super) fn new(file: &Hdf5, dataset: Dataset, place: &str) -> Result<Self, H5adError> {
        let (shape, datatype) = (at(place, dataset.shape())?, at(place, dataset.datatype())?);
        let element = at(place, dataset.element_size())?;
        at(place, dataset.layout())?;
        check_claim(file, &dataset, place, &shape, element)?;
        let pipeline = dataset.filter_pipeline();
        if let Some(filter) = filters::unknown(&pipeline) {
            return Err(H5adError::Filter { place: place.to_owned(), filter });
        }
        let chunks = if pipeline.iter().any(|filter| filters::is_ours(filter.id)) {
            let found = Chunks::new(file.source.clone(), &dataset, &shape, element as usize);
            Some(Arc::new(found.map_err(|what| H5adError::Damaged { place: place.to_owned(), what })?))
        } else {
            None
        };
        let (file, place, element) = (file.clone(), place.to_owned(), element as usize);
        Ok(Self { file, dataset, place, shape, datatype, element, offset: 0, chunks })
    }

    /// Path in the file.
    pub(in crate::h5ad) fn place(&self) -> &str {
        &self.place
    }

    /// Lengths of its dimensions; none for a single value.
    pub(in crate::h5ad) fn shape(&self) -> &[u64] {
        &self.shape
    }

    /// Length of the first dimension; 1 for a single value.
    pub(in crate::h5ad) fn rows(&self) -> usize {
        self.shape.first().map_or(1, |rows| *rows as usize)
    }

    /// What the elements are.
    pub(in crate::h5ad) fn values(&self) -> Values {
        if self.texts_as().is_some() {
            return Values::Text;
        }
        match &self.datatype {
            Datatype::Enumeration { members, .. } if members.len() <= 2 => Values::Boolean,
            // PyTables' yes or no.
            Datatype::BitField { size: 1, .. } => Values::Boolean,
            Datatype::Compound { members, .. } => {
                let complex = members.iter().map(|member| member.name.as_str()).eq(["r", "i"]);
                let member = |member: &hdf5_pure::CompoundMember| Member {
                    name: member.name.clone(),
                    offset: member.byte_offset as usize,
                    datatype: member.datatype.clone(),
                };
                if complex {
                    Values::Other("complex numbers".to_owned())
                } else {
                    Values::Compound(members.iter().map(member).collect())
                }
            }
            Datatype::VariableLength { .. } => Values::Other("lists of different lengths".to_owned()),
            Datatype::Array { .. } => Values::Other("lists".to_owned()),
            Datatype::Reference { .. } => Values::Other("references".to_owned()),
            other => match Number::of(other) {
                Some(number) if number.is_float() => Values::Float,
                Some(_) => Values::Whole,
                None => Values::Other("values of a type that is not read".to_owned()),
            },
        }
    }

    /// Whether it holds whole numbers with a sign, of at most 32 bits.
    pub(in crate::h5ad) fn is_short_signed(&self) -> bool {
        Number::of(&self.datatype).is_some_and(Number::is_short_signed)
    }

    /// What −1 reads as where the numbers have no sign; none where they have one.
    pub(in crate::h5ad) fn all_ones(&self) -> Option<i64> {
        Number::of(&self.datatype).and_then(Number::all_ones)
    }

    /// One member of an array of records.
    pub(in crate::h5ad) fn member(&self, member: &Member) -> Self {
        let place = format!("{}[{}]", self.place, member.name);
        let (datatype, offset) = (member.datatype.clone(), self.offset + member.offset);
        Self { place, datatype, offset, ..self.clone() }
    }

    fn damaged(&self, what: impl ToString) -> H5adError {
        H5adError::Damaged { place: self.place.clone(), what: what.to_string() }
    }

    fn texts_as(&self) -> Option<Texts> {
        match &self.datatype {
            Datatype::VariableLength { is_string: true, .. } => Some(Texts::Heap),
            // Lists of single letters, as some writers store texts.
            Datatype::VariableLength { base_type, .. } => {
                matches!(base_type.as_ref(), Datatype::String { size: 1, charset: CharacterSet::Ascii, .. })
                    .then_some(Texts::Heap)
            }
            Datatype::String { padding, .. } => Some(Texts::Fixed(padding.clone())),
            _ => None,
        }
    }

    /// Bytes of `count` rows from `first` on.
    fn bytes(&self, first: usize, count: usize) -> Result<Vec<u8>, H5adError> {
        let rows = self.rows();
        if first.checked_add(count).is_none_or(|end| end > rows) {
            return Err(self.damaged(format!("entries {first} to {} are asked of {rows}", first.saturating_add(count))));
        }
        let inner: u64 = self.shape.iter().skip(1).product();
        // The claim was checked, so these products are small.
        let expected = count * inner as usize * self.element;
        let bytes = match &self.chunks {
            Some(chunks) => chunks.rows(first as u64, count as u64).map_err(|what| self.damaged(what))?,
            None => at(&self.place, self.dataset.read_raw_rows(first as u64, count as u64))?,
        };
        if bytes.len() == expected { Ok(bytes) } else { Err(self.damaged("it ends before its last entry")) }
    }

    /// The looked-at bytes of each element.
    fn each<'a>(&self, bytes: &'a [u8], width: usize) -> Result<impl Iterator<Item = &'a [u8]>, H5adError> {
        let range = self.offset..self.offset + width;
        if range.end > self.element || self.element == 0 {
            return Err(self.damaged("its records are shorter than their members"));
        }
        Ok(bytes.chunks_exact(self.element).map(move |element| &element[range.clone()]))
    }

    fn number(&self) -> Result<Number, H5adError> {
        let found = || match self.values() {
            Values::Text => "texts, where numbers are needed".to_owned(),
            Values::Other(words) => words,
            _ => "records, where numbers are needed".to_owned(),
        };
        Number::of(&self.datatype).ok_or_else(|| H5adError::Encoding { place: self.place.clone(), found: found() })
    }

    /// `count` rows from `first` on as numbers.
    ///
    /// # Errors
    /// When they are no numbers, or the file is damaged there.
    pub(in crate::h5ad) fn floats(&self, first: usize, count: usize) -> Result<Vec<f64>, H5adError> {
        let (number, bytes) = (self.number()?, self.bytes(first, count)?);
        if self.element == number.width() {
            return Ok(number.floats(&bytes));
        }
        Ok(self.each(&bytes, number.width())?.map(|bytes| number.float(bytes)).collect())
    }

    /// `count` rows from `first` on as whole numbers.
    ///
    /// # Errors
    /// As [`Array::floats`].
    pub(in crate::h5ad) fn wholes(&self, first: usize, count: usize) -> Result<Vec<i64>, H5adError> {
        let (number, bytes) = (self.number()?, self.bytes(first, count)?);
        if self.element == number.width() {
            return Ok(number.wholes(&bytes));
        }
        Ok(self.each(&bytes, number.width())?.map(|bytes| number.whole(bytes)).collect())
    }

    /// `count` rows from `first` on as texts.
    ///
    /// # Errors
    /// When they are no texts, or the file is damaged there.
    pub(in crate::h5ad) fn texts(&self, first: usize, count: usize) -> Result<Vec<String>, H5adError> {
        let encoding = || H5adError::Encoding { place: self.place.clone(), found: "no text".to_owned() };
        let stored = self.texts_as().ok_or_else(encoding)?;
        let bytes = self.bytes(first, count)?;
        match stored {
            Texts::Heap => {
                let references = self.each(&bytes, self.file.heap.width())?;
                self.file.heap.texts(references).map_err(|what| self.damaged(what))
            }
            Texts::Fixed(padding) => {
                let width = self.datatype.type_size() as usize;
                Ok(self.each(&bytes, width)?.map(|bytes| fixed(bytes, &padding)).collect())
            }
        }
    }
}

/// A text of a fixed number of bytes without what fills it up.
fn fixed(bytes: &[u8], padding: &StringPadding) -> String {
    let end = match padding {
        StringPadding::NullTerminate => bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len()),
        StringPadding::NullPad => bytes.len() - bytes.iter().rev().take_while(|byte| **byte == 0).count(),
        StringPadding::SpacePad => bytes.len() - bytes.iter().rev().take_while(|byte| [0, b' '].contains(byte)).count(),
    };
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

/// Refuses a data set that claims more than the file can hold, before anything is allocated for it.
fn check_claim(file: &Hdf5, dataset: &Dataset, place: &str, shape: &[u64], element: u64) -> Result<(), H5adError> {
    let product = |edges: &[u64]| edges.iter().try_fold(element, |size, edge| size.checked_mul(*edge));
    let claimed = product(shape).unwrap_or(u64::MAX);
    let claims = |claimed, most| H5adError::Claims { place: place.to_owned(), claimed, most };
    let unpacked = file.len().saturating_mul(UNPACKED).saturating_add(64 * ANYWAY);
    let most = match at(place, dataset.layout())? {
        Layout::Compact { size } => size,
        Layout::Contiguous { address: Some(_), size } => size.min(file.len()),
        Layout::Chunked { chunk_shape, .. } => {
            let chunk = product(&chunk_shape).unwrap_or(u64::MAX);
            let growth = filters::growth(&dataset.filter_pipeline());
            // Packed values may be many times larger than the file, but never larger than its chunks; and a chunk is
            // read as a whole, so it has to lie in the file and to unpack to something that can be held.
            let mut all = 0_u64;
            for own in at(place, dataset.chunks())? {
                if own.address.checked_add(own.storage_size).is_none_or(|end| end > file.len()) {
                    let (what, size) = (own.storage_size, file.len());
                    let what = format!("a chunk of {what} bytes at {} ends outside the file of {size}", own.address);
                    return Err(H5adError::Damaged { place: place.to_owned(), what });
                }
                all = all.saturating_add(own.storage_size.saturating_mul(growth).min(chunk));
            }
            if chunk > unpacked && all > 0 {
                return Err(claims(chunk, unpacked));
            }
            all.min(unpacked)
        }
        _ => 0,
    };
    let plausible = claimed <= file.len().saturating_mul(PLAUSIBLE).saturating_add(ANYWAY);
    if plausible || (claimed <= most && usize::try_from(claimed).is_ok()) {
        return Ok(());
    }
    Err(claims(claimed, most))
}
