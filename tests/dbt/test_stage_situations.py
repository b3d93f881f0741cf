"""Histories of stages as CRMs leave them: closing stages, no order, equal orders, deals that come back."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal as D

import duckdb
import pytest
from lone_models import give_hours, on, rows_of
from test_lone_figures import CALENDAR, funnel

from sales_warehouse.company.funnel import Stages
from sales_warehouse.sql import literal

JUNE = datetime.date(2026, 6, 1)
Deal = tuple[str, str | None]  # its status, and when in June it was closed
Event = tuple[str, str, str, int | None]  # deal, when in June it entered the stage, the stage, its place


@pytest.fixture
def db() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(CALENDAR.format(holidays="[date '2026-06-19']"))
    connection.execute("create table fct_leads(lead_key varchar, lead_status varchar, created_date date)")
    give_stages(connection, Stages())
    return connection


def put_rows(db: duckdb.DuckDBPyConnection, table: str, schema: str, rows: Iterable[tuple]) -> None:
    db.execute(f"create or replace table {table} ({schema})")
    if values := ", ".join(f"({', '.join(map(literal, row))})" for row in rows):
        db.execute(f"insert into {table} values {values}")


def give_stages(db: duckdb.DuckDBPyConnection, stages: Stages) -> None:
    put_rows(db, "stg_settings__deal_stages", "stage_word varchar, stage_place int, is_closing bool", stages.rows())


def give_limits(db: duckdb.DuckDBPyConnection, *limits: tuple[str, str, int]) -> None:
    put_rows(db, "stg_settings__stall_limits", "stage varchar, limit_type varchar, limit_days int", limits)


def give_deals(db: duckdb.DuckDBPyConnection, deals: dict[str, Deal], events: Iterable[Event]) -> None:
    put_rows(
        db, "fct_opportunities",
        "opportunity_key varchar, lead_key varchar, opportunity_status varchar, created_date date, closed_date date, "
        "closed_at timestamp, amount decimal(18, 4), owner_rep_key varchar, learnt_at timestamp",
        [(deal, None, status, JUNE, closed and f"2026-06-{closed[:2]}", closed and f"2026-06-{closed}", 1, "r", None)
         for deal, (status, closed) in deals.items()],
    )  # fmt: skip
    put_rows(
        db, "int_opportunity_stage_events_deduplicated",
        "opportunity_key varchar, entered_at timestamp, stage varchar, stage_order int, is_deleted bool, "
        "amount decimal(18, 4), source varchar, recorded_at timestamp, _changed_load_id varchar",
        [(deal, f"2026-06-{entered}", stage, place, False, 1, "crm", None, "L0")
         for deal, entered, stage, place in events],
    )  # fmt: skip


def stays(db: duckdb.DuckDBPyConnection, columns: str) -> list[tuple]:
    """Columns of the stays in stages that the histories come to."""
    rows_of(db, "int_deal_stages_placed", "stage")
    rows_of(db, "int_opportunity_stages_sequenced", "stage")
    db.execute("""
        create or replace table fct_opportunity_stage_events as
        select *, entered_at::date as entered_date, left_at::date as left_date, null::date as stalled_date,
            false as is_stalled, 'default' as schedule_id
        from int_opportunity_stages_sequenced""")
    return db.execute(
        f"select {columns} from fct_opportunity_stage_events order by opportunity_key, entered_at"
    ).fetchall()


def exits(db: duckdb.DuckDBPyConnection) -> Counter[tuple]:
    """How often which stage was left in which way."""
    return Counter(stays(db, "stage, exit_type"))


def hundred(
    closed: str | None = "20 02:00", *, count: int = 100, has_order: bool = True, first: str = "negotiation",
    names: tuple[str, str] = ("closedlost", "closedwon"),
) -> tuple[dict[str, Deal], list[Event]]:  # fmt: skip
    """Of 100 deals 47 are lost and 53 won, and on 20 June the CRM puts each into a stage that says so."""
    deals: dict[str, Deal] = {f"{n:03}": ("lost" if n < 0.47 * count else "won", closed) for n in range(count)}
    events: list[Event] = []
    for deal, (status, _) in deals.items():
        events.append((deal, "01 02:00", first, 1 if has_order else None))
        name, place = (names[0], 3) if status == "lost" else (names[1], 2)
        events.append((deal, "20 02:00", name, place if has_order else None))
    return deals, events


LOST_AND_WON = Counter({("negotiation", "lost"): 47, ("negotiation", "won"): 53})


@pytest.mark.parametrize("has_order", [True, False], ids=["with an order of stages", "without one"])
def test_47_of_100_are_lost_in_every_mart_where_the_crm_has_a_stage_for_the_lost(
    db: duckdb.DuckDBPyConnection, has_order: bool
) -> None:
    """Each for 19 days in the negotiation, from 1 to 20 June; the funnel has no step that is called closedlost."""
    give_deals(db, *hundred(has_order=has_order))
    assert exits(db) == LOST_AND_WON
    told = rows_of(db, "int_kpi_stage_loss_rate", "dimension_value, numerator, denominator, value")
    assert told == [("negotiation", 47, 100, D("0.47")), ("total", 47, 100, D("0.47"))]
    db.execute("create table dim_sales_reps(rep_key varchar)")
    give_hours(db)
    give_limits(db, ("*", "calendar", 30))
    told = rows_of(db, "int_kpi_stage_dwell_days", "metric_id, dimension_value, numerator, denominator, value")
    assert [row[1:] for row in told if row[0] == "stage_dwell_days"] == [
        ("negotiation", 1900, 100, 19), ("total", 1900, 100, 19),
    ]  # fmt: skip
    assert [row[1:] for row in funnel(db)] == [
        ("negotiation", 100, 53, 47, 0), ("opportunity", 100, 100, 0, 0), ("won", 53, 0, 0, 53),
    ]  # fmt: skip
    for model in ("int_funnel_steps_passed", "int_funnel_periods_compared"):
        rows_of(db, model, "step")
    steps = rows_of(
        db, "kpi_funnel_steps",
        "period_grain, step_level, step, entered_count, converted_count, advanced_count, lost_count, loss_rate, "
        "dwell_median_days",
    )  # fmt: skip
    assert [row for row in steps if row[1] == "stage"] == [
        (grain, "stage", "negotiation", 100, 53, 53, 47, D("0.47"), 19) for grain in ("month", "quarter")
    ]


@pytest.mark.parametrize("closed", ["20 00:00", "30 09:00", "19 00:00", None], ids=[
    "dated by the day", "dated by hand, days later", "dated a day before", "closed nobody knows when",
])  # fmt: skip
def test_a_closing_stage_is_none_whatever_day_the_deal_was_closed(
    db: duckdb.DuckDBPyConnection, closed: str | None
) -> None:
    give_deals(db, *hundred(closed))
    assert exits(db) == LOST_AND_WON
    days = {"20 00:00": D("18.916667"), "30 09:00": D("29.291667"), "19 00:00": D("17.916667"), None: D(19)}
    assert set(stays(db, "dwell_days")) == {(days[closed],)}  # who says no day has the one of the history


CLOSED, SIGNED = ("4711", "4712"), ("丢了", "签了")
NONE_BUT_ENDINGS = {
    "of any name, where deals do nothing in it but end": (LOST_AND_WON, hundred(names=CLOSED), Stages()),
    "called so by the company, by its own dates too": (
        LOST_AND_WON, hundred("30 09:00", names=SIGNED), Stages(closing=SIGNED),
    ),
    "not by what nine deals did, which is too little to know": (
        {("negotiation", "advanced"): 9, ("4711", "lost"): 5, ("4712", "won"): 4}, hundred(count=9, names=CLOSED),
        Stages(),
    ),
    "not where the company says that it is a stage": (
        {("negotiation", "advanced"): 100, ("closedlost", "lost"): 47, ("closedwon", "won"): 53}, hundred(),
        Stages(living=("Closed-Lost", "Closed Won")),
    ),
    "not one in which deals are won and lost, though on its first day": (
        {("talk", "advanced"): 100, ("negotiation", "lost"): 47, ("negotiation", "won"): 53},
        hundred(names=("negotiation", "negotiation"), first="talk", has_order=False), Stages(),
    ),
    "not the only one that deals have": (
        {("4711", "lost"): 47, ("4712", "won"): 53},
        (hundred()[0], [event for event in hundred(names=CLOSED)[1] if event[1] == "20 02:00"]), Stages(),
    ),
    "not one in which deals were before they were closed": (
        {("negotiation", "advanced"): 100, ("4711", "lost"): 47, ("4712", "won"): 53},
        hundred("22 02:00", names=CLOSED), Stages(),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("left", "given", "stages"), NONE_BUT_ENDINGS.values(), ids=NONE_BUT_ENDINGS.keys())
def test_a_stage_is_an_outcome(db: duckdb.DuckDBPyConnection, left: dict, given: tuple, stages: Stages) -> None:
    give_stages(db, stages)
    give_deals(db, *given)
    assert exits(db) == left


def test_a_deal_that_is_opened_again_was_in_no_stage_while_it_was_closed(db: duckdb.DuckDBPyConnection) -> None:
    """Back talked for 4 days, was lost on the 5th, talked from the 7th for 4 more and was won; other went on to an
    offer instead. Open is lost by its history and open by its status; straight was won as it came."""
    give_deals(
        db,
        {"back": ("won", None), "open": ("open", None), "other": ("lost", "09 02:00"), "straight": ("won", "02 02:00")},
        [("back", "01 02:00", "talk", 1), ("back", "05 02:00", "Closed Lost", 9), ("back", "07 02:00", "talk", 1),
         ("back", "11 02:00", "Closed Won", 8), ("back", "12 02:00", "Closed Won", 8),
         ("open", "01 02:00", "talk", 1), ("open", "05 02:00", "Closed Lost", 9),
         ("other", "01 02:00", "talk", 1), ("other", "05 02:00", "Closed Lost", 9), ("other", "06 02:00", "Lost", 9),
         ("other", "07 02:00", "offer", 2), ("other", "09 02:00", "Closed Lost", 9),
         ("straight", "02 02:00", "Closed Won", 8)],
    )  # fmt: skip
    assert stays(db, "opportunity_key, stage, entry_number, exit_type, is_regression, dwell_days") == [
        ("back", "talk", 1, "reopened", False, 4), ("back", "talk", 2, "won", False, 4),
        ("open", "talk", 1, "open", False, D("27.416667")),
        ("other", "talk", 1, "advanced", False, 4), ("other", "offer", 1, "lost", False, 2),
    ]  # fmt: skip
    assert rows_of(db, "int_kpi_stage_loss_rate", "dimension_value, numerator, denominator") == [
        ("offer", 1, 1), ("talk", 0, 2), ("total", 1, 3),
    ]  # fmt: skip
    assert [row[1:] for row in funnel(db)] == [
        ("offer", 1, 0, 1, 0), ("opportunity", 4, 4, 0, 0), ("talk", 3, 2, 0, 1), ("won", 2, 0, 0, 2),
    ]  # fmt: skip


# How many days a deal that was lost after four days of the proposal has been where by the 29th, by how it goes on.
LOST_IN_THE_PROPOSAL: list[Event] = [("d", "01 02:00", "proposal", 1), ("d", "05 02:00", "Closed Lost", 9)]
OPENED_AGAIN = {
    "in a later stage": ([("d", "25 02:00", "negotiation", 2)], [("proposal", 4), ("negotiation", 4)]),
    "in the same one": ([("d", "25 02:00", "proposal", 1)], [("proposal", 4), ("proposal", 8)]),
}


@pytest.mark.parametrize(("events", "days"), OPENED_AGAIN.values(), ids=OPENED_AGAIN.keys())
def test_days_on_which_a_deal_was_closed_make_it_stand_still_nowhere(
    events: list[Event], days: list[tuple], db: duckdb.DuckDBPyConnection
) -> None:
    """A limit of 6 days: the 20 on which it was closed would be too many; the third after that, the 28th, is day 7."""
    give_deals(db, {"d": ("open", None)}, [*LOST_IN_THE_PROPOSAL, *events])
    db.execute("create table dim_sales_reps(rep_key varchar)")
    give_limits(db, ("*", "calendar", 6))
    give_hours(db)
    stays(db, "stage")
    with on("2026-06-29"):
        told = rows_of(db, "int_opportunity_stages_timed", "entered_at, stage, stage_days, stalled_date")
    assert [(stage, in_all) for _, stage, in_all, _ in told] == days
    stalled = [f"{day}" for *_, day in told if day]
    assert stalled == (["2026-06-28"] if days[1] == ("proposal", 8) else [])


def test_a_share_of_stalled_stays_is_mature_when_the_youngest_can_be_no_longer_than_allowed(
    db: duckdb.DuckDBPyConnection,
) -> None:
    """Stays of May: those of the 31st, a Sunday, may last 30 days, 60 or 15 workdays, of which 22 June is the 16th.

    In all they are mature with the longest of these; a stage that has a limit and no stay delays nothing.
    """
    db.execute("create table dim_sales_reps(rep_key varchar)")
    give_hours(db)
    give_limits(db, ("*", "calendar", 30), ("long", "calendar", 60), ("work", "business", 15),
                ("never", "calendar", 400))  # fmt: skip
    put_rows(
        db, "fct_opportunity_stage_events",
        "opportunity_key varchar, stage varchar, entered_date date, dwell_days double, is_stalled bool, "
        "schedule_id varchar",
        [(stage, stage, "2026-05-31", 1, False, "default") for stage in ("usual", "long", "work")],
    )  # fmt: skip

    def mature(day: str) -> set[str]:
        with on(day):
            told = rows_of(db, "int_kpi_stage_dwell_days", "metric_id, period_start_date, dimension_value, is_matured")
        return {f"{row[2]}" for row in told if row[:2] == ("stage_stalled_rate", datetime.date(2026, 5, 1)) and row[3]}

    assert mature("2026-06-21") == set()
    assert mature("2026-06-22") == mature("2026-06-30") == {"work"}
    assert mature("2026-07-01") == mature("2026-07-30") == {"work", "usual"}
    assert mature("2026-07-31") == {"work", "usual", "long", "total"}


def test_a_deal_goes_on_from_a_stage_when_it_is_opened_again_and_not_when_it_was_lost(
    db: duckdb.DuckDBPyConnection,
) -> None:
    """Lost on 5 June, after 4 days, and opened again in the next stage on the 25th, 24 days after it began."""
    give_deals(db, {"d": ("open", None)}, [*LOST_IN_THE_PROPOSAL, *OPENED_AGAIN["in a later stage"][0]])
    stays(db, "stage")
    db.execute("create table dim_sales_reps(rep_key varchar)")
    give_hours(db)
    funnel(db)
    for days, is_in_time in ((23, False), (24, True)):
        db.execute(f"create or replace table stg_settings__funnel as select {days} as maturity_days")
        told = rows_of(db, "int_funnel_steps_passed", "step, outcome, dwell_days, is_converted_in_time, step_level")
        assert ("proposal", "advanced", 4, is_in_time, "stage") in told


# z, then m, then b, then a; one deal in ten leaves m out, and one in ten goes back from b to m.
WAY = [
    (f"{n}", f"{day:02} 02:00", stage, None)
    for n in range(10)
    for day, stage in enumerate("zba" if n == 1 else "zmbmba" if n == 2 else "zmba", 1)
]
WALKED = dict.fromkeys(map(str, range(10)), ("open", None))


def steps_in_order(db: duckdb.DuckDBPyConnection) -> list[str]:
    funnel(db)
    return [step for (step,) in db.execute("select step from kpi_funnel order by step_order").fetchall()]


def test_stages_of_which_nobody_says_the_order_have_the_one_in_which_deals_pass_them(
    db: duckdb.DuckDBPyConnection,
) -> None:
    give_deals(db, WALKED, WAY)
    ways = exits(db)
    assert ways == Counter({
        ("z", "advanced"): 10, ("m", "advanced"): 10, ("b", "advanced"): 10, ("b", "regressed"): 1, ("a", "open"): 10,
    })  # fmt: skip
    assert steps_in_order(db) == ["opportunity", "z", "m", "b", "a"]
    assert rows_of(db, "int_deal_stages_placed", "stage_place, stage, order_basis") == [
        (1, "z", "usual"), (2, "m", "usual"), (3, "b", "usual"), (4, "a", "usual"),
    ]  # fmt: skip


def test_the_order_that_funnel_yml_gives_comes_before_all_others(db: duckdb.DuckDBPyConnection) -> None:
    """It knows all but m, which deals enter after z: beside it, so that going back to it from b is going back."""
    give_stages(db, Stages(order=("Z", "b", "a")))
    given = {"z": 4, "m": 3, "b": 2, "a": 1}
    give_deals(db, WALKED, [(deal, at, stage, given[stage]) for deal, at, stage, _ in WAY])
    assert exits(db) == Counter({
        ("z", "moved"): 9, ("z", "advanced"): 1, ("m", "advanced"): 10, ("b", "advanced"): 10, ("b", "regressed"): 1,
        ("a", "open"): 10,
    })  # fmt: skip
    assert steps_in_order(db) == ["opportunity", "z", "m", "b", "a"]


def test_of_stages_in_one_place_none_is_a_step_back(db: duckdb.DuckDBPyConnection) -> None:
    """Technical and commercial talks have the place 2: six go on from one to the other, and one is lost there."""
    deals: dict[str, Deal] = dict.fromkeys("abcdef", ("won", "09 02:00"))
    events = [
        event for deal in deals for event in ((deal, "01 02:00", "technical", 2), (deal, "04 02:00", "commercial", 2))
    ]
    deals |= {"g": ("lost", "09 02:00"), "h": ("open", None)}
    events += [("g", "01 02:00", "technical", 2), ("h", "01 02:00", "commercial", 2), ("h", "02 02:00", "first", 1)]
    give_deals(db, deals, events)
    assert exits(db) == Counter({
        ("technical", "moved"): 6, ("technical", "lost"): 1, ("commercial", "won"): 6, ("commercial", "regressed"): 1,
        ("first", "open"): 1,
    })  # fmt: skip
    assert set(stays(db, "stage, is_regression")) == {
        ("technical", False), ("commercial", False), ("first", True),
    }  # fmt: skip
    told = rows_of(db, "int_kpi_stage_loss_rate", "dimension_value, numerator, denominator")
    assert ("technical", 1, 7) in told  # 1 of the 7 that left it forwards or were lost
    assert steps_in_order(db) == ["opportunity", "first", "technical", "commercial", "won"]


def test_a_stay_is_learnt_with_what_ended_it(db: duckdb.DuckDBPyConnection) -> None:
    """Offer and talk were told on 2 and 6 June, the win on the 21st: that the offer was left is known from the 6th."""
    give_deals(db, {"d": ("won", "20 02:00")}, [("d", "01 02:00", "offer", 1), ("d", "05 02:00", "talk", 2)])
    db.execute("""update int_opportunity_stage_events_deduplicated set _changed_load_id =
        case stage when 'offer' then '20260602T020000_000000-crm' else '20260606T020000_000000-crm' end""")
    db.execute("update fct_opportunities set learnt_at = timestamp '2026-06-21 02:00:00'")
    assert stays(db, "stage, learnt_at::varchar") == [("offer", "2026-06-06 02:00:00"), ("talk", "2026-06-21 02:00:00")]
    db.execute("update fct_opportunities set opportunity_status = 'open', closed_at = null")
    assert stays(db, "stage, learnt_at::varchar") == [("offer", "2026-06-06 02:00:00"), ("talk", "2026-06-06 02:00:00")]
