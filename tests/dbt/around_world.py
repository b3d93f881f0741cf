"""A demo world with rules that watch it: its true rows, its market events, and the settings of the demo company."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from pathlib import Path

import accepted_files as files
import demo_world
import duckdb

from sales_warehouse import settings, settings_tables
from sales_warehouse.company.alerts import AlertsFile
from sales_warehouse.company.load import load_company
from sales_warehouse.company.models import DemoFile
from sales_warehouse.demo.generator import open_generator
from sales_warehouse.home import Home

AS_OF = datetime.datetime(demo_world.END.year, demo_world.END.month, demo_world.END.day, 12)
EVENTS = {name: name for name in ("event_type", "actor", "region", "category", "product_line", "description")} | {
    "event_id": "event_id", "starts_on": "starts_on", "ends_on": "ends_on",
}  # fmt: skip


def build(
    temp: Path,
    size: Mapping[str, object],
    situations: Mapping[str, object],
    rule: Mapping[str, object],
    *models: str,
    events_told: bool = True,
) -> duckdb.DuckDBPyConnection:
    """Make a world in which situations are planted, watch it by one rule, and return what the models say.

    Without `events_told` nobody keeps a list of market events: what happened is in the company's own rows or nowhere.
    """
    home = Home(temp, "world")
    company = load_company(settings.PROJECT / "config" / "demo")
    alerts = AlertsFile.model_validate({"rules": [{"id": "watched", "name": {"en": "W", "zh": "看"}, **rule}]})
    demo = DemoFile.model_validate({"dirty_rate": 0, "seed": 28, "business_date": demo_world.END, **size})
    demo = demo.model_copy(update={"situations": type(demo.situations).model_validate(situations)})
    files.write_empty_company(home)
    first = demo_world.END - datetime.timedelta(days=demo.days)
    settings_tables.write_settings(
        home, company.model_copy(update={"alerts": alerts}), as_of=AS_OF, business_date=demo_world.END, first_date=first
    )
    with open_generator(demo, temp) as world:
        world.unfold(world.start, demo_world.END)
        demo_world.write_rows(home, world)
        known = f"market_events where {events_told} and known_on <= date '{demo_world.END}'"
        demo_world.write_accepted(world.connection, home, demo_world.LOAD, "market_events", EVENTS, known)
    demo_world.run_models(home, *models)
    db = duckdb.connect(str(home.warehouse / "working.duckdb"), read_only=True)
    db.execute("set search_path = 'marts,intermediate'")
    return db
