"""Which customer records are one customer, and the code of each: the same from night to night.

Records with one unified social credit code (checked, GB 32100-2015) are one. A record without a code joins what the
evidence says; what is between two thresholds, or fits two codes, waits for a person.
"""

from __future__ import annotations

import datetime

import duckdb
import pyarrow as pa

from sales_warehouse.company.models import CustomerEvidence
from sales_warehouse.home import Home
from sales_warehouse.identity import clusters, evidence
from sales_warehouse.identity.groups import Edge, Groups, join_by_evidence
from sales_warehouse.identity.records import load_earlier
from sales_warehouse.sql import literal

XREF = (
    "source varchar, customer_id varchar, customer_key varchar, rule varchar, probability double, changed_batch bigint"
)
LOG = (
    "batch bigint, changed_at timestamp, source varchar, customer_id varchar, old_key varchar, new_key varchar, "
    "rule varchar, probability double"
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
    """Make `customer_xref`, `customer_log` and `customer_review` from `customer_records` and `contact_records`.

    `at` (UTC) is the moment of the log. Beside them stand `customer_pairs` and `customer_digests`, what the evidence
    said and of which state of the records.
    """
    for name, schema in EARLIER.items():
        load_earlier(connection, home, name, schema)
    _weigh(connection, home, settings)
    _group(connection, settings)
    _assign(connection, batch)
    _tell(connection, batch, at)


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


def _group(connection: duckdb.DuckDBPyConnection, settings: CustomerEvidence) -> None:
    """Make `customer_groups` and `customer_review`: who is together, and which pairs a person has to look at.

    Who hangs together with one credit code at most is one group; only where there are more codes does the order count
    in which records are joined.
    """
    connection.execute(f"""
        create temp table nodes as
        select unique_id, coalesce('uscc:' || uscc, unique_id) as node, uscc from {evidence.RECORDS}""")
    connection.execute("""
        create temp table node_pairs as
        select least(l.node, r.node) as unique_id_l, greatest(l.node, r.node) as unique_id_r,
            max(probability) as probability
        from customer_pairs
        join nodes as l on l.unique_id = left_id join nodes as r on r.unique_id = right_id
        where l.node <> r.node and (l.uscc is null or r.uscc is null)
        group by all""")
    connection.execute(
        f"create temp table strong_node_pairs as select * from node_pairs where probability >= {settings.merge_above}"
    )
    clusters.chain(connection, "strong_node_pairs", "node_chains")
    connection.execute("""
        create temp table chain_codes as
        select chain, count(distinct uscc) as codes, any_value(uscc) as uscc
        from node_chains join (select distinct node as unique_id, uscc from nodes) using (unique_id) group by chain""")
    hard = "(select unique_id from node_chains join chain_codes using (chain) where codes > 1)"
    pairs = connection.execute(f"""
        select unique_id_l, unique_id_r, probability from strong_node_pairs where unique_id_l in {hard}""").fetchall()
    strong = [Edge(*pair) for pair in pairs]
    coded = connection.execute(
        f"select distinct node, uscc from nodes where uscc is not null and node in {hard}"
    ).fetchall()
    groups: Groups[str] = Groups(dict(coded))
    refused = join_by_evidence(groups, strong)
    _keep_groups(connection, groups, strong)
    _keep_review(connection, groups, refused, settings)


def _keep_groups(connection: duckdb.DuckDBPyConnection, groups: Groups[str], edges: list[Edge[str]]) -> None:
    """Write the group of every node that evidence joined; all others stay alone."""
    best: dict[str, float] = {}
    for edge in edges:
        if groups.of(edge.left) == groups.of(edge.right):
            for node in (edge.left, edge.right):
                best[node] = max(best.get(node, 0.0), edge.probability)
    together = {node: groups.code(node) for node in best}
    table = pa.table(
        {
            "node": pa.array(list(best), pa.string()),
            "group_id": pa.array(
                [f"uscc:{code}" if code else groups.of(node) for node, code in together.items()], pa.string()
            ),
            "probability": pa.array(list(best.values()), pa.float64()),
        }
    )
    connection.register("ordered", table)
    connection.execute("""
        create temp table joined as
        with best as (
            select node, max(probability) as probability
            from (
                select unique_id_l as node, probability from strong_node_pairs
                union all select unique_id_r, probability from strong_node_pairs
            ) group by node
        )
        select node, coalesce('uscc:' || uscc, chain) as group_id, probability
        from node_chains join chain_codes using (chain) join best on best.node = unique_id where codes <= 1
        union all select * from ordered""")
    connection.unregister("ordered")
    connection.execute("""
        create table customer_groups as
        select source, customer_id, coalesce(joined.group_id, node) as group_id,
            case when nodes.uscc is not null then 'credit_code' when joined.node is not null then 'evidence'
                else 'own_record' end as rule,
            case when nodes.uscc is null then joined.probability end as probability
        from customer_records
        join nodes on nodes.unique_id = source || ':' || customer_id left join joined using (node)""")


def _keep_review(
    connection: duckdb.DuckDBPyConnection,
    groups: Groups[str],
    refused: list[Edge[str]],
    settings: CustomerEvidence,
) -> None:
    """Write the pairs that are not decided: one that is together by other pairs is."""
    open_ = [edge for edge in refused if groups.of(edge.left) != groups.of(edge.right)]
    columns = {"left_node": [edge.left for edge in open_], "right_node": [edge.right for edge in open_]}
    table = {name: pa.array(values, pa.string()) for name, values in columns.items()}
    table["probability"] = pa.array([edge.probability for edge in open_], pa.float64())
    connection.register("undecided", pa.table(table))
    connection.execute(f"""
        create table customer_review as
        select left_node, right_node, 'two_codes' as why, probability from undecided
        union all
        select unique_id_l, unique_id_r, 'in_doubt', p.probability
        from node_pairs as p left join joined as l on l.node = unique_id_l left join joined as r on r.node = unique_id_r
        where p.probability < {settings.merge_above}
            and coalesce(l.group_id, unique_id_l) <> coalesce(r.group_id, unique_id_r)
        order by probability desc, left_node, right_node""")
    connection.unregister("undecided")


def _assign(connection: duckdb.DuckDBPyConnection, batch: int) -> None:
    """Give each group of records one code: the one that most of its records had, else one made from its first record.

    Where two groups claim one code, because a record left its group, the larger group keeps it.
    """
    connection.execute(f"""
        create table customer_xref as
        with records as (
            select source, customer_id, created_at, group_id, rule, probability
            from customer_records join customer_groups using (source, customer_id)
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
            select source, customer_id, rule, probability,
                coalesce(chosen.customer_key, case when kept.customer_key is null then made.customer_key
                    else 'C' || upper(left(sha256(group_id), 16)) end) as customer_key
            from records join made using (group_id) left join chosen using (group_id)
            left join kept on kept.customer_key = made.customer_key and kept.group_id <> records.group_id
        )
        select source, customer_id, assigned.customer_key, assigned.rule, assigned.probability,
            case when old.customer_key = assigned.customer_key then old.changed_batch else {int(batch)} end
                as changed_batch
        from assigned left join old_customer_xref as old using (source, customer_id)
        order by source, customer_id
    """)


def _tell(connection: duckdb.DuckDBPyConnection, batch: int, at: datetime.datetime) -> None:
    """Make `customer_log`: what it was, and a line for each record that has another code now."""
    connection.execute(f"""
        create table customer_log as
        select * from old_customer_log
        union all
        select {int(batch)}, cast({literal(at)} as timestamp), new.source, new.customer_id, old.customer_key,
            new.customer_key, new.rule, new.probability
        from customer_xref as new join old_customer_xref as old using (source, customer_id)
        where new.customer_key <> old.customer_key and not exists (
            select 1 from old_customer_log as told
            where told.batch = {int(batch)} and told.source = new.source and told.customer_id = new.customer_id
                and told.new_key = new.customer_key
        )
        order by 1, 3, 4""")
