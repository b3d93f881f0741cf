"""What is planted in the demo's deals and new customers is found by the marts, and in a quiet company it is not.

S42: a step fell because prices rose, or because a competitor came; S12: new customers buy sooner, and the goal moves.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import demo_world
import duckdb
import pytest
from demo_world import ACCEPTED, END, SEEN, UTC

from sales_warehouse.causes.explain import explain
from sales_warehouse.causes.table import Measure, leaf_table
from sales_warehouse.company.models import DemoFile
from sales_warehouse.home import Home

pytestmark = [pytest.mark.slow, pytest.mark.long]

SINCE = "2025-09-02"  # the 300 days before the end
SIZE = {"customers": 3000, "days": 760, "orders_per_day": 1, "dirty_rate": 0, "seed": 3, "business_date": END}
WORLDS: Mapping[str, dict[str, object]] = {
    "quiet": {},
    "dearer": {"price_rise": {"days_before_end": 300}, "first_order_cycle": {"days_before_end": 300}},
    "rivalled": {"competitor_entry": {"days_before_end": 300}},
}
# The deals of a company, with what was quoted, why deals were lost, and what happened around it.
DEALS: demo_world.Accepted = {
    **{entity: ACCEPTED[entity] for entity in ("customers", "sales_reps")},
    "opportunities": (ACCEPTED["opportunities"][0], {
        **ACCEPTED["opportunities"][1],
        "lost_reason": f"case when closed_at {SEEN} and not is_won then lost_reason end",
    }),
    "quotes": (f"quotes where created_at {SEEN}", {
        "quote_id": "quote_id", "version": "version", "opportunity_id": "'crm:' || deal_id", "amount": "amount",
        "created_at": UTC.format("created_at"),
    }),
    "market_events": (f"market_events where known_on <= date '{END}'", {
        "event_id": "event_id", "event_type": "event_type", "actor": "actor", "region": "region",
        "category": "category", "product_line": "product_line", "starts_on": "starts_on", "ends_on": "ends_on",
        "description": "description",
    }),
}  # fmt: skip
# New companies that come to buy, from their enquiry on: of those who never do, nobody can tell whether they are slower.
BUYERS = "deal_key in (select deal_key from deals where is_won and is_new_company)"
NEWCOMERS: demo_world.Accepted = {
    "customers": ACCEPTED["customers"],
    "leads": (f"enquiries where created_at {SEEN} and lead_key in (select lead_key from leads where "
              f"{BUYERS.replace('deal_key in', 'lead_key in')})", ACCEPTED["leads"][1]),
    "orders": (f"field_orders where ordered_at {SEEN} and not is_cancelled and {BUYERS}", {
        "order_id": "order_key", "customer_id": "'crm:' || account_key", "status": "'paid'", "channel": "'field'",
        "ordered_at": UTC.format("ordered_at"), "paid_at": UTC.format("ordered_at"),
    }),
}  # fmt: skip


class World:
    """What the marts say of a world, and the answers measured in its true rows."""

    def __init__(self, folder: Path, name: str, accepted: demo_world.Accepted, *marts: str) -> None:
        home, settings = Home(folder, name), DemoFile.model_validate(SIZE)
        self.truth = demo_world.build(home, folder, settings, WORLDS[name], *marts, accepted=accepted)
        self.connection = duckdb.connect(str(home.warehouse / "working.duckdb"))
        self.connection.execute("set schema = 'marts'")

    def ask(self, sql: str) -> list[tuple]:
        return self.connection.sql(sql).fetchall()

    def first_cause(self) -> dict[str, str] | None:
        """Where the share of deals that are won moved, by region and line; deals have had 90 days to be decided."""
        won, closed = "opportunity_status = 'won'", "opportunity_status in ('won', 'lost')"
        self.connection.execute(f"""
            create or replace temp table decided as
            select region_key as region, product_line,
                count(*) filter ({won} and is_since) as won_since,
                count(*) filter ({won} and not is_since) as won_before,
                count(*) filter ({closed} and is_since) as closed_since,
                count(*) filter ({closed} and not is_since) as closed_before
            from (from fct_opportunities select *, created_date >= date '{SINCE}' as is_since)
            where created_date <= date '{END}' - 90 group by all
        """)
        measure = Measure("won_since", "won_before", "closed_since", "closed_before")
        found = explain(leaf_table(self.connection, "decided", ["region", "product_line"], measure, where="deals"))
        return found.cells[0].members if found.cells else None


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, World]:
    marts = ("fct_opportunities", "fct_quotes", "dim_market_events")
    return {name: World(tmp_path_factory.mktemp(name), name, DEALS, *marts) for name in WORLDS}


# The reason that lost deals of the line give more often than before, and what happened around them.
REASONS = f"""
    select lost_reason from fct_opportunities
    where opportunity_status = 'lost' and product_line = '医疗器械' and {{}} and lost_reason is not null
    group by 1
    order by count(*) filter (created_date >= date '{SINCE}') / count(*) filter (created_date < date '{SINCE}') desc
    limit 1"""
AROUND = """
    select event_type, actor from dim_market_events
    where product_line = '{product_line}' and region_key in ('all', '{region}') and starts_date = date '{since}'"""
QUOTED = f"""
    select avg(ln(quotes.amount)) filter (deals.created_date >= date '{SINCE}')
        - avg(ln(quotes.amount)) filter (deals.created_date < date '{SINCE}')
    from fct_quotes as quotes join fct_opportunities as deals using (opportunity_key)
    where deals.product_line = '医疗器械'"""


def test_prices_that_rose_are_the_first_cause_of_the_line_everywhere(worlds: dict[str, World]) -> None:
    dearer = worlds["dearer"]
    assert dearer.first_cause() == {"product_line": "医疗器械"}
    assert dearer.ask(REASONS.format("true")) == [("价格过高",)]
    ((change,),) = dearer.ask(QUOTED)
    assert math.exp(change) - 1 == pytest.approx(dearer.truth["price_rise"]["quoted_price_change"], abs=0.01)
    assert dearer.ask(AROUND.format(product_line="医疗器械", region="all", since=SINCE)) == [("price_change", "own")]


def test_a_competitor_is_the_first_cause_in_its_region_alone(worlds: dict[str, World]) -> None:
    rivalled = worlds["rivalled"]
    assert rivalled.first_cause() == {"region": "华南", "product_line": "医疗器械"}
    assert rivalled.ask(REASONS.format("region_key = '华南'")) == [("竞品中标",)]
    ((change,),) = rivalled.ask(QUOTED)
    assert abs(change) < 0.03
    around = rivalled.ask(AROUND.format(product_line="医疗器械", region="华南", since=SINCE))
    assert around == [("low_price_offer", "competitor")]


def test_a_quiet_company_has_no_such_cause(worlds: dict[str, World]) -> None:
    quiet = worlds["quiet"]
    assert quiet.first_cause() is None
    ((change,),) = quiet.ask(QUOTED)
    assert abs(change) < 0.03
    assert quiet.ask("from dim_market_events where event_type in ('price_change', 'low_price_offer')") == []


@pytest.fixture(scope="module")
def newcomers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, World]:
    marts = ("kpi_values",)
    return {name: World(tmp_path_factory.mktemp(name), name, NEWCOMERS, *marts) for name in ("quiet", "dearer")}


CYCLE = """
    select {} from kpi_values
    where metric_id = 'first_order_cycle_days' and period_grain = 'quarter' and dimension_name = 'total' and is_matured
        and period_start_date {}"""


def test_new_customers_who_buy_sooner_are_in_the_cycle_of_their_cohort(newcomers: dict[str, World]) -> None:
    """S12: the cohorts since then against those before; a quiet company is as quick as it was."""
    factors = {}
    for name, world in newcomers.items():
        ((before,),) = world.ask(
            CYCLE.format("median(value)::double", "between date '2024-07-01' and date '2025-06-30'")
        )
        ((since,),) = world.ask(CYCLE.format("median(value)::double", ">= date '2025-10-01'"))
        factors[name] = since / before
    assert factors["dearer"] == pytest.approx(newcomers["dearer"].truth["first_order_cycle"]["cycle_factor"], abs=0.07)
    assert factors["quiet"] == pytest.approx(1, abs=0.06)
