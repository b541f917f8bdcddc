"""The network once more, in PyTorch, written from the paper's description and not from the Rust code.

Plain on purpose: embeds every gene, multiplies every group by W_down, decodes every gene.
"""
import math

import torch

VOCABULARY = 281
MASK = 281


def count(token):
    """The count in the middle of a token's bin, rounded down."""
    if token < 100:
        return token
    if token == VOCABULARY - 1:
        return 10000
    power, part = divmod(token - 100, 90)
    low = 10 ** (power + 2) + part * 10 ** (power + 1)
    return low + (10 ** (power + 1) - 1) // 2


COUNTS = torch.tensor([float(count(token)) for token in range(VOCABULARY)])


def rms(x, gain):
    return x / torch.sqrt((x * x).mean(-1, keepdim=True) + 1e-5) * gain


def rotate(x):
    """x: [B, H, positions, d]; dimension i pairs with i + d/2."""
    positions, d = x.shape[-2], x.shape[-1]
    half = d // 2
    frequency = 10000.0 ** (-2.0 * torch.arange(half, dtype=torch.float64) / d)
    angle = torch.arange(positions, dtype=torch.float64)[:, None] * frequency[None, :]
    cos, sin = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
    first, second = x[..., :half], x[..., half:]
    return torch.cat([first * cos - second * sin, second * cos + first * sin], -1)


class Reference:
    def __init__(self, config, params):
        self.config, self.p = config, params

    def compressed(self, tokens):
        c, p = self.config, self.p
        embedded = p["token_embedding"][tokens] + p["gene_embedding"][None]
        ordered = embedded[:, p["permutation"].long()]
        padding = c["groups"] * c["group_size"] - c["genes"]
        ordered = torch.cat([ordered, torch.zeros(len(tokens), padding, c["width"])], 1)
        return ordered.reshape(len(tokens), c["groups"], -1) @ p["compress"]

    def attention(self, x, i, trace=None):
        c, p = self.config, self.p
        b, n, d = x.shape
        heads = c["heads"]
        q, k, v = (x @ p[f"blocks.{i}.attention_in"]).split(d, -1)
        q, k, v = (t.reshape(b, n, heads, d // heads).transpose(1, 2) for t in (q, k, v))
        q, k = rotate(q), rotate(k)
        weights = torch.softmax(q @ k.transpose(-1, -2) / math.sqrt(d // heads), -1)
        return (weights @ v).transpose(1, 2).reshape(b, n, d) @ p[f"blocks.{i}.attention_out"]

    def feed(self, x, i):
        gate, value = (x @ self.p[f"blocks.{i}.feed_in"]).chunk(2, -1)
        return (torch.nn.functional.silu(gate) * value) @ self.p[f"blocks.{i}.feed_out"]

    def features(self, tokens, conditions):
        """Posterior means of the summary's factors, and their precision: gene by gene."""
        p = self.p
        effects = p["summary.effect_conditions"][conditions - VOCABULARY - 1].sum(1)
        seen = (tokens != MASK).float()
        says = torch.zeros(len(tokens), p["summary.factors"].shape[1])
        precision = torch.zeros_like(says)
        for gene in range(tokens.shape[1]):
            level = torch.log2(1 + COUNTS[tokens[:, gene].clamp(max=VOCABULARY - 1)])
            expected = p["summary.centre"][gene] + (effects * p["summary.effect_genes"][gene]).sum(1)
            deviation = seen[:, gene] * (level - expected)
            factor = p["summary.factors"][gene]
            says = says + deviation[:, None] * factor
            precision = precision + seen[:, gene, None] * (factor * p["summary.spread"][gene, 0]) ** 2
        trust = p["summary.trust"][conditions - VOCABULARY - 1].sum(1)
        mean = says / (1 + precision) * trust.exp()
        return torch.cat([mean / torch.sqrt(1 + (mean / 3) ** 2), precision / (1 + precision)], 1)

    def hidden(self, tokens, conditions, trace=None):
        c, p = self.config, self.p
        trace = {} if trace is None else trace
        trace["compressed"] = self.compressed(tokens)
        trace["features"] = features = self.features(tokens, conditions)
        rows = p["token_embedding"][conditions] + (features @ p["summary.to_rows"])[:, None]
        x = torch.cat([rows, trace["compressed"]], 1)
        for i in range(c["blocks"]):
            x = x + self.attention(rms(x, p[f"blocks.{i}.attention_norm"]), i)
            x = x + self.feed(rms(x, p[f"blocks.{i}.feed_norm"]), i)
            trace[f"block{i}"] = x
        x, slots = rms(x, p["final_norm"]), conditions.shape[1]
        gates = p["gate_bias"] + p["gate_conditions"][conditions - VOCABULARY - 1].sum(1)
        gates = gates + features @ p["summary.to_gates"]
        trace["gates"] = gates + x[:, :slots].mean(1) @ p["gate_hidden"]
        trace["final"] = x[:, slots:]
        return trace["final"], trace["gates"]

    def logits(self, hidden, gates):
        c, p = self.config, self.p
        b = len(hidden)
        per_slot = (hidden @ p["decompress"]).reshape(b, -1, c["width"])
        position = torch.argsort(p["permutation"].long())
        per_gene = per_slot[:, position]
        factors = p["gene_output"][None] * gates[:, None]
        return per_gene @ p["head"] + factors @ p["output_basis"] + p["output_bias"]

    def loss(self, tokens, conditions, targets, probability):
        """Mean over cells of 1/p times the masked cross-entropy, per gene, in nats."""
        logits = self.logits(*self.hidden(tokens, conditions))
        log_p = torch.log_softmax(logits, -1).gather(-1, targets[..., None])[..., 0]
        masked = (tokens == MASK).float()
        return (-(log_p * masked).sum(-1) / probability / tokens.shape[1]).mean()
