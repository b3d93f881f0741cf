"""A past business date that had no night of its own: worked out from what had landed by the night after it.

It is no night that was: mapping, rules, settings and models are today's, and loads stand as they are judged today.
What it gives is kept as a recipe, so that it gives the same again.
"""

from __future__ import annotations

import datetime
import shutil
from collections.abc import Callable
from zoneinfo import ZoneInfo

from sales_warehouse import durable, gate, landing, purge, sql
from sales_warehouse.company.models import Company
from sales_warehouse.home import Home
from sales_warehouse.nights import compare, incidents, judgements, recipe, said, store
from sales_warehouse.nights.inputs import read_draft
from sales_warehouse.nights.recipe import Night, NoSuchNight, nights
from sales_warehouse.run import Run, night_after
from sales_warehouse.watch import decisions as incident_decisions

PROMISE = (
    "nothing was published for that day: worked out from what had landed by {as_of} UTC, by today's mapping, rules "
    "and models; the same question gives the same answer from now on, but no night of then said it"
)
CARRIED = ("customer_xref", "customer_log", "contact_xref", "contact_log")  # identity of the night before goes on


def work_out(home: Home, scratch: Home, company: Company, date: datetime.date, say: Callable[[str], None]) -> Night:
    """Build a business date from what was known the night after it; keep and return its recipe.

    Raises NoSuchNight when nothing had landed by then.
    """
    from sales_warehouse import steps  # which keeps recipes itself

    as_of = night_after(date, ZoneInfo(company.about.time_zone))
    if as_of > datetime.datetime.now(datetime.UTC).replace(tzinfo=None) and not company.demo:
        raise NoSuchNight(f"{date}: its night has not come yet")
    shutil.rmtree(scratch.dir, ignore_errors=True)
    if not _lay_out(home, scratch, company, as_of):
        raise NoSuchNight(f"{date}: nothing had landed by {as_of:%Y-%m-%d %H:%M} UTC")
    run = Run(scratch, company, f"computed_{date:%Y%m%d}", as_of, date, full_refresh=True)
    say("models")
    steps.transform(run)
    inputs = read_draft(scratch)
    assert inputs is not None
    tables = compare.tables_of(scratch)
    night = Night(run.run_id, date, as_of, run.run_id, inputs, recipe.marts_of(tables), is_computed=True)
    _take_over(home, scratch)
    recipe.write(home, night)
    return night


def _lay_out(home: Home, scratch: Home, company: Company, as_of: datetime.datetime) -> int:
    """Put what was known at a moment into a scratch home; return the number of loads."""
    known = [load for name in company.sources for load in landing.loads(home, name) if load.extracted_at <= as_of]
    for load in known:
        store.link(load.folder / landing.MANIFEST, scratch.landing / load.source / load.load_id / landing.MANIFEST)
        judged = gate.manifest_of(home, load.source, load.load_id)
        if not judged.exists():
            continue
        store.link(judged, gate.manifest_of(scratch, load.source, load.load_id))
        for item in gate.read_gated(home, load.source, load.load_id):
            store.link(gate.accepted_file(home, item.batch), gate.accepted_file(scratch, item.batch))
    gate.ensure_schemas(scratch)
    for file in purge.lists(home):
        store.link(file, scratch.purged / file.name)
    for folder in (home.decisions, incident_decisions.folder(home)):
        for file in sorted(folder.glob("[!.]*.json")):
            if datetime.datetime.fromisoformat(durable.read_json(file)["at"]) <= as_of:
                store.link(file, scratch.dir / file.relative_to(home.dir))
    _identity(home, scratch, as_of)
    _history(home, scratch, as_of)
    return len(known)


def _identity(home: Home, scratch: Home, as_of: datetime.datetime) -> None:
    """Go on from the codes of the last night before, if there was one, with the key and the model of today."""
    for file in (home.secrets / "contact.key", home.identity / "customer_model.json"):
        if file.exists():
            store.link(file, scratch.dir / file.relative_to(home.dir))
    before = [night for night in nights(home) if night.as_of <= as_of and not night.is_computed]
    if not before:
        return
    with sql.connect(temp=home.tmp) as connection:
        for name, kept in before[-1].inputs.tables.items():
            if name in {f"identity/{table}" for table in CARRIED}:
                target = scratch.dir / f"{name}.parquet"
                store.restore_table(connection, home, kept, target, name, is_comparable=False)


def _history(home: Home, scratch: Home, as_of: datetime.datetime) -> None:
    """What nights had said of closed periods, of incidents and by rules by then, also those whose recipe is gone."""
    published = [night for night in nights(home) if not night.is_computed]
    last = max((night.version for night in published if night.as_of <= as_of), default="")
    later = {night.version for night in published if night.as_of > as_of}
    for kept in (said, incidents, judgements):
        kept.ensure_schema(home)
        words = (file for file in kept.folder(home).glob("[0-9]*.parquet") if file.stem <= last)
        for file in (*kept.folder(home).glob("_schema*.parquet"), *words):
            if file.stem not in later:
                store.link(file, kept.folder(scratch) / file.name)


def _take_over(home: Home, scratch: Home) -> None:
    """Move what was kept in the scratch home to where the other nights keep theirs."""
    for file in sorted(scratch.nights.rglob("[!.]*")):
        target = home.nights / file.relative_to(scratch.nights)
        if file.is_file() and not target.exists():
            durable.move(file, target)
