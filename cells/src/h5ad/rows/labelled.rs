//! The labels of the cells of an open file.
//!
//! Does: lists the columns of `obs` that can be labels and those that cannot; in MuData, adds the columns that all
//! modalities share, brought to the order of the modality's cells.
//! Does not know: matrices.
//! Flow: `obs` → **labels by name** → `CellRows`.

use std::collections::{BTreeMap, HashMap};

use crate::column::Column;
use crate::h5ad::error::H5adError;
use crate::h5ad::frame::Frame;
use crate::h5ad::labels::LabelRows;
use crate::h5ad::store::Hdf5;
use crate::report::LeftOut;

/// Labels by name, and columns that are none.
#[derive(Clone, Default)]
pub(super) struct Labelled {
    pub(super) labels: BTreeMap<String, LabelRows>,
    pub(super) left_out: Vec<LeftOut>,
}

impl Labelled {
    /// Labels of the `cells` cells of the AnnData at `root`, which stand at `obs`.
    ///
    /// # Errors
    /// When `obs` cannot be listed.
    pub(super) fn of(
        file: &Hdf5,
        (root, obs): (&str, &str),
        names: Option<&LabelRows>,
        cells: usize,
    ) -> Result<Self, H5adError> {
        let mut all = Self::default();
        if let Ok(frame) = Frame::open(file, obs) {
            let (labels, left_out) = frame.labels(cells)?;
            (all.labels, all.left_out) = (labels.into_iter().collect(), left_out);
        }
        if let Some(modality) = root.strip_prefix("mod/")
            && let Ok(shared) = Frame::open(file, "obs")
        {
            all.add_shared(&shared, modality, names)?;
        }
        Ok(all)
    }

    /// Adds the columns of all modalities that the own one has not.
    fn add_shared(&mut self, shared: &Frame, modality: &str, names: Option<&LabelRows>) -> Result<(), H5adError> {
        let (Some(names), Some(index)) = (names, shared.index()?) else { return Ok(()) };
        let (own, all) = (names.all_texts()?, index.all_texts()?);
        // Where the orders agree, columns are read as they stand.
        let order: Option<Vec<Option<usize>>> = (own != all).then(|| {
            let places: HashMap<&String, usize> = all.iter().enumerate().map(|(place, name)| (name, place)).collect();
            own.iter().map(|name| places.get(name).copied()).collect()
        });
        let (labels, left_out) = shared.labels(all.len())?;
        self.left_out.extend(left_out);
        for (key, label) in labels {
            // MuData repeats a modality's own columns under its name.
            let repeats = key.strip_prefix(modality).and_then(|rest| rest.strip_prefix(':'));
            if self.labels.contains_key(&key) || repeats.is_some_and(|own| self.labels.contains_key(own)) {
                continue;
            }
            let label = match &order {
                None => label,
                Some(order) => match label.read(0, all.len()) {
                    Ok(column) => LabelRows::held(label.place(), ordered(&column, order)),
                    Err(error) => {
                        self.left_out.push(LeftOut { place: label.place().to_owned(), why: error.of_column() });
                        continue;
                    }
                },
            };
            self.labels.insert(key, label);
        }
        Ok(())
    }
}

/// A column in another order; cells that it does not know are missing.
fn ordered(column: &Column, order: &[Option<usize>]) -> Column {
    if let (Column::Integer(_) | Column::Boolean(_) | Column::Float(_), Some(places)) =
        (column, order.iter().copied().collect::<Option<Vec<usize>>>())
    {
        return column.select(&places);
    }
    let texts: Vec<Option<String>> =
        order.iter().map(|place| column.text((*place)?).map(std::borrow::Cow::into_owned)).collect();
    Column::with_missing(&texts)
}
