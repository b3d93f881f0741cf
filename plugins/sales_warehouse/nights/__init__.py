"""Point in time: every night that publishes leaves what it was made from, so that it can be run again, bit for bit.

`keep` notes the inputs when dbt has read them, `settle` makes them the recipe of what was published, and `rerun` builds
a night again, apart from everything that is in use, and compares it with what it gave.
"""

from __future__ import annotations

import datetime

from sales_warehouse import durable
from sales_warehouse.home import Home
from sales_warehouse.nights import incidents, judgements, recipe, retention, said
from sales_warehouse.nights.inputs import Inputs, begin, keep, read_draft, rules_of
from sales_warehouse.nights.recipe import Night, NoSuchNight, night_of, nights
from sales_warehouse.publish import manifest, pointer
from sales_warehouse.publish.manifest import Manifest

__all__ = ["Inputs", "Night", "NoSuchNight", "begin", "keep", "night_of", "nights", "rules_of", "settle"]


def settle(home: Home, *, has_just_published: bool = False) -> Night | None:
    """Keep the recipe of the current version and what it says of closed periods and incidents, if not done yet.

    A publish that was killed before it came to this is made good by the next transform, which calls it first. None
    when it is not known what the version was made from: it was made before recipes were kept.
    """
    durable.sweep(home.history)
    said.ensure_schema(home)
    incidents.ensure_schema(home)
    judgements.ensure_schema(home)
    folder = pointer.current_folder(home)
    if folder is None:
        return None
    published, draft = manifest.read(folder), read_draft(home)
    inputs = draft if draft and _belongs(draft, published, has_just_published) else None
    said.append(home, folder, published, inputs.rules if inputs else None)
    incidents.append(home, folder, published)
    judgements.append(home, folder, published, inputs.rules if inputs else None)
    if inputs is None or recipe.place(home, published.version).exists():
        return None
    night = Night(
        version=published.version,
        business_date=datetime.date.fromisoformat(published.business_date),
        as_of=datetime.datetime.fromisoformat(published.as_of),
        run_id=published.run_id,
        inputs=inputs,
        marts=recipe.marts_of(published.tables),
    )
    recipe.write(home, night)
    if recipe.thin(home, night, pointer.names(home)):
        retention.sweep(home)
    return night


def _belongs(draft: Inputs, published: Manifest, has_just_published: bool) -> bool:
    """Tell whether a version was published from what the working warehouse was made from."""
    is_of_the_day = draft.variables.get("business_date") == published.business_date
    return is_of_the_day and (has_just_published or draft.run_id == published.run_id)
