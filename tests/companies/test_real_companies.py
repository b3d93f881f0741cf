"""Whole refreshes on two real data sets, by configuration alone, agree with figures computed another way."""

from __future__ import annotations

import csv
import datetime
import math
import os
import shutil
import statistics
import sys
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import duckdb
import figures
import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "refresh"))
from refreshes import READ_TIMES, assert_same, chain, marts, refresh  # noqa: E402

SETTING = "SALES_WAREHOUSE_TEST_DATA"
DATA = Path(os.environ.get(SETTING, ""))
NIGHTS = int(os.environ.get("SALES_WAREHOUSE_TEST_NIGHTS", "1"))
NOT_GOODS = {"BANK CHARGES", "AMAZONFEE", "CRUK", "B", "S"}

pytestmark = [
    pytest.mark.data,
    pytest.mark.slow,
    pytest.mark.skipif(not os.environ.get(SETTING), reason=f"{SETTING} names no folder; see tests/README.md"),
]


def _connect(state: Path, company: str) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(str(state / company / "published" / "current" / "warehouse.duckdb"), read_only=True)


def _published(state: Path, company: str) -> figures.Figures:
    with _connect(state, company) as db:
        rows = db.execute(
            "select metric_id, period_grain, cast(period_start_date as varchar), dimension_name, dimension_value, "
            "numerator, denominator, value from marts.kpi_values"
        ).fetchall()
    return {tuple(row[:5]): tuple(None if number is None else float(number) for number in row[5:]) for row in rows}  # type: ignore[misc]


def _loaded(state: Path, company: str, business_date: str) -> figures.Figures:
    """How dirty the rows of the only night were, which belong to its business date, by the mart that knows no days."""
    with _connect(state, company) as db:
        rows = db.execute(
            "select coalesce(source, 'total'), sum(dirty_count), sum(judged_count) from marts.trust_dirty_rate "
            "group by grouping sets ((), (source))"
        ).fetchall()
    return {
        ("dirty_rate", grain, start, "total" if member == "total" else "source", member): (
            float(dirty), float(judged), float(dirty / judged)
        )
        for member, dirty, judged in rows
        for grain, start in (("day", business_date), ("month", f"{business_date[:7]}-01"))
    }  # fmt: skip


def _assert_agree(published: figures.Figures, expected: figures.Figures) -> None:
    """Every expected figure is published as it is, and what else is published is a period in which nothing happened."""
    wrong = [
        f"{place}: {figure} by the files, {published.get(place)} published"
        for place, figure in expected.items()
        if not _is_close(figure, published.get(place), TOLERANCES.get(place[0], 1e-6))
    ]
    wrong += [
        f"{place}: nothing by the files, {figure} published"
        for place, figure in published.items()
        if place not in expected and any(figure)
    ]
    assert not wrong, f"{len(wrong)} figures differ\n" + "\n".join(wrong[:10])


def _is_close(expected: figures.Figure, found: figures.Figure | None, tolerance: float) -> bool:
    return found is not None and all(
        mine is theirs is None
        or (mine is not None and theirs is not None and math.isclose(mine, theirs, rel_tol=tolerance, abs_tol=1e-6))
        for mine, theirs in zip(expected, found, strict=True)
    )


def _assert_untold(state: Path, company: str, untold: dict[str, str]) -> None:
    """These analyses, and no others, are absent with a reason, and what they would say is nowhere published as 0."""
    with _connect(state, company) as db:
        db.execute("set schema = 'marts'")
        told = db.execute("select analysis_id, absent_reason_en from kpi_analyses where not is_available").fetchall()
        assert dict(told) == {analysis: f"no source maps {columns}" for analysis, columns in untold.items()}
        for query in (query for analysis in untold for query in UNTOLD[analysis]):
            assert db.execute(f"select count(*) from {query}").fetchall() == [(0,)], query


# What an analysis would say that is absent.
UNTOLD = {
    "return_rates": ["kpi_return_rates"],
    "funnel_of_leads": ["kpi_funnel_steps where step = 'lead'", "kpi_funnel where step = 'lead'"],
    "funnel_of_deals": ["kpi_funnel_steps where step = 'opportunity'"],
    "funnel_of_orders": ["kpi_funnel_steps where step = 'order'"],
    "funnel_of_invoices": ["kpi_funnel_steps where step = 'invoice'"],
    "team_responses": ["kpi_team_responses"],
    "weekday_enquiries": ["kpi_weekday_profile where coalesce(enquiry_count, matured_enquiry_count) is not null"],
    "weekday_conversion": ["kpi_weekday_profile where converted_count is not null"],
    "weekday_sales": ["kpi_weekday_profile where coalesce(order_count, net_sales_amount) is not null"],
    "region_productivity": ["kpi_region_productivity"],
    "region_deals": ["kpi_region_gaps", "kpi_head_allocation"],
    "white_space": ["kpi_white_space"],
    "dealer_weeks": ["kpi_dealer_weeks"],
    "dealer_stock": ["kpi_dealer_stock"],
    "dealer_sell_out": ["kpi_dealer_stock where daily_sell_out_units is not null"],
    "dealer_sell_in": [
        "kpi_dealer_stock where sell_in_amount is not null",
        "kpi_dealer_weeks where sell_in_amount is not null",
    ],
    "capture": ["trust_capture"],
}
UNTOLD_BY_BOTH = {
    "funnel_of_leads": "leads.created_at, opportunities.lead_id",
    "funnel_of_orders": "orders.opportunity_id, invoices.order_id",
    "funnel_of_invoices": "invoices.order_id, payments.invoice_id",
    "team_responses":
        "leads.created_at, leads.customer_id, calls.started_at / visits.started_at / chats.first_response_at",
    "weekday_enquiries": "leads.created_at / web_events.event_type / chats.started_at / calls.started_at",
    "weekday_conversion": "leads.created_at, opportunities.lead_id",
    "dealer_weeks": "store_sales.quantity, dealer_orders.quantity, dealer_inventory.quantity",
    "dealer_stock": "dealer_inventory.quantity",
    "dealer_sell_out": "store_sales.quantity",
    "dealer_sell_in": "dealer_orders.amount",
    "capture": "web_events.event_type / chats.started_at / calls.started_at, leads.created_at",
}  # fmt: skip


def _assert_absent(state: Path, company: str, absent: dict[str, str], silent: set[str]) -> None:
    """The metrics of `absent` have no row and a reason, those of `silent` could be and have no row; all others have."""
    with _connect(state, company) as db:
        reasons = dict(db.execute("select metric_id, absent_reason_en from marts.kpi_metrics").fetchall())
        told = {metric for (metric,) in db.execute("select distinct metric_id from marts.kpi_values").fetchall()}
    said = {metric: reason for metric, reason in reasons.items() if reason is not None}
    assert said == {metric: f"no source maps {columns}" for metric, columns in absent.items()}
    assert told == reasons.keys() - absent.keys() - silent


# Two searches for the likeliest parameters stop at slightly different ones, and the warehouse fits tenths of a week.
TOLERANCES = {"clv_12m": 0.01}
# What neither company keeps, whatever the metric is called.
ABSENT_FROM_BOTH = {
    "new_leads": "leads.created_at",
    "lead_conversion_rate": "leads.created_at, opportunities.lead_id",
    "lead_first_response_hours":
        "leads.created_at, leads.customer_id, calls.started_at / visits.started_at / chats.first_response_at",
    "follow_up_interval_hours": "calls.started_at / visits.started_at",
    "capture_completeness_rate":
        "web_events.event_type / chats.started_at / calls.started_at, leads.created_at",
    "entry_within_24h_rate": "visits.recorded_at / calls.recorded_at / orders.recorded_at",
    "visit_completion_rate": "visits.started_at, visits.ended_at",
    "collection_rate": "invoices.due_date, invoices.amount, payments.invoice_id",
    "satisfaction_score": "satisfaction_scores.score, satisfaction_scores.max_score",
    "channel_sell_through_rate": "store_sales.quantity, dealer_orders.quantity, dealer_inventory.quantity",
    "dealer_days_of_supply": "store_sales.quantity, dealer_inventory.quantity",
}  # fmt: skip


def _retail_rows() -> list[dict[str, str]]:
    rows: list[dict[str, str]] = []
    for file in sorted((DATA / "online_retail").glob("20*.csv")):
        with file.open(encoding="utf-8", newline="") as handle:
            rows += csv.DictReader(handle)
    return rows


@pytest.fixture(scope="module")
def retailer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state after the retailer's whole history in one refresh, through Airflow."""
    state = tmp_path_factory.mktemp("retailer")
    done = refresh(HERE / "online_retail", state)
    assert done.returncode == 0, done.stdout + done.stderr
    return state


def test_the_retailers_figures_agree_to_the_cent(retailer: Path) -> None:
    rows = _retail_rows()
    assert len(rows) == 541_909
    sales, refunds, months, invoices = Decimal(0), Decimal(0), defaultdict(Decimal), set()
    credit_lines, seen = 0, set()
    for row in rows:
        content = tuple(row.values())
        if content in seen or row["StockCode"].upper() in NOT_GOODS:
            continue
        seen.add(content)
        quantity, price, number = int(row["Quantity"]), Decimal(row["UnitPrice"]), row["InvoiceNo"]
        if number.startswith("C"):
            refunds -= quantity * price
            months[row["InvoiceDate"][:7]] += quantity * price
            credit_lines += 1
        elif number[0].isdigit() and quantity > 0:
            sales += quantity * price
            months[row["InvoiceDate"][:7]] += quantity * price
            invoices.add(number)
    customers = {row["CustomerID"] for row in rows if row["CustomerID"]}
    with _connect(retailer, "online_retail") as db:
        db.execute("set schema = 'marts'")
        assert db.execute("select sum(net_amount) from fct_order_lines").fetchone()[0] == sales
        assert db.execute("select sum(refund_amount), count(*) from fct_returns").fetchone() == (refunds, credit_lines)
        assert db.execute("select sum(net_sales_amount) from fct_sales_daily").fetchone()[0] == sales - refunds
        assert db.execute("select count(distinct order_key) from fct_order_lines").fetchone()[0] == len(invoices)
        known = db.execute("select count(*) from dim_customers where customer_key <> 'unknown'").fetchone()[0]
        assert known == len(customers) == 4_372
        published = db.execute(
            "select strftime(period_start_date, '%Y-%m'), value from kpi_values where metric_id = 'net_sales' "
            "and period_grain = 'month' and dimension_name = 'total'"
        ).fetchall()
    assert {month: value.quantize(Decimal("0.0001")) for month, value in published} == {
        month: value.quantize(Decimal("0.0001")) for month, value in months.items()
    }


ABSENT_FROM_RETAILER = ABSENT_FROM_BOTH | {
    "opp_to_order_rate": "opportunities.created_at, orders.opportunity_id",
    "stage_loss_rate": "opportunity_stage_events.stage, opportunities.status, opportunities.closed_at",
    "stage_dwell_days": "opportunity_stage_events.stage",
    "stage_stalled_rate": "opportunity_stage_events.stage",
    "win_rate": "opportunities.status, opportunities.closed_at",
    "win_rate_by_amount": "opportunities.status, opportunities.closed_at, opportunities.amount",
    "win_cycle_days": "opportunities.created_at, opportunities.closed_at, opportunities.status",
    "weighted_pipeline_amount": "opportunities.amount, opportunities.probability_rate",
    "pipeline_coverage_ratio": "opportunities.amount, opportunities.expected_close_date",
    "return_rate": "returns.order_id, returns.line_number",
    "revenue_per_head": "sales_reps.fte, sales_reps.region",
}  # fmt: skip


def test_every_metric_of_the_retailer_agrees_with_its_files(retailer: Path) -> None:
    expected = figures.retailer(DATA / "online_retail") | _loaded(retailer, "online_retail", "2011-12-09")
    _assert_agree(_published(retailer, "online_retail"), expected)


def test_every_other_metric_of_the_retailer_is_absent_with_its_reason(retailer: Path) -> None:
    # it has set no goal
    _assert_absent(retailer, "online_retail", ABSENT_FROM_RETAILER, silent={"quota_attainment"})


def test_what_the_retailer_cannot_analyse_is_said_and_is_not_zero(retailer: Path) -> None:
    _assert_untold(retailer, "online_retail", UNTOLD_BY_BOTH | {
        "return_rates": "returns.order_id, returns.line_number",
        "funnel_of_deals": "opportunities.created_at, orders.opportunity_id",
        "region_productivity": "sales_reps.region",
        "region_deals": "sales_reps.region, opportunities.status, opportunities.closed_at, opportunities.amount",
        "white_space": "products.product_line",
    })  # fmt: skip


def test_every_row_of_the_retailer_is_accounted_for(retailer: Path) -> None:
    with _connect(retailer, "online_retail") as db:
        rows = db.execute(
            "select entity, landed_count, excluded_count + quarantined_count + merged_count + current_count "
            "+ waiting_count, unexplained_count from marts.trust_row_accounting"
        ).fetchall()
    assert {entity for entity, *_ in rows} == {"customers", "products", "orders", "order_lines", "returns"}
    assert all(landed == 541_909 == explained and unexplained == 0 for _, landed, explained, unexplained in rows)


@pytest.mark.long  # tests/dbt/test_night_by_night.py has the same for a world that has everything
def test_night_by_night_gives_the_same_marts_as_everything_at_once(retailer: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    files = sorted((DATA / "online_retail").glob("20*.csv"))
    (data / "online_retail").mkdir(parents=True)
    for file in files[:-NIGHTS]:
        shutil.copy(file, data / "online_retail")
    state, company = tmp_path / "var", HERE / "online_retail"
    for file in [files[-NIGHTS - 1], *files[-NIGHTS:]]:
        if not (data / "online_retail" / file.name).exists():
            shutil.copy(file, data / "online_retail")
        done = chain(company, state, file.stem, whole=True, **{SETTING: str(data)})
        assert done.returncode == 0, done.stderr
    # What repeats is a duplicate in one load and superseded in the next one, and equal rows are folded within a load
    # before they are judged: the sums are what must not change.
    without = {
        **READ_TIMES,
        "trust_row_accounting": ("duplicate_count", "superseded_count"),
        "trust_dirty_rate": ("dirty_count", "repaired_count", "doubtful_count", "dirty_rate", "residual_rate"),
        "trust_repairs": ("row_count", "last_load_at"),
    }
    by_night, at_once = marts(state, "online_retail", without), marts(retailer, "online_retail", without)
    assert not at_once.pop("kpi_restatements")  # who said nothing before restates nothing
    by_night.pop("kpi_restatements")
    for name in ("fct_incidents", "fct_incident_events"):  # nor has it incidents of earlier nights
        at_once.pop(name)
        by_night.pop(name)
    assert_same(by_night, at_once)


# --- the B2B pipeline ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    state = tmp_path_factory.mktemp("pipeline")
    done = refresh(HERE / "crm_sales_opportunities", state)
    assert done.returncode == 0, done.stdout + done.stderr
    return state


def _deals() -> list[dict[str, str]]:
    folder = DATA / "crm_sales_opportunities"
    with (folder / "sales_teams.csv").open(encoding="utf-8", newline="") as handle:
        teams = {row["sales_agent"]: row for row in csv.DictReader(handle)}
    with (folder / "sales_pipeline.csv").open(encoding="utf-8", newline="") as handle:
        deals = list(csv.DictReader(handle))
    for deal in deals:
        deal |= teams[deal["sales_agent"]]
        deal["product"] = "GTX Pro" if deal["product"] == "GTXPro" else deal["product"]
    return deals


DIMENSIONS = {"total": None, "rep": "sales_agent", "manager": "manager", "region": "regional_office",
              "product_line": "product"}  # fmt: skip


@pytest.mark.parametrize(("dimension", "column"), DIMENSIONS.items(), ids=DIMENSIONS.keys())
def test_win_rate_and_cycle_agree(pipeline: Path, dimension: str, column: str | None) -> None:
    wins, closed, cycles = defaultdict(int), defaultdict(int), defaultdict(list)
    for deal in _deals():
        member = deal[column] if column else "total"
        if deal["deal_stage"] in ("Won", "Lost"):
            closed[member] += 1
        if deal["deal_stage"] == "Won":
            wins[member] += 1
            days = datetime.date.fromisoformat(deal["close_date"]) - datetime.date.fromisoformat(deal["engage_date"])
            cycles[member].append(days.days)
    with _connect(pipeline, "crm_sales_opportunities") as db:
        published = {
            metric: {_member(value): numbers for value, *numbers in db.execute(
                "select dimension_value, numerator, denominator, value from marts.kpi_values "
                "where metric_id = ? and period_grain = 'all' and dimension_name = ?", [metric, dimension]
            ).fetchall()}
            for metric in ("win_rate", "win_cycle_days")
        }  # fmt: skip
    rates = {member: (int(won), int(all_)) for member, (won, all_, _) in published["win_rate"].items()}
    assert rates == {member: (wins[member], closed[member]) for member in closed}
    medians = {member: round(float(numbers[2]), 6) for member, numbers in published["win_cycle_days"].items()}
    assert medians == {member: round(statistics.median(days), 6) for member, days in cycles.items()}
    means = {member: round(float(n[0] / n[1]), 6) for member, n in published["win_cycle_days"].items()}
    assert means == {member: round(statistics.fmean(days), 6) for member, days in cycles.items()}


def _member(value: str) -> str:
    return value.removeprefix("crm:")


def test_the_pipeline_has_the_known_totals(pipeline: Path) -> None:
    with _connect(pipeline, "crm_sales_opportunities") as db:
        won, amount = db.execute(
            "select count(*), sum(amount) from marts.fct_opportunities where opportunity_status = 'won'"
        ).fetchone()
        everything = db.execute("select count(*) from marts.fct_opportunities").fetchone()[0]
        accounts = db.execute("select count(*) from marts.dim_customers where customer_key <> 'unknown'").fetchone()[0]
    assert (won, amount, everything, accounts) == (4_238, Decimal("10005534"), 8_800, 85)


ABSENT_FROM_PIPELINE = ABSENT_FROM_BOTH | {
    "opp_to_order_rate": "orders.opportunity_id, orders.paid_at / orders.status",
    "first_order_cycle_days": "orders.customer_id, orders.paid_at / orders.status",
    "weighted_pipeline_amount": "opportunities.probability_rate",
    "pipeline_coverage_ratio": "opportunities.expected_close_date",
    "net_sales": "order_lines.quantity, order_lines.unit_price_amount, orders.ordered_at",
    "revenue_per_customer": "orders.customer_id, order_lines.quantity, order_lines.unit_price_amount",
    "revenue_per_order": "order_lines.quantity, order_lines.unit_price_amount",
    "return_rate": "returns.quantity, returns.order_id, returns.line_number, order_lines.quantity",
    "repurchase_rate": "orders.customer_id, orders.paid_at / orders.status, order_lines.product_id",
    "repurchase_cycle_days": "orders.customer_id, orders.paid_at / orders.status, order_lines.product_id",
    "clv_12m": "orders.customer_id, orders.paid_at / orders.status",
    "revenue_per_head": "sales_reps.fte, order_lines.quantity",
    "top3_customer_share": "orders.customer_id, order_lines.quantity, order_lines.unit_price_amount",
    "customer_hhi": "orders.customer_id, order_lines.quantity, order_lines.unit_price_amount",
}


def test_every_metric_of_the_pipeline_agrees_with_its_files(pipeline: Path) -> None:
    published = _published(pipeline, "crm_sales_opportunities")
    loaded = _loaded(pipeline, "crm_sales_opportunities", "2017-12-31")
    _assert_agree(published, figures.pipeline(DATA / "crm_sales_opportunities") | loaded)


def test_every_other_metric_of_the_pipeline_is_absent_with_its_reason(pipeline: Path) -> None:
    _assert_absent(pipeline, "crm_sales_opportunities", ABSENT_FROM_PIPELINE, silent=set())


def test_what_the_pipeline_cannot_analyse_is_said_and_is_not_zero(pipeline: Path) -> None:
    _assert_untold(pipeline, "crm_sales_opportunities", UNTOLD_BY_BOTH | {
        "return_rates": "returns.quantity, returns.order_id, returns.line_number, order_lines.quantity",
        "funnel_of_deals": "orders.opportunity_id",
        "weekday_sales": "order_lines.quantity, order_lines.unit_price_amount, orders.ordered_at",
        "region_productivity": "order_lines.quantity",
        "white_space": "customers.region, orders.customer_id, order_lines.product_id",
    })  # fmt: skip
