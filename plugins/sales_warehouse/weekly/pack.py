"""What a review of a week talks about, as data in both languages. A pack is made once and then kept as it is.

The numbers of a past week go on changing (orders that come late, returns, cohorts that ripen); what people talked about
does not. So the first look at a week keeps its pack, and every later one gets the same; its tables, for BI tools, lie
beside it.
"""

from __future__ import annotations

import datetime
import shutil
from pathlib import Path
from typing import Any

import duckdb

from sales_warehouse import durable
from sales_warehouse.home import Home
from sales_warehouse.publish import current_folder, manifest
from sales_warehouse.publish.reading import look
from sales_warehouse.sql import ident, read_parquet, rows_of
from sales_warehouse.weekly import tables
from sales_warehouse.weekly.queries import PARTS, WEEK, last_week

Pack = dict[str, Any]
Row = dict[str, str | None]
WAIT_SECONDS = 60.0


class NoPack(LookupError):
    """There is no pack of that week; the message says why and which weeks there are."""


def kept_weeks(home: Home) -> list[str]:
    """Return the Mondays of the weeks whose packs are kept, oldest first."""
    return sorted(file.stem for file in home.reviews.glob("*.json"))


def pack_of(home: Home, day: datetime.date | None = None) -> Pack:
    """Return the pack of the week that a day lies in; without one, of the last week that is over. Raises NoPack."""
    folder = current_folder(home)
    newest = _newest(folder) if folder else None
    week = day - datetime.timedelta(days=day.weekday()) if day else newest
    file = home.reviews / f"{week}.json"
    with durable.lock(home.reviews / ".lock", wait_seconds=WAIT_SECONDS, purpose="keeping the weekly review"):
        durable.sweep(home.reviews)
        if not file.exists():
            if folder is None or week is None:
                raise NoPack("nothing has been published yet: run a refresh (make run)")
            if week != newest:
                listed = ", ".join(kept_weeks(home)) or "none"
                raise NoPack(
                    f"no pack was kept of the week from {week}; the first refresh after a week keeps one: {listed}"
                )
            pack = _made(home, folder, week)
            shutil.rmtree(file.with_suffix(""), ignore_errors=True)  # tables of a pack that somebody took away
            durable.write_json(file, pack)
        _keep_tables(home)
        return durable.read_json(file)


def _keep_tables(home: Home) -> None:
    """Give tables to every kept pack that has none: it was kept by an earlier version, or its writer was killed."""
    for week in kept_weeks(home):
        if not (home.reviews / week).is_dir():
            tables.write(home.reviews / week, durable.read_json(home.reviews / f"{week}.json"))


def _newest(folder: Path) -> datetime.date:
    said = durable.read_json(folder / manifest.NAME)
    return last_week(datetime.date.fromisoformat(said["business_date"]))


def _made(home: Home, folder: Path, week: datetime.date) -> Pack:
    said = durable.read_json(folder / manifest.NAME)
    with look(home, folder) as db:
        try:
            found = {part: _rows(db, query(week)) for part, query in PARTS.items()}
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            raise NoPack(f"the published version is older ({str(error).splitlines()[0]}): run a refresh") from error
        books = {row.get("playbook_id"): row for row in _settings(db, home, "playbooks", "playbook_id")}
        found["incidents"] = [_with_playbook(row, books) for row in found["incidents"]]
        return {
            "week_start_date": f"{week}",
            "week_end_date": f"{week + WEEK - datetime.timedelta(days=1)}",
            "business_date": said["business_date"],
            "version": folder.name,
            "company": _settings(db, home, "company", "company_id")[0],
            **found,
        }


def _with_playbook(incident: Row, books: dict[str | None, Row]) -> Row:
    """An incident for which none is ranked, as one that is over, has the playbook that its rule names."""
    book = books.get(incident["playbook_id"])
    if incident["playbook_department"] or not book:
        return incident
    return incident | {
        "playbook_name_en": book["name_en"], "playbook_name_zh": book["name_zh"],
        "playbook_department": book["department"],
        "playbook_steps_en": book["steps_en"], "playbook_steps_zh": book["steps_zh"],
    }  # fmt: skip


def _settings(db: duckdb.DuckDBPyConnection, home: Home, table: str, key: str) -> list[Row]:
    file = home.settings / f"{table}.parquet"
    return _rows(db, f"from {read_parquet([file])} order by {ident(key)}") if file.is_file() else [{}]


def _rows(db: duckdb.DuckDBPyConnection, query: str) -> list[Row]:
    """Return rows as text, so that no digit is lost and a kept pack is what was made."""
    return rows_of(db, f"select columns(*)::varchar from ({query})")
