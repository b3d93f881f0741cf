"""What an action did and what a playbook did the times before, worked out by hand over figures that fit beside it."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from decimal import Decimal as D

import duckdb
import pytest
from lone_models import on, rows_of

MONDAY = datetime.date(2026, 5, 25)  # the week of every acceptance
WEEK = datetime.timedelta(weeks=1)
METRICS = """create table stg_settings__metrics as from (values
    ('net_sales', 'sum', 'money', 0, 'day, week, month', 'up'),
    ('return_rate', 'ratio', 'rate', 30, 'week, month', 'down'),
    ('win_rate', 'ratio', 'rate', 0, 'month, quarter', 'up'),
    ('repurchase_cycle_days', 'sum', 'day', 0, 'week', 'band'),
    ('repurchase_rate', 'latest', 'rate', 0, 'month', 'up')
) t(metric_id, aggregation, unit, matures_after_days, grains, direction)"""
TABLES = """
create table int_actions_followed (run_key varchar, playbook_id varchar, metric_id varchar, dimension_name varchar,
    dimension_value varchar, accepted_date date, closed_date date, action_status varchar);
create table kpi_values (metric_id varchar, period_grain varchar, dimension_name varchar, dimension_value varchar,
    period_start_date date, numerator decimal(28, 8), denominator decimal(28, 8), value decimal(28, 8),
    is_matured boolean)"""


@pytest.fixture
def db() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(f"{METRICS};{TABLES}")
    return connection


def action(db: duckdb.DuckDBPyConnection, key: str, **said: object) -> None:
    """An action about the net sales of the east, accepted on 27 May and done on 3 June, but for what is said."""
    row = {
        "run_key": key, "playbook_id": "p", "metric_id": "net_sales", "dimension_name": "region",
        "dimension_value": "east", "accepted_date": "2026-05-27", "closed_date": "2026-06-03",
        "action_status": "done",
    } | said  # fmt: skip
    db.execute(f"insert into int_actions_followed ({', '.join(row)}) values ({', '.join('?' * len(row))})",
               [*row.values()])  # fmt: skip


def weeks(
    db: duckdb.DuckDBPyConnection,
    metric: str,
    member: str,
    before: float | tuple[int, int],
    after: float | tuple[int, int],
    dimension: str = "region",
) -> None:
    """So much in each of the four weeks before 25 May and in each of those from 8 June on, pairs being ratios."""
    for place in (-4, -3, -2, -1, 2, 3, 4, 5):
        said = before if place < 0 else after
        above, below = said if isinstance(said, tuple) else (None, None)
        value = above / below if above is not None and below is not None else said
        db.execute("insert into kpi_values values (?, 'week', ?, ?, ?, ?, ?, ?, true)",
                   [metric, dimension, member, MONDAY + place * WEEK, above, below, value])  # fmt: skip


def others_that_stay(db: duckdb.DuckDBPyConnection, metric: str = "net_sales", dimension: str = "region") -> None:
    """Three members to compare with: as before, 100 to 110 and 110 to 100, whose logarithms are 0 in the mean."""
    for member, before, after in (("north", 100, 100), ("south", 100, 110), ("west", 110, 100)):
        weeks(db, metric, member, before, after, dimension)


def outcomes(db: duckdb.DuckDBPyConnection, day: str = "2026-07-05") -> dict[str, tuple]:
    with on(day):
        rows = rows_of(db, "int_action_effects_measured", "run_key, outcome_status, outcome_reason, effect")
    return {key: tuple(said) for key, *said in rows}


UNTOLD = ("not_measurable", "overlap", None)


@pytest.mark.parametrize(
    ("other", "is_told"),
    [
        ({"playbook_id": "q", "accepted_date": "2026-05-28"}, False),
        ({"metric_id": "return_rate", "accepted_date": "2026-05-28"}, False),
        ({"accepted_date": "2026-04-01", "closed_date": "2026-04-27"}, False),
        ({"accepted_date": "2026-04-01", "closed_date": "2026-04-26"}, True),
        ({"accepted_date": "2026-07-05", "closed_date": None, "action_status": "open"}, False),
        ({"accepted_date": "2026-07-06", "closed_date": None, "action_status": "open"}, True),
        ({"accepted_date": "2026-01-05", "closed_date": None, "action_status": "overdue"}, False),
        ({"dimension_value": "north", "accepted_date": "2026-01-05", "closed_date": "2026-01-09"}, True),
        ({"dimension_name": "team", "accepted_date": "2026-05-28"}, True),
    ],
    ids=[
        "two playbooks of one incident",
        "another metric of the member",
        "one that was done on the first day that is looked at",
        "one that was done on the day before it",
        "one that was accepted on the last day that is looked at",
        "one that was accepted on the day after it",
        "one that was never finished",
        "one about another member",
        "a team of the same name",
    ],
)
def test_where_two_actions_on_a_member_overlap_neither_is_told(
    db: duckdb.DuckDBPyConnection, other: dict, is_told: bool
) -> None:
    """East goes from 100 to 150 a week, four weeks from 27 April and four up to 5 July."""
    weeks(db, "net_sales", "east", 100, 150)
    others_that_stay(db)
    action(db, "one")
    action(db, "other", **other)
    effect = D("0.40546511")  # ln 1.5 - 0
    assert outcomes(db, "2026-07-07")["one"] == (("measured", None, effect) if is_told else UNTOLD)


def test_of_two_playbooks_of_one_incident_none_is_given_the_effect(db: duckdb.DuckDBPyConnection) -> None:
    weeks(db, "net_sales", "east", 100, 150)
    others_that_stay(db)
    action(db, "one")
    action(db, "two", playbook_id="q", accepted_date="2026-05-28")
    assert outcomes(db) == {"one": UNTOLD, "two": UNTOLD}
    pooled = rows_of(db, "int_playbook_effects", "playbook_id, use_count, measured_count, effect_value")
    assert pooled == [("p", 1, 0, None), ("q", 1, 0, None)]


def test_a_figure_that_looks_back_a_year_says_nothing_of_four_months(db: duckdb.DuckDBPyConnection) -> None:
    """What the customers of a year did moves by a twelfth a month, whatever an action did."""
    action(db, "level", metric_id="repurchase_rate", dimension_name="category", dimension_value="milk")
    for member, month in ((m, n) for m in ("milk", "tea", "rice", "salt") for n in (1, 2, 3, 4, 7, 8, 9, 10)):
        db.execute("insert into kpi_values values ('repurchase_rate', 'month', 'category', ?, ?, 3, 10, 0.3, true)",
                   [member, f"2026-{month:02}-01"])  # fmt: skip
    assert outcomes(db, "2026-11-05") == {"level": ("not_measurable", "level", None)}


def test_why_nothing_is_measured_is_said(db: duckdb.DuckDBPyConnection) -> None:
    """The east has no figures before, a lone team has nobody beside it, and the west none afterwards."""
    others_that_stay(db)
    weeks(db, "net_sales", "far", 90, 90)
    weeks(db, "net_sales", "t1", 100, 150, "team")
    db.execute("delete from kpi_values where dimension_value = 'west' and period_start_date >= '2026-06-01'")
    action(db, "new")
    action(db, "alone", dimension_name="team", dimension_value="t1")
    action(db, "gone", dimension_value="west")
    assert outcomes(db) == {
        "new": ("not_measurable", "no_figures", None),
        "alone": ("not_measurable", "too_few", None),
        "gone": ("not_measurable", "no_figures", None),
    }


def test_a_share_changes_in_points_and_waits_until_it_has_matured(db: duckdb.DuckDBPyConnection) -> None:
    """Returns 10 of 100 → 4 of 100; the others 0, +1 and −1 points: −6 points ± 4.271 × 1 × sqrt(4 / 3).

    The last of the four weeks ends on 5 July, and what was sold in it may come back for 30 days.
    """
    weeks(db, "return_rate", "east", (10, 100), (4, 100))
    for member, after in {"north": 5, "south": 6, "west": 4}.items():
        weeks(db, "return_rate", member, (5, 100), (after, 100))
    action(db, "one", metric_id="return_rate")
    assert outcomes(db, "2026-08-03") == {"one": ("waiting", None, None)}
    assert outcomes(db, "2026-08-04") == {"one": ("measured", None, D("-0.06"))}
    with on("2026-08-04"):
        told = rows_of(db, "int_action_effects_measured", "is_points, member_count, half_width")
    ((is_points, members, half),) = told
    assert (is_points, members) == (True, 3)
    assert abs(half - D("0.0493121")) < D("1e-6")  # 0.01 × 4.27055 × 1.154701


def test_what_has_no_weeks_is_taken_by_months(db: duckdb.DuckDBPyConnection) -> None:
    """Accepted in May, done in June: January to April against July to October, May and June say nothing.

    The team won 10 of 50 in each month before (the months are added up: 40 of 200) and 60 of 200 after, in unequal
    months, whose mean rate would be 0.3875: 0.3 − 0.2 = +10 points, and the others stayed.
    """
    after = {7: (45, 150), 8: (5, 10), 9: (5, 10), 10: (5, 30)}
    for month in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10):
        won = {"t1": after.get(month, (10, 50) if month < 5 else (50, 50))}
        won |= dict.fromkeys(("t2", "t3", "t4"), (20, 50) if month not in (5, 6) else (0, 50))
        for team, (above, below) in won.items():
            db.execute("insert into kpi_values values ('win_rate', 'month', 'team', ?, ?, ?, ?, ?, true)",
                       [team, f"2026-{month:02}-01", above, below, above / below])  # fmt: skip
    action(db, "one", metric_id="win_rate", dimension_name="team", dimension_value="t1")
    assert outcomes(db, "2026-10-30") == {"one": ("waiting", None, None)}
    assert outcomes(db, "2026-10-31") == {"one": ("measured", None, D("0.1"))}


@pytest.mark.parametrize("after", [{7: 400, 9: 400}, {9: 800}], ids=["two months", "one month"])
def test_what_a_dimension_has_by_months_alone_is_taken_by_months(
    db: duckdb.DuckDBPyConnection, after: dict[int, int]
) -> None:
    """Net sales have weeks, and of products only the months in which one sold: where it sold nothing it sold 0.

    Product a sold 100 in each month before and 800 in the four after, 200 a month: ln 2. The others stayed, d by
    selling twice as much in every other month.
    """
    others_that_stay(db)
    sold = {
        "a": {1: 100, 2: 100, 3: 100, 4: 100, **after},
        "b": dict.fromkeys((1, 2, 3, 4, 7, 8, 9, 10), 100),
        "c": dict.fromkeys((1, 2, 3, 4, 7, 8, 9, 10), 30),
        "d": {1: 50, 2: 50, 3: 50, 4: 50, 8: 100, 10: 100},
    }
    for product, months in sold.items():
        for month, value in months.items():
            db.execute("insert into kpi_values values ('net_sales', 'month', 'product', ?, ?, ?, null, ?, true)",
                       [product, f"2026-{month:02}-01", value, value])  # fmt: skip
    action(db, "one", dimension_name="product", dimension_value="a")
    assert outcomes(db, "2026-10-30") == {"one": ("waiting", None, None)}
    assert outcomes(db, "2026-10-31") == {"one": ("measured", None, D("0.69314718"))}


def test_a_playbook_accepted_again_changes_nothing_that_was_measured(db: duckdb.DuckDBPyConnection) -> None:
    """East and north were treated in June, and north once more in October: north compares with nobody in June.

    East ln 1.5 against south ln 1.1, west −ln 1.1 and mid 0, with or without the second run of north.
    """
    db.execute("drop table int_actions_followed")
    db.execute("""create table stg_watch__incident_decisions (decision_id varchar, incident_key varchar,
        decision_type varchar, playbook_id varchar, decided_at timestamp, owner varchar, due_date date,
        playbook_name_en varchar, playbook_name_zh varchar, department varchar, due_days integer)""")
    db.execute("create table stg_settings__alert_rules (rule_id varchar, metric_id varchar, dimension_name varchar)")
    db.execute("""create table stg_settings__playbooks as select 'p' as playbook_id, 'P' as playbook_name_en,
        'P' as playbook_name_zh, 'sales' as department, 'li' as owner, 14 as due_days""")
    db.execute("""create table fct_incident_events as select 'i|' || m as incident_key, 'fall|' || m as subject_key,
        'fall' as rule_id, 1 as event_number, 'opened' as event_type, 'warning' as severity,
        timestamp '2026-05-25 10:00' as event_at, 'net_sales' as metric_id, 'region' as dimension_name,
        m as dimension_value, false as is_late from (values ('east'), ('north')) t(m)""")
    decided = [("east", "accept_playbook", "05-27"), ("east", "finish_action", "06-03"),
               ("north", "accept_playbook", "05-27"), ("north", "finish_action", "06-03"),
               ("north", "accept_playbook", "10-01"), ("north", "accept_playbook", "10-02")]  # fmt: skip
    for place, (member, said, day) in enumerate(decided):
        db.execute("""insert into stg_watch__incident_decisions (decision_id, incident_key, decision_type, playbook_id,
            decided_at) values (?, ?, ?, 'p', ?)""",
            [f"D{place}", f"i|{member}", said, f"2026-{day} 02:00:00"])  # fmt: skip
    for member, before, after in (("east", 100, 150), ("north", 100, 200), ("south", 100, 110), ("west", 110, 100),
                                  ("mid", 100, 100)):  # fmt: skip
        weeks(db, "net_sales", member, before, after)

    def told(day: str) -> tuple[list[tuple], list[tuple], list[tuple]]:
        with on(day):
            actions = rows_of(db, "int_actions_followed", "run_key, accepted_date::varchar, action_status, is_latest")
            effects = rows_of(db, "int_action_effects_measured", "run_key, member_count, round(effect, 4)")
            uses = rows_of(db, "int_playbook_effects", "use_count, measured_count, effect_value")
            return actions, effects, uses

    actions, effects, uses = told("2026-09-30")
    assert [row[0] for row in actions] == ["i|east|p|1", "i|north|p|1"]
    assert effects == [("i|east|p|1", 3, D("0.4055")), ("i|north|p|1", 3, D("0.6931"))]
    later, same_effects, same_uses = told("2026-10-02")
    assert (same_effects, same_uses) == (effects, uses)
    assert later == [
        ("i|east|p|1", "2026-05-27", "done", True), ("i|north|p|1", "2026-05-27", "done", False),
        ("i|north|p|2", "2026-10-01", "open", True),
    ]  # fmt: skip


EFFECTS = "run_key varchar, is_points boolean, effect decimal(18, 8), half_width decimal(18, 8)"


def pool(
    db: duckdb.DuckDBPyConnection, metric: str, uses: Iterable[tuple[str, str] | None], playbook: str = "p"
) -> Sequence[tuple]:
    """What int_playbook_effects makes of finished uses, each (effect, half width) or not measured."""
    is_points = metric in ("return_rate", "win_rate")
    db.execute(f"create or replace table int_action_effects_measured ({EFFECTS})")
    for place, said in enumerate(uses):
        action(db, f"{place}", metric_id=metric, playbook_id=playbook)
        db.execute("insert into int_action_effects_measured values (?, ?, ?, ?)",
                   [f"{place}", is_points if said else None, *(said or (None, None))])  # fmt: skip
    return rows_of(
        db, "int_playbook_effects",
        "use_count, measured_count, is_points, round(gain, 6), round(effect_value, 6), round(lower_value, 6), "
        "round(upper_value, 6)",
    )  # fmt: skip


def test_a_sure_use_weighs_more_than_an_unsure_one(db: duckdb.DuckDBPyConnection) -> None:
    """ln effects 0.3 ± 0.1 and −0.1 ± 0.2: weights 100 and 25, (30 − 2.5) / 125 = 0.22 ± 1 / sqrt(125) = 0.0894427.

    exp(0.22) − 1 = 24.6077 %, exp(0.1305573) − 1 = 13.9463 %, exp(0.3094427) − 1 = 36.2666 %. The third was not
    measured, counts as a use and moves nothing; one that is not done yet is none.
    """
    action(db, "open", action_status="open")
    rows = pool(db, "net_sales", [("0.3", "0.1"), ("-0.1", "0.2"), None])
    assert rows == [(3, 2, False, D("0.22"), D("0.246077"), D("0.139463"), D("0.362666"))]


def test_fewer_returns_are_a_gain_and_stay_a_fall_where_they_are_published(db: duckdb.DuckDBPyConnection) -> None:
    """Points −0.06 ± 0.02 and −0.02 ± 0.02 weigh the same: −0.04 ± 0.02 / sqrt(2)."""
    rows = pool(db, "return_rate", [("-0.06", "0.02"), ("-0.02", "0.02")])
    assert rows == [(2, 2, True, D("0.04"), D("-0.04"), D("-0.054142"), D("-0.025858"))]


def test_of_a_figure_without_a_good_side_no_change_is_a_gain(db: duckdb.DuckDBPyConnection) -> None:
    ((*_, gain, effect, _, _),) = pool(db, "repurchase_cycle_days", [("0.1", "0.1")])
    assert (gain, effect) == (None, D("0.105171"))


def test_uses_that_hit_each_other_to_the_digit_are_not_infinitely_sure(db: duckdb.DuckDBPyConnection) -> None:
    """A half width of 0 counts as 0.0001, so that two of them are 0.0001 / sqrt(2) and not a division by nothing."""
    ((*_, effect, lower, upper),) = pool(db, "return_rate", [("0.01", "0"), ("0.03", "0")])
    assert (effect, lower, upper) == (D("0.02"), D("0.019929"), D("0.020071"))
