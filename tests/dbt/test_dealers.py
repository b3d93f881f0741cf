"""Dealers: what dealer_world.py says, worked out here by hand; and what is planted in the demo is found, only there."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal as D
from statistics import correlation, fmean

import duckdb
import pytest
from dealer_oracle import History, Move, balance, opening, traces
from dealer_world import END, Built, build
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sales_warehouse.sql import literal

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return build(tmp_path_factory.mktemp("dealers"))


def june(day: int) -> date:
    return date(2026, 6, day)


# --- by hand -------------------------------------------------------------------------------------------------------


def test_every_day_on_which_something_moved_balances_and_lasts_until_the_next(built: Built) -> None:
    """Opening, sell-in, sell-out, returned, closing, unexplained. First count: 20 after 10 came and 2 went, so 12."""
    found = built.rows(
        "select stock_date, until_date, opening_units, sell_in_units, sell_out_units, returned_units, closing_units, "
        "unexplained_units, counted_units from fct_dealer_stock_days "
        "where dealer_key = 'by_hand:D1' and product_key = 'by_hand:P1' order by stock_date"
    )
    assert found == [
        (june(1), june(2), 12, 10, 2, 0, 20, 0, 20),
        (june(3), june(4), 20, 0, 5, 0, 15, 0, None),
        (june(5), june(5), 15, 10, 0, 0, 25, 0, None),
        (june(6), june(7), 25, 0, 6, 0, 19, 0, None),
        (june(8), june(9), 19, 0, 0, 3, 16, 0, None),  # back to us
        (june(10), june(13), 16, 0, -1, 0, 17, 0, None),  # back from a buyer
        (june(14), june(15), 17, 0, 0, 0, 15, 2, 15),  # two have vanished
        (june(16), june(20), 15, 0, 14, 0, 1, 0, None),
        (june(21), june(23), 1, 0, 0, 0, 3, -2, 3),  # and two turn up
        (june(24), june(24), 3, 10, 0, 0, 13, 0, None),
        (june(25), june(28), 13, 0, 1, 0, 12, 0, None),
    ]


def test_stock_before_the_first_count_is_never_less_than_nothing(built: Built) -> None:
    """Ten came and six were counted: four are unexplained, and not a debt of four before."""
    query = "select opening_units, closing_units, unexplained_units from fct_dealer_stock_days where dealer_key = {!r}"
    assert built.rows(query.format("by_hand:D5") + " order by stock_date") == [(0, 10, 0), (10, 6, 4), (6, 6, 0)]


def test_weeks_are_sums_of_days_and_say_how_far_they_can_be_trusted(built: Built) -> None:
    found = built.rows(
        "select product_key[-2:], week_start_date, opening_units, sell_in_units, sell_out_units, returned_units, "
        "closing_units, unexplained_units, report_status from fct_dealer_stock_weeks where dealer_key = 'by_hand:D1' "
        "order by all"
    )
    assert found == [
        ("P1", june(1), 12, 20, 13, 0, 19, 0, "reported"),
        ("P1", june(8), 19, 0, -1, 3, 15, 2, "reported"),
        ("P1", june(15), 15, 0, 14, 0, 3, -2, "reported"),
        ("P1", june(22), 3, 10, 1, 0, 12, 0, "waiting"),  # the last sale is of Thursday
        ("P2", june(1), 4, 0, 0, 0, 4, 0, "reported"),
        ("P2", june(8), 4, 0, 0, 0, 4, 0, "reported"),  # counted 13 days before
        ("P2", june(15), 4, 0, 0, 0, 4, 0, "stale"),  # 20 days
        ("P2", june(22), 4, 0, 0, 0, 4, 0, "stale"),
    ]


@pytest.mark.parametrize(
    ("dealer", "statuses"),
    [
        ("D2", ["uncounted", "uncounted", "uncounted", "reported", "stale", "stale", "stale", "stale"]),
        ("D3", ["uncounted", "uncounted"]),
        ("D5", ["reported", "reported", "reported", "reported"]),  # in the third week the count is 14 days old
    ],
    ids=["weeks after a dealer went silent are stale from the first", "never counted", "14 days are not too old"],
)
def test_a_week_is_reported_stale_or_uncounted(built: Built, dealer: str, statuses: list[str]) -> None:
    query = f"select report_status from fct_dealer_stock_weeks where dealer_key = 'by_hand:{dealer}'"
    assert [status for (status,) in built.rows(f"{query} order by week_start_date")] == statuses


def test_what_is_known_by_now_with_its_age_and_how_long_it_lasts(built: Built) -> None:
    """D1: 12 units, 27 sold in the 25 days since 1 June. D2: 7 units, 3 sold in the 22 days up to its last count."""
    found = built.rows(
        "select dealer_key[-2:] || product_key[-2:], stock_date, stock_units, count_age_days, is_stale, stale_reason, "
        "sell_in_since_units, window_days, window_sell_out_units, days_of_supply from fct_dealer_stock "
        "where dealer_key like 'by_hand:%' order by all"
    )
    assert found == [
        ("D1P1", june(25), 12, 7, False, None, 0, 25, 27, D("11.11111111")),
        ("D1P2", june(25), 4, 27, True, "product_not_counted", 0, 25, 0, None),
        ("D2P1", date(2026, 5, 31), 7, 28, True, "dealer_silent", 5, 22, 3, D("51.33333333")),
        ("D3P1", june(20), 5, None, True, "never_counted", 0, 6, 3, D("10.00000000")),
        ("D5P1", june(28), 6, 0, False, None, 0, 27, 0, None),
        ("D6P1", date(2026, 5, 1), 9, 58, True, "dealer_silent", 0, 1, 0, None),
    ]


def test_a_total_leaves_out_what_is_stale_and_says_what_it_covers(built: Built) -> None:
    """12 + 6 units of D1 and D5; D2, D3 and the silent D4 are three of five, and ordered 130 of 530.

    D6, which is deleted, is none of them; and what nobody knows the dealer of is no dealer's.
    """
    found = built.rows(
        "select stock_units, daily_sell_out_units, days_of_supply, dealer_count, counted_dealer_count, "
        "stale_stock_units, sell_in_amount, covered_sell_in_amount from kpi_dealer_stock "
        "where dimension_name = 'region' and dimension_value = 'by_hand'"
    )
    assert found == [(18, D("1.08000000"), D("16.66666667"), 5, 2, 16, D("530.0000"), D("400.0000"))]
    unknown = (
        "select dealer_count, stock_units, stale_stock_units from kpi_dealer_stock where dimension_value = 'unknown'"
    )
    # two were sold that nobody saw come: what is there is unknown, and not less than nothing
    assert built.rows(f"{unknown} and dimension_name = 'region'") == [(0, 0, 0)]
    assert built.rows("select stock_units from fct_dealer_stock where dealer_key = 'unknown'") == [(None,)]


def test_sell_through_is_of_what_is_reported_and_says_what_it_covers(built: Built) -> None:
    """In the week of 15 June: D1 sold 14 of its 15, D5 none of its 6; D1's tea, D2 and D3 are left out."""
    query = (
        "select sell_out_units, opening_units, sell_in_units, sell_through_rate, dealer_count, reported_dealer_count, "
        "stale_dealer_count, sell_in_amount, covered_sell_in_amount from kpi_dealer_weeks "
        "where dimension_value = 'by_hand' and week_start_date = {}"
    )
    week, running = built.rows(query.format("'2026-06-15'")), built.rows(query.format("'2026-06-22'"))
    assert week == [(14, 21, 0, D("0.66666667"), 4, 2, 3, D("80.0000"), D("0.0000"))]
    # nobody but D5 has reported the last week yet: 0 of 6, and not 1 of what D1 had and ordered
    assert running == [(0, 6, 0, D("0E-8"), 4, 1, 3, D("100.0000"), D("0.0000"))]


def test_goods_are_traced_from_order_to_sale(built: Built) -> None:
    """What names its batch first, then the stock of nobody knows which batch, then the oldest of the rest."""
    found = built.rows(
        "select coalesce(dealer_order_key, brought_back_sale_key, origin_type).replace('by_hand:', ''), "
        "coalesce(store_sale_key, return_order_key, outcome_type).replace('by_hand:', ''), batch_id, match_rule, units "
        "from fct_dealer_traces where dealer_key = 'by_hand:D1' and product_key = 'by_hand:P1' order by all"
    )
    assert found == [
        ("O1", "O3", "B1", "batch", 3),  # back to us
        ("O1", "S1", "B1", "unknown_batch", 2),
        ("O1", "S2", "B1", "batch", 5),
        ("O2", "S3", "B2", "unknown_batch", 6),
        ("O2", "S6", "B2", "unknown_batch", 1),
        ("O2", "in_stock", "B2", None, 1),
        ("O2", "missing", "B2", None, 2),  # neither sold nor in stock: 5 should be there on the 21st, and 3 are
        ("O4", "not_counted", "B4", None, 10),  # came after the last count
        ("S4", "in_stock", "B1", None, 1),  # what a buyer brought back is the newest
        (
            "none",
            "S5",
            "B9",
            None,
            2,
        ),  # a batch that D1 never ordered: its opening stock may have been of it, no order was
        ("opening", "S5", "B9", "unknown_batch", 12),
    ]


# --- what is planted in the demo -------------------------------------------------------------------------------------

UNEXPLAINED = """
    select dealer_key, stock_date, unexplained_units from fct_dealer_stock_days
    where unexplained_units <> 0 and dealer_key like '{}:%'
"""


def test_units_that_vanish_are_found_where_and_when_they_do(built: Built) -> None:
    (leak,) = built.rows(UNEXPLAINED.format("planted"))
    assert leak == ("planted:JXS003", june(14), 40)
    assert -leak[2] == built.truth["planted"]["stock_leak"]["unexplained_units"]
    traces = (
        "select distinct dealer_key, outcome_type, origin_type, sum(units) from fct_dealer_traces where {} group by all"
    )
    lost = "dealer_key like 'planted:%' and (outcome_type = 'missing' or origin_type = 'none')"
    assert built.rows(traces.format(lost)) == [("planted:JXS003", "missing", "order", 40)]


def test_nothing_vanishes_where_nothing_is_planted(built: Built) -> None:
    assert built.rows(UNEXPLAINED.format("quiet")) == []
    assert built.truth["quiet"]["stock_leak"] == {"unexplained_units": 0}
    query = "select outcome_type, origin_type from fct_dealer_traces where dealer_key like 'quiet:%' group by all"
    assert {outcome for outcome, _ in built.rows(query)} == {"sold", "sent_back", "in_stock", "not_counted"}
    assert {origin for _, origin in built.rows(query)} == {"order", "opening"}


def test_batches_of_sales_are_those_of_the_orders_that_they_are_traced_to(built: Built) -> None:
    """The demo sells the oldest first and names the batches; only opening stock has none that we know."""
    query = """
        select origin_type, match_rule, count(*) > 0, sum(units) from fct_dealer_traces
        where outcome_type = 'sold' and dealer_key like '{}:%' group by all order by all
    """
    for source in ("planted", "quiet"):
        found = built.rows(query.format(source))
        assert [row[:3] for row in found] == [("opening", "unknown_batch", True), ("order", "batch", True)]
        (sold,) = built.rows(f"select sum(quantity) from fct_store_sales where source = '{source}'")[0]
        assert sum(row[3] for row in found) == sold


@pytest.mark.parametrize(("source", "stale"), [("planted", ["JXS002"]), ("quiet", [])])
def test_a_dealer_that_stops_reporting_is_flagged_and_left_out(built: Built, source: str, stale: list[str]) -> None:
    query = "select distinct dealer_key, stale_reason from fct_dealer_stock where is_stale and dealer_key like '{}:%'"
    assert built.rows(query.format(source)) == [(f"{source}:{dealer}", "dealer_silent") for dealer in stale]
    assert built.truth[source]["stale_dealer"] == {"dealers_without_a_count": len(stale)}
    total, fresh = built.rows(
        "select dealer_count, counted_dealer_count from kpi_dealer_stock "
        f"where dimension_name = 'region' and dimension_value = '{source}'"
    )[0]
    assert (total, total - fresh) == (8, len(stale))
    counted = "select {} from kpi_dealer_stock where dimension_name = 'region' and dimension_value = '{}'"
    known = "select sum(stock_units) from fct_dealer_stock where dealer_key like '{}:%' and {}"
    assert built.rows(counted.format("stock_units, stale_stock_units", source)) == [
        (
            built.rows(known.format(source, "not is_stale"))[0][0],
            built.rows(known.format(source, "is_stale"))[0][0] or 0,
        )
    ]


def test_totals_of_weeks_since_a_dealer_went_silent_are_without_it(built: Built) -> None:
    query = (
        "select dealer_count - reported_dealer_count, stale_dealer_count from kpi_dealer_weeks "
        "where week_start_date = {!r} and dimension_value = {!r}"
    )
    # it is silent from 8 June on; a count of 7 June would not be too old a week later, but nobody says what was sold
    assert built.rows(query.format("2026-06-01", "planted")) == [(0, 0)]
    for week in ("2026-06-08", "2026-06-15"):
        assert built.rows(query.format(week, "planted")) == [(1, 1)], week
        assert built.rows(query.format(week, "quiet")) == [(0, 0)], week


# --- orders and satisfaction ----------------------------------------------------------------------------------------

SATISFACTION = """
    select pair_count, spearman_coefficient, pearson_coefficient, verdict from kpi_dealer_satisfaction
    where dimension_value = '{}' order by lag_months
"""


def test_what_customers_say_shows_in_the_orders_a_month_later(built: Built) -> None:
    planted = built.rows(SATISFACTION.format("planted"))
    assert [row[3] for row in planted] == ["none", "positive", "none", "none"]
    truth = float(built.truth["planted"]["dealer_satisfaction"]["lag_1_correlation"])
    assert abs(float(planted[1][2]) - truth) < 0.05
    assert abs(float(planted[1][1]) - truth) < 0.1
    assert [row[3] for row in built.rows(SATISFACTION.format("quiet"))] == ["none"] * 4


def test_fewer_than_30_pairs_say_nothing_however_clear_they_are(built: Built) -> None:
    thirty, fewer = (built.rows(SATISFACTION.format(region)) for region in ("thirty", "fewer"))
    assert [(row[0], row[3]) for row in thirty[:2]] == [(30, "positive"), (27, "insufficient")]
    assert [(row[0], row[3]) for row in fewer[:2]] == [(29, "insufficient"), (26, "insufficient")]
    assert thirty[0][1] == 1 and fewer[0][1] > D("0.9")


@pytest.mark.parametrize("lag", range(4))
@pytest.mark.parametrize("region", ["planted", "quiet", "fewer"])
def test_the_coefficients_are_those_of_ranks_and_values_of_the_months(built: Built, region: str, lag: int) -> None:
    """Worked out again from orders and answers by month; a plain Python Spearman, and an interval by Fisher's z."""
    orders, scores = defaultdict[str, dict[int, int]](dict), defaultdict[str, dict[int, tuple[int, D]]](dict)
    for dealer, month, place, is_complete, units, answers, score in built.rows(
        "select m.dealer_key, month_start_date, "
        "row_number() over (partition by m.dealer_key order by month_start_date), is_complete, sell_in_units, "
        "answer_count, score_rate_sum from fct_dealer_months m join dim_dealers d using (dealer_key) "
        f"where region_key = '{region}'"
    ):
        if place > 1 and is_complete:  # the first month is not whole; here it is also that of the first order
            orders[dealer][month.year * 12 + month.month] = units
        if answers:
            scores[dealer][month.year * 12 + month.month] = (answers, score)
    pairs = []
    for dealer, months in orders.items():
        mean, answered = fmean(months.values()), scores[dealer].values()
        usual = float(sum(score for _, score in answered) / sum(count for count, _ in answered))
        for month, units in months.items():
            if month - lag in scores[dealer]:
                count, score = scores[dealer][month - lag]
                pairs.append((dealer, round(units / mean, 8), round(float(score) / count - usual, 7)))
    levels, deviations = [level for _, level, _ in pairs], [deviation for *_, deviation in pairs]
    spearman = correlation(ranks(levels), ranks(deviations))
    width = 2.4977054744 * math.sqrt((1 + spearman**2 / 2) / (len(pairs) - len({dealer for dealer, *_ in pairs}) - 2))
    wanted = (len(pairs), spearman, correlation(levels, deviations), math.tanh(math.atanh(spearman) - width),
              math.tanh(math.atanh(spearman) + width))  # fmt: skip
    (found,) = built.rows(
        "select pair_count, spearman_coefficient, pearson_coefficient, spearman_low_coefficient, "
        "spearman_high_coefficient from kpi_dealer_satisfaction "
        f"where dimension_value = '{region}' and lag_months = {lag}"
    )
    assert [float(value) for value in found] == pytest.approx(wanted, abs=1e-4)


def ranks(values: Sequence[float]) -> list[float]:
    """The places of values, ties sharing the mean of theirs."""
    ordered = sorted(values)
    return [ordered.index(value) + (ordered.count(value) - 1) / 2 for value in values]


def test_stock_of_any_day_is_that_of_the_row_before(built: Built) -> None:
    """A row covers the days up to the next one, so each day is there once."""
    found = built.rows(
        "select d.date_day, s.closing_units from dim_dates d join fct_dealer_stock_days s "
        "on d.date_day between s.stock_date and s.until_date where s.dealer_key = 'by_hand:D1' "
        "and s.product_key = 'by_hand:P1' and d.date_day between '2026-06-01' and '2026-06-28' order by 1"
    )
    assert [day for day, _ in found] == [june(day) for day in range(1, 29)]
    assert [units for _, units in found][:8] == [20, 20, 15, 15, 25, 19, 19, 16]


# --- the SQL against plain Python -------------------------------------------------------------------------------------

CHAIN = ("int_dealer_stocks_numbered", "int_dealer_moves_united", "int_dealer_days_balanced",
         "int_dealers_reported", "int_dealer_stock_dated", "int_dealer_stock_opened", "int_dealer_moves_traced",
         "int_dealer_lots_ended")  # fmt: skip
QUANTITIES = st.integers(-3, 6).filter(bool)
MOVES = st.builds(Move, st.booleans(), st.integers(0, 6), QUANTITIES, st.sampled_from([None, None, "A", "B"]))
HISTORIES = st.builds(
    lambda moves, counts: History(tuple(replace(move, number=n) for n, move in enumerate(moves)), counts),
    st.lists(MOVES, max_size=9),
    st.dictionaries(st.integers(0, 7), st.integers(0, 9), max_size=3),
)
FIRST_DAY = END - timedelta(30)


class Chain:
    """What dbt made of the models from moves to traces, on a warehouse in memory."""

    def __init__(self, built: Built) -> None:
        self.statements = [(model, built.compiled(model)) for model in CHAIN]
        self.connection = duckdb.connect()
        self.connection.execute("attach ':memory:' as working; set TimeZone = 'UTC'; set threads = 1")
        for schema in ("staging", "intermediate", "marts"):
            self.connection.execute(f"create schema working.{schema}")
        self.connection.execute(
            "create table working.staging.stg_settings__dealer_rules as select 14 as stale_after_days, "
            "28 as supply_window_days"
        )

    def run(self, histories: Sequence[History]) -> None:
        """Each history is a dealer of its own, `d<place>`; its product is `p`, its moves minutes apart."""
        lines, sales, counts = [], [], []
        for place, history in enumerate(histories):
            for n, move in enumerate(history.moves):
                day, at = FIRST_DAY + timedelta(move.day), f"{FIRST_DAY + timedelta(move.day)} 08:{n:02}"
                row = (
                    f"d{place}",
                    "p",
                    move.quantity,
                    move.quantity,
                    f"d{place}.{'o' if move.is_order else 's'}{n}",
                    at,
                    day,
                    move.batch,
                )
                (lines if move.is_order else sales).append(row)
            for number, units in history.counts.items():
                counts.append((f"d{place}", "p", units, FIRST_DAY + timedelta(number)))
        self.fill("fct_dealer_orders", lines, "dealer_key varchar, product_key varchar, quantity bigint, "
                  "amount decimal(18, 4), dealer_order_key varchar, ordered_at timestamp, ordered_date date, "
                  "batch_id varchar", "1::bigint as line_number")  # fmt: skip
        self.fill("fct_store_sales", sales, "dealer_key varchar, product_key varchar, quantity bigint, "
                  "amount decimal(18, 4), store_sale_key varchar, sold_at timestamp, sold_date date, "
                  "batch_id varchar", "'x' as store_key")  # fmt: skip
        self.fill("fct_dealer_inventory", counts, "dealer_key varchar, product_key varchar, quantity bigint, "
                  "counted_date date", "'x' as source, counted_date::timestamp as counted_at, "
                  "null as reported_at")  # fmt: skip
        for model, statement in self.statements:
            self.connection.execute(f"create or replace table working.intermediate.{model} as {statement}")

    def fill(self, table: str, rows: list[tuple], schema: str, more: str) -> None:
        self.connection.execute(f"create or replace table scratch ({schema})")
        if rows:
            values = ", ".join(f"({', '.join(map(literal, row))})" for row in rows)
            self.connection.execute(f"insert into scratch values {values}")
        self.connection.execute(f"create or replace table working.marts.{table} as select *, {more} from scratch")

    def balance(self, place: int) -> list[tuple]:
        return self.connection.execute(
            f"select stock_date - date '{FIRST_DAY}', opening_units, sell_in_units, sell_out_units, returned_units, "
            "closing_units, unexplained_units from working.intermediate.int_dealer_days_balanced "
            f"where dealer_key = 'd{place}' order by 1"
        ).fetchall()

    def traces(self, place: int) -> Counter[tuple[str, str]]:
        found = self.connection.execute(
            "select split_part(trace_key, '>', 1), split_part(trace_key, '>', 2), units, trace_key "
            f"from working.intermediate.int_dealer_lots_ended where dealer_key = 'd{place}'"
        ).fetchall()
        assert len({row[3] for row in found}) == len(found)
        own = re.compile(r"(?<=:)d[0-9]+[.]")
        return Counter({(own.sub("", lot).replace(f"none:d{place}/p", "none"), own.sub("", out)): units
                        for lot, out, units, _ in found})  # fmt: skip


@pytest.fixture(scope="module")
def chain(built: Built) -> Chain:
    return Chain(built)


def test_stock_before_the_first_count_is_unknown_where_the_book_is_negative(chain: Chain, built: Built) -> None:
    """Five are sold, ten come, five are counted: of the first day nobody knows what was there. Then six are sold."""
    moves = (Move(False, 0, 5, None, 0), Move(True, 1, 10, None, 1), Move(False, 3, 6, None, 2))
    chain.run([History(moves, {2: 5}), History(moves[:1], {})])
    days = chain.connection.execute(
        "select dealer_key, stock_date - ?::date, opening_units, closing_units, unexplained_units "
        f"from ({built.compiled('fct_dealer_stock_days')}) order by all",
        [FIRST_DAY],
    ).fetchall()
    assert days == [
        ("d0", 0, 0, None, 0), ("d0", 1, None, 5, 0), ("d0", 2, 5, 5, 0), ("d0", 3, 5, -1, 0), ("d1", 0, 0, None, 0),
    ]  # fmt: skip


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories=st.lists(HISTORIES, min_size=20, max_size=40))
def test_stock_and_traces_are_those_of_plain_python(chain: Chain, histories: list[History]) -> None:
    chain.run(histories)
    for place, history in enumerate(histories):
        assert chain.balance(place) == balance(history)
        wanted = traces(history, f"d{place}")
        assert chain.traces(place) == wanted
        unexplained = sum(day[-1] for day in balance(history))
        if history.counts:
            assert unexplained == told_by(history, wanted)


def told_by(history: History, pieces: Counter[tuple[str, str]]) -> int:
    """What traces say is unexplained by the last count: missing, less what has no origin by then."""
    last = max(history.counts)
    days = {move.key: move.day for move in history.moves}
    missing = sum(units for (_, outcome), units in pieces.items() if outcome == "missing")
    unknown = sum(
        units for (origin, outcome), units in pieces.items() if origin == "none" and days.get(outcome, last) <= last
    )
    later = sum(
        units for (origin, outcome), units in pieces.items()
        if origin != "none" and days.get(origin, -1) <= last < days.get(outcome, -1)
    )  # fmt: skip
    return missing - unknown + max(0, later - history.counts[last])


def test_the_oracle_is_right_about_a_history_worked_by_hand() -> None:
    """8 come; 3 of batch A and 4 of nobody knows which go, then 2 of B, which never came; 2 are counted."""
    history = History(
        (Move(True, 0, 5, "A", 0), Move(True, 1, 3, None, 1), Move(False, 2, 3, "A", 2), Move(False, 3, 4, None, 3),
         Move(False, 4, 2, "B", 4)),
        {5: 2},
    )  # fmt: skip
    # the first count is after everything: 2 = 8 - 9 + 3, so 3 were there before
    assert opening(history) == 3
    assert balance(history)[-1] == (5, 2, 0, 0, 0, 2, 0)
    # B takes what has no batch, 2 of the 3 that were there; the 4 without one are what is left, the oldest first
    assert traces(history, "d") == {
        ("order:o0/1", "sale:s2"): 3, ("opening:d/p", "sale:s4"): 2, ("opening:d/p", "sale:s3"): 1,
        ("order:o0/1", "sale:s3"): 2, ("order:o1/1", "sale:s3"): 1, ("order:o1/1", "in_stock"): 2,
    }  # fmt: skip
