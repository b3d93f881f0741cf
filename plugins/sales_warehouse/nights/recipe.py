"""The recipe of a night: what it was made from, and what it gave. Small, and kept when its version is long gone."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sales_warehouse import durable
from sales_warehouse.home import Home
from sales_warehouse.nights.inputs import Inputs
from sales_warehouse.publish.manifest import Table


@dataclass(frozen=True)
class Mart:
    """What a night published of a mart: its columns, its rows, and a checksum of them in any order."""

    columns: str
    rows: int
    checksum: str

    @classmethod
    def of(cls, table: Table) -> Mart:
        total = sum(int(piece.checksum) for piece in table.pieces)
        return cls(", ".join(f"{c.name} {c.type}" for c in table.columns), table.rows, str(total))


@dataclass(frozen=True)
class Night:
    """One publish. `is_computed`: nothing was published that night; it was worked out later, and what it gave kept."""

    version: str
    business_date: datetime.date
    as_of: datetime.datetime
    run_id: str
    inputs: Inputs
    marts: dict[str, Mart]
    is_computed: bool = False


class NoSuchNight(LookupError):
    """No recipe was kept of what is asked for."""


def marts_of(tables: Iterable[Table]) -> dict[str, Mart]:
    return {table.name: Mart.of(table) for table in tables}


def place(home: Home, version: str) -> Path:
    return home.nights / "recipes" / f"{version}.json"


def write(home: Home, night: Night) -> None:
    """Keep a recipe."""
    data = asdict(night) | {"business_date": f"{night.business_date}", "as_of": night.as_of.isoformat()}
    durable.write_json(place(home, night.version), data)


def read(file: Path) -> Night:
    """Read a recipe."""
    data: dict[str, Any] = durable.read_json(file)
    return Night(**{
        **data,
        "business_date": datetime.date.fromisoformat(data["business_date"]),
        "as_of": datetime.datetime.fromisoformat(data["as_of"]),
        "inputs": Inputs.from_json(data["inputs"]),
        "marts": {name: Mart(**mart) for name, mart in data["marts"].items()},
    })  # fmt: skip


def thin(home: Home, night: Night, published: Collection[str]) -> int:
    """Drop the recipes of the same date that came right before a night and are not published any more; return how many.

    Between the nights marts may be published every few minutes; what a day comes back to is the last of them.
    """
    dropped, suffix = 0, f"_{night.business_date:%Y%m%d}"
    for file in sorted((home.nights / "recipes").glob("[0-9]*.json"), reverse=True):
        if file.stem >= night.version:
            continue
        if not file.stem.endswith(suffix):
            break
        if file.stem not in published:
            file.unlink()
            dropped += 1
    return dropped


def nights(home: Home) -> list[Night]:
    """Return every recipe, in the order of publishing; those that were worked out later come last."""
    found = (read(file) for file in (home.nights / "recipes").glob("[!.]*.json"))
    return sorted(found, key=lambda night: (night.is_computed, night.version))


def night_of(found: Iterable[Night], date: datetime.date) -> Night | None:
    """Return the night of a business date: its last publish before a later date was published.

    What was published for that date afterwards, as a correction, is another night of it.
    """
    own: Night | None = None
    for night in found:
        if night.is_computed:
            if own is None and night.business_date == date:
                return night
        elif night.business_date == date:
            own = night
        elif night.business_date > date and own is not None:
            return own
    return own
