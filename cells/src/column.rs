//! One label of every cell.
//!
//! Does: categorical, whole-number, floating-point and yes/no labels behind one type.
//! Does not know: what the label means.
//! Flow: AnnData's obs columns, in memory.

use std::borrow::Cow;

/// A label of every cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Column {
    /// One of a few texts; code −1 is "missing".
    Categorical {
        /// Place in `categories` of every cell, or −1.
        codes: Vec<i32>,
        /// The texts.
        categories: Vec<String>,
    },
    /// Whole numbers.
    Integer(Vec<i64>),
    /// Numbers; NaN is "missing".
    Float(Vec<f64>),
    /// Yes or no.
    Boolean(Vec<bool>),
}

impl Column {
    /// A categorical column; categories stand in the order of first appearance.
    pub fn categorical<S: AsRef<str>>(values: &[S]) -> Self {
        let mut categories: Vec<String> = Vec::new();
        let mut places = std::collections::HashMap::new();
        let codes = values
            .iter()
            .map(|value| {
                *places.entry(value.as_ref().to_owned()).or_insert_with(|| {
                    categories.push(value.as_ref().to_owned());
                    categories.len() as i32 - 1
                })
            })
            .collect();
        Self::Categorical { codes, categories }
    }

    /// A categorical column in which cells without a text are missing.
    pub fn with_missing<S: AsRef<str>>(values: &[Option<S>]) -> Self {
        let there: Vec<&str> = values.iter().flatten().map(AsRef::as_ref).collect();
        let Self::Categorical { codes, categories } = Self::categorical(&there) else {
            return Self::Integer(Vec::new());
        };
        let mut codes = codes.into_iter();
        let codes = values.iter().map(|value| value.as_ref().and_then(|_| codes.next()).unwrap_or(-1)).collect();
        Self::Categorical { codes, categories }
    }

    /// Number of cells.
    pub fn len(&self) -> usize {
        match self {
            Self::Categorical { codes, .. } => codes.len(),
            Self::Integer(values) => values.len(),
            Self::Float(values) => values.len(),
            Self::Boolean(values) => values.len(),
        }
    }

    /// Whether there are no cells.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The label of a cell as text; `None` when it is missing or there is no such cell.
    pub fn text(&self, cell: usize) -> Option<Cow<'_, str>> {
        match self {
            Self::Categorical { codes, categories } => {
                let code = usize::try_from(*codes.get(cell)?).ok()?;
                categories.get(code).map(|text| Cow::Borrowed(text.as_str()))
            }
            Self::Integer(values) => values.get(cell).map(|value| Cow::Owned(value.to_string())),
            Self::Float(values) => values.get(cell).filter(|v| !v.is_nan()).map(|value| Cow::Owned(value.to_string())),
            Self::Boolean(values) => values.get(cell).map(|value| Cow::Owned(value.to_string())),
        }
    }

    /// The labels of the named cells, in that order.
    pub fn select(&self, cells: &[usize]) -> Self {
        match self {
            Self::Categorical { codes, categories } => Self::Categorical {
                codes: cells.iter().map(|cell| codes[*cell]).collect(),
                categories: categories.clone(),
            },
            Self::Integer(values) => Self::Integer(cells.iter().map(|cell| values[*cell]).collect()),
            Self::Float(values) => Self::Float(cells.iter().map(|cell| values[*cell]).collect()),
            Self::Boolean(values) => Self::Boolean(cells.iter().map(|cell| values[*cell]).collect()),
        }
    }
}
