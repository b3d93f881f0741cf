"""What happens without a cause: noise of the leaves, one movement of the whole, drift of whole cells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sales_warehouse.causes.deviation import Deviation, Noise, noise_of
from sales_warehouse.causes.lattice import Lattice

STEADY = 0.1  # change of the noise variance that is not worth another round
NEAR = 0.005  # likewise of the movement of the whole and of the drift of cells
MOST_GENERAL = 0.9  # a whole that all but vanished is not taken for usual


@dataclass(frozen=True)
class Background:
    """What happens without a cause: noise of the leaves, one movement of the whole, and drift of whole cells."""

    noise: Noise
    general: float
    drift: float

    def is_near(self, other: Background, deviation: Deviation) -> bool:
        levels = [float(np.median(each.noise.variance(deviation.grain))) for each in (self, other)]
        steady = abs(levels[0] / levels[1] - 1) < STEADY
        return steady and max(abs(self.general - other.general), abs(self.drift - other.drift)) < NEAR


def background_of(lattice: Lattice, deviation: Deviation, usual: np.ndarray, before: Background | None) -> Background:
    """Noise alone at first; the movement of the whole and the drift of cells once causes have been set aside."""
    if before is None or usual.sum() < 4:
        return Background(noise_of(deviation, usual), 0.0, 0.0)
    information = 1 / before.noise.variance(deviation.grain) * usual
    general = float(np.clip(weighted_median(deviation.shift, information), -MOST_GENERAL, MOST_GENERAL))
    centred = deviation.against(general)
    noise = noise_of(centred, usual)
    information = 1 / noise.variance(centred.grain) * usual
    weights, firsts = lattice.sums(information, information * centred.shift)
    wide = [place for place, cuboid in enumerate(lattice.cuboids) if len(cuboid.attributes) <= 2]
    weight = np.concatenate([weights[place] for place in wide])
    first = np.concatenate([firsts[place] for place in wide])
    return Background(noise, general, _drift(first[weight > 0] / weight[weight > 0], 1 / weight[weight > 0]))


def weighted_median(values: np.ndarray, weights: np.ndarray) -> float:
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(reached, reached[-1] / 2)])


def _drift(shifts: np.ndarray, variances: np.ndarray) -> float:
    """The standard deviation of the cells' own movement, by a likelihood in which one cell counts 3 sigma at most."""
    candidates = [0.0, *np.geomspace(0.002, 0.3, 40).tolist()]
    costs = []
    for candidate in candidates:  # one after the other: of all at once there is no room where cells are many
        total = variances + candidate**2
        costs.append(float((np.log(total) + np.minimum(shifts**2 / total, 9)).sum()))
    return candidates[int(np.argmin(costs))]
