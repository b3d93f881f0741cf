"""Which contact records are one person: those with one address and no other name, and the code of each.

An address is a mobile number, an e-mail or a WeChat id; landlines and switchboards are shared, so they prove nothing.
Addresses are compared as keyed hashes. Somebody with another name at the same address is somebody else: a number that
was given to a new owner, a mailbox that a department shares.
"""

from __future__ import annotations

import datetime

import duckdb
import pyarrow as pa

from sales_warehouse.home import Home
from sales_warehouse.identity import clusters
from sales_warehouse.identity.codes import keep_codes, new_changes
from sales_warehouse.identity.contact_hash import hmac_sql, key_id
from sales_warehouse.identity.groups import Groups
from sales_warehouse.identity.records import CONTACTS, load_earlier
from sales_warehouse.sql import literal

XREF = (
    "source varchar, contact_id varchar, contact_key varchar, rule varchar, contact_hash varchar, key_id varchar, "
    "since timestamp, changed_batch bigint"
)
LOG = (
    "batch bigint, changed_at timestamp, source varchar, contact_id varchar, old_key varchar, new_key varchar, "
    "rule varchar"
)
KINDS = ("phone", "email", "wechat_id")  # the surest first


def give_codes(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    batch: int,
    at: datetime.datetime,
    key: bytes,
    *,
    whole: bool,
) -> None:
    """Make the tables `contact_xref` and `contact_log` from `contact_records`; `at` is UTC.

    A code stays with its records, also when the `key` of the hashes is another one than before. Unless it is made
    `whole`, the cross-reference holds the records in question only, and `outside_contacts` those that stay as they are.
    """
    _hash_addresses(connection, key, whole)
    _choose(connection, whole)
    _load_earlier(connection, home, whole)
    _group(connection)
    _assign(connection, batch, at, key)
    _keep_chains(connection, whole)
    said = new_changes("contact", "contact_id", "new.rule", batch, at)
    connection.execute(f"create or replace temp table contact_log as {said}")


def _hash_addresses(connection: duckdb.DuckDBPyConnection, key: bytes, whole: bool) -> None:
    """Bring `hashed_people` up to date, one row for each record."""
    rows = f"""
        select unique_id, source, contact_id, created_at,
            nullif(lower(regexp_replace(nfc_normalize(name), '[\\s·•.]+', '', 'g')), '') as name,
            case when is_mobile(phone) then {hmac_sql("'phone:' || phone", key)} end as phone,
            {hmac_sql("'email:' || lower(email)", key)} as email,
            {hmac_sql("'wechat_id:' || wechat_id", key)} as wechat_id
        from contact_records"""
    if whole:
        connection.execute(f"create or replace table hashed_people as {rows}")
        return
    changed = f"where unique_id in (select unique_id from {CONTACTS.changed})"
    connection.execute(f"delete from hashed_people {changed}")
    connection.execute(f"insert into hashed_people by name {rows} {changed}")


def _choose(connection: duckdb.DuckDBPyConnection, whole: bool) -> None:
    """Make `people` and `contact_addresses`, one row for each certain address of one.

    They are of the records that shared an address, or do now, with one that changed, and so on: `contacts_in_question`.
    """
    if whole:
        connection.execute("create or replace temp view contacts_in_question as select unique_id from hashed_people")
        connection.execute("create or replace temp view people as from hashed_people")
    else:
        connection.execute(f"""
            create or replace temp table contacts_met as
            select unique_id from contact_keys where key in (
                select hash(unnest([phone, email, wechat_id]))
                from hashed_people semi join {CONTACTS.changed} using (unique_id)
            )
            union select unique_id from {CONTACTS.changed}""")
        connection.execute(f"""
            create or replace temp table contacts_in_question as
            select unique_id from contact_chains
            where chain in (select chain from contact_chains semi join contacts_met using (unique_id))
            union select unique_id from {CONTACTS.changed}""")
        connection.execute(
            "create or replace temp table people as from hashed_people semi join contacts_in_question using (unique_id)"
        )
    selects = [
        f"select unique_id, name, {place} as place, '{kind}' as kind, {kind} as address from people "
        f"where {kind} is not null"
        for place, kind in enumerate(KINDS)
    ]
    connection.execute(f"create or replace temp table contact_addresses as {' union all '.join(selects)}")


def _load_earlier(connection: duckdb.DuckDBPyConnection, home: Home, whole: bool) -> None:
    """Make the tables of what was before: of the records in question, and the codes of the others."""
    load_earlier(connection, home, "contact_log", LOG)
    if whole:
        load_earlier(connection, home, "contact_xref", XREF)
        connection.execute("create or replace temp table outside_contacts as from old_contact_xref limit 0")
        return
    file = literal(str(home.identity / "contact_xref.parquet"))
    rows = f"(select *, source || ':' || contact_id as unique_id from read_parquet({file}))"
    connection.execute(f"""
        create or replace temp table old_contact_xref as
        select * exclude (unique_id) from {rows} semi join contacts_in_question using (unique_id)""")
    connection.execute(f"""
        create or replace temp view outside_contacts as
        select * exclude (unique_id) from {rows} anti join contacts_in_question using (unique_id)""")


def _keep_chains(connection: duckdb.DuckDBPyConnection, whole: bool) -> None:
    """Keep who hangs together by addresses, and the hashes of these."""
    connection.execute("""
        create or replace temp table shared_addresses as
        select min(unique_id) over (partition by address) as unique_id_l, unique_id as unique_id_r
        from contact_addresses
        qualify unique_id_l <> unique_id_r""")
    clusters.chain(connection, "shared_addresses", "people_chains")
    chains = """
        select unique_id, hash(coalesce(chain, unique_id)) as chain
        from (select unique_id from people) left join people_chains using (unique_id)"""
    keys = "select distinct unique_id, hash(address) as key from contact_addresses"
    if whole:
        connection.execute(f"create or replace table contact_chains as {chains}")
        connection.execute(f"create or replace table contact_keys as {keys}")
        return
    for table, rows in (("contact_chains", chains), ("contact_keys", keys)):
        connection.execute(f"delete from {table} where unique_id in (from contacts_in_question)")
        connection.execute(f"insert into {table} by name {rows}")


def _group(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `contact_groups`. Who has no name is the one person at the address that has one, if there is just one.

    A group never gets two names; where that is in question, a telephone says more than an e-mail, and that more than a
    WeChat id.
    """
    rows = connection.execute("""
        with named as (
            select address, count(distinct name) as name_count, min(name) as only_name
            from contact_addresses group by address having count(*) > 1
        ),
        met as (
            select unique_id, name, place, address, name_count,
                coalesce(name, case when name_count = 1 then only_name end) as met_name
            from contact_addresses join named using (address)
        )
        select first_value(unique_id) over w as first_id, unique_id
        from met where met_name is not null or name_count = 0
        window w as (partition by address, met_name order by name is null, unique_id)
        qualify row_number() over w > 1
        order by place, address, unique_id""").fetchall()
    named = (
        dict(
            connection.execute("""
            select unique_id, name from people
            where name is not null and unique_id in (select unique_id from contact_addresses)""").fetchall()
        )
        if rows
        else {}
    )
    groups: Groups[str] = Groups(named)
    for pair in rows:
        groups.join(*pair)
    joined = sorted({node for pair in rows for node in pair})
    given = pa.table(
        {
            "unique_id": pa.array(joined, pa.string()),
            "group_id": pa.array([groups.of(node) for node in joined], pa.string()),
        }
    )
    connection.register("joined_contacts", given)
    connection.execute("""
        create or replace temp table contact_groups as
        select unique_id, coalesce(group_id, unique_id) as group_id, false as is_certain, created_at as first_at
        from people left join joined_contacts using (unique_id)""")
    connection.unregister("joined_contacts")


def _assign(connection: duckdb.DuckDBPyConnection, batch: int, at: datetime.datetime, key: bytes) -> None:
    """Make `contact_xref`: the code, and as `rule` the surest kind of address that others of the person have, too."""
    connection.execute("""
        create or replace temp table earlier_contacts as
        select source || ':' || contact_id as unique_id, contact_key as code, since from old_contact_xref""")
    made = f"'P' || upper(left({hmac_sql('seed', key)}, 24))"
    elsewhere = "select contact_key from outside_contacts"
    codes = keep_codes("contact_groups", "earlier_contacts", made, at, elsewhere)
    connection.execute(f"create or replace temp table contact_codes as {codes}")
    connection.execute(f"""
        create or replace temp table contact_xref as
        with shared as (
            select unique_id, arg_min(kind, place) as rule
            from (
                select *, count(*) over (partition by group_id, address) as record_count
                from contact_addresses join contact_groups using (unique_id)
            ) where record_count > 1 group by unique_id
        )
        select people.source, people.contact_id, codes.code as contact_key, coalesce(shared.rule, 'own_record') as rule,
            coalesce(phone, email, wechat_id) as contact_hash, {literal(key_id(key))} as key_id,
            case when old.contact_key = codes.code then old.since else cast({literal(at)} as timestamp) end as since,
            case when old.contact_key = codes.code then old.changed_batch else {int(batch)} end as changed_batch
        from people join contact_codes as codes using (unique_id)
        left join shared using (unique_id)
        left join old_contact_xref as old on old.source = people.source and old.contact_id = people.contact_id
        order by people.source, people.contact_id""")
