"""The search for the elements (combinations of members) in which the figure moved away from its forecast.

Each candidate cell is a hypothesis: its leaves moved by one common relative shift, with a spread of their own. Its gain
is the log-likelihood of that against noise alone, less what it costs to name the cell among all cells of all
combinations (minimum description length). The best cell is taken, its leaves are set aside, and so on until no cell
earns its name. `docs/causes.md` has the formulas and their sources.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sales_warehouse.causes.background import Background, background_of, weighted_median
from sales_warehouse.causes.deviation import Deviation
from sales_warehouse.causes.lattice import Element, Lattice

MOST_ELEMENTS = 40
ROUNDS = 3  # of noise → search → noise
STRONG = 0.33  # of the strongest shift: weaker ones may be drift
STEPS = 4  # of model → best cell → model
SPREAD = (0.02, 0.1)  # how unlike the leaves of one cause may be, in relative deviation
STRAYING = 0.1  # share of the leaves of a cause that move unlike the others, if in the same direction
PRIOR_LEAVES = 2.0  # that have the usual spread, added to those of a cell
NARROWEST, WIDEST = 0.0025, 1.2  # variance of a cause, in units of that which is usual
WEAK, SMALL = 0.2, 0.02  # of the strongest shift and of all effects: what is both is not a cause
WEAKEST = 0.1  # of the strongest shift: what moved less is not a cause
DEPTH = 1.0  # nats for each condition of a name: the shorter of two names is the better one
EVIDENCE = 2.0  # nats above the price of the name
# A leaf votes for or against a cell with at most about so much, so that a part of a cell cannot outvote the rest.
MOST_FOR, MOST_AGAINST = 4.0, 8.0


@dataclass(frozen=True)
class Cause:
    """An element, its leaves (among those that can be judged), its common shift and the evidence in nats."""

    element: Element
    leaves: np.ndarray
    shift: float
    evidence: float


@dataclass(frozen=True)
class _Model:
    """What every leaf weighs under a noise: constants of the log-likelihood."""

    shift: np.ndarray
    weight: np.ndarray  # 1 / (spread² + noise variance)
    information: np.ndarray  # 1 / noise variance
    anywhere: np.ndarray  # log-likelihood ratio of a leaf of a cause that moved as it liked
    constant: np.ndarray  # log-likelihood ratio against noise, without the terms of the common shift
    widest: float
    drift: float  # variance of the movement of whole cells


@dataclass(frozen=True)
class _Candidate:
    vote: float
    evidence: float
    element: Element
    shift: float
    leaves: np.ndarray


def find_causes(codes: np.ndarray, deviation: Deviation) -> list[Cause]:
    """The causes in the order in which they were found, none when nothing stands out of the noise."""
    lattice = Lattice(codes[deviation.known])
    usual = np.ones(lattice.leaves, bool)
    causes: list[Cause] = []
    background: Background | None = None
    for _ in range(ROUNDS if lattice.leaves else 0):
        found = background_of(lattice, deviation, usual, background)
        if background is not None and background.is_near(found, deviation):
            break
        background = found
        causes = _search(lattice, _model(deviation.against(background.general), background))
        strongest = max((abs(cause.shift) for cause in causes), default=0.0)
        usual = np.ones(lattice.leaves, bool)
        for cause in causes:
            if abs(cause.shift) >= STRONG * strongest:
                usual &= ~cause.leaves
    return _material(causes, deviation)


def _material(causes: list[Cause], deviation: Deviation) -> list[Cause]:
    """Without those that are both weak beside the strongest and small beside all: drift that looks like a cause."""
    effects = [abs(float(deviation.difference[cause.leaves].sum())) for cause in causes]
    strongest = max((abs(cause.shift) for cause in causes), default=0.0)
    return [
        cause
        for cause, effect in zip(causes, effects, strict=True)
        if abs(cause.shift) >= WEAK * strongest or effect >= SMALL * sum(effects)
    ]


def _model(deviation: Deviation, background: Background) -> _Model:
    noise = background.noise
    variance = noise.variance(deviation.grain)
    middle = float(np.median(variance))
    spread = float(np.clip(3 * np.sqrt(middle), *SPREAD))
    total = spread**2 + variance
    unusual = noise.cost(deviation.skew * deviation.shift / np.sqrt(variance))
    anywhere = np.log(STRAYING) + unusual + 0.5 * np.log(2 * np.pi * variance)
    constant = 0.5 * np.log(variance / total) + unusual
    widest = WIDEST * (SPREAD[1] ** 2 + middle) / (spread**2 + middle)
    return _Model(deviation.shift, 1 / total, 1 / variance, anywhere, constant, widest, background.drift**2)


def _search(lattice: Lattice, model: _Model) -> list[Cause]:
    prices = [
        EVIDENCE + lattice.dimensions * np.log1p(np.exp(-DEPTH)) + DEPTH * len(cuboid.attributes) + np.log(cuboid.size)
        for cuboid in lattice.cuboids
    ]
    chosen: list[_Candidate] = []
    left = np.ones(lattice.leaves)
    while len(chosen) < MOST_ELEMENTS:
        best = _best(lattice, model, left, prices)
        if best is None:
            break
        chosen.append(best)
        left[best.leaves] = 0.0
    chosen = _reconsidered(lattice, model, prices, chosen)
    strongest = max((abs(one.shift) for one in chosen), default=0.0)
    return [
        Cause(one.element, one.leaves, one.shift, one.evidence)
        for one in chosen
        if abs(one.shift) >= WEAKEST * strongest
    ]


def _best(lattice: Lattice, model: _Model, left: np.ndarray, prices: list[float]) -> _Candidate | None:
    tried: list[_Candidate] = []
    for seed in _seeds(lattice, model, left, prices):
        inside = lattice.inside(lattice.element(*seed))
        if not any((inside & one.leaves).any() for one in tried):
            tried.append(_refined(lattice, model, left, prices, *seed))
    best = max((one for one in tried if one.evidence > 0), key=lambda one: one.vote, default=None)
    return best and _shortened(lattice, model, left, best)


def _shortened(lattice: Lattice, model: _Model, left: np.ndarray, best: _Candidate) -> _Candidate:
    """The candidate without the conditions that the data do not ask for: leaves beyond them moved as the others did."""
    element = best.element
    while len(element) > 1:
        inside = lattice.inside(element) & (left > 0)
        shorter = [element[:at] + element[at + 1 :] for at in range(len(element))]
        worth = [_likeness(model, best.shift, lattice.inside(each) & (left > 0) & ~inside) for each in shorter]
        if max(worth) + DEPTH <= 0:
            break
        element = shorter[int(np.argmax(worth))]
    return replace(best, element=element, leaves=lattice.inside(element) & (left > 0))


def _likeness(model: _Model, shift: float, others: np.ndarray) -> float:
    """Log-likelihood of the same shift against none, for leaves as a whole: by their mean and median, the lesser."""
    if not others.any():
        return 0.0
    x, information = model.shift[others], model.information[others]
    variance = 1 / information.sum() + model.drift
    middles = float((information * x).sum() / information.sum()), weighted_median(x, information)
    return min((shift * middle - 0.5 * shift**2) / variance for middle in middles)


def _reconsidered(lattice: Lattice, model: _Model, prices: list[float], chosen: list[_Candidate]) -> list[_Candidate]:
    """Each choice once more, now that the others are known: an early one may have been made for leaves of theirs."""
    covered = [lattice.inside(one.element) for one in chosen]
    for place in range(len(chosen)):
        left = np.ones(lattice.leaves)
        for other, cells in enumerate(covered):
            if other != place:
                left[cells] = 0.0
        if left[covered[place]].all():
            continue
        best = _best(lattice, model, left, prices)
        if best is not None:
            chosen[place], covered[place] = best, lattice.inside(best.element)
    unique = {one.element: one for one in chosen}
    return list(unique.values())


def _seeds(lattice: Lattice, model: _Model, left: np.ndarray, prices: list[float]) -> list[tuple[int, int]]:
    """The cell with the most evidence in each layer, by the likelihood of its own best shift and spread."""
    x, weight = model.shift, left * model.weight
    stats = lattice.sums(left, weight, weight * x, weight * x * x, left * model.constant, left * model.information)
    best: dict[int, tuple[float, int, int]] = {}
    for place, cuboid in enumerate(lattice.cuboids):
        evidence = _evidence(model, *(stat[place] for stat in stats))
        cell = int(np.argmax(evidence))
        found = (float(evidence[cell]) - prices[place], place, cell)
        layer = len(cuboid.attributes)
        if found[0] > 0 and (layer not in best or found[0] > best[layer][0]):
            best[layer] = found
    return [(place, cell) for _, place, cell in sorted(best.values(), reverse=True)]


def _evidence(
    model: _Model,
    count: np.ndarray,
    weight: np.ndarray,
    first: np.ndarray,
    second: np.ndarray,
    constant: np.ndarray,
    information: np.ndarray,
) -> np.ndarray:
    """Log-likelihood ratio of every cell; never more than its shift alone gives, so that calm cells gain nothing."""
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = first / weight
        squares = np.maximum(second - first * shift, 0)
        width = np.clip((squares + PRIOR_LEAVES) / (count + PRIOR_LEAVES), NARROWEST, model.widest)
        whole = constant - 0.5 * count * np.log(width) - 0.5 * squares / width
        return np.where(count > 0, np.minimum(whole, 0.5 * shift**2 / (1 / information + model.drift)), -np.inf)


def _refined(
    lattice: Lattice, model: _Model, left: np.ndarray, prices: list[float], place: int, cell: int
) -> _Candidate:
    """From the shift of a seed's deviating leaves to the cell whose leaves vote for it most, and again from there."""
    inside = lattice.inside(lattice.element(place, cell)) & (left > 0)
    shift, width = _fit(model, _deviating(model, inside))
    seen: set[tuple[int, int]] = set()
    for _ in range(STEPS):
        gain = _gain(model, shift, width)
        elected = _elected(lattice, _votes(gain) * left, prices)
        if elected is None or elected in seen:
            break
        seen.add(elected)
        place, cell = elected
        inside = lattice.inside(lattice.element(place, cell)) & (left > 0)
        fitting = inside & (gain > -MOST_AGAINST)
        shift, width = _fit(model, fitting if fitting.any() else inside)
    gain = _gain(model, shift, width)[inside]
    alone = 0.5 * shift**2 / (1 / model.information[inside].sum() + model.drift)
    evidence = min(float(np.maximum(gain, -MOST_AGAINST).sum()), float(alone)) - prices[place]
    return _Candidate(float(_votes(gain).sum()) - prices[place], evidence, lattice.element(place, cell), shift, inside)


def _elected(lattice: Lattice, votes: np.ndarray, prices: list[float]) -> tuple[int, int] | None:
    """The cell with the most votes less its price, among those with more for than against; None without any."""
    (sums,) = lattice.sums(votes)
    best: tuple[float, int, int] | None = None
    for place, (cells, price) in enumerate(zip(sums, prices, strict=True)):
        cell = int(np.argmax(cells))
        if cells[cell] > 0 and (best is None or cells[cell] - price > best[0]):
            best = (float(cells[cell] - price), place, cell)
    return best and best[1:]


def _deviating(model: _Model, inside: np.ndarray) -> np.ndarray:
    """The leaves of a cell that stand out, on the side where more does; all of them where none does."""
    strong = inside & (model.constant > 2)
    side = strong & ((model.shift > 0) == (model.shift[strong].sum() > 0))
    return side if side.any() else inside


def _fit(model: _Model, leaves: np.ndarray) -> tuple[float, float]:
    x, weight = model.shift[leaves], model.weight[leaves]
    shift = float((weight * x).sum() / weight.sum())
    squares = float((weight * (x - shift) ** 2).sum())
    return shift, float(np.clip((squares + PRIOR_LEAVES) / (len(x) + PRIOR_LEAVES), NARROWEST, model.widest))


def _gain(model: _Model, shift: float, width: float) -> np.ndarray:
    """Log-likelihood ratio of every leaf for a cause with this shift: near it, or else anywhere on its side."""
    near = model.constant - 0.5 * np.log(width) - 0.5 * model.weight * (model.shift - shift) ** 2 / width
    return np.where(model.shift * shift > 0, np.maximum(near, model.anywhere), near)


def _votes(gain: np.ndarray) -> np.ndarray:
    """Gains held between two bounds; above the upper one they grow by their logarithm, which decides ties."""
    over = np.maximum(gain - MOST_FOR, 0)
    return np.maximum(np.minimum(gain, MOST_FOR) + 0.5 * np.log1p(over), -MOST_AGAINST)
