"""Scores of the public referee on small synthetic cells, for `cells/tests/referee.rs`.

    python make_fixture.py current.json     # with cell-eval 0.8.x and pdex >= 0.2
    python make_fixture.py leaderboard.json # with cell-eval 0.6.6 and pdex 0.1.27

Counts of both sides are part of the file, so that nothing has to be drawn again.
"""
import json
import sys
import tempfile
import warnings
from importlib.metadata import version

import anndata
import numpy as np
import scanpy
from cell_eval import MetricsEvaluator

warnings.filterwarnings("ignore")
GENES, CELLS = 140, 36
TARGETS = ["GENE003", "TNF", "IFNB", "NOTHING", "WEAK"]
names = [f"GENE{i:03}" for i in range(GENES)]


def draw(seed, strength):
    """Counts [cells, genes]: negative binomial, each target moves genes of its own; gene 139 is never seen."""
    rng = np.random.default_rng(seed)
    base = np.random.default_rng(1).gamma(0.6, 6.0, GENES)
    base[139] = 0.0
    rows, labels = [], []
    for place, label in enumerate(["control"] + TARGETS):
        mean = base.copy()
        if label not in ("control", "NOTHING"):
            fold = 1.3 if label == "WEAK" else 4.0
            moved = np.random.default_rng(10 + place).choice(135, 20 + 22 * place, replace=False)
            own = strength * (1.0 if place != 2 else 0.4)
            mean[moved[::2]] *= fold**own
            mean[moved[1::2]] /= fold**own
        depth = rng.lognormal(0.0, 0.35, (CELLS, 1))
        rate = rng.gamma(4.0, depth * mean / 4.0 + 1e-12)
        rows.append(rng.poisson(rate))
        labels += [label] * CELLS
    return np.concatenate(rows), labels


def opened(counts, labels):
    data = anndata.AnnData(counts.astype(np.float32))
    data.var_names, data.obs["target"] = names, labels
    data.obs["target"] = data.obs["target"].astype("category")
    scanpy.pp.normalize_total(data)
    scanpy.pp.log1p(data)
    return data


sides = {"real": draw(2, 1.0), "pred": draw(3, 0.7)}
real, pred = opened(*sides["real"]), opened(*sides["pred"])
judge = MetricsEvaluator(pred, real, control_pert="control", pert_col="target", num_threads=1, outdir=tempfile.mkdtemp())
results, _ = judge.compute(profile="full", skip_metrics=["clustering_agreement"], write_csv=False, break_on_error=True)
table = {row.pop("perturbation"): row for row in results.to_dicts()}
shifts = judge.de_comparison.real.data.to_dicts()
numbers = lambda row: {
    key: None if value is None or np.isnan(value) else float(value) for key, value in row.items()
}
json.dump(
    {
        "made_with": {name: version(name) for name in ("cell-eval", "pdex", "scanpy", "anndata", "numpy")},
        "genes": names,
        "labels": sides["real"][1],
        "real": sides["real"][0].tolist(),
        "pred": sides["pred"][0].tolist(),
        "metrics": {key: numbers(row) for key, row in table.items()},
        "shifts": [
            [row["target"], row["feature"], float(np.clip(row["log2_fold_change"], -1e300, 1e300)), float(row["p_value"]), float(row["fdr"])]
            for row in shifts
        ],
    },
    open(sys.argv[1], "w"),
    separators=(",", ":"),
)
