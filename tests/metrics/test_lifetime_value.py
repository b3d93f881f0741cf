"""What a customer will be worth: against the papers' own numbers, and against customers made by the process assumed."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import hyp2f1

from sales_warehouse.lifetime_value import (
    LEAST_RETURNING,
    Purchases,
    expected_amount,
    expected_purchases,
    expected_values,
    fit_amounts,
    fit_purchases,
    lifetime_values,
)

# CDNOW, Fader, Hardie and Lee (2005), table 2 and section 4.3; Gamma-Gamma as fitted to the same customers.
CDNOW = np.array([0.243, 4.414, 0.793, 2.426])
CDNOW_AMOUNTS = np.array([6.248802, 3.744588, 15.447748])


def customers(*rows: tuple[float, float, float, float]) -> Purchases:
    return Purchases(*(np.array(column, dtype=float) for column in zip(*rows, strict=True)))


def made(count: int, seed: int, weeks: float, later: float) -> tuple[Purchases, np.ndarray]:
    """Customers by the process that the models assume: what is seen in `weeks`, and how many purchases come after."""
    random = np.random.default_rng(seed)
    seen, then = [], []
    for _ in range(count):
        rate, lost = random.gamma(1.2, 1 / 8.0), random.beta(0.9, 4.0)
        mean = 15.0 / random.gamma(3.5)
        moments, moment, living = [], 0.0, True
        while living:
            moment += random.exponential(1 / rate)
            if moment > weeks + later:
                break
            moments.append(moment)
            living = random.random() > lost
        early = [m for m in moments if m <= weeks]
        amounts = random.gamma(6.0, mean, max(len(early), 1))
        seen.append((len(early), early[-1] if early else 0.0, weeks, float(np.mean(amounts))))
        then.append(len(moments) - len(early))
    return customers(*seen), np.array(then)


def test_the_purchases_to_come_are_those_of_the_paper() -> None:
    found = expected_purchases(CDNOW, customers((2, 30.43, 38.86, 1)), 39)
    assert found[0] == pytest.approx(1.226, abs=0.001)


def test_a_customer_with_few_purchases_is_drawn_towards_the_mean_of_all() -> None:
    found = expected_amount(CDNOW_AMOUNTS, customers((2, 1, 2, 22.35), (1, 1, 2, 11.77), (0, 0, 2, 99.0)))
    assert found == pytest.approx([24.658619, 18.911489, 35.170], abs=0.01)


def test_who_bought_lately_is_worth_more_than_who_bought_as_often_long_ago() -> None:
    late, early = expected_purchases(CDNOW, customers((5, 50, 52, 1), (5, 10, 52, 1)), 52)
    assert late > 5 * early


def test_the_process_that_made_the_customers_is_found_again_and_foretells_them() -> None:
    seen, then = made(4000, 7, 78, 52)
    rates, amounts = fit_purchases(seen), fit_amounts(seen)
    assert rates is not None and amounts is not None
    assert rates[:2] == pytest.approx([1.2, 8.0], rel=0.12)
    assert rates[2] / (rates[2] + rates[3]) == pytest.approx(0.9 / 4.9, rel=0.12)
    p, q, gamma = amounts  # each alone is known badly, the mean of all that they give together well
    assert p * gamma / (q - 1) == pytest.approx(6.0 * 15.0 / 2.5, rel=0.05)
    assert expected_purchases(rates, seen, 52).sum() == pytest.approx(then.sum(), rel=0.03)


def test_the_value_is_purchases_times_amount_less_the_discount_of_each_month() -> None:
    seen, _ = made(600, 3, 78, 1)
    bare, discounted = lifetime_values(seen, 0.0), lifetime_values(seen, 0.1)
    assert bare is not None and discounted is not None
    assert bare.value == pytest.approx(bare.purchases * bare.amount)
    # money of the year lies between a tenth less (all at its end) and nothing less
    assert np.all((discounted.value < bare.value) & (discounted.value > bare.value / 1.1))
    again = lifetime_values(seen, 0.1)
    assert again is not None and np.array_equal(again.value, discounted.value)


# What a customer is expected to spend in each of the twelve months, discounted; worked with 40 digits.
MONTHS = (
    2.3390987374, 1.9883002296, 1.7089835256, 1.4830943274, 1.2979247196, 1.1443219913,
    1.0155600356, 0.9066074011, 0.8136403687, 0.7337116410, 0.6645203212, 0.6042492965,
)  # fmt: skip


def test_the_value_of_a_customer_is_that_of_its_twelve_months_by_hand() -> None:
    """
    BG/NBD with r = 2, alpha = 10 weeks, a = 2, b = 1; a customer seen for T = 42 weeks came back once, after 31.6.

    Equation 10 of Fader, Hardie and Lee (2005): with r + x = 3, b + x = 2 and a + b + x - 1 = 3 its series is
    2F1(3, 2; 3; z) = (1 - z)^-2, z = t / (alpha + T + t). Until t weeks from now a customer who lives buys
    3 (1 - (52 / (52 + t))^3 ((52 + t) / 52)^2) = 3 t / (52 + t) times; it lives with the probability
    1 / (1 + a / (b + x - 1) (52 / 41.6)^3) = 1 / (1 + 2 x 1.953125) = 32 / 157.
    After m months of 365 / 84 weeks that is M(m) = 32 / 157 x 3 x 365 m / (4368 + 365 m).

    Gamma-Gamma with p = 6, q = 4, gamma = 15 (Fader and Hardie 2013): 60 paid once is a mean of
    p (gamma + x m) / (p x + q - 1) = 6 (15 + 60) / 9 = 50.

    Month m is worth 50 (M(m) - M(m - 1)) 1.1^(-m / 12) at 10 % a year.
    """
    rates, amounts = np.array([2.0, 10.0, 2.0, 1.0]), np.array([6.0, 4.0, 15.0])
    one = customers((1, 31.6, 42, 60))
    found = expected_values(rates, amounts, one, 0.1)
    assert found.purchases[0] == pytest.approx(32 / 157 * 3 * 4380 / 8748, rel=1e-9)
    assert found.amount[0] == pytest.approx(50, rel=1e-12)
    assert found.value[0] == pytest.approx(sum(MONTHS), rel=1e-9)
    assert sum(MONTHS) == pytest.approx(14.700012595, abs=1e-8)


def test_too_few_who_came_back_say_nothing() -> None:
    seen, _ = made(300, 5, 78, 1)
    few = np.flatnonzero(seen.repeats > 0)[: LEAST_RETURNING - 1]
    rows = np.concatenate([few, np.flatnonzero(seen.repeats == 0)])
    part = Purchases(*(getattr(seen, name)[rows] for name in ("repeats", "last_weeks", "seen_weeks", "mean_amount")))
    assert lifetime_values(part, 0.1) is None


def test_the_mean_over_nodes_is_the_closed_form_of_the_paper() -> None:
    """Equation 10 as it is written, which has its digits while the parameters are small."""
    random = np.random.default_rng(2)
    for r, alpha, a, b in np.exp(random.uniform(np.log([0.1, 1, 0.05, 0.3]), np.log([5, 30, 4, 8]), (50, 4))):
        x, seen = random.integers(1, 30, 20).astype(float), random.uniform(5, 120, 20)
        last, weeks = seen * random.uniform(0.3, 1, 20), 52.0
        series = hyp2f1(r + x, b + x, a + b + x - 1, weeks / (alpha + seen + weeks))
        living = (a + b + x - 1) / (a - 1) * (1 - ((alpha + seen) / (alpha + seen + weeks)) ** (r + x) * series)
        closed = living / (1 + a / (b + x - 1) * ((alpha + seen) / (alpha + last)) ** (r + x))
        found = expected_purchases(np.array([r, alpha, a, b]), Purchases(x, last, seen, x), weeks)
        assert found == pytest.approx(closed, rel=1e-8)


def test_parameters_without_bounds_foretell_what_a_rate_that_all_share_does() -> None:
    """Rates that were found for a company whose customers all buy alike: r / alpha a week, and nobody is lost.

    The closed form gives what is no number for some of them and -6.7e16 purchases for others; refreshes ended there.
    """
    found = np.array([2.40224965e08, 1.26042174e09, 8.26307341e-09, 8.50478637e-02])
    seen, _ = made(600, 3, 78, 1)
    lately = np.flatnonzero(seen.last_weeks > 77)
    assert expected_purchases(found, seen, 52)[lately] == pytest.approx(52 * found[0] / found[1], rel=1e-3)


@pytest.mark.parametrize("rate", [0.4, 2.0])
def test_customers_who_all_buy_alike_are_worth_what_they_buy(rate: float) -> None:
    """Purchases at one rate for 104 weeks, told by days as the warehouse has them; nobody is ever lost."""
    random = np.random.default_rng(5)
    rows = []
    for start in random.uniform(0, 20, 1000):
        moments = start + np.cumsum(random.exponential(1 / rate, int(rate * 200) + 20))
        days = np.unique(np.floor(np.append(start, moments[moments < 104]) * 7))
        rows.append((len(days) - 1, (days[-1] - days[0]) / 7, 104 - days[0] / 7, random.gamma(5.0, 20.0)))
    expected = lifetime_values(customers(*rows), 0.0)
    assert expected is not None
    days_a_year = 365 * (1 - np.exp(-rate / 7))  # two purchases of one day are one order day
    assert expected.purchases == pytest.approx(days_a_year, rel=0.04)
    assert expected.value.mean() == pytest.approx(days_a_year * 100, rel=0.06)


def test_customers_who_are_one_like_the_other_have_a_value() -> None:
    """Every fourteen days, a hundred each time: no parameters are the best, and these are good enough."""
    expected = lifetime_values(customers(*[(26, 52, 52 + at % 14 / 7, 100) for at in range(500)]), 0.0)
    assert expected is not None
    assert expected.purchases == pytest.approx(26, rel=0.03) and expected.amount == pytest.approx(100, rel=1e-3)
