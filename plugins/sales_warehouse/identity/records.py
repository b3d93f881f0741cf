"""The records that identity works on: of every accepted record the version that counts, kept from night to night."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb

from sales_warehouse.home import Home
from sales_warehouse.latest_version import latest_version, versions_told
from sales_warehouse.sql import ident, literals, only_row, read_loads, read_parquet

LINEAGE = ("_is_deleted", "_version_at", "_load_id", "_file", "_row_number")  # which version counts follows from these
Files = dict[str, list[int]]  # accepted files, and what tells that one is another than before


@dataclass(frozen=True)
class Entity:
    """What identity reads of an accepted entity."""

    name: str
    zh: str  # what one is called in Chinese
    id: str
    columns: tuple[str, ...]

    @property
    def one(self) -> str:
        return self.name[:-1]

    @property
    def table(self) -> str:
        """The kept table: `unique_id`, `source`, the id, the columns, and what tells which version counts."""
        return f"{self.one}_records"

    @property
    def deletions(self) -> str:
        """The kept table of deleted records: the row that says so, and the last one before, as they came."""
        return f"{self.one}_deletions"

    @property
    def xref(self) -> str:
        return f"{self.one}_xref"

    @property
    def rekeyed(self) -> str:
        """The table of records that are new, or have another code, since the marts were last complete."""
        return f"{self.one}_rekeyed"

    @property
    def key(self) -> str:
        """The column of the code."""
        return f"{self.one}_key"

    @property
    def decided(self) -> str:
        """The table of every pair that a standing decision names: decision_id, kind, never_one, left_id, right_id."""
        return f"{self.name}_decided"

    @property
    def changed(self) -> str:
        """The table of the `unique_id` of records that are new, gone, or have another value than before."""
        return f"{self.name}_changed"

    @property
    def before(self) -> str:
        """The table of such records as they were."""
        return f"{self.name}_before"


CUSTOMERS = Entity("customers", "客户", "customer_id", ("name", "uscc", "industry", "city", "address", "created_at"))
CONTACTS = Entity(
    "contacts", "联系人", "contact_id", ("customer_id", "name", "phone", "email", "wechat_id", "created_at")
)  # fmt: skip


def latest(home: Home, entity: str, key: str) -> str:
    """Return a select of the accepted row of each record that counts."""
    return latest_version(_all(home, entity), ["_source", key])


def accepted_files(home: Home, entity: Entity) -> Files:
    """Return the accepted files there are, by their place, with size, moment and number of each."""
    folder = home.accepted / entity.name
    return {str(file.relative_to(folder)): mark_of(file) for file in sorted(folder.glob("*/*.parquet"))}


def mark_of(file: Any) -> list[int]:
    """Return what tells that a file is not the one that it was; files are written beside and moved to their place."""
    told = file.stat()
    return [told.st_size, told.st_mtime_ns, told.st_ino]


def take_in(connection: duckdb.DuckDBPyConnection, home: Home, entity: Entity, before: Files | None) -> Files:
    """Bring the kept table up to date, and tell what changed; return the accepted files that it follows from.

    `before` are the files that it follows from now, None for a table that has to be made. Where files were only added,
    and each landed after those of its source, only these are read: a version that was beaten before stays beaten. A
    deleted record keeps the cells that it had last where its deletion does not name them.
    """
    files = accepted_files(home, entity)
    if before is None:
        _settle(connection, entity, _select(entity, _all(home, entity.name)))
        connection.execute(f"create or replace table {entity.table} as from newest")
        connection.execute(f"create or replace table {entity.deletions} as from newest_deletions")
        connection.execute(f"create or replace temp table {entity.changed} as select unique_id from {entity.table}")
        connection.execute(f"create or replace temp table {entity.before} as from {entity.table} limit 0")
        _keep_landed(connection, entity, _all(home, entity.name), or_replace=True)
        return files
    added = sorted(set(files) - set(before))
    is_added_to = all(files.get(name) == mark for name, mark in before.items())
    if not added and is_added_to:
        connection.execute(f"create or replace temp table {entity.changed} (unique_id varchar)")
        connection.execute(f"create or replace temp table {entity.before} as from {entity.table} limit 0")
        return files
    folder = home.accepted / entity.name
    arrived = read_loads([*(folder / name for name in added), *sorted(folder.glob("_load_id=_none/*.parquet"))])
    if is_added_to and _landed_after(connection, entity, arrived):
        _keep_landed(connection, entity, arrived)
        connection.execute(f"create or replace temp table arrived as {_select(entity, arrived)}")
        living = f"(from {entity.table} anti join {entity.deletions} using (unique_id))"
        met = f"(from {living} union all by name select * exclude (_counts) from {entity.deletions})"
        _settle(connection, entity, f"from arrived union all by name from {met} semi join arrived using (unique_id)")
        gone = "select null where false"
    else:
        _keep_landed(connection, entity, _all(home, entity.name), or_replace=True)
        _settle(connection, entity, _select(entity, _all(home, entity.name)))
        gone = f"select unique_id from {entity.table} anti join newest using (unique_id)"
    _tell_changes(connection, entity, gone)
    return files


def _tell_changes(connection: duckdb.DuckDBPyConnection, entity: Entity, gone: str) -> None:
    """Put the newest versions in the place of those that are kept."""
    other = " or ".join(f"o.{ident(name)} is distinct from n.{ident(name)}" for name in entity.columns)
    connection.execute(f"""
        create or replace temp table {entity.changed} as
        select n.unique_id from newest as n left join {entity.table} as o using (unique_id)
        where o.unique_id is null or {other}
        union all {gone}""")
    connection.execute(f"""
        create or replace temp table {entity.before} as
        select k.* from {entity.table} as k semi join {entity.changed} using (unique_id)""")
    for table, rows in ((entity.table, "newest"), (entity.deletions, "newest_deletions")):
        connection.execute(f"""
            delete from {table}
            where unique_id in (select unique_id from newest union all select unique_id from {entity.changed})""")
        connection.execute(f"insert into {table} by name from {rows}")
    for table in ("newest", "newest_deletions", "newest_versions"):
        connection.execute(f"drop table {table}")


def _settle(connection: duckdb.DuckDBPyConnection, entity: Entity, rows: str) -> None:
    """Make `newest`, one row for each record of a query of versions, and `newest_deletions` of those that are gone."""
    told = versions_told(f"({rows})", ["unique_id"])
    connection.execute(f"create or replace temp table newest_versions as {told}")
    connection.execute("""
        create or replace temp table newest_deletions as
        from newest_versions
        where unique_id in (select unique_id from newest_versions where _counts and _is_deleted)""")
    cells = ", ".join(f"coalesce(n.{ident(name)}, o.{ident(name)}) as {ident(name)}" for name in entity.columns)
    connection.execute(f"""
        create or replace temp table newest as
        select n.* exclude (_counts) replace ({cells})
        from newest_versions as n left join newest_versions as o on o.unique_id = n.unique_id and not o._counts
        where n._counts""")


def _select(entity: Entity, rows: str) -> str:
    columns = ", ".join(ident(name) for name in (entity.id, *entity.columns, *LINEAGE))
    return f"select _source || ':' || {ident(entity.id)} as unique_id, _source as source, {columns} from {rows}"


def _all(home: Home, entity: str) -> str:
    return read_loads([home.accepted / entity / "*" / "*.parquet"])


def _keep_landed(connection: duckdb.DuckDBPyConnection, entity: Entity, rows: str, *, or_replace: bool = False) -> None:
    """Keep which loads of each source were read, the last one of them counts."""
    table = f"{entity.name}_landed"
    last = f"select _source as source, max(_load_id) as load_id from {rows} group by 1"
    if or_replace:
        connection.execute(f"create or replace table {table} as {last}")
    else:
        connection.execute(f"insert into {table} {last}")


def _landed_after(connection: duckdb.DuckDBPyConnection, entity: Entity, rows: str) -> bool:
    """Tell whether every load of these rows landed after all that were read of its source."""
    (overtaken,) = only_row(
        connection,
        f"select count(*) from (select _source as source, min(_load_id) as first from {rows} group by 1) as new "
        f"join {entity.name}_landed as read using (source) where new.first <= read.load_id",
    )
    return not overtaken


def load_earlier(connection: duckdb.DuckDBPyConnection, home: Home, name: str, schema: str) -> None:
    """Make the table `old_<name>` of what the file of a name holds, empty where there is none.

    A column that the file of an earlier version has beside those of the schema is left out.
    """
    file = home.identity / f"{name}.parquet"
    connection.execute(f"create or replace temp table old_{name} ({schema})")
    if file.exists():
        known = literals(connection.table(f"old_{name}").columns)
        rows = f"select columns(name -> name in {known}) from {read_parquet([file])}"
        connection.execute(f"insert into old_{name} by name {rows}")
