//! Texts of the corpus: Matrix Market with its two lists, dense tables, recipes, addresses.
//!
//! Does: writes one small input of every form.
//! Does not know: how they are read.

use std::io::Result;

/// What stands on a line between the parts of an input.
const APART: &str = "----\n";

/// Kind of values, entries, features and barcodes of a matrix of three genes and two cells.
const TRIOS: [[&str; 4]; 5] = [
    [
        "integer",
        "1 1 3\n3 2 1\n",
        "E1\tA\tGene Expression\nE2\tB\tGene Expression\nE3\tC\tAntibody Capture\n",
        "x\ny\n",
    ],
    ["float", "1 1 3.5\n3 2 1\n", "A\nB\nC\n", "x\ny\n"],
    ["real", "1 1 1\n3 2 2\n", "gene_id,gene_name,genome\nE1,A,hg38\nE2,B,hg38\nE3,C,mm10\n", "bc,s\nx,1\ny,\n"],
    ["integer", "1 1 1\n3 2 2\n", "\"\",\"x\"\n\"1\",\"A\"\n\"2\",\"B\"\n\"3\",\"C\"\n", "\"x\"\n\"y\"\n"],
    ["integer", "1 1 1\n3 2 2\n", "\nE1 A\nE2 B\nE3 C\n", "\u{feff}x\r\ny\r\n"],
];

/// Dense tables of a few genes and cells.
const TABLES: [&str; 8] = [
    ",c1,c2\nCD3D,3,0\nLYZ,0,2\nMS4A1,1.0,1e1\n",
    "CD3D\tLYZ\tcell_type\nAAACATACAACCAC-1\t3\t0\tB cell\nAAACATTGAGCTAC-1\t0\t2\tNA\n",
    "\"c1\" \"c2\"\r\n\"CD3D\" 3 0\r\n\"LYZ\" 0 2\r\n",
    "\u{feff};c1;c2\nCD3D;1,5;0\nLYZ;0;2,5\n",
    "# made\nid,symbol,length,c1\nENSG00000167286,CD3D,9,3\nENSG00000090382,LYZ,9,1\n__no_feature,,,8\n",
    "#1.2\n2\t2\nName\tDescription\tc1\tc2\nCD3D\tx\t1\t0\nLYZ\ty\t0\t2\n",
    "gene,c1,c2,c3\ntype,B,T,T\nCD3D,1,0,2\n\nLYZ,0,3,1\n",
    "gene,p_val,padj\nCD3D,0.1,NA\n",
];

const RECIPE: &str = r#"preset = "page"
[card]
name = "tiny"
title = "t"
description = "x"
markers = ["G1"]
guidance = 0.0
steps = 4
not_for = []
data = []
[[conditions]]
key = "donor"
title = "Donor"
kind = "identity"
drop = 0.1
[[conditions]]
key = "condition"
title = "Drug"
kind = "perturbation"
control = "ctrl"
[[conditions]]
key = "depth"
title = "Library size"
kind = "depth"
bins = 2
[[hold_out]]
donor = "a"
condition = "drug"
[training]
steps = 3
batch = 4
seed = 1
"#;

const SETTINGS: &str = r#"pert_col = "condition"
control_pert = "ctrl"
batch_col = "donor"
cell_type_key = "cell_type"
[datasets]
a = "cells.h5ad"
[training]
a = "train"
[zeroshot]
"a.T" = "test"
[fewshot."a.B"]
test = ["drug"]
"#;

const LINKS: [&str; 5] = [
    "?model=ifnb&view=explore&with.condition=IFN-beta&with.donor=101&guidance=1.5&steps=16&cells=400&seed=7&run=1",
    "b.on=1&b.with.condition=ctrl&b.clamp=ISG15:4&clamp=LYZ:0&gene=CXCL10&view=plate&plate.wells=A1:condition~IFN-beta",
    "view=learn&lesson=first&lesson.step=2&vote=a%20b%C3%A9",
    r#"[{"folder":"models/a","name":"a","title":"A","genes":3,"cells":4,"perturbations":1,"bytes":9}]"#,
    "A1 condition=IFN-beta\nA2 condition=ctrl; donor=101\n",
];

pub(super) fn write(keep: &impl Fn(&str, &str, &[u8]) -> Result<()>) -> Result<()> {
    for (place, [kind, entries, features, barcodes]) in TRIOS.into_iter().enumerate() {
        let head = format!("%%MatrixMarket matrix coordinate {kind} general\n%\n3 2 2\n");
        let input = format!("{head}{entries}{APART}{features}{APART}{barcodes}");
        keep("mtx", &format!("trio-{place}"), input.as_bytes())?;
    }
    for (place, table) in TABLES.into_iter().enumerate() {
        keep("dense", &format!("table-{place}"), table.as_bytes())?;
    }
    keep("recipe", "recipe", RECIPE.as_bytes())?;
    keep("recipe", "settings", SETTINGS.as_bytes())?;
    for (place, link) in LINKS.into_iter().enumerate() {
        keep("links", &format!("link-{place}"), link.as_bytes())?;
    }
    keep("links", "card", include_bytes!("card.json"))
}
