"""Where the inputs of nights are kept: each file once, by its content, and each large table as what changed.

Loads are kept as second names of the accepted files, which are never written into, so they cost nothing until a load
is judged anew. A large table that changes a little every night is a chain: one whole file, then rows that came and
went.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb

from sales_warehouse import durable
from sales_warehouse.home import Home
from sales_warehouse.sql import ident, literal, only_row, read_parquet

SMALL = 64 * 1024  # bytes of a table that is kept whole: its changes would hardly be smaller
LONGEST = 40  # files of a chain
WORTH = 4  # a change is kept as such when it is smaller than a fourth of the whole
TIMES = "_times"


class Damaged(Exception):
    """A kept input is not what it was when it was kept."""


@dataclass(frozen=True)
class Kept:
    """A kept table: the files of its chain, oldest first, and how to tell that it came back whole."""

    chain: tuple[str, ...]
    signature: str
    rows: int
    checksum: str

    @classmethod
    def from_json(cls, data: dict) -> Kept:
        return cls(**{**data, "chain": tuple(data["chain"])})


def file_place(home: Home, relative: str, digest: str) -> Path:
    """Where an input file is kept: by its folder below the home, so that a purge finds the conversations."""
    group, entity = Path(relative).parts[:2]
    return home.nights / "files" / group / entity / f"{digest}.parquet"


def table_place(home: Home, name: str) -> Path:
    return home.nights / "tables" / f"{name}.parquet"


def digest_of(file: Path) -> str:
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def keep_file(home: Home, relative: str, digest: str) -> None:
    """Keep a file of the home under its digest."""
    _keep(home.dir / relative, file_place(home, relative, digest))


def _keep(source: Path, target: Path) -> None:
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = target.with_name(f".{target.name}.{os.getpid()}{durable.TEMPORARY}")
    scratch.unlink(missing_ok=True)
    link(source, scratch)
    durable.move(scratch, target)


def link(source: Path, target: Path) -> None:
    """Give a file a second name, or copy it, with who may read it, where the file system has no such thing."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copy(source, target)


def is_there(home: Home, kept: Kept | None) -> bool:
    """Tell whether every file of a kept table is there; somebody may have removed the folder."""
    return kept is not None and all(table_place(home, name).exists() for name in kept.chain)


def keep_table(connection: duckdb.DuckDBPyConnection, home: Home, file: Path, before: Kept | None) -> Kept:
    """Keep a table as it is in a Parquet file; `before` is how it was kept the last time."""
    rows, before = _whole(file), before if is_there(home, before) else None
    signature, count, checksum = measure(connection, rows)
    if before and (before.signature, before.rows, before.checksum) == (signature, count, checksum):
        return before
    change = None
    if before and before.signature == signature and file.stat().st_size >= SMALL and len(before.chain) < LONGEST:
        change = _keep_change(connection, home, rows, before, file.stat().st_size // WORTH)
    if change and before:
        return Kept((*before.chain, change), signature, count, checksum)
    digest = digest_of(file)
    _keep(file, table_place(home, digest))
    return Kept((digest,), signature, count, checksum)


def _keep_change(connection: duckdb.DuckDBPyConnection, home: Home, rows: str, before: Kept, most: int) -> str | None:
    """Keep the rows that came and went since `before`; return the name of their file, None when it is not worth it."""
    earlier = f"({kept_rows(connection, home, before)})"
    scratch = home.nights / "tables" / f".change.{os.getpid()}{durable.TEMPORARY}"
    scratch.parent.mkdir(parents=True, exist_ok=True)
    connection.execute(
        f"copy (select *, 1 as {TIMES} from ((from {rows}) except all (from {earlier})) "
        f"union all select *, -1 as {TIMES} from ((from {earlier}) except all (from {rows}))) "
        f"to {literal(str(scratch))} (format parquet, compression zstd)"
    )
    if scratch.stat().st_size > most:
        scratch.unlink()
        return None
    name = digest_of(scratch)
    durable.move(scratch, table_place(home, name))
    return name


def kept_rows(connection: duckdb.DuckDBPyConnection, home: Home, kept: Kept) -> str:
    """Return a select of the rows of a kept table. Raises Damaged when a file of it is gone."""
    places = [table_place(home, name) for name in kept.chain]
    for place in places:
        if not place.exists():
            raise Damaged(f"{place} is gone: it is an input of past nights; restore it from a backup")
    base = _whole(places[0])
    if len(places) == 1:
        return f"select * from {base}"
    columns = ", ".join(ident(row[0]) for row in connection.execute(f"describe select * from {base}").fetchall())
    changes = " union all by name ".join(f"select * from {_whole(place)}" for place in places[1:])
    return (
        f"select {columns} from (select {columns}, unnest(range(_n)) as _i from ("
        f"select {columns}, cast(sum({TIMES}) as bigint) as _n "
        f"from (select *, 1 as {TIMES} from {base} union all by name {changes}) group by {columns} having _n > 0))"
    )


def restore_table(
    connection: duckdb.DuckDBPyConnection, home: Home, kept: Kept, target: Path, what: str, *, is_comparable: bool
) -> None:
    """Write a kept table as the Parquet file that it was. Raises Damaged when it does not come back whole.

    Checksums of another engine version may be other numbers: where they are not comparable, rows are counted.
    """
    query = kept_rows(connection, home, kept)
    _, count, checksum = measure(connection, f"({query})")
    if count != kept.rows or (is_comparable and checksum != kept.checksum):
        raise Damaged(f"{what} of a past night had {kept.rows:,} rows and comes back with {count:,}, or with others")
    if len(kept.chain) == 1:
        link(table_place(home, kept.chain[0]), target)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    connection.execute(f"copy ({query}) to {literal(str(target))} (format parquet)")


def measure(connection: duckdb.DuckDBPyConnection, relation: str) -> tuple[str, int, str]:
    """Return the columns, the number of rows and a checksum of a relation, whatever the order of its rows."""
    columns = [(row[0], row[1]) for row in connection.execute(f"describe select * from {relation}").fetchall()]
    listed = ", ".join(ident(name) for name, _ in columns)
    count, total, crossed = only_row(
        connection,
        f"select count(*), coalesce(sum(hash({listed})), 0)::varchar, coalesce(bit_xor(hash({listed}, 1)), 0)::varchar "
        f"from {relation}",
    )
    return ", ".join(f"{name} {kind}" for name, kind in columns), count, f"{total}/{crossed}"


def _whole(file: Path) -> str:
    return read_parquet([file])
