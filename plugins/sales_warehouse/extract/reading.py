"""One reading of a REST resource from its first page to its last: what came, and why it is not believed.

Nothing here knows how pages are fetched or where records go.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from sales_warehouse.company.models import Pagination

DIGEST_BYTES = 8
MOST_EMPTY = 1_000  # pages in a row: an API that filters after it pages gives some


class Unsteady(Exception):
    """Pages that contradict each other: read from the start again, and take nothing of this."""


class ShortPages(Exception):
    """An API that gives less than a page, so that offsets would skip rows; the message says how many it gives."""


@dataclass
class Reading:
    """Counts and digests of the pages of one reading. `reported` counts records by the bytes of the pages."""

    paging: Pagination
    count: int = 0
    reported: int = 0
    pages: list[int] = field(default_factory=list)
    totals: list[int | None] = field(default_factory=list)
    _asked: set[str] = field(default_factory=set)
    _empty: int = 0
    _page_digests: set[bytes] = field(default_factory=set)
    _record_digests: bytearray = field(default_factory=bytearray)

    def follow(self, address: str) -> None:
        """Book which page was asked for; raise Unsteady where it was asked for before: the pages would never end."""
        if address in self._asked:
            raise Unsteady(f"after {len(self._asked)} pages the API leads back to one of them")
        self._asked.add(address)

    def take(self, records: Sequence[bytes], total: int | None) -> None:
        """Book a page; raise Unsteady when it came before, ShortPages when the pages are no pages."""
        if self.paging.total_path and (records or total is not None):
            self.totals.append(total)
        self._empty = 0 if records else self._empty + 1
        if self._empty > MOST_EMPTY:
            raise Unsteady(f"{MOST_EMPTY} pages in a row are empty and more follow")
        if not records:
            return
        digest = hashlib.sha256(b"\n".join(records)).digest()
        if digest in self._page_digests:
            raise Unsteady(f"page {len(self.pages) + 1} repeats an earlier one")
        self._page_digests.add(digest)
        if self.paging.type == "offset" and self.pages and self.pages[-1] < self.paging.size:
            if len(self.pages) == 1:
                raise ShortPages(str(self.pages[0]))
            raise Unsteady(f"page {len(self.pages)} is short and more follow")
        self.pages.append(len(records))
        self.count += len(records)
        if self._may_shift:
            for record in records:
                self._record_digests += hashlib.blake2b(record, digest_size=DIGEST_BYTES).digest()

    def end(self) -> None:
        """Raise Unsteady when the API counts its records otherwise than they came."""
        if None in self.totals:
            raise Unsteady(f"the API gives no number at {self.paging.total_path!r}")
        said = [total for total in self.totals if total is not None]
        if said and not min(said) <= self.count <= max(said):
            raise Unsteady(f"the API says {said[-1]} records and gave {self.count}")

    @property
    def has_reached_its_total(self) -> bool:
        return bool(self.totals) and self.totals[-1] == self.count

    @property
    def is_proven(self) -> bool:
        """Tell whether records cannot have slipped through between two pages, as far as one reading can tell."""
        if self.paging.reread is not None:
            return not self.paging.reread
        if not self._may_shift:
            return True
        size_is_known = self.paging.size_parameter is not None or self.paging.type == "offset"
        if size_is_known and len(self.pages) < 2 and self.count < self.paging.size:
            return True  # all of them came in one answer; an API may give less than a page that it is asked for
        return bool(self.totals) and set(self.totals) == {self.count}

    def brings_news(self, earlier: Sequence[Reading]) -> bool:
        """Tell whether it has a record that none of the earlier readings had in this form."""
        known = np.concatenate([reading._digests() for reading in earlier])
        return self.count > max(reading.count for reading in earlier) or not np.isin(self._digests(), known).all()

    def _digests(self) -> np.ndarray:
        return np.frombuffer(bytes(self._record_digests), np.uint64)

    @property
    def _may_shift(self) -> bool:
        return self.paging.reread is not False and (self.paging.type in ("page", "offset") or bool(self.paging.reread))
