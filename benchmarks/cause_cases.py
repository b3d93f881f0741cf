"""Cases with planted causes, each from one seed: leaf cells, their forecast, and the elements that were changed.

The families `short`, `long` and `high` follow the description of the synthetic sets in Kalander, "RiskLoc" (2022,
arXiv 2205.10004, section 5.1), drawn by our own code. `ratio` and `orders` are ours: what a shop looks like, with few
large members, many small cells, counts that jump, and a rate whose denominator moves as well.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Element = tuple[tuple[int, int], ...]  # (attribute, member) in the order of attributes


@dataclass(frozen=True)
class Case:
    """Codes of the leaf cells by attribute, what was seen, what was expected, and what was planted."""

    codes: np.ndarray
    actual: np.ndarray
    forecast: np.ndarray
    truth: frozenset[Element]
    actual_denominator: np.ndarray | None = None
    forecast_denominator: np.ndarray | None = None


@dataclass(frozen=True)
class Family:
    """The ranges from which a case is drawn."""

    sizes: tuple[int, ...] = (10, 12, 10, 8, 5)
    noise: tuple[float, float] = (0.0, 0.25)
    severity: tuple[float, float] = (0.2, 1.0)
    spread: tuple[float, float] = (0.0, 0.1)
    causes: tuple[int, int] = (1, 3)
    elements: tuple[int, int] = (1, 3)
    single_leaves: bool = False


FAMILIES = {
    "short": Family(),
    "long": Family(
        sizes=(10, 24, 10, 15),
        noise=(0.0, 0.1),
        severity=(0.5, 1.0),
        spread=(0.0, 0.0),
        causes=(1, 5),
        elements=(1, 1),
        single_leaves=True,
    ),
    "high": Family(sizes=(6, 5, 40, 10, 8, 6)),
}


def relative_noise_case(family: Family, seed: int) -> Case:
    """Weibull leaves, some zero; a forecast with relative noise on either side; every cause goes the same way."""
    rng = np.random.default_rng([seed, 20])
    codes = _grid(family.sizes)
    count = len(codes)
    actual = 100 * rng.weibull(rng.uniform(0.5, 1.0), count)
    actual[rng.random(count) < rng.uniform(0.0, 0.25)] = 0.0
    noise = rng.uniform(*family.noise)
    noisy = np.maximum(actual * (1 + noise * rng.standard_normal(count)), 0.0)
    swapped = rng.random(count) < 0.5
    actual, forecast = np.where(swapped, noisy, actual), np.where(swapped, actual, noisy)
    upward = actual.sum() > forecast.sum()
    truth: list[Element] = []
    groups: list[list[Element]] = []
    for _ in range(rng.integers(family.causes[0], family.causes[1] + 1)):
        group = _disjoint_group(rng, family, groups, codes, actual + forecast)
        if not group:
            continue
        groups.append(group)
        truth.extend(group)
        inside = np.logical_or.reduce([covers(element, codes) for element in group])
        kept = 1 - rng.normal(rng.uniform(*family.severity) + noise, rng.uniform(*family.spread), int(inside.sum()))
        kept = np.maximum(kept, 0.0)
        if upward:
            forecast[inside] = actual[inside] * kept
        else:
            actual[inside] = forecast[inside] * kept
    return Case(codes, actual, forecast, frozenset(truth))


def ratio_case(seed: int, drift: float = 0.0) -> Case:
    """A success rate over sparse cells: few large members, binomial noise, moving volumes, one to three causes.

    With `drift` every member moved a little of its own accord, and the whole as well, up to so much in log odds.
    """
    rng = np.random.default_rng([seed, 21])
    codes, volume = _sparse_cells(rng, log_volume=rng.uniform(3, 8))
    base = rng.beta(*((30, 2) if rng.random() < 0.6 else (6, 8)))
    logit = np.log(base / (1 - base)) + _member_effects(rng, codes, rng.uniform(0.05, 0.5))
    rate = 1 / (1 + np.exp(-logit))
    moved = logit + _member_effects(rng, codes, drift * rng.uniform(0.2, 1)) + drift * rng.standard_normal()
    actual_rate = 1 / (1 + np.exp(-moved))
    forecast_denominator = np.ceil(volume)
    actual_denominator = rng.poisson(forecast_denominator * np.exp(rng.normal(0, 0.3, len(volume)))).astype(float)
    jitter = rng.uniform(0.0, 0.03)
    forecast = forecast_denominator * np.clip(rate * (1 + jitter * rng.standard_normal(len(rate))), 0, 1)
    truth = _plant(rng, codes, volume, count=int(rng.choice([1, 2, 3], p=[0.7, 0.2, 0.1])))
    for element in sorted(truth):
        actual_rate[covers(element, codes)] *= 1 - rng.uniform(0.1, 0.7)
    actual = rng.binomial(actual_denominator.astype(int), np.clip(actual_rate, 0, 1)).astype(float)
    return Case(codes, actual, forecast, truth, actual_denominator, forecast_denominator)


def orders_case(seed: int) -> Case:
    """Orders of a shop against a smooth forecast: counts with jumps; causes that raise and causes that lower."""
    rng = np.random.default_rng([seed, 22])
    codes, volume = _sparse_cells(rng, log_volume=rng.uniform(0, 4))
    mean = volume * np.exp(rng.uniform(0, 0.15) * rng.standard_normal(len(volume)))
    truth = _plant(rng, codes, volume, count=int(rng.integers(1, 4)))
    for element in sorted(truth):
        inside = covers(element, codes)
        mean[inside] *= (1 - rng.uniform(0.3, 0.95)) if rng.random() < 0.7 else rng.uniform(1.5, 3.0)
    return Case(codes, rng.poisson(mean).astype(float), volume, truth)


def sales_case(seed: int, drift: float = 0.1) -> Case:
    """Sales of a week against those of the week before: both noisy, every member drifting, large orders among small."""
    rng = np.random.default_rng([seed, 24])
    codes, volume = _sparse_cells(rng, log_volume=rng.uniform(0, 4))
    drifting = np.exp(_member_effects(rng, codes, drift * rng.uniform(0.2, 1)) + drift * rng.standard_normal())
    orders = rng.poisson(volume), rng.poisson(volume * drifting)
    truth = _plant(rng, codes, volume, count=int(rng.integers(1, 3)))
    kept = orders[1].astype(float)
    for element in sorted(truth):
        inside = covers(element, codes)
        kept[inside] = rng.binomial(orders[1][inside], 1 - rng.uniform(0.4, 0.95))
    price = 100 * np.exp(rng.normal(0, 0.8, len(volume)))
    forecast, actual = (
        np.round(count * price * np.exp(rng.normal(0, 0.7, len(volume)) / np.sqrt(np.maximum(count, 1))), 2)
        for count in (orders[0], kept)
    )
    return Case(codes, actual, forecast, truth)


def quiet(case: Case, seed: int) -> Case:
    """The same cells with nothing planted: what was seen is the forecast with noise."""
    rng = np.random.default_rng([seed, 23])
    if case.actual_denominator is None or case.forecast_denominator is None:
        return Case(case.codes, rng.poisson(case.forecast).astype(float), case.forecast, frozenset())
    rate = case.forecast / np.maximum(case.forecast_denominator, 1)
    actual = rng.binomial(case.actual_denominator.astype(int), np.clip(rate, 0, 1)).astype(float)
    return Case(case.codes, actual, case.forecast, frozenset(), case.actual_denominator, case.forecast_denominator)


def covers(element: Element, codes: np.ndarray) -> np.ndarray:
    """Which leaf cells an element covers."""
    return np.logical_and.reduce([codes[:, attribute] == member for attribute, member in element])


def _grid(sizes: tuple[int, ...]) -> np.ndarray:
    return np.indices(sizes, dtype=np.int32).reshape(len(sizes), -1).T


def _disjoint_group(
    rng: np.random.Generator, family: Family, groups: list[list[Element]], codes: np.ndarray, volume: np.ndarray
) -> list[Element]:
    """Elements of one combination of attributes that share no member with the causes before; empty after 200 tries."""
    dimensions = len(family.sizes)
    depth = dimensions if family.single_leaves else int(rng.integers(1, dimensions + 1))
    wanted = int(rng.integers(family.elements[0], family.elements[1] + 1))
    for _ in range(200):
        attributes = sorted(rng.choice(dimensions, depth, replace=False).tolist())
        if depth < dimensions and any(attributes == [a for a, _ in group[0]] for group in groups):
            continue
        used = {pair for group in groups for element in group for pair in element}
        free = [[m for m in range(family.sizes[a]) if (a, m) not in used] for a in attributes]
        if not all(free):
            continue
        drawn = {tuple((a, int(rng.choice(f))) for a, f in zip(attributes, free, strict=True)) for _ in range(wanted)}
        if len(drawn) == wanted and all(volume[covers(element, codes)].any() for element in drawn):
            return sorted(drawn)
    return []


def _sparse_cells(rng: np.random.Generator, log_volume: float) -> tuple[np.ndarray, np.ndarray]:
    sizes = [int(size) for size in rng.choice([2, 3, 5, 8, 12, 20, 40], int(rng.integers(3, 7)))]
    shares = [rng.dirichlet(np.full(size, 0.6)) for size in sizes]
    cells = int(min(4000, np.prod(sizes) * 0.7))
    drawn = np.stack([rng.choice(s, cells, p=p) for s, p in zip(sizes, shares, strict=True)], axis=1)
    codes = np.unique(drawn.astype(np.int32), axis=0)
    expected = np.prod([share[codes[:, a]] for a, share in enumerate(shares)], axis=0)
    volume = expected / np.mean(expected) * np.exp(log_volume + rng.normal(0, 0.7, len(codes)))
    return codes, volume


def _member_effects(rng: np.random.Generator, codes: np.ndarray, size: float) -> np.ndarray:
    return sum(rng.normal(0, size, codes[:, a].max() + 1)[codes[:, a]] for a in range(codes.shape[1]))


def _plant(rng: np.random.Generator, codes: np.ndarray, volume: np.ndarray, count: int) -> frozenset[Element]:
    """Elements of one to three attributes with 1 to 40 % of the volume that do not overlap and are no other's twin."""
    truth: list[Element] = []
    taken = np.zeros(len(codes), bool)
    for _ in range(300):
        if len(truth) == count:
            break
        depth = min(int(rng.choice([1, 2, 3], p=[0.5, 0.35, 0.15])), codes.shape[1])
        leaf = codes[rng.choice(len(codes), p=volume / volume.sum())]
        attributes = sorted(rng.choice(codes.shape[1], depth, replace=False).tolist())
        element = tuple((a, int(leaf[a])) for a in attributes)
        inside = covers(element, codes)
        if not 0.01 <= volume[inside].sum() / volume.sum() <= 0.4 or (taken & inside).any():
            continue
        if _shorter_twin(element, inside, codes):
            continue
        truth.append(element)
        taken |= inside
    return frozenset(truth)


def _shorter_twin(element: Element, inside: np.ndarray, codes: np.ndarray) -> bool:
    """Whether leaving out one condition covers the same leaf cells: then the element is not the shortest name."""
    shorter = [tuple(pair for pair in element if pair != left_out) for left_out in element] if len(element) > 1 else []
    return any(covers(name, codes).sum() == inside.sum() for name in shorter)
