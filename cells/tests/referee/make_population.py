"""Population metrics by scipy, harmonypy and the scDiffusion notebook's formula, for `cells/tests/population.rs`.

    python make_population.py population.json     # needs numpy, scipy, harmonypy
"""
import json
import sys
from importlib.metadata import version

import numpy as np
import pandas as pd
from harmonypy import compute_lisi
from scipy.stats import wasserstein_distance

rng = np.random.default_rng(4)
real = rng.normal(size=(90, 5)).round(4)
made = (rng.normal(size=(75, 5)) * 1.1 + [0.4, 0, 0, 0.2, 0]).round(4)
both = np.concatenate([real, made])

squares = ((both[:, None] - both[None]) ** 2).sum(-1)
width = squares.sum() / (len(both) ** 2 - len(both))
kernel = sum(np.exp(-squares / (width * 2.0**i)) for i in range(-2, 3))
n = len(real)
mmd = kernel[:n, :n].mean() + kernel[n:, n:].mean() - kernel[:n, n:].mean() - kernel[n:, :n].mean()

side = pd.DataFrame({"side": ["real"] * n + ["made"] * len(made)})
lisi = compute_lisi(both, side, ["side"], perplexity=30)[:, 0]

counts = [rng.poisson(rng.gamma(1.0, 2.0, (size, 12)) * np.linspace(0.05, 2.0, 12)) for size in (40, 55)]
logs = [np.log1p(table / np.maximum(table.sum(1, keepdims=True), 1) * 100.0) for table in counts]
distance = np.mean([wasserstein_distance(logs[0][:, g], logs[1][:, g]) for g in range(12)])
json.dump(
    {
        "made_with": {name: version(name) for name in ("numpy", "scipy", "harmonypy")},
        "real": real.tolist(), "made": made.tolist(), "mmd": mmd, "ilisi": float(np.median(lisi)) - 1.0,
        "counts": [table.tolist() for table in counts], "wasserstein": distance,
    },
    open(sys.argv[1], "w"),
    separators=(",", ":"),
)
