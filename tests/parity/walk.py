"""The walk back from noise, written from docs/model.md §12 to §14: keyed draws, guidance, bounds, schedule.

Gives the very cells that the Rust sampler gives for the same request, since both draw from ChaCha8.
"""
import math
import struct

import torch

from reference import COUNT, MASK, quantise

ROOM = math.log(1.25)


class ChaCha8:
    """32-bit words of the ChaCha stream cipher with eight rounds (RFC 8439 with a 64-bit counter and stream)."""

    def __init__(self, seed, key, stream):
        self.key = struct.unpack("<8I", struct.pack("<QQ", seed, key) + bytes(16))
        self.stream, self.counter, self.words = stream, 0, []

    def block(self):
        low = lambda value: (value & 0xFFFFFFFF, value >> 32)
        start = [*struct.unpack("<4I", b"expand 32-byte k"), *self.key, *low(self.counter), *low(self.stream)]
        x = list(start)

        def mix(a, b, c, d):
            for first, second, third, bits in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
                x[first] = (x[first] + x[second]) & 0xFFFFFFFF
                word = x[third] ^ x[first]
                x[third] = ((word << bits) | (word >> (32 - bits))) & 0xFFFFFFFF

        for _ in range(4):
            for column in range(4):
                mix(column, 4 + column, 8 + column, 12 + column)
            for column in range(4):
                mix(column, 4 + (column + 1) % 4, 8 + (column + 2) % 4, 12 + (column + 3) % 4)
        self.counter += 1
        return [(a + b) & 0xFFFFFFFF for a, b in zip(x, start)]

    def word(self):
        if not self.words:
            self.words = self.block()
        return self.words.pop(0)

    def uniform(self):
        return (self.word() >> 8) / 2**24

    def normal(self):
        radius = math.sqrt(-2 * math.log(1 - self.uniform()))
        return radius * math.cos(2 * math.pi * self.uniform())

    def weighted(self, weights):
        rest = self.uniform() * sum(weights)
        for index, weight in enumerate(weights):
            rest -= weight
            if rest < 0:
                return index
        return len(weights) - 1

    def shuffled(self, values):
        values = list(values)
        for last in range(len(values) - 1, 0, -1):
            chosen = (self.word() * (last + 1)) >> 32
            values[last], values[chosen] = values[chosen], values[last]
        return values


def branches(request, labels):
    """Condition tokens of every branch of a cell, the unguided one last; one branch where nothing is guided."""
    null, composed = request["null"], request.get("composed")
    together = len(composed[1]) if composed else 1
    acts = any(control is not None and own != control for own, control in zip(labels, null))
    if not acts or (request["guidance"] == 0 and together == 1):
        return [labels]
    away = [own if control is None else control for own, control in zip(labels, null)]
    toward = []
    for part in range(together):
        row = list(labels) if part == 0 else list(away)
        if composed:
            row[composed[0]] = composed[1][part]
        toward.append(row)
    return [*toward, away]


def mixed(model, request, tokens, labels):
    """h, shifts and shape gates of one cell after guidance."""
    parts = [model.hidden([tokens], [own]) for own in branches(request, labels)]
    if len(parts) == 1:
        return parts[0]
    away = parts[-1]
    groups, shifts, shapes = [a + sum(part[i] - a for part in parts[:-1]) for i, a in enumerate(away)]
    effects = torch.stack([part[1] - away[1] for part in parts[:-1]])
    up, down = combined(effects, request["guidance"] + 1), combined(-effects, request["guidance"] + 1)
    return [groups, away[1] + up - down, shapes]


def combined(effects, strength):
    """Effects above 0 together: the largest, and at most a doubling of the mean past it."""
    effects = effects.clamp(min=0)
    largest = effects.max(dim=0).values
    past = strength * effects.sum(dim=0) - largest
    return largest + math.log(2) * torch.tanh(past / math.log(2))


def with_factors(model, shifts, numbers):
    """Shifts [1, G] of one cell with what is unknown of the factors drawn (of the last branch that was computed)."""
    unknown, numbers = model.unknown[0], torch.tensor(numbers, dtype=torch.float64)
    drawn = [(own * unknown.sqrt() * numbers - 0.5 * own**2 * unknown).sum() for own in model.p["summary.loadings"]]
    return shifts + torch.stack(drawn)[None]


def mean_of_draws(genes, gene, shift):
    """Mean of a gene's draws up to its ceiling, about: a negative binomial's, and f = T r / (r + 1) at the most."""
    size = math.exp(genes["log_size"][gene])
    fullest = max(COUNT[genes["ceiling"][gene]] * size / (size + 1), 1e-6)
    mean = math.exp(min(genes["log_mean"][gene] + shift, 9.0))
    return mean / math.sqrt(1 + (mean / fullest) ** 2)


def bounded(model, request, tokens, labels, shifts):
    """Shifts [1, G] of one cell within the range of the training cells, and its library size within its bounds."""
    out = []
    for gene, shift in enumerate(shifts[0].tolist()):
        low, high = model.genes["lowest"][gene], model.genes["highest"][gene]
        if shift > high:
            shift = high + ROOM * math.tanh((shift - high) / ROOM)
        elif shift < low:
            shift = low - ROOM * math.tanh((low - shift) / ROOM)
        out.append(shift)
    totals = request.get("totals") or {}
    own = next((totals[token] for token in labels if token in totals), totals.get(0))
    if own is not None:
        shown = sum(COUNT[token] for token in tokens if token != MASK)
        means = [mean_of_draws(model.genes, gene, shift) for gene, shift in enumerate(out)]
        unseen = max(sum(mean for mean, token in zip(means, tokens) if token == MASK), 1e-3)
        total = max(shown + unseen, 1.0)
        wanted = min(max(total, own[0]), own[1])
        of_all, of_hidden = math.log(wanted / total), math.log(max(wanted - shown, 1e-3) / unseen)
        shift_all = min(max(of_hidden, min(0.0, 2 * of_all)), max(0.0, 2 * of_all))
        out = [shift + shift_all for shift in out]
    return torch.tensor([out], dtype=torch.float64)


def revealed(free, steps):
    """Genes revealed after each step."""
    share = [1 - math.cos(math.pi * step / (2 * steps)) for step in range(1, steps)]
    return [math.floor(own * free + 0.5) for own in share] + [free]


def cell_of(model, request, number):
    """Tokens, labels, expected counts and margins (how near a draw was to an edge of the distribution function)."""
    genes = model.c["genes"]
    draws = ChaCha8(request["seed"], request["key"], number)
    labels = request["labels"][draws.weighted([weight for _, weight in request["labels"]])][0]
    held = {gene: min(quantise(count), model.genes["ceiling"][gene]) for gene, count in request["clamp"]}
    order = draws.shuffled(gene for gene in range(genes) if gene not in held)
    uniforms = [draws.uniform() for _ in range(genes)]
    q, steps = model.c["summary"], request["steps"]
    numbers = [[draws.normal() for _ in range(q)] for _ in range(steps)] if request.get("draws_factors") else None
    tokens = [held.get(gene, MASK) for gene in range(genes)]
    expected = [float(COUNT[token]) if token != MASK else 0.0 for token in tokens]
    margins, done = [1.0] * genes, 0
    for step, upto in enumerate(revealed(len(order), steps)):
        groups, shifts, shapes = mixed(model, request, tokens, labels)
        if numbers:
            shifts = with_factors(model, shifts, numbers[step])
        shifts = bounded(model, request, tokens, labels, shifts)
        after = list(tokens)
        for gene in order[done:upto]:
            h = groups[:, model.place(gene)[0]]
            p = model.log_probabilities(gene, h, shifts[:, gene], shapes)[0].exp()
            running = p.cumsum(0)
            target = uniforms[gene] * running[-1]
            token = min(int((running <= target).sum()), len(p) - 1)
            after[gene] = token
            expected[gene] = float((p * torch.tensor(COUNT[: len(p)], dtype=torch.float64)).sum())
            edges = torch.cat([running[:-1], torch.tensor([-1.0, 2.0], dtype=torch.float64)])
            margins[gene] = float((edges - target).abs().min())
        tokens, done = after, upto
    return tokens, labels, expected, margins


def cells_of(model, request):
    with torch.no_grad():
        cells = [cell_of(model, request, number) for number in range(request["cells"])]
    return [list(part) for part in zip(*cells)]
