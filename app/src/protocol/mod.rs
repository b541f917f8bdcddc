//! The messages between page and worker.
//!
//! Does: typed heads for every message; long arrays travel beside them and are moved, not copied.
//! Does not know: Leptos, burn.
//! Flow: page → [`ToWorker`] → worker → [`FromWorker`] → page.

use serde::{Deserialize, Serialize};

pub mod bundle;
pub mod card;
#[cfg(target_arch = "wasm32")]
pub mod codec;
pub mod data;
pub mod learn;
pub mod plate;
pub mod precomputed;
mod request;
pub mod what_if;

pub use request::{Provenance, Request};

/// Which device the visitor asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Wish {
    /// The faster one that works.
    #[default]
    Auto,
    /// The GPU in single precision, even a software one.
    WebGpu,
    /// The GPU with products in half precision.
    WebGpuHalf,
    /// The CPU.
    Cpu,
}

/// From the page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ToWorker {
    /// Load a bundle folder (relative to the page) onto a device.
    Load {
        /// Folder.
        bundle: String,
        /// Device.
        device: Wish,
    },
    /// Generate control cells and, when a perturbation is chosen, perturbed ones; the same of a second scenario.
    Generate {
        /// Number of the run, so that late answers can be told apart.
        run: u32,
        /// What: scenario A.
        request: Request,
        /// Scenario B, to stand beside it.
        other: Option<Request>,
        /// How often all of it is generated, each time with the next seed.
        replicates: u32,
    },
    /// Stop a run, a task or, with [`bundle::LOADING`], the loading of a bundle.
    Cancel {
        /// Its number.
        run: u32,
    },
    /// Log-normalised values of genes in the last run's cells.
    Values {
        /// Its number.
        run: u32,
        /// Gene symbols.
        genes: Vec<String>,
    },
    /// Values of genes in cells of the last run, rows and columns in the order of a clustering.
    HeatMap {
        /// Its number.
        run: u32,
        /// Which cells stand beside which.
        comparison: Comparison,
        /// Gene symbols.
        genes: Vec<String>,
    },
    /// The last run's cells as an h5ad file.
    Export {
        /// Its number.
        run: u32,
    },
    /// For the plate.
    Plate(plate::Ask),
    /// For a lesson.
    Learn(learn::Ask),
    /// For a visitor's own data.
    Data(data::Ask),
}

/// Which cells of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Scenario {
    /// Of scenario A, without its perturbations.
    Control,
    /// With them.
    Perturbed,
    /// Of scenario B, without its perturbations, where that differs from A's control.
    OtherControl,
    /// With them.
    Other,
}

/// Which two sets of a run's cells are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Comparison {
    /// Scenario A against its control.
    #[default]
    A,
    /// Scenario B against its control.
    B,
    /// Scenario B against scenario A.
    BAgainstA,
}

impl Comparison {
    /// All, in the order of arrays.
    pub const ALL: [Self; 3] = [Self::A, Self::B, Self::BAgainstA];
}

/// The device in use and why.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DeviceReport {
    /// "CPU", "WebGPU f32" or "WebGPU f16".
    pub kind: String,
    /// Adapter, or the CPU path.
    pub name: String,
    /// One sentence.
    pub why: String,
    /// Largest difference from the bundle's golden logits.
    pub golden_error: f32,
    /// Seconds for 100 unguided cells at the bundle's steps, by a short measurement at the start; none where even that
    /// would take long.
    pub seconds_per_100: Option<f64>,
    /// Workers that share the cells ([`FromWorker::Workers`]); none on a GPU.
    pub workers: Option<u32>,
}

/// Name of a group of measured cells on the map.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MapName {
    /// Words.
    pub text: String,
    /// Where it stands, in the map's coordinates.
    pub at: (f32, f32),
}

/// From the worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum FromWorker {
    /// The worker runs and waits for [`ToWorker::Load`].
    Started,
    /// Loading goes on.
    Loading {
        /// What is being done.
        stage: String,
        /// Bytes done.
        done: f64,
        /// Bytes in all.
        total: f64,
    },
    /// The files of a bundle are there.
    Bundle(bundle::Tell),
    /// Results that came with a bundle; after its card, map and this file, before its weights.
    Precomputed(precomputed::Tell),
    /// Loaded. Array: reference coordinates [n, 2].
    Ready {
        /// `bundle.json`.
        card: String,
        /// Device.
        device: DeviceReport,
        /// Names of groups on the map.
        names: Vec<MapName>,
    },
    /// Labels of the map's measured cells, after [`FromWorker::Ready`]. Arrays of u8 [n]: for each condition, the
    /// places among its values on the card.
    MapLabels {
        /// Conditions' keys.
        keys: Vec<String>,
    },
    /// So many workers write cells from now on.
    Workers {
        /// In all.
        workers: u32,
    },
    /// A run goes on.
    Progress {
        /// Its number.
        run: u32,
        /// What is being done.
        phase: String,
        /// Share done, 0–1.
        share: f64,
        /// Seconds left, once they can be told.
        seconds_left: Option<f64>,
    },
    /// Finished cells. Array: their coordinates [n, 2].
    Cells {
        /// Run.
        run: u32,
        /// Which.
        scenario: Scenario,
        /// Place of the first among its scenario's cells.
        first: u32,
    },
    /// Shifts of all genes. Arrays of f64 [G]: log2 fold change, p, q, control mean, perturbed mean,
    /// difference, low, high, and the low and high end over replicate seeds (not a number below two of them).
    Shifts {
        /// Run.
        run: u32,
        /// Which cells were compared; "control" and "perturbed" are its two sides.
        comparison: Comparison,
        /// Cells compared: control, perturbed.
        cells: (u32, u32),
        /// Replicate seeds that are finished on both sides.
        seeds: u32,
    },
    /// Measured cells of the compared cell types. Arrays of f32 [G]: mean log-normalised expression of measured control
    /// cells, of measured perturbed cells.
    Measured {
        /// Run.
        run: u32,
        /// Beside which comparison.
        comparison: Comparison,
        /// Measured cells: control, perturbed.
        cells: (u32, u32),
        /// Pearson correlation over all genes of the measured and the generated effect; none when one has no spread.
        agreement: Option<f64>,
    },
    /// Values of genes. Arrays of f32: for each gene and each comparison in the order of [`Comparison::ALL`], the
    /// control side's then the perturbed side's values; empty where the run has no such comparison.
    Values {
        /// Run.
        run: u32,
        /// Genes.
        genes: Vec<String>,
    },
    /// A clustered matrix. Array of f32 [genes, cells]: log-normalised values, control cells first.
    HeatMap {
        /// Run.
        run: u32,
        /// Which cells stand beside which.
        comparison: Comparison,
        /// Genes in the order of the rows.
        genes: Vec<String>,
        /// Cells shown: control, perturbed.
        cells: (u32, u32),
    },
    /// The run is finished.
    Done {
        /// Run.
        run: u32,
        /// What made it.
        provenance: Provenance,
        /// Seconds it took.
        seconds: f64,
    },
    /// The run was stopped.
    Cancelled {
        /// Run.
        run: u32,
        /// Cells that were finished.
        cells: u32,
    },
    /// A file. Array of bytes.
    Exported {
        /// File name.
        name: String,
    },
    /// Of the plate.
    Plate(plate::Tell),
    /// Of a lesson.
    Learn(learn::Tell),
    /// Of a visitor's own data.
    Data(data::Tell),
    /// Something failed.
    Failed {
        /// Run, if it was one.
        run: Option<u32>,
        /// What to tell the person.
        sentence: String,
        /// Whether the worker has to be restarted.
        fatal: bool,
    },
}

/// A long array beside a message's head.
#[derive(Clone, Debug, PartialEq)]
pub enum Array {
    /// 32-bit floats.
    F32(Vec<f32>),
    /// 64-bit floats.
    F64(Vec<f64>),
    /// Bytes.
    U8(Vec<u8>),
    /// 16-bit numbers.
    U16(Vec<u16>),
    /// A file of the visitor: a handle, its bytes stay where they are.
    #[cfg(target_arch = "wasm32")]
    File(web_sys::File),
}

impl Array {
    /// As 32-bit floats; empty for another kind.
    pub fn f32(self) -> Vec<f32> {
        if let Self::F32(values) = self { values } else { Vec::new() }
    }

    /// As 64-bit floats; empty for another kind.
    pub fn f64(self) -> Vec<f64> {
        if let Self::F64(values) = self { values } else { Vec::new() }
    }

    /// As 16-bit numbers; empty for another kind.
    pub fn u16(self) -> Vec<u16> {
        if let Self::U16(values) = self { values } else { Vec::new() }
    }

    /// As bytes; empty for another kind.
    pub fn bytes(self) -> Vec<u8> {
        if let Self::U8(values) = self { values } else { Vec::new() }
    }
}

/// Whether a bundle address stays on the page's own origin: a relative folder without tricks.
pub fn is_own_folder(address: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && part != "."
            && part != ".."
            && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    };
    !address.is_empty() && address.split('/').all(plain)
}

#[cfg(test)]
mod tests {
    use super::is_own_folder;

    #[test]
    fn only_relative_folders_are_own() {
        assert!(is_own_folder("models/pbmc-ifnb"));
        for foreign in
            ["", "/etc", "//elsewhere.org/x", "https://elsewhere.org/x", "models/../..", "a//b", "a?b", "%2e%2e"]
        {
            assert!(!is_own_folder(foreign), "{foreign}");
        }
    }
}
