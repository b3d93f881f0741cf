"""What agreement in each field is worth, learnt from the records themselves, and how probable it makes a pair.

The model is that of Fellegi and Sunter (A Theory for Record Linkage, Journal of the American Statistical Association
64, 1969); Splink compares the pairs and scores them. How often a field agrees by chance is seen on pairs drawn at
random (u). How often it agrees for records that are one (m) is seen on pairs that are known to be one, where there are
such, else learnt by expectation maximisation over all pairs that are looked at, with all fields at once (Dempster,
Laird and Rubin 1977). Pairs drawn at random hold some that are one; their share is taken out of u.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np

from sales_warehouse.identity.comparisons import Comparison
from sales_warehouse.sql import ident, only_row

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from splink import Linker

    Numbers = NDArray[np.float64]

DRAWN_PAIRS = 500_000  # at random
LEARNT_PAIRS = 200_000  # of those that are looked at
PRIOR_PAIRS = 20  # how much the shares that learning starts from weigh against what is seen
LEAST_CHANCE = 0.01  # of what is seen at random, that is by chance at least
ROUNDS, SETTLED = 200, 1e-5
PAIRS = "join_key_l varchar, join_key_r varchar, match_key varchar"  # a table of pairs, as Splink wants it
KNOWN_RECALL = 0.8  # share of the pairs that are one which are known to be: codes are missing and mistyped


@dataclass(frozen=True)
class Model:
    """`m` and `u` of every level of every comparison, and the probability that two records drawn at random are one."""

    probability: float
    m: dict[str, list[float]]
    u: dict[str, list[float]]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Patterns:
    """How pairs agree: `levels[i, j]` is the level of comparison j (-1: a value is missing), `counts[i]` how often."""

    levels: NDArray[np.int64]
    counts: Numbers

    def seen(self, comparison: int, size: int, weights: Numbers) -> Numbers:
        """Add up weights by the levels of one comparison."""
        level = self.levels[:, comparison]
        return np.bincount(level[level >= 0], weights=weights[level >= 0], minlength=size).astype(np.float64)


def learn(
    connection: duckdb.DuckDBPyConnection,
    records: str,
    comparisons: Sequence[Comparison],
    *,
    pairs: str | None = None,
    known: str | None = None,
) -> Model:
    """Learn from the table of records, with a column `unique_id`, and a table of PAIRS.

    Either `known` holds pairs that are one, or `pairs` those that are looked at.
    """
    (count,) = only_row(connection, f"select count(*) from {records}")
    every = count * (count - 1) / 2
    draw_pairs(connection, records, "drawn_pairs")
    drawn = _patterns(connection, records, comparisons, "drawn_pairs")
    chance = {}
    for number, comparison in enumerate(comparisons):
        seen = drawn.seen(number, len(comparison.levels), drawn.counts) + 0.5
        chance[comparison.name] = seen / seen.sum()
    told = known or pairs
    assert told
    (looked_at,) = only_row(connection, f"select count(*) from {told}")
    if looked_at == every <= DRAWN_PAIRS:
        same = drawn
    else:
        step = max(1, -(-looked_at // LEARNT_PAIRS))
        connection.execute(f"""
            create or replace temp table sampled_pairs as
            select * from {told} where hash(join_key_l, join_key_r) % {step} = 0""")
        sampled = _patterns(connection, records, comparisons, "sampled_pairs")
        same = Patterns(sampled.levels, sampled.counts * step)
    if known:
        return _from_known(comparisons, same, chance, looked_at / KNOWN_RECALL / every)
    return _maximise(comparisons, same, chance, every)


def draw_pairs(connection: duckdb.DuckDBPyConnection, records: str, into: str) -> None:
    """Make a table of PAIRS drawn at random, the same every time: all there are, or about DRAWN_PAIRS."""
    (count,) = only_row(connection, f"select count(*) from {records}")
    if count * (count - 1) // 2 <= DRAWN_PAIRS:
        connection.execute(f"""
            create or replace temp table {into} as
            select l.unique_id as join_key_l, r.unique_id as join_key_r, '0' as match_key
            from {records} as l join {records} as r on l.unique_id < r.unique_id""")
        return
    chosen, partners = min(count, DRAWN_PAIRS), max(1, DRAWN_PAIRS // count)
    connection.execute(f"""
        create or replace temp table shuffled as
        select unique_id, row_number() over (order by hash(unique_id), unique_id) - 1 as place from {records}""")
    connection.execute(f"""
        create or replace temp table {into} as
        with partners as (
            select unique_id, (place + unnest(range(1, {partners + 1})) * 7919) % {count} as place
            from shuffled where place < {chosen}
        )
        select least(l.unique_id, r.unique_id) as join_key_l, greatest(l.unique_id, r.unique_id) as join_key_r,
            '0' as match_key
        from partners as l join shuffled as r using (place) where l.unique_id <> r.unique_id""")


def score(
    connection: duckdb.DuckDBPyConnection,
    records: str,
    comparisons: Sequence[Comparison],
    model: Model,
    pairs: str,
    *,
    least: float | None = None,
    among: str | None = None,
) -> str:
    """Return the name of a table of pairs: `unique_id_l`, `unique_id_r`, `match_weight`, `match_probability`.

    The weight is log2 of the odds. Pairs with a probability below `least` are left out. Where `records` are only those
    of the pairs, `among` is the table of all: how frequent a value is, is counted there.
    """
    with quiet():
        linker = _linker(connection, records, comparisons, model, pairs)
        if among:
            _count_values(connection, linker, records, comparisons, among)
        return str(linker.inference.predict(threshold_match_probability=least).physical_name)


def _count_values(
    connection: duckdb.DuckDBPyConnection, linker: Linker, records: str, comparisons: Sequence[Comparison], among: str
) -> None:
    """Give the linker how frequent the values of the records are in the table of all."""
    from splink import DuckDBAPI

    api = DuckDBAPI(connection=connection)
    columns = {level.by_frequency for comparison in comparisons for level in comparison.levels if level.by_frequency}
    for column in sorted(columns):
        name = ident(column)
        connection.execute(f"""
            create or replace temp table {ident(f"frequent_{column}")} as
            select {name}, cast(count(*) as double) / (select count({name}) from {among}) as {ident(f"tf_{column}")}
            from {among} where {name} in (select {name} from {records}) group by {name}""")
        counted = api.register(f"frequent_{column}")
        linker.table_management.register_term_frequency_lookup(counted, column)


def _patterns(
    connection: duckdb.DuckDBPyConnection, records: str, comparisons: Sequence[Comparison], pairs: str
) -> Patterns:
    with quiet():
        linker = _linker(connection, records, comparisons, None, pairs)
        compared = linker.inference.predict()
    columns = ", ".join(ident(f"mw_{comparison.name}") for comparison in comparisons)
    found = connection.execute(
        f"select {columns}, count(*) from {compared.physical_name} group by all order by all"
    ).fetchnumpy()
    compared.drop_table_from_database_and_remove_from_cache()
    *weights, counts = (np.asarray(values) for values in found.values())
    levels = [np.rint(weight).astype(np.int64) - 1 for weight in weights]
    return Patterns(np.stack(levels, axis=1), counts.astype(np.float64))


def _begin(comparisons: Sequence[Comparison]) -> dict[str, Numbers]:
    begin = {comparison.name: np.array([level.share for level in comparison.levels]) for comparison in comparisons}
    return {name: shares / shares.sum() for name, shares in begin.items()}


def _from_known(
    comparisons: Sequence[Comparison], same: Patterns, chance: dict[str, Numbers], probability: float
) -> Model:
    m = {}
    for number, (name, begin) in enumerate(_begin(comparisons).items()):
        seen = same.seen(number, len(begin), same.counts) + begin
        m[name] = seen / seen.sum()
    return _model(probability, m, {name: _by_chance(chance[name], m[name], probability) for name in m})


def _maximise(comparisons: Sequence[Comparison], pairs: Patterns, chance: dict[str, Numbers], every: float) -> Model:
    """Expectation maximisation; a pair that is not looked at is taken for two."""
    begin = _begin(comparisons)
    m = dict(begin)
    u = dict(chance)
    probability = min(0.5 / np.sqrt(every), 0.01)
    for _ in range(ROUNDS):
        weights = np.full(len(pairs.counts), np.log(probability / (1 - probability)))
        for number, comparison in enumerate(comparisons):
            level, worth = pairs.levels[:, number], np.log(m[comparison.name] / u[comparison.name])
            weights += np.where(level >= 0, worth[level], 0.0)
        same = pairs.counts / (1 + np.exp(-weights))
        before, probability = probability, max(float(same.sum()) / every, 1e-15)
        change = abs(probability - before) / before
        for number, comparison in enumerate(comparisons):
            name = comparison.name
            seen = pairs.seen(number, len(comparison.levels), same) + PRIOR_PAIRS * begin[name]
            learnt = seen / seen.sum()
            change = max(change, float(np.abs(learnt - m[name]).max()))
            m[name], u[name] = learnt, _by_chance(chance[name], learnt, probability)
        if change < SETTLED:
            break
    return _model(probability, m, u)


def _by_chance(drawn: Numbers, m: Numbers, probability: float) -> Numbers:
    """Return how often each level is seen with two that are not one, from what is seen with pairs drawn at random."""
    others = np.maximum(drawn - probability * m, LEAST_CHANCE * drawn)
    return np.asarray(others / others.sum())


def _model(probability: float, m: dict[str, Numbers], u: dict[str, Numbers]) -> Model:
    """Return the model with what is told exactly the same by every machine: twelve digits."""
    rounded = [{name: [float(f"{x:.12g}") for x in values] for name, values in part.items()} for part in (m, u)]
    return Model(float(f"{probability:.12g}"), *rounded)


def _linker(
    connection: duckdb.DuckDBPyConnection,
    records: str,
    comparisons: Sequence[Comparison],
    model: Model | None,
    pairs: str,
) -> Linker:
    """Return a linker for given pairs; without a model each comparison weighs the number of its level, from 1."""
    from splink import DuckDBAPI, Linker

    api = DuckDBAPI(connection=connection)
    settings = {
        "link_type": "dedupe_only",
        "probability_two_random_records_match": model.probability if model else 0.5,
        "comparisons": [_comparison(comparison, model) for comparison in comparisons],
        "blocking_rules_to_generate_predictions": ["l.unique_id = r.unique_id"],  # the pairs are given
        "retain_intermediate_calculation_columns": model is None,
        "retain_matching_columns": False,
    }
    linker = Linker(api.register(records), settings, log_level=None)
    linker.table_management.register_blocked_pairs_for_predict(api.register(pairs))
    return linker


def _comparison(comparison: Comparison, model: Model | None) -> dict[str, Any]:
    levels: list[dict[str, Any]] = []
    for number, level in enumerate(comparison.levels):
        m, u = (
            (model.m[comparison.name][number], model.u[comparison.name][number])
            if model
            else (1.0, 0.5 ** (number + 1))
        )
        told = {"sql_condition": level.sql, "label_for_charts": str(number), "m_probability": m, "u_probability": u}
        if level.by_frequency and model:
            told["tf_adjustment_column"] = level.by_frequency
        levels.append(told)
    missing = {"sql_condition": comparison.missing, "label_for_charts": "missing", "is_null_level": True}
    return {"output_column_name": comparison.name, "comparison_levels": [levels[0], missing, *levels[1:]]}


@contextmanager
def quiet() -> Iterator[None]:
    """Splink speaks of its every step."""
    log = logging.getLogger("splink")
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(before)
