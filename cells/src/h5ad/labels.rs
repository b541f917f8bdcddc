//! One label of the cells of an open file.
//!
//! Does: reads categorical, text, whole-number, floating-point and yes/no columns, nullable ones among them, in today's
//! and the older encodings, a window at a time.
//! Does not know: which columns a frame has, what a label means.
//! Flow: column of a frame → **`Column`** of a window.

use std::sync::Arc;

use super::error::H5adError;
use super::store::{Array, Hdf5, Values, below};
use crate::column::Column;

/// One label of an open file.
#[derive(Clone)]
pub struct LabelRows {
    place: String,
    rows: usize,
    how: How,
}

/// How it is stored.
#[derive(Clone)]
enum How {
    /// Codes for texts that stand apart.
    Codes { codes: Box<Array>, categories: Arc<Vec<String>> },
    /// Values.
    Plain(Box<Array>),
    /// Values, and which of them are missing.
    Masked { values: Box<Array>, mask: Box<Array> },
    /// In memory.
    Held(Arc<Column>),
}

/// A column whose values are as they are.
fn plain(array: &Array, first: usize, count: usize) -> Result<Column, H5adError> {
    Ok(match array.values() {
        Values::Whole => Column::Integer(array.wholes(first, count)?),
        Values::Float => Column::Float(array.floats(first, count)?),
        Values::Boolean => Column::Boolean(array.wholes(first, count)?.into_iter().map(|value| value != 0).collect()),
        Values::Text => Column::categorical(&array.texts(first, count)?),
        Values::Compound(_) => return Err(unreadable(array.place(), "records")),
        Values::Other(words) => return Err(unreadable(array.place(), &words)),
    })
}

fn unreadable(place: &str, found: &str) -> H5adError {
    H5adError::Encoding { place: place.to_owned(), found: found.to_owned() }
}

/// An array that can be a column: one value for each row.
fn as_column(array: Array) -> Result<Array, H5adError> {
    match (array.shape().len(), array.values()) {
        (1, Values::Compound(_)) => Err(unreadable(array.place(), "records")),
        (1, Values::Other(words)) => Err(unreadable(array.place(), &words)),
        (1, _) => Ok(array),
        (0, _) => Err(unreadable(array.place(), "a single value or nothing")),
        (more, _) => Err(unreadable(array.place(), &format!("an array of {more} dimensions"))),
    }
}

impl LabelRows {
    /// A label that stands at a place: a data set, or a group of codes or of values with their mask.
    ///
    /// # Errors
    /// When it is not there or cannot be a label.
    pub(super) fn open(file: &Hdf5, place: &str) -> Result<Self, H5adError> {
        if !file.has_group(place) {
            return Self::of_array(file.array(place)?, None);
        }
        let part = |name: &str| file.array(&below(place, name)).and_then(as_column);
        let (arrays, groups) = file.members(place)?;
        let has = |name: &str| arrays.iter().chain(&groups).any(|own| own == name);
        if has("codes") && has("categories") {
            let categories = Self::open(file, &below(place, "categories"))?.all_texts()?;
            return Self::of_array(part("codes")?, Some(categories)).map(|own| Self { place: place.to_owned(), ..own });
        }
        if has("values") && !has("mask") {
            // Nothing is missing, and a writer left the marks out.
            return Self::of_array(part("values")?, None).map(|own| Self { place: place.to_owned(), ..own });
        }
        if has("values") {
            let (values, mask) = (part("values")?, part("mask")?);
            if values.rows() != mask.rows() {
                let found = format!("{} values with {} marks of missing ones", values.rows(), mask.rows());
                return Err(H5adError::Encoding { place: place.to_owned(), found });
            }
            return Ok(Self {
                place: place.to_owned(),
                rows: values.rows(),
                how: How::Masked { values: Box::new(values), mask: Box::new(mask) },
            });
        }
        let found = super::store::text(file.attributes(place).get("encoding-type"));
        let found = found.map_or_else(|| "a group".to_owned(), |found| format!("`{found}`"));
        Err(H5adError::Encoding { place: place.to_owned(), found })
    }

    /// A label of values, or of codes where categories are given.
    pub(super) fn of_array(array: Array, categories: Option<Vec<String>>) -> Result<Self, H5adError> {
        let array = as_column(array)?;
        let (place, rows) = (array.place().to_owned(), array.rows());
        let how = match categories {
            Some(categories) => How::Codes { codes: Box::new(array), categories: Arc::new(categories) },
            None => How::Plain(Box::new(array)),
        };
        Ok(Self { place, rows, how })
    }

    /// A label in memory.
    pub(super) fn held(place: &str, column: Column) -> Self {
        Self { place: place.to_owned(), rows: column.len(), how: How::Held(Arc::new(column)) }
    }

    /// Number of rows.
    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Path in the file.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// Whether its values are texts, or stand for texts.
    pub(super) fn is_text(&self) -> bool {
        match &self.how {
            How::Codes { .. } => true,
            How::Plain(array) | How::Masked { values: array, .. } => array.values() == Values::Text,
            How::Held(column) => matches!(column.as_ref(), Column::Categorical { .. }),
        }
    }

    /// The label of `count` cells from `first` on.
    ///
    /// # Errors
    /// When the file is damaged there.
    pub fn read(&self, first: usize, count: usize) -> Result<Column, H5adError> {
        match &self.how {
            How::Plain(array) => plain(array, first, count),
            How::Held(column) => Ok(column.select(&(first..first + count).collect::<Vec<_>>())),
            How::Masked { values, mask } => {
                let missing: Vec<bool> = mask.wholes(first, count)?.into_iter().map(|mark| mark != 0).collect();
                Ok(without(plain(values, first, count)?, &missing))
            }
            How::Codes { codes, categories } => {
                let known = categories.len() as i64;
                let mut stored = codes.wholes(first, count)?;
                // −1 that was written as a number without a sign.
                if let Some(none) = codes.all_ones().filter(|none| *none >= known) {
                    stored.iter_mut().filter(|code| **code == none).for_each(|code| *code = -1);
                }
                if let Some(code) = stored.iter().find(|code| **code >= known) {
                    return Err(H5adError::Damaged {
                        place: self.place.clone(),
                        what: format!("it holds the code {code}, but there are {known} categories"),
                    });
                }
                // Every code below 0 is a missing value.
                let codes = stored.into_iter().map(|code| i32::try_from(code.max(-1)).unwrap_or(-1)).collect();
                Ok(of_codes(codes, categories))
            }
        }
    }

    /// All rows as texts; empty where a value is missing.
    ///
    /// # Errors
    /// As [`LabelRows::read`].
    pub(super) fn all_texts(&self) -> Result<Vec<String>, H5adError> {
        // A text column is read as it is: there is no need to number its values.
        if let How::Plain(array) = &self.how
            && array.values() == Values::Text
        {
            return array.texts(0, self.rows);
        }
        let column = self.read(0, self.rows)?;
        Ok((0..column.len()).map(|row| column.text(row).unwrap_or_default().into_owned()).collect())
    }
}

/// Codes with the categories that they stand for: all of them, or those of a short window alone, so that a window of a
/// label with a million categories does not copy them all.
fn of_codes(mut codes: Vec<i32>, all: &[String]) -> Column {
    if all.len() <= codes.len().max(64) {
        return Column::Categorical { codes, categories: all.to_vec() };
    }
    let mut places = std::collections::HashMap::new();
    let mut categories = Vec::new();
    for code in codes.iter_mut().filter(|code| **code >= 0) {
        let next = categories.len() as i32;
        *code = *places.entry(*code).or_insert_with_key(|code| {
            categories.push(all[*code as usize].clone());
            next
        });
    }
    Column::Categorical { codes, categories }
}

/// A column with some values missing; numbers that cannot be missing become texts.
fn without(column: Column, missing: &[bool]) -> Column {
    if !missing.contains(&true) {
        return column;
    }
    if let Column::Float(mut values) = column {
        values.iter_mut().zip(missing).filter(|(_, missing)| **missing).for_each(|(value, _)| *value = f64::NAN);
        return Column::Float(values);
    }
    let texts: Vec<Option<String>> = (0..column.len())
        .map(|row| column.text(row).filter(|_| !missing[row]).map(std::borrow::Cow::into_owned))
        .collect();
    Column::with_missing(&texts)
}
