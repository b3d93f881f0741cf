"""Contributions and what is left, held against sums over the rows themselves, which know nothing of how they were told.

That contributions and residual are the change says little: the residual is what is left of it. Here each cell that is
named is added up again over the rows that it names, and what is left over those that no cell names.

Of a ratio N / D the rows of a part add n₁ / D₁ − n₀ / D₀ − (d₁ / D₁ − d₀ / D₀) × (N₁ / D₁ + N₀ / D₀) / 2 to its change,
whatever parts it is cut into; of a sum n₁ − n₀. Medians have no such sums: test_medians.py has their slow reckoning.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from itertools import permutations

import duckdb
import pytest
from alert_marts import MONDAY, asked, company, falls

from sales_warehouse.causes.alerts import CauseRow, conditions_of, explain_alerts

LAST_PLACE = Fraction(1, 10**7)  # figures are published with eight places, a few of them together
REGIONS, CHANNELS = ("east", "north", "south", "west"), ("shop", "web")
Row = tuple[Mapping[str, str], bool, Fraction, Fraction]  # members, of the later week, numerator, denominator


def sums(rows: Sequence[Row], inside: Callable[[Mapping[str, str]], bool]) -> list[Fraction]:
    """Numerator and denominator before, and after."""
    return [
        sum((row[at] for row in rows if row[1] is later and inside(row[0])), Fraction())
        for later in (False, True)
        for at in (2, 3)
    ]


def added(rows: Sequence[Row], inside: Callable[[Mapping[str, str]], bool], is_ratio: bool) -> tuple[Fraction, ...]:
    """What rows add to the change; of a ratio also by their own ratio, of which weights are the rest."""
    n0, d0, n1, d1 = sums(rows, inside)
    if not is_ratio:
        return (n1 - n0,)
    whole = sums(rows, lambda members: True)
    middle = (whole[0] / whole[1] + whole[2] / whole[3]) / 2
    total = n1 / whole[3] - n0 / whole[1] - (d1 / whole[3] - d0 / whole[1]) * middle
    weight = (d0 / whole[1] + d1 / whole[3]) / 2
    return (total, weight * (n1 / d1 - n0 / d0) if d0 and d1 else Fraction())


def holds(cell: Mapping[str, str], members: Mapping[str, str]) -> bool:
    return all(members[name] == member for name, member in cell.items())


def agrees(told: Sequence[CauseRow], rows: Sequence[Row], is_ratio: bool) -> bool:
    """Whether every row of causes is what its rows add, in some order of those that overlap."""
    *named, rest = told
    assert rest.is_residual and not any(row.is_residual for row in named)
    cells = [conditions_of(row.cell) for row in named]
    outside = added(rows, lambda members: not any(holds(cell, members) for cell in cells), is_ratio)
    if abs(outside[0] - Fraction(rest.contribution_value)) > LAST_PLACE:
        return False

    def is_told(order: Sequence[int]) -> bool:
        for place, at in enumerate(order):
            earlier = [cells[other] for other in order[:place]]
            own = added(
                rows,
                lambda members, at=at, earlier=earlier: (
                    holds(cells[at], members) and not any(holds(cell, members) for cell in earlier)
                ),
                is_ratio,
            )
            said = (named[at].contribution_value, *([named[at].rate_effect_value] if is_ratio else []))
            if any(abs(mine - Fraction(other)) > LAST_PLACE for mine, other in zip(own, said, strict=True)):
                return False
        return True

    return any(map(is_told, permutations(range(len(named)))))


def asked_of(rows: Sequence[Row], metric: str, is_ratio: bool) -> Sequence[Decimal]:
    n0, d0, n1, d1 = sums(rows, lambda members: True)
    pair = (n1 / d1, n0 / d0) if is_ratio else (n1, n0)
    return [Decimal(each.numerator) / Decimal(each.denominator) for each in pair]


def told(db: duckdb.DuckDBPyConnection, rows: Sequence[Row], metric: str, is_ratio: bool) -> list[CauseRow]:
    found = list(explain_alerts(db, [asked(metric, asked_of(rows, metric, is_ratio))], "CNY"))
    return sorted(found, key=lambda row: (row.is_residual, row.cause_number))


def sold(db: duckdb.DuckDBPyConnection) -> list[Row]:
    names = ("region", "channel", "product_line", "category")
    found = db.execute(
        "select region_key, channel, product_line, category, sales_date >= $1, net_sales_amount from fct_sales_daily "
        "where sales_date >= $1 - 7",
        [MONDAY],
    ).fetchall()
    return [(dict(zip(names, row[:4], strict=True)), row[4], Fraction(row[5]), Fraction(0)) for row in found]


def amounts(db: duckdb.DuckDBPyConnection, draw: random.Random) -> list[Row]:
    """A region falls, a category falls, and both fall where they meet."""
    falls(db, f"region_key = '{draw.choice(REGIONS)}'", f"{draw.uniform(0.4, 0.8):.2f}")
    falls(db, f"category = '{draw.choice(('powder', 'cream'))}'", f"{draw.uniform(0.3, 0.7):.2f}")
    return sold(db)


def deals(db: duckdb.DuckDBPyConnection, draw: random.Random) -> list[Row]:
    """Deals of each region and line, more or fewer than before; one combination wins a fifth of what it won."""
    worse = (draw.choice(REGIONS), draw.choice(("easy", "hard")))
    rows: list[Row] = []
    for day in (-7, 0):
        for region in REGIONS:
            for line in ("easy", "hard"):
                closed = draw.randint(150, 450)
                rate = {"easy": 0.6, "hard": 0.3}[line] * (0.2 if (region, line) == worse and day == 0 else 1)
                won = round(closed * rate)
                db.execute(
                    "insert into fct_opportunities select 'd' || ? || '-' || n, ?::date + ?::int, ?::date + ?::int, ?, "
                    "'r', ?, 'c', case when n < ? then 'won' else 'lost' end, 1 from range(?) as t(n)",
                    [f"{region}{line}{day}", MONDAY, day, MONDAY, day, region, line, won, closed],
                )
                members = {"region": region, "product_line": line}
                rows.append((members, day == 0, Fraction(won), Fraction(closed)))
    return rows


def buyers(db: duckdb.DuckDBPyConnection, draw: random.Random) -> list[Row]:
    """Customers buy in one to three places, and count a half or a third in each. In one region they spend less."""
    db.execute("delete from fct_sales_daily")
    poor = draw.choice(REGIONS)
    rows: list[Row] = []
    lines, days = [], []
    places = [(region, channel) for region in REGIONS for channel in CHANNELS]
    for day in (-7, 0):
        for customer in range(90):
            bought = draw.sample(places, draw.choice((1, 1, 2, 3)))
            for region, channel in bought:
                amount = draw.randint(800, 1200) // (4 if region == poor and day == 0 else 1)
                when = f"date '{MONDAY}' + ({day}), '{region}', '{channel}', 'r'"
                lines.append(
                    f"('{customer}{region}{channel}{day}', 1, {when}, 'c{customer}', 'unknown', 'p1', 1, {amount}, "
                    f"false, 'o', {amount}, null, 'paid', true)"
                )
                days.append(f"({when}, 'milk', 'powder', {amount})")
                members = {"region": region, "channel": channel, "product_line": "milk", "category": "powder"}
                rows.append((members, day == 0, Fraction(amount), Fraction(1, len(bought))))
    db.execute(f"insert into fct_order_lines values {', '.join(lines)}")
    db.execute(f"insert into fct_sales_daily values {', '.join(days)}")
    return rows


@pytest.mark.parametrize(
    ("metric", "make", "is_ratio"),
    [
        pytest.param("net_sales", amounts, False, id="a sum, of which cells overlap"),
        pytest.param("win_rate", deals, True, id="a ratio"),
        pytest.param("revenue_per_customer", buyers, True, id="a mean over customers, who are counted once"),
    ],
)
@pytest.mark.parametrize("seed", range(2))
def test_cells_and_what_is_left_are_what_their_rows_add(
    metric: str, make: Callable[..., list[Row]], is_ratio: bool, seed: int
) -> None:
    db = company()
    rows = make(db, random.Random(seed))
    found = told(db, rows, metric, is_ratio)
    assert len(found) > 1, found[0].text_en
    assert agrees(found, rows, is_ratio)
    # the reckoning can tell: a cell that is said to have done a little more is found out
    first, second = found[0], found[-1]
    moved = Decimal("0.001") * abs(first.contribution_value)
    wrong = [_with(first, moved), *found[1:-1], _with(second, -moved)]
    assert sum(row.contribution_value for row in wrong) == found[0].change_value
    assert not agrees(wrong, rows, is_ratio)


def _with(row: CauseRow, more: Decimal) -> CauseRow:
    return replace(row, contribution_value=row.contribution_value + more)
