"""How far each leaf cell is from its forecast, and how far is usual for a cell of its size."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

# A deviation below this is nobody's cause: it bounds the noise from below where forecasts are all but exact.
LEAST_NOISE = 0.003
BINS, LEAST_BIN = 20, 12
NO_TAIL = 1e3  # standard deviations: no heavier than normal
FEW = 3.0  # a spread of n leaves is raised by 3 / n: of few, the estimate may be far too small
USUAL_TAIL = 0.0027  # of a normal distribution beyond three standard deviations


@dataclass(frozen=True)
class Deviation:
    """Leaves that can be judged (`known` among all): relative deviation in [−1, 1] and what its size variance hangs on.

    For an additive measure with actual v and forecast f the deviation is (v − f) / max(v, f). For a ratio it is the
    same with f = actual denominator × forecast ratio: what the numerator would have been at the forecast ratio.
    """

    known: np.ndarray
    shift: np.ndarray
    grain: np.ndarray  # variance of counting over size²: 1 / size for counts
    expected: np.ndarray
    difference: np.ndarray
    counts: np.ndarray  # variance of counting at the forecast: the forecast, or n q (1 − q) for a share
    skew: np.ndarray  # the share of a standardised deviation that is left when the skewness of rare events is known
    whole: bool  # whether these are counts of things, whose variance is at least `counts`

    def against(self, general: float) -> Deviation:
        """The deviation from a forecast that moved as a whole by this relative deviation."""
        f = self.expected * (1 + general if general < 0 else 1 / (1 - general))
        v = self.expected + self.difference
        size, before = np.maximum(np.abs(v), np.abs(f)), np.maximum(np.abs(v), np.abs(self.expected))
        shift = np.clip((v - f) / size, -1, 1)
        return replace(self, shift=shift, grain=self.grain * (before / size) ** 2, expected=f, difference=v - f)


@dataclass(frozen=True)
class Noise:
    """The variance of the deviation of leaves that nothing happened to: relative² + counting × grain; heavy tails."""

    relative: float
    counting: float
    tail: float

    def variance(self, grain: np.ndarray) -> np.ndarray:
        return self.relative**2 + self.counting * grain

    def cost(self, z: np.ndarray) -> np.ndarray:
        """−log density of a standardised deviation, less its constant: square, and a line beyond `tail` (Huber)."""
        size = np.abs(z)
        return np.where(size <= self.tail, 0.5 * z * z, self.tail * size - 0.5 * self.tail**2)


def additive(actual: np.ndarray, forecast: np.ndarray) -> Deviation:
    """The deviation of amounts or counts; leaves with nothing on either side say nothing."""
    known = np.maximum(np.abs(actual), np.abs(forecast)) > 0
    v, f = actual[known], forecast[known]
    size, whole = np.maximum(np.abs(v), np.abs(f)), bool((v == np.round(v)).all())
    return _deviation(known, v, f, size, np.abs(f), np.ones(len(v)), whole)


def ratio(
    actual: np.ndarray, forecast: np.ndarray, actual_denominator: np.ndarray, forecast_denominator: np.ndarray
) -> Deviation:
    """The deviation of a ratio, leaf by leaf; leaves without one of the two denominators say nothing."""
    known = (actual_denominator > 0) & (forecast_denominator > 0)
    known[known] = np.maximum(np.abs(actual[known]), np.abs(forecast[known])) > 0
    v, n, f, m = (array[known] for array in (actual, actual_denominator, forecast, forecast_denominator))
    expected = n * f / m
    whole = bool((v == np.round(v)).all() and (n == np.round(n)).all())
    if (v <= n).all() and (f <= m).all() and (v >= 0).all() and (f >= 0).all():
        rate = _steady_rate(f, m)
        counting = n * rate * (1 - rate)
        return _deviation(known, v, expected, counting, counting, _skew(v, n, rate), whole)
    size = np.maximum(np.abs(v), np.abs(expected))
    return _deviation(known, v, expected, size, np.abs(expected), np.ones(len(v)), whole)


def _deviation(
    known: np.ndarray,
    v: np.ndarray,
    f: np.ndarray,
    counting: np.ndarray,
    counts: np.ndarray,
    skew: np.ndarray,
    whole: bool,
) -> Deviation:
    size = np.maximum(np.maximum(np.abs(v), np.abs(f)), 1e-300)
    return Deviation(known, np.clip((v - f) / size, -1, 1), counting / size**2, f, v - f, counts, skew, whole)


def noise_of(deviation: Deviation, usual: np.ndarray) -> Noise:
    """Estimate the noise from the leaves that are thought usual; what is planted among them may be up to half."""
    usual = usual & (deviation.expected > 0)
    if usual.sum() < 4:
        return Noise(0.3, 1.0 if deviation.whole else 0.0, NO_TAIL)
    shift, expected, difference, counts, grain, skew = (
        array[usual]
        for array in (
            deviation.shift,
            deviation.expected,
            deviation.difference,
            deviation.counts,
            deviation.grain,
            deviation.skew,
        )
    )
    order = np.argsort(counts, kind="stable")
    bins = np.array_split(order, max(1, min(BINS, len(order) // LEAST_BIN)))
    grains = np.array([counts[part].sum() / (expected[part] ** 2).sum() for part in bins])
    moments = np.array([(difference[part] ** 2).sum() / (expected[part] ** 2).sum() for part in bins])
    spreads = np.array([_spread_at_zero(shift[part]) for part in bins])
    if deviation.whole:
        coarse = np.array([np.median(counts[part]) < 5 for part in bins])
    else:
        nothing = np.array([(shift[part] == -1).mean() for part in bins])
        coarse = nothing > np.maximum(0.1, 3 * nothing.min())
    variances = np.maximum(np.where(coarse, moments, spreads**2), LEAST_NOISE**2)
    relative, counting = _line(grains, variances, 1.0 if deviation.whole else 0.0)
    return Noise(relative, counting, _tail(skew * shift / np.sqrt(relative**2 + counting * grain)))


def _steady_rate(f: np.ndarray, m: np.ndarray) -> np.ndarray:
    """The forecast rate of each leaf, drawn towards the rate of all by two observations, never 0 or 1."""
    overall = np.clip(f.sum() / max(m.sum(), 1.0), 1e-6, 1 - 1e-6)
    return np.clip((f + 2 * overall) / (m + 2), 1e-6, 1 - 1e-6)


def _skew(v: np.ndarray, n: np.ndarray, rate: np.ndarray) -> np.ndarray:
    """√(2 × binomial deviance) over the standardised difference (v − n q) / √(n q (1 − q)), at most one.

    Six failures where one is usual are rarer under a normal distribution than they are.
    """
    expected = n * rate
    with np.errstate(divide="ignore", invalid="ignore"):
        deviance = np.nan_to_num(v * np.log(v / expected)) + np.nan_to_num((n - v) * np.log((n - v) / (n - expected)))
        share = np.sqrt(2 * np.maximum(deviance, 0) * n * rate * (1 - rate)) / np.abs(v - expected)
    return np.clip(np.nan_to_num(share, nan=1.0, posinf=1.0), 0.1, 1.0)


def _spread_at_zero(shift: np.ndarray) -> float:
    """The standard deviation of the part around zero, whatever lies far away.

    The least s for which the leaves within s are the share of those within 2 s that a normal distribution has
    (0.683 of 0.954): what was moved lies outside and does not count.
    """
    size = np.sort(np.abs(shift))
    grid = np.geomspace(LEAST_NOISE, 1.5, 160)
    one, two = np.searchsorted(size, grid), np.searchsorted(size, 2 * grid)
    fits = (one >= 0.70 * two) & (two >= max(3, min(0.5 * len(size), 10), 0.1 * len(size)))
    spread = float(grid[np.argmax(fits)]) if fits.any() else 1.0
    return spread * (1 + FEW / len(size)) if spread > LEAST_NOISE else spread


def _line(grains: np.ndarray, variances: np.ndarray, least: float) -> tuple[float, float]:
    """Fit variance = relative² + counting × grain, in relative error, counting at least `least`: the best of a grid."""
    candidates = [least, *(least + np.geomspace(1e-3, 1e3, 61) * float(np.median(variances / grains)))]
    best = (np.inf, 1.0, 0.0)
    for counting in candidates:
        left = np.maximum(variances - counting * grains, LEAST_NOISE**2)
        for relative in (LEAST_NOISE**2, float(np.median(left)), float(np.quantile(left, 0.25))):
            error = float(np.abs(np.log((relative + counting * grains) / variances)).mean())
            if error < best[0] - 1e-9:
                best = (error, relative, counting)
    return float(np.sqrt(best[1])), float(best[2])


def _tail(z: np.ndarray) -> float:
    """Where the line of Huber's density starts, from the lighter of the two tails: causes that lower or raise alone
    do not make the noise look heavier than it is. NO_TAIL when neither is heavy."""
    beyond = 2 * min(int((z > 3).sum()), int((z < -3).sum())) / len(z)
    if beyond <= 2 * USUAL_TAIL:
        return NO_TAIL
    starts = np.linspace(0.3, 3.0, 55)
    mass = np.sqrt(2 / np.pi) / starts * np.exp(-3 * starts + 0.5 * starts**2)
    return float(starts[np.argmin(np.abs(mass - beyond))])
