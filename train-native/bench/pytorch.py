"""The network in PyTorch as a good PyTorch engineer would write it, for timing.

torch.compile, scaled_dot_product_attention, bf16 autocast where asked, fused AdamW. The same sizes, statistics of genes,
loss, slots, widths of values and clipping as the trainer: a slot is decoded up to the width of its class, features of
tokens go through W_down as one folded matrix. Not a source of truth: `tests/parity/reference.py` is that.
"""
import math
import time

import torch
from torch import nn
from torch.nn import functional as F

V, MASK, NEVER = 281, 281, -1e9
KNOTS = [0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0]
WIDTHS = [8, 32, 96, 288]


def counts_and_widths():
    """Count that each value stands for, and counts in its bin; what is past the vocabulary up to 288 is never drawn."""
    counts = [*range(100), *range(104, 1000, 10), *range(1049, 10_000, 100), 10_000] + [0] * 7
    widths = [1] * 100 + [10] * 90 + [100] * 90 + [1000] + [1] * 7
    return torch.tensor(counts, dtype=torch.float32), torch.tensor(widths, dtype=torch.float32)


def quantise(count):
    if count < 100:
        return count
    return 100 + (count - 100) // 10 if count < 1000 else min(190 + (count - 1000) // 100, V - 1)


def typical(genes):
    """Ceilings and log-means as `wellplate bench` sets them: most genes are counted up to a handful."""
    ceilings, means = [], []
    for gene in range(genes):
        largest = min(1 + 0.4 * (1 - gene / genes) ** -0.95, 3000)
        whole = int(largest)
        ceilings.append(quantise(whole + math.ceil(whole / 4)))
        means.append(math.log(0.05 * largest))
    return torch.tensor(ceilings), torch.tensor(means)


class RMSNorm(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(width))

    def forward(self, x):
        return F.rms_norm(x, (x.shape[-1],), self.gain, 1e-5)


class Block(nn.Module):
    def __init__(self, width, heads, feed):
        super().__init__()
        self.heads = heads
        self.attention_norm, self.feed_norm = RMSNorm(width), RMSNorm(width)
        self.attention_in, self.attention_out = nn.Linear(width, 3 * width, False), nn.Linear(width, width, False)
        self.feed_in, self.feed_out = nn.Linear(width, 2 * feed, False), nn.Linear(feed, width, False)

    def forward(self, x, cosine, sine):
        b, n, d = x.shape
        q, k, v = self.attention_in(self.attention_norm(x)).view(b, n, 3, self.heads, -1).permute(2, 0, 3, 1, 4)

        def rotate(t):
            first, second = t.chunk(2, -1)
            return torch.cat([first * cosine - second * sine, second * cosine + first * sine], -1).to(v.dtype)

        mixed = F.scaled_dot_product_attention(rotate(q), rotate(k), v)
        x = x + self.attention_out(mixed.transpose(1, 2).reshape(b, n, d))
        gate, value = self.feed_in(self.feed_norm(x)).chunk(2, -1)
        return x + self.feed_out(F.silu(gate) * value)


class Cells(nn.Module):
    """`slots`: the slots that are decoded, ascending; `widths`: values of each."""

    def __init__(self, config, slots, widths):
        super().__init__()
        c = self.c = config
        d, s, r, q, u = c["width"], c["group_size"], c["rank"], c["summary"], c["shape"]
        g, k = c["genes"], c["condition_values"]
        self.groups = -(-g // s)
        normal = lambda *shape, scale=0.02: nn.Parameter(scale * torch.randn(*shape))
        zeros = lambda *shape: nn.Parameter(torch.zeros(*shape))
        self.token_features, self.condition_embedding = normal(9, d, scale=1), normal(k, d, scale=0.2)
        self.group_embedding, self.gene_embedding = normal(self.groups, d, scale=0.5), normal(g, d, scale=s**-0.5)
        self.compress, self.decompress = normal(s * d, d, scale=(s * d) ** -0.5), normal(d, s * d, scale=d**-0.5)
        self.blocks = nn.ModuleList(Block(d, c["heads"], c["feed_width"]) for _ in range(c["blocks"]))
        self.norm, self.mean_gain, self.head = RMSNorm(d), zeros(d), zeros(d, V)
        self.gene_output, self.gene_shape, self.shape_basis = normal(g, r), normal(g, u), normal(u, V)
        gates = r + q + u
        self.gate_bias, self.gate_conditions, self.gate_hidden = zeros(gates), normal(k, gates), zeros(d, gates)
        self.loadings, self.trust, self.to_rows = normal(g, q), zeros(k, q), normal(2 * q, d)
        self.constants(slots, widths)

    def constants(self, slots, widths):
        c = self.c
        g, s = c["genes"], c["group_size"]
        keep = lambda name, value: self.register_buffer(name, value, persistent=False)
        ceiling, log_mean = typical(g)
        # Genes of like ceilings share a slot; the last group is padded.
        order, position = torch.argsort(ceiling, stable=True), torch.full((self.groups * s,), g)
        start = 0
        for slot in range(s):
            own = len(range(slot, g, s))
            position[slot : slot + own * s : s] = order[start : start + own]
            start += own
        keep("position", position)
        row = lambda values, padding: torch.cat([values, torch.tensor([padding])])[position]
        counts, bins = counts_and_widths()
        levels = torch.log2(1 + counts[:V]).clamp(max=KNOTS[-1])
        knots = torch.tensor(KNOTS)
        above = torch.searchsorted(knots, levels, right=True).clamp(max=len(KNOTS) - 1)
        share = (levels - knots[above - 1]) / (knots[above] - knots[above - 1])
        features = torch.zeros(V + 2, 9)
        features[torch.arange(V), above] = 1 - share
        features[torch.arange(V), above + 1] = share
        features[MASK, 0] = 1
        keep("features", features)
        keep("counts", torch.cat([counts[:V], torch.zeros(2)]))
        # A size and a scale of 1 for every gene.
        keep("log_mean", row(log_mean, -20.0))
        keep("once", torch.tensor(1 - math.exp(-1.0)))
        keep("twice", torch.tensor(1 - math.exp(-2.0)))
        self.classes = []
        for width in WIDTHS:
            own = [slot for slot, its in zip(slots, widths) if its == width]
            if not own:
                continue
            x, tops = counts[:width], row(ceiling, 0).view(self.groups, s)[:, own, None]
            means = self.log_mean.view(self.groups, s)[:, own, None]
            # The negative binomial of size 1 is geometric.
            base = x * (means - F.softplus(means)) - F.softplus(means) + bins[:width].log()
            keep(f"base{width}", base.masked_fill(torch.arange(width) > tops, NEVER))
            top = counts[tops]
            keep(f"fade{width}", ((top - x) / (0.5 * top).clamp(min=1e-6)).clamp(0, 1) * (top > 0))
            keep(f"slots{width}", torch.tensor(own))
            keep(f"values{width}", x)
            self.classes.append(width)
        half = c["width"] // c["heads"] // 2
        angle = torch.arange(self.groups + c["condition_slots"])[:, None] * 1e4 ** (-torch.arange(half) / half)[None]
        keep("cosine", angle.cos())
        keep("sine", angle.sin())

    def placed(self, table):
        return F.pad(table, (0, 0, 0, 1))[self.position]

    def deviations(self, expected, counts, visible):
        """Standard deviations, score and information of visible genes; what is expected teaches nothing."""
        mean = (expected + self.log_mean).clamp(max=9).exp()
        log = torch.log1p(mean * self.once)
        left, squared = torch.exp(-log), torch.exp(-torch.log1p(mean * self.twice))
        slope = mean * self.once * left * torch.exp(-log)
        variance = (squared - left * left).clamp(min=1e-4)
        away = (left - torch.exp(-counts)) * visible
        weight = slope / variance
        return (away * variance.rsqrt()).clamp(-8, 8), away * weight, slope * weight * visible

    def hidden(self, tokens, conditions):
        """tokens: in position order [B, L·S], the padding as V + 1."""
        c, b = self.c, len(tokens)
        d, s, r, q = c["width"], c["group_size"], c["rank"], c["summary"]
        labels = conditions - V - 1
        genes = self.placed(self.gene_embedding).view(self.groups, s, d)
        loadings = self.placed(self.loadings)
        responses = torch.cat([self.placed(self.gene_output), loadings], 1)
        gates = self.gate_bias + F.embedding(labels, self.gate_conditions).sum(1)
        expected = (gates[:, : r + q] @ responses.T).detach().float()
        visible = (tokens < MASK).float()
        standard, score, information = self.deviations(expected, self.counts[tokens] * visible, visible)
        total, trust = information @ loadings**2, F.embedding(labels, self.trust).sum(1)
        mean = (score @ loadings) / (1 + total) * trust.exp()
        mean, known = mean / torch.sqrt(1 + mean**2 / 9), total / (1 + total) * (2 * trust).exp()
        rows = F.embedding(labels, self.condition_embedding) + (torch.cat([mean, known], 1) @ self.to_rows)[:, None]
        folded = (self.token_features @ self.compress.view(s, d, d)).view(s * 9, d)
        cells = F.embedding(tokens, self.features).view(b, self.groups, s * 9) @ folded + self.group_embedding
        cells = cells + torch.einsum("bls,lsd->bld", standard.view(b, self.groups, s), genes)
        x = torch.cat([rows.to(cells.dtype), cells], 1)
        for block in self.blocks:
            x = block(x, self.cosine, self.sine)
        x = self.norm(x)
        front = conditions.shape[1]
        gates = gates + F.pad(mean, (r, c["shape"])) + x[:, :front].mean(1) @ self.gate_hidden
        groups = x[:, front:]
        shifts = gates[:, : r + q] @ responses.T - 0.5 * known @ (loadings**2).T
        own = torch.einsum("bld,lsd->bls", groups * self.mean_gain, genes)
        return groups, shifts.view(b, self.groups, s) + own, gates[:, r + q :]

    def logits(self, width, groups, shifts, shapes):
        c, slots = self.c, getattr(self, f"slots{width}")
        d, s, b, n = c["width"], c["group_size"], len(groups), len(slots)
        cut = lambda table: F.pad(table, (0, max(0, width - V)))[:, :width]
        matrix = (self.decompress.view(d, s, d)[:, slots].reshape(-1, d) @ cut(self.head)).view(d, n * width)
        correction = (groups @ matrix).view(b, self.groups, n, width)
        factors = self.placed(self.gene_shape).view(self.groups, s, -1)[:, slots]
        correction = correction + (factors * shapes[:, None, None]) @ cut(self.shape_basis)
        odds = self.log_mean.view(self.groups, s)[:, slots]
        slope = F.softplus(-odds) - F.softplus(-odds - shifts[:, :, slots].float())
        bounded = getattr(self, f"fade{width}") * correction.float().clamp(-4, 4)
        return getattr(self, f"base{width}") + slope[..., None] * getattr(self, f"values{width}") + bounded


def loss_of(model, tokens, targets, weights, conditions):
    c, b = model.c, len(tokens)
    placed = lambda values, padding: F.pad(values, (0, 1), value=padding)[:, model.position]
    tokens, targets = placed(tokens, V + 1), placed(targets, 0)
    groups, shifts, shapes = model.hidden(tokens, conditions)
    size, nats, decoded = (b, model.groups, c["group_size"]), 0.0, 0
    for width in model.classes:
        slots = getattr(model, f"slots{width}")
        logits = model.logits(width, groups, shifts, shapes)
        masked, wanted = tokens.view(size)[:, :, slots] == MASK, targets.view(size)[:, :, slots]
        surprise = F.cross_entropy(logits.reshape(-1, width), wanted.clamp(max=width - 1).reshape(-1), reduction="none")
        nats = nats + (surprise.view(masked.shape) * masked * weights[:, None, None]).sum()
        decoded += len(slots)
    return nats * c["group_size"] / decoded / c["genes"] / b


def groups_of(model):
    """Parameters as the trainer steps them: decayed, not decayed, and those that the start is measured into."""
    decayed = lambda name: name in ("gene_embedding", "compress", "decompress", "head") or (
        name.startswith("blocks") and "norm" not in name)
    measured = ("gene_output", "gate_conditions", "loadings")
    rule = lambda name: (0.1 if decayed(name) else 0.0, 1e-5 if name in measured else 1e-4)
    groups = {}
    for name, own in model.named_parameters():
        groups.setdefault(rule(name), []).append(own)
    return [{"params": own, "weight_decay": decay, "lr": rate} for (decay, rate), own in groups.items()]


def batch_of(about):
    """Random cells as the trainer's bench has them: counts up to 9, one in ten above 0; masks; weights."""
    c, b = about["config"], about["batch"]
    targets = (torch.randint(0, 100, (b, c["genes"])) - 90).clamp(min=0)
    p = (1 - 1e-3) * ((torch.arange(b) / b + torch.rand(1)) % 1) + 1e-3
    tokens = torch.where(torch.rand(targets.shape) < p[:, None], MASK, targets)
    # A count above its ceiling counts as the ceiling.
    targets = torch.minimum(targets, typical(c["genes"])[0])
    values = c["condition_values"] // max(c["condition_slots"], 1)
    conditions = V + 1 + values * torch.arange(c["condition_slots"]).repeat(b, 1)
    return tokens, targets, p ** -about["weighting"], conditions


def measure(about, device="cpu", compiled=True):
    """Cells per second of the network and settings that `wellplate bench --json` describes."""
    c, parts = about["config"], about["accumulate"]
    torch.manual_seed(1)
    torch.set_float32_matmul_precision("high")
    model = Cells(c, about["chosen"], about["widths"]).to(device)
    step_loss = torch.compile(loss_of) if compiled else loss_of
    optimiser = torch.optim.AdamW(groups_of(model), betas=(0.9, 0.95), fused=True)
    low = about["precision"] == "bf16"
    averages = [p.detach().clone() for p in model.parameters()]
    seconds = nats = 0.0
    for step in range(about["steps"] + 2):
        cells = batch_of(about)
        started = time.perf_counter()
        nats = 0.0
        for part in zip(*(x.to(device).chunk(parts) for x in cells)):
            with torch.autocast(device, torch.bfloat16, enabled=low):
                value = step_loss(model, *part) / parts
            value.backward()
            nats += float(value.detach())
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        with torch.no_grad():
            torch._foreach_lerp_(averages, list(model.parameters()), 0.1)
        if device == "cuda":
            torch.cuda.synchronize()
        # The first two compile and warm up.
        if step > 1:
            seconds += time.perf_counter() - started
    name = f"PyTorch {torch.__version__.split('+')[0]}{' torch.compile' if compiled else ''}, SDPA, fused AdamW"
    return {"name": name, "cells_per_second": about["batch"] * about["steps"] / seconds, "nats": nats}


def parameters(config):
    """Parameters in the blocks, to compare with the trainer's."""
    d, f = config["width"], config["feed_width"]
    return config["blocks"] * (4 * d * d + 3 * d * f)


assert math.isclose(parameters({"width": 640, "feed_width": 2560, "blocks": 13}), 85_196_800)
