"""A week has one pack: what moved, incidents, actions, goals. Asked again, it is the same, and so are its tables."""

from __future__ import annotations

import datetime
import json
import shutil
from collections.abc import Callable
from decimal import Decimal as D
from pathlib import Path

import duckdb
import pytest
from published_marts import Rows, write_marts
from ruamel.yaml import YAML
from typer.testing import CliRunner
from written_company import files_source, write_company

from sales_warehouse import durable
from sales_warehouse.cli import app
from sales_warehouse.home import Home
from sales_warehouse.settings import PROJECT
from sales_warehouse.sql import literal
from sales_warehouse.weekly import NoPack, html, kept_weeks, markdown, pack_of, tables
from sales_warehouse.weekly.queries import PARTS, last_week
from sales_warehouse.weekly.render import sections

Date = datetime.date
SUNDAY = Date(2026, 7, 12)  # the week from Monday 6 July is over that evening

MARTS = """
create schema marts; set schema = 'marts';
create table dim_regions as from (values ('east', 'East | China', '华东'))
    t(region_key, region_name_en, region_name_zh);
create table dim_channels as from (values ('web', 'Web', '网上')) t(channel, channel_name_en, channel_name_zh);
create table dim_sales_reps as from (values ('crm:R1', '<b>Ann</b>')) t(rep_key, rep_name);
create table kpi_metrics as from (values ('net_sales', 1::bigint, 0::bigint, false, 'sum'),
    ('win_rate', 2, 0, false, 'ratio'), ('opp_to_order_rate', 5, 90, true, 'ratio'),
    ('first_order_cycle_days', 10, 0, true, 'median'))
    t(metric_id, number, matures_after_days, is_cohort, aggregation);
create table kpi_movers as from (values
    ('win_rate', 'Win rate', '赢单率', 'rate', 'up', 'team', 'T1', 'month', date '2026-06-01', date '2026-06-30',
     date '2026-05-01', 0.25, 0.375, -0.125, -0.33333333, 'worse', 1),  -- old news
    ('win_rate', 'Win rate', '赢单率', 'rate', 'up', 'rep', 'crm:R1', 'month', date '2026-06-10', date '2026-07-09',
     date '2026-05-01', 0.25, 0.375, -0.125, -0.33333333, 'worse', 1),
    -- cohorts: 90 days after 7 April it is 6 July, the Monday of the week, and a day less after the 6th
    ('opp_to_order_rate', 'Orders', '成交率', 'rate', 'up', 'total', 'total', 'month', date '2026-03-08',
     date '2026-04-07', date '2026-02-08', 0.2, 0.4, -0.2, -0.5, 'worse', 1),
    ('opp_to_order_rate', 'Orders', '成交率', 'rate', 'up', 'region', 'east', 'month', date '2026-03-07',
     date '2026-04-06', date '2026-02-07', 0.2, 0.4, -0.2, -0.5, 'worse', 1),
    -- half had ordered after 30.5 days: known 31 days after the end, on 6 July, and for the region on the 5th
    ('first_order_cycle_days', 'First order', '首单周期', 'day', 'down', 'total', 'total', 'month', date '2026-05-06',
     date '2026-06-05', date '2026-04-06', 30.5, 20, 10.5, 0.525, 'worse', 1),
    ('first_order_cycle_days', 'First order', '首单周期', 'day', 'down', 'region', 'east', 'month', date '2026-05-05',
     date '2026-06-04', date '2026-04-05', 30.5, 20, 10.5, 0.525, 'worse', 1),
    ('net_sales', 'Net sales', '净销售额', 'money', 'up', 'total', 'total', 'week', date '2026-07-06',
     date '2026-07-12', date '2026-06-29', {sales}, 1000, {sales} - 1000, 0.24, 'better', 1),
    ('net_sales', 'Net sales', '净销售额', 'money', 'up', 'region', 'east', 'week', date '2026-07-06',
     date '2026-07-12', date '2026-06-29', 10, 20, -10, -0.5, 'worse', 3),
    ('net_sales', 'Net sales', '净销售额', 'money', 'up', 'region', 'west', 'week', date '2026-07-06',
     date '2026-07-12', date '2026-06-29', 10, 11, -1, -0.09, 'worse', 4)) t(
    metric_id, metric_name_en, metric_name_zh, unit, direction, dimension_name, dimension_value, period_grain,
    period_start_date, period_end_date, previous_start_date, value, previous_value, change_value, change_rate,
    change_type, change_rank);
alter table kpi_movers add column comparison_rate decimal(18, 8) default 1;
alter table kpi_movers add column workday_count bigint default 5;
alter table kpi_movers add column previous_workday_count bigint default 5;
alter table kpi_movers add column comparable_value decimal(28, 8);
alter table kpi_movers add column comparable_change_value decimal(28, 8);
alter table kpi_movers add column comparable_change_rate decimal(28, 8);
-- the week before had four workdays of five
update kpi_movers set comparison_rate = 1.25, previous_workday_count = 4, comparable_value = 1250,
    comparable_change_value = value - 1250, comparable_change_rate = (value - 1250) / 1250, change_type = 'worse'
where metric_id = 'net_sales' and dimension_name = 'total';
create table kpi_targets as from (values
    ('q3', 'Sales Q3', '三季度销售', 'net_sales', 'money', 6600::decimal(28, 8), null::decimal(28, 8), 1100, 0.16666667,
     0.16666667, 6600, 'meets', date '2026-07-01', date '2026-09-30', 'Li', 'on_track'),
    ('old', 'Old', '旧', 'net_sales', 'money', 1, null, 1, 1, 1, 1, 'meets', date '2026-01-01', date '2026-03-31', 'Li',
     'met'),
    ('coverage', 'Coverage', '覆盖倍数', 'coverage', 'ratio', 3, 4, 2.5, 0.5, 0.1, null, 'unknown', date '2026-07-01',
     date '2026-09-30', null, 'behind'),
    ('june', 'June', '六月', 'net_sales', 'money', 1, null, 1, 1, 1, 1, 'meets', date '2026-06-01', date '2026-06-30',
     'Li', 'met')) t(
    target_id, target_name_en, target_name_zh, metric_id, unit, target_value, upper_value, actual_value, progress_rate,
    expected_progress_rate, projected_value, projected_status, starts_on, due_on, owner, status);
create table kpi_goal_lints as from (values
    ('goal', 'S1', 'missing_metric', 'S', 'fault', 'names no metric', '没有指标'),
    ('goal', 'old', 'missing_relevance', 'R', 'fault', 'is over', '已结束')) t(
    subject_type, subject_id, lint_type, smart_letter, severity, message_en, message_zh);
alter table kpi_targets add column source varchar;
"""

SLOW = "Answers of the north were slow"
INCIDENTS: Rows = {
    "fct_incidents": [
        # since before the week, and of two alerts
        {"incident_key": "fall|east|2026-06-29", "incident_status": "open", "severity": "critical",
         "alert_key": "fall|east|2026-07-06", "rule_id": "fall", "owner": "Li", "playbook_id": "call",
         "title_en": "Net sales: East", "title_zh": "净销售额·华东", "reason_en": "East fell", "reason_zh": "华东下降",
         "subject_count": 2, "standing_count": 2, "opened_date": Date(2026, 7, 5), "status_date": Date(2026, 7, 5),
         "period_start_date": Date(2026, 7, 6), "period_end_date": SUNDAY, "is_personal": False, "is_closed": False},
        # opened and closed within the week
        {"incident_key": "slow|north", "incident_status": "resolved", "severity": "warning",
         "alert_key": "slow|north", "playbook_id": "call", "title_en": "Answers: North", "reason_en": SLOW,
         "subject_count": 1, "opened_date": Date(2026, 7, 7), "status_date": Date(2026, 7, 9), "is_closed": True},
        # over on the Monday of the week, and on the day before it
        {"incident_key": "to monday", "incident_status": "lapsed", "severity": "warning", "alert_key": "to monday",
         "opened_date": Date(2026, 6, 1), "status_date": Date(2026, 7, 6), "is_closed": True},
        {"incident_key": "to sunday", "incident_status": "resolved", "severity": "critical", "alert_key": "to sunday",
         "opened_date": Date(2026, 6, 1), "status_date": Date(2026, 7, 5), "is_closed": True},
        {"incident_key": "late|crm", "incident_status": "snoozed", "severity": "info", "alert_key": "late|crm",
         "reason_en": "late", "opened_date": SUNDAY, "status_date": SUNDAY, "is_closed": False},
    ],
    "alert_playbooks": [
        {"incident_key": "fall|east|2026-07-06", "playbook_number": number, "playbook_id": book,
         "playbook_name_en": name, "playbook_name_zh": name, "department": department, "steps_en": steps,
         "steps_zh": steps}
        for number, book, name, department, steps in (
            (1, "intercept", "Intercept", "Marketing", "Ask two stores\nOffer"),
            (2, "call", "Call", "Sales", "Ring up"),
        )
    ],
    "fct_actions": [
        {"action_key": f"{incident}|{book}", "incident_key": incident, "playbook_id": book, "playbook_name_en": book,
         "department": "Sales", "owner": "Wang", "accepted_date": Date(2026, 6, 29), "due_date": due,
         "action_status": status, "closed_date": closed, "outcome_status": outcome, "outcome_reason_en": why,
         "effect_type": kind, "effect_value": effect, "lower_value": low, "upper_value": high}
        for incident, book, due, status, closed, outcome, why, kind, effect, low, high in (
            ("fall|east|2026-06-29", "call", Date(2026, 7, 20), "open", None, "not_done", *[None] * 5),
            ("slow|north", "train", Date(2026, 7, 10), "overdue", None, "not_done", *[None] * 5),
            ("spring", "fair", Date(2026, 7, 8), "done", Date(2026, 7, 6), "measured", None, "relative", "0.5", "-0.06",
             "1.4"),
            ("spring", "visit", Date(2026, 7, 8), "done", Date(2026, 7, 7), "not_measurable", "It was not alone.",
             *[None] * 4),
            ("spring", "old", Date(2026, 7, 8), "dropped", Date(2026, 7, 5), "not_done", *[None] * 5),
        )
    ],
}  # fmt: skip

SHOP = """\
tables: {customers: {files: "*.csv", format: csv, columns: [id, name]}}
mappings: [{entity: customers, from: customers, columns: {customer_id: id, name: name}}]
"""


def publish(home: Home, number: int, business_date: Date, sales: int, change: str = "") -> None:
    folder = home.published / "versions" / f"{number:06d}_{business_date:%Y%m%d}"
    folder.mkdir(parents=True)
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute(MARTS.format(sales=sales))
        write_marts(connection, INCIDENTS)
        connection.execute(change)
    (folder / "manifest.json").write_text(json.dumps({"business_date": f"{business_date}"}))
    home.current.unlink(missing_ok=True)
    home.current.symlink_to(folder)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path, "small")
    home.settings.mkdir(parents=True)
    tables = {
        "company": "select 'small' as company_id, 'Small' as name_en, '小公司' as name_zh, 'CNY' as currency",
        "playbooks": "select 'call' as playbook_id, 'Call' as name_en, '致电' as name_zh, 'Sales' as department, "
        "'Ring up\nVisit' as steps_en, '致电\n拜访' as steps_zh",
    }
    with duckdb.connect() as connection:
        for name, query in tables.items():
            connection.execute(f"copy ({query}) to {literal(str(home.settings / f'{name}.parquet'))} (format parquet)")
    publish(home, 1, SUNDAY, 1240)
    return home


@pytest.mark.parametrize(("day", "monday"), [("2026-07-11", "2026-06-29"), ("2026-07-12", "2026-07-06"),
                                             ("2026-07-18", "2026-07-06"), ("2026-07-19", "2026-07-13")])  # fmt: skip
def test_a_week_is_over_on_the_evening_of_its_sunday(day: str, monday: str) -> None:
    assert last_week(Date.fromisoformat(day)) == Date.fromisoformat(monday)


def test_the_same_week_again_gives_the_same_pack_whatever_came_since(home: Home) -> None:
    first = pack_of(home)
    text, files = markdown(first, "en"), tables_of(home)
    # orders that came late, a fall that is over, an action that is done
    over = "update fct_incidents set is_closed = true; update fct_actions set action_status = 'done'"
    publish(home, 2, Date(2026, 7, 15), 9999, over)
    assert pack_of(home) == pack_of(home, Date(2026, 7, 8)) == first
    assert markdown(pack_of(home), "en") == text
    assert "1,240 CNY" in text
    assert tables_of(home) == files and len(files) == 5


def tables_of(home: Home, week: str = "2026-07-06") -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in (home.reviews / week).iterdir()}


def read(home: Home, part: str, columns: str, week: str = "2026-07-06") -> list[tuple]:
    with duckdb.connect() as connection:
        return connection.execute(f"select {columns} from '{home.reviews / week / part}.parquet'").fetchall()


def test_the_next_week_has_a_pack_of_its_own_and_the_last_one_stays(home: Home) -> None:
    first = pack_of(home)
    publish(home, 2, Date(2026, 7, 19), 9999)
    assert pack_of(home)["week_start_date"] == "2026-07-13"
    assert pack_of(home, SUNDAY) == first
    assert kept_weeks(home) == ["2026-07-06", "2026-07-13"]


def test_a_week_that_nobody_kept_is_refused_with_those_that_there_are(home: Home) -> None:
    pack_of(home)
    with pytest.raises(NoPack, match="week from 2026-06-29; the first refresh after a week keeps one: 2026-07-06"):
        pack_of(home, Date(2026, 7, 1))
    with pytest.raises(NoPack, match="nothing has been published yet"):
        pack_of(Home(home.root, "empty"))


def test_a_pack_says_goals_movers_incidents_actions_and_what_to_do(home: Home) -> None:
    """Goals of the week, the worst first; of each metric and dimension the three that moved most."""
    goals, movers, incidents, actions, playbooks, lints = (section.rows for section in sections(pack_of(home), "en"))
    assert goals == (
        ("Coverage", "3 – 4", "2.50", "50.0 %", "10.0 %", "", "behind", "2026-09-30", ""),
        ("Sales Q3", "6,600 CNY", "1,100 CNY", "16.7 %", "16.7 %", "6,600 CNY (will be met)", "on track", "2026-09-30",
         "Li"),
    )  # fmt: skip
    week, month = "2026-07-06 – 2026-07-12", "2026-06-10 – 2026-07-09"
    assert movers == (
        # more than in the short week before, and less for so many workdays
        (
            "Net sales",
            "Company",
            week,
            "1,240 CNY",
            "1,000 CNY (4 workdays; as 5: 1,250 CNY)",
            "−10 CNY (−0.8 %)",
            "worse",
        ),
        ("Net sales", "Region East | China", week, "10 CNY", "20 CNY", "−10 CNY (−50.0 %)", "worse"),
        ("Win rate", "Seller <b>Ann</b>", month, "25.0 %", "37.5 %", "−12.5 points", "worse"),
        ("Orders", "Company", "2026-03-08 – 2026-04-07", "20.0 %", "40.0 %", "−20.0 points", "worse"),
        (
            "First order",
            "Company",
            "2026-05-06 – 2026-06-05",
            "30.5 days",
            "20.0 days",
            "+10.5 days (+52.5 %)",
            "worse",
        ),
    )
    assert incidents == (
        ("critical", "open", "Net sales: East (2 alerts)", "East fell", "2026-07-05", "", "Li",
         "Intercept (Marketing)"),
        ("warning", "resolved", "Answers: North", SLOW, "2026-07-07", "2026-07-09", "", "Call (Sales)"),
        ("warning", "not judged any more", "to monday", "", "2026-06-01", "2026-07-06", "", ""),
        ("info", "snoozed", "late|crm", "late", "2026-07-12", "", "", ""),
    )  # fmt: skip
    assert actions == (
        ("train", "Answers: North", "Sales", "Wang", "2026-06-29", "2026-07-10", "overdue", "", ""),
        ("call", "Net sales: East", "Sales", "Wang", "2026-06-29", "2026-07-20", "under way", "", ""),
        ("fair", "spring", "Sales", "Wang", "2026-06-29", "2026-07-08", "done", "2026-07-06",
         "+50.0 % (−6.0 % – +140.0 %)"),
        ("visit", "spring", "Sales", "Wang", "2026-06-29", "2026-07-08", "done", "2026-07-07", "It was not alone."),
    )  # fmt: skip
    assert playbooks == (("Intercept", "Marketing", "Net sales: East", "1. Ask two stores; 2. Offer"),)
    assert lints == (("fault", "S1", "S", "names no metric"),)


def test_the_first_ranked_playbook_is_offered_and_that_of_the_rule_where_none_is(home: Home) -> None:
    offered = {row["incident_key"]: row["playbook_id"] for row in pack_of(home)["incidents"]}
    assert offered == {"fall|east|2026-06-29": "intercept", "slow|north": "call", "to monday": None, "late|crm": None}
    publish(home, 2, Date(2026, 7, 19), 1240, "delete from alert_playbooks")
    assert pack_of(home)["incidents"][0]["playbook_steps_zh"] == "致电\n拜访"


@pytest.mark.parametrize(("is_closed", "is_there"), [(False, True), (True, False)], ids=["stands", "is over"])
def test_what_was_opened_after_the_week_is_in_its_pack_as_long_as_it_stands(
    home: Home, is_closed: bool, is_there: bool
) -> None:
    """No refresh ran on Sunday, so that Monday's was the first to say what happened in the week."""
    change = f"update fct_incidents set opened_date = '2026-07-13', status_date = '2026-07-13', is_closed = {is_closed}"
    publish(home, 2, Date(2026, 7, 14), 1240, f"{change} where incident_key like 'fall%'")
    assert any(row["incident_key"].startswith("fall") for row in pack_of(home)["incidents"]) is is_there


def test_a_pack_lies_as_tables_beside_it_with_the_types_of_the_marts(home: Home) -> None:
    pack = pack_of(home)
    assert [name for name in pack if isinstance(pack[name], list)] == list(PARTS)
    for part in PARTS:
        assert list(pack[part][0]) == tables.COLUMNS[part].split()
    assert read(home, "actions", "week_start_date, playbook_id, action_status, due_date, effect_value")[:3] == [
        (Date(2026, 7, 6), "train", "overdue", Date(2026, 7, 10), None),
        (Date(2026, 7, 6), "call", "open", Date(2026, 7, 20), None),
        (Date(2026, 7, 6), "fair", "done", Date(2026, 7, 8), D("0.5")),
    ]
    assert read(home, "incidents", "incident_key, opened_date, closed_date, subject_count, is_personal")[:2] == [
        ("fall|east|2026-06-29", Date(2026, 7, 5), None, 2, False),
        ("slow|north", Date(2026, 7, 7), Date(2026, 7, 9), 1, None),
    ]
    assert read(home, "movers", "sum(value) filter (metric_id = 'net_sales')") == [(D("1250"),)]
    assert read(home, "targets", "target_id, due_on")[0] == ("coverage", Date(2026, 9, 30))
    assert read(home, "lints", "count(*)") == [(1,)]


MARTS_OF = {"movers": "kpi_movers", "incidents": "fct_incidents", "actions": "fct_actions", "targets": "kpi_targets",
            "lints": "kpi_goal_lints"}  # fmt: skip


@pytest.mark.parametrize("part", PARTS)
def test_a_column_has_the_type_that_its_mart_promises(part: str) -> None:
    file = PROJECT / "dbt_project" / "models" / "marts" / f"{MARTS_OF[part]}.yml"
    (mart,) = YAML(typ="safe").load(file.read_text(encoding="utf-8"))["models"]
    promised = {column["name"]: column["data_type"] for column in mart["columns"]}
    same = [name for name in tables.COLUMNS[part].split() if name in promised]
    assert {name: tables.column_type(name) for name in same} == {name: promised[name] for name in same}
    assert len(same) >= 7


OLD = {
    "week_start_date": "2026-06-22", "week_end_date": "2026-06-28", "business_date": "2026-06-28", "version": "1",
    "company": {"name_en": "Small", "name_zh": "小公司", "currency": "CNY"}, "targets": [], "lints": [],
    "movers": [{
        "metric_id": "net_sales", "metric_name_en": "Net sales", "metric_name_zh": "净销售额", "unit": "money",
        "direction": "up", "dimension_name": "total", "dimension_value": "total", "member_en": "total",
        "member_zh": "total", "period_grain": "week", "period_start_date": "2026-06-22",
        "period_end_date": "2026-06-28", "previous_start_date": "2026-06-15", "value": "12", "previous_value": "10",
        "change_value": "2", "change_rate": "0.2", "change_type": "better",
    }],
    "alerts": [{"incident_key": "fall|east", "severity": "critical", "owner": "Li", "reason_en": "East fell",
                "reason_zh": "华东下降", "playbook_id": "call"}],
    "actions": [{"playbook_id": "call", "name_en": "Call", "name_zh": "致电", "department": "Sales",
                 "steps_en": "Ring up\nVisit", "steps_zh": "致电\n拜访", "incidents": ["fall|east"]}],
}  # fmt: skip


def test_a_pack_of_before_there_were_incidents_in_it_stays_as_it_was_and_gets_tables(home: Home) -> None:
    """It is never made anew. Its alerts are no incidents, and its playbooks are no actions."""
    home.reviews.mkdir()
    (home.reviews / "2026-06-22.json").write_text(json.dumps(OLD))
    pack_of(home)
    assert set(tables_of(home, "2026-06-22")) == {
        f"{part}.parquet" for part in ("movers", "targets", "lints", "alerts")
    }
    assert read(home, "movers", "value, workday_count, period_start_date", "2026-06-22") == [
        (D("12"), None, Date(2026, 6, 22))
    ]
    with duckdb.connect() as connection:  # all weeks are one table
        files = literal(str(home.reviews / "*" / "movers.parquet"))
        weeks = (
            f"select week_start_date, sum(value) from read_parquet({files}) where unit = 'money' group by 1 order by 1"
        )
        assert connection.execute(weeks).fetchall() == [
            (Date(2026, 6, 22), D("12")),
            (Date(2026, 7, 6), D("1250")),
        ]
    old = pack_of(home, Date(2026, 6, 24))
    assert old == OLD
    *_, alerts, playbooks, _ = sections(old, "en")
    assert (alerts.title, alerts.rows) == ("Alerts", (("critical", "East fell", "Li"),))
    assert (playbooks.title, playbooks.rows) == ("What to do next", (("Call", "Sales", "1. Ring up; 2. Visit"),))
    assert "12 CNY" in markdown(old, "en") and "华东下降" in html(old, "zh")


def test_tables_that_a_killed_writer_left_undone_are_those_of_the_kept_pack(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack_of(home)
    whole = tables_of(home)
    shutil.rmtree(home.reviews)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(durable, "move", killed_at_a_folder)
        pack_of(home)
    assert kept_weeks(home) == ["2026-07-06"] and not (home.reviews / "2026-07-06").exists()
    publish(home, 2, Date(2026, 7, 15), 9999)
    pack_of(home)
    assert tables_of(home) == whole
    assert [path.name for path in home.reviews.iterdir() if path.name.endswith(".tmp")] == []


def killed_at_a_folder(source: Path, target: Path, move: Callable = durable.move) -> None:
    if source.is_dir():
        raise KeyboardInterrupt
    move(source, target)


def test_a_pack_that_somebody_took_away_is_made_anew_with_its_tables(home: Home) -> None:
    pack_of(home)
    (home.reviews / "2026-07-06.json").unlink()
    publish(home, 2, Date(2026, 7, 15), 9999)
    pack_of(home)
    assert read(home, "movers", "max(value)") == [(D("9999"),)]


def test_names_from_sources_are_no_markup(home: Home) -> None:
    text, page = markdown(pack_of(home), "en"), html(pack_of(home), "zh")
    assert "Region East \\| China" in text and "\\<b\\>Ann" in text
    assert "&lt;b&gt;Ann&lt;/b&gt;" in page and "<b>" not in page
    assert "<h1>每周数据复盘：小公司</h1>" in page and "华东下降" in page and 'lang="zh-Hans"' in page


def test_the_command_writes_a_page_or_prints_markdown(
    home: Home, monkeypatch: pytest.MonkeyPatch, company: Path, tmp_path: Path
) -> None:
    monkeypatch.setenv("SALES_WAREHOUSE_VAR", str(home.root))
    said = CliRunner().invoke(app, ["review", "--company", str(company), "--language", "zh"])
    assert said.exit_code == 0 and said.output.startswith("# 每周数据复盘：小公司\n")
    page = tmp_path / "review.html"
    done = CliRunner().invoke(app, ["review", "--company", str(company), "--week", "2026-07-08", "--out", str(page)])
    assert done.exit_code == 0 and page.read_text().startswith("<!doctype html>")
    refused = CliRunner().invoke(app, ["review", "--company", str(company), "--week", "2026-01-01"])
    assert refused.exit_code == 1


def test_the_check_says_what_is_unwise(home: Home, monkeypatch: pytest.MonkeyPatch, company: Path) -> None:
    monkeypatch.setenv("SALES_WAREHOUSE_VAR", str(home.root))
    (company / "targets.yml").write_text(
        "goal_sets:\n  - {id: one, name: {en: One, zh: 一}, owner: s, decides: month, metrics: [net_sales]}\n"
    )
    said = CliRunner().invoke(app, ["check", "--company", str(company)])
    assert said.exit_code == 0
    assert "targets.yml: goal_set one: Net sales alone: a single metric says that something changed" in said.output
    assert "sent goal S1: names no metric (last refresh)" in said.output
    assert "is over" not in said.output
    # the shop maps customers alone: said before the first run that would leave the metric out
    assert "metric collection_rate will be absent: no source maps invoices.due_date, invoices.amount, p" in said.output
    assert (
        "kpi_return_rates will not tell: Return rates of regions (no source maps returns.quantity, ret" in said.output
    )


@pytest.fixture
def company(tmp_path: Path) -> Path:
    (tmp_path / "company").mkdir()
    return write_company(tmp_path / "company", shop=files_source("shop", SHOP))
