//! The matrices that a file of cells has, before any of them is judged.
//!
//! Does: tells AnnData, MuData, loom and both forms of 10x Genomics apart, lists their matrices in the order in which they are
//! likely to hold counts, finds the genes of each; names the files that are something else.
//! Does not know: what values a matrix holds, which one is taken.
//! Flow: HDF5 file → **candidates and their genes** → `find`.

use std::collections::{BTreeMap, HashMap};

use super::layout::apart;
use crate::feature_kinds::{are_kinds, is_column};
use crate::features::{are_identifiers, symbols};
use crate::genes::{Described, Genes};
use crate::h5ad::error::H5adError;
use crate::h5ad::frame::Frame;
use crate::h5ad::labels::LabelRows;
use crate::h5ad::store::{Hdf5, Values, below, numbers, text};

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    AnnData,
    MuData,
    /// One matrix of all features: Cell Ranger 3 and later, CellBender.
    TenX,
    /// A matrix of each genome: Cell Ranger 2.
    TenXByGenome,
    /// Genes in rows, every value.
    Loom,
}

impl Form {
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::AnnData => "AnnData (HDF5)",
            Self::MuData => "MuData (HDF5)",
            Self::TenX => "10x Genomics (HDF5, Cell Ranger 3 and later)",
            Self::TenXByGenome => "10x Genomics (HDF5, Cell Ranger 2)",
            Self::Loom => "loom (HDF5)",
        }
    }
}

/// A matrix that could be taken.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    /// Path in the file, by which it can be asked for.
    pub(super) place: String,
    /// Where the AnnData stands in the file; empty for the root.
    pub(super) root: String,
    /// Where its genes are described.
    pub(super) var: String,
    /// Modality or genome that it belongs to.
    pub(super) group: Option<String>,
}

/// Parts of a 10x matrix of one genome.
const BY_GENOME: [&str; 5] = ["barcodes", "gene_names", "indptr", "indices", "data"];

/// What a file is.
///
/// # Errors
/// When it holds no cells; the sentence names what it is.
pub(super) fn form(file: &Hdf5) -> Result<Form, H5adError> {
    let (arrays, groups) = file.members("")?;
    let has = |name: &str| arrays.iter().chain(&groups).any(|own| own == name);
    let group = |name: &str| groups.iter().any(|own| own == name);
    let array = |name: &str| arrays.iter().any(|own| own == name);
    let refused = |words: &str| Err(H5adError::OtherFile { found: words.to_owned() });
    if group("mod") && !has("X") {
        return Ok(Form::MuData);
    }
    if array("matrix") && group("row_attrs") {
        return Ok(Form::Loom);
    }
    if group("assays") && (has("cell.names") || has("active.ident") || group("meta.data")) {
        return refused("an h5Seurat file; turn it into h5ad with SeuratDisk::Convert(…, dest = \"h5ad\")");
    }
    if group("matrix") && !has("obs") {
        return Ok(Form::TenX);
    }
    let molecules = ["barcode_idx", "feature_idx", "gem_group", "umi", "barcode", "gene"];
    if molecules.iter().filter(|name| array(name)).count() >= 2 {
        return refused(
            "10x Genomics' molecule_info.h5, which lists molecules and not cells; choose filtered_feature_bc_matrix.h5 of the same run",
        );
    }
    if has("var") && (has("X") || apart(file, "X").is_some() || has("raw") || has("raw.X") || group("layers")) {
        return Ok(Form::AnnData);
    }
    if !by_genome(file, &groups).is_empty() {
        return Ok(Form::TenXByGenome);
    }
    let names: Vec<String> = arrays.into_iter().chain(groups).take(12).collect();
    let holds = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
    refused(&format!(
        "neither AnnData (obs, var, X) nor 10x Genomics (matrix); it holds {holds}. Choose the file of the cells by genes matrix"
    ))
}

/// Groups that are a 10x matrix of one genome.
fn by_genome(file: &Hdf5, groups: &[String]) -> Vec<String> {
    let holds = |name: &String| {
        let (arrays, _) = file.members(name).unwrap_or_default();
        BY_GENOME.iter().all(|part| arrays.iter().any(|own| own == part))
    };
    groups.iter().filter(|name| holds(name)).cloned().collect()
}

/// All matrices of a file.
///
/// # Errors
/// When it holds no cells.
pub(super) fn list(file: &Hdf5) -> Result<(Form, Vec<Candidate>), H5adError> {
    let form = form(file)?;
    let candidates = match form {
        Form::AnnData => anndata(file, "", None)?,
        Form::MuData => {
            let (_, mut modalities) = file.members("mod")?;
            modalities.sort_by_key(|name| likeness_to_rna(name));
            let mut all = Vec::new();
            for name in modalities {
                all.extend(anndata(file, &format!("mod/{name}"), Some(&name))?);
            }
            all
        }
        Form::TenX => vec![tenx("matrix".to_owned(), None)],
        Form::Loom => {
            let own =
                |place: String| Candidate { root: String::new(), var: "row_attrs".to_owned(), place, group: None };
            let (mut layers, _) = file.members("layers")?;
            layers.sort_by_key(|name| likeness_to_counts(name));
            let layers = layers.into_iter().map(|name| own(format!("layers/{name}")));
            std::iter::once(own("matrix".to_owned())).chain(layers).collect()
        }
        Form::TenXByGenome => {
            let (_, groups) = file.members("")?;
            let values = |name: &String| file.array(&format!("{name}/data")).map_or(0, |data| data.rows());
            let mut genomes = by_genome(file, &groups);
            genomes.sort_by_key(|name| std::cmp::Reverse(values(name)));
            genomes.into_iter().map(|genome| tenx(genome.clone(), Some(genome))).collect()
        }
    };
    if candidates.is_empty() {
        return Err(H5adError::Missing { place: if form == Form::MuData { "mod/rna/X" } else { "X" }.to_owned() });
    }
    Ok((form, candidates))
}

fn tenx(place: String, group: Option<String>) -> Candidate {
    Candidate { root: String::new(), var: place.clone(), place, group }
}

/// How likely a modality is gene expression; smaller is likelier, and 2 is called something else.
pub(super) fn likeness_to_rna(name: &str) -> (u8, String) {
    let lower = name.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let rank = if has(&["rna", "gex", "gene", "expression", "transcript"]) {
        0
    } else {
        1 + u8::from(has(&["atac", "prot", "adt", "hto", "cite", "peak", "antibody", "guide", "airr", "tcr", "bcr"]))
    };
    (rank, lower)
}

/// How likely a layer holds counts; smaller is likelier. 2 comes after `raw/X`, 3 holds other values, 4 a part of the counts.
pub(super) fn likeness_to_counts(name: &str) -> (u8, String) {
    let lower = name.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let rank = if has(&["unspliced", "ambiguous", "antisense", "intron", "binar", "binned", "rank", "mask"]) {
        4
    } else if has(&["log", "norm", "scale", "residual", "correct", "impute", "smooth", "denoise"]) {
        3
    } else {
        u8::from(!(lower == "counts" || has(&["count", "umi", "raw"]))) * 2
    };
    (rank, lower)
}

/// Matrices of an AnnData that stands at `root`.
fn anndata(file: &Hdf5, root: &str, group: Option<&str>) -> Result<Vec<Candidate>, H5adError> {
    let make = |place: &str, var: &str| Candidate {
        place: below(root, place),
        root: root.to_owned(),
        var: below(root, var),
        group: group.map(str::to_owned),
    };
    let there = |place: &str| {
        let place = below(root, place);
        file.has_group(&place) || file.has_array(&place) || apart(file, &place).is_some()
    };
    let (arrays, groups) = file.members(&below(root, "layers"))?;
    let mut layers: Vec<String> = arrays.into_iter().chain(groups).collect();
    layers.sort_by_key(|name| likeness_to_counts(name));
    let counted = layers.iter().take_while(|name| likeness_to_counts(name).0 < 2).count();
    let layer = |name: &String| make(&format!("layers/{name}"), "var");
    let mut all = Vec::new();
    all.extend(there("X").then(|| make("X", "var")));
    all.extend(layers[..counted].iter().map(layer));
    // anndata up to 0.6 wrote `raw.X` and `raw.var` beside the others.
    for (matrix, var) in [("raw/X", "raw/var"), ("raw.X", "raw.var")] {
        all.extend(there(matrix).then(|| make(matrix, if there(var) { var } else { "var" })));
    }
    all.extend(layers[counted..].iter().map(layer));
    Ok(all)
}

/// Columns of texts that describe features, by name, of a group of arrays.
fn texts(file: &Hdf5, place: &str, names: &[&str]) -> Vec<(String, Vec<String>)> {
    let read = |name: &&str| {
        let place = format!("{place}/{name}");
        let label = LabelRows::open(file, &place).ok().filter(LabelRows::is_text)?;
        Some((place, label.all_texts().ok()?))
    };
    names.iter().filter_map(read).collect()
}

/// Features of a 10x matrix.
fn tenx_features(file: &Hdf5, form: Form, place: &str) -> Result<Described, H5adError> {
    let names: &[&str] = if form == Form::TenX { &["features/name", "features/id"] } else { &["gene_names", "genes"] };
    let columns = texts(file, place, names);
    if columns.is_empty() {
        return Err(H5adError::Missing { place: format!("{place}/{}", names[0]) });
    }
    let of = |name: &str| texts(file, place, &[name]).pop().map(|(_, texts)| texts);
    Ok(Described { columns, kinds: of("features/feature_type"), genomes: of("features/genome") })
}

/// Features of an AnnData matrix: its index first, then every column of texts.
fn frame_features(frame: &Frame) -> Result<(Described, usize), H5adError> {
    let (mut columns, mut lengths) = (Vec::new(), BTreeMap::<usize, usize>::new());
    if let Some(index) = frame.index()? {
        columns.push((index.place().to_owned(), index.all_texts()?));
    }
    let (mut kinds, mut genomes) = (None, None);
    for key in frame.keys()? {
        let Ok(label) = frame.column(&key) else { continue };
        *lengths.entry(label.rows()).or_default() += 1;
        if !label.is_text() {
            continue;
        }
        let Ok(texts) = label.all_texts() else { continue };
        if is_column(&key) || (kinds.is_none() && are_kinds(&texts)) {
            kinds = Some(texts);
        } else if key.eq_ignore_ascii_case("genome") {
            genomes = Some(texts);
        } else {
            columns.push((label.place().to_owned(), texts));
        }
    }
    let longest = lengths.into_iter().max_by_key(|(_, columns)| *columns).map_or(0, |(rows, _)| rows);
    let features = columns.first().map_or(longest, |(_, names)| names.len());
    columns.retain(|(_, names)| names.len() == features);
    if columns.is_empty() {
        let place = below(frame.place(), "_index");
        return Err(H5adError::Missing { place });
    }
    Ok((Described { columns, kinds, genomes }, features))
}

/// Symbols of `var` for the genes of `raw`, where `raw/var` has identifiers alone: those of genes that both have.
fn add_symbols(file: &Hdf5, var: &str, described: &mut Described) {
    let Some(((_, raw), others)) = described.columns.split_first() else { return };
    if !are_identifiers(raw) || symbols(others).is_some() {
        return;
    }
    let Ok((own, _)) = Frame::open(file, var).and_then(|frame| frame_features(&frame)) else { return };
    let Some(((_, names), columns)) = own.columns.split_first() else { return };
    let Some((place, texts)) = symbols(columns) else { return };
    let known: HashMap<&String, &String> = names.iter().zip(texts).collect();
    let found = raw.iter().map(|name| known.get(name).map_or_else(String::new, |text| (*text).clone())).collect();
    let column = (place.clone(), found);
    described.columns.push(column);
}

/// The genes of a candidate; with `genome`, of this one alone.
///
/// # Errors
/// When they cannot be read, or the features are no genes.
pub(super) fn genes(file: &Hdf5, form: Form, own: &Candidate, genome: Option<&str>) -> Result<Genes, H5adError> {
    let described = match form {
        Form::TenX | Form::TenXByGenome => tenx_features(file, form, &own.var)?,
        Form::AnnData | Form::MuData | Form::Loom => {
            let mut described = frame_features(&Frame::open(file, &own.var)?)?.0;
            if form != Form::Loom && own.var != below(&own.root, "var") {
                add_symbols(file, &below(&own.root, "var"), &mut described);
            }
            described
        }
    };
    Genes::of(described, genome).map_err(|found| H5adError::NoGenes { place: own.var.clone(), found })
}

/// Where labels of the cells of a candidate stand.
pub(super) fn obs(form: Form, own: &Candidate) -> String {
    if form == Form::Loom { "col_attrs".to_owned() } else { below(&own.root, "obs") }
}

/// Names of the cells of a candidate's file; none where there are none, and then the number of cells.
pub(super) fn cells(file: &Hdf5, form: Form, own: &Candidate) -> Result<(Option<LabelRows>, usize), H5adError> {
    if matches!(form, Form::TenX | Form::TenXByGenome) {
        let barcodes = LabelRows::open(file, &format!("{}/barcodes", own.place))?;
        let rows = barcodes.rows();
        return Ok((Some(barcodes), rows));
    }
    let frame = Frame::open(file, &obs(form, own));
    if let Ok(frame) = &frame {
        if let Some(index) = frame.index()? {
            let rows = index.rows();
            return Ok((Some(index), rows));
        }
        if let Some(rows) = frame.rows() {
            return Ok((None, rows));
        }
    }
    // Without names or columns the matrix itself tells how many cells there are.
    let attributes = file.attributes(&own.place);
    let shape = attributes.get("shape").or(attributes.get("h5sparse_shape"));
    let rows = match file.array(&own.place) {
        Ok(array) if form == Form::Loom => array.shape().get(1).copied(),
        Ok(array) => array.shape().first().copied(),
        Err(_) => numbers(shape).and_then(|shape| shape.first().copied()),
    };
    match (rows.and_then(|rows| usize::try_from(rows).ok()), frame) {
        (Some(rows), _) => Ok((None, rows)),
        (None, Err(error)) => Err(error),
        (None, Ok(_)) => Err(H5adError::Missing { place: below(&own.root, "obs/_index") }),
    }
}

/// Whether a file or a name says that a logarithm was taken, or that values are counts that were corrected.
pub(super) fn hints(file: &Hdf5, form: Form, own: &Candidate) -> crate::kind::Hints {
    let name = own.place[own.root.len()..].to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    let whole = matches!(form, Form::TenX | Form::TenXByGenome);
    let layer = name.contains("layers/");
    let took = file.has_group(&below(&own.root, "uns/log1p"));
    let raw = ["raw/X", "raw.X"].iter().any(|place| file.has_group(&below(&own.root, place)));
    let counted = whole || has(&["count", "umi", "soupx", "decont", "ambient", "cellbender"]);
    crate::kind::Hints { logged: !counted && (has(&["log"]) || (!layer && (took || (raw && !has(&["raw"]))))), counted }
}

/// What stands beside the cells and is not read: coordinates, graphs, settings of programs.
pub(super) fn beside(file: &Hdf5, root: &str) -> Vec<String> {
    let inside = |part: &&str| {
        let (arrays, groups) = file.members(&below(root, part)).unwrap_or_default();
        arrays.into_iter().chain(groups).map(|name| format!("{part}/{name}")).collect::<Vec<_>>()
    };
    ["obsm", "obsp", "varm", "varp", "uns"].iter().flat_map(inside).collect()
}

/// Whether an array holds nothing but one value, as AnnData writes for a missing X.
pub(super) fn is_nothing(file: &Hdf5, place: &str) -> bool {
    let says = text(file.attributes(place).get("encoding-type"));
    says.as_deref() == Some("null")
        || file.array(place).is_ok_and(|array| array.shape().is_empty() && array.values() != Values::Text)
}
