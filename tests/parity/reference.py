"""The network once more, in PyTorch, written from docs/model.md and the paper and not from the Rust code.

Plain on purpose and in double precision: every gene is decoded by itself over all values up to its ceiling, as the
negative binomial of its shifted mean; expectations are sums over the negative binomial's probabilities. What differs
from the Rust code by more than rounding is a fault in one of the two.
"""
import math

import numpy as np
import torch
from scipy import stats

V, MASK, UNMEASURED = 281, 281, 65535
KNOTS = [0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0]


def quantise(count):
    if count < 100:
        return count
    if count < 1000:
        return 100 + (count - 100) // 10
    return 190 + (count - 1000) // 100 if count < 10_000 else V - 1


def smallest_counts():
    """Smallest count of every token, and one past the largest of token 279."""
    first = {}
    for count in range(10_001):
        first.setdefault(quantise(count), count)
    return [first[token] for token in range(V)]


SMALLEST = smallest_counts()
WIDTH = [b - a for a, b in zip(SMALLEST, SMALLEST[1:])] + [1000]
# The middle of a bin, rounded down; the last one stands for its smallest count.
COUNT = [a + (w - 1) // 2 for a, w in zip(SMALLEST[:-1], WIDTH[:-1])] + [10_000]


def features(token):
    """Nine features: "hidden", and hat functions of the level."""
    if token == MASK:
        return [1.0] + [0.0] * len(KNOTS)
    level = min(math.log2(1 + COUNT[token]), KNOTS[-1])
    return [0.0] + [float(np.interp(level, KNOTS, np.eye(len(KNOTS))[knot])) for knot in range(len(KNOTS))]


FEATURES = torch.tensor([features(token) for token in range(V + 1)], dtype=torch.float64)


def expected_reading(mean, size, rate):
    """Mean, variance and derivative by the log-mean of f = 1 − exp(−rate · X), X negative binomial, by summation.

    Past 45/rate the reading is 1 to twenty digits, so that the rest of the probability counts as f = 1.
    """
    x = np.arange(math.ceil(45 / rate) + 1)
    p = stats.nbinom.pmf(x, size, size / (size + mean))
    left = np.exp(-rate * x)
    average = float((p * left).sum())
    rest = max(0.0, 1.0 - float(p.sum()))
    variance = float((p * (left - average) ** 2).sum()) + rest * average**2
    # The derivative of a probability by the log-mean is the probability times r (x − m) / (r + m).
    slope = -float((p * left * size * (x - mean) / (size + mean)).sum())
    return 1.0 - average, variance, slope


def norm(x, gain):
    return x / torch.sqrt((x * x).mean(-1, keepdim=True) + 1e-5) * gain


def turn(x):
    """Rotary positions of [B, H, positions, d]."""
    positions, d = x.shape[-2:]
    out = torch.empty_like(x)
    for i in range(d // 2):
        angle = torch.arange(positions, dtype=x.dtype) * 10_000.0 ** (-2.0 * i / d)
        a, b = x[..., i], x[..., i + d // 2]
        out[..., i] = a * angle.cos() - b * angle.sin()
        out[..., i + d // 2] = a * angle.sin() + b * angle.cos()
    return out


class Reference:
    """config: sizes; p: parameters by key; genes: statistics by key; pairs, permutation: lists."""

    def __init__(self, config, p, genes, pairs, permutation):
        self.c, self.p, self.genes, self.pairs = config, p, genes, [tuple(pair) for pair in pairs]
        self.position = [0] * config["genes"]
        for position, gene in enumerate(permutation):
            self.position[gene] = position

    def place(self, gene):
        return divmod(self.position[gene], self.c["group_size"])

    # §6
    def given(self, conditions, learns):
        p, r = self.p, self.c["rank"]
        cells = []
        for tokens, own in zip(conditions, learns):
            row = lambda name, slot: p[name][tokens[slot] - 282] if own[slot] else p[name][tokens[slot] - 282].detach()
            slots = range(len(tokens))
            gates = p["gate_bias"] + sum(row("gate_conditions", slot) for slot in slots)
            for first in slots:
                for second in range(first + 1, len(tokens)):
                    if (tokens[first], tokens[second]) in self.pairs:
                        pair = p["gate_pairs"][self.pairs.index((tokens[first], tokens[second]))]
                        gates = gates + torch.cat([pair, torch.zeros(len(gates) - r, dtype=gates.dtype)])
            rows = torch.stack([row("condition_embedding", slot) for slot in slots])
            cells.append((rows, gates, sum(row("summary.trust", slot) for slot in slots)))
        return [torch.stack(part) for part in zip(*cells)]

    # §7
    def deviations(self, tokens, gates):
        """δ, σ and ι of every gene [B, G] each."""
        c, p = self.c, self.p
        first = c["rank"]
        shifts = gates[:, :first] @ p["gene_output"].T
        shifts = shifts + gates[:, first : first + c["summary"]] @ p["summary.loadings"].T
        shifts = shifts.detach().numpy()
        out = torch.zeros(3, len(tokens), c["genes"], dtype=torch.float64)
        for cell, row in enumerate(tokens):
            for gene, token in enumerate(row):
                if token == MASK:
                    continue
                mean = math.exp(min(self.genes["log_mean"][gene] + shifts[cell, gene], 9.0))
                rate = 1.0 / max(1.0, self.genes["scale"][gene])
                average, variance, slope = expected_reading(mean, math.exp(self.genes["log_size"][gene]), rate)
                variance = max(variance, 1e-4)
                away = 1.0 - math.exp(-rate * COUNT[token]) - average
                out[0, cell, gene] = min(8.0, max(-8.0, away / math.sqrt(variance)))
                out[1, cell, gene] = away * slope / variance
                out[2, cell, gene] = slope**2 / variance
        return out

    # §8
    def posterior(self, score, information, trust):
        loadings = self.p["summary.loadings"]
        total = information @ loadings**2
        mean = (score @ loadings) / (1 + total) * trust.exp()
        return mean / torch.sqrt(1 + mean**2 / 9), total / (1 + total) * (2 * trust).exp()

    # §9
    def group_rows(self, tokens, deviations):
        c, p = self.c, self.p
        d, cells = c["width"], len(tokens)
        rows = [[p["group_embedding"][group] for group in range(c["groups"])] for _ in range(cells)]
        for gene in range(c["genes"]):
            group, slot = self.place(gene)
            matrix = p["compress"][slot * d : (slot + 1) * d]
            for cell in range(cells):
                token = FEATURES[tokens[cell][gene]] @ p["token_features"] @ matrix
                rows[cell][group] = rows[cell][group] + token + deviations[cell, gene] * p["gene_embedding"][gene]
        return torch.stack([torch.stack(row) for row in rows])

    def block(self, x, i):
        p = {name: self.p[f"blocks.{i}.{name}"] for name in
             ("attention_norm", "attention_in", "attention_out", "feed_norm", "feed_in", "feed_out")}
        b, n, d = x.shape
        heads = self.c["heads"]
        q, k, v = (norm(x, p["attention_norm"]) @ p["attention_in"]).split(d, -1)
        q, k, v = (t.reshape(b, n, heads, d // heads).transpose(1, 2) for t in (q, k, v))
        weights = torch.softmax(turn(q) @ turn(k).transpose(-1, -2) / math.sqrt(d // heads), -1)
        x = x + (weights @ v).transpose(1, 2).reshape(b, n, d) @ p["attention_out"]
        gate, value = (norm(x, p["feed_norm"]) @ p["feed_in"]).chunk(2, -1)
        return x + (gate * torch.sigmoid(gate) * value) @ p["feed_out"]

    def hidden(self, tokens, conditions, learns=None, blocks=None):
        """h [B, L, D], shifts of every gene [B, G] and shape gates [B, U], after the first `blocks` blocks."""
        c, p = self.c, self.p
        r, q = c["rank"], c["summary"]
        learns = learns or [[1] * len(own) for own in conditions]
        rows, gates, trust = self.given(conditions, learns)
        standard, score, information = self.deviations(tokens, gates)
        mean, known = self.posterior(score, information, trust)
        self.unknown = (1 - known).clamp(min=0)
        rows = rows + (torch.cat([mean, known], 1) @ p["summary.to_rows"])[:, None]
        x = torch.cat([rows, self.group_rows(tokens, standard)], 1)
        for i in range(c["blocks"] if blocks is None else blocks):
            x = self.block(x, i)
        x = norm(x, p["final_norm"])
        slots = rows.shape[1]
        gates = gates + x[:, :slots].mean(1) @ p["gate_hidden"]
        gates = torch.cat([gates[:, :r], gates[:, r : r + q] + mean, gates[:, r + q :]], 1)
        groups = x[:, slots:]
        return groups, self.shifts(gates, known, groups), gates[:, r + q :]

    # §10
    def shifts(self, gates, known, groups):
        c, p = self.c, self.p
        r, q = c["rank"], c["summary"]
        columns = []
        for gene in range(c["genes"]):
            loading = p["summary.loadings"][gene]
            own = gates[:, :r] @ p["gene_output"][gene] + gates[:, r : r + q] @ loading
            own = own - 0.5 * known @ loading**2
            h = groups[:, self.place(gene)[0]]
            columns.append(own + (h * p["mean_gain"]) @ p["gene_embedding"][gene])
        return torch.stack(columns, 1)

    # §11
    def log_probabilities(self, gene, h, shift, shapes):
        """Of the values up to the gene's ceiling [B, ceiling + 1], from its group's h [B, D] and its shift [B]."""
        c, p = self.c, self.p
        d, ceiling = c["width"], self.genes["ceiling"][gene]
        slot = self.place(gene)[1]
        counts = torch.tensor(COUNT[: ceiling + 1], dtype=torch.float64)
        widths = torch.tensor(WIDTH[: ceiling + 1], dtype=torch.float64)
        size = math.exp(self.genes["log_size"][gene])
        log_mean = self.genes["log_mean"][gene] + shift[:, None]
        log_all = torch.logaddexp(log_mean, torch.tensor(math.log(size), dtype=torch.float64))
        ways = torch.lgamma(counts + size) - math.lgamma(size) - torch.lgamma(counts + 1)
        logits = ways + size * (math.log(size) - log_all) + counts * (log_mean - log_all) + widths.log()
        up = p["decompress"][:, slot * d : (slot + 1) * d]
        correction = h @ up @ p["head"] + (p["gene_shape"][gene] * shapes) @ p["shape_basis"]
        top = COUNT[ceiling]
        fade = ((top - counts) / (0.5 * top)).clamp(0, 1) if top > 0 else torch.zeros(1, dtype=torch.float64)
        logits = logits + fade * correction[:, : ceiling + 1].clamp(-4, 4)
        return torch.log_softmax(logits, 1)

    # §2
    def loss(self, batch, slots=None):
        """Nats per gene; `batch`: tokens, targets, conditions, learns, weight (p^−w of every cell)."""
        tokens, targets = batch["tokens"], batch["targets"]
        groups, shifts, shapes = self.hidden(tokens, batch["conditions"], batch["learns"])
        size = self.c["group_size"]
        slots = list(range(size)) if slots is None else slots
        value = torch.zeros((), dtype=torch.float64)
        for gene in range(self.c["genes"]):
            group, slot = self.place(gene)
            if slot not in slots:
                continue
            log_p = self.log_probabilities(gene, groups[:, group], shifts[:, gene], shapes)
            for cell, row in enumerate(tokens):
                target = targets[cell][gene]
                if row[gene] == MASK and target != UNMEASURED:
                    measured = sum(own != UNMEASURED for own in targets[cell])
                    weight = size / len(slots) * batch["weight"][cell] / (measured * len(tokens))
                    value = value - weight * log_p[cell, min(target, self.genes["ceiling"][gene])]
        return value
