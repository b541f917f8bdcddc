"""Writes fixture.safetensors: weights, statistics, inputs, and what reference.py and walk.py make of them.

Run: python3 make_fixture.py   (torch 2.4 or later, scipy, numpy, safetensors)
"""
import json
import math
from pathlib import Path

import torch
from safetensors.torch import save_file

from reference import COUNT, MASK, UNMEASURED, V, Reference, quantise
from walk import cells_of

CONFIG = dict(genes=37, group_size=8, width=16, blocks=2, heads=2, feed=24, rank=4, summary=3, shape=2, slots=4,
              values=10, groups=5)
# Donor, cell type, perturbation (control first), library size.
DONORS, TYPES, DRUGS, DEPTHS = (282, 283), (284, 285), (286, 287, 288, 289), (290, 291)
PAIRS = [(284, 287), (285, 287), (284, 288)]
SEED = 21
NOT_DECAYED = ("gene_output", "gene_shape", "shape_", "mean_", "token_", "condition_", "group_", "gate_", "summary")
# What the start is measured into learns at a tenth of the rate.
MEASURED = ("gene_output", "gate_conditions", "gate_pairs", "summary.loadings")
# Smallest distance of a draw to an edge of its distribution function: Rust's single precision stays far below it.
MARGIN = 1e-4


def statistics(c, g):
    """Ceilings of all four classes of values, and means that suit them."""
    few = [quantise(n) for n in (0, 0, 1, 1, 2, 2, 2, 3, 3, 4, 4, 5, 5, 6, 7)]
    some = [quantise(n) for n in (8, 9, 11, 12, 14, 16, 19, 23, 27, 31)]
    many = [quantise(n) for n in (36, 45, 60, 94)]
    most = [quantise(n) for n in (104, 150, 233, 420, 1010, 2400, 6100, 12_000)]
    ceiling = torch.tensor(few + some + many + most)[torch.randperm(c["genes"], generator=g)].tolist()
    number = lambda low, high: (low + (high - low) * torch.rand(c["genes"], generator=g))
    top = torch.tensor([float(max(COUNT[token], 1)) for token in ceiling])
    log_mean = (top * 0.18).log() + number(-1.0, 0.6)
    log_mean[[gene for gene, token in enumerate(ceiling) if token == 0]] = -14.0
    # The first step past what is expected at most: log-means above 9 are expected as 9.
    log_mean[ceiling.index(V - 1)] = 8.9
    scale = (log_mean.exp() * number(0.5, 1.6)).clamp(min=0.3)
    return dict(log_mean=log_mean, log_size=number(-2.2, 1.6), scale=scale, lowest=number(-0.8, -0.1),
                highest=number(0.1, 0.8)), ceiling


def layout(ceiling, size, g):
    """Genes in random order, sorted by ceiling, a slot after the other, in random order within a slot."""
    genes = len(ceiling)
    order = sorted(torch.randperm(genes, generator=g).tolist(), key=lambda gene: ceiling[gene])
    permutation = [0] * genes
    for slot in range(size):
        positions = range(slot, genes, size)
        own, order = order[: len(positions)], order[len(positions) :]
        for position, chosen in zip(positions, torch.randperm(len(own), generator=g).tolist()):
            permutation[position] = own[chosen]
    return permutation


def weights(c, g):
    n = lambda *shape, scale=1.0: torch.randn(*shape, generator=g) * scale
    d, s, f, q = c["width"], c["group_size"], c["feed"], c["summary"]
    gates = c["rank"] + q + c["shape"]
    p = {
        "token_features": n(9, d),
        "condition_embedding": n(c["values"], d),
        "group_embedding": n(c["groups"], d),
        "gene_embedding": n(c["genes"], d, scale=0.4),
        "compress": n(s * d, d, scale=0.1),
        "final_norm": 1 + 0.2 * n(d),
        "mean_gain": n(d, scale=0.2),
        "decompress": n(d, s * d, scale=0.3),
        "head": n(d, V, scale=0.4),
        "gene_output": n(c["genes"], c["rank"], scale=0.2),
        "gene_shape": n(c["genes"], c["shape"], scale=0.7),
        "shape_basis": n(c["shape"], V, scale=0.7),
        "gate_bias": n(gates, scale=0.5),
        "gate_conditions": n(c["values"], gates, scale=0.4),
        "gate_pairs": n(len(PAIRS), c["rank"], scale=0.6),
        "gate_hidden": n(d, gates, scale=0.2),
        "summary.loadings": n(c["genes"], q, scale=0.2),
        "summary.trust": n(c["values"], q, scale=0.2),
        "summary.to_rows": n(2 * q, d, scale=0.5),
    }
    for i in range(c["blocks"]):
        p[f"blocks.{i}.attention_norm"] = 1 + 0.2 * n(d)
        p[f"blocks.{i}.attention_in"] = n(d, 3 * d, scale=0.3)
        p[f"blocks.{i}.attention_out"] = n(d, d, scale=0.2)
        p[f"blocks.{i}.feed_norm"] = 1 + 0.2 * n(d)
        p[f"blocks.{i}.feed_in"] = n(d, 2 * f, scale=0.3)
        p[f"blocks.{i}.feed_out"] = n(f, d, scale=0.2)
    return p


def batch(c, genes, ceiling, g):
    """Three half-masked cells: counts up to the ceiling and one above it, a gene that was not measured."""
    targets = []
    for cell in range(3):
        row = []
        for gene in range(c["genes"]):
            mean = math.exp(genes["log_mean"][gene])
            count = float(-mean * torch.log(1 - torch.rand((), generator=g)))
            row.append(min(quantise(int(count)), ceiling[gene]))
        targets.append(row)
    several = next(gene for gene in range(c["genes"]) if 2 <= ceiling[gene] < 90)
    targets[1][several] = ceiling[several] + 3
    p = [0.3, 0.6, 0.9]
    hidden = torch.rand(3, c["genes"], generator=g) < torch.tensor(p)[:, None]
    hidden[1, several] = True
    targets[2][5], hidden[2, 5] = UNMEASURED, True
    tokens = [[MASK if own else token for own, token in zip(*rows)] for rows in zip(hidden.tolist(), targets)]
    # A pair, no pair, and a pair; the donor of the last cell does not learn from it.
    conditions = [[282, 284, 287, 290], [283, 285, 288, 291], [282, 285, 287, 291]]
    learns = [[1, 1, 1, 1], [1, 1, 1, 1], [0, 1, 1, 1]]
    return dict(tokens=tokens, targets=targets, conditions=conditions, learns=learns, weight=[1 / own for own in p])


def requests(ceiling):
    held = next(gene for gene, token in enumerate(ceiling) if token > 100)
    null = [None, None, DRUGS[0], None]
    label = lambda *tokens: list(tokens)
    common = dict(null=null, steps=3, clamp=[])
    return dict(
        guided=dict(common, labels=[(label(282, 284, 287, 290), 3.0), (label(282, 285, 287, 291), 1.0)], guidance=2.0,
                    seed=17, key=(1 << 63) + 12345, cells=4, clamp=[(held, 57)],
                    totals={290: [100.0, 2000.0], 291: [9000.0, 12_000.0], 0: [1.0, 2.0]}),
        composed=dict(common, labels=[(label(283, 284, 287, 290), 1.0)], composed=(2, [287, 289]), guidance=2.0, seed=218,
                      key=7, cells=3, totals={0: [5000.0, 6000.0]}),
        plain=dict(common, labels=[(label(283, 285, 288, 291), 1.0)], guidance=0.0, steps=2, seed=19, key=0, cells=2,
                   totals={}),
        factors=dict(common, labels=[(label(282, 284, 287, 290), 1.0), (label(282, 284, 288, 290), 1.0)], guidance=1.0,
                     seed=720, key=3, cells=4, clamp=[(held, 57)], totals={290: [100.0, 2000.0]}, draws_factors=True),
    )


def trained(model, p, batch, out):
    """Loss, gradients of every parameter, and one AdamW step after clipping."""
    out["loss"] = model.loss(batch).reshape(1)
    out["loss"].backward()
    for name, own in p.items():
        out[f"grad.{name}"] = own.grad.clone()
    with torch.no_grad():
        out["loss.some"] = model.loss(batch, [1, 4, 7]).reshape(1)
    decayed = lambda name: not (name.endswith("norm") or name.startswith(NOT_DECAYED))
    groups = [{"params": [own], "weight_decay": 0.1 if decayed(name) else 0.0, "lr": 1e-3 if name in MEASURED else 1e-2}
              for name, own in p.items()]
    optimiser = torch.optim.AdamW(groups, betas=(0.9, 0.95), eps=1e-8)
    out["norm"] = torch.nn.utils.clip_grad_norm_(list(p.values()), 0.05).reshape(1)
    optimiser.step()
    for name, own in p.items():
        out[f"stepped.{name}"] = own.detach().clone()


def main():
    g = torch.Generator().manual_seed(SEED)
    columns, ceiling = statistics(CONFIG, g)
    permutation = layout(ceiling, CONFIG["group_size"], g)
    start = weights(CONFIG, g)
    out = {f"param.{name}": value for name, value in start.items()}
    out |= {f"param.genes.{name}": value for name, value in columns.items()}
    out["param.genes.ceiling"] = torch.tensor(ceiling, dtype=torch.int32)
    out["param.permutation"] = torch.tensor(permutation, dtype=torch.int32)
    out["param.pairs"] = torch.tensor(PAIRS, dtype=torch.int32)

    # The numbers of the file, in double precision from here on.
    p = {name: value.double().requires_grad_() for name, value in start.items()}
    genes = {name: value.double().tolist() for name, value in columns.items()} | {"ceiling": ceiling}
    model = Reference(CONFIG, p, genes, PAIRS, permutation)
    own = batch(CONFIG, genes, ceiling, g)
    for name in ("tokens", "targets", "conditions"):
        out[name] = torch.tensor(own[name], dtype=torch.int32)
    out["learns"], out["weight"] = torch.tensor(own["learns"]).float(), torch.tensor(own["weight"])

    with torch.no_grad():
        for blocks in range(CONFIG["blocks"] + 1):
            groups, shifts, shapes = model.hidden(own["tokens"], own["conditions"], blocks=blocks)
            out |= {f"layer.{blocks}.groups": groups, f"layer.{blocks}.shifts": shifts, f"layer.{blocks}.shapes": shapes}
        # What the conditions and the summary say alone: no blocks, and nothing read from the rows.
        silent = {name: value * 0 if name in ("mean_gain", "gate_hidden") else value for name, value in p.items()}
        out["bare.shifts"] = Reference(CONFIG, silent, genes, PAIRS, permutation).hidden(
            own["tokens"], own["conditions"], blocks=0)[1]
        impossible = torch.full((3, CONFIG["genes"], V), -1e9, dtype=torch.float64)
        for gene in range(CONFIG["genes"]):
            h = groups[:, model.place(gene)[0]]
            impossible[:, gene, : ceiling[gene] + 1] = model.log_probabilities(gene, h, shifts[:, gene], shapes)
        out["log_probabilities"] = impossible

    asked, nearest = requests(ceiling), 1.0
    for name, request in asked.items():
        tokens, labels, expected, margins = cells_of(model, request)
        out[f"{name}.tokens"] = torch.tensor(tokens, dtype=torch.int32)
        out[f"{name}.labels"] = torch.tensor(labels, dtype=torch.int32)
        out[f"{name}.expected"] = torch.tensor(expected)
        nearest = min(nearest, min(map(min, margins)))
    print(f"the nearest draw is {nearest:.1e} from an edge")
    assert nearest > MARGIN, "a near tie that rounding could decide; choose another seed"
    trained(model, p, own, out)

    words = {name: json.dumps(request) for name, request in asked.items()}
    single = {name: (value.float() if value.is_floating_point() else value).detach().contiguous() for name, value in out.items()}
    save_file(single, Path(__file__).with_name("fixture.safetensors"), metadata=words)


main()
