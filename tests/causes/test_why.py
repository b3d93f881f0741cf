"""Why a published figure moved: its scope, its periods, names of members, and alerts by their key."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from sales_warehouse import publish
from sales_warehouse.causes.alerts import why_alert
from sales_warehouse.causes.published import NothingToExplain, Period, why
from sales_warehouse.cli import app
from sales_warehouse.home import Home

MONDAY = datetime.date(2026, 3, 2)
WEEK = Period.of(MONDAY, MONDAY + datetime.timedelta(days=6))
# Two weeks, two regions, two channels, four lines; in the second week 华东 sold a tenth of its Pumps.
MARTS = """
create schema marts; set schema 'marts';
create table dim_regions as from (values ('R1', 'East', '华东'), ('R2', 'North', '华北'))
    as t(region_key, region_name_en, region_name_zh);
create table dim_channels as from (values ('shop', 'Shop', '门店'), ('web', 'Online', '线上'))
    as t(channel, channel_name_en, channel_name_zh);
create table dim_sales_reps as from (values ('S1', 'Li')) as t(rep_key, rep_name);
create table fct_sales_daily as
select date '2026-02-23' + cast(day as integer) as sales_date, region_key, channel, 'S1' as rep_key, product_line,
    product_line || ' A' as category,
    cast(1000 + day + place as decimal(18, 4)) as gross_amount,
    cast(case when channel = 'web' and day >= 7 then 300 else 100 end as decimal(18, 4)) as discount_amount,
    cast(10 as decimal(18, 4)) as returns_amount,
    cast(
        (990 + place) * case when day >= 7 and region_key = 'R1' and product_line = 'Pumps' then 0.1 else 1 end
        as decimal(18, 4)
    ) as net_sales_amount,
    9 as unit_count
from range(14) as days(day), dim_regions, dim_channels,
    (values ('Pumps', 1), ('Valves', 2), ('Pipes', 3), ('Seals', 4)) as lines(product_line, place);
create table alert_metrics as
select key || '|' || member || '|2026-03-02' as incident_key, 'critical' as severity,
    if(key = 'high', 'threshold', 'percent_change') as kind, if(value < base_value, 'fall', 'rise') as direction,
    'net_sales' as metric_id,
    dimension_name, member as dimension_value, 'week' as period_grain, date '2026-03-02' as period_start_date,
    date '2026-03-08' as period_end_date, date '2026-02-23' as base_start_date,
    date '2026-03-01' as base_end_date, value, base_value, if(key = 'high', null, base_value) as compared_value,
    threshold_value
from (values ('fall', 'region', 'R1', 43093.4, 55580, null), ('fall', 'region', 'R2', 55580, 27790, null),
    ('all', 'total', 'total', 98673.4, 111160, null), ('high', 'total', 'total', 98673.4, 111160, 200000),
    ('other', 'total', 'total', 1, 2, null))
    as t(key, dimension_name, member, value, base_value, threshold_value);
"""


@pytest.fixture(scope="module")
def marts() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as db:
        db.execute(MARTS)
        yield db


def test_the_reason_names_members_as_people_do(marts: duckdb.DuckDBPyConnection) -> None:
    reason = why(marts, "net_sales", WEEK, currency="CNY")
    assert reason.sentences("en") == [
        "Net sales fell by 12,486.60 CNY, from 111,160.00 CNY to 98,673.40 CNY.",
        "region East and product line Pumps: −12,486.60 CNY, 100 % of the change, from 13,874.00 CNY to 1,387.40 CNY.",
        "Without this cell the change would be 0.00 CNY.",
    ]
    assert reason.sentences("zh")[1] == (
        "大区「华东」且产品线「Pumps」：−12,486.60 CNY，占变化的 100%，由 13,874.00 CNY 变为 1,387.40 CNY。"
    )


def test_an_alert_is_explained_within_its_region(marts: duckdb.DuckDBPyConnection) -> None:
    reason = why_alert(marts, "fall|R1|2026-03-02", currency="CNY")
    assert reason.sentences("en")[0].startswith("Net sales of East fell by 12,486.60 CNY, from 55,580.00 CNY")
    assert reason.found.cells[0].members == {"product_line": "Pumps"}
    assert "华东的净销售额下降" in reason.sentences("zh")[0]


def test_an_alert_of_a_short_week_is_explained_as_it_was_compared(marts: duckdb.DuckDBPyConnection) -> None:
    """Half a week sold as much as a whole one did."""
    reason = why_alert(marts, "fall|R2|2026-03-02", currency="CNY")
    assert reason.sentences("en")[0] == (
        "Net sales of North rose by 27,790.00 CNY, from 27,790.00 CNY to 55,580.00 CNY."
    )


def test_an_alert_of_a_limit_is_explained_by_the_week_before_and_its_distance_is_said_apart(
    marts: duckdb.DuckDBPyConnection,
) -> None:
    told = why_alert(marts, "high|total|2026-03-02", currency="CNY").sentences("en")
    assert told[0] == "Net sales fell by 12,486.60 CNY, from 111,160.00 CNY to 98,673.40 CNY."
    assert told[-1] == "It is 101,326.60 CNY below the limit of 200,000.00 CNY."


def test_an_alert_of_the_whole_company_is_explained_over_all_of_it(marts: duckdb.DuckDBPyConnection) -> None:
    reason = why_alert(marts, "all|total|2026-03-02", currency="CNY")
    assert reason.sentences("en")[0].startswith("Net sales fell by 12,486.60 CNY, from 111,160.00 CNY")


def test_a_rate_is_explained_by_where_it_moved(marts: duckdb.DuckDBPyConnection) -> None:
    reason = why(marts, "discount_rate", WEEK, currency="CNY")
    assert [cell.members for cell in reason.found.cells] == [{"channel": "web"}]
    assert reason.sentences("en")[1].startswith(
        "channel Online: +9.84 pp (+9.84 pp by its ratio, 0.00 pp by its weight)"
    )


@pytest.mark.parametrize("said", ["R2", "North", "华北"])
def test_a_scope_is_said_by_key_or_name(marts: duckdb.DuckDBPyConnection, said: str) -> None:
    reason = why(marts, "net_sales", WEEK, {"region": said}, currency="CNY")
    assert reason.sentences("en") == ["Net sales of North did not change: 55,580.00 CNY."]


def test_a_period_is_compared_with_the_one_before_or_the_one_that_is_named() -> None:
    day = datetime.timedelta(days=1)
    assert (WEEK.before_starts_on, WEEK.before_ends_on) == (MONDAY - 7 * day, MONDAY - day)
    year = Period.of(MONDAY, MONDAY + 6 * day, datetime.date(2025, 3, 3))
    assert year.before_ends_on == datetime.date(2025, 3, 9)


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        (lambda db: why(db, "profit", WEEK, currency=""), "no figure profit; the figures are net_sales, units"),
        (lambda db: why(db, "units", WEEK, {"moon": "x"}, currency=""), "no dimension moon; the dimensions are region"),
        (lambda db: why(db, "units", WEEK, {"region": "Mars"}, currency=""), "region has no one member Mars; it has"),
        (
            lambda db: why(db, "units", Period.of(datetime.date(2020, 1, 1), datetime.date(2020, 1, 7)), currency=""),
            "2019-12-25 to 2019-12-31 and 2020-01-01 to 2020-01-07: fct_sales_daily: has no rows",
        ),
        (lambda db: why_alert(db, "x", currency=""), "no alert x; the alerts are all.total.2026-03-02"),
        (lambda db: why_alert(db, "other|total|2026-03-02", currency=""), "other.total.*do not give its figure"),
        (lambda db: Period.of(MONDAY, datetime.date(2026, 3, 1)), "ends on 2026-03-01, before it starts on 2026-03-02"),
    ],
    ids=[
        "a figure",
        "a dimension",
        "a member",
        "a time without sales",
        "an alert",
        "an alert on what its facts do not give",
        "a period that ends first",
    ],
)
def test_what_is_not_there_is_said(marts: duckdb.DuckDBPyConnection, ask: object, says: str) -> None:
    with pytest.raises(NothingToExplain, match=says):
        ask(marts)  # type: ignore[operator]


COMPANY = {
    "company.yml": "company_id: tiny\nname: {en: Tiny, zh: 小公司}\ncurrency: CNY\ntime_zone: Asia/Shanghai\n"
    "country: CN\nlanguage: zh\n",
    "lifecycle.yml": "tiers: [{tier: A, name: {en: Everybody, zh: 全部}}]\n",
    "sources/shop.yml": "source: shop\nlabel: {en: Shop, zh: 商城}\nowner: data\nexpected_within_hours: 36\n"
    'connection: {type: files, path: "/nowhere"}\n'
    'tables: {customers: {files: "*.csv", format: csv, columns: [id, name]}}\n'
    "mappings: [{entity: customers, from: customers, columns: {customer_id: id, name: name}}]\n",
}


def test_the_command_explains_what_is_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tiny" / "sources").mkdir(parents=True)
    for name, text in COMPANY.items():
        (tmp_path / "tiny" / name).write_text(text, encoding="utf-8")
    monkeypatch.setenv("SALES_WAREHOUSE_VAR", str(tmp_path / "var"))
    ask = ["why", "--company", str(tmp_path / "tiny")]
    before = CliRunner().invoke(app, [*ask, "--alert", "x"])
    assert (before.exit_code, before.stderr) == (1, "nothing has been published yet: run a refresh (make run)\n")
    home = Home.of("tiny")
    home.warehouse.mkdir(parents=True)
    with duckdb.connect(str(home.warehouse_file)) as db:
        db.execute(MARTS)
    publish.publish(home, run_id="1", business_date=WEEK.ends_on, as_of=datetime.datetime(2026, 3, 9))
    said = CliRunner().invoke(app, [*ask, "--alert", "fall|R1|2026-03-02"]).stdout
    assert said.startswith("华东的净销售额下降 12,486.60 CNY，由 55,580.00 CNY 降至 43,093.40 CNY。\n产品线「Pumps」")
    days = ["--from", "2026-03-02", "--to", "2026-03-08"]
    found = json.loads(CliRunner().invoke(app, [*ask, *days, "--in", "region=East", "--format", "json"]).stdout)
    assert found["set"] == "product_line=Pumps"
    wrong = CliRunner().invoke(app, ask)
    assert (wrong.exit_code, wrong.stderr) == (2, "say which: --alert KEY, or --from DAY --to DAY\n")
