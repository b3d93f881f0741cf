"""What was refused, remembered for good: a file that is taken away unread must not be forgotten with it."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sales_warehouse import durable
from sales_warehouse.extract.outcome import Refused

if TYPE_CHECKING:
    from sales_warehouse.landing import Load

NAME = "refusals.json"


@dataclass(frozen=True)
class Refusal:
    """Something that could not be taken, with its last reason, and when it was refused first and last (UTC)."""

    table: str
    origin: str
    fingerprint: str | None
    reason: str
    first_at: str
    last_at: str

    @property
    def key(self) -> tuple[str, str, str | None]:
        return self.table, self.origin, self.fingerprint


def remember(folder: Path, refused: Sequence[Refused], at: datetime.datetime) -> None:
    """Add what an extraction refused to what is known in the landing folder of a source; `at` is UTC."""
    known = {item.key: item for item in read(folder)}
    for item in refused:
        new = Refusal(item.table, item.origin, item.fingerprint, item.reason, at.isoformat(), at.isoformat())
        known[new.key] = replace(new, first_at=known[new.key].first_at) if new.key in known else new
    if refused:
        durable.write_json(folder / NAME, [asdict(item) for item in known.values()])


def read(folder: Path) -> list[Refusal]:
    """Return everything that was refused of a source, in the order of its first refusal."""
    return [Refusal(**item) for item in durable.read_json(folder / NAME, [])]


def fate(item: Refusal, loads: Iterable[Load], status: Mapping[str, Any]) -> Literal["landed", "waiting", "gone"]:
    """Tell what became of it: it landed since, as it was or in another version; it still waits; or it went unread.

    `status` is what the last extraction said.
    """
    for load in loads:
        is_later = load.extracted_at >= datetime.datetime.fromisoformat(item.last_at)
        for file in load.files:
            is_same = item.fingerprint is not None and file.fingerprint == item.fingerprint
            if file.table == item.table and (is_same or (file.origin == item.origin and is_later)):
                return "landed"
    waiting = {(told["table"], told["origin"], told["fingerprint"]) for told in status.get("refused", ())}
    return "waiting" if status.get("status") == "failed" or item.key in waiting else "gone"
