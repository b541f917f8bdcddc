//! Data frames of an AnnData file: the index and the labels of obs and var.
//!
//! Does: reads string indices and categorical, text, whole-number, floating-point and yes/no
//! columns in today's and the older encodings. Columns of other kinds are left out, not refused:
//! they carry nothing that is needed here.
//! Does not know: which label means what.
//! Flow: `obs`, `var` → names and `Column`s.

use std::collections::BTreeMap;

use hdf5_pure::{AttrValue, DType, Dataset, File, Group};

use super::error::H5adError;
use crate::column::Column;

/// A group, or the error that names its place.
pub(super) fn group(file: &File, place: &str) -> Result<Group, H5adError> {
    file.group(place).map_err(|_| H5adError::Missing { place: place.to_owned() })
}

/// Puts a place to a library error.
pub(super) fn at<T>(place: &str, result: Result<T, hdf5_pure::Error>) -> Result<T, H5adError> {
    result.map_err(|source| H5adError::Unreadable { place: place.to_owned(), source })
}

/// Text of an attribute, however it is stored.
pub(super) fn text(value: Option<&AttrValue>) -> Option<String> {
    match value? {
        AttrValue::String(text) | AttrValue::AsciiString(text) | AttrValue::VarLenString(text) => Some(text.clone()),
        AttrValue::StringArray(list) | AttrValue::VarLenStringArray(list) | AttrValue::AsciiStringArray(list) => {
            list.first().cloned()
        }
        _ => None,
    }
}

/// Name of the column that is a data frame's index.
pub(super) fn index_key(frame: &Group, place: &str) -> Result<String, H5adError> {
    Ok(text(at(place, frame.attrs())?.get("_index")).unwrap_or_else(|| "_index".to_owned()))
}

/// Names of the columns of a data frame, its index left out.
pub(super) fn column_keys(file: &File, place: &str) -> Result<Vec<String>, H5adError> {
    let frame = group(file, place)?;
    let index = index_key(&frame, place)?;
    let mut keys = at(place, frame.datasets())?;
    keys.extend(at(place, frame.groups())?.into_iter().filter(|name| name != "__categories"));
    keys.retain(|name| *name != index);
    keys.sort();
    Ok(keys)
}

/// The index of a data frame: gene symbols or cell names.
pub(super) fn index(file: &File, place: &str) -> Result<Vec<String>, H5adError> {
    let frame = group(file, place)?;
    let key = index_key(&frame, place)?;
    let full = format!("{place}/{key}");
    match frame.dataset(&key) {
        Ok(dataset) => at(&full, dataset.read_string()),
        // An index that is itself categorical.
        Err(_) => match frame.group(&key).ok().map(|inner| categorical(&inner, &full)).transpose()? {
            Some(column) => Ok((0..column.len()).map(|i| column.text(i).unwrap_or_default().into_owned()).collect()),
            None => Err(H5adError::Missing { place: full }),
        },
    }
}

/// Every readable column of a data frame with `length` rows.
pub(super) fn columns(file: &File, place: &str, length: usize) -> Result<BTreeMap<String, Column>, H5adError> {
    let frame = group(file, place)?;
    let index = index_key(&frame, place)?;
    let mut columns = BTreeMap::new();
    for name in at(place, frame.datasets())? {
        let full = format!("{place}/{name}");
        if name == index {
            continue;
        }
        let dataset = at(&full, frame.dataset(&name))?;
        if let Some(column) = plain(&frame, &dataset, &name, &full)? {
            columns.insert(name, column);
        }
    }
    for name in at(place, frame.groups())? {
        let full = format!("{place}/{name}");
        let inner = at(&full, frame.group(&name))?;
        let encoding = text(at(&full, inner.attrs())?.get("encoding-type")).unwrap_or_default();
        let column = match encoding.as_str() {
            "categorical" => Some(categorical(&inner, &full)?),
            "nullable-integer" | "nullable-boolean" | "nullable-string-array" => nullable(&inner, &full)?,
            _ => None,
        };
        if let Some(column) = column {
            columns.insert(name, column);
        }
    }
    for (name, column) in &columns {
        if column.len() != length {
            return Err(H5adError::Shape {
                place: format!("{place}/{name}"),
                found: format!("{} rows long", column.len()),
                expected: format!("{length} rows"),
            });
        }
    }
    Ok(columns)
}

/// One column of texts or categories; none when it is not there or cannot be read.
pub(super) fn column(file: &File, place: &str, key: &str) -> Option<Column> {
    let frame = group(file, place).ok()?;
    let full = format!("{place}/{key}");
    match frame.dataset(key) {
        Ok(dataset) => plain(&frame, &dataset, key, &full).ok()?,
        Err(_) => categorical(&frame.group(key).ok()?, &full).ok(),
    }
}

/// A column stored as one data set; older files keep its categories aside, by reference.
fn plain(frame: &Group, dataset: &Dataset, name: &str, full: &str) -> Result<Option<Column>, H5adError> {
    if let Ok(categories) = frame.dataset(&format!("__categories/{name}")) {
        let categories = at(full, categories.read_string())?;
        return Ok(Some(Column::Categorical { codes: codes(dataset, full)?, categories }));
    }
    Ok(match at(full, dataset.dtype())? {
        DType::F32 | DType::F64 => Some(Column::Float(at(full, dataset.read_f64())?)),
        DType::I8 | DType::I16 | DType::I32 | DType::I64 | DType::U8 | DType::U16 | DType::U32 | DType::U64 => {
            Some(Column::Integer(at(full, dataset.read_i64())?))
        }
        DType::String | DType::VariableLengthString => Some(Column::categorical(&at(full, dataset.read_string())?)),
        DType::Enum(_) => {
            let bytes = at(full, dataset.read_raw())?;
            Some(Column::Boolean(bytes.iter().map(|byte| *byte != 0).collect()))
        }
        _ => None,
    })
}

/// Codes of a categorical column, −1 for missing.
fn codes(dataset: &Dataset, place: &str) -> Result<Vec<i32>, H5adError> {
    Ok(at(place, dataset.read_i64())?.into_iter().map(|code| i32::try_from(code).unwrap_or(-1)).collect())
}

/// The texts that the codes of a `categorical` group stand for.
pub(super) fn categories(inner: &Group, place: &str) -> Result<Vec<String>, H5adError> {
    let missing = |_| H5adError::Missing { place: format!("{place}/categories") };
    let stored = inner.dataset("categories").map_err(missing)?;
    Ok(match at(place, stored.dtype())? {
        DType::String | DType::VariableLengthString => at(place, stored.read_string())?,
        DType::F32 | DType::F64 => at(place, stored.read_f64())?.iter().map(f64::to_string).collect(),
        _ => at(place, stored.read_i64())?.iter().map(i64::to_string).collect(),
    })
}

/// A `categorical` group: codes and categories.
fn categorical(inner: &Group, place: &str) -> Result<Column, H5adError> {
    let dataset = |name: &str| inner.dataset(name).map_err(|_| H5adError::Missing { place: format!("{place}/{name}") });
    let codes = codes(&dataset("codes")?, place)?;
    let categories = categories(inner, place)?;
    if let Some(code) = codes.iter().find(|code| **code >= categories.len() as i32) {
        return Err(H5adError::Shape {
            place: place.to_owned(),
            found: format!("a code of {code}"),
            expected: format!("codes below its {} categories", categories.len()),
        });
    }
    Ok(Column::Categorical { codes, categories })
}

/// A nullable column: values with a mask; missing whole numbers become missing texts.
fn nullable(inner: &Group, place: &str) -> Result<Option<Column>, H5adError> {
    let (Ok(values), Ok(mask)) = (inner.dataset("values"), inner.dataset("mask")) else {
        return Err(H5adError::Missing { place: format!("{place}/values and mask") });
    };
    let mask = at(place, mask.read_raw())?;
    let Some(column) = plain(inner, &values, "values", place)? else { return Ok(None) };
    if mask.iter().all(|missing| *missing == 0) {
        return Ok(Some(column));
    }
    let texts: Vec<String> = (0..column.len()).map(|i| column.text(i).unwrap_or_default().into_owned()).collect();
    let Column::Categorical { mut codes, categories } = Column::categorical(&texts) else { return Ok(None) };
    for (code, missing) in codes.iter_mut().zip(&mask) {
        if *missing != 0 {
            *code = -1;
        }
    }
    Ok(Some(Column::Categorical { codes, categories }))
}
