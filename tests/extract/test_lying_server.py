"""An API that lies loses nothing, doubles nothing, and is left alone for as long as it asks.

A version of a record may land again when its resource is read again, in one load or a later one: the warehouse books it
as a duplicate. No page may be taken twice in one reading.

The long form: SALES_WAREHOUSE_TEST_PAGES=10000 python -m pytest -s tests/extract/test_lying_server.py
"""

from __future__ import annotations

import datetime
import os
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pytest
from api_server import serving
from extract_sources import source
from lying_server import TIME_OUT_SECONDS, Shop

from sales_warehouse import landing
from sales_warehouse.company.models import Source
from sales_warehouse.extract import SourceUnavailable, rest
from sales_warehouse.home import Home
from sales_warehouse.sql import literals

PAGES = int(os.environ.get("SALES_WAREHOUSE_TEST_PAGES", "500"))
SEED = int(os.environ.get("SALES_WAREHOUSE_TEST_SEED", "20260101"))
INCREMENTAL = {"cursor": "updated", "cursor_parameter": "since", "overlap_minutes": 1}
COMMON = {"records": "data", "columns": ["id", "amount", "updated"]}
KINDS: dict[str, dict[str, Any]] = {
    "pages": INCREMENTAL | {"pagination": {"type": "page", "total_path": "total"}},
    "offsets": {"pagination": {"type": "offset", "size": 5}},
    "cursors": INCREMENTAL
    | {"pagination": {"type": "cursor", "parameter": "after", "cursor_path": "next", "total_path": "total"}},
    "links": INCREMENTAL | {"pagination": {"type": "link", "cursor_path": "next", "reread": True}},
}


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "read", partial(rest.read, pause_seconds=0.001))


class Visitor:
    """Visits the API night after night, and lands what it gives."""

    def __init__(self, url: str, folder: Path, kinds: dict[str, dict[str, Any]]) -> None:
        self.folder, self.home = folder, Home(folder / "var", "small")
        self.night = datetime.datetime(2026, 1, 1)
        self.outcomes: Counter[str] = Counter()
        tables = {name: COMMON | {"path": name} | table for name, table in kinds.items()}
        connection = {"type": "rest", "base_url": url, "attempts": 6, "timeout_seconds": TIME_OUT_SECONDS}
        self.sources = [self._named(name, source(connection, **{name: table})) for name, table in tables.items()]

    @staticmethod
    def _named(name: str, made: Source) -> Source:
        return made.model_copy(update={"source": name})

    def visit(self) -> None:
        self.night += datetime.timedelta(hours=1)
        for given in self.sources:
            try:
                report = landing.land(
                    self.home, given, company_folder=self.folder, extracted_at=self.night, latest_moment=self.night,
                    environment={}, on_progress=lambda _: None,
                )  # fmt: skip
            except SourceUnavailable:
                self.outcomes["gave up, to come again"] += 1
                continue
            self.outcomes["landed" if report.load else "nothing new"] += 1
            assert report.refused == []

    def newest(self, kind: str) -> list[tuple]:
        """Return the newest version of every record that landed."""
        newest = (
            "select id, amount, updated from landed qualify row_number() over (partition by id order by updated desc, "
            "path desc, _file desc, _row_number desc) = 1"
        )
        return self._landed(kind).query("landed", newest).fetchall()

    def counts(self, kind: str) -> dict[str, int]:
        """Count the rows that landed, and of them the versions of records that had landed before.

        Those came twice in one reading of all pages, or again in another reading of the same load, or in a later load.
        """
        counted = (
            "with readings as (select load, path, id, amount, updated, count(*) as times from landed group by all), "
            "loads as (select load, id, amount, updated, sum(times) as times, count(*) as readings from readings "
            "group by all) select sum(times), sum(times - readings), sum(readings - 1), "
            "count(*) - count(distinct (id, amount, updated)) from loads"
        )
        (counts,) = self._landed(kind).query("landed", counted).fetchall()
        return dict(zip(("landed", "in one reading", "read again", "in later loads"), counts, strict=True))

    def _landed(self, kind: str) -> duckdb.DuckDBPyRelation:
        files = literals([str(path) for load in landing.loads(self.home, kind) for path in load.paths(kind)])
        landed = f"read_parquet({files}, filename = 'path', union_by_name = true)"
        return duckdb.sql(f"select *, parse_path(path)[-3] as load from {landed}")


def test_nothing_is_lost_or_doubled_and_no_pause_is_broken(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    shop = Shop(SEED)
    with serving() as api:
        api.answer, shop.url = shop.answer, api.url
        visitor = Visitor(api.url, tmp_path, KINDS)
        while shop.pages < PAGES:
            visitor.visit()
        shop.is_honest = True
        visitor.visit()
    truth = {(str(r["id"]), r["amount"], r["updated"]) for r in shop.records.values()}
    lost = sum(len(truth - set(visitor.newest(kind))) for kind in KINDS)
    counts = {kind: visitor.counts(kind) for kind in KINDS}
    with capsys.disabled():
        print(
            f"\nlying server, seed {SEED}: {shop.pages:,} page reads, {sum(shop.told.values()):,} lies and changes "
            f"{dict(shop.told)}; visits {dict(visitor.outcomes)}; {len(shop.records)} records, lost {lost}, requests "
            f"before Retry-After {shop.too_early}; rows landed, and of them versions of records that had landed before:"
        )
        for kind, found in counts.items():
            print(f"  {kind}: {found}")
    assert (lost, shop.too_early) == (0, 0)
    # On pages with the newest first, each new record moves one to the next page, where it is given once more
    doubled = {kind: found["in one reading"] for kind, found in counts.items() if kind != "pages"}
    assert doubled == {"offsets": 0, "cursors": 0, "links": 0}, "a page that came twice was believed"
    assert counts["cursors"]["read again"] == 0, "records do not move between these pages: one reading is enough"
    assert shop.told["changes: changed"] and shop.told["changes: removed"], "rows have to move"
    assert PAGES < 1_000 or len(shop.told) == 10, "every lie has to be told"


def test_a_reader_that_trusts_the_pages_loses_records_here(tmp_path: Path) -> None:
    trusting = {"offsets": {"pagination": {"type": "offset", "size": 5, "reread": False}}}
    shop = Shop(SEED)
    lost_anything = False
    with serving() as api:
        api.answer = shop.answer
        for visit in range(20):  # each landing by itself: a later visit would mend what an earlier one lost
            visitor = Visitor(api.url, tmp_path / str(visit), trusting)
            there = {number for number in shop.records}
            visitor.visit()
            if visitor.outcomes["landed"]:
                found = {int(row[0]) for row in visitor.newest("offsets")}
                lost_anything |= bool((there & set(shop.records)) - found)
    assert lost_anything
