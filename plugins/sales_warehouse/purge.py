"""Purge: the texts of old conversations leave the warehouse, as lifecycle.yml says; the touchpoints themselves stay.

A text goes when it is older than its customer's retention class keeps it. It stays when the customer is in the first
tier, or was on any day of that time; when nobody knows whose it is; and when its class has no age. What went is listed
for good in `purged/`, so that it stays away: a load that brings such a text again loses it before the marts see it.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from sales_warehouse import durable, failpoint
from sales_warehouse.company.models import Company
from sales_warehouse.extract.text import earlier_float_sql
from sales_warehouse.home import Home
from sales_warehouse.sql import as_parquet, connect, ident, literal, only_row, read_parquet

SEEN = "seen.json"  # accepted files as they were when nothing of the lists was in them
FORM = 2  # of ids in a list; lists of before December 2026 say none, and name 1234 of a column of floats as 1234.0
COLUMNS = {
    "entity": "varchar", "source": "varchar", "record_id": "varchar", "message_number": "bigint",
    "customer_key": "varchar", "retention_class": "varchar", "said_date": "date", "business_date": "date",
    "purged_at": "timestamp", "list_form": "tinyint",
}  # fmt: skip
LISTED = ("record_id", "message_number")  # what a list calls the key of a text
REMAINS = (
    "quarantine/ and landing/ keep rows that could not be read",
    "sheets/ keeps the sheets that people handed in, corrections/ what they wrote in the place of a whole list",
    "spool/ keeps what the collector received, for `keep_days` of webhooks.yml",
    "published/ keeps the versions before, in which fct_customer_needs quotes words, until `keep_versions` newer ones "
    "are there; PostgreSQL until the next one",
)  # fmt: skip


@dataclass(frozen=True)
class Kind:
    """Where the texts of an entity are in its accepted files, and whose and of when each is."""

    key: tuple[str, ...]
    text: str
    query: str


# Every version counts: a text is still there when its source has deleted or emptied it since. Whose a conversation is,
# its last version says that is no deletion.
KINDS = {
    "chat_messages": Kind(
        ("chat_id", "message_number"),
        "text",
        """
        select said._source as source, said.chat_id as record_id, said.message_number, chats.owner.customer_id,
            chats.owner.contact_id, coalesce(said.sent_at, chats.owner.started_at) as said_at
        from (
            select _source, chat_id, message_number, max_by(sent_at, place) filter (where text is not null) as sent_at
            from versions_of_chat_messages
            group by all
            having count(text) > 0
        ) as said
        inner join (
            select _source, chat_id,
                max_by({customer_id: customer_id, contact_id: contact_id, started_at: started_at}, place) as owner
            from versions_of_chats
            group by all
        ) as chats on said._source = chats._source and said.chat_id = chats.chat_id
        """,
    ),
    "visits": Kind(
        ("visit_id",),
        "notes",
        """
        select source, record_id, 0::bigint as message_number, owner.customer_id, owner.contact_id,
            owner.started_at as said_at
        from (
            select _source as source, visit_id as record_id,
                max_by({customer_id: customer_id, contact_id: contact_id, started_at: started_at}, place) as owner
            from versions_of_visits
            group by all
            having count(*) filter (where trim(notes) <> '') > 0
        )
        """,
    ),
}
VERSIONS = {  # what is read of the versions of an entity
    "chats": "chat_id varchar, customer_id varchar, contact_id varchar, started_at timestamp",
    "chat_messages": "chat_id varchar, message_number bigint, sent_at timestamp, text varchar",
    "visits": "visit_id varchar, customer_id varchar, contact_id varchar, started_at timestamp, notes varchar",
}
NEEDED = {"marts.dim_customer_tiers", "intermediate.int_customers_identified", "intermediate.int_contacts_identified"}


@dataclass(frozen=True)
class Count:
    """Texts of one entity, source and retention class that are old enough: how many go, and how many a tier keeps."""

    entity: str
    source: str
    retention_class: str
    keep_days: int
    going: int
    kept: int
    customers: int
    oldest: datetime.date | None


@dataclass(frozen=True)
class Done:
    """What a purge did: the list of what went, and how many rows of accepted files lost their text."""

    file: Path | None
    texts: int
    rows: int


class NotPurgeable(Exception):
    """There is nothing to decide with: no marts yet, or loads that they do not hold."""


def find(home: Home, company: Company) -> list[Count]:
    """Count what a purge would take, as of the business date of the marts. Raises NotPurgeable."""
    with _working(home) as db:
        _candidates(db, home, company, marts_date(home))
        rows = db.execute(
            "select entity, source, retention_class, keep_days, count(*) filter (where not is_kept), "
            "count(*) filter (where is_kept), count(distinct customer_key) filter (where not is_kept), "
            "min(said_date) filter (where not is_kept) from candidates group by all order by all"
        ).fetchall()
    return [Count(*row) for row in rows]


def marts_date(home: Home) -> datetime.date:
    """Return the business date of the last refresh: tiers and ages are as of that day."""
    day: datetime.date = _of_marts(home, "business_date")
    return day


def marts_moment(home: Home) -> datetime.datetime:
    """Return the moment, UTC, of the last refresh: what has come due since is for the next one."""
    moment: datetime.datetime = _of_marts(home, "as_of")
    return moment


def _of_marts(home: Home, column: str) -> Any:
    with connect(temp=home.tmp) as db:
        [value] = only_row(db, f"select {column} from {read_parquet([home.settings / 'company.parquet'])}")
    return value


def first_tier(home: Home) -> str:
    """Return the tier of the marts that keeps everything; lifecycle.yml may name another one by now."""
    with connect(temp=home.tmp) as db:
        tiers = read_parquet([home.settings / "lifecycle_tiers.parquet"])
        [tier] = only_row(db, f"select tier from {tiers} order by priority limit 1")
    return str(tier)


def purge(home: Home, company: Company, at: datetime.datetime) -> Done:
    """Take the texts out of the accepted files and list them; the working warehouse has to be built anew after it.

    The list is written first: a purge that was killed is finished by the next one, or by the next refresh.
    """
    business_date = marts_date(home)
    with _working(home) as db:
        _candidates(db, home, company, business_date)
        [(texts,)] = db.execute("select count(*) from candidates where not is_kept").fetchall()
        if not texts:
            return Done(None, 0, 0)
        file = home.purged / f"{at.strftime(durable.STAMP)}.parquet"
        file.parent.mkdir(parents=True, exist_ok=True)
        scratch = file.with_name(f".{file.name}{durable.TEMPORARY}")
        values = {
            "business_date": f"date {literal(str(business_date))}",
            "purged_at": f"timestamp {literal(str(at))}",
            "list_form": str(FORM),
        }
        listed = ", ".join(f"({values.get(name, name)})::{kind} as {name}" for name, kind in COLUMNS.items())
        db.execute(
            f"copy (select {listed} from candidates where not is_kept order by all) "
            f"to {literal(str(scratch))} (format parquet)"
        )
        durable.move(scratch, file)
    failpoint.reach("purge.listed")
    rows = apply(home)
    failpoint.reach("purge.cleared")
    return Done(file, texts, rows)


def lists(home: Home) -> list[Path]:
    """Return the lists of what was purged, oldest first."""
    return sorted(home.purged.glob("[!.]*.parquet"))


def listed_sql(files: Iterable[Path]) -> str:
    """Return the SQL of what lists name: `entity`, `source`, `record_id` in each form that it may have, and
    `message_number`.
    """
    named = read_parquet(files, options="union_by_name = true")
    ids = f"if(list_form is null, [record_id, {earlier_float_sql('record_id')}], [record_id])"
    return (
        f"(select distinct entity, source, unnest({ids}) as record_id, message_number "
        f"from (from {named} union all by name select null::tinyint as list_form where false))"
    )


def apply(home: Home) -> int:
    """Take what the lists name out of accepted files that are new since; return how many rows lost their text.

    Past nights keep the accepted files that they read, also those that were replaced since: the texts go there, too.
    """
    found = lists(home)
    if not found:
        return 0
    state = durable.read_json(home.purged / SEEN, {})
    seen: Mapping[str, int] = state.get("files", {}) if state.get("lists") == [FORM, len(found)] else {}
    cleared, files = 0, {}
    with connect(temp=home.tmp) as db:
        db.execute(f"create table purged as from {listed_sql(found)}")
        for entity, kind in KINDS.items():
            for file in _accepted(home, entity):
                name = str(file.relative_to(home.dir))
                if seen.get(name) != file.stat().st_mtime_ns:
                    cleared += _clear(db, entity, kind, file)
                files[name] = file.stat().st_mtime_ns
    durable.write_json(home.purged / SEEN, {"lists": [FORM, len(found)], "files": files})
    return cleared


def counts(home: Home) -> Iterator[tuple]:
    """Yield source, entity, retention class, business date and moment of each purge, and how many texts it took."""
    found = lists(home)
    if found:
        with connect(temp=home.tmp) as db:
            yield from db.execute(
                "select source, entity, retention_class, business_date, purged_at, count(*) "
                f"from {read_parquet(found)} group by all order by all"
            ).fetchall()


def _working(home: Home) -> duckdb.DuckDBPyConnection:
    if not home.warehouse_file.exists():
        raise NotPurgeable("there is no working warehouse to tell whose the conversations are; run a refresh first")
    db = connect(home.warehouse_file, temp=home.tmp, read_only=True)
    there = db.execute("select schema_name || '.' || table_name from duckdb_tables()").fetchall()
    if not {(name,) for name in NEEDED} <= set(there):
        db.close()
        raise NotPurgeable("the working warehouse is not complete; run a refresh first")
    return db


def _accepted(home: Home, entity: str) -> list[Path]:
    """The accepted files of an entity, also those that were replaced since and that a past night read."""
    return [
        *sorted(home.accepted.glob(f"{entity}/_load_id=[!_]*/[!.]*.parquet")),
        *sorted((home.nights / "files" / "accepted" / entity).glob("[!.]*.parquet")),
    ]


def _versions(db: duckdb.DuckDBPyConnection, home: Home) -> None:
    """Make a view of all versions of each entity that conversations are in; the last has the greatest `place`."""
    for entity, columns in VERSIONS.items():
        view = f"versions_of_{entity}"
        files = list(_accepted(home, entity))
        if not files:
            db.execute(f"create or replace temp table {view} (_source varchar, {columns}, place boolean)")
            continue
        rows = read_parquet(files, options="union_by_name = true, filename = true")
        db.execute(
            f"create or replace temp view {view} as select *, row(not coalesce(_is_deleted, false), "
            "coalesce(_version_at, timestamp '-infinity'), regexp_extract(filename, '_load_id=([^/]+)', 1), _file, "
            f"_row_number) as place from {rows}"
        )


def _candidates(db: duckdb.DuckDBPyConnection, home: Home, company: Company, business_date: datetime.date) -> None:
    """Make the temporary table `candidates`: every text that is old enough, and whether a tier keeps it."""
    _versions(db, home)
    ages = [(name, item.keep_conversation_days) for name, item in company.lifecycle.retention.items()]
    db.execute("create or replace temp table ages (retention_class varchar, keep_days integer)")
    if ages:
        db.executemany("insert into ages values (?, ?)", ages)
    texts = " union all by name ".join(
        f"(select {literal(entity)} as entity, * from ({kind.query}))" for entity, kind in KINDS.items()
    )
    first, today = literal(first_tier(home)), f"date {literal(str(business_date))}"
    zone = literal(company.about.time_zone)
    db.execute(
        f"""
        create or replace temp table texts as
        select said.entity, said.source, said.record_id, said.message_number,
            coalesce(nullif(customers.customer_key, 'unknown'), contacts.customer_key, 'unknown') as customer_key,
            cast(said.said_at at time zone 'UTC' at time zone {zone} as date) as said_date
        from ({texts}) as said
        left join intermediate.int_customers_identified as customers
            on said.customer_id = customers.customer_record_key
        left join intermediate.int_contacts_identified as contacts on said.contact_id = contacts.contact_record_key
        """
    )
    db.execute(
        f"""
        create or replace temp table candidates as
        select texts.*, ages.retention_class, ages.keep_days, exists (
            from marts.dim_customer_tiers as was
            where was.customer_key = texts.customer_key and was.tier = {first}
                and (was.is_current or was.valid_to_date >= {today} - ages.keep_days)
        ) as is_kept
        from texts
        inner join marts.dim_customer_tiers as tiers on texts.customer_key = tiers.customer_key and tiers.is_current
        inner join ages on tiers.retention_class = ages.retention_class
        where texts.customer_key <> 'unknown' and texts.said_date < {today} - ages.keep_days
        """
    )


def _clear(db: duckdb.DuckDBPyConnection, entity: str, kind: Kind, file: Path) -> int:
    """Write a file again without the texts that are listed; its rows stay as many as they were."""
    rows = read_parquet([file])
    matches = _matches(entity, kind.key)
    text, told, emptied = ident(kind.text), "false", ""
    if "_repairs" in {row[0] for row in db.execute(f"describe select * from {rows}").fetchall()}:
        is_text = f'r."column" = {literal(kind.text)}'  # what was mended is told with the text before and after
        nothing = 'struct_pack("column" := r."column", repair := r.repair, "before" := null, "after" := null)'
        told = f"coalesce(len(list_filter(rows._repairs, r -> {is_text} and r.after is not null)) > 0, false)"
        emptied = f"list_transform(rows._repairs, r -> if({is_text}, {nothing}, r))"
    affected = f"(rows.{text} is not null or {told}) and exists (from purged where {matches})"
    [before, found] = only_row(db, f"select count(*), count(*) filter (where {affected}) from {rows} as rows")
    if not found:
        return 0
    scratch = file.with_name(f".{file.name}{durable.TEMPORARY}")
    replaced = f"if({affected}, null, rows.{text}) as {text}"
    if emptied:
        replaced += f", if({affected}, {emptied}, rows._repairs) as _repairs"
    db.execute(
        f"copy (select rows.* replace ({replaced}) from {rows} as rows order by _file, _row_number) "
        f"to {as_parquet(scratch)}"
    )
    [after] = only_row(db, f"select count(*) from {read_parquet([scratch])}")
    if after != before:
        scratch.unlink()
        raise RuntimeError(
            f"{file} had {before:,} rows and would have {after:,} without the texts; nothing was changed"
        )
    durable.move(scratch, file)
    return int(found)


def _matches(entity: str, key: Iterable[str]) -> str:
    columns = dict(zip(LISTED, key, strict=False))
    same = [f"purged.{ident(name)} = rows.{ident(column)}" for name, column in columns.items()]
    return " and ".join([f"purged.entity = {literal(entity)}", "purged.source = rows._source", *same])
