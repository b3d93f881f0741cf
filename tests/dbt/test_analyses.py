"""Analyses of sales: worked by hand on small tables, computed again over a demo world, and found where planted."""

from __future__ import annotations

import datetime
import math
import statistics
from collections.abc import Iterator
from decimal import Decimal as D
from pathlib import Path

import analysis_world as world
import duckdb
import pytest
from pydantic import ValidationError
from ruamel.yaml import YAML

from sales_warehouse.company.analyses import AnalysesFile
from sales_warehouse.company.models import DemoFile
from sales_warehouse.demo.answers import measure
from sales_warehouse.demo.generator import open_generator
from sales_warehouse.home import Home
from sales_warehouse.sql import literal

pytestmark = pytest.mark.slow

# Net sales of a channel that begins in April 2025: the year to March 2026 has the median 100 and the MAD 5; April is
# empty, May is 100 again, June runs. Twelve equal months of another one, then a thirteenth that is not.
WAVE = [90, 95, 100, 105, 110, 90, 95, 100, 105, 110, 100, 100, 0, 100, 60]
FLAT = [50] * 12 + [51, 50, 50]
MONTHS = [datetime.date(2025 + (month + 3) // 12, (month + 3) % 12 + 1, 15) for month in range(15)]
# Four lines in four regions over 13 months: line x region x 100 x the month's factor, and one cell four times as much.
CELLS = """
    select make_date(2025 + (m + 5) // 12, (m + 5) % 12 + 1, 10) as sales_date, 'r' || r as region_key,
        'cells' as channel, 'r' as rep_key, 'l' || l as product_line, 'c' as category, 1 as order_count,
        1 as unit_count, l * r * 1000 * (1 + m % 3)
            * case when (m, l, r) = (9, 3, 2) then 4 else 1 end as net_sales_amount
    from range(13) t(m), range(1, 5) u(l), range(1, 5) v(r)
"""
PERIODS = " union all ".join(
    f"select date '{day}', '{name}', '{name}', 'r', '{name}', 'c', 1, 1, {amount}"
    for name, amounts in (("wave", WAVE), ("flat", FLAT))
    for day, amount in zip(MONTHS, amounts, strict=True)
    if amount
)
# 23 customers: 35 %, 25 %, 20 % and twenty of 1 % of 10,000. One more sent back the 50 that it bought.
BUYERS = {"b1": 3600, "b2": 2500, "b3": 2000, **{f"b{n}": 100 for n in range(4, 24)}, "b99": 50}
# 35 customers of one size with 62 repurchases, 65 of another with 38.
BOUGHT_AGAIN = {f"m{n}": 2 if n < 27 else 1 for n in range(35)} | {f"s{n}": 1 if n < 38 else 0 for n in range(65)}
LINE = """
    select '{key}' as order_key, 1 as line_number, '{customer}' as customer_key, '{product}' as product_key,
        'x' as region_key, 'c' as channel, date '{day}' as order_date, 1 as quantity, {amount} as net_amount,
        false as is_cancelled
"""


def line(key: str, customer: str, product: str, amount: float, day: str = "2026-01-05") -> str:
    return LINE.format(key=key, customer=customer, product=product, amount=amount, day=day)


def order(key: str, customer: str, day: str, deal: str | None = None, cancelled: bool = False) -> str:
    return (
        f"select '{key}' as order_key, '{customer}' as customer_key, {literal(deal)} as opportunity_key, "
        f"date '{day}' as order_date, {cancelled} as is_cancelled"
    )


LINES = [
    *(line(f"conc-{who}", who, "x:conc", amount) for who, amount in BUYERS.items()),
    line("old", "b9", "x:conc", 5000, "2025-06-28"),  # 366 days
    line("first", "b1", "x:first", 7, "2025-06-29"),  # 365 days
    *(line(f"size-l{n}", "z", f"x:cells{n}", 100) for n in range(1, 5)),  # so that the dispersion of a line is 100
    # white space: 150 of 300 there buy for 200 each, 10 of 100 here
    *(line(f"ws-b{n}", f"wb{n}", "x:ws", 200) for n in range(150)),
    *(line(f"ws-a{n}", f"wa{n}", "x:ws", 200) for n in range(10)),
    line("ws-no", "nobody", "x:ws", 200),  # not addressable
    # forty products: the first four are light and sell three times as much; the last one sold two years ago
    *(line(f"gold-{n}", "unknown", f"gold:{n:02}", (41 - n) * (30 if n <= 4 else 10)) for n in range(1, 40)),
    line("gold-40", "unknown", "gold:40", 900, "2024-06-01"),
    line("gold-gone", "unknown", "gold:gone", 1),
]
# 400 lines a week in two regions for a year, 12 of them come back; in one region and week 30.
SOLD = """
    select w || r || n as order_key, 1 as line_number, 'unknown' as customer_key, 'x:ret' as product_key,
        'ret_' || r as region_key, 'c' as channel, date '2026-06-22' - 7 * w::int as order_date, 2 as quantity,
        1 as net_amount, false as is_cancelled
    from range(52) t(w), (values ('a'), ('b')) u(r), range(400) v(n)
"""
CAME_BACK = """
    select 'R' || w || r || n as return_key, w || r || n as order_key, 1 as line_number, 'unknown' as customer_key,
        'x:ret' as product_key, date '2026-06-25' - 7 * w::int as return_date, 5 as quantity, 0 as refund_amount,
        false as is_cancelled
    from range(52) t(w), (values ('a'), ('b')) u(r), range(case when w = 7 and r = 'a' then 30 else 12 end) v(n)
    union all  -- the second part of one of them
    select 'twice', '7a0', 1, 'unknown', 'x:ret', date '2026-06-01', 1, 0, false
    union all
    select 'gives back', 'conc-b1', 1, 'b1', 'x:conc', date '2026-02-01', 1, 100, false
    union all
    select 'too much', 'none', 1, 'b99', 'x:conc', date '2026-02-01', 1, 50, false
"""
ORDERS = [
    *(
        order(f"{who}-{n}", who, f"2026-0{6 - n}-01" if n else "2025-08-01")
        for who, again in BOUGHT_AGAIN.items()
        for n in range(again + (who != "m0"))
    ),
    order("m0-call", "m0", "2026-06-01", deal="D1"),
    order("m0-call-again", "m0", "2026-06-08", deal="D1"),  # the same purchase
    order("s0-same-day", "s0", "2025-08-01"),
    order("s0-cancelled", "s0", "2026-06-08", cancelled=True),
    order("past", "long_ago", "2025-06-28"),  # 366 days
]
CUSTOMERS = [
    *((who, "seg", "medium" if who.startswith("m") else "small", False) for who in BOUGHT_AGAIN),
    *((f"wa{n}", "ws_a", None, True) for n in range(100)),
    *((f"wb{n}", "ws_b", None, True) for n in range(300)),
    ("nobody", "ws_a", None, False),
]
PRODUCTS = [
    *(("x:conc", "conc", None), ("x:first", "first", None), ("x:ws", "ws", None), ("x:ret", "ret", None)),
    *((f"x:cells{n}", f"l{n}", None) for n in range(1, 5)),
    *((f"gold:{n:02}", "gold", "|".join(["even"] * (n % 2 == 0) + ["light"] * (n <= 4)) or None) for n in range(1, 41)),
    ("gold:never", "gold", "light"),
]


def values(rows: list[tuple], names: str) -> str:
    listed = ", ".join("(" + ", ".join("null" if v is None else repr(v) for v in row) + ")" for row in rows)
    return f"select * from (values {listed}) t({names})"


@pytest.fixture(scope="module")
def golden(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    home = Home(tmp_path_factory.mktemp("golden"), "golden")
    world.write(home, {
        "marts.fct_sales_daily": f"{CELLS} union all {PERIODS}",
        "marts.fct_order_lines": " union all ".join([*LINES, SOLD]),
        "marts.fct_returns": CAME_BACK,
        "intermediate.int_orders_keyed": " union all ".join(ORDERS),
        "marts.dim_products": "select *, product_key as product_name, 'c' as category, 'unknown' as price_band, "
        f"false as is_deleted from ({values(PRODUCTS, 'product_key, product_line, traits')}) union all "
        "select 'gold:gone', 'gold', 'light', 'gold:gone', 'c', 'unknown', true",
        "marts.dim_customers": "select *, null as industry, false as is_deleted from "
        f"({values(CUSTOMERS, 'customer_key, region_key, size_band, is_addressable')})",
        "marts.dim_regions": "select unnest(['ws_a', 'ws_b', 'ws_none', 'unknown']) as region_key, "
        "'region' as region_level",
        "marts.dim_segments": "select 'vip' as segment_id, 'segment' as segment_type, "
        "'Very' as segment_name_en, '要客' as segment_name_zh",
        "marts.fct_segment_members": "select 'vip' as segment_id, 'm' || n as customer_key, true as is_current "
        "from range(35) t(n) union all select 'vip', 's1', false",
    })  # fmt: skip
    world.run(home, world.BEGINS)
    with duckdb.connect(str(home.warehouse_file), read_only=True) as connection:
        connection.execute("use marts")
        yield connection


# --- volatility --------------------------------------------------------------------------------------------------


def test_an_empty_month_is_there_and_far_out(golden: duckdb.DuckDBPyConnection) -> None:
    query = """
        select net_sales_amount, previous_amount, change_rate, year_before_amount, year_change_rate,
            baseline_period_count, baseline_median_amount, baseline_mad_amount, robust_z, is_unusual,
            baseline_mean_amount, baseline_deviation_amount, variation_rate
        from kpi_sales_periods where period_grain = 'month' and dimension_name = 'channel' and dimension_value = 'wave'
            and period_start_date >= date '2026-04-01' order by period_start_date
    """
    empty, after, running = golden.execute(query).fetchall()
    # 0.6745 x (0 - 100) / 5; the deviation is sqrt(500 / 11)
    assert empty == (
        D(0), D(100), D(-1), D(90), D(-1), 12, D(100), D(5), D("-13.4900"), True, D(100), D("6.7420"), D("0.06741999"),
    )  # fmt: skip
    assert after[:5] == (D(100), D(0), None, D(95), D("0.05263158"))
    assert running[:5] == (D(60), D(100), None, D(100), None) and running[8:10] == (None, False)


def test_what_never_moved_is_unusual_when_it_moves(golden: duckdb.DuckDBPyConnection) -> None:
    query = """
        select net_sales_amount, robust_z, is_unusual from kpi_sales_periods
        where period_grain = 'month' and dimension_name = 'channel' and dimension_value = 'flat'
            and period_start_date between date '2026-03-01' and date '2026-05-01' order by period_start_date
    """
    # the month after has one of twelve that is not 50: a MAD of 0, and a mean deviation of 1/12, of which it is none
    assert golden.execute(query).fetchall() == [(D(50), None, False), (D(51), None, True), (D(50), D(0), False)]


def test_every_grain_is_without_gaps_and_sums_to_the_same(golden: duckdb.DuckDBPyConnection) -> None:
    query = """
        select period_grain, sum(net_sales_amount), count(*) from kpi_sales_periods
        where dimension_name = 'channel' and dimension_value = 'wave' group by period_grain order by 1
    """
    days = (world.END - datetime.date(2025, 4, 15)).days + 1
    assert golden.execute(query).fetchall() == [
        (grain, D(sum(WAVE)), count) for grain, count in (("day", days), ("month", 15), ("quarter", 5), ("week", 63))
    ]


# --- products ----------------------------------------------------------------------------------------------------


def test_three_products_a_list(golden: duckdb.DuckDBPyConnection) -> None:
    query = """
        select list_type, list_rank, product_key, net_sales_amount, product_count from kpi_product_ranks
        where product_scope = 'gold' order by 1, 2
    """
    # gold:40 was sold before the year; gold:never was not, and gold:gone is not for sale any more
    assert golden.execute(query).fetchall() == [
        ("hit", 1, "gold:01", D(1200), 40), ("hit", 2, "gold:02", D(1170), 40), ("hit", 3, "gold:03", D(1140), 40),
        ("slow_mover", 1, "gold:40", D(0), 40), ("slow_mover", 2, "gold:39", D(20), 40),
        ("slow_mover", 3, "gold:38", D(30), 40),
    ]  # fmt: skip
    counts = "select product_scope, list_type, count(*) from kpi_product_ranks group by all having count(*) <> 3"
    assert golden.execute(counts).fetchall() == []


def test_a_trait_of_the_hits_is_claimed_and_one_of_every_other_product_is_not(
    golden: duckdb.DuckDBPyConnection,
) -> None:
    query = """
        select list_type, trait, trait_rank, shown_trait_count, group_trait_count, group_count, trait_product_count,
            product_count, lift_ratio, median_amount, p_value, q_value, is_shared
        from kpi_product_traits where product_scope = 'gold' and list_type = 'hit' order by trait_rank
    """
    first, second = golden.execute(query).fetchall()
    # all of the tenth: 1 of the C(40, 4) = 91,390 ways; two tests, so q is twice that
    assert first[:10] == ("hit", "light", 1, 3, 4, 4, 4, 40, D(10), D(1155))
    assert first[10:] == (D(1 / 91390).quantize(D("1e-12")), D(2 / 91390).quantize(D("1e-12")), True)
    # two, three or four of four: 190² + 20 x 1140 + 4845 of 91,390
    assert second[:9] == ("hit", "even", 2, 1, 2, 4, 20, 40, D(1))
    assert second[10:] == (D(63745 / 91390).quantize(D("1e-12")),) * 2 + (False,)


# --- pivot and cells ---------------------------------------------------------------------------------------------


def test_the_pivot_has_every_total(golden: duckdb.DuckDBPyConnection) -> None:
    [total] = golden.execute("select net_sales_amount from kpi_sales_pivot where cell_key = '|||'").fetchall()
    # 10 x 10 x 1000 in the 25 of 13 months, three times 3 x 2 x 1000 more in one, and the two channels beside them
    assert total == (D(100 * 1000 * 25 + 3 * 6000 + sum(WAVE) + sum(FLAT)),)
    query = """
        select month_start_date, product_line, region_key, rep_key, net_sales_amount, unit_count from kpi_sales_pivot
        where is_all_reps and is_all_regions and not is_all_lines and product_line = 'wave' and not is_all_months
            and month_start_date >= date '2026-03-01' order by 1
    """
    assert golden.execute(query).fetchall() == [
        (datetime.date(2026, 3, 1), "wave", "total", "total", D(100), 1),
        (datetime.date(2026, 5, 1), "wave", "total", "total", D(100), 1),
        (datetime.date(2026, 6, 1), "wave", "total", "total", D(60), 1),
    ]
    sums = """
        select count(distinct amount), count(*) from (select sum(net_sales_amount) as amount from kpi_sales_pivot
        group by is_all_months, is_all_lines, is_all_regions, is_all_reps)
    """
    assert golden.execute(sums).fetchall() == [(1, 16)]


def test_one_cell_of_an_independent_table_is_out_of_it(golden: duckdb.DuckDBPyConnection) -> None:
    query = """
        select month_start_date, product_line, region_key, net_sales_amount, expected_amount, residual_z, cell_rank
        from kpi_sales_cells where is_odd
    """
    # (24000 - 6000) / sqrt(6000) / sqrt(100): its row and its column do not bend
    assert golden.execute(query).fetchall() == [
        (datetime.date(2026, 3, 1), "l3", "r2", D(24000), D(6000), D("23.2379"), 1)
    ]
    rest = "select max(abs(residual_z)), count(*) from kpi_sales_cells where not is_odd and residual_z is not null"
    assert golden.execute(rest).fetchall() == [(D(0), 207)]


# --- returns -----------------------------------------------------------------------------------------------------


def test_two_and_a_half_times_the_returns_are_a_spike_there_and_nowhere_else(golden: duckdb.DuckDBPyConnection) -> None:
    query = """
        select period_grain, period_start_date, region_key, sold_line_count, returned_line_count,
            baseline_sold_line_count, baseline_returned_line_count, other_sold_line_count, other_returned_line_count,
            sold_unit_count, returned_unit_count, p_value, is_matured
        from kpi_return_rates where is_spike
    """
    # 30 lines, one of them in two parts; no more than the two units that were sold come back of any. The month has 66
    # of 1,600, which is less than one and a half times the 3 % of before.
    ways = sum(math.comb(342, x) * math.comb(10458, 400 - x) for x in range(30, 343))
    assert golden.execute(query).fetchall() == [
        ("week", datetime.date(2026, 5, 4), "ret_a", 400, 30, 10400, 312, 400, 12, 800, 60,
         D(ways / math.comb(10800, 400)).quantize(D("1e-12")), True)
    ]  # fmt: skip
    counted = "select period_grain, count(*), max(period_start_date) from kpi_return_rates group by 1 order by 1"
    assert golden.execute(counted).fetchall() == [
        ("month", 13, datetime.date(2026, 5, 1)), ("week", 53, datetime.date(2026, 6, 22)),
    ]  # fmt: skip


# --- customers ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "member"), [("size_band", "medium"), ("segment", "vip")])
def test_35_of_the_customers_make_62_of_the_repurchases(
    golden: duckdb.DuckDBPyConnection, kind: str, member: str
) -> None:
    query = """
        select customer_count, all_customer_count, customer_share_rate, repurchase_count, all_repurchase_count,
            repurchase_share_rate, contribution_index, is_over_contributing, p_value
        from kpi_segment_contributions where group_type = ? and group_id = ?
    """
    [row] = golden.execute(query, [kind, member]).fetchall()
    assert row == (35, 100, D("0.35"), 62, 100, D("0.62"), D("1.7714"), True, D(0))


def test_customers_of_35_25_20_and_twenty_of_one_percent_are_concentrated(golden: duckdb.DuckDBPyConnection) -> None:
    query = """
        select customer_count, bought_amount, top3_amount, cr1_rate, cr3_rate, cr10_rate, hhi, top_customer_key,
            is_concentrated
        from kpi_sales_concentration where scope_type = 'product' and scope_value = 'x:conc'
    """
    assert golden.execute(query).fetchall() == [
        (23, D(10000), D(8000), D("0.35"), D("0.80"), D("0.87"), D(2270), "b1", True)
    ]
    lines = "select cr3_rate from kpi_sales_concentration where scope_type = 'product_line' and scope_value = 'conc'"
    assert golden.execute(lines).fetchall() == [(D("0.80"),)]
    assert golden.execute("select customer_count from kpi_sales_concentration where scope_value = 'x:first'").fetchall()


def test_a_region_that_hardly_buys_a_line_is_white_space_if_there_is_anybody(
    golden: duckdb.DuckDBPyConnection,
) -> None:
    query = """
        select region_key, penetration_status, addressable_count, buyer_count, other_penetration_rate,
            expected_buyer_count, missing_buyer_count, opportunity_amount, p_value
        from kpi_white_space where product_line = 'ws' order by 1
    """
    here, there, nowhere = golden.execute(query).fetchall()
    tail = sum(math.comb(160, x) * math.comb(240, 100 - x) for x in range(11)) / math.comb(400, 100)
    assert here == ("ws_a", "white_space", 100, 10, D("0.5"), D(50), D(40), D(8000), D(tail).quantize(D("1e-12")))
    assert there[:4] == ("ws_b", "as_expected", 300, 150)
    assert nowhere == ("ws_none", "no_base", 0, 0, D("0.4"), D(0), D(0), D(0), None)


# --- the tests of significance -----------------------------------------------------------------------------------


def rendered(macro: str, *arguments: str) -> str:
    """A macro of statistics.sql as DuckDB would be given it."""
    from jinja2 import Environment

    text = (world.PROJECT / "macros" / "statistics.sql").read_text(encoding="utf-8")
    return getattr(Environment().from_string(text).module, macro)(*arguments)


def test_tails_of_the_normal_distribution() -> None:
    for z in (0, 0.5, 1.96, 3.5, 7, 7.08, 12, 30):
        [(found,)] = duckdb.sql(f"select {rendered('normal_tail', f'{z}::double')}").fetchall()
        assert found == pytest.approx(math.erfc(z / math.sqrt(2)) / 2, rel=1e-12)


def test_factorials_without_a_gamma_function() -> None:
    """What engines use that have no lgamma, beside the one that has."""
    query = "select n, {} as series, lgamma(n + 1) as exact from (select unnest([0, 1, 2, 9, 170, 10000000]) as n)"
    for n, series, exact in duckdb.sql(query.format(rendered("stirling_log_factorial", "n"))).fetchall():
        assert series == pytest.approx(exact, rel=1e-13, abs=1e-12), n


def test_thresholds_that_nobody_sets_are_those_of_the_configuration() -> None:
    """Without a company, as in dbt's own tests, the project's variables hold."""
    given = YAML(typ="safe").load(world.PROJECT / "dbt_project.yml")["vars"]
    wanted = AnalysesFile().model_dump()
    assert {name: given.get(name) for name in wanted} == wanted


@pytest.mark.parametrize(
    "written",
    [
        {"false_discovery_rate": 0},
        {"false_discovery_rate": 0.5},
        {"concentration_cr3_rate": 80},
        {"return_spike_factor": 0.5},
        {"contribution": 2},
    ],
    ids=str,
)
def test_a_threshold_that_cannot_be_is_refused(written: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        AnalysesFile.model_validate(written)


# --- the demo's situations ---------------------------------------------------------------------------------------

SIZE = {"customers": 600, "days": 500, "orders_per_day": 100, "dirty_rate": 0, "seed": 3, "business_date": world.END}
PLANTED = ("hits_and_slow_movers", "odd_cell", "empty_month", "return_spike", "loyal_segment", "concentration",
           "white_space")  # fmt: skip


class Made:
    """The marts of a world, and the answers measured in its true rows."""

    def __init__(self, folder: Path, names: tuple[str, ...]) -> None:
        home = Home(folder, "world")
        home.tmp.mkdir(parents=True)
        settings = DemoFile.model_validate({**SIZE, "situations": {name: {} for name in names}})
        with open_generator(settings, home.tmp) as made:
            made.unfold(made.start, world.END)
            self.told = {name: dict(measure(made, name, item)) for name, item in settings.situations.active()}
            world.write(home, world.rows_of(made, folder))
        with duckdb.connect(str(home.warehouse_file)) as connection:
            connection.execute("drop table marts.fct_sales_daily")
        world.run(home, ("int_sales_months", "int_sales_days_summed", "fct_sales_daily", *world.BEGINS))
        self.connection = duckdb.connect(str(home.warehouse_file), read_only=True)
        self.connection.execute("use marts")

    def rows(self, query: str) -> list[tuple]:
        return self.connection.execute(query).fetchall()


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(tmp_path_factory.mktemp("planted"), PLANTED)


@pytest.fixture(scope="module")
def quiet(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(tmp_path_factory.mktemp("quiet"), ())


def test_an_empty_month_of_a_region_is_found(planted: Made, quiet: Made) -> None:
    query = """
        select net_sales_amount, is_unusual, robust_z < 0 from kpi_sales_periods where period_grain = 'month'
            and dimension_name = 'region' and dimension_value = '西北' and period_start_date = date '2026-02-01'
    """
    [(amount, unusual, low)] = planted.rows(query)
    assert (float(amount), unusual, low) == (planted.told["empty_month"]["net_sales"], True, True)
    [(amount, unusual, _)] = quiet.rows(query)
    assert amount > 0 and not unusual


@pytest.mark.parametrize(
    ("grain", "dimension", "step", "count"),
    [("day", "total", 7, 13), ("week", "region", 1, 26), ("month", "channel", 1, 12)],
)
def test_volatility_is_what_python_makes_of_the_facts(
    planted: Made, grain: str, dimension: str, step: int, count: int
) -> None:
    """Iglewicz and Hoaglin's score from plain sums of the facts, for one member."""
    column = {"total": "'total'", "region": "region_key", "channel": "channel"}[dimension]
    member = {"total": "total", "region": "华东", "channel": "shop"}[dimension]
    sums = dict(planted.rows(
        f"select date_trunc('{grain}', sales_date)::date, sum(net_sales_amount) from fct_sales_daily "
        f"where {column} = '{member}' group by 1"
    ))  # fmt: skip
    rows = planted.rows(
        "select period_start_date, net_sales_amount, robust_z, variation_rate from kpi_sales_periods where "
        f"period_grain = '{grain}' and dimension_name = '{dimension}' and dimension_value = '{member}' and is_complete "
        "order by 1"
    )
    amounts = [float(sums.get(day, 0)) for day, *_ in rows]
    assert [float(row[1]) for row in rows] == amounts
    for place in (step * count, len(rows) // 2, len(rows) - 1):
        before = amounts[:place][::-1][step - 1 :: step][:count]
        middle = statistics.median(before)
        mad = statistics.median(abs(amount - middle) for amount in before)
        assert float(rows[place][2]) == pytest.approx(0.6745 * (amounts[place] - middle) / mad, abs=1e-4)
        assert float(rows[place][3]) == pytest.approx(statistics.stdev(before) / statistics.mean(before), abs=1e-7)


def test_the_planted_traits_come_first_and_a_quiet_shop_has_none(planted: Made, quiet: Made) -> None:
    query = """
        select trait from kpi_product_traits
        where product_scope = 'shop' and trait_rank = 1 and is_shared and lift_ratio > 1
        order by list_type
    """
    told = planted.told["hits_and_slow_movers"]
    assert planted.rows(query) == [(told["hit_trait"],), (told["slow_trait"],)]
    three = """
        select list_type, bool_and(list_contains(string_split(traits, '|'), ?)), count(*) from kpi_product_ranks
        where product_scope = 'shop' and list_type = ? group by 1
    """
    for kind, trait in (("hit", told["hit_trait"]), ("slow_mover", told["slow_trait"])):
        assert planted.connection.execute(three, [trait, kind]).fetchall() == [(kind, True, 3)]
    assert quiet.rows("from kpi_product_traits where is_shared") == []


def test_the_planted_cell_is_the_only_odd_one(planted: Made, quiet: Made) -> None:
    query = """
        select month_start_date, product_line, region_key, cell_rank, net_sales_amount / expected_amount
        from kpi_sales_cells where is_odd
    """
    [(*cell, factor)] = planted.rows(query)
    assert cell == [datetime.date(2026, 4, 1), "成人营养", "西北", 1]
    assert abs(math.log(float(factor) / planted.told["odd_cell"]["net_sales_factor"])) < 0.25
    assert quiet.rows(query) == []


def test_returns_spike_in_the_planted_region_alone(planted: Made, quiet: Made) -> None:
    found = planted.rows("select distinct region_key from kpi_return_rates where is_spike")
    assert found == [("西南",)]
    month = """
        select returned_line_rate / other_rate from kpi_return_rates
        where is_spike and period_grain = 'month' and period_start_date = date '2026-05-01'
    """
    [(factor,)] = planted.rows(month)
    assert abs(math.log(float(factor) / planted.told["return_spike"]["return_rate_factor"])) < 0.25
    assert quiet.rows("from kpi_return_rates where is_spike") == []


def test_the_loyal_segment_contributes_more_than_its_share(planted: Made, quiet: Made) -> None:
    query = """
        select group_id, customer_share_rate, repurchase_share_rate, contribution_index from kpi_segment_contributions
        where group_type = 'size_band' and is_over_contributing
    """
    [(name, customers, repurchases, index)] = planted.rows(query)
    told = planted.told["loyal_segment"]
    assert name == "中型"
    assert float(customers) == pytest.approx(told["share_of_customers"], abs=0.05)
    assert float(repurchases) == pytest.approx(told["share_of_repeat_orders"], abs=0.05)
    assert float(index) == pytest.approx(0.62 / 0.35, abs=0.15)
    assert quiet.rows("from kpi_segment_contributions where is_over_contributing") == []


def test_the_product_of_three_customers_is_found(planted: Made, quiet: Made) -> None:
    query = """
        select product_name, cr3_rate from kpi_sales_concentration join dim_products on scope_value = product_key
        where is_concentrated
    """
    [(name, share)] = planted.rows(query)
    assert name == "血糖仪套装"
    assert float(share) == pytest.approx(planted.told["concentration"]["share_of_largest"], abs=0.02)
    assert quiet.rows(query) == []


def test_white_space_is_where_a_line_is_hardly_bought(planted: Made, quiet: Made) -> None:
    query = """
        select region_key, product_line, penetration_rate / other_penetration_rate, missing_buyer_count,
            opportunity_amount
        from kpi_white_space where penetration_status = 'white_space'
    """
    [(region, line_, factor, missing, amount)] = planted.rows(query)
    assert (region, line_) == ("西南", "婴幼儿营养")
    assert float(factor) == pytest.approx(planted.told["white_space"]["penetration_factor"], abs=0.05)
    assert missing > 0 and amount > 0
    assert quiet.rows(query) == []
    none = "select distinct region_key, opportunity_amount from kpi_white_space where penetration_status = 'no_base'"
    assert planted.rows(none) == [("港澳台", D(0))]


def test_the_pivot_of_a_world_is_its_facts(planted: Made) -> None:
    [(pivot, facts)] = planted.rows(
        "select (select net_sales_amount from kpi_sales_pivot where cell_key = '|||'), "
        "(select sum(net_amount) from fct_order_lines where not is_cancelled) "
        "- (select sum(refund_amount) from fct_returns)"
    )
    assert pivot == facts
