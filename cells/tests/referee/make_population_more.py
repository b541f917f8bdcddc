"""Further population metrics by scikit-learn, scipy and numpy, for `cells/tests/population_more.rs`.

    python make_population_more.py population_more.json     # needs numpy, scipy, scikit-learn

Coordinates are rounded to f32 before anything is computed, so that both sides start from the same numbers.
"""
import json
import sys
from importlib.metadata import version

import numpy as np
from scipy.spatial.distance import cdist, jensenshannon
from scipy.stats import ks_2samp, wasserstein_distance
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, roc_auc_score
from sklearn.model_selection import PredefinedSplit, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

rng = np.random.default_rng(11)


def points(size, scale, offset):
    return (rng.normal(size=(size, len(scale))) * scale + offset).round(3).astype(np.float32).astype(float)


def model(c, solver="lbfgs"):
    """lbfgs stops when the objective no longer falls, at a gradient of 1e-7 or so: see the tolerances of the test."""
    return make_pipeline(StandardScaler(), LogisticRegression(C=c, tol=1e-12, max_iter=100_000, solver=solver))


# Four overlapping types of unequal size; coordinates fall in scale as principal components do, one is constant.
SCALE = np.array([8.0, 4.0, 2.0, 0.7, 0.0])
names = np.array(["B cell", "NK", "T cell", "monocyte"])
codes = np.repeat([0, 1, 2, 3], [40, 12, 70, 38])
centres = np.array([[0, 0, 0, 0, 3.5], [5, 4, 0, 0.5, 3.5], [-3, 2, 2, 0, 3.5], [14, -3, 0, 0, 3.5]])
cells = np.concatenate([points(1, SCALE, centres[code]) for code in codes])
asked = points(25, SCALE * 1.3, [2, 0, 0, 0, 4.0])
folds = rng.permutation(len(codes)) % 4
fits = []
for kept, c in (([0, 1, 2, 3], 1.0), ([0, 1, 2, 3], 30.0), ([0, 2], 0.1)):
    chosen = np.isin(codes, kept)
    fit = model(c).fit(cells[chosen], names[codes[chosen]])
    exact = model(c, "newton-cholesky").fit(cells[chosen], names[codes[chosen]])
    fits.append({
        "types": names[kept].tolist(), "c": c, "classes": fit.classes_.tolist(),
        "probabilities": fit.predict_proba(asked).tolist(),
        "coefficients": fit[-1].coef_.tolist(), "intercepts": fit[-1].intercept_.tolist(),
        "exact_probabilities": exact.predict_proba(asked).tolist(),
        "exact_coefficients": exact[-1].coef_.tolist(), "exact_intercepts": exact[-1].intercept_.tolist(),
    })
held_out = cross_val_predict(model(1.0), cells, names[codes], cv=PredefinedSplit(folds))

shares = [[0.5, 0.3, 0.2, 0.0], [0.25, 0.25, 0.1, 0.4]]

# Measured against generated: the latter wider and moved.
real, made = points(80, [3, 2, 1], 0.0), points(60, [3, 2.4, 1], [0.5, 0, 0.6])
both, sides = np.concatenate([real, made]), np.repeat([0, 1], [80, 60])
told_folds = rng.permutation(140) % 5
told = cross_val_score(model(1.0), both, sides, cv=PredefinedSplit(told_folds), scoring="roc_auc")

scores = rng.integers(0, 8, 50) / 4.0
truth = rng.random(50) < 0.2 + 0.25 * scores
area = roc_auc_score(truth, scores)

# Counts with genes that go together, of 14 genes; gene 3 is never seen on the first side, gene 9 on neither.
GENES, TARGET = 14, 100.0


def draw(size, depth):
    programme = rng.gamma(2.0, 0.5, (size, 3))
    loadings = np.random.default_rng(2).gamma(0.7, 1.0, (3, GENES))
    return rng.poisson(programme @ loadings * depth * rng.lognormal(0.0, 0.4, (size, 1)))


counts = [draw(70, 1.5), draw(45, 1.2)]
counts[0][:, [3, 9]] = 0
counts[1][:, 9] = 0
counts[1][4] = 0


def logs(table):
    """In the order and precision that counts are normalised in: f32, then the logarithm in f64, kept as f32."""
    share = table.sum(1, keepdims=True).astype(np.float32) / np.float32(TARGET)
    scaled = table.astype(np.float32) / np.where(share > 0, share, np.float32(1))
    return np.log1p(scaled.astype(float)).astype(np.float32).astype(float)


asked_genes = [12, 0, 1, 2, 3, 5, 6, 7, 9, 10, 13]
kept = np.sort([gene for gene in asked_genes if gene not in (3, 9)])
upper = np.triu_indices(len(kept), 1)
correlations = [np.corrcoef(logs(table)[:, kept].T)[upper] for table in counts]


def spread(values):
    a, b = values
    return {
        "quartiles": [np.quantile(side, [0.25, 0.5, 0.75]).tolist() for side in values],
        "ks": ks_2samp(a, b).statistic, "wasserstein": wasserstein_distance(a, b),
    }


# Training, held-out and generated cells; the first nine generated stand beside training cells.
sets = [points(size, [2, 1, 1], 0.0) for size in (90, 70, 50)]
sets[2][:9] = (sets[0][:9] + 0.01).astype(np.float32)
near = [cdist(points_, sets[0]).min(1) for points_ in sets[1:]]
limits = np.quantile(near[0], [0.01, 0.05])

json.dump(
    {
        "made_with": {name: version(name) for name in ("numpy", "scipy", "scikit-learn")},
        "cells": cells.tolist(), "types": names[codes].tolist(), "folds": folds.tolist(), "asked": asked.tolist(),
        "fits": fits,
        "held_out": held_out.tolist(), "accuracy": float(np.mean(held_out == names[codes])),
        "balanced": balanced_accuracy_score(names[codes], held_out),
        "shares": shares, "jensen_shannon": jensenshannon(*shares, base=2),
        "real": real.tolist(), "made": made.tolist(), "told_folds": told_folds.tolist(), "told": told.tolist(),
        "scores": scores.tolist(), "truth": truth.tolist(), "area": area,
        "counts": [table.tolist() for table in counts], "target": TARGET, "genes": asked_genes,
        "agreement": np.corrcoef(*correlations)[0, 1],
        "difference": np.abs(correlations[0] - correlations[1]).mean(),
        "umis": spread([table.sum(1) for table in counts]),
        "detected": spread([(table > 0).sum(1) for table in counts]),
        "sets": [points_.tolist() for points_ in sets],
        "medians": [float(np.median(distances)) for distances in near],
        "limits": limits.tolist(), "nearer": [float(np.mean(near[1] < limit)) for limit in limits],
    },
    open(sys.argv[1], "w"),
    separators=(",", ":"),
)
