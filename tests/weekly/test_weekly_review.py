"""A week has one pack: what moved, the alerts and what to do, the goals. Asked again, it is the same."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner
from written_company import files_source, write_company

from sales_warehouse.cli import app
from sales_warehouse.home import Home
from sales_warehouse.sql import literal
from sales_warehouse.weekly import NoPack, html, kept_weeks, markdown, pack_of
from sales_warehouse.weekly.pack import last_week
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
create table alert_metrics as from (values ('fall|east', 'critical', 'Li', 'East fell', '华东下降', 'call'))
    t(incident_key, severity, owner, reason_en, reason_zh, playbook_id);
create table alert_deadline_missed as from (values ('late|crm', 'info', 'late', '迟到'))
    t(incident_key, severity, reason_en, reason_zh);
"""

SHOP = """\
tables: {customers: {files: "*.csv", format: csv, columns: [id, name]}}
mappings: [{entity: customers, from: customers, columns: {customer_id: id, name: name}}]
"""


def publish(home: Home, number: int, business_date: Date, sales: int) -> None:
    folder = home.published / "versions" / f"{number:06d}_{business_date:%Y%m%d}"
    folder.mkdir(parents=True)
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute(MARTS.format(sales=sales))
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
    text = markdown(first, "en")
    publish(home, 2, Date(2026, 7, 15), 9999)  # orders that came late
    assert pack_of(home) == pack_of(home, Date(2026, 7, 8)) == first
    assert markdown(pack_of(home), "en") == text
    assert "1,240 CNY" in text


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


def test_a_pack_says_goals_movers_alerts_and_what_to_do(home: Home) -> None:
    """Goals of the week, the worst first; of each metric and dimension the three that moved most."""
    goals, movers, alerts, actions, lints = (section.rows for section in sections(pack_of(home), "en"))
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
    assert alerts == (("critical", "East fell", "Li"), ("info", "late", ""))
    assert actions == (("Call", "Sales", "1. Ring up; 2. Visit"),)
    assert lints == (("fault", "S1", "S", "names no metric"),)


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
