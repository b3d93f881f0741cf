"""Corrections: what somebody says that a cell of a landed row should have been.

Landing never changes. A correction is laid over the landed row when its load is mapped, so the row takes the place
that it would have had if it had come right the first time, and taking the same correction twice changes nothing.
They are kept for good, one file for each hand-over, in `corrections/`: who, when, why, what was there and what is. A
purge empties the last two where they hold a text that went.
"""

from __future__ import annotations

import contextlib
import csv
import datetime
import hashlib
import io
import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import lru_cache
from pathlib import Path

import duckdb
import pyarrow as pa

from sales_warehouse import durable
from sales_warehouse.home import Home
from sales_warehouse.sql import ident, literal, literals

LONGEST_CELL = 1 << 30  # characters; what was landed can be as long
Place = tuple[str, str, str]  # source, load, table
UNREADABLE = (csv.Error, KeyError, TypeError, ValueError)  # what a file of corrections that somebody broke gives


@dataclass(frozen=True)
class Cell:
    """One cell of one landed row; `row_number` counts the records of `file` from 1."""

    source: str
    load_id: str
    table: str
    file: str
    row_number: int
    column: str

    @property
    def place(self) -> Place:
        return self.source, self.load_id, self.table


@dataclass(frozen=True)
class Correction:
    """What a cell was and what it is to be; `at` is UTC."""

    cell: Cell
    was: str | None
    value: str
    by: str
    why: str
    at: str


def take(home: Home, corrections: Iterable[Correction]) -> Path | None:
    """Keep corrections that are not known already; return their file, None when nothing is new.

    The latest word about a cell counts, so what was said before and taken back since is new again; files are named
    in the order in which they were taken, whatever the clock says.
    """
    known = {item.cell: item.value for items in read(home).values() for item in items}
    new = [item for item in corrections if known.get(item.cell) != item.value]
    if not new:
        return None
    text = _as_text(new)
    mark = hashlib.sha256(text.encode()).hexdigest()[:12]
    at, last = datetime.datetime.fromisoformat(new[0].at), [file.name for file, _ in _files(home)][-1:]
    with contextlib.suppress(ValueError):  # a file that somebody named otherwise
        stamps = [datetime.datetime.strptime(name[: len("20260101T000000_000000")], durable.STAMP) for name in last]
        at = max([at, *(stamp + datetime.timedelta(microseconds=1) for stamp in stamps)])
    target = home.corrections / f"{at.strftime(durable.STAMP)}_{mark}.csv"
    _write(target, text)
    return target


def forget(home: Home, place: Place, rows: Collection[tuple[str, int]], column: str) -> int:
    """Empty what a column of some landed rows (file, number) was and was to be; return how many corrections lost it.

    The corrections stay, so a row that could be read with them still can. Files that cannot be read are left.
    """
    emptied = 0
    for file, _ in _files(home):
        try:
            items = _of(file)
        except UNREADABLE:
            continue
        told = [
            item
            for item in items
            if item.cell.place == place
            and item.cell.column == column
            and (item.cell.file, item.cell.row_number) in rows
            and (item.was or item.value)
        ]
        if told:
            _write(file, _as_text([replace(item, was=None, value="") if item in told else item for item in items]))
            emptied += len(told)
    return emptied


def _as_text(items: Iterable[Correction]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)  # with its own line ends, or a bare carriage return in a cell would not be quoted
    writer.writerow([*_names(Cell), *_names(Correction)[1:]])
    for item in items:
        cells = [*asdict(item.cell).values(), item.was, item.value, item.by, item.why, item.at]
        writer.writerow(["" if cell is None else cell for cell in cells])
    return text.getvalue()


def _write(target: Path, text: str) -> None:
    scratch = target.with_name(f".{target.name}{durable.TEMPORARY}")
    scratch.parent.mkdir(parents=True, exist_ok=True)
    scratch.write_text(text, encoding="utf-8", newline="")
    durable.move(scratch, target)


def read(home: Home) -> Mapping[Place, tuple[Correction, ...]]:
    """Return the corrections that count, by source, load and table; of two for one cell the later one.

    A file that cannot be read is left out: `broken` names it.
    """
    return _read(_files(home))[0]


def said(home: Home) -> Mapping[Cell, Sequence[Correction]]:
    """Return everything that was ever said of each cell, oldest first; files that cannot be read are left out."""
    found: dict[Cell, list[Correction]] = defaultdict(list)
    for file, _ in _files(home):
        with contextlib.suppress(*UNREADABLE):
            for item in _of(file):
                found[item.cell].append(item)
    return found


def broken(home: Home) -> tuple[str, ...]:
    """Return which files of corrections cannot be read, why, and what to do."""
    return _read(_files(home))[1]


def _files(home: Home) -> tuple[tuple[Path, int], ...]:
    files = sorted(home.corrections.glob("[!.]*.csv")) if home.corrections.exists() else []
    return tuple((file, file.stat().st_mtime_ns) for file in files)


@lru_cache(maxsize=8)
def _read(files: tuple[tuple[Path, int], ...]) -> tuple[Mapping[Place, tuple[Correction, ...]], tuple[str, ...]]:
    latest: dict[Cell, Correction] = {}
    problems = []
    for file, _ in files:
        try:
            latest |= {item.cell: item for item in _of(file)}
        except UNREADABLE as error:
            problems.append(
                f"corrections/{file.name} cannot be read ({type(error).__name__}: {error}); none of its corrections "
                "holds. Restore it from a backup, or remove it and hand in its sheet again"
            )
    by_place: dict[Place, list[Correction]] = defaultdict(list)
    for cell in sorted(latest, key=lambda cell: (*cell.place, cell.file, cell.row_number, cell.column)):
        by_place[cell.place].append(latest[cell])
    return {place: tuple(items) for place, items in by_place.items()}, tuple(problems)


def history(home: Home) -> list[Correction]:
    """Return every correction ever taken, the ones that were replaced since included, oldest first."""
    return [item for file in sorted(home.corrections.glob("[!.]*.csv")) for item in _of(file)]


def _of(file: Path) -> list[Correction]:
    csv.field_size_limit(LONGEST_CELL)
    with file.open(encoding="utf-8", newline="") as text:
        return [_correction(row) for row in csv.DictReader(text)]


def _correction(row: dict[str, str]) -> Correction:
    given = {name: row[name] for name in _names(Cell)}
    cell = Cell(**{**given, "row_number": int(row["row_number"])})  # type: ignore[arg-type]
    return Correction(cell, row["was"], row["value"], row["by"], row["why"], row["at"])


def _names(kind: type) -> list[str]:
    return [item.name for item in fields(kind)]


def mark(home: Home, places: Iterable[Place]) -> str | None:
    """Return a fingerprint of the corrections of some loads and tables, None when there are none."""
    found = read(home)
    told = [[*asdict(item.cell).values(), item.value] for place in places for item in found.get(place, ())]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:16] if told else None


def laid_over(
    connection: duckdb.DuckDBPyConnection,
    landed: str,
    home: Home,
    place: Place,
    columns: Collection[str],
    promised: Collection[str],
) -> str:
    """Return the select `landed` with the corrections of its load and table laid over its `columns`.

    A malformed row is one that can be read, once somebody has said what is in every cell that is wrong: all those that
    the source has `promised`, where nothing could be read.
    """
    items = read(home).get(place, ())
    if not items:
        return landed
    name = f"_corrections_{hashlib.sha256('/'.join(place).encode()).hexdigest()[:12]}"
    table = pa.table(
        {
            "file": [item.cell.file for item in items],
            "row_number": pa.array([item.cell.row_number for item in items], pa.int64()),
            "name": [item.cell.column for item in items],
            "value": [item.value for item in items],
        }
    )
    connection.register(f"{name}_given", table)
    told = sorted({item.cell.column for item in items} & set(columns))
    cells = "".join(f", max(value) filter (name = {literal(column)}) as {ident('v_' + column)}" for column in told)
    # a table, for what is registered is not seen once the connection is confined
    connection.execute(
        f"create or replace temp table {ident(name)} as "
        f"select file as _file, row_number as _row_number, list(name) as _said{cells} "
        f"from {ident(f'{name}_given')} group by all"
    )
    connection.unregister(f"{name}_given")
    replaced = [f"coalesce(c.{ident('v_' + column)}, l.{ident(column)}) as {ident(column)}" for column in told]
    wrong = f"coalesce(cast(from_json(l._faulty, '[\"VARCHAR\"]') as varchar[]), {literals(promised)})"
    is_told = f"coalesce(list_has_all(c._said, {wrong}), false)"
    replaced.append(f"case when not {is_told} then l._malformed end as _malformed")
    return (
        f"select l.* replace ({', '.join(replaced)}) from ({landed}) as l "
        f"left join {ident(name)} as c on c._file = l._file and c._row_number = l._row_number"
    )
