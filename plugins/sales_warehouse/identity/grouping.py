"""Which customer records are together: what a person decided, one credit code, then evidence, the strongest first."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from sales_warehouse.identity import clusters
from sales_warehouse.identity.evidence import SHARED_KEY
from sales_warehouse.identity.groups import Edge, Groups, join_by_evidence
from sales_warehouse.identity.records import CUSTOMERS
from sales_warehouse.sql import only_row

SHARED = 0.5  # what a code that many have says of two of them: nothing either way
DECIDED = "decided_nodes"  # the pairs of nodes that decisions name; `were_one`: without decisions they would be one
PAIR = "kind varchar, left_node varchar, right_node varchar, were_one boolean"


def group(connection: duckdb.DuckDBPyConnection, merge_above: float) -> None:
    """Make `base_groups`, who is together by codes and evidence, and `customer_groups`, where decisions count, too.

    Both are of `records_in_question` by `pairs_in_question`: all records that hang together are in it, or none is. And
    `base_chains`, who hangs together by codes and evidence, and `customer_review`, the pairs that a person has to look
    at. A node is all records of one credit code, or one record. A code that too many unlike names have (`shared_code`)
    proves nothing, so only those of like names are a node. Who was split off from others of the same code is another
    node, whose code proves nothing.
    """
    connection.execute("""
        create or replace temp table base_nodes as
        select unique_id, shared.uscc as shared_code, case when shared.uscc is null then r.uscc end as uscc,
            case when shared.uscc is not null then coalesce('shared:' || name_group, unique_id)
                else coalesce('uscc:' || r.uscc, unique_id) end as node
        from records_in_question as r
        left join (select distinct uscc from shared_codes) as shared using (uscc)
        left join shared_codes as named on named.uscc = r.uscc and named.core = r.core""")
    connection.execute(f"create or replace temp table {DECIDED} ({PAIR})")
    unclear = _join(connection, "base_nodes", "base_groups", merge_above)
    connection.execute("create or replace temp table base_chains as from node_chains")
    if not only_row(connection, f"select count(*) from {CUSTOMERS.decided}")[0]:
        connection.execute("create or replace temp view nodes as from base_nodes")
        connection.execute("create or replace temp view customer_groups as from base_groups")
        _keep_review(connection, unclear, merge_above)
        return
    connection.execute(f"""
        create or replace temp table nodes as
        with parted as (
            select decision_id, cast(never_one as boolean) as never_one, left_id, right_id, l.node
            from {CUSTOMERS.decided}
            join base_nodes as l on l.unique_id = left_id join base_nodes as r on r.unique_id = right_id
            where kind = 'split' and l.node = r.node
        ),
        split_off as (
            -- of two that were never one the fewer came by a code that is not theirs, whoever was named first
            select unique_id, max(decision_id) as decision_id
            from (
                select decision_id, case when never_one and lefts > rights then right_id else left_id end as unique_id
                from parted join (
                    select decision_id, node, count(distinct left_id) as lefts, count(distinct right_id) as rights
                    from parted group by all
                ) using (decision_id, node)
            ) group by unique_id
        )
        select unique_id, shared_code, case when decision_id is null then uscc end as uscc,
            node || coalesce(':' || decision_id, '') as node
        from base_nodes left join split_off using (unique_id)""")
    connection.execute(f"""
        insert into {DECIDED}
        select kind, l.node, r.node, bool_or(one.group_id = other.group_id) from {CUSTOMERS.decided}
        join nodes as l on l.unique_id = left_id join nodes as r on r.unique_id = right_id
        join base_groups as one on one.unique_id = left_id join base_groups as other on other.unique_id = right_id
        where l.node <> r.node group by all""")
    unclear = _join(connection, "nodes", "customer_groups", merge_above)
    _keep_review(connection, unclear, merge_above)


def _join(
    connection: duckdb.DuckDBPyConnection, nodes: str, into: str, merge_above: float
) -> list[tuple[str, Edge[str]]]:
    """Make the table of the group of every record, and `joined`, that of every node that is not alone.

    Who hangs together with one credit code at most is one group; only where there are more codes, or somebody decided,
    does the order count in which records are joined. Return what could not be joined, and why.
    """
    connection.execute(f"""
        create or replace temp table node_pairs as
        select least(l.node, r.node) as unique_id_l, greatest(l.node, r.node) as unique_id_r,
            max(probability) as probability
        from pairs_in_question
        join {nodes} as l on l.unique_id = left_id join {nodes} as r on r.unique_id = right_id
        where l.node <> r.node and (l.uscc is null or r.uscc is null)
        group by all""")
    connection.execute(f"""
        create or replace temp table strong_node_pairs as
        select * from node_pairs where probability >= {float(merge_above)}""")
    connection.execute(f"""
        create or replace temp table linked_node_pairs as
        select unique_id_l, unique_id_r from strong_node_pairs
        union
        select least(left_node, right_node), greatest(left_node, right_node) from {DECIDED} where kind = 'merge'""")
    clusters.chain(connection, "linked_node_pairs", "node_chains")
    connection.execute(f"""
        create or replace temp table chain_codes as
        select chain, count(distinct uscc) as codes, any_value(uscc) as uscc,
            bool_or(unique_id in (select unnest([left_node, right_node]) from {DECIDED})) as is_decided
        from node_chains join (select distinct node as unique_id, uscc from {nodes}) using (unique_id)
        group by chain""")
    unclear = _join_in_order(connection, nodes)
    connection.execute("""
        create or replace temp table joined as
        with best as (
            select node, max(probability) as probability
            from (
                select unique_id_l as node, probability from strong_node_pairs
                union all select unique_id_r, probability from strong_node_pairs
            ) group by node
        )
        select node, coalesce('uscc:' || uscc, chain) as group_id, probability, false as is_decided
        from node_chains join chain_codes using (chain) join best on best.node = unique_id
        where codes <= 1 and not is_decided
        union all select * from joined_in_order""")
    connection.execute(f"""
        create or replace temp table {into} as
        select source, customer_id, unique_id, coalesce(joined.group_id, node) as group_id,
            case when joined.is_decided then 'decision' when n.uscc is not null then 'credit_code'
                when joined.node is not null then 'evidence'
                when count(*) over (partition by n.node) > 1 then 'credit_code' else 'own_record' end as rule,
            case when n.uscc is null then joined.probability end as probability
        from records_in_question join {nodes} as n using (unique_id) left join joined using (node)""")
    return unclear


def _join_in_order(connection: duckdb.DuckDBPyConnection, nodes: str) -> list[tuple[str, Edge[str]]]:
    """Make `joined_in_order` of the chains where the order counts; return what could not be joined."""
    hard = "select unique_id from node_chains join chain_codes using (chain) where codes > 1 or is_decided"
    pairs = connection.execute(f"""
        select unique_id_l, unique_id_r, probability from strong_node_pairs where unique_id_l in ({hard})""").fetchall()
    coded = connection.execute(f"""
        select distinct node, uscc from {nodes}
        where uscc is not null and (
            node in ({hard}) or node in (select unnest([left_node, right_node]) from {DECIDED})
        )""").fetchall()
    decisions_of = f"select left_node, right_node from {DECIDED} where kind = ? order by all"
    merged, split = (connection.execute(decisions_of, [kind]).fetchall() for kind in ("merge", "split"))
    strong = [Edge(*pair) for pair in pairs]
    groups: Groups[str] = Groups(dict(coded), split)
    unheard = [Edge(left, right, 1.0) for left, right in merged if not groups.join(left, right, decided=True)]
    refused = join_by_evidence(groups, strong)
    kept_apart = {(edge.left, edge.right) for edge in unheard}
    decided = {node for pair in merged if pair not in kept_apart for node in pair}
    split_off = f"select left_node from {DECIDED} where kind = 'split' and were_one"
    decided |= {node for (node,) in connection.execute(split_off).fetchall()}
    best: dict[str, float | None] = dict.fromkeys(sorted(decided))
    for edge in strong:
        if groups.of(edge.left) == groups.of(edge.right):
            for node in {edge.left, edge.right} - decided:
                best[node] = max(best.get(node) or 0.0, edge.probability)
    codes = {node: groups.code(node) for node in best}
    given = pa.table(
        {
            "node": pa.array(list(best), pa.string()),
            "group_id": pa.array(
                [f"uscc:{code}" if code else groups.of(node) for node, code in codes.items()], pa.string()
            ),
            "probability": pa.array(list(best.values()), pa.float64()),
            "is_decided": pa.array([node in decided for node in best], pa.bool_()),
        }
    )
    connection.register("in_order", given)
    connection.execute("create or replace temp table joined_in_order as select * from in_order")
    connection.unregister("in_order")
    return [("two_codes", edge) for edge in refused] + [("decisions", edge) for edge in unheard]


def _keep_review(
    connection: duckdb.DuckDBPyConnection, unclear: list[tuple[str, Edge[str]]], merge_above: float
) -> None:
    """Write the pairs that are not clear, each named by a record.

    One that is together by other pairs is clear, and so is one that a person keeps apart.
    """
    given = pa.table(
        {
            "left_node": pa.array([edge.left for _, edge in unclear], pa.string()),
            "right_node": pa.array([edge.right for _, edge in unclear], pa.string()),
            "why": pa.array([why for why, _ in unclear], pa.string()),
            "probability": pa.array([edge.probability for _, edge in unclear], pa.float64()),
        }
    )
    connection.register("not_joined", given)
    connection.execute(f"""
        create or replace temp table customer_review as
        with named as (
            select node, min(unique_id) as record, any_value(coalesce(group_id, node)) as group_id
            from nodes left join joined using (node) group by node
        ),
        apart as (
            select l.group_id as one, r.group_id as other
            from {DECIDED} join named as l on l.node = left_node join named as r on r.node = right_node
            where kind = 'split'
        ),
        unclear as (
            select left_node, right_node, why, probability from not_joined
            union all
            select unique_id_l, unique_id_r, 'in_doubt', probability from node_pairs
            where probability < {float(merge_above)}
        ),
        sharing as (
            select min(node) over (partition by shared_code) as left_node, node as right_node
            from (select distinct shared_code, node from nodes where shared_code is not null)
            qualify row_number() over (partition by shared_code order by node) between 2 and {SHARED_KEY}
        ),
        found as (
            from unclear
            union all
            select left_node, right_node, 'shared_code', {SHARED}
            from sharing anti join unclear using (left_node, right_node)
        )
        select l.record as left_record, r.record as right_record, why, probability
        from found join named as l on l.node = left_node join named as r on r.node = right_node
        where l.group_id <> r.group_id and (
            why = 'decisions' or not exists (
                select 1 from apart
                where (one = l.group_id and other = r.group_id) or (one = r.group_id and other = l.group_id)
            )
        )
        order by probability desc, left_record, right_record""")
    connection.unregister("not_joined")
