"""The product-limit estimate of the macro against one in fractions, and against a published example."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from functools import cache

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from macros import rendered

from sales_warehouse.sql import literal

QUANTILES = (0.25, 0.5, 0.9)
Stay = tuple[str, int | None, bool]  # group, duration, whether it ended
STAYS = st.lists(st.tuples(st.sampled_from("ab"), st.none() | st.integers(0, 8), st.booleans()), max_size=24)

# Gehan 1965: weeks of remission of leukaemia; the medians are 23 and 8, and the mean of the second 182 / 21.
ENDED_6MP, OPEN_6MP = (6, 6, 6, 7, 10, 13, 16, 22, 23), (6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35)
PLACEBO = (1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23)


@cache
def macro(groups: tuple[str, ...], *, mean: bool = False) -> str:
    given = f"'stays', {list(groups)}, 'duration', 'is_ended', {list(QUANTILES)}, restricted_mean={mean}"
    return rendered(f"{{{{ kaplan_meier({given}) }}}}")


def estimated(stays: list[Stay], *groups: str, kind: str = "bigint", mean: bool = False) -> list[tuple]:
    rows = ", ".join(f"({literal(place)}, {literal(duration)}, {ended})" for place, duration, ended in stays)
    source = f"values {rows}" if rows else "select null, null, null where false"
    with duckdb.connect() as connection:
        connection.execute("set threads = 1")
        connection.execute(f"create table stays (place varchar, duration {kind}, is_ended boolean)")
        connection.execute(f"insert into stays {source}")
        return connection.execute(f"from ({macro(groups, mean=mean)}) order by all").fetchall()


def product_limit(stays: list[Stay]) -> tuple:
    """Subjects, ends, and the quantiles of one group: the definition, in fractions."""
    known = [(duration, ended) for _, duration, ended in stays if duration is not None]
    survival, curve = Fraction(1), []
    for moment in sorted({duration for duration, ended in known if ended}):
        at_risk = sum(duration >= moment for duration, _ in known)
        survival *= 1 - Fraction(sum((moment, True) == stay for stay in known), at_risk)
        curve.append((moment, survival))
    reached = [
        next((moment for moment, left in curve if left <= 1 - Fraction(str(quantile))), None) for quantile in QUANTILES
    ]
    return len(known), sum(ended for _, ended in known), *reached


@settings(max_examples=40, deadline=None)
@given(stays=STAYS)
def test_the_macro_is_the_product_limit(stays: list[Stay]) -> None:
    groups = sorted({place for place, duration, _ in stays if duration is not None})
    by_place = [(place, *product_limit([stay for stay in stays if stay[0] == place])) for place in groups]
    assert estimated(stays, "place") == by_place
    assert estimated(stays) == [product_limit(stays)]


@settings(max_examples=40, deadline=None)
@given(stays=STAYS)
def test_no_quantile_lies_below_the_one_of_the_finished_alone(stays: list[Stay]) -> None:
    finished = [stay for stay in stays if stay[2]]
    for quantile, naive in zip(product_limit(stays)[2:], product_limit(finished)[2:], strict=True):
        assert quantile is None or quantile >= naive


def test_a_published_example_has_its_published_medians() -> None:
    stays = [("6-MP", weeks, True) for weeks in ENDED_6MP] + [("6-MP", weeks, False) for weeks in OPEN_6MP]
    stays += [("placebo", weeks, True) for weeks in PLACEBO]
    treated, placebo = estimated(stays, "place", mean=True)
    assert treated[:-1] == ("6-MP", 21, 9, 13, 23, None)
    assert placebo[:-1] == ("placebo", 21, 21, 4, 8, 17)
    assert placebo[-1] == pytest.approx(182 / 21)
    # restricted to 35 weeks, worked with the steps 0.857 0.807 0.753 0.690 0.627 0.538 0.448
    assert treated[-1] == pytest.approx(23.2874, abs=5e-5)


def test_exactly_half_counts_as_reached_however_many_steps_lead_there() -> None:
    # Of 2n that end one after another, half are left after the nth: a product of n fractions.
    for count in (2, 6, 10, 98, 1000, 10000):
        stays: list[Stay] = [("a", day, True) for day in range(1, count + 1)]
        assert estimated(stays)[0][3] == count // 2, count


def test_the_curve_never_comes_down_far_enough_while_most_are_open() -> None:
    stays = [("a", 3, True), ("a", 3, False), ("a", 5, False), ("a", 9, False)]
    assert estimated(stays) == [(4, 1, 3, None, None)]  # S = 0.75 from 3 on
    # who is seen last when others end is still at risk then: 1 of 2, not 1 of 1
    assert estimated([("a", 3, True), ("a", 3, False)]) == [(2, 1, 3, 3, None)]
    assert estimated([]) == [(0, 0, None, None, None)]
    assert estimated([], "place") == []


def test_a_quantile_has_the_type_of_its_duration() -> None:
    stays = [("a", 1, True), ("a", 2, True)]
    assert estimated(stays, kind="decimal(18, 6)")[0][2:] == (Decimal("1.0"), Decimal("1.0"), Decimal("2.0"))


def test_a_quantile_has_a_name() -> None:
    assert rendered("{% for q in [0.5, 0.9, 0.975] %}{{ quantile_name(q) }} {% endfor %}") == "p50 p90 p97_5"
