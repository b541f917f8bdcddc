"""Writes fixture.safetensors: weights, inputs, and what every layer makes of them, by reference.py.

Run: python3 make_fixture.py   (torch 2.4 or later, numpy, safetensors)
"""
import math
from pathlib import Path

import torch
from safetensors.torch import save_file

from reference import MASK, VOCABULARY, Reference

CONFIG = dict(genes=37, group_size=8, width=16, blocks=2, heads=2, feed=24, rank=4, summary=3, slots=4, values=9, groups=5)
STEPS, GUIDANCE = 3, 2.0


def weights(c, g):
    n = lambda *shape, scale=1.0: torch.randn(*shape, generator=g) * scale
    d, s, f = c["width"], c["group_size"], c["feed"]
    p = {
        "token_embedding": n(VOCABULARY + 1 + c["values"], d),
        "gene_embedding": n(c["genes"], d),
        "compress": n(s * d, d, scale=0.1),
        "final_norm": 1 + 0.2 * n(d),
        "decompress": n(d, s * d, scale=0.3),
        "head": n(d, VOCABULARY, scale=0.3),
        "gene_output": n(c["genes"], c["rank"], scale=0.5),
        "output_basis": n(c["rank"], VOCABULARY, scale=0.5),
        "output_bias": n(VOCABULARY, scale=0.5),
        "gate_bias": n(c["rank"]),
        "gate_conditions": n(c["values"], c["rank"], scale=0.5),
        "gate_hidden": n(d, c["rank"], scale=0.3),
        "summary.centre": n(c["genes"]),
        "summary.spread": 1 + 0.2 * n(c["genes"], 1),
        "summary.factors": n(c["genes"], c["summary"], scale=0.3),
        "summary.effect_conditions": n(c["values"], c["summary"], scale=0.5),
        "summary.effect_genes": n(c["genes"], c["summary"], scale=0.5),
        "summary.trust": n(c["values"], c["summary"], scale=0.2),
        "summary.to_gates": n(2 * c["summary"], c["rank"], scale=0.5),
        "summary.to_rows": n(2 * c["summary"], d, scale=0.5),
    }
    for i in range(c["blocks"]):
        p[f"blocks.{i}.attention_norm"] = 1 + 0.2 * n(d)
        p[f"blocks.{i}.attention_in"] = n(d, 3 * d, scale=0.3)
        p[f"blocks.{i}.attention_out"] = n(d, d, scale=0.2)
        p[f"blocks.{i}.feed_norm"] = 1 + 0.2 * n(d)
        p[f"blocks.{i}.feed_in"] = n(d, 2 * f, scale=0.3)
        p[f"blocks.{i}.feed_out"] = n(f, d, scale=0.2)
    p = {key: value.requires_grad_() for key, value in p.items()}
    p["permutation"] = torch.randperm(c["genes"], generator=g).int()
    return p


def sample(model, conditions, null, order, uniforms):
    """The three-step guided walk; returns tokens and how near each draw was to a neighbour's edge."""
    cells, genes = order.shape
    tokens = torch.full((cells, genes), MASK)
    margin = torch.zeros(cells, genes)
    done = 0
    for step in range(1, STEPS + 1):
        upto = genes if step == STEPS else round(genes * (1 - math.cos(math.pi * step / (2 * STEPS))))
        toward = model.logits(*model.hidden(tokens, conditions))
        away = model.logits(*model.hidden(tokens, null))
        logits = (away + (GUIDANCE + 1) * (toward - away)).double()
        cdf = torch.softmax(logits, -1).cumsum(-1)
        for cell in range(cells):
            for gene in order[cell, done:upto].tolist():
                target = uniforms[cell, gene].double() * cdf[cell, gene, -1]
                tokens[cell, gene] = int((cdf[cell, gene] <= target).sum())
                margin[cell, gene] = float((cdf[cell, gene] - target).abs().min())
        done = upto
    return tokens, margin


def main():
    g = torch.Generator().manual_seed(3)
    p = weights(CONFIG, g)
    model = Reference(CONFIG, p)
    cells, genes = 3, CONFIG["genes"]
    targets = torch.randint(0, 12, (cells, genes), generator=g)
    targets[:, :3] = torch.tensor([280, 150, 101])
    probability = torch.tensor([0.3, 0.6, 0.9])
    tokens = torch.where(torch.rand(cells, genes, generator=g) < probability[:, None], MASK, targets)
    conditions = 282 + torch.randint(0, CONFIG["values"], (cells, CONFIG["slots"]), generator=g)
    null = conditions.clone()
    null[:, 2] = 282
    trace = {}
    hidden = model.hidden(tokens, conditions, trace)
    out = {f"layer.{key}": value for key, value in trace.items()}
    out["layer.logits"] = model.logits(*hidden)[:1]
    names = [key for key in p if key != "permutation"]
    loss = model.loss(tokens, conditions, targets, probability)
    loss.backward()
    for name in names:
        out[f"grad.{name}"] = p[name].grad.clone()
    norm = torch.sqrt(sum((p[name].grad ** 2).sum() for name in names))
    optimiser = torch.optim.AdamW([p[n] for n in names], lr=1e-2, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1)
    before = {name: p[name].detach().clone() for name in names}
    with torch.no_grad():
        order = torch.stack([torch.randperm(genes, generator=g) for _ in range(cells)])
        uniforms = torch.rand(cells, genes, generator=g)
        drawn, margin = sample(model, conditions, null, order, uniforms)
    torch.nn.utils.clip_grad_norm_([p[name] for name in names], 0.05)
    optimiser.step()
    checked = ["compress", "blocks.1.feed_in", "head"]
    for name in checked:
        out[f"stepped.{name}"] = p[name].detach()
    out |= {f"param.{name}": value for name, value in before.items()}
    out |= {
        "param.permutation": p["permutation"], "tokens": tokens.int(), "targets": targets.int(),
        "conditions": conditions.int(), "null": null.int(), "probability": probability, "loss": loss.reshape(1),
        "norm": norm.reshape(1), "order": order.int(), "uniforms": uniforms, "sampled": drawn.int(), "margin": margin,
    }
    save_file({k: v.detach().contiguous() for k, v in out.items()}, Path(__file__).with_name("fixture.safetensors"))


main()
