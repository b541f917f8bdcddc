//! The part of a bundle that writes cells: its card and its network.
//!
//! Does: reads both from bytes, and begins runs of any range of the cells of what was chosen, with what its runs share
//! made once.
//! Does not know: maps, reference cells and golden passes; a helper that only writes cells needs none of them.
//! Flow: card + weights → **writer** → choices, range → run.

use std::ops::Range;

use burn::tensor::Device;

use crate::bundle::{BundleError, WEIGHTS, read_card};
use crate::card::{Card, Choices};
use crate::network::Network;
use crate::sample::{Effort, Prepared, Run};
use crate::{choices, weights};

/// What writes cells.
#[derive(Clone, Debug)]
pub struct Writer {
    /// What the bundle is.
    pub card: Card,
    /// Its weights on the device.
    pub network: Network,
    prepared: Prepared,
}

impl Writer {
    /// Reads card and weights onto a device. Hashes are not looked at: the bytes come from whoever opened the whole
    /// bundle, and that looked at them.
    ///
    /// # Errors
    /// When the card or the weights do not fit.
    pub fn read(json: &[u8], weights: &[u8], device: &Device) -> Result<Self, BundleError> {
        let card = read_card(json)?;
        let network = weights::load(weights, &card.model, device)
            .map_err(|source| BundleError::Content { file: WEIGHTS, source })?;
        Ok(Self { prepared: Prepared::of(&network), card, network })
    }

    /// The same with the network on its host ([`Network::on_host`]).
    #[must_use]
    pub fn on_host(self) -> Self {
        let network = self.network.on_host();
        Self { prepared: Prepared::of(&network), card: self.card, network }
    }

    /// What the runs of one request share.
    pub fn prepared(&self) -> Prepared {
        self.prepared.for_another(&self.network)
    }

    /// Begins a run of a range of the cells of what was chosen; `prepared` is that of this choice.
    ///
    /// # Errors
    /// When a name is not known or a number is out of range.
    pub fn run(
        &self,
        chosen: &Choices,
        cells: Range<usize>,
        prepared: &Prepared,
        effort: Effort,
    ) -> Result<Run, BundleError> {
        let request = choices::request(&self.card, &self.network.statistics, chosen)?.part(cells);
        Ok(Run::prepared(&self.network, prepared.clone(), request, effort))
    }
}
