//! Which obs columns hold a bundle's conditions.
//!
//! Does: names the columns of donor or line, cell type and perturbation, and the control.
//! Does not know: cells.
//! Flow: card → **keys** → groups of measured cells.

use anyhow::{Context as _, Result};
use model::bundle::Bundle;
use model::card::Kind as Slot;

use crate::judge::groups::Columns;

/// obs columns of a bundle's conditions.
pub(super) struct Keys {
    pub(super) identity: Option<String>,
    pub(super) cell_type: Option<String>,
    pub(super) perturbation: String,
    pub(super) control: String,
}

impl Keys {
    pub(super) fn of(bundle: &Bundle) -> Result<Self> {
        let of = |slot: Slot| bundle.card.of_kind(slot);
        let perturbation =
            of(Slot::Perturbation).context("this bundle has no perturbation; there is nothing to score")?;
        let control = perturbation.control.clone().context("the bundle's perturbation has no control value")?;
        let key = |slot: Slot| of(slot).map(|condition| condition.key.clone());
        Ok(Self {
            identity: key(Slot::Identity),
            cell_type: key(Slot::CellType),
            perturbation: perturbation.key.clone(),
            control,
        })
    }

    /// Columns of contexts made of these.
    pub(super) fn columns(&self, context: &[&Option<String>]) -> Columns {
        let typed = context.iter().any(|key| **key == self.cell_type);
        Columns {
            perturbation: self.perturbation.clone(),
            control: self.control.clone(),
            context: context.iter().filter_map(|key| (*key).clone()).collect(),
            cell_type: self.cell_type.clone().filter(|_| typed),
            part: None,
        }
    }
}
