"""The rows behind figures, on a handful of rows; tests/dbt/drilled.py holds every metric of whole worlds to them."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from decimal import Decimal as D
from pathlib import Path

import duckdb
import pytest
from published_marts import write_marts
from typer.testing import CliRunner

from sales_warehouse.cli import app
from sales_warehouse.home import Home
from sales_warehouse.metrics import registry
from sales_warehouse.metrics.relations import FOLDER, cuts_of, lay_out, relation_of, tell
from sales_warehouse.metrics.rows import Asked, NoSuchFigure, Result, RowsDisagree, Run, find_rows, period_of
from sales_warehouse.publish import manifest
from sales_warehouse.settings import PROJECT

Marts = duckdb.DuckDBPyConnection
BUSINESS_DATE = datetime.date(2026, 6, 28)
RUN = Run("v1", BUSINESS_DATE, datetime.datetime(2026, 6, 28, 18), "Asia/Shanghai")
JUNE = datetime.date(2026, 6, 1)
# order → day, region, channel, product, net amount
ORDERS = [
    ("o1", "2026-06-01", "east", "web", "milk", 100),
    ("o2", "2026-06-28", "east", "shop", "tea", 20),
    ("o3", "2026-06-03", "west", "web", "milk", 3),
    ("o4", "2026-05-31", "east", "web", "milk", 7000),
    ("o5", "2026-06-29", "east", "web", "milk", 8000),
]


def _line(order: str, day: str, region: str, channel: str, product: str, amount: int) -> dict[str, object]:
    return {
        "order_key": order, "line_number": 1, "order_id": order, "order_date": day, "customer_key": "c",
        "product_key": product, "rep_key": "r", "region_key": region, "channel": channel, "dealer_key": "unknown",
        "order_status": "paid", "quantity": 1, "net_amount": amount, "is_cancelled": False,
    }  # fmt: skip


def _figure(metric: str, grain: str, first: str, last: str, member: str, *figures: object) -> dict[str, object]:
    dimension, _, value = member.partition("=")
    return {
        "metric_id": metric, "period_grain": grain, "period_start_date": first, "period_end_date": last,
        "dimension_name": dimension, "dimension_value": value or dimension,
        **dict(zip(("numerator", "denominator", "value"), figures, strict=True)),
    }  # fmt: skip


# A value of 0 or more of five customers, one of which is not estimated, and one deleted at its source.
VALUES = (("c1", "east", 10), ("c2", "east", 25), ("c3", "west", 1), ("c4", "east", None), ("c5", "east", 100))
DELETED = "c5"
MARTS = {
    "dim_sales_reps": [{"rep_key": "r", "rep_name": "R", "team": "t", "region_key": "east"}],
    "dim_regions": [{"region_key": each, "region_name_en": each.title()} for each in ("east", "west", "south")],
    "dim_channels": [],
    "dim_products": [{"product_key": each, "product_name": each, "product_line": each} for each in ("milk", "tea")],
    "dim_customers": [
        {"customer_key": customer, "region_key": region, "is_deleted": customer == DELETED}
        for customer, region, _ in VALUES
    ],
    "fct_order_lines": [_line(*order) for order in ORDERS],
    "fct_returns": [{
        "return_key": "b1", "order_key": "o1", "line_number": 1, "customer_key": "c", "product_key": "milk",
        "rep_key": "r", "channel": "web", "region_key": "east", "return_date": "2026-06-01", "quantity": 1,
        "refund_amount": 30, "is_cancelled": False,
    }],
    "fct_opportunities": [],
    "kpi_customer_lifetime_values": [{"customer_key": name, "clv_12m_amount": value} for name, _, value in VALUES],
    "kpi_metrics": [],
    "kpi_values": [
        *(_figure("net_sales", "month", "2026-06-01", "2026-06-30", member, value, None, value)
          for member, value in (("total", 93), ("region=east", 90), ("region=west", 3), ("region=south", 0))),
        _figure("clv_12m", "day", "2026-06-28", "2026-06-28", "total", 36, 3, 12),
        _figure("clv_12m", "day", "2026-06-28", "2026-06-28", "region=east", 35, 2, D("17.5")),
    ],
}  # fmt: skip
# Marts that the rows of all metrics read.
READ = {
    mart
    for file in FOLDER.glob("*.sql")
    for mart in re.findall(r"\b(?:from|join) ((?:dim|fct|kpi|trust)_\w+)", file.read_text(encoding="utf-8"))
}


def _write(db: Marts) -> None:
    write_marts(db, MARTS)
    db.execute("set schema 'marts'")


@pytest.fixture
def marts() -> Iterator[Marts]:
    with duckdb.connect() as db:
        _write(db)
        yield db


def _said(marts: Marts, **where: str) -> tuple[Result, Result | None, list]:
    found = find_rows(marts, RUN, Asked("net_sales", "2026-06", where=where))
    keys = [found.columns.index(name) for name in ("row_type", "order_key", "numerator")]
    return found.result, found.figure.published, sorted(tuple(row[place] for place in keys) for row in found.rows())


def test_the_rows_of_every_metric_read_published_columns_and_have_its_dimensions() -> None:
    with duckdb.connect() as db:
        write_marts(db, dict.fromkeys(READ, ()))
        db.execute("set schema 'marts'")
        tell(db, RUN.business_date, RUN.as_of, RUN.time_zone)
        for metric in registry().values():
            view = lay_out(db, relation_of(metric.id).file)
            columns = [name for name, *_ in db.execute(f"select * from {view}").description]
            assert set(metric.dimensions) <= set(cuts_of(columns)), metric.id
    used = {relation_of(name).file for name in registry()} | {"order_lines", "goals"}
    assert used == {file.stem for file in FOLDER.glob("*.sql")}, "a query that no metric reads"


def test_lines_and_returns_of_the_period_and_the_member_make_the_figure(marts: Marts) -> None:
    result, published, rows = _said(marts, region="east")
    assert result == published == Result(D(90), None, D(90))
    assert rows == [("order_line", "o1", 100), ("order_line", "o2", 20), ("return", "o1", -30)]
    assert _said(marts)[0].value == 93


def test_a_member_without_a_row_is_zero_and_one_that_is_not_there_is_refused(marts: Marts) -> None:
    assert _said(marts, region="south") == (Result(D(0), None, D(0)), Result(D(0), None, D(0)), [])
    with pytest.raises(NoSuchFigure, match="region has no member 'eats'; did you mean 'east'"):
        _said(marts, region="eats")


def test_a_member_may_be_called_by_its_name(marts: Marts) -> None:
    assert _said(marts, region="East")[0].value == 90
    marts.execute("insert into dim_regions by name select 'east2' as region_key, 'East' as region_name_en")
    with pytest.raises(NoSuchFigure, match="2 members of that name: east, east2"):
        _said(marts, region="East")


def test_cuts_that_kpi_values_has_not_are_figures_of_their_own_and_add_up(marts: Marts) -> None:
    cells = {
        (channel, line): _said(marts, region="east", channel=channel, product_line=line)
        for channel in ("web", "shop")
        for line in ("milk", "tea")
        if (channel, line) != ("shop", "milk")
    }
    assert all(published is None for _, published, _ in cells.values())
    assert {key: result.value for key, (result, *_) in cells.items()} == {
        ("web", "milk"): 70, ("web", "tea"): 0, ("shop", "tea"): 20,
    }  # fmt: skip


def test_any_days_have_rows_where_a_metric_knows_no_month(marts: Marts) -> None:
    days = (datetime.date(2026, 5, 31), datetime.date(2026, 6, 2))
    found = find_rows(marts, RUN, Asked("net_sales", days=days, where={"region": "east"}))
    assert (found.result.value, found.figure.published) == (7000 + 100 - 30, None)
    after = find_rows(marts, RUN, Asked("net_sales", days=(BUSINESS_DATE, datetime.date(2026, 7, 31))))
    assert (after.result.value, after.figure.ends_on) == (20, BUSINESS_DATE)
    with pytest.raises(NoSuchFigure, match="top3_customer_share is no figure of any days: ask for a period, month"):
        find_rows(marts, RUN, Asked("top3_customer_share", days=days))
    with pytest.raises(NoSuchFigure, match="end on 2026-05-31, before they begin on 2026-06-02"):
        find_rows(marts, RUN, Asked("net_sales", days=days[::-1]))


def test_rows_that_do_not_make_the_figure_are_an_error_with_both(marts: Marts) -> None:
    marts.execute("update kpi_values set numerator = 91, value = 91 where dimension_value = 'east'")
    with pytest.raises(RowsDisagree, match=r"region=east in version v1: kpi_values says 91.* its 3 rows make 90\.0"):
        _said(marts, region="east")


def test_rows_of_a_figure_that_should_have_been_published_and_was_not_are_an_error(marts: Marts) -> None:
    marts.execute("delete from kpi_values where dimension_value = 'west'")
    with pytest.raises(RowsDisagree, match=r"region=west .* kpi_values has no such figure, its 1 rows make 3\.0"):
        _said(marts, region="west")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Asked("net_sals"), "unknown metric 'net_sals'; did you mean 'net_sales'"),
        (Asked("net_sales", "2026-06", where={"regon": "east"}), "cannot be cut by 'regon'; did you mean 'region'"),
        (Asked("net_sales", "2025-06"), "no month of 2025-06-01; this version has 2026-06-01 alone"),
        (Asked("net_sales", "2026-06-01", "month"), ""),
        (Asked("net_sales", "2026-W23"), "net_sales has no week in this version"),
        (Asked("net_sales", "2026-06", "week"), "2026-06 is a month, not a week"),
        (Asked("win_rate", "2026-06", "day"), "2026-06 is a month, not a day"),
        (Asked("win_rate", "2026-06-01", "day"), "win_rate has no day; its grains are month, quarter, all"),
        (Asked("net_sales"), "has a figure for every day, week, month, quarter: say which with --period"),
        (Asked("net_sales", "2026-13"), "'2026-13' is no period"),
        (Asked("net_sales", "2026-06", where={"region": "x' or '1' = '1"}), "no member \"x' or"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_there_is_not_is_said_with_what_there_is(marts: Marts, asked: Asked, said: str) -> None:
    if not said:
        assert find_rows(marts, RUN, asked).result.value == 93
        return
    with pytest.raises(NoSuchFigure) as refused:
        find_rows(marts, RUN, asked)
    assert said in str(refused.value)


def test_periods_are_read_as_people_write_them() -> None:
    assert period_of("2026-Q2") == ("quarter", datetime.date(2026, 4, 1))
    assert period_of("2026-W01") == ("week", datetime.date(2025, 12, 29))
    assert period_of("2026-06") == ("month", JUNE)
    assert period_of("2026-06-28") == (None, BUSINESS_DATE)


def test_lifetime_values_are_those_of_the_customers_of_the_member(marts: Marts) -> None:
    """No world of the tests has a hundred customers who came back, of whom these are estimated."""
    assert find_rows(marts, RUN, Asked("clv_12m")).count == 3
    assert find_rows(marts, RUN, Asked("clv_12m", where={"region": "east"})).result == Result(D(35), D(2), D("17.5"))


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """The company of docs/example, which has published these marts."""
    home = Home(tmp_path, "teahouse")
    version = home.published / "versions" / "v1"
    version.mkdir(parents=True)
    with duckdb.connect(str(version / "warehouse.duckdb")) as db:
        _write(db)
    manifest.write(version, manifest.Manifest("v1", None, "r", f"{BUSINESS_DATE}", f"{RUN.as_of}", "duckdb", ()))
    home.current.symlink_to(version)
    monkeypatch.setenv("SALES_WAREHOUSE_VAR", str(tmp_path))
    monkeypatch.setenv("SALES_WAREHOUSE_COMPANY", str(PROJECT / "docs" / "example"))
    return home


ROWS = ["metrics", "rows", "net_sales", "--period", "2026-06"]


def test_the_command_says_the_figure_first_and_then_its_rows(published: Home) -> None:
    said = CliRunner().invoke(app, [*ROWS, "--dimension", "region", "--member", "east", "--limit", "2"])
    assert said.output.splitlines()[:3] == [
        "Net sales · 净销售额, month of 2026-06-01 to 2026-06-28, region=east",
        "figure: 90",
        "rows:   90 from 3 rows; they agree",
    ]
    assert said.output.splitlines()[-1] == "… and 1 more: --limit, or --out FILE for all"
    deeper = CliRunner().invoke(app, [*ROWS, "--where", "region=east", "--where", "product_line=tea"])
    assert "rows:   20 from 1 rows; kpi_values has no such cut, the rows are the figure" in deeper.output


def test_the_command_writes_all_rows_as_csv_or_parquet(published: Home, tmp_path: Path) -> None:
    said = CliRunner().invoke(app, [*ROWS, "--where", "region=west", "--format", "csv"])
    names, *rows = said.stdout.splitlines()
    assert names.split(",")[0] == "row_date" and len(rows) == 1 and rows[0].startswith("2026-06-03,order_line,o3,")
    assert "they agree" in said.stderr
    for name in ("rows.csv", "rows.parquet"):
        assert CliRunner().invoke(app, [*ROWS, "--out", str(tmp_path / name)]).exit_code == 0
        assert duckdb.sql(f"select sum(numerator) from '{tmp_path / name}'").fetchall() == [(93,)]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--where", "region"], "a cut is --where DIMENSION=MEMBER"),
        (["--dimension", "region"], "a cut is --where DIMENSION=MEMBER"),
        (["--where", "region=east", "--where", "region=west"], "cut twice"),
        (["--format", "parquet"], "Parquet needs --out FILE"),
        (["--where", "region=nowhere"], "region has no member"),
        (["--from", "2026-06-01"], "say --period, or --from DAY --to DAY"),
    ],
    ids=["no member", "a dimension alone", "twice", "Parquet to a terminal", "nobody", "half of the days"],
)
def test_the_command_refuses_what_makes_no_sense(published: Home, more: list[str], said: str) -> None:
    refused = CliRunner().invoke(app, [*ROWS, *more])
    assert refused.exit_code == 2 and said in refused.stderr


def test_the_command_fails_where_rows_and_figure_differ(published: Home) -> None:
    with duckdb.connect(str(published.current / "warehouse.duckdb")) as db:
        db.execute("update marts.kpi_values set numerator = 92, value = 92 where dimension_name = 'total'")
    failed = CliRunner().invoke(app, ROWS)
    assert failed.exit_code == 1 and "kpi_values says 92" in failed.stderr and failed.stdout == ""
