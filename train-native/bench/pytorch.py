"""The network in PyTorch as a good PyTorch engineer would write it, for timing.

torch.compile, scaled_dot_product_attention, bf16 autocast where asked, fused AdamW. The same sizes, loss, random
subset of slots and clipping as the trainer. Not a source of truth: `tests/parity/reference.py` is that.
"""
import math
import time

import torch
from torch import nn
from torch.nn import functional as F

VOCABULARY, MASK = 281, 281


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
    def __init__(self, config):
        super().__init__()
        c = self.c = config
        d, s, r, k, q = c["width"], c["group_size"], c["rank"], c["condition_values"], c.get("summary", 0)
        self.groups = -(-c["genes"] // s)
        padded = self.groups * s
        small = lambda *shape: nn.Parameter(0.02 * torch.randn(*shape))
        self.tokens, self.gene_embedding = small(VOCABULARY + 1 + k, d), small(c["genes"], d)
        self.compress, self.decompress, self.head = small(s * d, d), small(d, s * d), small(d, VOCABULARY)
        self.blocks = nn.ModuleList(Block(d, c["heads"], c["feed_width"]) for _ in range(c["blocks"]))
        self.norm = RMSNorm(d)
        self.gene_output, self.output_basis, self.output_bias = small(padded, r), small(r, VOCABULARY), small(VOCABULARY)
        self.gate_bias, self.gate_conditions, self.gate_hidden = small(r), small(k, r), small(d, r)
        if q:
            self.centre, self.spread, self.factors = small(c["genes"]), small(c["genes"]), small(c["genes"], q)
            self.effect_conditions, self.effect_genes = small(k, q), small(c["genes"], q)
            self.to_gates, self.to_rows = small(2 * q, r), small(2 * q, d)
        self.register_buffer("order", torch.randperm(c["genes"]))
        half = d // c["heads"] // 2
        angle = torch.arange(self.groups + c["condition_slots"])[:, None] * 1e4 ** (-torch.arange(half) / half)[None]
        self.register_buffer("cosine", angle.cos())
        self.register_buffer("sine", angle.sin())
        self.register_buffer("levels", torch.log2(1 + torch.arange(VOCABULARY + 1.0)))

    def features(self, tokens, conditions):
        effects = self.effect_conditions[conditions - VOCABULARY - 1].sum(1)
        seen = (tokens != MASK).float()
        # Σ over genes of what the conditions expect, without a matrix of cells by genes for each factor.
        says = (seen * (self.levels[tokens] - self.centre)) @ self.factors
        cross = torch.einsum("bg,gq,gp->bqp", seen, self.effect_genes, self.factors)
        says = says - torch.einsum("bq,bqp->bp", effects, cross)
        precision = seen @ (self.factors * self.spread[:, None]) ** 2
        mean = says / (1 + precision)
        return torch.cat([mean / torch.sqrt(1 + (mean / 3) ** 2), precision / (1 + precision)], 1)

    def forward(self, tokens, conditions, slots):
        c, b = self.c, len(tokens)
        d, s = c["width"], c["group_size"]
        embedded = F.embedding(tokens, self.tokens) + self.gene_embedding
        padding = self.groups * s - c["genes"]
        cells = F.pad(embedded[:, self.order], (0, 0, 0, padding)).view(b, self.groups, s * d) @ self.compress
        rows = F.embedding(conditions, self.tokens)
        gates = self.gate_bias + self.gate_conditions[conditions - VOCABULARY - 1].sum(1)
        if c.get("summary", 0):
            features = self.features(tokens, conditions)
            rows = rows + (features @ self.to_rows)[:, None]
            gates = gates + features @ self.to_gates
        x = torch.cat([rows, cells], 1)
        for block in self.blocks:
            x = block(x, self.cosine, self.sine)
        x = self.norm(x)
        front = conditions.shape[1]
        gates = gates + x[:, :front].mean(1) @ self.gate_hidden
        matrix = (self.decompress.view(d, s, d)[:, slots].reshape(-1, d) @ self.head).view(d, -1)
        logits = (x[:, front:] @ matrix).view(b, self.groups, len(slots), VOCABULARY)
        factors = self.gene_output.view(self.groups, s, -1)[:, slots]
        return logits + torch.einsum("lnr,br,rv->blnv", factors, gates, self.output_basis) + self.output_bias


def loss_of(model, tokens, targets, conditions, slots):
    logits = model(tokens, conditions, slots).float()
    c = model.c
    padding = model.groups * c["group_size"] - c["genes"]
    place = lambda values, fill: F.pad(values[:, model.order], (0, padding), value=fill).view(
        len(tokens), model.groups, -1)[:, :, slots]
    wanted = torch.where(place(tokens, 0) == MASK, place(targets, 0), -100)
    nats = F.cross_entropy(logits.reshape(-1, VOCABULARY), wanted.reshape(-1), reduction="sum")
    return nats * c["group_size"] / len(slots) / c["genes"] / len(tokens)


def measure(about, device="cpu", compiled=True):
    """Cells per second of the network and settings that `train-native bench --json` describes."""
    c, parts = about["config"], about["accumulate"]
    torch.manual_seed(1)
    torch.set_float32_matmul_precision("high")
    model = Cells(c).to(device)
    step_loss = torch.compile(loss_of) if compiled else loss_of
    decayed = [p for n, p in model.named_parameters() if "attention" in n or "feed" in n or n in ("compress", "head")]
    chosen = {id(p) for p in decayed}
    plain = [p for p in model.parameters() if id(p) not in chosen]
    optimiser = torch.optim.AdamW([{"params": decayed, "weight_decay": 0.1}, {"params": plain, "weight_decay": 0.0}],
                                  lr=1e-4, betas=(0.9, 0.95), fused=True)
    low = about["precision"] == "bf16"
    averages = [p.detach().clone() for p in model.parameters()]
    seconds = nats = 0.0
    for step in range(about["steps"] + 2):
        targets = (torch.randint(0, 100, (about["batch"], c["genes"])) - 90).clamp(min=0)
        t = (torch.arange(about["batch"]) / about["batch"] + torch.rand(1)) % 1
        tokens = torch.where(torch.rand(targets.shape) < t[:, None], MASK, targets)
        values = c["condition_values"] // max(c["condition_slots"], 1)
        conditions = VOCABULARY + 1 + values * torch.arange(c["condition_slots"]).repeat(about["batch"], 1)
        slots = torch.arange(about["slots"], device=device)
        started = time.perf_counter()
        nats = 0.0
        for part in zip(*(x.to(device).chunk(parts) for x in (tokens, targets, conditions))):
            with torch.autocast(device, torch.bfloat16, enabled=low):
                value = step_loss(model, part[0], part[1], part[2], slots) / parts
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
