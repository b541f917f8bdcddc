"""The network of a bundle in PyTorch, as it would be written for a runtime of graphs: dense, in position order.

Written from docs/model.md for `export.py`, which has it run by onnxruntime-web. It reads the numbers of a bundle, does
what does not depend on a cell beforehand (folded matrices, base logits), and knows nothing of training.
"""
import math

import torch
from torch import nn
from torch.nn import functional as F

V, MASK, PADDING, NEVER = 281, 281, 282, -1e9
KNOTS = [0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0]
WIDTHS = [8, 32, 96, 288]
ROOM = math.log(1.25)


def counts_and_widths():
    """Count that each value stands for, and counts in its bin; what is past the vocabulary up to 288 is never drawn."""
    counts = [*range(100), *range(104, 1000, 10), *range(1049, 10_000, 100), 10_000] + [0] * 7
    widths = [1] * 100 + [10] * 90 + [100] * 90 + [1000] + [1] * 7
    return torch.tensor(counts, dtype=torch.float32), torch.tensor(widths, dtype=torch.float32)


def features():
    """Nine features of every token [V + 2, 9]; padding has none."""
    counts = counts_and_widths()[0][:V]
    levels, knots = torch.log2(1 + counts).clamp(max=KNOTS[-1]), torch.tensor(KNOTS)
    above = torch.searchsorted(knots, levels, right=True).clamp(1, len(KNOTS) - 1)
    share = (levels - knots[above - 1]) / (knots[above] - knots[above - 1])
    table = torch.zeros(V + 2, 9)
    table[torch.arange(V), above] = 1 - share
    table[torch.arange(V), above + 1] = share
    table[MASK, 0] = 1
    return table


def norm(x, gain):
    return x * torch.rsqrt((x * x).mean(-1, keepdim=True) + 1e-5) * gain


class Table:
    """The numbers of a bundle; those of genes are put in position order, with padding behind."""

    def __init__(self, config, weights):
        self.c, self.w = config, weights
        genes, size = config["genes"], config["group_size"]
        self.groups = -(-genes // size)
        place = torch.full((self.groups * size,), genes)
        place[:genes] = weights["permutation"].long()
        self.place = place

    def of_genes(self, key, padding=0.0):
        table = self.w[key].float()
        rest = torch.full((1, *table.shape[1:]), padding)
        return torch.cat([table, rest])[self.place]


class Hidden(nn.Module):
    """Tokens [B, L·S] and condition tokens [B, C] → h [B, L, D], bounded shifts [B, L·S], shape gates [B, U]."""

    def __init__(self, table):
        super().__init__()
        c, w = table.c, table.w
        self.c, self.groups = c, table.groups
        d, s, r = c["width"], c["group_size"], c["rank"]
        keep = lambda name, value: self.register_buffer(name, value.float().contiguous())
        for name in ("group_embedding", "condition_embedding", "gate_bias", "gate_conditions", "gate_hidden",
                     "final_norm", "mean_gain"):
            keep(name, w[name])
        keep("features", features())
        keep("counts", torch.cat([counts_and_widths()[0][:V], torch.zeros(2)]))
        folded = torch.einsum("fd,sde->sfe", w["token_features"].float(), w["compress"].float().view(s, d, d))
        keep("folded", folded.reshape(s * 9, d))
        genes = table.of_genes("gene_embedding")
        keep("genes", genes.view(table.groups, s, d))
        keep("responses", torch.cat([table.of_genes("gene_output"), table.of_genes("summary.loadings")], 1).T)
        keep("loadings", table.of_genes("summary.loadings"))
        keep("squared", self.loadings**2)
        keep("trust", w["summary.trust"])
        keep("to_rows", w["summary.to_rows"])
        keep("gate_pairs", F.pad(w["gate_pairs"].float(), (0, c["summary"] + c["shape"])))
        self.register_buffer("pairs", w["pairs"].long())
        for name, padding in (("log_mean", -20.0), ("lowest", 0.0), ("highest", 0.0)):
            keep(name, table.of_genes(f"genes.{name}", padding))
        size, rate = table.of_genes("genes.log_size").exp(), 1 / table.of_genes("genes.scale", 1.0).clamp(min=1)
        keep("size", size)
        keep("rate", rate)
        keep("once", (1 - torch.exp(-rate)) / size)
        keep("twice", (1 - torch.exp(-2 * rate)) / size)
        self.blocks = [{name: w[f"blocks.{i}.{name}"].float() for name in
                        ("attention_norm", "attention_in", "attention_out", "feed_norm", "feed_in", "feed_out")}
                       for i in range(c["blocks"])]
        half = d // c["heads"] // 2
        angle = torch.arange(self.groups + c["condition_slots"])[:, None] * 1e4 ** (-torch.arange(half) / half)[None]
        keep("cosine", angle.cos())
        keep("sine", angle.sin())

    def deviations(self, expected, tokens):
        """§7: standard deviations, score and information of visible genes."""
        visible = (tokens < MASK).float()
        mean = (expected + self.log_mean).clamp(max=9).exp()
        log = torch.log1p(mean * self.once)
        left = torch.exp(-self.size * log)
        squared = torch.exp(-self.size * torch.log1p(mean * self.twice))
        slope = mean * self.once * self.size * left * torch.exp(-log)
        variance = (squared - left * left).clamp(min=1e-4)
        away = (left - torch.exp(-self.rate * self.counts[tokens])) * visible
        weight = slope / variance
        return (away * variance.rsqrt()).clamp(-8, 8), away * weight, slope * weight * visible

    def block(self, x, p):
        b, n, d = x.shape
        heads = self.c["heads"]
        mixed = (norm(x, p["attention_norm"]) @ p["attention_in"]).view(b, n, 3, heads, d // heads)
        q, k, v = mixed.permute(2, 0, 3, 1, 4).unbind(0)

        def rotate(t):
            first, second = t.chunk(2, -1)
            return torch.cat([first * self.cosine - second * self.sine, second * self.cosine + first * self.sine], -1)

        scores = rotate(q) @ rotate(k).transpose(-1, -2) * (d // heads) ** -0.5
        x = x + (torch.softmax(scores, -1) @ v).transpose(1, 2).reshape(b, n, d) @ p["attention_out"]
        gate, value = (norm(x, p["feed_norm"]) @ p["feed_in"]).chunk(2, -1)
        return x + (F.silu(gate) * value) @ p["feed_out"]

    def bounded(self, shifts, tokens, low, high):
        """§13: the range of the training cells, then the library size between `low` and `high` [B, 1]."""
        over, under = (shifts - self.highest).clamp(min=0), (self.lowest - shifts).clamp(min=0)
        inside = torch.minimum(torch.maximum(shifts, self.lowest), self.highest)
        shifts = inside + ROOM * torch.tanh(over / ROOM) - ROOM * torch.tanh(under / ROOM)
        seen = self.counts[tokens].sum(1, keepdim=True)
        means = (shifts + self.log_mean).clamp(max=9).exp() * (tokens == MASK).float()
        unseen = means.sum(1, keepdim=True).clamp(min=1e-3)
        total = (seen + unseen).clamp(min=1)
        wanted = torch.minimum(torch.maximum(total, low), high)
        of_all = torch.log(wanted / total)
        of_hidden = torch.log((wanted - seen).clamp(min=1e-3) / unseen)
        nothing = torch.zeros_like(of_all)
        own = torch.minimum(torch.maximum(of_hidden, torch.minimum(2 * of_all, nothing)), torch.maximum(2 * of_all, nothing))
        return shifts + own

    def forward(self, tokens, conditions, factors, low, high):
        c, b = self.c, tokens.shape[0]
        s, r, q = c["group_size"], c["rank"], c["summary"]
        # Four bytes travel, eight index.
        tokens, conditions = tokens.long(), conditions.long()
        labels = conditions - V - 1
        has = (conditions[:, None, :, None] == self.pairs[None, :, None, :]).any(2).all(2).float()
        gates = self.gate_bias + self.gate_conditions[labels].sum(1) + has @ self.gate_pairs
        standard, score, information = self.deviations(gates[:, : r + q] @ self.responses, tokens)
        total, trust = information @ self.squared, self.trust[labels].sum(1)
        mean = (score @ self.loadings) / (1 + total) * trust.exp()
        mean, known = mean * torch.rsqrt(1 + mean**2 / 9), total / (1 + total) * (2 * trust).exp()
        rows = self.condition_embedding[labels] + (torch.cat([mean, known], 1) @ self.to_rows)[:, None]
        groups = self.features[tokens].view(b, self.groups, s * 9) @ self.folded + self.group_embedding
        # A row of S deviations times its own group's matrix [S, D].
        groups = groups + (standard.view(b, self.groups, 1, s) @ self.genes).view(b, self.groups, -1)
        x = torch.cat([rows, groups], 1)
        for block in self.blocks:
            x = self.block(x, block)
        x = norm(x, self.final_norm)
        front = c["condition_slots"]
        gates = gates + x[:, :front].mean(1) @ self.gate_hidden
        unknown = (1 - known).clamp(min=0)
        # What is unknown of the factors is drawn (§13); a number of 0 leaves it out where the caller wants the mean.
        drawn = gates[:, r : r + q] + mean + torch.sqrt(unknown) * factors
        spread = known + unknown * (factors != 0).float()
        groups = x[:, front:]
        shifts = torch.cat([gates[:, :r], drawn], 1) @ self.responses - 0.5 * spread @ self.squared.T
        own = (self.genes @ (groups * self.mean_gain).unsqueeze(-1)).view(b, -1)
        return groups, self.bounded(shifts + own, tokens, low, high), gates[:, r + q :]


class Decode(nn.Module):
    """h, shifts, shape gates and uniform numbers [B, L·S] → drawn tokens [B, L·S], every gene of every group."""

    def __init__(self, table):
        super().__init__()
        c, w = table.c, table.w
        self.c, self.groups = c, table.groups
        d, s = c["width"], c["group_size"]
        counts, bins = counts_and_widths()
        ceilings = table.of_genes("genes.ceiling").long().view(self.groups, s)
        odds = table.of_genes("genes.log_mean", -20.0) - table.of_genes("genes.log_size")
        self.register_buffer("odds", odds.view(1, self.groups, s))
        self.register_buffer("odds_there", F.softplus(-self.odds))
        shape = table.of_genes("gene_shape").view(self.groups, s, -1)
        size = table.of_genes("genes.log_size").exp().view(self.groups, s, 1)
        mean = table.of_genes("genes.log_mean", -20.0).exp().view(self.groups, s, 1)
        up = w["decompress"].float().view(d, s, d)
        widest = [next(width for width in WIDTHS if width > top) for top in ceilings.max(0).values.tolist()]
        # Slots stand by width: classes lie side by side, so that their draws are put together by one concatenation.
        assert widest == sorted(widest) or widest == sorted(widest, reverse=True), widest
        self.classes = []
        for width in dict.fromkeys(widest):
            slots = [slot for slot in range(s) if widest[slot] == width]
            cut = lambda matrix: F.pad(matrix, (0, max(0, width - V)))[:, :width]
            x, own, means = counts[:width].double(), size[:, slots].double(), mean[:, slots].double()
            base = torch.lgamma(x + own) - torch.lgamma(own) - torch.lgamma(x + 1)
            base = base + own * (own.log() - (own + means).log()) + x * (means.log() - (own + means).log())
            tops = ceilings[:, slots, None]
            base = (base + bins[:width].log()).float().masked_fill(torch.arange(width) > tops, NEVER)
            top = counts[tops]
            fade = ((top - counts[:width]) / (0.5 * top).clamp(min=1e-6)).clamp(0, 1) * (top > 0)
            matrix = (up[:, slots].reshape(-1, d) @ cut(w["head"].float())).view(d, len(slots) * width)
            own = {"base": base, "fade": fade, "matrix": matrix, "values": counts[:width].clone(),
                   "shape": shape[:, slots], "basis": cut(w["shape_basis"].float())}
            self.classes.append((width, slots, own))

    def logits(self, width, slots, p, groups, slope, shapes):
        b = groups.shape[0]
        correction = (groups @ p["matrix"]).view(b, self.groups, len(slots), width)
        correction = correction + (p["shape"] * shapes[:, None, None]) @ p["basis"]
        bounded = p["fade"] * correction.clamp(-4, 4)
        return p["base"] + slope[:, :, slots[0] : slots[-1] + 1, None] * p["values"] + bounded

    def of_classes(self, groups, shifts, shapes):
        shifts = shifts.view(shifts.shape[0], self.groups, -1)
        slope = self.odds_there - F.softplus(-self.odds - shifts)
        return [self.logits(width, slots, own, groups, slope, shapes) for width, slots, own in self.classes]

    def forward(self, groups, shifts, shapes, uniforms):
        uniforms = uniforms.view(uniforms.shape[0], self.groups, -1)
        drawn = []
        for (_, slots, _), logits in zip(self.classes, self.of_classes(groups, shifts, shapes)):
            running = torch.softmax(logits, -1).cumsum(-1)
            at = uniforms[:, :, slots[0] : slots[-1] + 1, None] * running[..., -1:]
            drawn.append((running <= at).sum(-1))
        return torch.cat(drawn, 2).view(uniforms.shape[0], -1).int()


class Golden(nn.Module):
    """Logits of a few genes [B, g, V], to be compared with those that the bundle carries."""

    def __init__(self, table, genes):
        super().__init__()
        self.hidden, self.decode = Hidden(table), Decode(table)
        position = torch.empty(table.c["genes"] + 1, dtype=torch.long)
        position[table.place] = torch.arange(len(table.place))
        size = table.c["group_size"]
        self.wanted = [(int(at) // size, int(at) % size) for at in position[genes]]

    def forward(self, tokens, conditions, factors, low, high):
        all_classes = self.decode.of_classes(*self.hidden(tokens, conditions, factors, low, high))
        rows = []
        for group, slot in self.wanted:
            for (width, slots, _), logits in zip(self.decode.classes, all_classes):
                if slot in slots:
                    row = logits[:, group, slots.index(slot), : min(width, V)]
                    rows.append(F.pad(row, (0, V - row.shape[-1]), value=NEVER))
        return torch.stack(rows, 1)
