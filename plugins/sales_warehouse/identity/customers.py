"""Which customer records are one customer, and the code of each: the same from night to night.

What a person decided comes first. Records with one unified social credit code (checked, GB 32100-2015) are one. A
record without a code joins what the evidence says; what is between two thresholds, or fits two codes, waits for a
person.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from sales_warehouse.company.models import CustomerEvidence
from sales_warehouse.home import Home
from sales_warehouse.identity import decisions, evidence
from sales_warehouse.identity.codes import keep_codes
from sales_warehouse.identity.groups import Edge, Groups, join_by_evidence
from sales_warehouse.identity.records import load_earlier
from sales_warehouse.sql import literal, only_row

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
    _group(connection, settings)
    _assign_base(connection, at)
    _assign(connection, batch, at)
    _tell(connection, batch, at)


def _weigh(connection: duckdb.DuckDBPyConnection, home: Home, settings: CustomerEvidence) -> None:
    """Make `customer_pairs`: those of before whose records are as they were, and those of what is new or changed."""
    evidence.prepare(connection, settings.shared_limit)
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
    """Make `base_groups`, who is together by codes and evidence, and `customer_groups`, where decisions count, too.

    And `customer_review`, the pairs that a person has to look at. A node is all records of one credit code, or one
    record. Who was split off from others of the same code is another node, whose code proves nothing.
    """
    has_decisions = only_row(connection, f"select count(*) > 0 from {decisions.TABLE}")[0]
    connection.execute(f"""
        create temp table base_nodes as
        select unique_id, uscc, coalesce('uscc:' || uscc, unique_id) as node from {evidence.RECORDS}""")
    joined = _joined(connection, settings, "base_nodes", [], [])
    _keep_groups(connection, "base_groups", "base_nodes", joined)
    if has_decisions:
        connection.execute(f"""
            create temp table nodes as
            with split_off as (
                select left_id as unique_id, max(decision_id) as decision_id
                from {decisions.TABLE}
                join base_nodes as l on l.unique_id = left_id join base_nodes as r on r.unique_id = right_id
                where kind = 'split' and l.uscc = r.uscc
                group by left_id
            )
            select unique_id, case when decision_id is null then uscc end as uscc,
                node || coalesce(':' || decision_id, '') as node
            from base_nodes left join split_off using (unique_id)""")
        joined = _joined(connection, settings, "nodes", _decided(connection, "merge"), _decided(connection, "split"))
        _keep_groups(connection, "customer_groups", "nodes", joined)
    else:
        connection.execute("create view nodes as from base_nodes; create view customer_groups as from base_groups")
    _keep_review(connection, joined)


@dataclass(frozen=True)
class _Joined:
    """Groups of nodes, the edges that joined them, the nodes that a person joined or split, and what is not clear."""

    groups: Groups[str]
    edges: list[Edge[str]]
    decided: set[str]
    unclear: list[tuple[str, Edge[str]]]


def _joined(
    connection: duckdb.DuckDBPyConnection,
    settings: CustomerEvidence,
    nodes: str,
    merged: list[tuple[str, str]],
    split: list[tuple[str, str]],
) -> _Joined:
    pairs = connection.execute(f"""
        select least(l.node, r.node), greatest(l.node, r.node), max(probability)
        from customer_pairs
        join {nodes} as l on l.unique_id = left_id join {nodes} as r on r.unique_id = right_id
        where l.node <> r.node and (l.uscc is null or r.uscc is null)
        group by all""").fetchall()
    edges = [Edge(*pair) for pair in pairs]
    strong = [edge for edge in edges if edge.probability >= settings.merge_above]
    doubtful = [edge for edge in edges if edge.probability < settings.merge_above]
    coded = connection.execute(f"select distinct node, uscc from {nodes} where uscc is not null").fetchall()
    groups: Groups[str] = Groups(dict(coded), split)
    unheard = [Edge(*pair, 1.0) for pair in merged if not groups.join(*pair, decided=True)]
    refused = join_by_evidence(groups, strong)
    found = [("in_doubt", edge) for edge in doubtful] + [("two_codes", edge) for edge in refused]
    unclear = [(why, edge) for why, edge in found if not groups.are_apart(edge.left, edge.right)]
    decided = {node for pair in merged for node in pair} | {left for left, _ in split}
    return _Joined(groups, strong, decided, [*unclear, *(("decisions", edge) for edge in unheard)])


def _decided(connection: duckdb.DuckDBPyConnection, kind: str) -> list[tuple[str, str]]:
    """Return the pairs of nodes that decisions of a kind name."""
    return connection.execute(
        f"""
        select distinct l.node, r.node from {decisions.TABLE}
        join nodes as l on l.unique_id = left_id join nodes as r on r.unique_id = right_id
        where kind = ? and l.node <> r.node order by all""",
        [kind],
    ).fetchall()


def _keep_groups(connection: duckdb.DuckDBPyConnection, table: str, nodes: str, joined: _Joined) -> None:
    """Write the group of every node that evidence or a decision joined or split; all others stay alone."""
    best: dict[str, float | None] = dict.fromkeys(sorted(joined.decided))
    for edge in joined.edges:
        if joined.groups.of(edge.left) == joined.groups.of(edge.right):
            for node in {edge.left, edge.right} - joined.decided:
                best[node] = max(best.get(node) or 0.0, edge.probability)
    codes = {node: joined.groups.code(node) for node in best}
    given = pa.table(
        {
            "node": pa.array(list(best), pa.string()),
            "group_id": pa.array(
                [f"uscc:{code}" if code else joined.groups.of(node) for node, code in codes.items()], pa.string()
            ),
            "probability": pa.array(list(best.values()), pa.float64()),
            "is_decided": pa.array([node in joined.decided for node in best], pa.bool_()),
        }
    )
    connection.register("joined", given)
    connection.execute(f"""
        create temp table {table} as
        select source, customer_id, unique_id, coalesce(joined.group_id, node) as group_id,
            case when joined.is_decided then 'decision' when n.uscc is not null then 'credit_code'
                when joined.node is not null then 'evidence' else 'own_record' end as rule,
            case when n.uscc is null then joined.probability end as probability
        from customer_records
        join {nodes} as n on n.unique_id = source || ':' || customer_id left join joined using (node)""")
    connection.unregister("joined")


def _keep_review(connection: duckdb.DuckDBPyConnection, joined: _Joined) -> None:
    """Write the pairs that are not clear, each named by a record; one that is together by other pairs is clear."""
    groups = joined.groups
    open_ = [(why, edge) for why, edge in joined.unclear if groups.of(edge.left) != groups.of(edge.right)]
    columns = {
        "left_node": [edge.left for _, edge in open_],
        "right_node": [edge.right for _, edge in open_],
        "why": [why for why, _ in open_],
    }
    table = {name: pa.array(values, pa.string()) for name, values in columns.items()}
    table["probability"] = pa.array([edge.probability for _, edge in open_], pa.float64())
    connection.register("unclear", pa.table(table))
    connection.execute("""
        create table customer_review as
        with named as (select node, min(unique_id) as record from nodes group by node)
        select l.record as left_record, r.record as right_record, why, probability
        from unclear join named as l on l.node = left_node join named as r on r.node = right_node
        order by probability desc, left_record, right_record""")
    connection.unregister("unclear")


def _assign_base(connection: duckdb.DuckDBPyConnection, at: datetime.datetime) -> None:
    """Make `base_codes`: the code of every record by codes and evidence alone, and since when it has had it.

    Decisions do not touch these codes, so that whatever a decision did is undone by leaving it out.
    """
    connection.execute("""
        create temp table base_records as
        select unique_id, group_id, created_at as first_at
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


def _tell(connection: duckdb.DuckDBPyConnection, batch: int, at: datetime.datetime) -> None:
    """Make `customer_log`: what it was, and a line for each record that has another code now."""
    connection.execute(f"""
        create table customer_log as
        select * from old_customer_log
        union all
        select {int(batch)}, cast({literal(at)} as timestamp), new.source, new.customer_id, old.customer_key,
            new.customer_key, new.rule, new.probability, old.since
        from customer_xref as new join old_customer_xref as old using (source, customer_id)
        where new.customer_key <> old.customer_key and not exists (
            select 1 from old_customer_log as told
            where told.batch = {int(batch)} and told.source = new.source and told.customer_id = new.customer_id
                and told.new_key = new.customer_key
        )
        order by 1, 3, 4""")
