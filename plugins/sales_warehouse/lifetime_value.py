"""What a customer will be worth in the next twelve months, from how often, how lately and for how much it bought.

Buying again is BG/NBD: while a customer lives it buys at a rate of its own, and after each purchase it may be lost
(Fader, Hardie and Lee 2005, Marketing Science 24, 275-284). The amount of a purchase is Gamma-Gamma: a customer's mean
lies around that of all, the nearer the fewer purchases it made (Fader and Hardie 2013, "The Gamma-Gamma model of
monetary value"). Nothing here knows why a customer buys; both are fitted to the company's own customers every night.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh_tridiagonal
from scipy.optimize import minimize
from scipy.special import expit, gammaln

Numbers = NDArray[np.float64]
Told = tuple[Numbers, NDArray[np.intp]]  # the different numbers, and for each customer which of them

LEAST_RETURNING = 100  # customers who came back; with fewer, four parameters say nothing
NODES, LEAST = 48, 1e-300  # of a quadrature; the least that a node is, for the eigenvalues are rounded
MOST = 1e4  # of a parameter, and its inverse the least
DAYS_A_WEEK, MONTHS, DAYS_A_MONTH = 7.0, 12, 365 / 12


@dataclass(frozen=True)
class Purchases:
    """One element a customer: order days after the first, weeks to the last and to now, mean amount.

    `repeats` are whole numbers from 0; `last_weeks` is 0 without a repeat and at most `seen_weeks`; `mean_amount` is
    the mean of the order days after the first, and the amount of the first where there is no other.
    """

    repeats: Numbers
    last_weeks: Numbers
    seen_weeks: Numbers
    mean_amount: Numbers


@dataclass(frozen=True)
class Expected:
    """For each customer: purchases of the next twelve months, the amount of each, and their discounted sum."""

    purchases: Numbers
    amount: Numbers
    value: Numbers


def lifetime_values(purchases: Purchases, annual_discount_rate: float) -> Expected | None:
    """Return what to expect of each customer; None where too few came back to learn from, or nothing can be fitted."""
    if np.count_nonzero(purchases.repeats > 0) < LEAST_RETURNING:
        return None
    rates = fit_purchases(purchases)
    if rates is None or (amounts := fit_amounts(purchases)) is None:
        return None
    return expected_values(rates, amounts, purchases, annual_discount_rate)


def expected_values(rates: Numbers, amounts: Numbers, purchases: Purchases, annual_discount_rate: float) -> Expected:
    """Return what to expect by parameters that are known: what is bought in a month is discounted from its end on."""
    weeks = DAYS_A_MONTH / DAYS_A_WEEK
    months = expected_purchases(rates, purchases, np.arange(1.0, MONTHS + 1) * weeks)
    each = expected_amount(amounts, purchases)
    discount = (1 + annual_discount_rate) ** (-np.arange(1, MONTHS + 1) / MONTHS)
    steps = np.diff(months, axis=0, prepend=0.0)
    return Expected(months[-1], each, discount @ steps * each)


def fit_purchases(purchases: Purchases) -> Numbers | None:
    """Return r, alpha (weeks), a, b of BG/NBD by maximum likelihood; None where the search does not end.

    Customers with the same numbers, to a tenth of a week, are one term: a million of them cost what their kinds do.
    """
    keys = np.round(np.column_stack([purchases.repeats, purchases.last_weeks, purchases.seen_weeks]), 1)
    kinds, weight = np.unique(keys, axis=0, return_counts=True)
    x, last, seen = kinds.T
    scale = max(float(np.mean(purchases.seen_weeks)), 1.0)
    told = [np.unique(column, return_inverse=True) for column in (x, last / scale, seen / scale)]

    def loss(logs: Numbers) -> float:
        r, alpha, a, b = np.exp(logs)
        return -float(weight @ _log_likelihood(r, alpha, a, b, *told)) / weight.sum()

    found = _search(loss, np.zeros(4))
    return None if found is None else found * np.array([1.0, scale, 1.0, 1.0])


def _log_likelihood(r: float, alpha: float, a: float, b: float, x: Told, last: Told, seen: Told) -> Numbers:
    """Equation 6 of Fader, Hardie and Lee (2005), in logarithms.

    There are few numbers of purchases and of days, however many customers: functions are taken of each number once.
    """
    counts, count_of = x
    common = gammaln(r + counts) - gammaln(r) + r * np.log(alpha)
    common = common + gammaln(a + b) + gammaln(b + counts) - gammaln(b) - gammaln(a + b + counts)
    again = counts > 0
    lost = np.log(a) - np.log(b + np.where(again, counts, 1) - 1)
    powers = (r + counts)[count_of]
    living = -powers * np.log(alpha + seen[0])[seen[1]]
    either = np.logaddexp(living, lost[count_of] - powers * np.log(alpha + last[0])[last[1]])
    return common[count_of] + np.where(again[count_of], either, living)


def expected_purchases(parameters: Numbers, purchases: Purchases, weeks: float | Numbers) -> Numbers:
    """Return the purchases of the next `weeks`, given what each customer did: equation 10 of the same paper.

    Of a customer who lives, and is lost with the probability p after each purchase, (1 - (1 + p w)^-(r + x)) / p are
    to come, w being `weeks` in units of alpha + seen; p is Beta(a, b + x). The paper gives the mean of that in closed
    form, a difference of hypergeometric functions of which no digit is right where customers buy alike. The mean is
    taken here over the nodes of a quadrature, and no term of it is negative. With several `weeks` the result has a row
    for each.
    """
    r, alpha, a, b = parameters
    x, last, seen = purchases.repeats, purchases.last_weeks, purchases.seen_weeks
    kinds, kind_of = np.unique(np.column_stack([x, seen]), axis=0, return_inverse=True)
    ahead = np.atleast_1d(weeks)
    coming = np.empty((len(ahead), len(kinds)))
    for count in np.unique(kinds[:, 0]):
        these = np.flatnonzero(kinds[:, 0] == count)
        p, share = _beta_nodes(a, b + count)
        further = ahead[:, None, None] / (alpha + kinds[these, 1])[:, None]
        coming[:, these] = (-np.expm1(-(r + count) * np.log1p(further * p)) / p) @ share
    again = x > 0
    ratio = (r + x) * (np.log(alpha + seen) - np.log(alpha + last))
    odds = ratio + np.log(a) - np.log(b + np.where(again, x, 1) - 1)  # of being lost, not living, as a logarithm
    living = np.where(again, expit(-odds), 1.0)
    found: Numbers = coming[:, kind_of.ravel()] * living
    return found if np.ndim(weeks) else found[0]


def _beta_nodes(a: float, b: float) -> tuple[Numbers, Numbers]:
    """Return nodes and shares of the Gauss quadrature of Beta(a, b), by Golub and Welsch (1969, Math. Comp. 23)."""
    n = np.arange(1, NODES, dtype=float)
    total = 2 * n + a + b
    centre = (1 + (a - b) * (a + b - 2) / ((total - 2) * total)) / 2
    m, of = n[1:], total[1:]
    square = m * (m + a - 1) * (m + b - 1) * (m + a + b - 2) / ((of - 2) ** 2 * (of - 1) * (of - 3))
    mean, variance = a / (a + b), a * b / ((a + b) ** 2 * (a + b + 1))
    nodes, vectors = eigh_tridiagonal(np.append(mean, centre), np.sqrt(np.append(variance, square)))
    return np.clip(nodes, LEAST, None), vectors[0] ** 2


def fit_amounts(purchases: Purchases) -> Numbers | None:
    """Return p, q, gamma (money) of Gamma-Gamma by maximum likelihood over those who came back and paid something."""
    told = (purchases.repeats > 0) & (purchases.mean_amount > 0)
    x, mean = purchases.repeats[told], purchases.mean_amount[told]
    if len(x) < LEAST_RETURNING:
        return None
    scale = float(np.mean(mean))
    part = mean / scale
    counts, count_of = np.unique(x, return_inverse=True)  # there are few: functions of them are taken once each
    log_part, log_counts, product = np.log(part), np.log(counts), part * x

    def loss(logs: Numbers) -> float:
        p, q, gamma = np.exp(logs)
        powers = p * counts
        terms = gammaln(powers + q) - gammaln(powers) - gammaln(q) + q * np.log(gamma)
        terms = terms[count_of] + (powers - 1)[count_of] * log_part
        terms = terms + (powers * log_counts)[count_of] - (powers + q)[count_of] * np.log(gamma + product)
        return -float(np.mean(terms))

    found = _search(loss, np.log([1.0, 2.0, 1.0]))
    return None if found is None or found[1] <= 1 else found * np.array([1.0, 1.0, scale])


def expected_amount(parameters: Numbers, purchases: Purchases) -> Numbers:
    """Return the mean amount of a customer's purchases: its own, drawn towards that of all."""
    p, q, gamma = parameters
    x = np.where(purchases.mean_amount > 0, purchases.repeats, 0.0)
    return p * (gamma + np.maximum(purchases.mean_amount, 0) * x) / (p * x + q - 1)


def _search(loss: Callable[[Numbers], float], start: Numbers) -> Numbers | None:
    """Return the parameters, not their logarithms, at the least loss; the search draws no random numbers.

    Customers who all buy alike are told ever better by ever larger parameters: the search ends at MOST, where they
    differ by less than anybody can see and the logarithms of gamma functions still have their digits.
    """
    options = {"maxiter": 5000, "maxfev": 5000, "xatol": 1e-6, "fatol": 1e-10}
    bounds = [(-np.log(MOST), np.log(MOST))] * len(start)
    found = minimize(loss, start, method="Nelder-Mead", bounds=bounds, options=options)
    return np.exp(found.x) if found.success else None
