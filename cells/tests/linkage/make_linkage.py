"""Average linkage of random rows by scipy: writes average.json beside this file.

python make_linkage.py      (needs numpy and scipy)
"""
import json
from pathlib import Path

import numpy as np
import scipy
from scipy.cluster.hierarchy import linkage

rng = np.random.default_rng(20240611)
cases = []
for name, rows, columns, scale in [("few", 7, 2, 1.0), ("genes", 24, 8, 3.0), ("cells", 90, 5, 1.0)]:
    # Three clouds, and values that f32 holds exactly, so that both sides read the same numbers.
    centres = rng.normal(size=(3, columns)) * scale
    values = (centres[rng.integers(0, 3, rows)] + rng.normal(size=(rows, columns))).astype(np.float32)
    merges = linkage(values.astype(np.float64), method="average", metric="euclidean")
    cases.append({
        "name": name, "rows": rows, "columns": columns,
        "values": [float(v) for v in values.ravel()],
        "merges": [[int(a), int(b), float(d), int(n)] for a, b, d, n in merges],
    })
out = {"scipy": scipy.__version__, "cases": cases}
Path(__file__).with_name("average.json").write_text(json.dumps(out) + "\n")
