"""The header of a file against the columns that the source promised: drift has a name and is never guessed away."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sales_warehouse.company.models import Table
from sales_warehouse.extract.outcome import Drift, FileRefused
from sales_warehouse.extract.parquet import RESERVED

MOST_COLUMNS = 1_000
ANY = "any"  # kind of the values of a column of which only the name is known

Policy = Literal["refuse", "known", "adopt"]


@dataclass(frozen=True)
class Header:
    """Columns in the order of the file; `landed` are those that are kept, in the order in which they land."""

    names: tuple[str, ...]
    landed: tuple[str, ...]
    drift: tuple[Drift, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What people should know of what was taken all the same."""
        added = [item.column for item in self.drift if item.kind == "added"]
        empty = [item.column for item in self.drift if item.kind in ("missing", "renamed")]
        told = "landed too" if set(added) <= set(self.landed) else "were left out"
        notes = [f"columns that are not promised {told}: {', '.join(added)}"] if added else []
        return (*notes, f"promised columns that are missing are empty: {', '.join(empty)}") if empty else tuple(notes)


def check_header(found: Sequence[str], table: Table, *, where: str = "line 1") -> Header:
    """Return the header as the policy of the table takes it.

    `adopt`: additional columns land, another order is fine, a missing column refuses the file. `known`: what is
    promised and there is taken, a missing column is empty, additional ones are left out. `refuse`: any difference
    refuses the file. Upper and lower case count: `ID` is not `id`.

    Raises FileRefused naming every column that is missing, double, nameless or reserved, whatever the policy.
    """
    promised = table.columns
    problems = [*_crowd(found)] or [*_nameless(found), *_reserved(found)]
    if problems:
        raise FileRefused(f"header ({where}): {'; '.join(problems)}")
    drift = tuple(_drift(found, promised))
    if told := _refusals(drift, found, table):
        raise FileRefused(f"header ({where}): {'; '.join(told)}", drift)
    present = tuple(name for name in promised if name in found)
    extra = tuple(name for name in found if name not in promised) if table.drift == "adopt" else ()
    return Header(tuple(found), (*present, *extra), drift)


def _drift(found: Sequence[str], promised: Sequence[str]) -> list[Drift]:
    """Name every difference. A promised column that is gone beside a new one of a similar name was renamed, perhaps."""
    twice = [Drift("duplicated", names) for names in _doubles(found)]
    missing = [name for name in promised if name not in found]
    folded = [name.casefold() for name in found]
    unknown = [name for name in found if name not in promised and folded.count(name.casefold()) == 1]
    drift = list(twice)
    for name in missing:
        candidate = likely(name, unknown)
        drift.append(Drift("renamed" if candidate else "missing", name, candidate))
    renamed = {item.found for item in drift if item.kind == "renamed"}
    drift += [Drift("added", name) for name in unknown if name not in renamed]
    if not drift and [name for name in found if name in promised] != list(promised):
        drift.append(Drift("reordered", ", ".join(found)))
    return drift


def likely(name: str, unknown: Sequence[str]) -> str | None:
    """Return the unknown name that a promised one may have become."""
    folded = {other.strip().casefold(): other for other in unknown}
    close = difflib.get_close_matches(name.strip().casefold(), folded, n=1, cutoff=0.6)
    return folded[close[0]] if close else None


def schema_drift(before: Mapping[str, str] | None, now: Mapping[str, str]) -> tuple[Drift, ...]:
    """Name what changed in the columns and types of a source that has types, since it landed last."""
    if before is None:
        return ()
    gone = [name for name in before if name not in now]
    new = [name for name in now if name not in before]
    drift = [Drift("renamed" if (found := likely(name, new)) else "missing", name, found) for name in gone]
    renamed = {item.found for item in drift}
    drift += [Drift("added", name) for name in new if name not in renamed]
    changed = [
        name for name in before if name in now and ANY not in (before[name], now[name]) and now[name] != before[name]
    ]
    return (*drift, *(Drift("retyped", name, f"{before[name]} → {now[name]}") for name in changed))


def table_drift(
    table: Table, first: Mapping[str, str] | None, before: Mapping[str, str] | None, now: Mapping[str, str]
) -> tuple[Drift, ...]:
    """Name how a table of a database differs from what was promised, and from what it was when it landed last.

    It has columns that nobody promised from the beginning on: only those that are new since it landed `first` can be
    what a promised one was renamed to.
    """
    wanted = dict.fromkeys([*table.columns, *([table.cursor] if table.cursor else [])])
    unknown = [name for name in now if name not in wanted and name not in (first or {})]
    lacking = [name for name in wanted if name not in now]
    gone = [Drift("renamed" if (found := likely(name, unknown)) else "missing", name, found) for name in lacking]
    candidates = {item.found for item in gone}
    changed = [item for item in schema_drift(before, now) if item.column not in {*lacking, *candidates}]
    return (*gone, *changed)


def adopted(table: Table, first: Mapping[str, str] | None, now: Mapping[str, str]) -> tuple[str, ...]:
    """Return the columns of a database table that came after it landed first and can land beside the promised ones.

    Those that were there from the beginning were left out on purpose.
    """
    if table.drift != "adopt" or first is None:
        return ()
    folded = [name.casefold() for name in now]
    new = [name for name in now if name not in first and name not in table.columns]
    fine = [
        name for name in new if folded.count(name.casefold()) == 1 and not _nameless([name]) and not _reserved([name])
    ]
    return tuple(fine[: MOST_COLUMNS - len(table.columns)])


def schema_notes(drift: Sequence[Drift]) -> list[str]:
    """Say what changed, one sentence for each column."""
    return [f"{item.kind}: {item.column}" + (f" ({item.found})" if item.found else "") for item in drift]


def _refusals(drift: Sequence[Drift], found: Sequence[str], table: Table) -> list[str]:
    told = [f"the same name twice: {item.column}; ask the source to rename one" for item in drift if item.is_double]
    gone = [item for item in drift if item.kind in ("missing", "renamed")]
    if gone and (table.drift != "known" or len(gone) == len(table.columns)):
        told += _missing(gone, found, table.columns)
    if table.drift == "refuse" and drift and not told:
        named = "; ".join(f"{item.kind}: {item.column}" for item in drift)
        told.append(
            f"{named}; the policy of this table is `drift: refuse`: change `columns`, or ask for the old header"
        )
    return told


def _crowd(found: Sequence[str]) -> list[str]:
    return [f"{len(found)} columns, at most {MOST_COLUMNS} are taken"] if len(found) > MOST_COLUMNS else []


def _nameless(found: Sequence[str]) -> list[str]:
    places = [str(place) for place, name in enumerate(found, 1) if not name.strip() or "\x00" in name]
    return [f"column {', '.join(places)} has no usable name; ask the source to name it"] if places else []


def _doubles(found: Sequence[str]) -> list[str]:
    places: dict[str, list[str]] = {}
    for place, name in enumerate(found, 1):
        places.setdefault(name.casefold(), []).append(f"{name!r} at {place}")
    return [" and ".join(where) for name, where in places.items() if len(where) > 1 and name.strip()]


def _reserved(found: Sequence[str]) -> list[str]:
    taken = [repr(name) for name in found if name.casefold() in RESERVED]
    return [f"{', '.join(taken)} is a name that the warehouse keeps for itself"] if taken else []


def _missing(gone: Sequence[Drift], found: Sequence[str], promised: Sequence[str]) -> list[str]:
    named = [f"{item.column!r}" + (f" (looks like {item.found!r})" if item.found else "") for item in gone]
    text = f"missing: {', '.join(named)}"
    if len(gone) == len(promised) and not any(item.found for item in gone):
        # Values of a first row of data stay out of messages.
        return [f"{text}; none of its {len(found)} fields is a promised column: is the header line there?"]
    unknown = [name for name in found if name not in promised]
    beside = f"; found beside the promised: {', '.join(map(repr, unknown))}" if unknown else ""
    return [f"{text}{beside}; change `columns` (and the mapping) if the source changed, or ask for the old header"]
