"""Who is who: one code for each customer and each person over all sources, the same from night to night."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

import duckdb

from sales_warehouse import durable, failpoint
from sales_warehouse.company.models import IdentityFile
from sales_warehouse.home import Home
from sales_warehouse.identity import contacts, customers, decisions, kept
from sales_warehouse.identity.contact_hash import contact_key
from sales_warehouse.identity.records import CONTACTS, CUSTOMERS, take_in
from sales_warehouse.sql import connect, literal, only_row, read_parquet
from sales_warehouse.telephone import register_mobile

FINISHED = "finished"  # the folder of outputs that are whole, and not in their places yet


@dataclass(frozen=True)
class Identified:
    """Records seen, codes given, records that changed their code in this batch, and pairs that wait for a person."""

    customer_records: int
    customers: int
    contact_records: int
    contacts: int
    changed: int
    to_review: int


def identify(home: Home, settings: IdentityFile, batch: int, at: datetime.datetime) -> Identified:
    """Bring the cross-reference tables up to date with every accepted record; `batch` and `at` mark what changed.

    What is kept of the night before is taken up; where it does not fit any more, all is made anew.
    """
    durable.sweep(home.identity)
    _put_in_place(home)  # what a killed night had finished
    key, decided = contact_key(home), kept.decided(home)
    if mark := kept.of_nothing_new(home, settings.customers, key):
        with connect(temp=home.tmp) as connection:
            return _counted(connection, home, mark.counts, batch)
    with kept.opened(home) as connection:
        register_mobile(connection)
        found = kept.take_mark(connection)
        before = found if found and kept.stands(home, found, kept.given(home, settings.customers, key)) else None
        whole = before is None
        if whole:
            customers.load_pairs(connection, home, settings.customers)
            kept.forget(connection, found)
        files = {
            entity.name: take_in(connection, home, entity, before.files[entity.name] if before else None)
            for entity in (CUSTOMERS, CONTACTS)
        }
        told = decisions.history(home)
        decisions.register(connection, told)
        customers.give_codes(connection, home, settings.customers, told, batch, at, whole=whole)
        limit = settings.customers.shared_limit
        settled = kept.is_settled(connection, limit)
        contacts.give_codes(connection, home, key, limit, told, batch, at, whole=whole, settled=settled)
        counts = _count(connection, before.counts if before else None)
        failpoint.reach("identify.before_commit")
        _write(connection, home, whole)
        failpoint.reach("identify.after_write")
        given = kept.given(home, settings.customers, key)  # with what was learnt now
        mark = kept.Mark(given, files, decided, kept.outputs(home), counts)
        kept.write_mark(connection, mark)
    kept.remove_replaced(home)
    with connect(temp=home.tmp) as connection:
        return _counted(connection, home, counts, batch)


def _count(connection: duckdb.DuckDBPyConnection, before: dict[str, int] | None) -> dict[str, int]:
    """Count records and codes; a code is of records in question only, or of none of them."""
    counts = {}
    for entity in (CUSTOMERS, CONTACTS):
        old, new = (
            only_row(connection, f"select count(*), count(distinct {entity.key}) from {table}")
            for table in (f"old_{entity.xref}", entity.xref)
        )
        known = (before[entity.table], before[entity.name]) if before else old
        counts[entity.table], counts[entity.name] = (
            was + now - then for was, now, then in zip(known, new, old, strict=True)
        )
    return counts


def _counted(connection: duckdb.DuckDBPyConnection, home: Home, counts: dict[str, int], batch: int) -> Identified:
    """Return what there is, and what of it the night changed and left to a person."""
    rekeyed, review = (read_parquet([home.identity / f"customer_{name}.parquet"]) for name in ("rekeyed", "review"))
    (changed,) = only_row(connection, f"select count(*) from {rekeyed} where batch = {int(batch)}")
    (to_review,) = only_row(connection, f"select count(*) from {review}")
    return Identified(**counts, changed=changed, to_review=to_review)


def _write(connection: duckdb.DuckDBPyConnection, home: Home, whole: bool) -> None:
    """Write the outputs, all of them or none; a cross-reference that is as it was stays untouched."""
    written = {name: name for name in kept.OUTPUTS}
    for entity in (CONTACTS, CUSTOMERS):
        xref, outside = entity.xref, f"outside_{entity.name}"
        if not whole and _is_same(connection, xref):
            del written[xref]
            continue
        order = f"source, {entity.id}"
        connection.execute(
            f"create or replace temp view {xref}_whole as from (from {xref} union all from {outside}) order by {order}"
        )
        written[xref] = f"{xref}_whole"
    scratch = home.identity / f".{FINISHED}{durable.TEMPORARY}"
    scratch.mkdir()
    for name, table in written.items():
        target = literal(str(scratch / f"{name}.parquet"))
        connection.execute(f"copy {table} to {target} (format parquet, compression zstd)")
    durable.move(scratch, home.identity / FINISHED)
    failpoint.reach("identify.after_commit")
    _put_in_place(home)


def _put_in_place(home: Home) -> None:
    """Move finished outputs to their places: who is killed meanwhile goes on with the rest."""
    finished = home.identity / FINISHED
    if not finished.exists():
        return
    for file in sorted(finished.iterdir()):
        durable.move(file, home.identity / file.name)
        failpoint.reach("identify.after_file")
    finished.rmdir()
    durable.sync_folder(home.identity)


def _is_same(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    """Tell whether the rows in question are those of before."""
    (other,) = only_row(
        connection,
        f"select count(*) from ((from {table} except all from old_{table}) "
        f"union all (from old_{table} except all from {table}))",
    )
    return not other
