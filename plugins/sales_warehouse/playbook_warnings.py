"""What playbooks are for that nobody has ever seen: a cause that never was, a member that is not there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import duckdb

from sales_warehouse.causes.event_words import EVENTS
from sales_warehouse.company.load import ALLOWED, suggestion
from sales_warehouse.company.models import Company
from sales_warehouse.company.playbooks import OWN_CAUSES
from sales_warehouse.home import Home
from sales_warehouse.publish import current_folder
from sales_warehouse.publish.reading import look

EVENT_TYPES = "select distinct event_type from marts.dim_market_events"
MEMBERS = {
    "region": "select region_key from marts.dim_regions",
    "channel": "select channel from marts.dim_channels",
    "product_line": "select distinct product_line from marts.dim_products",
    "category": "select distinct category from marts.dim_products",
}


def unseen(company: Company, home: Home) -> Iterator[str]:
    """Yield a line for each; before the first refresh, which shows what there is, for slips of known causes alone.

    A type of event that the warehouse has words for is known, though it never happened yet.
    """
    known = {*OWN_CAUSES, *EVENTS}
    happened = _published(home, EVENT_TYPES)
    there = {dimension: _published(home, query) for dimension, query in MEMBERS.items()}
    for playbook in company.playbooks.playbooks:
        place = f"playbooks.yml: playbook {playbook.id}"
        for cause in dict.fromkeys(playbook.causes):
            all_known = known.union(happened or ())
            meant = _meant(cause, all_known)
            if cause not in all_known and (happened is not None or "did you mean" in meant):
                yield f"{place}: nobody ever saw the cause{meant}"
        for dimension, members in playbook.scope.members.items():
            found = there[dimension]
            for member in dict.fromkeys(members):
                if found is not None and member not in found:
                    yield f"{place}: nobody ever saw the {dimension}{_meant(member, found)}"


def _meant(found: str, known: Iterable[str]) -> str:
    return suggestion(found, known).partition(ALLOWED)[0]


def _published(home: Home, query: str) -> Sequence[str] | None:
    """What is published; None before there was anything."""
    folder = current_folder(home)
    if folder is None:
        return None
    try:
        with look(home, folder) as db:
            return sorted(value for (value,) in db.execute(query).fetchall() if value is not None)
    except duckdb.CatalogException:  # a version without this mart
        return None
