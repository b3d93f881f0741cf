"""What never reached the CRM, came late or came twice is found by the marts where it is planted, and only there.

S17: enquiries that other systems saw; S22: files after close of business; S61: orders of the shop that the CRM tells
once more; S66: visits entered late.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import accepted_files as files
import around_world
import demo_world
import duckdb
import pytest
from demo_world import ACCEPTED, END, LOAD, UTC

from sales_warehouse import settings, settings_tables
from sales_warehouse.company.load import load_company
from sales_warehouse.company.models import DemoFile
from sales_warehouse.demo.answers import measure
from sales_warehouse.demo.generator import Generator, open_generator
from sales_warehouse.home import Home

pytestmark = [pytest.mark.slow, pytest.mark.long]

SIZE = {"customers": 300, "days": 150, "orders_per_day": 40, "dirty_rate": 0, "seed": 3, "business_date": END}
WORLDS: Mapping[str, dict[str, dict[str, object]]] = {
    "planted": {"capture_loss": {}, "late_entry": {}, "orders_told_twice": {}},
    "quiet": {},
}
MARTS = ("trust_capture", "trust_order_differences", "int_kpi_entry_within_24h_rate")

TILL = f"<= timestamp '{END} 23:59:59'"
# An account by its number in the CRM, where several records have it by the oldest.
NUMBERED = "(select crm_id, min(account_key) as numbered_key from accounts group by all) as n using (crm_id)"
EVENT = {"customer_id": "'crm:' || account_key"}
COMPANY: Mapping[tuple[str, str], tuple[str, Mapping[str, str]]] = {
    **{("crm", name): ACCEPTED[name] for name in ("customers", "products", "sales_reps")},
    ("crm", "leads"): (f"enquiries where created_at {TILL} and not is_lost", {
        "lead_id": "lead_id", "customer_id": "'crm:' || account_key", "channel": "channel", "status": "'working'",
        "created_at": UTC.format("created_at"), "source_event_id": "event_system || ':' || event_id",
    }),
    ("web", "web_events"): (f"enquiries where happened_at {TILL} and event_system = 'web'", {
        "event_id": "event_id", "event_type": "'form_post'", "occurred_at": UTC.format("happened_at"),
    }),
    ("chats", "chats"): (f"enquiries where happened_at {TILL} and event_system = 'chats'", {
        "chat_id": "event_id", "intent": "'enquiry'", "platform": "'wechat'",
        "started_at": UTC.format("happened_at"),
    }),
    ("phone", "calls"): (f"enquiries where happened_at {TILL} and event_system = 'phone'", {
        "call_id": "event_id", "direction": "'inbound'", "outcome": "'enquiry'",
        "started_at": UTC.format("happened_at"),
    }),
    ("visits", "visits"): (f"field_visits join {NUMBERED} where recorded_at {TILL}", {
        "visit_id": "visit_id", "customer_id": "'crm:' || numbered_key", "rep_id": "'crm:' || rep_id",
        "started_at": UTC.format("started_at"), "recorded_at": UTC.format("recorded_at"),
    }),
    ("shop", "orders"): (f"shop_orders where ordered_at {TILL}", {
        "order_id": "order_id", "customer_id": "'crm:' || account_key", "region": "region", "channel": "'online_store'",
        "ordered_at": UTC.format("ordered_at"),
        "status": "case when is_cancelled then 'cancelled' else 'delivered' end",
    }),
    ("shop", "order_lines"): (f"shop_lines join products using (sku) where ordered_at {TILL}", {
        "order_id": "order_id", "line_number": "line_no", "product_id": "'crm:' || products.crm_id",
        "quantity": "quantity", "unit_price_amount": "price", "discount_amount": "discount",
    }),
    ("crm", "orders"): (f"told_twice join {NUMBERED} where recorded_at {TILL}", {
        "order_id": "copy_id", "order_number": "regexp_extract(copy_id, 'WS[0-9]+')",
        "customer_id": "'crm:' || numbered_key", "region": "region", "channel": "'phone'",
        "ordered_at": UTC.format("ordered_at"), "status": "'delivered'",
    }),
    ("crm", "order_lines"): (f"lines_told_twice where recorded_at {TILL}", {
        "order_id": "copy_id", "line_number": "line_no", "product_id": "product_id", "quantity": "quantity",
        "unit_price_amount": "price", "discount_amount": "discount",
    }),
}  # fmt: skip


@dataclass(frozen=True)
class World:
    """What the marts say of a world, its answers as measured in its true rows, and what these rows list."""

    marts: duckdb.DuckDBPyConnection
    truth: Mapping[str, Mapping]
    lost: set[str]
    told_twice: set[str]
    late_rep: str

    def ask(self, sql: str) -> list[tuple]:
        return self.marts.sql(sql).fetchall()


def empty(temp: Path, name: str) -> Home:
    """Return a company without a row, with the settings of the demo."""
    home = Home(temp, name)
    files.write_empty_company(home)
    settings_tables.write_settings(
        home, load_company(settings.PROJECT / "config" / "demo"), as_of=around_world.AS_OF, business_date=END,
        first_date=END - datetime.timedelta(days=400),
    )  # fmt: skip
    return home


def built(temp: Path, name: str) -> World:
    home = empty(temp, name)
    demo = DemoFile.model_validate({**SIZE, "situations": WORLDS[name]})
    planted = DemoFile.model_validate({**SIZE, "situations": WORLDS["planted"]}).situations
    with open_generator(demo, temp) as world:
        world.unfold(world.start, END)
        for (source, entity), (rows, columns) in COMPANY.items():
            demo_world.write_accepted(world.connection, home, LOAD, entity, columns, rows, source)
        keys = world.connection.execute("select account_key::varchar from accounts").fetchall()
        files.write_customer_identities(home, {("crm", key): (f"K{key}", 1) for (key,) in keys})
        truth = {kind: measure(world, kind, situation) for kind, situation in planted.active()}
        ((rep,),) = world.connection.execute("select 'crm:' || rep_id from reps where rep_no = 5").fetchall()
        # a day is given to the people who enter enquiries by hand: the night is at 20:00
        waiting = f"happened_at <= timestamp '{END - datetime.timedelta(days=1)} 20:00:00'"
        lost = listed(world, f"select event_system || ':' || event_id from enquiries where is_lost and {waiting}")
        twice = listed(world, f"select 'crm:' || copy_id from told_twice where recorded_at {TILL}")
    demo_world.run_models(home, *MARTS)
    return World(opened(home), truth, lost, twice, rep)


def opened(home: Home, schemas: str = "marts,intermediate") -> duckdb.DuckDBPyConnection:
    marts = duckdb.connect(str(home.warehouse / "working.duckdb"), read_only=True)
    marts.execute(f"set search_path = '{schemas}'")
    return marts


def listed(world: Generator, query: str) -> set[str]:
    return {text for (text,) in world.connection.execute(query).fetchall()}


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, World]]:
    made = {name: built(tmp_path_factory.mktemp(name), name) for name in WORLDS}
    yield made
    for world in made.values():
        world.marts.close()


def test_the_enquiries_that_never_reached_the_crm_are_named(worlds: dict[str, World]) -> None:
    for name, world in worlds.items():
        found = {key for (key,) in world.ask("select event_key from fct_enquiries where capture_status = 'lost'")}
        assert found == world.lost
        ((share,),) = world.ask("select sum(lost_count) / sum(lost_count + captured_count) from trust_capture")
        assert share == pytest.approx(0.15 if name == "planted" else 0, abs=0.03)
        assert share == pytest.approx(world.truth["capture_loss"]["lost_of_events"], abs=0.003)


def test_orders_that_the_crm_tells_once_more_are_found_with_what_it_tells_otherwise(worlds: dict[str, World]) -> None:
    planted, quiet = worlds["planted"], worlds["quiet"]
    matched = "select left_order_key from trust_order_matches where match_status = 'matched'"
    assert {key for (key,) in planted.ask(matched)} == planted.told_twice
    assert planted.ask("from trust_order_matches where match_status <> 'matched'") == []
    counts = dict(planted.ask("select difference_type, count(*) from trust_order_differences group by 1"))
    for kind, truth in (("amount", "other_amount_of_told_twice"), ("customer", "other_customer_of_told_twice")):
        share = counts[kind] / len(planted.told_twice)
        assert share == pytest.approx(planted.truth["orders_told_twice"][truth], abs=0.02), kind
    assert quiet.told_twice == set()
    assert quiet.ask("from trust_order_matches") == quiet.ask("from trust_order_differences") == []


def test_the_rep_who_enters_visits_after_three_days_has_none_in_time(worlds: dict[str, World]) -> None:
    rate = """
        select sum(numerator) / sum(denominator) from int_kpi_entry_within_24h_rate
        where period_grain = 'month' and dimension_name = 'rep' and dimension_value {} '{}'"""
    for name, world in worlds.items():
        ((his,),) = world.ask(rate.format("=", world.late_rep))
        ((others,),) = world.ask(rate.format("<>", world.late_rep))
        assert his == pytest.approx(world.truth["late_entry"]["entered_within_24h"], abs=0.02)
        assert his == 0 if name == "planted" else his > 0.75
        assert others == pytest.approx(0.89, abs=0.03)


@pytest.mark.parametrize("planted", [True, False], ids=["the files of one system come late", "all come in time"])
def test_days_whose_files_come_after_work_missed_their_deadline(planted: bool, tmp_path: Path) -> None:
    """Half an hour late from Wednesday to Sunday: the worked Saturday counts, and the Sunday wakes nobody."""
    home = empty(tmp_path, "late")
    demo = DemoFile.model_validate({**SIZE, "situations": {"late_files": {}} if planted else {}})
    with open_generator(demo, tmp_path) as world:
        days = [END - datetime.timedelta(days=back) for back in range(30)]
        arrivals = [
            {"source": source, "load_id": f"{day:%Y%m%d}T120000_000000", "event_date": day, "origin": f"{day}.csv",
             "arrived_at": local(day, world.delivery_hour(source, day)), "first_event_at": local(day, 9)}
            for source in ("phone", "chats", "web") for day in days
        ]  # fmt: skip
    files.write_parquet(home.ledger / "arrivals.parquet", files.LEDGER["arrivals"], arrivals)
    demo_world.run_models(home, "alert_deadline_missed")
    of_files = "source in ('phone', 'chats', 'web')"
    missed = (
        f"select source, date_day, late_minutes from trust_deadlines where deadline_status = 'missed' and {of_files}"
    )
    worked = [datetime.date(2026, 6, day) for day in (24, 25, 26, 27)]
    with opened(home, "marts") as marts:
        assert sorted(marts.sql(missed).fetchall()) == ([("phone", day, 30) for day in worked] if planted else [])
        assert marts.sql(f"from alert_deadline_missed where {of_files}").fetchall() == []
        ((met,),) = marts.sql("select count(*) from trust_deadlines where deadline_status = 'met'").fetchall()
        assert met > 50


def local(day: datetime.date, hour: float) -> datetime.datetime:
    """Return the moment in UTC at which it is that hour in Shanghai."""
    return datetime.datetime(day.year, day.month, day.day) + datetime.timedelta(hours=hour - 8)
