"""What was refused, remembered for good: a file that is taken away unread must not be forgotten with it."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sales_warehouse import durable
from sales_warehouse.extract.outcome import Refused

if TYPE_CHECKING:
    from sales_warehouse.landing import Load

NAME = "refusals.json"
Fate = Literal["landed", "waiting", "gone"]


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


def fates(
    refused: Iterable[Refusal], loads: Sequence[Load], status: Mapping[str, Any]
) -> Iterator[tuple[Refusal, Fate]]:
    """Yield what became of each: it landed since, as it was or in another version; it still waits; or it went unread.

    `loads` are in order; `status` is what the last extraction said.
    """
    files = [(load.extracted_at, file) for load in loads for file in load.files]
    contents = {(file.table, file.fingerprint) for _, file in files if file.fingerprint is not None}
    last_at = {(file.table, file.origin): at for at, file in files}
    waiting = {(told["table"], told["origin"], told["fingerprint"]) for told in status.get("refused", ())}
    is_down = status.get("status") == "failed"
    for item in refused:
        at = last_at.get((item.table, item.origin))
        is_newer = at is not None and at >= datetime.datetime.fromisoformat(item.last_at)
        has_landed = is_newer or (item.table, item.fingerprint) in contents
        yield item, "landed" if has_landed else "waiting" if is_down or item.key in waiting else "gone"
