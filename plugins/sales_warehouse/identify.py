"""Identify: which records are the same customer or the same person, by certain rules only.

Customers: records with the same unified social credit code (checked, GB 32100-2015) are one. Contacts: records with
the same keyed hash of their first certain address are one: mobile number, else e-mail, else WeChat id. Landlines
and switchboards are shared, so they prove nothing. A bare hash of a phone
number can be reversed by trying all numbers, so the hash is HMAC-SHA-256 (RFC 2104) with a key kept outside the
warehouse. Whatever has no such evidence stays alone.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

import duckdb

from sales_warehouse import durable, failpoint
from sales_warehouse.home import Home
from sales_warehouse.sql import connect, literal, only_row
from sales_warehouse.telephone import register_mobile

BLOCK = 64  # bytes of a SHA-256 block, RFC 2104

CUSTOMER_XREF = "source varchar, customer_id varchar, customer_key varchar, rule varchar, changed_batch bigint"
CONTACT_XREF = (
    "source varchar, contact_id varchar, contact_key varchar, rule varchar, key_id varchar, changed_batch bigint"
)


@dataclass(frozen=True)
class Identified:
    """Records seen, codes given, and records that changed their code in this batch."""

    customer_records: int
    customers: int
    contact_records: int
    contacts: int
    changed: int


def identify(home: Home, batch: int) -> Identified:
    """Bring the cross-reference tables up to date with every accepted record; `batch` marks what changed."""
    durable.sweep(home.identity)
    key = contact_key(home)
    with connect(temp=home.tmp) as connection:
        register_mobile(connection)
        _customers(connection, home, batch)
        _contacts(connection, home, batch, key)
        counts = only_row(
            connection,
            "select (select count(*) from customer_xref), (select count(distinct customer_key) from customer_xref), "
            "(select count(*) from contact_xref), (select count(distinct contact_key) from contact_xref), "
            f"(select count(*) from customer_xref where changed_batch = {int(batch)})",
        )
        failpoint.reach("identify.before_commit")
        for name in ("customer_xref", "contact_xref"):
            _write(connection, name, home.identity / f"{name}.parquet")
    return Identified(*counts)


def contact_key(home: Home) -> bytes:
    """Return the key of the contact hashes: SALES_WAREHOUSE_CONTACT_KEY, else a file of mode 0600 made once."""
    if given := os.environ.get("SALES_WAREHOUSE_CONTACT_KEY"):
        return given.encode()
    file = home.secrets / "contact.key"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as handle:
            handle.write(secrets.token_hex(32))
    return file.read_text().strip().encode()


def key_id(key: bytes) -> str:
    """Name a key without telling it, so that values made with an old key can be found when it is rotated."""
    import hashlib

    return hashlib.sha256(b"key id\x00" + key).hexdigest()[:8]


def hmac_sql(expression: str, key: bytes) -> str:
    """Return the SQL of HMAC-SHA-256 (RFC 2104) of a text, in hexadecimal digits."""
    import hashlib

    padded = (hashlib.sha256(key).digest() if len(key) > BLOCK else key).ljust(BLOCK, b"\x00")
    inner, outer = (f"unhex('{bytes(byte ^ pad for byte in padded).hex()}')" for pad in (0x36, 0x5C))
    return f"sha256({outer} || unhex(sha256({inner} || encode({expression}))))"


def _read(home: Home, entity: str) -> str:
    path = str(home.accepted / entity / "*" / "*.parquet")
    return (
        f"read_parquet({literal(path)}, hive_partitioning = true, "
        "hive_types = {'_load_id': 'varchar'}, union_by_name = true)"
    )


def _latest(home: Home, entity: str, key: str, version: str) -> str:
    return (
        f"select * exclude (_place) from (select *, row_number() over (partition by _source, {key} "
        f"order by {version} _version_at desc nulls last, _load_id desc, _file desc, _row_number desc) as _place "
        f"from {_read(home, entity)}) where _place = 1"
    )


def _old(connection: duckdb.DuckDBPyConnection, home: Home, name: str, schema: str) -> None:
    file = home.identity / f"{name}.parquet"
    connection.execute(f"create table old_{name} ({schema})")
    if file.exists():
        connection.execute(f"insert into old_{name} by name select * from read_parquet({literal(str(file))})")


def _customers(connection: duckdb.DuckDBPyConnection, home: Home, batch: int) -> None:
    """Give each group of records one code: the one that most of its records had, else one made from its first record.

    Where two groups claim one code, because a record left its group, the larger group keeps it.
    """
    _old(connection, home, "customer_xref", CUSTOMER_XREF)
    connection.execute(f"""
        create table customer_xref as
        with latest as ({_latest(home, "customers", "customer_id", "updated_at desc nulls last,")}),
        records as (
            select _source as source, customer_id, created_at,
                coalesce('uscc:' || uscc, 'record:' || _source || ':' || customer_id) as group_id,
                case when uscc is null then 'own_record' else 'credit_code' end as rule
            from latest
        ),
        claims as (
            select group_id, customer_key, count(*) as record_count, min(changed_batch) as since
            from records join old_customer_xref using (source, customer_id)
            group by group_id, customer_key
        ),
        kept as (
            select group_id, customer_key from (
                select *, row_number() over (partition by customer_key order by record_count desc, group_id) as place
                from claims
            ) where place = 1
        ),
        chosen as (
            select group_id, arg_min(kept.customer_key, (since, kept.customer_key)) as customer_key
            from kept join claims using (group_id, customer_key) group by group_id
        ),
        made as (
            select group_id, 'C' || upper(left(sha256(
                arg_min(
                    source || ':' || customer_id,
                    (coalesce(created_at, timestamp '9999-12-31'), source, customer_id)
                )
            ), 16)) as customer_key
            from records group by group_id
        ),
        assigned as (
            select source, customer_id, rule,
                coalesce(chosen.customer_key, case when kept.customer_key is null then made.customer_key
                    else 'C' || upper(left(sha256(group_id), 16)) end) as customer_key
            from records join made using (group_id) left join chosen using (group_id)
            left join kept on kept.customer_key = made.customer_key and kept.group_id <> records.group_id
        )
        select source, customer_id, assigned.customer_key, assigned.rule,
            case when old.customer_key = assigned.customer_key then old.changed_batch else {int(batch)} end
                as changed_batch
        from assigned left join old_customer_xref as old using (source, customer_id)
        order by source, customer_id
    """)


def _contacts(connection: duckdb.DuckDBPyConnection, home: Home, batch: int, key: bytes) -> None:
    _old(connection, home, "contact_xref", CONTACT_XREF)
    connection.execute(f"""
        create table contact_xref as
        with latest as ({_latest(home, "contacts", "contact_id", "")}),
        evidence as (
            select _source as source, contact_id,
                case when is_mobile(phone) then 'phone' when email is not null then 'email'
                    when wechat_id is not null then 'wechat_id' else 'own_record' end as rule,
                coalesce(
                    case when is_mobile(phone) then 'phone:' || phone end,
                    'email:' || lower(email),
                    'wechat_id:' || wechat_id,
                    'record:' || _source || ':' || contact_id
                ) as address
            from latest
        ),
        assigned as (
            select source, contact_id, rule, 'P' || upper(left({hmac_sql("address", key)}, 24)) as contact_key
            from evidence
        )
        select source, contact_id, assigned.contact_key, assigned.rule, {literal(key_id(key))} as key_id,
            case when old.contact_key = assigned.contact_key then old.changed_batch else {int(batch)} end
                as changed_batch
        from assigned left join old_contact_xref as old using (source, contact_id)
        order by source, contact_id
    """)


def _write(connection: duckdb.DuckDBPyConnection, table: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = target.with_name(f".{target.name}{durable.TEMPORARY}")
    connection.execute(f"copy {table} to {literal(str(scratch))} (format parquet, compression zstd)")
    durable.move(scratch, target)
