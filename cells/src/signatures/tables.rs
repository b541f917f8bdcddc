//! Tables of response signatures and of cytokines.
//!
//! Does: reads z-scores by gene and signal, and cytokines with ligand, receptor chains and the signal that stands for
//! them.
//! Does not know: packing (it takes text), cells.
//! Flow: text → **signatures, cytokines** → which cells respond and how.
//!
//! A signature is what CytoSig (Jiang et al. 2021, Nature Methods 18:1181) regresses from hundreds of experiments on
//! many tissues: one z-score per gene, no fold change and no cell type.

use std::collections::{BTreeMap, HashMap};

use super::SignatureError;

/// Responses to signals, as z-scores [genes, signals].
#[derive(Clone, Debug, PartialEq)]
pub struct Signatures {
    signals: Vec<String>,
    /// Scores of a gene, in the order of the signals.
    scores: HashMap<String, Vec<f64>>,
}

impl Signatures {
    /// Reads `gene,signal1,signal2,…`, one gene a line, comma-separated.
    ///
    /// # Errors
    /// When a line has another number of fields, a field is no finite number, or a gene stands twice.
    pub fn read(text: &str) -> Result<Self, SignatureError> {
        const TABLE: &str = "signatures";
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
        let header = reader.headers().map_err(|error| broken(TABLE, &error))?.clone();
        let signals: Vec<String> = header.iter().skip(1).map(str::to_owned).collect();
        let mut scores = HashMap::new();
        for record in reader.records() {
            let record = record.map_err(|error| broken(TABLE, &error))?;
            let line = record.position().map_or(0, csv::Position::line);
            let wrong = |what: String| SignatureError::Line { table: TABLE, line, what };
            let number = |field: &str| {
                let value = field.parse::<f64>().ok().filter(|value| value.is_finite());
                value.ok_or_else(|| wrong(format!("{field:?} is no number")))
            };
            let own: Vec<f64> = record.iter().skip(1).map(number).collect::<Result<_, _>>()?;
            let gene = record.get(0).unwrap_or_default().to_owned();
            if scores.insert(gene.clone(), own).is_some() {
                return Err(wrong(format!("the gene {gene} stands twice")));
            }
        }
        Ok(Self { signals, scores })
    }

    /// Names of the signals, in the table's order.
    pub fn signals(&self) -> &[String] {
        &self.signals
    }

    /// Number of genes.
    pub fn genes(&self) -> usize {
        self.scores.len()
    }

    /// z-scores of a signal on a panel [G]; 0 for genes that the table lacks.
    ///
    /// # Errors
    /// When there is no such signal.
    pub fn on(&self, signal: &str, panel: &[String]) -> Result<Vec<f64>, SignatureError> {
        let at = self
            .signals
            .iter()
            .position(|own| own == signal)
            .ok_or_else(|| SignatureError::Signal { signal: signal.to_owned(), known: self.signals.clone() })?;
        Ok(panel.iter().map(|gene| self.scores.get(gene).map_or(0.0, |own| own[at])).collect())
    }
}

/// A cytokine and what it acts through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cytokine {
    /// Name, as PARSE 10M writes it.
    pub name: String,
    /// Genes of the ligand.
    pub ligands: Vec<String>,
    /// Receptors, any of which is enough; of each, all chains are needed.
    pub receptors: Vec<Vec<String>>,
    /// Family.
    pub family: String,
    /// What it is known for.
    pub function: String,
    /// Other names.
    pub other_names: Vec<String>,
    /// Signal that stands for it.
    pub signal: Option<String>,
}

/// Reads a table of cytokines with the columns of huCIRA (`name`, `gene`, `receptor gene`, `family`,
/// `functional_classification`, `alternative names`) and `cytosig_signal`; commas separate chains, semicolons receptors.
///
/// # Errors
/// When a column is missing or a line cannot be read.
pub fn cytokines(text: &str) -> Result<Vec<Cytokine>, SignatureError> {
    const TABLE: &str = "cytokines";
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| broken(TABLE, &error))?.clone();
    let column = |name: &str| {
        header.iter().position(|own| own == name).ok_or_else(|| SignatureError::Column {
            table: TABLE,
            column: name.to_owned(),
            found: header.iter().collect::<Vec<_>>().join(", "),
        })
    };
    let (name, gene, receptor) = (column("name")?, column("gene")?, column("receptor gene")?);
    let (family, function) = (column("family")?, column("functional_classification")?);
    let (others, signal) = (column("alternative names")?, column("cytosig_signal")?);
    let mut all = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| broken(TABLE, &error))?;
        let text = |at: usize| record.get(at).unwrap_or_default();
        let receptors = text(receptor).split(';').map(listed).filter(|chains| !chains.is_empty());
        all.push(Cytokine {
            name: text(name).to_owned(),
            ligands: listed(text(gene)),
            receptors: receptors.collect(),
            family: text(family).to_owned(),
            function: text(function).to_owned(),
            other_names: listed(text(others)),
            signal: Some(text(signal)).filter(|signal| !signal.is_empty()).map(str::to_owned),
        });
    }
    Ok(all)
}

/// Names between commas.
fn listed(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// A line that the reader could not take.
fn broken(table: &'static str, error: &csv::Error) -> SignatureError {
    SignatureError::Line { table, line: error.position().map_or(0, csv::Position::line), what: error.to_string() }
}

/// Cytokines that a signature stands for, and the others.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Chosen<'a> {
    /// Those that get cells.
    pub kept: Vec<&'a Cytokine>,
    /// Names of the others, and why.
    pub left_out: Vec<(String, String)>,
}

/// Cytokines that get cells, and those that do not: of those that share a signal only the first of the table stays,
/// besides those that were measured.
///
/// # Errors
/// When a measured cytokine is not in the table.
pub fn one_per_signal<'a>(
    all: &'a [Cytokine],
    signatures: &Signatures,
    measured: &BTreeMap<String, String>,
    signals: Option<&[String]>,
) -> Result<Chosen<'a>, SignatureError> {
    if let Some(name) = measured.keys().find(|name| !all.iter().any(|own| own.name == **name)) {
        return Err(SignatureError::Cytokine { name: name.clone() });
    }
    let mut chosen = Chosen::default();
    for own in all.iter().filter(|own| !measured.contains_key(&own.name)) {
        let reason = match &own.signal {
            None => "no signature".to_owned(),
            Some(signal) if !signatures.signals().contains(signal) => format!("the table has no signature {signal}"),
            Some(signal) if signals.is_some_and(|asked| !asked.contains(signal)) => "not asked for".to_owned(),
            Some(signal) => match chosen.kept.iter().find(|other| other.signal.as_ref() == Some(signal)) {
                Some(other) => format!("shares the signature {signal} with {}", other.name),
                None => {
                    chosen.kept.push(own);
                    continue;
                }
            },
        };
        chosen.left_out.push((own.name.clone(), reason));
    }
    Ok(chosen)
}
