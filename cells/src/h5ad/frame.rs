//! Data frames of a file of cells: `obs` and `var`.
//!
//! Does: finds index and columns of a group of columns (anndata 0.7 and later) or of an array of records (before), opens
//! columns, names those that cannot be labels and says why.
//! Does not know: which label means what.
//! Flow: `obs`, `var` → **names and labels**.

use super::error::H5adError;
use super::labels::LabelRows;
use super::store::{Array, Hdf5, Member, Values, below, text};
use crate::report::LeftOut;

/// Columns that can be labels, by name.
pub(super) type Labels = Vec<(String, LabelRows)>;

/// How a frame is stored.
#[derive(Clone)]
enum Form {
    /// A group of columns.
    Group,
    /// An array of records, with their members.
    Records(Box<Array>, Vec<Member>),
}

/// A data frame.
#[derive(Clone)]
pub(super) struct Frame {
    file: Hdf5,
    place: String,
    form: Form,
    /// Name of the column that names the rows.
    index: Option<String>,
}

impl Frame {
    /// Opens a frame.
    ///
    /// # Errors
    /// When there is none.
    pub(super) fn open(file: &Hdf5, place: &str) -> Result<Self, H5adError> {
        let make = |form, index| Self { file: file.clone(), place: place.to_owned(), form, index };
        if file.has_group(place) {
            let index = group_index(file, place)?;
            return Ok(make(Form::Group, index));
        }
        let array = file.array(place)?;
        let Values::Compound(members) = array.values() else {
            return Err(H5adError::Encoding {
                place: place.to_owned(),
                found: "an array that holds no records".to_owned(),
            });
        };
        let named = |name: &str| members.iter().find(|member| member.name == name);
        let texts = || members.iter().find(|member| array.member(member).values() == Values::Text);
        let index = named("index").or_else(|| named("_index")).or_else(texts).map(|member| member.name.clone());
        Ok(make(Form::Records(Box::new(array), members), index))
    }

    /// Path in the file.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// Number of rows, by its index or its first columns; none when nothing tells.
    pub(super) fn rows(&self) -> Option<usize> {
        if let Form::Records(array, _) = &self.form {
            return Some(array.rows());
        }
        if let Ok(Some(index)) = self.index() {
            return Some(index.rows());
        }
        self.keys().ok()?.iter().find_map(|key| self.column(key).ok()).map(|label| label.rows())
    }

    /// The column that names the rows; none when there is none.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn index(&self) -> Result<Option<LabelRows>, H5adError> {
        self.index.as_deref().map(|index| self.column(index)).transpose()
    }

    /// Names of all columns but the index, in the order of their names.
    pub(super) fn keys(&self) -> Result<Vec<String>, H5adError> {
        let mut keys = match &self.form {
            Form::Records(_, members) => members.iter().map(|member| member.name.clone()).collect(),
            Form::Group => {
                let (mut keys, groups) = self.file.members(&self.place)?;
                for group in groups.into_iter().filter(|name| name != "__categories") {
                    // A name with a slash makes a group of a part of it.
                    let inside = below(&self.place, &group);
                    let (parts, _) = self.file.members(&inside)?;
                    let is_column = ["codes", "values", "categories", "mask"]
                        .iter()
                        .any(|name| parts.iter().any(|own| own == name))
                        || self.file.attributes(&inside).contains_key("encoding-type");
                    match is_column || parts.is_empty() {
                        true => keys.push(group),
                        false => keys.extend(parts.into_iter().map(|part| format!("{group}/{part}"))),
                    }
                }
                keys
            }
        };
        keys.retain(|name: &String| Some(name) != self.index.as_ref());
        keys.sort();
        Ok(keys)
    }

    /// A column, the index too.
    ///
    /// # Errors
    /// When it is not there or cannot be a label.
    pub(super) fn column(&self, key: &str) -> Result<LabelRows, H5adError> {
        let place = below(&self.place, key);
        match &self.form {
            Form::Records(array, members) => {
                let member = members.iter().find(|member| member.name == key);
                let array = array.member(member.ok_or(H5adError::Missing { place })?);
                let apart = format!("uns/{key}_categories");
                let is_code = array.values() == Values::Whole && self.file.has_array(&apart);
                let categories = is_code.then(|| LabelRows::open(&self.file, &apart)?.all_texts()).transpose()?;
                LabelRows::of_array(array, categories)
            }
            Form::Group => {
                // anndata 0.7 kept the categories of all columns in a group of their own.
                let apart = format!("{}/__categories/{key}", self.place);
                if self.file.has_array(&apart) && self.file.has_array(&place) {
                    let categories = LabelRows::open(&self.file, &apart)?.all_texts()?;
                    return LabelRows::of_array(self.file.array(&place)?, Some(categories));
                }
                LabelRows::open(&self.file, &place)
            }
        }
    }

    /// Columns that can be labels of `rows` rows, and those that cannot.
    pub(super) fn labels(&self, rows: usize) -> Result<(Labels, Vec<LeftOut>), H5adError> {
        let (mut labels, mut left_out) = (Vec::new(), Vec::new());
        for key in self.keys()? {
            let fits = |label: LabelRows| {
                let found = format!("{} rows long", label.rows());
                let (place, expected) = (label.place().to_owned(), format!("{rows} rows"));
                if label.rows() == rows { Ok(label) } else { Err(H5adError::Shape { place, found, expected }) }
            };
            match self.column(&key).and_then(fits) {
                Ok(label) => labels.push((key, label)),
                Err(error) => left_out.push(LeftOut { place: below(&self.place, &key), why: error.of_column() }),
            }
        }
        Ok((labels, left_out))
    }
}

/// Name of a group's index column.
fn group_index(file: &Hdf5, place: &str) -> Result<Option<String>, H5adError> {
    let (arrays, groups) = file.members(place)?;
    let there = |name: &str| arrays.iter().chain(&groups).any(|own| own == name);
    if let Some(named) = text(file.attributes(place).get("_index")).filter(|name| there(name)) {
        return Ok(Some(named));
    }
    let usual = ["_index", "index", "barcodes", "features"];
    let of_loom = ["CellID", "cell_id", "obs_names", "Gene", "gene", "var_names", "Accession"];
    let more: &[&str] = if place.ends_with("_attrs") { &of_loom } else { &[] };
    Ok(usual.iter().chain(more).find(|name| there(name)).map(|name| (*name).to_owned()))
}
