"""The header of a file against the columns that the source promised: drift is named, never guessed."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from sales_warehouse.extract.outcome import FileRefused
from sales_warehouse.extract.parquet import RESERVED

MOST_COLUMNS = 1_000


@dataclass(frozen=True)
class Header:
    """Columns in the order of the file; `extra` are those that nobody promised."""

    names: tuple[str, ...]
    promised: tuple[str, ...]

    @property
    def extra(self) -> tuple[str, ...]:
        return tuple(name for name in self.names if name not in self.promised)

    @property
    def landed(self) -> tuple[str, ...]:
        """Columns in the order in which they land: the promised ones first."""
        return (*self.promised, *self.extra)


def check_header(found: Sequence[str], promised: Sequence[str], *, where: str = "line 1") -> Header:
    """Return the header; raise FileRefused naming every column that is missing, double, nameless or reserved.

    Another order and additional columns are fine. Upper and lower case count: `ID` is not `id`.
    """
    problems = [*_crowd(found)] or [*_nameless(found), *_doubles(found), *_reserved(found), *_missing(found, promised)]
    if problems:
        raise FileRefused(f"header ({where}): {'; '.join(problems)}")
    return Header(tuple(found), tuple(promised))


def _crowd(found: Sequence[str]) -> list[str]:
    return [f"{len(found)} columns, at most {MOST_COLUMNS} are taken"] if len(found) > MOST_COLUMNS else []


def _nameless(found: Sequence[str]) -> list[str]:
    places = [str(place) for place, name in enumerate(found, 1) if not name.strip() or "\x00" in name]
    return [f"column {', '.join(places)} has no usable name; ask the source to name it"] if places else []


def _doubles(found: Sequence[str]) -> list[str]:
    places: dict[str, list[str]] = {}
    for place, name in enumerate(found, 1):
        places.setdefault(name.casefold(), []).append(f"{name!r} at {place}")
    double = [" and ".join(where) for name, where in places.items() if len(where) > 1 and name.strip()]
    return [f"the same name twice: {', '.join(double)}; ask the source to rename one"] if double else []


def _reserved(found: Sequence[str]) -> list[str]:
    taken = [repr(name) for name in found if name.casefold() in RESERVED]
    return [f"{', '.join(taken)} is a name that the warehouse keeps for itself"] if taken else []


def _missing(found: Sequence[str], promised: Sequence[str]) -> list[str]:
    missing = [name for name in promised if name not in found]
    unknown = [name for name in found if name not in promised]
    if not missing:
        return []
    named = [f"{name!r}{_candidate(name, unknown)}" for name in missing]
    text = f"missing: {', '.join(named)}"
    if len(missing) == len(promised) and not any("looks like" in name for name in named):
        # Values of a first row of data stay out of messages.
        return [f"{text}; none of its {len(found)} fields is a promised column: is the header line there?"]
    found_names = f"; found beside the promised: {', '.join(map(repr, unknown))}" if unknown else ""
    return [f"{text}{found_names}; change `columns` (and the mapping) if the source changed, or ask for the old header"]


def _candidate(name: str, unknown: Sequence[str]) -> str:
    folded = {other.strip().casefold(): other for other in unknown}
    close = difflib.get_close_matches(name.strip().casefold(), folded, n=1, cutoff=0.6)
    return f" (looks like {folded[close[0]]!r})" if close else ""
