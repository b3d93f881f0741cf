"""Which contact records are one person: those with one address and one name, and the code of each.

An address is a mobile number, an e-mail or a WeChat id; landlines and switchboards are shared, so they prove nothing,
and neither does an address that more people have than may share one (a placeholder, a hotline). Addresses are compared
as keyed hashes. Somebody with another name at the same address is somebody else: a number that was given to a new
owner, a mailbox that a department shares. Who has no name is the one person there of the same customer; at another
customer that is for a person to say. What a person decided comes before all of that.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence

import duckdb
import pyarrow as pa

from sales_warehouse.home import Home
from sales_warehouse.identity import clusters, decisions
from sales_warehouse.identity.codes import follow_decisions, keep_codes, keep_left, tell_changes
from sales_warehouse.identity.contact_hash import hmac_sql, key_id
from sales_warehouse.identity.groups import Groups
from sales_warehouse.identity.person_name import SHARED_MAILBOX, compare_names
from sales_warehouse.identity.records import CONTACTS, load_earlier
from sales_warehouse.sql import literal, read_parquet

XREF = (
    "source varchar, contact_id varchar, contact_key varchar, rule varchar, contact_hash varchar, key_id varchar, "
    "since timestamp, base_key varchar, base_since timestamp, said ubigint"
)
LOG = (
    "batch bigint, changed_at timestamp, source varchar, contact_id varchar, old_key varchar, new_key varchar, "
    "rule varchar, old_since timestamp"
)
LEFT = "source varchar, contact_id varchar, contact_key varchar, since timestamp"
REKEYED = "source varchar, contact_id varchar, batch bigint"
REVIEW = "left_record varchar, right_record varchar, kind varchar"
KINDS = ("phone", "email", "wechat_id")  # the surest first
KNOWN_BY = ", ".join(f"coalesce({cell}, '')" for cell in ("name", "customer", *KINDS))  # addresses as hashes
Pairs = Sequence[tuple[str, str]]
# What stands where a WeChat id is not known: an id has letters or digits, 无 and 同手机号 have none.
NO_WECHAT_ID = "^[^a-z0-9]*(|none|null|nil|n[^a-z0-9]?a|no|unknown|0+)[^a-z0-9]*$"


def give_codes(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    key: bytes,
    shared_limit: int,
    told: list[decisions.Decision],
    batch: int,
    at: datetime.datetime,
    *,
    whole: bool,
    settled: bool,
) -> None:
    """Make `contact_xref`, `contact_log`, `contact_left` and `contact_review` with what was `told`.

    `at` is UTC. `customer_xref` is there already: which customer somebody belongs to is said without decisions, so that
    these change nothing here. An address of more than `shared_limit` people proves nothing; who was one by it before
    stays one where that limit is `settled`, the one of before. A code stays with its records, also when the `key` of
    the hashes is another one than before. Unless it is made `whole`, the cross-reference holds the records in question
    only, and `outside_contacts` those that stay as they are.
    """
    _find_changed(connection, whole)
    _hash_addresses(connection, key, whole)
    _choose(connection, told, whole)
    _load_earlier(connection, home, whole)
    connection.execute(f"""
        create or replace temp table were_one as
        select source || ':' || contact_id as unique_id, base_key from old_contact_xref where {settled}""")
    made = f"'P' || upper(left({hmac_sql('seed', key)}, 24))"
    _group(connection, "contact_addresses", "base_people", shared_limit)
    _assign_base(connection, at, made)
    _group_as_decided(connection, key, shared_limit)
    _keep_review(connection, shared_limit)
    follow_decisions(connection, CONTACTS, ("contact_hash", "key_id"), made, at)
    _keep_chains(connection, whole)
    keep_left(connection, CONTACTS)
    tell_changes(connection, CONTACTS, "new.rule, old.since", batch, at)


def _find_changed(connection: duckdb.DuckDBPyConnection, whole: bool) -> None:
    """Make `contacts_turned`: records that changed, and those whose customer has another code, or one at last."""
    if whole:
        connection.execute("create or replace temp view contacts_turned as select unique_id from contact_records")
        return
    connection.execute(f"""
        create or replace temp table contacts_turned as
        select unique_id from {CONTACTS.changed}
        union
        select unique_id from contact_records where customer_id in (
            select coalesce(new.source, old.source) || ':' || coalesce(new.customer_id, old.customer_id)
            from customer_xref as new full join old_customer_xref as old using (source, customer_id)
            where new.base_key is distinct from old.base_key
        )""")


def _hash_addresses(connection: duckdb.DuckDBPyConnection, key: bytes, whole: bool) -> None:
    """Bring `hashed_people` up to date, one row for each record."""
    compare_names(connection, "select name from contact_records semi join contacts_turned using (unique_id)", "names")
    rows = f"""
        with customers as (
            select source || ':' || customer_id as customer_id, base_key as customer
            from (from customer_xref union all by name from outside_customers)
        )
        select unique_id, source, contact_id, created_at, names.name, customer,
            case when is_mobile(phone) then {hmac_sql("'phone:' || phone", key)} end as phone,
            {hmac_sql("'email:' || lower(email)", key)} as email,
            case when not regexp_matches(lower(wechat_id), {literal(NO_WECHAT_ID)})
                then {hmac_sql("'wechat_id:' || lower(wechat_id)", key)} end as wechat_id,
            coalesce(regexp_matches(lower(email), {literal(SHARED_MAILBOX)}), false) as is_shared_mailbox
        from contact_records semi join contacts_turned using (unique_id)
        left join names on names.text = contact_records.name
        left join customers using (customer_id)"""
    if whole:
        connection.execute(f"create or replace table hashed_people as {rows}")
        return
    gone = f"select unique_id from {CONTACTS.changed} union select unique_id from contacts_turned"
    connection.execute(f"delete from hashed_people where unique_id in ({gone})")
    connection.execute(f"insert into hashed_people by name {rows}")


def _choose(connection: duckdb.DuckDBPyConnection, told: list[decisions.Decision], whole: bool) -> None:
    """Make `people` and `contact_addresses`, one row for each certain address of one.

    They are of the records that shared an address, or do now, with one that changed or that a decision names, and so
    on: `contacts_in_question`.
    """
    if whole:
        connection.execute("create or replace temp view contacts_in_question as select unique_id from hashed_people")
        connection.execute("create or replace temp view people as from hashed_people")
    else:
        connection.register("named_contacts", decisions.named(told, CONTACTS))
        connection.execute("""
            create or replace temp table contacts_begun as
            select unique_id from contacts_turned
            union select unique_id from hashed_people semi join named_contacts using (unique_id)""")
        connection.unregister("named_contacts")
        connection.execute("""
            create or replace temp table contacts_met as
            select unique_id from contact_keys where key in (
                select hash(unnest([phone, email, wechat_id]))
                from hashed_people semi join contacts_begun using (unique_id)
            )
            union from contacts_begun""")
        connection.execute("""
            create or replace temp table contacts_in_question as
            select unique_id from contact_chains
            where chain in (select chain from contact_chains semi join contacts_met using (unique_id))
            union from contacts_begun""")
        connection.execute(
            "create or replace temp table people as from hashed_people semi join contacts_in_question using (unique_id)"
        )
    selects = [
        f"select unique_id, name, customer, {place} as place, '{kind}' as kind, {kind} as address, "
        f"{'is_shared_mailbox' if kind == 'email' else 'false'} as is_shared_mailbox "
        f"from people where {kind} is not null"
        for place, kind in enumerate(KINDS)
    ]
    connection.execute(f"create or replace temp table contact_addresses as {' union all '.join(selects)}")


def _load_earlier(connection: duckdb.DuckDBPyConnection, home: Home, whole: bool) -> None:
    """Make the tables of what was before: of the records in question, and the codes of the others."""
    load_earlier(connection, home, "contact_log", LOG)
    load_earlier(connection, home, "contact_rekeyed", REKEYED)
    load_earlier(connection, home, "contact_left", LEFT)
    load_earlier(connection, home, "contact_review", REVIEW)
    if whole:
        connection.execute("delete from old_contact_review")
        load_earlier(connection, home, "contact_xref", XREF)
        connection.execute("create or replace temp table outside_contacts as from old_contact_xref limit 0")
        # a cross-reference from before there were decisions about contacts
        connection.execute("""
            update old_contact_xref set base_key = contact_key, base_since = since where base_key is null""")
        return
    file = read_parquet([home.identity / "contact_xref.parquet"])
    rows = f"(select *, source || ':' || contact_id as unique_id from {file})"
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


def _behind(addresses: str, shared_limit: int | None) -> str:
    """Return the select of every address that tells something, with who may be behind it, one row for each record.

    `name_count` names are at the address. `who` is the person: of a name, or somebody without one at a customer, who is
    the one with a name there if there is just one; NULL where that cannot be said. A mailbox of a department is
    nobody's own. Behind an address are its names, and without one the customers; without a `shared_limit` they may be
    as many as they like.
    """
    people_behind = "count(distinct coalesce('name ' || name, 'customer ' || customer, unique_id))"
    limited = "" if shared_limit is None else f"and {people_behind} <= {int(shared_limit)}"
    return f"""
        with behind as (
            select address, count(distinct name) as name_count, min(name) as only_name
            from {addresses} group by address having count(*) > 1 {limited}
        ),
        met as (
            select a.*, name_count, only_name, customer is not null and not is_shared_mailbox
                and bool_or(name is not null) over (partition by address, customer) as is_named_here
            from {addresses} as a join behind using (address)
        )
        select *, case when name is not null then 'name ' || name when name_count = 1 and is_named_here
            then 'name ' || only_name when name_count <= 1 then 'customer ' || customer end as who
        from met"""


def _tell_who(connection: duckdb.DuckDBPyConnection, addresses: str, shared_limit: int) -> None:
    """Make `people_behind`: of every record who is behind its addresses, `is_kept` of those who were one before.

    Who was one, and has an address and a name in common yet, stays one, however many others have that address by now.
    """
    of_before = f"""(
        select a.* replace (address || ' ' || base_key as address) from {addresses} as a join were_one using (unique_id)
    )"""
    columns = "unique_id, name, place, kind, address, who"
    connection.execute(f"""
        create or replace temp table people_behind as
        select {columns}, false as is_kept from ({_behind(addresses, shared_limit)}) where who is not null
        union all
        select {columns}, true from ({_behind(of_before, None)}) where who is not null""")


def _group(
    connection: duckdb.DuckDBPyConnection,
    addresses: str,
    into: str,
    shared_limit: int,
    merged: Pairs = (),
    apart: Pairs = (),
) -> None:
    """Make a table of the group of every one of `people`, by `people_behind` its addresses.

    A group never gets two names but by those `merged`, and never two that stay `apart`; where that is in question, who
    was one stays one, and then a telephone says more than an e-mail, and that more than a WeChat id.
    """
    _tell_who(connection, addresses, shared_limit)
    rows = connection.execute("""
        select first_id, unique_id from (
            select first_value(unique_id) over w as first_id, unique_id, place, is_kept
            from people_behind
            window w as (partition by is_kept, address, who order by name is null, unique_id)
            qualify row_number() over w > 1
        )
        group by first_id, unique_id
        order by min((not is_kept, place)), first_id, unique_id""").fetchall()
    named = (
        dict(
            connection.execute("""
            select unique_id, name from people
            where name is not null and unique_id in (select unique_id from contact_addresses)""").fetchall()
        )
        if rows
        else {}
    )
    groups: Groups[str] = Groups(named, apart)
    for pair in merged:
        groups.join(*pair, decided=True)
    for pair in rows:
        groups.join(*pair)
    joined = sorted({node for pair in (*merged, *rows) for node in pair})
    given = pa.table(
        {
            "unique_id": pa.array(joined, pa.string()),
            "group_id": pa.array([groups.of(node) for node in joined], pa.string()),
        }
    )
    connection.register("joined_contacts", given)
    connection.execute(f"""
        create or replace temp table {into} as
        select unique_id, coalesce(group_id, unique_id) as group_id
        from people left join joined_contacts using (unique_id)""")
    connection.unregister("joined_contacts")


def _assign_base(connection: duckdb.DuckDBPyConnection, at: datetime.datetime, made: str) -> None:
    """Make `base_codes`: the code of every record by addresses alone, which decisions do not touch."""
    connection.execute(f"""
        create or replace temp table base_contacts as
        select unique_id, group_id, false as is_certain, created_at as first_at,
            md5_number_lower(concat_ws(chr(31), {KNOWN_BY})) as said
        from people join base_people using (unique_id)""")
    connection.execute("""
        create or replace temp table earlier_contacts as
        select source || ':' || contact_id as unique_id, base_key as code, base_since as since, said
        from old_contact_xref""")
    codes = keep_codes("base_contacts", "earlier_contacts", made, at, "select base_key from outside_contacts")
    connection.execute(f"""
        create or replace temp table base_codes as
        select unique_id, code as base_key, since as base_since, first_at, said
        from ({codes}) join base_contacts using (unique_id)""")


def _group_as_decided(connection: duckdb.DuckDBPyConnection, key: bytes, shared_limit: int) -> None:
    """Make `contact_groups`: who is one where decisions count, and why.

    `rule` is the decision that joined a record, or split it off from who it would be one with, else the surest kind of
    address by which others are the same person.
    """
    known = "in (select unique_id from people)"  # a record of a decision may be gone
    pairs = f"select left_id, right_id from {CONTACTS.decided} where left_id {known} and right_id {known} and kind = ?"
    merged, apart = (connection.execute(f"{pairs} order by all", [kind]).fetchall() for kind in ("merge", "split"))
    if merged or apart:
        _tell_apart(connection)
        _group(connection, "decided_addresses", "decided_people", shared_limit, merged, apart)
    else:
        connection.execute("create or replace temp view decided_addresses as from contact_addresses")
        connection.execute("create or replace temp view decided_people as from base_people")
    connection.execute(f"""
        create or replace temp table contact_groups as
        with shared as (
            select unique_id, arg_min(kind, (is_kept, place)) as rule
            from (
                select *, count(*) over (partition by group_id, is_kept, address, who) as record_count
                from people_behind join decided_people using (unique_id)
            ) where record_count > 1 group by unique_id
        ),
        said as (
            select unnest([left_id, right_id]) as unique_id from {CONTACTS.decided} where kind = 'merge'
            union select left_id from {CONTACTS.decided}
            join base_people as l on l.unique_id = left_id join base_people as r on r.unique_id = right_id
            where kind = 'split' and l.group_id = r.group_id
        )
        select source, contact_id, unique_id, group_id,
            case when said.unique_id is not null then 'decision' else coalesce(shared.rule, 'own_record') end as rule,
            coalesce(phone, email, wechat_id) as contact_hash, {literal(key_id(key))} as key_id
        from people join decided_people using (unique_id) left join shared using (unique_id)
        left join said using (unique_id)""")


def _tell_apart(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `decided_addresses`: what somebody who was split off shares with the others joins only who went along.

    Who was never one with the others, and is kept apart from them, keeps his own.
    """
    connection.execute(f"""
        create or replace temp table decided_addresses as
        with split_off as (
            select mine.unique_id, mine.address, max(decision_id) as decision_id
            from {CONTACTS.decided}
            join contact_addresses as mine on mine.unique_id = left_id
            join contact_addresses as others on others.unique_id = right_id and others.address = mine.address
            join base_people as me on me.unique_id = left_id
            join base_people as they on they.unique_id = right_id and they.group_id = me.group_id
            where {CONTACTS.decided}.kind = 'split'
            group by mine.unique_id, mine.address
        )
        select a.* replace (address || coalesce(':' || decision_id, '') as address)
        from contact_addresses as a left join split_off using (unique_id, address)""")


def _keep_review(connection: duckdb.DuckDBPyConnection, shared_limit: int) -> None:
    """Make `contact_review`: who has no name, and shares an address with one person, or others without one, elsewhere.

    Each is named by the first record of its group; pairs that a person keeps apart are clear. All who share an address
    are in question, or none is.
    """
    connection.execute(f"""
        create or replace temp table contact_review as
        with named as (
            select unique_id, group_id, min(unique_id) over (partition by group_id) as record
            from people join decided_people using (unique_id)
        ),
        waiting as (
            select unique_id, first_value(unique_id) over (
                partition by address order by name is null, unique_id
            ) as first_id, name, kind, place
            from ({_behind("decided_addresses", shared_limit)})
            where name_count <= 1 and not is_shared_mailbox
        ),
        apart as (
            select l.group_id as one, r.group_id as other
            from {CONTACTS.decided} join named as l on l.unique_id = left_id join named as r on r.unique_id = right_id
            where kind = 'split'
        ),
        found as (
            select least(l.record, r.record) as left_record, greatest(l.record, r.record) as right_record,
                arg_min(waiting.kind, place) as kind
            from waiting join named as l on l.unique_id = first_id join named as r on r.unique_id = waiting.unique_id
            where waiting.name is null and l.group_id <> r.group_id and not exists (
                select 1 from apart
                where (one = l.group_id and other = r.group_id) or (one = r.group_id and other = l.group_id)
            )
            group by 1, 2
        )
        from (
            from found
            union all by name
            from old_contact_review
            where left_record not in (from contacts_in_question) and right_record not in (from contacts_in_question)
        ) order by left_record, right_record""")
