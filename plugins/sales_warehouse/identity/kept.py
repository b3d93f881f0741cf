"""What identity keeps from night to night, so that a night costs what is new: one DuckDB file beside the outputs.

All of it follows from the accepted records and the outputs, but for the pairs: how probable one is was said in the
night in which one of its records changed. `customer_pairs`, `customer_digests`, of which records they speak, and
`customer_least`, how probable they are at least, change in one transaction. All else stands as long as there is a mark
of what it follows from, and to which outputs it led: a night takes the mark away before it begins, and writes one after
its outputs. Without one, or when anything in it is not what it was, all is made anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb

from sales_warehouse import durable
from sales_warehouse.company.models import CustomerEvidence
from sales_warehouse.home import Home
from sales_warehouse.identity import evidence
from sales_warehouse.identity.contact_hash import key_id
from sales_warehouse.identity.records import CONTACTS, CUSTOMERS, Files, accepted_files, mark_of
from sales_warehouse.sql import connect, ident, literal, only_row

FILE = "kept.duckdb"
FORM = 11  # raise it when the tables that are kept, or how they are made, change
MODEL = "customer_model.json"
OUTPUTS = (
    "customer_log", "customer_rekeyed", "customer_left", "customer_review", "contact_log", "contact_rekeyed",
    "contact_left", "contact_review", "decisions", "contact_xref", "customer_xref",
)  # fmt: skip
UNREADABLE = ("not a valid DuckDB database", "Corrupt database file", "Serialization Error")
REPLACED = ("customer_pairs", "customer_digests", "company_names_known", "customer_decisions")  # files of before


@dataclass(frozen=True)
class Mark:
    """What the kept tables follow from, and the outputs that they belong to."""

    given: dict[str, Any]
    files: dict[str, Files]
    decisions: list[str]
    outputs: Files
    counts: dict[str, int]


def given(home: Home, settings: CustomerEvidence, key: bytes) -> dict[str, Any]:
    """Return everything but records and decisions that the codes follow from; hashes of DuckDB are of one version."""
    model = home.identity / MODEL
    return {
        "form": [FORM, evidence.FORM],
        "duckdb": duckdb.__version__,
        "settings": settings.model_dump(mode="json"),
        "key_id": key_id(key),
        "model": hashlib.sha256(model.read_bytes()).hexdigest() if model.exists() else None,
    }


def of_nothing_new(home: Home, settings: CustomerEvidence, key: bytes) -> Mark | None:
    """Return the mark when neither record nor decision nor anything else is another one than in the night before."""
    file = home.identity / FILE
    if not file.exists():
        return None
    try:
        with connect(file, temp=home.tmp, read_only=True) as connection:
            mark = read_mark(connection)
    except duckdb.Error:  # a write-ahead log of a killed night, another version: who writes looks at it again
        return None
    if mark is None or not stands(home, mark, given(home, settings, key)) or mark.decisions != decided(home):
        return None
    same = all(mark.files[entity.name] == accepted_files(home, entity) for entity in (CUSTOMERS, CONTACTS))
    return mark if same else None


def decided(home: Home) -> list[str]:
    """Name the decisions there are; none of them ever changes."""
    return sorted(file.name for file in home.decisions.glob("[!.]*.json"))


@contextlib.contextmanager
def opened(home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the kept tables to write; a file that cannot be read is made anew."""
    file = home.identity / FILE
    home.identity.mkdir(parents=True, exist_ok=True)
    try:
        connection = connect(file, temp=home.tmp)
    except (duckdb.IOException, duckdb.SerializationException) as error:
        if not any(said in str(error) for said in UNREADABLE):  # a lock, a full disk
            raise
        file.with_name(f"{FILE}.wal").unlink(missing_ok=True)
        file.unlink()
        connection = connect(file, temp=home.tmp)
    file.chmod(0o600)
    with connection:
        yield connection


def read_mark(connection: duckdb.DuckDBPyConnection) -> Mark | None:
    if not has_table(connection, "mark"):
        return None
    row = connection.execute("select told from mark").fetchone()
    return Mark(**json.loads(row[0])) if row else None


def take_mark(connection: duckdb.DuckDBPyConnection) -> Mark | None:
    """Return the mark, and take it away: what is kept does not stand before it is written again."""
    mark = read_mark(connection)
    connection.execute("drop table if exists mark")
    return mark


def write_mark(connection: duckdb.DuckDBPyConnection, mark: Mark) -> None:
    """Write the mark, and drop the tables that Splink left.

    How many may share an address (`settled_limit`) is told beside it, since a night that is killed leaves no mark.
    """
    left = "select table_name from duckdb_tables() where not temporary and starts_with(table_name, '__splink')"
    for (table,) in connection.execute(left).fetchall():
        connection.execute(f"drop table {ident(table)}")
    limit = mark.given["settings"]["shared_limit"]
    connection.execute(f"create or replace table settled_limit as select {int(limit)} as shared_limit")
    connection.execute(f"create or replace table mark as select {literal(json.dumps(asdict(mark)))} as told")


def is_settled(connection: duckdb.DuckDBPyConnection, shared_limit: int) -> bool:
    """Tell whether who is one was said with the same limit, as far as is known; another one holds for everybody."""
    if not has_table(connection, "settled_limit"):
        return True
    return only_row(connection, "select shared_limit from settled_limit")[0] == shared_limit


def has_table(connection: duckdb.DuckDBPyConnection, name: str) -> bool:
    found = connection.execute(
        "select 1 from duckdb_tables() where table_name = ? and not temporary", [name]
    ).fetchone()
    return found is not None


def forget(connection: duckdb.DuckDBPyConnection, mark: Mark | None) -> None:
    """Drop what another form of the tables would not fit; what was taken apart in this form is still right."""
    if mark is None or mark.given["form"] != [FORM, evidence.FORM]:
        for table in ("company_names", "places", "located"):
            connection.execute(f"drop table if exists {table}")


def stands(home: Home, mark: Mark, now: dict[str, Any]) -> bool:
    """Tell whether the outputs are those of the mark, and everything but records and decisions as it was."""
    return mark.given == now and mark.outputs == outputs(home)


def outputs(home: Home) -> Files:
    files = {name: _file(home, name) for name in OUTPUTS}
    return {name: mark_of(file) for name, file in files.items() if file.exists()}


def remove_replaced(home: Home) -> None:
    """Remove what an earlier version of this program kept, once it is in the tables."""
    for name in REPLACED:
        _file(home, name).unlink(missing_ok=True)
    if home.identity.exists():
        durable.sync_folder(home.identity)


def _file(home: Home, name: str) -> Path:
    return home.identity / f"{name}.parquet"
