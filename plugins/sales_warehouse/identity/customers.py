"""Which customer records are one customer, and the code of each: the same from night to night.

What a person decided comes first. Records with one unified social credit code (checked, GB 32100-2015) are one. A
record without a code joins what the evidence says; what is between two thresholds, or fits two codes, waits for a
person.
"""

from __future__ import annotations

import datetime

import duckdb

from sales_warehouse.company.models import CustomerEvidence
from sales_warehouse.home import Home
from sales_warehouse.identity import decisions, evidence
from sales_warehouse.identity.codes import keep_codes, new_changes
from sales_warehouse.identity.grouping import group
from sales_warehouse.identity.records import load_earlier
from sales_warehouse.sql import literal

XREF = (
    "source varchar, customer_id varchar, customer_key varchar, rule varchar, probability double, since timestamp, "
    "changed_batch bigint, base_key varchar, base_since timestamp"
)
LOG = (
    "batch bigint, changed_at timestamp, source varchar, customer_id varchar, old_key varchar, new_key varchar, "
    "rule varchar, probability double, old_since timestamp"
)
PAIRS = "left_id varchar, right_id varchar, probability double"
DIGESTS = "unique_id varchar, digest ubigint"
MODEL = "customer_model.json"
EARLIER = {"customer_xref": XREF, "customer_log": LOG, "customer_pairs": PAIRS, "customer_digests": DIGESTS}


def give_codes(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    settings: CustomerEvidence,
    batch: int,
    at: datetime.datetime,
) -> None:
    """Make `customer_xref`, `customer_log`, `customer_review` and `customer_decisions` from the accepted records.

    `at` (UTC) is the moment of the log. Beside them stand `customer_pairs` and `customer_digests`, what the evidence
    said and of which state of the records.
    """
    for name, schema in EARLIER.items():
        load_earlier(connection, home, name, schema)
    # a cross-reference from before there were decisions
    connection.execute("update old_customer_xref set base_key = customer_key where base_key is null")
    decisions.register(connection, decisions.history(home))
    _weigh(connection, home, settings)
    group(connection, settings.merge_above)
    _assign_base(connection, at)
    _assign(connection, batch, at)
    told = "new.rule, new.probability, old.since"
    connection.execute(f"create table customer_log as {new_changes('customer', 'customer_id', told, batch, at)}")


def _weigh(connection: duckdb.DuckDBPyConnection, home: Home, settings: CustomerEvidence) -> None:
    """Make `customer_pairs`: those of before whose records are as they were, and those of what is new or changed."""
    evidence.prepare(connection, home, settings.shared_limit)
    if not evidence.is_learnt(home.identity / MODEL):
        connection.execute("delete from old_customer_digests")
    connection.execute(f"""
        create or replace temp table {evidence.CHANGED} as
        select r.* from {evidence.RECORDS} as r left join old_customer_digests as o using (unique_id)
        where o.digest is distinct from r.digest""")
    connection.execute(
        f"create or replace temp table {evidence.STANDING} as "
        f"select * from {evidence.RECORDS} where unique_id not in (select unique_id from {evidence.CHANGED})"
    )
    has_learnt = evidence.score(connection, home.identity / MODEL, settings.review_above)
    standing = f"select unique_id from {evidence.STANDING}"
    connection.execute(f"""
        create table customer_pairs as
        select left_id, right_id, max(probability) as probability
        from (
            select * from scored_pairs
            union all select * from old_customer_pairs where left_id in ({standing}) and right_id in ({standing})
        ) group by left_id, right_id order by left_id, right_id""")
    seen = evidence.RECORDS if has_learnt else f"(from {evidence.RECORDS} where false)"
    connection.execute(f"create table customer_digests as select unique_id, digest from {seen} order by unique_id")


def _assign_base(connection: duckdb.DuckDBPyConnection, at: datetime.datetime) -> None:
    """Make `base_codes`: the code of every record by codes and evidence alone, and since when it has had it.

    Decisions do not touch these codes, so that whatever a decision did is undone by leaving it out.
    """
    connection.execute("""
        create temp table base_records as
        select unique_id, group_id, starts_with(group_id, 'uscc:') as is_certain, created_at as first_at
        from customer_records join base_groups using (source, customer_id)""")
    connection.execute("""
        create temp table earlier_records as
        select source || ':' || customer_id as unique_id, base_key as code, base_since as since
        from old_customer_xref""")
    made = "'C' || upper(left(sha256(seed), 16))"
    connection.execute(f"""
        create temp table base_codes as
        select unique_id, code as base_key, since as base_since
        from ({keep_codes("base_records", "earlier_records", made, at)})""")


def _assign(connection: duckdb.DuckDBPyConnection, batch: int, at: datetime.datetime) -> None:
    """Make `customer_xref`: the code of every record, where decisions count, and since when it has had it.

    A base code belongs to the group with the most of its records that nobody split off; who was split off has the codes
    that it had apart from it, before or since. A group takes the oldest code that is its own, else one is made.
    """
    connection.execute(f"""
        create temp table members as
        select source, customer_id, unique_id, group_id, rule, probability, base_key, base_since,
            unique_id in (select left_id from {decisions.TABLE} where kind = 'split') as is_split_off
        from customer_groups join base_codes using (unique_id)""")
    connection.execute("""
        create temp table final_codes as
        with owned as (
            select group_id, base_key as code, min(base_since) as since, row_number() over (
                partition by base_key order by count(*) filter (where not is_split_off) desc, count(*) desc, group_id
            ) as place
            from members group by group_id, base_key
        ),
        had as (
            select group_id, unnest(case when new_key = base_key
                then [struct_pack(code := old_key, since := old_since)]
                else [struct_pack(code := new_key, since := changed_at)] end, recursive := true)
            from members join old_customer_log using (source, customer_id) where is_split_off
        ),
        left_behind as (
            select group_id, code, min(since) as since,
                row_number() over (partition by code order by min(since), count(*) desc, group_id) as place
            from had where code not in (select base_key from base_codes) group by group_id, code
        )
        select group_id, arg_min(code, (since, code)) as customer_key
        from (select * from owned where place = 1 union all select * from left_behind where place = 1)
        group by group_id""")
    connection.execute(f"""
        create table customer_xref as
        with made as (
            select group_id, 'C' || upper(left(sha256('split:' || min(unique_id)), 16)) as customer_key
            from members group by group_id
        ),
        assigned as (
            select members.*, coalesce(c.customer_key, made.customer_key) as customer_key
            from members left join final_codes as c using (group_id) left join made using (group_id)
        ),
        earlier as (
            select source, customer_id, old_key as customer_key, min(old_since) as since
            from old_customer_log group by all
        )
        select source, customer_id, assigned.customer_key, assigned.rule, assigned.probability,
            case when old.customer_key = assigned.customer_key then old.since
                else coalesce(earlier.since, cast({literal(at)} as timestamp)) end as since,
            case when old.customer_key = assigned.customer_key then old.changed_batch else {int(batch)} end
                as changed_batch,
            assigned.base_key, assigned.base_since
        from assigned left join old_customer_xref as old using (source, customer_id)
        left join earlier
            on earlier.source = assigned.source and earlier.customer_id = assigned.customer_id
            and earlier.customer_key = assigned.customer_key
        order by source, customer_id
    """)
