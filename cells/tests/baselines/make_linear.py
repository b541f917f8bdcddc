"""Effects that the linear latent baseline predicts, found with scikit-learn, for `cells/tests/baselines.rs`.

    python make_linear.py linear.json   # with scikit-learn 1.9 and numpy 2.4

Contexts have random controls, effects that share directions, and perturbations of their own: not every pair of context
and perturbation is there. Components are scikit-learn's PCA, the regression its Ridge; the penalty is chosen here by
leaving out one context after the other.
"""
import json
import sys

import numpy as np
import sklearn
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge

GENES, CONTEXTS, NAMES = 30, 7, ["A", "B", "C", "D", "E", "F"]
PENALTIES = [0.01, 0.1, 1.0, 10.0, 100.0]
EFFECT_COMPONENTS, CONTEXT_COMPONENTS = 8, 2


def draw(noise):
    """Training contexts as (control, {name: effect}) and two held-out controls."""
    rng = np.random.default_rng(4)
    base, state = rng.gamma(2.0, 1.0, GENES), rng.normal(size=(2, GENES))
    shared = {name: rng.normal(size=GENES) for name in NAMES}
    slope = rng.normal(size=(2, GENES))
    contexts = []
    for place in range(CONTEXTS + 2):
        own = rng.normal(size=2)
        control = base + own @ state + 0.05 * rng.normal(size=GENES)
        measured = {
            name: shared[name] + 0.5 * own @ slope + noise * rng.normal(size=GENES)
            for number, name in enumerate(NAMES)
            if (place + number) % 4
        }
        contexts.append((control, measured))
    return contexts[:CONTEXTS], [control for control, _ in contexts[CONTEXTS:]]


def fit(contexts, penalty):
    """A function (control, name) -> effect, or None."""
    names = sorted({name for _, measured in contexts for name in measured})
    controls = np.array([control for control, _ in contexts])
    of_controls = PCA(min(CONTEXT_COMPONENTS, len(contexts) - 1), svd_solver="full").fit(controls)
    scores = of_controls.transform(controls)
    pairs = [(place, name) for place, (_, measured) in enumerate(contexts) for name in sorted(measured)]
    effects = np.array([contexts[place][1][name] for place, name in pairs])
    of_effects = PCA(min(EFFECT_COMPONENTS, len(pairs) - 1), svd_solver="full").fit(effects)
    first = np.array([scores[place, 0] for place, _ in pairs])
    scale = np.sqrt(len(pairs) / len(names) / ((first - first.mean()) ** 2).sum())
    one_hot = lambda name: [float(name == other) for other in names]
    features = np.array([one_hot(name) + list(scale * scores[place]) for place, name in pairs])
    ridge = Ridge(alpha=penalty, solver="svd").fit(features, of_effects.transform(effects))

    def predict(control, name):
        if name not in names:
            return None
        row = one_hot(name) + list(scale * of_controls.transform([control])[0])
        return of_effects.inverse_transform(ridge.predict([row]))[0]

    return predict


def left_out(contexts, penalty):
    total = 0.0
    for place, (control, measured) in enumerate(contexts):
        predict = fit(contexts[:place] + contexts[place + 1 :], penalty)
        for name, truth in measured.items():
            effect = predict(control, name)
            total += 0.0 if effect is None else ((effect - truth) ** 2).sum()
    return total


cases = []
for noise in (0.2, 2.0):
    contexts, held_out = draw(noise)
    errors = [left_out(contexts, penalty) for penalty in PENALTIES]
    chosen = PENALTIES[int(np.argmin(errors))]
    print(noise, errors, chosen)
    predict = fit(contexts, chosen)
    cases.append(
        {
            "contexts": [
                {"control": control.tolist(), "effects": {name: effect.tolist() for name, effect in measured.items()}}
                for control, measured in contexts
            ],
            "held_out": [control.tolist() for control in held_out],
            "penalty": chosen,
            "predicted": [{name: predict(control, name).tolist() for name in NAMES} for control in held_out],
        }
    )
json.dump(
    {
        "made_with": {"scikit-learn": sklearn.__version__, "numpy": np.__version__},
        "penalties": PENALTIES,
        "effect_components": EFFECT_COMPONENTS,
        "context_components": CONTEXT_COMPONENTS,
        "cases": cases,
    },
    open(sys.argv[1], "w"),
    separators=(",", ":"),
)
