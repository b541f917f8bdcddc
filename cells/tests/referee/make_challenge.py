"""The scored metrics of the Virtual Cell Challenge 2026 on small synthetic cells, for `cells/tests/challenge.rs`.

    python make_challenge.py challenge.json     # with cell-eval2 0.20.0 and pdex 0.3.0, without a GPU

Counts of both sides are part of the file, so that nothing has to be drawn again. The tests of genes are asked of pdex
by name: without it (and without a GPU) cell-eval2 falls back to scanpy's test, which has no correction for continuity.
"""
import json
import sys
import tempfile
import warnings
from dataclasses import replace
from fractions import Fraction
from importlib.metadata import version

import anndata
import numpy as np
import pandas
import polars
from cell_eval2 import aggregate_metrics, compute_metrics
from cell_eval2.catalog import CATALOG
from cell_eval2.competition import competition_members
from cell_eval2.config import EvalConfig
from cell_eval2.scoring import is_degenerate, score_one
from scipy.sparse import csr_matrix

warnings.filterwarnings("ignore")
CONTROL = "non-targeting"
UNSCORED = ["expr_mse_unbiased", "expr_mse_unbiased_capped", "expr_distance_unbiased"]


def opened(rows, labels, genes):
    names = [str(cell) for cell in range(len(labels))]
    counts = csr_matrix(np.asarray(rows, dtype=np.float32))
    return anndata.AnnData(counts, obs=pandas.DataFrame({"target": labels}, index=names), var=pandas.DataFrame(index=genes))


def judged(real, predicted, real_labels, predicted_labels, genes):
    """Metrics of every perturbation, aggregates, tests of genes of both sides."""
    preset = EvalConfig.from_preset("vcc2026")
    place = tempfile.mkdtemp()
    config = replace(preset, de=replace(preset.de, backend="pdex"), num_threads=1, device="cpu", outdir=place)
    pair = opened(predicted, predicted_labels, genes), opened(real, real_labels, genes)
    metrics = compute_metrics(*pair, config=config, write_de=True)
    tests = [polars.read_parquet(f"{place}/de_{side}.parquet") for side in ("real", "pred")]
    return metrics, aggregate_metrics(metrics), tests


def number(value):
    """JSON has no NaN: null."""
    return None if value is None or np.isnan(value) else float(value)


def ties_hold(rows, labels):
    """Whether cell-eval2's f64 logarithms tie just what equal shares tie; rounding parts one in four hundred ties."""
    counts, labels = np.asarray(rows), np.asarray(labels)
    depths = counts.sum(axis=1)
    for group in set(labels) - {CONTROL}:
        cells = np.flatnonzero((labels == group) | (labels == CONTROL))
        for gene in range(counts.shape[1]):
            found = [(int(counts[cell, gene]), int(depths[cell])) for cell in cells if counts[cell, gene]]
            keys = np.log1p(np.array([count / (depth / 1e6) for count, depth in found]))
            if len({Fraction(*pair) for pair in found}) != len(np.unique(keys)):
                return False
    return True


def data_set(real, predicted, real_labels, predicted_labels, genes, with_tests):
    """What the test reads of one data set. A predicted side of None is the measured one, and the counts are left out."""
    other, other_labels = (real, real_labels) if predicted is None else (predicted, predicted_labels)
    # Predicted controls are replaced by measured ones.
    real_control = [row for row, label in zip(real, real_labels) if label == CONTROL]
    own = [(row, label) for row, label in zip(other, other_labels) if label != CONTROL]
    assert ties_hold(real, real_labels)
    assert ties_hold(real_control + [row for row, _ in own], [CONTROL] * len(real_control) + [label for _, label in own])
    metrics, aggregates, tests = judged(real, other, real_labels, other_labels, genes)
    wanted = [*competition_members(), *UNSCORED]
    values = {label: {} for label in sorted(set(real_labels) - {CONTROL})}
    for row in metrics.filter(polars.col("metric").is_in(wanted)).to_dicts():
        values[row["perturbation"]][row["metric"]] = number(row["value"])
    found = {
        "values": values,
        "aggregates": {row["metric"]: number(row["mean"]) for row in aggregates.to_dicts() if row["metric"] in wanted},
    }
    if predicted is not None:
        found |= {"genes": genes, "real_labels": real_labels, "predicted_labels": predicted_labels}
        found |= {"real": np.asarray(real).tolist(), "predicted": np.asarray(predicted).tolist()}
    if with_tests:
        # By side and perturbation: names of the tested genes in order of the panel, their fold changes, p, q.
        columns = ["feature", "log2_fold_change", "p_value", "p_adj"]
        found["tests"] = {
            side: {str(label): [part[column].to_list() for column in columns] for (label,), part in table.group_by("target")}
            for side, table in zip(("real", "predicted"), tests)
        }
    return found


def drawn(rng, means, cells, depth=0.35):
    """Counts [cells, genes]: negative binomial around means, cells of log-normal depth."""
    size = rng.lognormal(0.0, depth, (cells, 1))
    return rng.poisson(rng.gamma(4.0, size * means / 4.0 + 1e-12))


def ties(seed):
    """Random depths. Perturbations: tested genes, a gene that is never seen, a name that is no gene. Gene 56 is absent
    in control cells, gene 57 everywhere, gene 58 on the predicted side; a predicted cell is empty."""
    rng = np.random.default_rng(seed)
    genes = [f"G{place:02}" for place in range(60)]
    base = rng.gamma(0.8, 6.0, 60) + 0.2
    base[56:58] = 0.0
    rows, labels = {"real": [], "predicted": []}, []
    for place, label in enumerate([CONTROL, "G03", "G10", "G57", "other"]):
        moved = rng.choice(55, 8 + 9 * place, replace=False)
        for side, strength in (("real", 1.0), ("predicted", 0.7)):
            means = base.copy()
            if label != CONTROL:
                means[moved[::2]] *= 8.0**strength
                means[moved[1::2]] /= 8.0 ** (-strength if (place, side) == (3, "predicted") else strength)
                means[56] = 3.0
            if label in genes:
                means[genes.index(label)] *= 0.1
            rows[side].append(drawn(rng, means, 20 if label == CONTROL else 10))
        labels += [label] * len(rows["real"][-1])
    real, predicted = (np.concatenate(rows[side]) for side in ("real", "predicted"))
    predicted[:, 58] = 0
    predicted[25] = 0
    return real, predicted, labels, labels, genes


def equal_depths(seed):
    """Every cell has 120 counts, gene 0 has 6 in each. One measured and one predicted group is a single cell, two
    measured groups are the same cells, one predicted group is the control cells, one is without counts."""
    rng = np.random.default_rng(seed)
    genes = [f"G{place:02}" for place in range(24)]
    base = rng.gamma(1.0, 1.0, 23) + 0.1
    names = [CONTROL, "G01", "G02", "G03", "G04", "G05"]
    cells = {"real": [18, 9, 9, 9, 1, 9], "predicted": [3, 9, 18, 9, 6, 1]}
    drawn_rows, labels = {}, {}
    for side, sizes in cells.items():
        groups = []
        for place, size in enumerate(sizes):
            share = base.copy()
            share[place : place + 12] *= 1.0 if place == 0 else np.random.default_rng(place).choice([0.2, 6.0], 12)
            groups.append(np.c_[np.full(size, 6), rng.multinomial(114, share / share.sum(), size)])
        drawn_rows[side], labels[side] = groups, np.repeat(names, sizes).tolist()
    real, predicted = drawn_rows["real"], drawn_rows["predicted"]
    real[3] = real[2]
    predicted[2] = real[0]
    predicted[4] = np.zeros_like(predicted[4])
    return np.concatenate(real), np.concatenate(predicted), labels["real"], labels["predicted"], genes


def alone(seed):
    """One perturbation only."""
    rng = np.random.default_rng(seed)
    genes = [f"G{place:02}" for place in range(30)]
    base = rng.gamma(1.0, 5.0, 30) + 0.5
    shifted = base * np.where(np.arange(30) % 2, 5.0, 0.3)
    side = lambda means: np.concatenate([drawn(rng, base, 15), drawn(rng, means, 12)])
    labels = [CONTROL] * 15 + ["G05"] * 12
    return side(shifted), side(np.where(np.arange(30) % 5, shifted, base)), labels, labels, genes


def uneven(seed):
    """Groups that a single cell makes up: nearly all counts, or all of them."""
    rng = np.random.default_rng(seed)
    genes = [f"G{place:02}" for place in range(20)]
    base = rng.gamma(1.0, 2.0, 20) + 0.2
    names = [CONTROL, "G00", "G01", "G02"]
    sides = []
    for _ in range(2):
        groups = [drawn(rng, base * rng.lognormal(0.0, spread, 20), 8) for spread in (0.0, 2.5, 2.5, 2.5)]
        groups[0][0] *= 9
        groups[1][3] *= 60
        groups[2][[0, 1, 2, 4, 5, 6, 7]] = 0
        sides.append(np.concatenate(groups))
    labels = np.repeat(names, 8).tolist()
    return *sides, labels, labels, genes


def refused():
    """The sentences that cell-eval2 refuses inputs with."""
    rng = np.random.default_rng(0)
    genes = [f"G{place}" for place in range(12)]
    counts = rng.poisson(5, (20, 12))
    labels = [CONTROL] * 8 + ["G0"] * 6 + ["G1"] * 6
    renamed = [{"G0": "A", "G1": "B"}.get(label, label) for label in labels]
    others = [{"G1": "G2"}.get(label, label) for label in labels]
    changed = lambda cells, columns, value: [
        [value if cell in cells and gene in columns else int(count) for gene, count in enumerate(row)]
        for cell, row in enumerate(counts)
    ]
    no_effect = np.concatenate([counts[:6], counts[:2], counts[:6], counts[:6]])
    cases = {
        "nothing but control": (counts, counts, [CONTROL] * 20, [CONTROL] * 20, genes),
        "other perturbations": (counts, counts, labels, others, genes),
        "no name of a gene": (counts, counts, renamed, renamed, genes),
        "no name of a tested gene": (changed(range(8), (0, 1), 0), counts, labels, labels, genes),
        "all genes are targets": (counts[:, :2], counts[:, :2], labels, labels, genes[:2]),
        "a gene twice": (counts, counts, labels, labels, ["G0", *genes[:-1]]),
        "control without counts": (changed(range(8), range(12), 0), counts, labels, labels, genes),
        "a measured cell too deep": (changed([9], [3], 1_000_001), counts, labels, labels, genes),
        "a predicted cell too deep": (counts, changed([9], [3], 1_000_001), labels, labels, genes),
        "fewer genes": (counts, counts[:, :11], labels, labels, genes),
        "no effect": (no_effect, counts, labels, labels, genes),
    }
    sentences = {}
    for name, (real, predicted, real_labels, predicted_labels, panel) in cases.items():
        try:
            if np.shape(predicted)[1] != len(panel):
                preset = EvalConfig.from_preset("vcc2026")
                pair = opened(predicted, predicted_labels, panel[:11]), opened(real, real_labels, panel)
                compute_metrics(*pair, config=replace(preset, device="cpu"))
            else:
                judged(real, predicted, real_labels, predicted_labels, panel)
            raise SystemExit(f"{name} was not refused")
        except ValueError as error:
            sentences[name] = str(error)[:120]
    return sentences


def scored():
    """[place of the metric, value, baseline, replicate or null, score or null where there is no scale]."""
    rows = []
    for place, member in enumerate(competition_members()):
        policy = CATALOG[member].scoring
        for value in (None, -0.3, 0.2, 0.999, 1.7, 9.0):
            for baseline in (0.0, 0.55, 1.0):
                for replicate in (None, -0.2, 0.35, 0.9):
                    score = None
                    try:
                        own = policy if replicate is None else replace(policy, anchor=replicate)
                        score = None if is_degenerate(baseline, own) else score_one(value, baseline, own)
                    except ValueError:
                        pass
                    rows.append([place, value, baseline, replicate, score])
    return rows


sets = {
    "ties": data_set(*ties(4), with_tests=True),
    "equal depths": data_set(*equal_depths(2), with_tests=True),
    "alone": data_set(*alone(3), with_tests=False),
    "uneven": data_set(*uneven(4), with_tests=False),
}
real, _, labels, _, genes = ties(4)
sets["perfect"] = data_set(real, None, labels, None, genes, with_tests=False) | {"like": "ties"}
with open(sys.argv[1], "w") as file:
    json.dump(
        {
            "made_with": {name: version(name) for name in ("cell-eval2", "pdex", "scanpy", "anndata", "numpy")},
            "members": competition_members(),
            "sets": sets,
            "refused": refused(),
            "scored": scored(),
        },
        file,
        separators=(",", ":"),
    )
