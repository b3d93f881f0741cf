"""What a rule of alerts.yml finds: limits, changes against like days, bands of history, goals that are behind."""

from __future__ import annotations

import datetime
import itertools
import math
from collections.abc import Callable, Iterator
from decimal import Decimal

import alert_world
import duckdb
import pytest
from alert_world import give_rules, judge
from lone_models import give_months, on, rows_of, sql_of
from macros import rendered

from sales_warehouse import business_calendar
from sales_warehouse.company.calendar import CalendarFile
from sales_warehouse.company.models import Company, CompanyFile
from sales_warehouse.metrics import registry

DAY = datetime.timedelta(days=1)
LAST_MONDAY = datetime.date(2026, 6, 22)  # the business date is Sunday, 28 June
NET_SALES = {"metric": "net_sales", "grain": "week", "dimension": "region"}


def D(value: float) -> Decimal:
    return Decimal(str(value)).quantize(Decimal("0.00000001"))


@pytest.fixture
def db() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        alert_world.make_world(connection)
        yield connection


def sell(db: duckdb.DuckDBPyConnection, member: str, amount: Callable[[datetime.date], float], first: str, *,
         dimension: str = "region") -> None:  # fmt: skip
    """Net sales of a member by day from a day to the business date, and by longer periods as they add up."""
    day, rows = datetime.date.fromisoformat(first), []
    while day <= LAST_MONDAY + 6 * DAY:
        rows.append((day, amount(day)))
        day += DAY
    listed = ", ".join(f"(date '{day}', {value})" for day, value in rows)
    for grain, end in (("day", "0 day"), ("week", "6 day"), ("month", "1 month - interval 1 day"),
                       ("quarter", "3 month - interval 1 day")):  # fmt: skip
        db.execute(f"""
            insert into kpi_values
            select 'net_sales', '{grain}', cast(date_trunc('{grain}', d) as date) as starts,
                cast(date_trunc('{grain}', d) + interval {end} as date) as ends, '{dimension}', '{member}', sum(v),
                null, sum(v), ends <= date '2026-06-28'
            from (values {listed}) t(d, v) group by all""")


def add(db: duckdb.DuckDBPyConnection, metric: str, grain: str, start: datetime.date | str, member: str,
        value: float | None, denominator: float | None = None, *, dimension: str = "region", days: int = 7,
        matured: bool = True) -> None:  # fmt: skip
    first = datetime.date.fromisoformat(str(start))
    numerator = value if denominator is None or value is None else value * denominator
    last = first + (days - 1) * DAY
    row = (metric, grain, first, last, dimension, member, numerator, denominator, value, matured)
    db.execute(f"insert into kpi_values values ({', '.join(map(alert_world.literal, row))})")


def on_workdays(amount: float) -> Callable[[datetime.date], float]:
    return lambda day: amount if day.weekday() < 5 else 0


def holiday(db: duckdb.DuckDBPyConnection, first: str, last: str) -> None:
    db.execute(
        "update dim_dates set is_workday = false, is_holiday = true "
        f"where date_day between date '{first}' and date '{last}' and day_of_week < 6"
    )


def test_a_limit_is_breached_from_its_value_on(db: duckdb.DuckDBPyConnection) -> None:
    for member, value in (("on", 0.2), ("over", 0.21), ("below", 0.19), ("small", 0.9)):
        add(db, "return_rate", "week", LAST_MONDAY, member, value, 5 if member == "small" else 50)
    give_rules(db, [{"id": "back", "kind": "threshold", "metric": "return_rate", "grain": "week", "dimension": "region",
                     "threshold_value": 0.2, "minimum_count": 50}])  # fmt: skip
    assert judge(db, "incident_key, subject_key, value, threshold_value, reason_en, reason_zh") == [
        ("back|on|2026-06-22", "back|on", D(0.2), D(0.2),
         "Return rate of on was 20 % in the week from 2026-06-22; the alert is from 20 % up.",
         "on的退货率在 2026-06-22 起的一周为 20%，已升至预警线 20%。"),
        ("back|over|2026-06-22", "back|over", D(0.21), D(0.2),
         "Return rate of over was 21 % in the week from 2026-06-22; the alert is from 20 % up.",
         "over的退货率在 2026-06-22 起的一周为 21%，已升至预警线 20%。"),
    ]  # fmt: skip


def test_a_period_that_can_still_change_is_not_judged(db: duckdb.DuckDBPyConnection) -> None:
    add(db, "return_rate", "week", LAST_MONDAY - 7 * DAY, "east", 0.3, 50)
    add(db, "return_rate", "week", LAST_MONDAY, "east", 0.9, 50, matured=False)
    rule = {"id": "back", "kind": "threshold", "metric": "return_rate", "grain": "week", "dimension": "region",
            "threshold_value": 0.2}  # fmt: skip
    give_rules(db, [rule, rule | {"id": "waits", "wait_days": 7}, rule | {"id": "waits_more", "wait_days": 8}])
    assert judge(db, "incident_key") == [("back|east|2026-06-15",), ("waits|east|2026-06-15",)]


def test_a_stage_with_a_long_limit_is_judged_by_its_own_newest_month(db: duckdb.DuckDBPyConnection) -> None:
    """Stays of May can be judged where two weeks are allowed, those where two months are only of April yet."""
    for stage, month, matured in (("quick", 4, True), ("quick", 5, True), ("slow", 4, True), ("slow", 5, False)):
        add(db, "stage_stalled_rate", "month", f"2026-0{month}-01", stage, 0.5, 20, dimension="stage", days=30,
            matured=matured)  # fmt: skip
    give_rules(db, [{"id": "stuck", "kind": "threshold", "metric": "stage_stalled_rate", "grain": "month",
                     "dimension": "stage", "threshold_value": 0.4}])  # fmt: skip
    judge(db, "1")
    found = rows_of(db, "int_alert_periods_watched", "dimension_value, month(period_start_date), is_newest")
    assert sorted(found) == [("quick", 4, False), ("quick", 5, True), ("slow", 4, True)]


def test_a_rule_waits_as_long_as_figures_were_seen_to_move(db: duckdb.DuckDBPyConnection) -> None:
    """Of 40 weeks 37 were right 5 days after their end and 3 after 9: nine of ten are right after 5 days."""
    for place in range(40):
        start = LAST_MONDAY - 7 * (place + 6) * DAY
        for age, value in ((0, 80), (9 if place < 3 else 5, 100), (12, 100.5)):
            said = start + (6 + age) * DAY
            row = ("net_sales", "week", start, "region", "east", value, None, value, False, str(said), said)
            db.execute(f"insert into stg_history__kpi_values values ({', '.join(map(alert_world.literal, row))})")
    change = {"kind": "percent_change", **NET_SALES, "threshold_rate": 0.2}
    give_rules(db, [{"id": "fixed", **change, "wait_days": 2}, {"id": "seen", **change, "wait_days": "measured"},
                    {"id": "new", **change, "metric": "new_leads", "wait_days": "measured"}])  # fmt: skip
    assert judge(db, "rule_id, wait_days", "int_alert_rules_defined") == [("fixed", 2), ("new", 0), ("seen", 5)]


def test_a_rule_waits_until_it_is_said_that_there_is_nothing_to_divide_by(db: duckdb.DuckDBPyConnection) -> None:
    """The only visit of each of 20 weeks was withdrawn 9 days after its end, and the rate of the week with it."""
    for place in range(20):
        start = LAST_MONDAY - 7 * (place + 6) * DAY
        for age, visits in ((0, 1), (9, 0)):
            said = start + (6 + age) * DAY
            told = (visits, visits, visits or None, False, str(said), said)
            row = ("visit_completion_rate", "week", start, "team", "t", *told)
            db.execute(f"insert into stg_history__kpi_values values ({', '.join(map(alert_world.literal, row))})")
    give_rules(db, [{"id": "seen", "kind": "threshold", "metric": "visit_completion_rate", "grain": "week",
                     "dimension": "team", "threshold_value": 0.5, "wait_days": "measured"}])  # fmt: skip
    assert judge(db, "rule_id, wait_days", "int_alert_rules_defined") == [("seen", 9)]


def come_late(db: duckdb.DuckDBPyConnection) -> None:
    """Of 21 weeks two had 60 % of their net sales when they ended, one 70 % and 18 had 80 %; three days later all had
    90 %, a week later everything. So nine of ten had 70 % or more, then 90 %: the third lowest of 21.
    """
    for place in range(21):
        start = LAST_MONDAY - 7 * (place + 6) * DAY
        first = 60 if place < 2 else 70 if place == 2 else 80
        for age, value in ((0, first), (3, 90), (7, 100)):
            said = start + (6 + age) * DAY
            row = ("net_sales", "week", start, "region", "east", value, None, value, False, str(said), said)
            db.execute(f"insert into stg_history__kpi_values values ({', '.join(map(alert_world.literal, row))})")


def test_what_is_usually_there_of_a_figure_is_measured_for_each_day_after_its_end(
    db: duckdb.DuckDBPyConnection,
) -> None:
    come_late(db)
    change = {"kind": "percent_change", **NET_SALES, "threshold_rate": 0.2}
    give_rules(db, [{"id": "allows", **change, "allow_late": True}])
    measured = dict(judge(db, "age_days, completeness_rate", "int_alert_completeness_measured"))
    assert measured == {0: D(0.7), 1: D(0.7), 2: D(0.7), 3: D(0.9), 4: D(0.9), 5: D(0.9), 6: D(0.9)}
    db.execute("delete from stg_history__kpi_values where period_start_date = (select max(period_start_date) from "
               "stg_history__kpi_values)")  # fmt: skip
    assert len(judge(db, "*", "int_alert_completeness_measured")) == 7, "20 weeks are enough"
    db.execute("delete from stg_history__kpi_values where period_start_date = (select max(period_start_date) from "
               "stg_history__kpi_values)")  # fmt: skip
    assert judge(db, "*", "int_alert_completeness_measured") == []


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ({"kind": "percent_change", "threshold_rate": 0.2}, {"deep": (550, 785.71428571)}),
        ({"kind": "threshold", "threshold_value": 790, "direction": "fall"}, {"deep": (550, 785.71428571)}),
    ],
    ids=["a change", "a limit"],
)
def test_a_fall_is_told_when_what_may_still_come_does_not_make_it_good(
    db: duckdb.DuckDBPyConnection, rule: dict, told: dict
) -> None:
    """550 of 1000 are 785.71 with the rest (-21.4 %), 570 are 814.29 (-18.6 %): both are falls of 20 % without it."""
    come_late(db)
    for member, amount in (("deep", 550), ("shallow", 570)):
        add(db, "net_sales", "week", LAST_MONDAY - 7 * DAY, member, 1000)
        add(db, "net_sales", "week", LAST_MONDAY, member, amount)
    give_rules(db, [{"id": "plain", **NET_SALES, **rule}, {"id": "allows", **NET_SALES, **rule, "allow_late": True}])
    found = judge(db, "rule_id, dimension_value, value, judged_value, completeness_rate")
    assert [row for row in found if row[0] == "allows"] == [
        ("allows", member, D(value), D(judged), D(0.7)) for member, (value, judged) in told.items()
    ]
    assert [row[1:] for row in found if row[0] == "plain"] == [
        ("deep", D(550), D(550), D(1)), ("shallow", D(570), D(570), D(1))
    ]  # fmt: skip


@pytest.mark.parametrize("weeks", [3, 5])
def test_what_more_than_one_in_ten_has_nothing_of_yet_is_not_judged(db: duckdb.DuckDBPyConnection, weeks: int) -> None:
    """One of eight regions has nothing of its weeks until two days later: by then 500 of 1000 may be 625 (-37.5 %)."""
    regions = ["always_late", *(f"m{number}" for number in range(7))]
    for place, region in itertools.product(range(weeks), regions):
        start = LAST_MONDAY - 7 * (place + 6) * DAY
        for age, value in ((0, 0), (2, 100)) if region == "always_late" else ((0, 80), (7, 100)):
            said = start + (6 + age) * DAY
            row = ("net_sales", "week", start, "region", region, value, None, value, False, str(said), said)
            db.execute(f"insert into stg_history__kpi_values values ({', '.join(map(alert_world.literal, row))})")
    for region, amount in zip(regions, (0, 500, -50, 900), strict=False):
        add(db, "net_sales", "week", LAST_MONDAY - 14 * DAY, region, 1000)
        add(db, "net_sales", "week", LAST_MONDAY - 7 * DAY, region, 1000)
        add(db, "net_sales", "week", LAST_MONDAY, region, amount)
    give_rules(db, [{"id": "allows", **NET_SALES, "kind": "percent_change", "threshold_rate": 0.2, "allow_late": True}])
    for day in ("2026-06-28", "2026-06-29"):
        with on(day):
            assert judge(db, "dimension_value, judged_value") == []
            shares = rows_of(db, "int_alert_completeness_measured", "age_days, completeness_rate")
            assert shares == [(0, D(0)), (1, D(0)), *((age, D(0.8)) for age in range(2, 7))]
            assert rows_of(db, "int_alert_rules_defined", "wait_days") == [(2,)]
            newest = rows_of(db, "kpi_alert_judgements", "distinct period_start_date, verdict")
            assert newest == [(LAST_MONDAY - 7 * DAY, "quiet")], "as if the rule waited"
            assert rows_of(db, "kpi_alert_trials", "count(not_judged_reason_en)") == [(0,)]
    with on("2026-06-30"):
        assert judge(db, "dimension_value, judged_value") == [("always_late", D(0)), ("m0", D(625)), ("m1", D(-50))]


def test_a_band_holds_what_a_figure_may_become(db: duckdb.DuckDBPyConnection) -> None:
    """A week of 5,600 or so is expected; 4,200 are below the band as they are and in it as 6,000."""
    come_late(db)
    first = LAST_MONDAY
    sell(db, "east", lambda day: wave(day) * (0.75 if day >= first else 1), "2025-01-01")
    band = {"kind": "seasonal_band", **NET_SALES}
    give_rules(db, [{"id": "plain", **band}, {"id": "allows", **band, "allow_late": True}])
    ((rule, value, lower),) = judge(db, "rule_id, value, lower_value")
    assert rule == "plain" and value < lower < value / Decimal("0.7")


def test_a_week_is_compared_with_as_many_workdays(db: duckdb.DuckDBPyConnection) -> None:
    """The last week has two workdays, the one before none: it is held against the one of 8 June, which had five."""
    holiday(db, "2026-06-15", "2026-06-24")

    def sold(member: float, last: float) -> Callable[[datetime.date], float]:
        worked = {LAST_MONDAY + 3 * DAY, LAST_MONDAY + 4 * DAY}
        return lambda day: (last if day in worked else 0) if day >= LAST_MONDAY - 7 * DAY else on_workdays(member)(day)

    sell(db, "north", sold(100, 95), "2026-01-01")  # 190 after 500 in five days: 200 in two
    sell(db, "south", sold(100, 40), "2026-01-01")  # 80
    sell(db, "west", lambda day: 10, "2026-01-01")  # on any day: 70 in both weeks
    give_rules(db, [{"id": "fall", "kind": "percent_change", **NET_SALES, "threshold_rate": 0.2}])
    told = "incident_key, compared_start_date, comparison_rate, compared_value, change_rate, reason_en"
    assert judge(db, told) == [(
        "fall|south|2026-06-22", datetime.date(2026, 6, 8), D(0.4), D(200), D(-0.6),
        "Net sales of south fell by 60 % in the week from 2026-06-22, from 200.00 to 80.00 (the week from 2026-06-08 "
        "had 5 workdays, this one 2; what it had counts times 0.4).",
    )]  # fmt: skip


@pytest.mark.parametrize(("until", "english", "chinese"), [
    ("2026-06-19", "to 50.00.", "。"),
    ("2026-06-22", "to 50.00 (the week from 2026-06-08 had 5 workdays, this one 4; what it had counts times 0.8).",
     "（2026-06-08 起的一周有 5 个工作日，本期 4 个，对比值按 0.8 倍折算）。"),
], ids=["of as many workdays", "of more workdays"])  # fmt: skip
def test_a_week_that_is_held_against_one_further_back_says_which(
    db: duckdb.DuckDBPyConnection, until: str, english: str, chinese: str
) -> None:
    """The week before the last one had no workday: nothing is told from one week to the next."""
    holiday(db, "2026-06-15", until)

    def sold(day: datetime.date) -> float:
        if day >= LAST_MONDAY - 7 * DAY:
            return 50 if day == LAST_MONDAY + 4 * DAY else 0
        return on_workdays(40)(day)

    sell(db, "north", sold, "2026-01-01")
    give_rules(db, [{"id": "fall", "kind": "percent_change", **NET_SALES, "threshold_rate": 0.2}])
    rate, base = ("75", "200.00 in the week from 2026-06-08") if english == "to 50.00." else ("68.8", "160.00")
    assert judge(db, "reason_en, reason_zh") == [(
        f"Net sales of north fell by {rate} % in the week from 2026-06-22, from {base} {english}",
        f"north的净销售额在 2026-06-22 起的一周较 2026-06-08 起的一周下降 {rate}%，由 {base[:6]} 变为 50.00{chinese}",
    )]  # fmt: skip


def office(last: float, closed: tuple[int, ...], refund: float = 1) -> Callable[[datetime.date], float]:
    """100 on each workday and `last` on each of the last week, but for days counted from the week before it; one refund
    on one Saturday in March, and nothing else at weekends.
    """

    def sold(day: datetime.date) -> float:
        if day == datetime.date(2026, 3, 14):
            return -refund
        if (day - LAST_MONDAY).days + 7 in closed or day.weekday() > 4:
            return 0
        return last if day >= LAST_MONDAY else 100

    return sold


def test_a_refund_on_a_day_off_makes_no_day_off_a_workday(db: duckdb.DuckDBPyConnection) -> None:
    """200 in a week of two workdays is no fall from 500 in five, though less than nothing was sold at weekends."""
    holiday(db, "2026-06-22", "2026-06-24")
    sell(db, "fair", office(100, (7, 8, 9)), "2026-01-01")
    sell(db, "fell", office(60, (7, 8, 9)), "2026-01-01")
    give_rules(db, [{"id": "fall", "kind": "percent_change", **NET_SALES, "threshold_rate": 0.15}])
    told = "subject_key, comparison_rate, compared_value, change_rate"
    assert judge(db, told) == [("fall|fell", D(0.4), D(200), D(-0.4))]


def test_a_refund_on_a_day_off_hides_no_fall_of_the_week_after(db: duckdb.DuckDBPyConnection) -> None:
    """300 in five workdays after 200 in two: as 500 would be comparable, it fell by 40 %."""
    holiday(db, "2026-06-15", "2026-06-17")
    sell(db, "fair", office(100, (0, 1, 2)), "2026-01-01")
    sell(db, "fell", office(60, (0, 1, 2)), "2026-01-01")
    give_rules(db, [{"id": "fall", "kind": "percent_change", **NET_SALES, "threshold_rate": 0.15}])
    told = "subject_key, comparison_rate, compared_value, change_rate"
    assert judge(db, told) == [("fall|fell", D(2.5), D(500), D(-0.4))]


def test_a_band_takes_a_short_week_for_one_though_something_came_back_at_a_weekend(
    db: duckdb.DuckDBPyConnection,
) -> None:
    holiday(db, "2026-06-22", "2026-06-24")
    given = office(100, (7, 8, 9))
    sell(db, "fair", lambda day: given(day) * wave(day) / 1000, "2025-01-01")
    given_less = office(30, (7, 8, 9))
    sell(db, "fell", lambda day: given_less(day) * wave(day) / 1000, "2025-01-01")
    give_rules(db, [{"id": "band", "kind": "seasonal_band", **NET_SALES}])
    ((subject, expected),) = judge(db, "subject_key, compared_value")
    assert subject == "band|fell" and 190 < expected < 210


WEEKLY_RHYTHM = (60, 70, 80, 100, 150, 300, 280)  # a shop, from Monday to Sunday


def test_a_day_is_compared_with_its_weekday_of_the_week_before(db: duckdb.DuckDBPyConnection) -> None:
    """An ordinary rhythm says nothing on any day; a Sunday of 140 after one of 280 does, and Sundays are judged."""
    sell(db, "calm", lambda day: WEEKLY_RHYTHM[day.weekday()], "2026-01-01")
    sell(
        db, "sunk", lambda day: WEEKLY_RHYTHM[day.weekday()] / (2 if day == LAST_MONDAY + 6 * DAY else 1), "2026-01-01"
    )
    give_rules(db, [{"id": "fall", "kind": "percent_change", **NET_SALES, "grain": "day", "threshold_rate": 0.3}])
    assert judge(db, "subject_key, compared_value, value, reason_en, reason_zh") == [(
        "fall|sunk", D(280), D(140),
        "Net sales of sunk fell by 50 % on 2026-06-28, from 280.00 on 2026-06-21 to 140.00.",
        "sunk的净销售额在 2026-06-28 较 2026-06-21 下降 50%，由 280.00 变为 140.00。",
    )]  # fmt: skip
    tried = judge(db, "dimension_value, judged_count, alert_count", "kpi_alert_trials")
    assert tried == [("calm", 172, 0), ("sunk", 172, 1)]  # of 179 days the first week has nothing before it


def test_a_day_is_compared_with_a_day_of_its_kind(db: duckdb.DuckDBPyConnection) -> None:
    """The holiday of Monday, 15 June is held against no Monday, and Monday, the 22nd, against that of the 8th."""
    holiday(db, "2026-06-15", "2026-06-15")
    db.execute("update dim_dates set is_workday = true where date_day = date '2026-06-14'")  # a Sunday is made up
    sell(db, "east", lambda day: 40 if day in (LAST_MONDAY, LAST_MONDAY - 7 * DAY) else 100, "2026-05-01")
    give_rules(db, [{"id": "fall", "kind": "percent_change", **NET_SALES, "grain": "day", "threshold_rate": 0.3}])
    compared = dict(judge(db, "period_start_date, compared_start_date", "int_alert_periods_judged"))
    first = datetime.date(2026, 6, 8)
    assert {day: compared.get(first + day * DAY) for day in (0, 6, 7, 13, 14, 20)} == {
        0: first - 7 * DAY, 6: None, 7: None, 13: datetime.date(2026, 6, 7), 14: first, 20: datetime.date(2026, 6, 21),
    }  # fmt: skip
    assert judge(db, "alert_count, last_alert_date", "kpi_alert_trials") == [(1, LAST_MONDAY)]


def test_a_limit_and_a_band_have_the_comparable_period_before_as_their_base(db: duckdb.DuckDBPyConnection) -> None:
    """480 in five workdays are 192 in the two of the last week, in which 150 were sold; the limit is 1,000."""
    holiday(db, "2026-06-22", "2026-06-24")
    closed, short = LAST_MONDAY, LAST_MONDAY + 3 * DAY

    def sold(day: datetime.date) -> float:
        amount = 75 if day >= short else 0 if day >= closed else 96 if day >= closed - 7 * DAY else wave(day)
        return on_workdays(amount)(day)

    sell(db, "east", sold, "2025-01-01")
    give_rules(db, [{"id": "low", "kind": "threshold", **NET_SALES, "threshold_value": 1000, "direction": "fall"},
                    {"id": "odd", "kind": "seasonal_band", **NET_SALES}])  # fmt: skip
    before = (datetime.date(2026, 6, 15), datetime.date(2026, 6, 21), D(192), D(0.4))
    assert judge(db, "rule_id, base_start_date, base_end_date, base_value, base_rate") == [
        ("low", *before),
        ("odd", *before),
    ]
    ((held, low, odd),) = db.execute("""select count(compared_start_date), min(compared_value) filter (rule_id = 'low'),
        min(compared_value) filter (rule_id = 'odd') from alert_metrics""").fetchall()
    assert (held, low) == (0, None) and odd > 1500


def test_a_week_without_a_workday_is_not_judged(db: duckdb.DuckDBPyConnection) -> None:
    holiday(db, "2026-06-22", "2026-06-26")
    sell(db, "north", lambda day: 0 if day >= LAST_MONDAY else on_workdays(100)(day), "2026-01-01")
    give_rules(db, [{"id": "fall", "kind": "percent_change", **NET_SALES, "threshold_rate": 0.2}])
    assert judge(db, "incident_key") == []


def test_a_holiday_counts_as_holidays_did_and_grows_no_base(db: duckdb.DuckDBPyConnection) -> None:
    """Shops of 1,000 on weekdays and 1,500 at weekends have a week whose first three days are a holiday. Where such
    days were closed before, 5,000 is what 8,000 comes to; where they brought 1,500, it is a fall from 9,500; where
    nobody knows, a holiday counts no more than a workday, and 8,000 stays 8,000.
    """
    holiday(db, "2026-04-06", "2026-04-10")
    holiday(db, "2026-06-22", "2026-06-24")
    before, last = ({datetime.date.fromisoformat(first) + n * DAY for n in range(count)}
                    for first, count in (("2026-04-06", 5), ("2026-06-22", 3)))  # fmt: skip

    def shop(on_holidays: float) -> Callable[[datetime.date], float]:
        def sold(day: datetime.date) -> float:
            usual = 1000 if day.weekday() < 5 else 1500
            return on_holidays if day in before else 0 if day in last else usual

        return sold

    sell(db, "closed", shop(0), "2026-01-01")
    sell(db, "open", shop(1500), "2026-01-01")
    sell(db, "young", shop(0), "2026-04-13")
    give_rules(db, [{"id": "fall", "kind": "percent_change", **NET_SALES, "threshold_rate": 0.2}])
    told = judge(db, "subject_key, value, compared_value, comparison_rate")
    assert told == [
        ("fall|open", D(5000), D(9500), D(1.1875)),
        ("fall|young", D(5000), D(8000), D(1)),
    ]
    (closed,) = db.execute(
        "select compared_value from int_alert_periods_judged "
        f"where dimension_value = 'closed' and period_start_date = date '{LAST_MONDAY}'"
    ).fetchall()
    assert closed == (D(5000),)


def test_a_band_does_not_judge_a_week_without_a_workday(db: duckdb.DuckDBPyConnection) -> None:
    """An office that sold 300 once on a Saturday, and a shop that is open at weekends, are closed for a week: what a
    day off usually brings is told by weekends. A week of two workdays is judged.
    """
    holiday(db, "2026-06-15", "2026-06-19")
    holiday(db, "2026-06-22", "2026-06-24")
    closed = {LAST_MONDAY + n * DAY for n in range(-7, 3)}

    def sold(day: datetime.date) -> float:
        off = 300 if day == datetime.date(2026, 3, 14) else 0
        return 0 if day in closed else 10 * wave(day) if day.weekday() < 5 else off

    def shop(day: datetime.date) -> float:
        return wave(day) * (0 if day in closed and day < LAST_MONDAY else 0.3 if day in closed else 1)

    sell(db, "office", sold, "2025-01-01")
    sell(db, "fell", lambda day: sold(day) / (3 if day >= LAST_MONDAY else 1), "2025-01-01")
    sell(db, "shop", shop, "2025-01-01")
    give_rules(db, [{"id": "band", "kind": "seasonal_band", **NET_SALES}])
    told = judge(db, "dimension_value, period_start_date, is_breach", "int_alert_periods_judged")
    assert {row for row in told if row[2]} == {("fell", LAST_MONDAY, True)}
    assert {row[:2] for row in told if row[1] >= LAST_MONDAY - 7 * DAY} == {
        (member, LAST_MONDAY) for member in ("fell", "office", "shop")
    }


def china(db: duckdb.DuckDBPyConnection) -> set[datetime.date]:
    """Give the calendar that a company of China has by default, and return the days of its Spring Festivals."""
    about = {"company_id": "x", "name": {"en": "x", "zh": "x"}, "currency": "CNY", "time_zone": "Asia/Shanghai"}
    made = CompanyFile.model_validate(about | {"country": "CN"})
    company = Company.model_construct(folder=".", about=made, calendar=CalendarFile())
    for day in business_calendar.days(company, datetime.date(2023, 1, 1), datetime.date(2026, 12, 31)):
        db.execute(
            "update dim_dates set is_workday = ?, is_holiday = ? where date_day = ?",
            [day.is_workday, day.is_holiday, day.date_day],
        )
    closed = (("2024-02-10", 8), ("2025-01-28", 8), ("2026-02-15", 9))
    return {datetime.date.fromisoformat(first) + n * DAY for first, count in closed for n in range(count)}


@pytest.mark.parametrize("first", ["2023-03-01", "2024-06-01"])
def test_no_day_of_a_festival_is_a_fall(db: duckdb.DuckDBPyConnection, first: str) -> None:
    """A shop that was open on New Year's Day and the Saturday after it closes on all days of the Spring Festivals: each
    is held against days of the same one, and a band knows that holidays differ.
    """
    festival = china(db)
    sell(db, "shop", lambda day: 0 if day in festival else wave(day), first)
    sell(db, "sunk", lambda day: 0 if day in festival else wave(day) / (10 if day.year == 2026 else 1), first)
    db.execute("delete from kpi_values where period_end_date > date '2026-02-28'")
    rule = {"metric": "net_sales", "grain": "day", "dimension": "region"}
    give_rules(db, [{"id": "fall", "kind": "percent_change", "threshold_rate": 0.3, **rule},
                    {"id": "band", "kind": "seasonal_band", **rule}])  # fmt: skip
    with on("2026-02-21"):
        assert judge(db, "incident_key") == []
        told = judge(db, "rule_id, dimension_value, period_start_date, is_breach", "int_alert_periods_judged")
    breaches = {row[:3] for row in told if row[3]}
    assert not {row for row in breaches if row[1] == "shop"}
    # the first Thursday of 2026 is New Year's Day; Sunday, the 4th, is worked
    assert {row[2].day for row in breaches if row[0] == "fall" and row[2].year == 2026} == {5, 6, 7, 8, 9, 10, 11}
    held = {row[:3] for row in told}
    assert ("band", "shop", datetime.date(2026, 2, 21)) in held


def test_a_holiday_is_held_against_days_of_the_same_one(db: duckdb.DuckDBPyConnection) -> None:
    """The 8th of October 2025 against the 1st, which was the first day of that leave, and the 1st against none; no day
    of a Spring Festival against New Year's Day or the Saturday after it.
    """
    china(db)
    sell(db, "shop", wave, "2025-01-01")
    rule = {"metric": "net_sales", "grain": "day", "dimension": "region"}
    give_rules(db, [{"id": "fall", "kind": "percent_change", "threshold_rate": 0.3, **rule}])
    compared = dict(judge(db, "period_start_date, compared_start_date", "int_alert_periods_judged"))
    october = [compared.get(datetime.date(2025, 10, day)) for day in (1, 7, 8, 9)]
    assert october == [None, None, datetime.date(2025, 10, 1), datetime.date(2025, 9, 25)]
    february = [compared.get(datetime.date(2026, 2, day)) for day in (19, 20, 21, 22, 23)]
    assert february == [None, None, None, datetime.date(2026, 2, 15), datetime.date(2026, 2, 16)]


def test_a_year_before_is_the_same_weekdays(db: duckdb.DuckDBPyConnection) -> None:
    halved = {datetime.date(2026, 6, 22) + n * DAY for n in range(7)}
    sell(db, "north", lambda day: 50 if day in halved else 100, "2025-01-01")
    sell(db, "south", lambda day: 100, "2025-01-01")
    give_rules(db, [{"id": "year", "kind": "percent_change", **NET_SALES, "threshold_rate": 0.3,
                     "against": "year_before"}])  # fmt: skip
    assert judge(db, "subject_key, compared_start_date, reason_en") == [(
        "year|north", datetime.date(2025, 6, 23),
        "Net sales of north fell by 50 % in the week from 2026-06-22, from 700.00 a year before to 350.00.",
    )]  # fmt: skip


def test_a_rate_may_change_by_points(db: duckdb.DuckDBPyConnection) -> None:
    for member, before, now in (("four", 0.30, 0.26), ("three", 0.30, 0.27), ("up", 0.30, 0.36)):
        add(db, "return_rate", "week", LAST_MONDAY - 7 * DAY, member, before, 100)
        add(db, "return_rate", "week", LAST_MONDAY, member, now, 100)
    give_rules(db, [
        {"id": "worse", "kind": "percent_change", "metric": "return_rate", "grain": "week", "dimension": "region",
         "threshold_pp": 4},
        {"id": "better", "kind": "percent_change", "metric": "return_rate", "grain": "week", "dimension": "region",
         "threshold_pp": 4, "direction": "fall"},
    ])  # fmt: skip
    assert judge(db, "subject_key, change_pp, title_en") == [
        ("better|four", D(-4), "Return rate, four: -4 pp"), ("worse|up", D(6), "Return rate, up: 6 pp"),
    ]  # fmt: skip


def test_a_month_and_a_quarter_are_compared_with_as_many_workdays(db: duckdb.DuckDBPyConnection) -> None:
    """May has 21 workdays and April 22, the first quarter 64 and the last one of 2025 66: 70 after 100 on each workday
    are 1,470 after 2,200 that count for 2,100, and 60 after 100 are 3,840 after 6,600 that count for 6,400.
    """
    sell(db, "may", lambda day: on_workdays(70 if f"{day:%m}" == "05" else 100)(day), "2025-01-01")
    sell(db, "first", lambda day: on_workdays(60 if f"{day:%Y-%m}" in ("2026-01", "2026-02", "2026-03") else 100)(day),
         "2025-01-01")  # fmt: skip
    change = {"kind": "percent_change", **NET_SALES, "threshold_rate": 0.2}
    give_rules(db, [change | {"id": "month", "grain": "month"}, change | {"id": "quarter", "grain": "quarter"}])
    told = "subject_key, period_start_date, compared_start_date, comparison_rate, value, round(compared_value, 4)"
    assert judge(db, told + ", change_rate") == [
        ("month|may", datetime.date(2026, 5, 1), datetime.date(2026, 4, 1), D(0.95454545), 1470, 2100, D(-0.3)),
        ("quarter|first", datetime.date(2026, 1, 1), datetime.date(2025, 10, 1), D(0.96969697), 3840, 6400, D(-0.4)),
    ]  # fmt: skip


def test_a_year_before_is_the_same_weekday_of_a_day_and_the_same_month(db: duckdb.DuckDBPyConnection) -> None:
    """Sunday, 28 June 2026, is held against Sunday, 29 June 2025; May of 21 workdays against May of 22."""
    sell(db, "sunk", lambda day: WEEKLY_RHYTHM[day.weekday()] / (2 if day >= LAST_MONDAY + 6 * DAY else 1),
         "2025-01-01")  # fmt: skip
    sell(db, "less", lambda day: on_workdays(80 if day.year == 2026 else 100)(day), "2025-01-01")
    year = {"kind": "percent_change", **NET_SALES, "threshold_rate": 0.15, "against": "year_before"}
    give_rules(db, [year | {"id": "day", "grain": "day"}, year | {"id": "month", "grain": "month"}])
    told = "subject_key, compared_start_date, comparison_rate, value, round(compared_value, 4), change_rate, reason_en"
    assert judge(db, told) == [
        ("day|sunk", datetime.date(2025, 6, 29), 1, 140, 280, D(-0.5),
         "Net sales of sunk fell by 50 % on 2026-06-28, from 280.00 a year before to 140.00."),
        ("month|less", datetime.date(2025, 5, 1), D(0.95454545), 1680, 2100, D(-0.2),
         "Net sales of less fell by 20 % in the month from 2026-05-01, from 2,100.00 a year before to 1,680.00 (the "
         "month from 2025-05-01 had 22 workdays, this one 21; what it had counts times 0.95)."),
    ]  # fmt: skip


def heads(db: duckdb.DuckDBPyConnection, member: str, first: str, last_month: float) -> None:
    """Revenue per head by month, which has no days: a thousand on each workday, `last_month` on those of February."""
    db.execute(f"""
        insert into kpi_values
        select 'revenue_per_head', 'month', date_trunc('month', date_day), last_day(any_value(date_day)), 'region',
            '{member}', null, 1, sum(case when date_day < date '2026-02-01' then 1000 else {last_month} end *
                (1 + 0.02 * sin(month(date_day)))), true
        from dim_dates where is_workday and date_day between date '{first}' and date '2026-02-28' group by 3""")


def test_heads_sell_less_in_a_month_of_few_workdays(db: duckdb.DuckDBPyConnection) -> None:
    """January has 22 workdays, February of the Spring Festival 13: as productive as before is no fall, and no less than
    the band; 40 % less on each workday is both. A month of a head has no days, so those of net sales tell its weekends.
    """
    holiday(db, "2026-02-16", "2026-02-24")
    for member, last in (("fair", 1000), ("fell", 600)):
        sell(db, member, on_workdays(100), "2024-01-01")
        heads(db, member, "2024-01-01", last)
    metric = {"metric": "revenue_per_head", "grain": "month", "dimension": "region"}
    give_rules(db, [{"id": "band", "kind": "seasonal_band", **metric},
                    {"id": "fall", "kind": "percent_change", **metric, "threshold_rate": 0.15}])  # fmt: skip
    with on("2026-03-01"):
        found = judge(db, "subject_key, comparison_rate, compared_value, value")
    (band, *_, expected, value), fall = found
    assert (band, fall[:2]) == ("band|fell", ("fall|fell", D(0.59090909)))
    assert 12_600 < expected < 13_400 and 7_600 < value < 8_100
    assert fall[2] == pytest.approx(D(13 * 1000 * (1 + 0.02 * math.sin(1))), abs=D(0.01))


def products(db: duckdb.DuckDBPyConnection) -> None:
    """Products of a line that sells on workdays alone, by month up to February: a month without sales has no row."""
    sell(db, "milk", on_workdays(100), "2024-01-01", dimension="product_line")
    amounts = {
        "fair": "10", "fell": "case when date_day < date '2026-02-01' then 10 else 6 end",
        "gone": "case when date_day < date '2026-02-01' then 10 end",
        "ended": "case when date_day < date '2025-07-01' then 10 end",
        "long_ended": "case when date_day < date '2025-02-01' then 10 end",
    }  # fmt: skip
    for product, amount in amounts.items():
        db.execute(f"insert into dim_products values ('{product}', '{product.title()}', 'milk')")
        db.execute(f"""
            insert into kpi_values
            select 'net_sales', 'month', date_trunc('month', date_day), last_day(any_value(date_day)), 'product',
                '{product}', sum({amount}), null, sum({amount}), true
            from dim_dates where is_workday and date_day between date '2024-01-01' and date '2026-02-28'
            group by 3 having count({amount}) > 0""")


def test_a_product_is_judged_by_its_months_and_weighed_by_the_days_of_its_line(db: duckdb.DuckDBPyConnection) -> None:
    """January has 22 workdays, February of the Spring Festival 13, and that of the year before 20. What sold nothing in
    February fell by all; what sold nothing since June is 0 and has not fallen, and since January of last year is gone.
    """
    holiday(db, "2026-02-16", "2026-02-24")
    products(db)
    metric = {"metric": "net_sales", "grain": "month", "dimension": "product"}
    change = {"kind": "percent_change", **metric, "threshold_rate": 0.15}
    give_rules(db, [change | {"id": "month"}, change | {"id": "year", "against": "year_before"},
                    {"id": "little", "kind": "threshold", **metric, "threshold_value": 100},
                    {"id": "band", "kind": "seasonal_band", **metric}])  # fmt: skip
    with on("2026-03-01"):
        found = judge(db, "subject_key, comparison_rate, compared_value, value, change_rate")
        told = judge(db, "dimension_value, verdict, value", "kpi_alert_judgements")
        rows = db.execute("select dimension_value, count(*) from int_alert_periods_followed group by 1").fetchall()
    assert [row for row in found if not row[0].startswith("band")] == [
        ("little|ended", None, None, D(0), None), ("little|fell", None, None, D(78), None),
        ("little|gone", None, None, D(0), None),
        ("month|fell", D(0.59090909), D(129.9999998), D(78), D(-0.4)),
        ("month|gone", D(0.59090909), D(129.9999998), D(0), D(-1)),
        ("year|ended", D(0.65), D(130), D(0), D(-1)), ("year|fell", D(0.65), D(130), D(78), D(-0.4)),
        ("year|gone", D(0.65), D(130), D(0), D(-1)),
    ]  # fmt: skip
    assert {row[0] for row in found if row[0].startswith("band")} >= {"band|fell", "band|gone"}
    assert "band|fair" not in {row[0] for row in found}
    assert {row[0] for row in told} == {"ended", "fair", "fell", "gone"}
    assert dict(rows) == {"ended": 26, "fair": 26, "fell": 26, "gone": 26, "long_ended": 25}


def test_what_grows_with_the_days_has_days_to_be_weighed_by() -> None:
    for metric in registry().values():
        if metric.aggregation in ("sum", "distinct"):
            with duckdb.connect() as db:
                told_by = db.sql("select " + rendered("{{ told_by_days(\"'" + metric.id + "'\") }}", {})).fetchall()[0][
                    0
                ]
            told = registry()[told_by]
            assert "day" in told.grains and set(metric.dimensions) <= set(told.dimensions), metric.id
            with duckdb.connect() as db:
                listed = ", ".join(f"('{name}')" for name in ("total", *metric.by_month))
                weighed = rendered("{{ weighed_by('dimension_name') }}", {})
                by = {row[0] for row in db.sql(f"select {weighed} from (values {listed}) t(dimension_name)").fetchall()}
            assert by <= {"total", *told.dimensions}, metric.id


def test_less_than_nothing_can_fall_and_rise(db: duckdb.DuckDBPyConnection) -> None:
    """From -700, more refunds than sales: -1,050 is half of it less, -350 half of it more; beside 0 nothing changes."""
    for member, before, after in (("down", -100, -150), ("up", -100, -50), ("same", -100, -105), ("new", 0, 100)):
        sell(db, member, lambda day, b=before, a=after: b if day < LAST_MONDAY else a, "2026-01-01")
    change = {"kind": "percent_change", **NET_SALES, "threshold_rate": 0.2}
    give_rules(db, [change | {"id": "fall"}, change | {"id": "rise", "direction": "rise", "minimum_amount": 700},
                    change | {"id": "great", "minimum_amount": 701}])  # fmt: skip
    assert judge(db, "subject_key, change_rate, reason_en") == [
        ("fall|down", D(-0.5),
         "Net sales of down fell by 50 % in the week from 2026-06-22, from -700.00 to -1,050.00."),
        ("rise|up", D(0.5), "Net sales of up rose by 50 % in the week from 2026-06-22, from -700.00 to -350.00."),
    ]  # fmt: skip
    reasons = judge(db, "rule_id, dimension_value, not_judged_reason_en", "kpi_alert_trials")
    nothing = "every period is compared with 0, and beside nothing no change can be judged"
    assert [row for row in reasons if row[1] in ("down", "new")] == [
        ("fall", "down", None), ("fall", "new", nothing), ("great", "down", "every period is smaller than the minimum"),
        ("great", "new", nothing), ("rise", "down", None), ("rise", "new", nothing),
    ]  # fmt: skip


def test_a_breach_of_years_keeps_the_key_of_its_first_day(db: duckdb.DuckDBPyConnection) -> None:
    """A source that is stale on every day for longer than the two years of a trial is one alert each night."""
    last = datetime.date(2026, 6, 28)
    for place in range(760):
        add(db, "source_freshness_hours", "day", last - place * DAY, "crm", 50, dimension="source", days=1)
    give_rules(db, [{"id": "stale", "kind": "freshness", "threshold_value": 36, "cooldown_days": 14}])
    key = [(f"stale|crm|{last - 759 * DAY}",)]
    assert judge(db, "incident_key") == key
    assert judge(db, "judged_count, breach_count, alert_count", "kpi_alert_trials") == [(731, 731, 0)]
    with on("2026-06-29"):
        add(db, "source_freshness_hours", "day", last + DAY, "crm", 50, dimension="source", days=1)
        assert judge(db, "incident_key") == key


def test_a_trial_of_stalled_deals_counts_what_would_have_been_told_and_when(db: duckdb.DuckDBPyConnection) -> None:
    """Of twelve stays in the stage nine became too long. One of them was over on the last day of a mute and one left on
    the day after, so nobody is told; one that did so while it was muted is told on that day, as another one is; the
    newest five days. A deal that leaves on the day on which it would be too long is gone before a night can tell.
    """
    stays = [
        ("short", "2026-01-05", "2026-01-09", None), ("gone", "2026-01-05", "2026-02-10", "2026-02-05"),
        ("waits", "2026-01-05", None, "2026-02-05"), ("waits_too", "2026-01-05", "2026-02-11", "2026-02-10"),
        ("first", "2026-01-11", "2026-03-01", "2026-02-11"), ("a", "2026-02-01", None, "2026-03-04"),
        ("b", "2026-03-01", None, "2026-04-01"), ("c", "2026-04-01", None, "2026-05-02"),
        ("d", "2026-05-01", None, "2026-06-01"), ("e", "2026-05-28", None, "2026-06-28"),
        ("later", "2026-06-20", None, "2026-07-21"), ("same_day", "2026-03-10", "2026-04-10", "2026-04-10"),
    ]  # fmt: skip
    for key, entered, left, stalled in stays:
        row = (key, "offer", entered, left, stalled)
        db.execute(f"insert into int_opportunity_stages_timed values ({', '.join(map(alert_world.literal, row))})")
        db.execute(f"insert into fct_opportunities values ('{key}', {'null' if key == 'e' else 100})")
    mute = [{"from": "2026-02-01", "to": "2026-02-07", "reason": "Fair"},
            {"from": "2026-02-07", "to": "2026-02-10", "reason": "Fair"}]  # fmt: skip
    give_rules(db, [{"id": "all", "kind": "stalled_deals"}, {"id": "muted", "kind": "stalled_deals", "mute": mute},
                    {"id": "large", "kind": "stalled_deals", "minimum_amount": 50},
                    {"id": "huge", "kind": "stalled_deals", "minimum_amount": 500}])  # fmt: skip
    latest = "2026-06-28, 2026-06-01, 2026-05-02, 2026-04-01, 2026-03-04"
    told = "rule_id, dimension_value, judged_count, breach_count, muted_count, alert_count, last_alert_dates"
    assert judge(db, told, "kpi_alert_trials") == [
        ("all", "offer", 12, 9, 0, 9, latest),
        ("huge", "all", 0, 0, 0, 0, None),
        ("large", "offer", 11, 8, 0, 8, latest.removeprefix("2026-06-28, ") + ", 2026-02-11"),
        ("muted", "offer", 12, 9, 2, 7, latest),
    ]  # fmt: skip


def test_a_stalled_deal_of_which_nobody_says_the_amount_is_not_one_of_nothing(db: duckdb.DuckDBPyConnection) -> None:
    db.execute("""create or replace table int_opportunity_stages_timed as select *, 'open' as exit_type,
        1 as entry_number, 'r' as owner_rep_key, timestamp '2026-05-01' as entered_at,
        date '2026-05-01' as entered_date, 58 as stage_days,
        41 as stage_workdays, 'calendar' as limit_type, 30 as limit_days, date '2026-06-01' as stalled_date
        from (values ('crm:told', 'offer'), ('crm:untold', 'offer')) t(opportunity_key, stage)""")
    db.execute("""create or replace table fct_opportunities as select *, 'c' as customer_key, 'n' as region_key
        from (values ('crm:told', 5000, true), ('crm:untold', 0, false)) t(opportunity_key, amount, has_amount)""")
    give_rules(db, [{"id": "stuck", "kind": "stalled_deals"}])
    told = rows_of(db, "alert_stalled_deals", "opportunity_key, reason_en, reason_zh")
    assert [(row[1].split("; ")[1], row[2].split("；")[1]) for row in told] == [
        ("5,000.00 are at stake.", "涉及金额 5,000.00。"),
        ("nobody has said how much is at stake.", "未填写涉及金额。"),
    ]


def test_a_breach_within_the_cooldown_is_the_same_alert(db: duckdb.DuckDBPyConnection) -> None:
    for weeks, value in ((6, 0.3), (3, 0.3), (2, 0.3), (1, 0.1), (0, 0.3)):
        add(db, "return_rate", "week", LAST_MONDAY - 7 * weeks * DAY, "east", value, 50)
    rule = {"kind": "threshold", "metric": "return_rate", "grain": "week", "dimension": "region",
            "threshold_value": 0.2}  # fmt: skip
    give_rules(db, [{**rule, "id": "each"}, {**rule, "id": "once", "cooldown_days": 14}])
    assert judge(db, "incident_key, period_start_date") == [
        ("each|east|2026-06-22", LAST_MONDAY), ("once|east|2026-06-01", LAST_MONDAY)
    ]  # fmt: skip
    trials = judge(db, "rule_id, judged_count, breach_count, alert_count, last_alert_date", "kpi_alert_trials")
    assert trials == [
        ("each", 5, 4, 2, LAST_MONDAY), ("once", 5, 4, 1, datetime.date(2026, 5, 11))
    ]  # fmt: skip


def test_a_trial_counts_a_breach_that_goes_on_once(db: duckdb.DuckDBPyConnection) -> None:
    """Twelve weeks, one of them muted and one too small, are one; a week in order ends it, and the next one is new."""
    for weeks in range(14):
        add(db, "return_rate", "week", LAST_MONDAY - 7 * weeks * DAY, "east", 0.1 if weeks == 1 else 0.3,
            5 if weeks == 6 else 50)  # fmt: skip
    rule = {"id": "back", "kind": "threshold", "metric": "return_rate", "grain": "week", "dimension": "region",
            "threshold_value": 0.2, "minimum_count": 50}  # fmt: skip
    muted = {"from": "2026-05-31", "to": "2026-05-31", "reason": "Fair"}
    give_rules(db, [rule | {"mute": [muted]}])
    told = "judged_count, breach_count, muted_count, alert_count, last_alert_dates"
    dates = f"{LAST_MONDAY}, {LAST_MONDAY - 13 * 7 * DAY}"
    assert judge(db, told, "kpi_alert_trials") == [(13, 12, 1, 2, dates)]


def test_what_is_muted_tried_or_off_wakes_nobody(db: duckdb.DuckDBPyConnection) -> None:
    add(db, "return_rate", "week", LAST_MONDAY - 7 * DAY, "east", 0.3, 50)
    add(db, "return_rate", "week", LAST_MONDAY, "east", 0.3, 50)
    add(db, "return_rate", "week", LAST_MONDAY, "west", 0.3, 50)
    rule = {"kind": "threshold", "metric": "return_rate", "grain": "week", "dimension": "region",
            "threshold_value": 0.2}  # fmt: skip
    sale = {"from": "2026-06-28", "to": "2026-06-28", "reason": "Clearance sale"}
    give_rules(db, [
        {**rule, "id": "on", "members": ["east"]},
        {**rule, "id": "muted", "mute": [sale]},
        {**rule, "id": "tried", "state": "trial"},
        {**rule, "id": "off", "state": "off"},
    ])  # fmt: skip
    assert judge(db, "incident_key") == [("on|east|2026-06-22",)]
    found = judge(db, "rule_id, dimension_value, breach_count, muted_count, alert_count", "kpi_alert_trials")
    assert found == [
        ("muted", "east", 2, 1, 1), ("muted", "west", 1, 1, 0), ("on", "east", 2, 0, 1),
        ("tried", "east", 2, 0, 1), ("tried", "west", 1, 0, 1),
    ]  # fmt: skip


def test_a_rule_that_cannot_be_judged_says_why_and_leaves_the_others(db: duckdb.DuckDBPyConnection) -> None:
    alert_world.make_world(db, without=frozenset({"returns.quantity"}))
    sell(db, "north", lambda day: 100 if day < LAST_MONDAY else 0, "2026-05-01")
    change = {"kind": "percent_change", **NET_SALES, "threshold_rate": 0.2}
    give_rules(db, [
        {"id": "absent", "kind": "threshold", "metric": "return_rate", "grain": "week", "threshold_value": 0.2},
        {"id": "band", "kind": "seasonal_band", **NET_SALES},
        {"id": "fall", **change},
        {"id": "large", **change, "minimum_amount": 1000},
        {"id": "nobody", **change, "members": ["mars"]},
    ])  # fmt: skip
    assert judge(db, "incident_key") == [("fall|north|2026-06-22",)]
    assert judge(db, "rule_id, dimension_value, not_judged_reason_en", "kpi_alert_trials") == [
        ("absent", "all", "no source maps returns.quantity"),
        ("band", "north", "too little history"),
        ("fall", "north", None),
        ("large", "north", "every period is smaller than the minimum"),
        ("nobody", "all", "the metric has no complete period here"),
    ]


def test_a_metric_that_nobody_has_figures_of_any_more_is_no_news(db: duckdb.DuckDBPyConnection) -> None:
    add(db, "return_rate", "week", LAST_MONDAY - 28 * DAY, "east", 0.3, 50)
    give_rules(db, [{"id": "back", "kind": "threshold", "metric": "return_rate", "grain": "week", "dimension": "region",
                     "threshold_value": 0.2}])  # fmt: skip
    # a week of returns is mature after 30 days, and 28 more are waited for the next one
    assert judge(db, "incident_key") == [("back|east|2026-05-25",)]
    db.execute("update kpi_values set period_start_date = '2026-04-20', period_end_date = '2026-04-26'")
    assert judge(db, "incident_key") == []


def test_freshness_and_concentration_are_limits_of_their_metrics(db: duckdb.DuckDBPyConnection) -> None:
    add(db, "source_freshness_hours", "day", "2026-06-28", "crm", 40, dimension="source", days=1)
    add(db, "source_freshness_hours", "day", "2026-06-28", "shop", 35, dimension="source", days=1)
    add(db, "dirty_rate", "day", "2026-06-28", "shop", 0.06, 1000, dimension="source", days=1)
    add(db, "top3_customer_share", "month", "2026-05-01", "total", 0.8, 1000, dimension="total", days=31)
    add(db, "top3_customer_share", "month", "2026-05-01", "crm:P1", 0.8, 1000, dimension="product", days=31)
    add(db, "top3_customer_share", "month", "2026-05-01", "crm:P2", 0.9, 300, dimension="product", days=31)
    add(db, "top3_customer_share", "month", "2026-05-01", "crm:P3", 0.79, 1000, dimension="product", days=31)
    db.execute("insert into dim_products values ('crm:P1', 'Monitor', 'devices')")
    give_rules(db, [
        {"id": "stale", "kind": "freshness", "threshold_value": 36},
        {"id": "dirty", "kind": "quality", "threshold_value": 0.05},
        {"id": "few", "kind": "concentration", "threshold_value": 0.8},
        {"id": "few_of_one", "kind": "concentration", "dimension": "product", "threshold_value": 0.8,
         "minimum_amount": 500},
    ])  # fmt: skip
    assert judge(db, "incident_key, title_en") == [
        ("dirty|shop|2026-06-28", "Dirty rows, shop: 6 %"),
        ("few_of_one|crm:P1|2026-05-01", "Share of the top three customers, Monitor: 80 %"),
        ("few|total|2026-05-01", "Share of the top three customers: 80 %"),
        ("stale|crm|2026-06-28", "Source age, crm: 40 h"),
    ]


def test_three_customers_who_buy_80_percent_of_a_product_open_an_alert_and_79_do_not(
    db: duckdb.DuckDBPyConnection,
) -> None:
    """35 + 25 + 20 of 100, or 19 in place of the 20; the others bought 1 each. From the order lines to the alert."""
    bought = {"watched": (35, 25, 20, *[1] * 20), "spread": (35, 25, 19, *[1] * 21)}
    lines = ", ".join(
        f"('c{place}', '{product}', date '2026-05-11', 1, {amount}::decimal(18, 4), false)"
        for product, amounts in bought.items() for place, amount in enumerate(amounts)
    )  # fmt: skip
    names = "customer_key, product_key, order_date, quantity, net_amount, is_cancelled"
    db.execute(f"create table fct_order_lines as from (values {lines}) t({names})")
    db.execute("create table fct_returns(customer_key varchar, product_key varchar, return_date date, "
               "refund_amount decimal(18, 4), is_cancelled boolean)")  # fmt: skip
    db.execute("insert into dim_products values ('watched', 'Monitor', 'devices'), ('spread', 'Scale', 'devices')")
    for model in ("int_purchases_summed", "int_buyers_concentrated"):
        rows_of(db, model, "1")
    mart = rows_of(db, "kpi_sales_concentration", "scope_value, cr3_rate, hhi, is_concentrated")
    assert [row for row in mart if row[0] in bought] == [
        ("spread", D(0.79), D(2232), False), ("watched", D(0.8), D(2270), True),
    ]  # fmt: skip
    give_months(db)
    for model in ("int_customer_shares", "int_kpi_top3_customer_share"):
        rows_of(db, model, "1")
    db.execute("""
        insert into kpi_values by name
        select *, last_day(period_start_date) as period_end_date from int_kpi_top3_customer_share""")
    give_rules(db, [{"id": "few", "kind": "concentration", "dimension": "product", "threshold_value": 0.8}])
    assert judge(db, "incident_key, value, denominator, title_en") == [
        ("few|watched|2026-05-01", D(0.8), D(100), "Share of the top three customers, Monitor: 80 %")
    ]
    assert judge(db, "dimension_value, verdict", "kpi_alert_judgements") == [("spread", "quiet"), ("watched", "breach")]


def test_a_goal_is_behind_when_less_is_reached_than_was_due(db: duckdb.DuckDBPyConnection) -> None:
    """Of the 22 workdays of June 20 have passed; of a rate without a baseline all is due at once, and of one whose
    baseline is the number of an account nobody knows what is.
    """
    for goal, metric, aggregation, start in (
        ("slow", "net_sales", "sum", None), ("fair", "net_sales", "sum", None), ("rate", "win_rate", "ratio", None),
        ("over", "net_sales", "sum", None), ("absurd", "win_rate", "ratio", 9 * 10**16),
    ):  # fmt: skip
        first = "2026-05-01" if goal == "over" else "2026-06-01"
        due = "2026-05-31" if goal == "over" else "2026-06-30"
        aim = 1000 if start is None else "0.0001"
        asked = (metric, aggregation, "up", start, aim, None, first, due, True, "total", "total")
        row = (goal, goal.title(), goal, *asked)
        db.execute(f"insert into int_targets_judged values ({', '.join(map(alert_world.literal, row))})")
        reached = {"slow": 0.81, "fair": 0.82, "rate": 0.85, "over": 0.1, "absurd": 0.1}[goal]
        add(db, "quota_attainment", "day", "2026-06-28", goal, reached, 1000, dimension="target", days=1)
    give_rules(db, [
        {"id": "pace", "kind": "pace_behind_target", "threshold_rate": 0.1},
        {"id": "won", "kind": "pace_behind_target", "metric": "win_rate", "threshold_rate": 0.2},
    ])  # fmt: skip
    assert judge(db, "subject_key, value, compared_value, reason_en") == [
        ("pace|rate", D(0.85), D(1), "Rate: 85 % of the goal was reached on 2026-06-28, where 100 % was due."),
        (
            "pace|slow",
            D(0.81),
            D(0.90909091),
            "Slow: 81 % of the goal was reached on 2026-06-28, where 90.9 % was due.",
        ),
    ]


def goal(db: duckdb.DuckDBPyConnection, name: str, first: str, due: str, reached: float) -> None:
    """A goal of 1,000 from a day to another, and which share of it is reached on the business date."""
    row = (name, name.title(), name, "net_sales", "sum", "up", None, 1000, None, first, due, True, "total", "total")
    db.execute(f"insert into int_targets_judged values ({', '.join(map(alert_world.literal, row))})")
    add(db, "quota_attainment", "day", "2026-06-28", name, reached, 1000, dimension="target", days=1)


def test_a_goal_is_paced_by_days_where_workdays_do_not_tell(db: duckdb.DuckDBPyConnection) -> None:
    """A campaign on days off alone, of whose 11 days 9 are gone, and a goal that ends where the calendar does not reach
    to, of whose 1,643 days 910 are gone; as int_targets_paced has it.
    """
    holiday(db, "2026-06-20", "2026-06-30")
    for name, first, due in (("campaign", "2026-06-20", "2026-06-30"), ("long", "2024-01-01", "2028-06-30"),
                             ("june", "2026-06-01", "2026-07-03"), ("early", "2022-06-01", "2026-12-31")):  # fmt: skip
        goal(db, name, first, due, 0.01)
    give_rules(db, [{"id": "pace", "kind": "pace_behind_target", "threshold_rate": 0.1}])
    told = dict(judge(db, "dimension_value, compared_value"))
    # of June and three days of July 18 days are worked, and 15 of them have passed
    shares = {"campaign": 9 / 11, "long": 910 / 1643, "june": 15 / 18, "early": 1489 / 1675}
    assert told == {name: D(share) for name, share in shares.items()}
    paced = dict(rows_of(db, "int_targets_paced", "target_id, expected_progress_rate"))
    assert {name: round(share, 8) for name, share in paced.items()} == told
    reason = dict(judge(db, "dimension_value, reason_en"))["campaign"]
    assert reason == "Campaign: 1 % of the goal was reached on 2026-06-28, where 81.8 % was due."


def test_a_goal_is_judged_once_a_week_or_half_of_its_time_is_over(db: duckdb.DuckDBPyConnection) -> None:
    """On the sixth day of four weeks nothing is said, on the seventh it is; of a week it is on the fourth."""
    for name, first, due in (
        ("sixth", "2026-06-23", "2026-07-20"), ("seventh", "2026-06-22", "2026-07-19"),
        ("third", "2026-06-26", "2026-07-02"), ("fourth", "2026-06-25", "2026-07-01"),
    ):  # fmt: skip
        goal(db, name, first, due, 0.01)
    give_rules(db, [{"id": "pace", "kind": "pace_behind_target", "threshold_rate": 0.1}])
    assert judge(db, "dimension_value") == [("fourth",), ("seventh",)]


def wave(day: datetime.date) -> float:
    """A thousand on workdays and 300 on days off, give or take some per cent that repeat only after 11 days."""
    return (1000 if day.weekday() < 5 else 300) * (1 + 0.05 * math.sin(day.toordinal() * 2 * math.pi / 11))


def test_a_band_is_what_days_of_its_kind_were_before(db: duckdb.DuckDBPyConnection) -> None:
    """A Sunday at 300 is usual, at 100 it is not; a holiday is held against holidays and not against Fridays."""
    holiday(db, "2026-06-26", "2026-06-26")
    sell(db, "calm", wave, "2025-06-01")
    sell(db, "sunk", lambda day: 100 if day == LAST_MONDAY + 6 * DAY else wave(day), "2025-06-01")
    sell(db, "closed", lambda day: 0 if day == LAST_MONDAY + 4 * DAY else wave(day), "2025-06-01")
    give_rules(db, [{"id": "band", "kind": "seasonal_band", **NET_SALES, "grain": "day"}])
    (only,) = judge(db, "subject_key, value, compared_value, lower_value, upper_value")
    assert only[:2] == ("band|sunk", D(100))
    assert 285 < only[2] < 315 and 220 < only[3] < 280 < 320 < only[4] < 390
    tried = judge(db, "dimension_value, period_count, judged_count, alert_count, expected_false_count",
                  "kpi_alert_trials")  # fmt: skip
    # 8 weeks of each weekday, 20 workdays and as many days off beyond them, and the holiday are not judged
    assert [row[0] for row in tried] == ["calm", "closed", "sunk"]
    assert [row[3] for row in tried] == [0, 0, 1]
    assert tried[0][2] == 393 - 40 - 20 - 16 - 20 - 1 and tried[0][4] == D(tried[0][2] * 0.001)


def test_a_band_knows_nothing_of_the_period_it_judges_or_of_later_ones(db: duckdb.DuckDBPyConnection) -> None:
    sell(db, "east", wave, "2025-06-01")
    give_rules(db, [{"id": "band", "kind": "seasonal_band", **NET_SALES, "grain": "day"}])
    bounds = "period_start_date, lower_value, upper_value"
    before = {row[0]: row for row in judge(db, bounds, "int_alert_periods_judged")}
    day = datetime.date(2026, 5, 20)
    for odd in (5, 9000):
        db.execute(f"update kpi_values set value = {odd} where period_start_date >= date '{day}'")
        after = {row[0]: row for row in judge(db, bounds, "int_alert_periods_judged")}
        assert all(after[date] == row for date, row in before.items() if date <= day)
        assert any(after[date] != row for date, row in before.items() if date > day)


def test_a_band_learns_a_fall_and_its_incident_is_held_against_the_band_of_before(
    db: duckdb.DuckDBPyConnection,
) -> None:
    """Half as much for eight weeks: of the eight weeks before the sixth of them five are low, so it is as usual."""
    fell = LAST_MONDAY - 49 * DAY
    sell(db, "east", lambda day: wave(day) / (2 if day >= fell else 1), "2025-01-01")
    give_rules(db, [{"id": "band", "kind": "seasonal_band", **NET_SALES}])
    told = judge(db, "period_start_date, is_breach, value, lower_value", "int_alert_periods_judged")
    weeks = [row for row in told if row[0] >= fell]
    assert [row[1] for row in weeks] == [True] * 5 + [False] * 3
    db.execute(
        "create table int_incident_subjects_known as select 'i' as incident_key, 'band|east' as subject_key, "
        f"'band' as rule_id, date '{fell}' as first_period_start_date, date '{fell + 28 * DAY}' as period_start_date, "
        "true as is_open, true as is_standing, false as is_late"
    )
    db.execute(f"create table levels as {sql_of('int_incident_levels_measured')}")
    [(later, value, edge, *known)] = db.execute(
        "select later_count, value, base_value, is_still_off, is_new_level from levels"
    ).fetchall()
    # what a day off counts beside a workday is measured anew each week, which moves the edge a little
    assert (later, value, float(edge)) == (7, weeks[7][2], pytest.approx(float(weeks[0][3]), rel=0.001))
    assert known == [True, False] and weeks[7][3] <= value < edge


@pytest.mark.parametrize(
    ("usual", "now", "ends"),
    [((0, 0.03, 0.01, 0.05, 0.02), 0.4, ("0 %", None)), ((1, 0.97, 0.99, 0.95, 0.98), 0.6, (None, "100 %"))],
)
def test_a_band_of_a_share_ends_at_none_and_at_all(
    db: duckdb.DuckDBPyConnection, usual: tuple[float, ...], now: float, ends: tuple[str | None, str | None]
) -> None:
    """2 % give or take 4 are 0 to 6, not -2 to 6; and 98 % are 94 to 100."""
    for week in range(60):
        value = usual[week % 5] if week else now
        add(db, "visit_completion_rate", "week", LAST_MONDAY - 7 * week * DAY, "east", value, 100)
    give_rules(db, [{"id": "b", "kind": "seasonal_band", "metric": "visit_completion_rate", "grain": "week",
                     "dimension": "region", "direction": "rise" if now < 0.5 else "fall"}])  # fmt: skip
    ((lower, upper, reason),) = judge(db, "lower_value, upper_value, reason_en")
    assert (lower == 0, upper == 1) == tuple(end is not None for end in ends)
    assert all(end in reason for end in ends if end)


def test_a_band_of_weeks_is_of_like_weeks(db: duckdb.DuckDBPyConnection) -> None:
    """A week of three workdays that sells as much a day as others did is usual."""
    holiday(db, "2026-06-22", "2026-06-23")
    closed = {LAST_MONDAY, LAST_MONDAY + DAY}
    sell(db, "east", lambda day: 0 if day in closed or day.weekday() > 4 else wave(day), "2025-01-01")
    sell(db, "west", lambda day: 0 if day >= LAST_MONDAY or day.weekday() > 4 else wave(day), "2025-01-01")
    give_rules(db, [{"id": "band", "kind": "seasonal_band", **NET_SALES}])
    ((subject, expected),) = judge(db, "subject_key, compared_value")
    assert subject == "band|west" and 2900 < expected < 3100


# How many standard deviations one of a thousand lies beyond: of a normal distribution z = 3.0902, of Student's t with
# d = 0.37n degrees z + (z^3 + z) / 4d + (5z^5 + 16z^3 + 3z) / 96d^2, of 60 misses (days) and of 52 (weeks).
BEYOND_OF_60, BEYOND_OF_52 = 3.4973, 3.5670


def test_what_is_the_same_every_day_is_judged_by_what_one_more_makes(db: duckdb.DuckDBPyConnection) -> None:
    """100 on every day: the root is 10, and chance moves the root of a count by a half."""
    last = LAST_MONDAY + 6 * DAY
    for member, value in (("closed", 0), ("low", 68), ("usual", 69)):
        sell(db, member, lambda day, v=value: v if day == last else 100, "2025-01-01")
    band = {"kind": "seasonal_band", **NET_SALES, "grain": "day"}
    give_rules(db, [band | {"id": "fall"}, band | {"id": "rise", "direction": "rise"}])
    lower, upper = (10 - BEYOND_OF_60 / 2) ** 2, (10 + BEYOND_OF_60 / 2) ** 2
    found = judge(db, "subject_key, compared_value, lower_value::double, upper_value::double")
    assert [row[:2] for row in found] == [("fall|closed", 100), ("fall|low", 100)]
    assert found[0][2:] == found[1][2:] == pytest.approx((lower, upper), abs=0.01)


def test_a_few_leads_less_are_judged_as_counts_are(db: duckdb.DuckDBPyConnection) -> None:
    """Of 4 leads a day chance makes none in one of 55 days (e to the -4), of 7 in one of 1,097, and at most one of 9 in
    one of 810: the first is usual, and the others are not.
    """
    last = LAST_MONDAY + 6 * DAY
    for usual, value in ((4, 0), (7, 0), (9, 1), (9, 2)):
        sell(db, f"{value} of {usual}", lambda day, u=usual, v=value: v if day == last else u, "2025-01-01")
    db.execute("update kpi_values set metric_id = 'new_leads'")
    give_rules(db, [{"id": "band", "kind": "seasonal_band", **NET_SALES, "metric": "new_leads", "grain": "day"}])
    found = judge(db, "dimension_value, lower_value::double, upper_value::double")
    assert [member for member, *_ in found] == ["0 of 7", "1 of 9"]
    for (_, lower, upper), usual in zip(found, (7, 9), strict=True):
        assert lower == pytest.approx((math.sqrt(usual + 3 / 8) - BEYOND_OF_60 / 2) ** 2 - 3 / 8, abs=0.01)
        assert upper == pytest.approx((math.sqrt(usual) + BEYOND_OF_60 / 2) ** 2, abs=0.01)


def late_entries(db: duckdb.DuckDBPyConnection, member: str, last: float, odd: float = 1, every: int = 3) -> None:
    """Weekly rates of 200 entries each: all in time, but for a share in every third week, and for the last week's."""
    for weeks in range(70):
        value = last if weeks == 0 else odd if weeks % every == 0 else 1
        add(db, "entry_within_24h_rate", "week", LAST_MONDAY - 7 * weeks * DAY, member, value, 200, dimension="team")


def test_a_rate_that_is_always_whole_is_judged_by_the_record(db: duckdb.DuckDBPyConnection) -> None:
    """Of 200 entries one is 0.5 points: the band ends 1.78 points below 100 %, so four late ones are an alert. Where
    every third week had 95 %, 17 of the last 52 were 5 points off: 95 % is usual, and 85 % is not.
    """
    late_entries(db, "four", 0.98)
    late_entries(db, "three", 0.985)
    late_entries(db, "usual", 0.95, odd=0.95)
    late_entries(db, "odd", 0.85, odd=0.95)
    give_rules(db, [{"id": "band", "kind": "seasonal_band", "metric": "entry_within_24h_rate", "grain": "week",
                     "dimension": "team"}])  # fmt: skip
    found = judge(db, "subject_key, lower_value")
    assert [subject for subject, _ in found] == ["band|four", "band|odd"]
    assert float(found[0][1]) == pytest.approx(1 - BEYOND_OF_52 / 200, abs=1e-5)
    assert float(found[1][1]) == pytest.approx(1 - BEYOND_OF_52 * math.sqrt(17 / 52) * 0.05, abs=1e-4)
    judged = judge(db, "dimension_value, judged_count, not_judged_reason_en", "kpi_alert_trials")
    assert judged == [(member, 70 - 8 - 20, None) for member in ("four", "odd", "three", "usual")]


@pytest.mark.parametrize(("pieces", "piece"), [((1,), 1), ((500,), 500), ((100, 900), 820)])
def test_what_is_mostly_nothing_comes_in_pieces(
    db: duckdb.DuckDBPyConnection, pieces: tuple[float, ...], piece: float
) -> None:
    """A sale on every fifth Sunday: a half of the root of a sale is chance, so that up to 3.06 of them a day are. Where
    100 and 900 take turns a sale is (100² + 900²) / (100 + 900).
    """
    last = LAST_MONDAY + 6 * DAY
    for member, count in (("three", 3), ("four", 4), ("forty", 40)):
        rare = {last - 35 * place * DAY: pieces[place % len(pieces)] for place in range(1, 25)} | {last: count * piece}
        sell(db, member, lambda day, sold=rare: sold.get(day, 0), "2024-06-01")
    give_rules(db, [{"id": "band", "kind": "seasonal_band", **NET_SALES, "grain": "day", "direction": "rise"}])
    upper = (BEYOND_OF_60 / 2) ** 2 * piece
    found = judge(db, "subject_key, upper_value")
    assert [subject for subject, _ in found] == ["band|forty", "band|four"]
    assert [float(edge) for _, edge in found] == pytest.approx([upper, upper], rel=1e-3)


def test_a_member_whose_newest_period_is_not_judged_says_why(db: duckdb.DuckDBPyConnection) -> None:
    """A holiday of few like it has no band and no day to be held against; what was nothing is no base, and one that was
    little is too small.
    """
    last = LAST_MONDAY + 6 * DAY
    holiday(db, "2026-06-26", "2026-06-26")
    db.execute(f"update dim_dates set is_holiday = true where date_day = '{last}'")
    before = LAST_MONDAY - DAY
    sell(db, "little", lambda day: wave(day) / (10 if before - 6 * DAY <= day <= before else 1), "2025-01-01")
    sell(db, "nothing", lambda day: 0 if before - 6 * DAY <= day <= before else wave(day), "2025-01-01")
    change = {"kind": "percent_change", **NET_SALES, "threshold_rate": 0.5}
    give_rules(db, [{"id": "band", "kind": "seasonal_band", **NET_SALES, "grain": "day"},
                    change | {"id": "day", "grain": "day"},
                    change | {"id": "week", "minimum_amount": 1000}])  # fmt: skip
    told = judge(db, "rule_id, dimension_value, judged_count > 20, not_judged_reason_en", "kpi_alert_trials")
    assert told == [
        ("band", member, True, "the newest period has too little history of its kind, or no day that counts")
        for member in ("little", "nothing")
    ] + [
        ("day", member, True, "the newest period has no earlier one to compare it with")
        for member in ("little", "nothing")
    ] + [
        ("week", "little", True, "the newest period is smaller than the minimum"),
        ("week", "nothing", True,
         "the newest period is compared with 0, and beside nothing no change can be judged"),
    ]  # fmt: skip


def test_results_do_not_depend_on_the_order_of_rows(db: duckdb.DuckDBPyConnection) -> None:
    sell(db, "east", wave, "2025-06-01")
    sell(db, "west", lambda day: wave(day + 3 * DAY), "2025-06-01")
    give_rules(db, [
        {"id": "band", "kind": "seasonal_band", **NET_SALES, "grain": "day", "false_rate": 0.1},
        {"id": "fall", "kind": "percent_change", **NET_SALES, "threshold_rate": 0.01, "cooldown_days": 21},
    ])  # fmt: skip
    first = judge(db, "*", "int_alert_periods_judged")
    db.execute("create table turned as from kpi_values order by hash(value)")
    db.execute("create or replace table kpi_values as from turned")
    assert judge(db, "*", "int_alert_periods_judged") == first and len(first) > 400
