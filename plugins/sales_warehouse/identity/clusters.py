"""From pairs to groups: records are one where, over all pairs between two groups, being one is more probable than not.

Records that hang together by a chain of pairs are looked at again, every one with every other. Then the two groups with
the best mean weight of their pairs are joined, as long as that is above the threshold (average linkage, Sokal and
Michener 1958): one good pair does not fuse two groups whose other pairs speak against it.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

LARGEST = 300  # records of a chain up to which every pair is looked at
BOUND = 20.0  # a pair speaks for or against with a million to one at most
Scored = tuple[str, str, float]
Places = NDArray[np.int64]
Between = dict[str, dict[str, tuple[float, int]]]  # of two groups: the weights of pairs added up, and how many


def group(
    connection: duckdb.DuckDBPyConnection, scored: str, least_weight: float, look_at: Callable[[str], str], into: str
) -> None:
    """Make a table of `unique_id` and `cluster_id`, the smallest id of the group; who is alone is not in it.

    `scored` has `unique_id_l`, `unique_id_r` and `match_weight`; `look_at` scores a table of pairs, naming its result.
    """
    connection.execute(
        f"create or replace temp table strong_pairs as select * from {scored} where match_weight >= {least_weight}"
    )
    chain(connection, "strong_pairs", "chains")
    connection.execute(f"""
        create or replace temp table chain_pairs as
        with small as (select chain from chains group by chain having count(*) <= {LARGEST})
        select l.unique_id as join_key_l, r.unique_id as join_key_r, '0' as match_key
        from chains as l join chains as r on l.chain = r.chain and l.unique_id < r.unique_id
        semi join small on small.chain = l.chain
        anti join {scored} as s on s.unique_id_l = l.unique_id and s.unique_id_r = r.unique_id""")
    columns = "unique_id_l, unique_id_r, match_weight"
    connection.execute(f"""
        create or replace temp table within as
        select l.chain, unique_id_l, unique_id_r, match_weight
        from (
            select {columns} from {scored} union all select {columns} from {look_at("chain_pairs")}
        ) join chains as l on l.unique_id = unique_id_l join chains as r on r.unique_id = unique_id_r
        where l.chain = r.chain""")
    connection.execute(f"""
        create or replace temp table {into} as
        with agreed as (
            select chain from (select chain, count(*) as records from chains group by chain) join (
                select chain, count(*) as pairs, min(match_weight) as weakest from within group by chain
            ) using (chain)
            where weakest >= {least_weight} and pairs = records * (records - 1) // 2
        )
        select unique_id, chain as cluster_id from chains semi join agreed using (chain)""")
    doubtful = connection.execute(f"""
        select unique_id_l, unique_id_r, match_weight from within
        where chain not in (select cluster_id from {into}) order by chain, unique_id_l, unique_id_r""").fetchall()
    found = average_linkage(doubtful, least_weight)
    table = pa.table({"unique_id": pa.array(list(found), pa.string()), "group": pa.array(found.values(), pa.string())})
    connection.register("linked", table)
    connection.execute(f"insert into {into} select * from linked")
    connection.unregister("linked")


def chain(connection: duckdb.DuckDBPyConnection, pairs: str, into: str) -> None:
    """Make a table of `unique_id` and `chain`: who hangs together by pairs, named by the smallest id."""
    connection.execute(f"""
        create or replace temp table strung as
        select unique_id, row_number() over (order by unique_id) - 1 as place
        from (select unique_id_l as unique_id from {pairs} union select unique_id_r from {pairs})""")
    ends = connection.execute(f"""
        select l.place as one, r.place as other
        from {pairs} join strung as l on l.unique_id = unique_id_l join strung as r on r.unique_id = unique_id_r
        """).fetchnumpy()
    first = _first_of_chain(np.asarray(ends["one"]), np.asarray(ends["other"]))
    table = pa.table({"place": np.arange(len(first)), "first_place": first})
    connection.register("strung_together", table)
    connection.execute(f"""
        create or replace temp table {into} as
        select unique_id, min(unique_id) over (partition by first_place) as chain
        from strung join strung_together using (place)""")
    connection.unregister("strung_together")


def _first_of_chain(one: Places, other: Places) -> Places:
    """Return for every place the smallest one that it hangs together with; all places from 0 on have a pair.

    Each round hangs every chain below its smallest neighbour, then lets everybody point at the top (Shiloach and
    Vishkin 1982).
    """
    top = np.arange(max(one.max(initial=-1), other.max(initial=-1)) + 1)
    while True:
        left, right = top[one], top[other]
        if (left == right).all():
            return top
        lower = np.minimum(left, right)
        np.minimum.at(top, left, lower)
        np.minimum.at(top, right, lower)
        while not np.array_equal(above := top[top], top):
            top = above


def average_linkage(pairs: Iterable[Scored], least_weight: float) -> dict[str, str]:
    """Return the group of every record, by its smallest id; a pair that is not given speaks against it."""
    between: Between = defaultdict(dict)
    for left, right, weight in pairs:
        between[left][right] = between[right][left] = (max(-BOUND, min(BOUND, weight)), 1)
    members = {record: [record] for record in between}

    def offers(record: str) -> Iterator[tuple[float, str, str]]:
        for other, (weight, count) in between[record].items():
            every = len(members[record]) * len(members[other])
            if (worth := (weight - BOUND * (every - count)) / every) >= least_weight:
                yield -worth, min(record, other), max(record, other)

    heap = [offer for record in between for offer in offers(record)]
    heapq.heapify(heap)
    while heap:
        offer = heapq.heappop(heap)
        _, left, right = offer
        if left not in between or right not in between[left] or offer not in offers(left):
            continue  # one of them has changed since
        _join(between, left, right)
        members[left] += members.pop(right)
        for offer in offers(left):
            heapq.heappush(heap, offer)
    return {record: name for name, group in members.items() for record in group}


def _join(between: Between, left: str, right: str) -> None:
    """Give the right group's pairs to the left one, the smaller id."""
    for other, (weight, count) in between.pop(right).items():
        del between[other][right]
        if other != left:
            before, counted = between[left].get(other, (0.0, 0))
            between[left][other] = between[other][left] = (before + weight, counted + count)
