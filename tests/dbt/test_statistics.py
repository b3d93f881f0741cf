"""The statistics that are written in SQL, beside those of SciPy on the same numbers."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import numpy as np
import pytest
from lone_models import give_rules, rows_of
from macros import rendered
from scipy import stats

SEED = 7


@pytest.fixture
def db() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("set threads = 1")
        yield connection


@pytest.fixture
def chance() -> np.random.Generator:
    return np.random.default_rng(SEED)


def sql(call: str) -> str:
    return rendered(f"{{{{ {call} }}}}")


def put(db: duckdb.DuckDBPyConnection, table: str, **columns: np.ndarray) -> None:
    names, rows = list(columns), zip(*(column.tolist() for column in columns.values()), strict=True)
    values = ", ".join(f"({', '.join(map(repr, row))})" for row in rows)
    db.execute(f"create or replace table {table} as from (values {values}) t({', '.join(names)})")


def test_kaplan_and_meier(db: duckdb.DuckDBPyConnection, chance: np.random.Generator) -> None:
    """Whole days with ties, a third still open: five quantiles and the mean up to the longest day."""
    quantiles = [0.1, 0.25, 0.5, 0.75, 0.9]
    call = f"kaplan_meier('stays', ['place'], 'days', 'is_over', {quantiles}, restricted_mean=true)"
    groups = {place: (chance.integers(0, 40, 60), chance.random(60) > 1 / 3) for place in range(8)}
    put(
        db, "stays", place=np.repeat(np.arange(8), 60), days=np.concatenate([days for days, _ in groups.values()]),
        is_over=np.concatenate([is_over for _, is_over in groups.values()]),
    )  # fmt: skip
    for place, subjects, ends, *told in db.execute(f"from ({sql(call)}) order by place").fetchall():
        days, is_over = groups[place]
        left = stats.ecdf(stats.CensoredData.right_censored(days, ~is_over)).sf
        steps = zip(left.quantiles, left.probabilities, strict=True)
        curve = [(float(day), float(share)) for day, share in steps]
        wanted = [next((day for day, share in curve if share <= 1 - q + 1e-9), None) for q in quantiles]
        edges = [0.0, *(day for day, _ in curve)]
        area = float(np.dot(np.diff(edges), [1.0, *(share for _, share in curve[:-1])]))
        assert (subjects, ends) == (60, is_over.sum())
        assert told == [*wanted, pytest.approx(area, rel=1e-12)]


def test_benjamini_and_hochberg(db: duckdb.DuckDBPyConnection, chance: np.random.Generator) -> None:
    p = np.round(chance.random(200) ** 3, 3)  # with ties
    put(db, "tested", number=np.arange(200), p_value=p)
    made = sql("false_discovery_rates('tested', 'p_value', [])")
    found = db.execute(f"select q_value from ({made}) order by number").fetchall()
    assert np.array(found)[:, 0].astype(float) == pytest.approx(stats.false_discovery_control(p), rel=1e-12)


@pytest.mark.parametrize(("tail", "alternative"), [("upper", "greater"), ("lower", "less")])
def test_fisher(db: duckdb.DuckDBPyConnection, chance: np.random.Generator, tail: str, alternative: str) -> None:
    tables = chance.integers(0, 60, (80, 2, 2))
    tables[0] = [[0, 5], [5, 0]]
    put(
        db, "tables", number=np.arange(80), population=tables.sum((1, 2)), marked=tables[:, :, 0].sum(1),
        drawn=tables[:, 0].sum(1), found=tables[:, 0, 0],
    )  # fmt: skip
    call = f"hypergeometric_tails('tables', ['number'], 'population', 'marked', 'drawn', 'found', '{tail}')"
    found = [p for (p,) in db.execute(f"select p_value from ({sql(call)}) order by number").fetchall()]
    wanted = [stats.fisher_exact(table, alternative=alternative).pvalue for table in tables]
    assert found == pytest.approx(wanted, rel=1e-9)


def test_spearman(db: duckdb.DuckDBPyConnection, chance: np.random.Generator) -> None:
    one = chance.integers(0, 12, 90)  # steps of a scale, so with ties
    other = one + chance.integers(-6, 7, 90)
    put(db, "pairs", one=one, other=other)
    places = ", ".join(sql(f"mean_rank('{name}', ['true'])") + f" as {name}_place" for name in ("one", "other"))
    ((found,),) = db.execute(f"select corr(one_place, other_place) from (select {places} from pairs)").fetchall()
    assert found == pytest.approx(stats.spearmanr(one, other).statistic, rel=1e-12)


def test_two_shares(db: duckdb.DuckDBPyConnection, chance: np.random.Generator) -> None:
    """The pooled z of two shares, squared, is Pearson's chi-square of their table."""
    tables = chance.integers(1, 400, (60, 2, 2))
    hits, totals = tables[:, :, 0], tables.sum(2)
    put(db, "shares", number=np.arange(60), a=hits[:, 0], n=totals[:, 0], b=hits[:, 1], m=totals[:, 1])
    call = sql("two_shares_p('a', 'n', 'b', 'm')")
    found = [p for (p,) in db.execute(f"select {call} from shares order by number").fetchall()]
    wanted = [stats.chi2_contingency(table, correction=False).pvalue for table in tables]
    assert found == pytest.approx(wanted, abs=2e-7)


def test_tails_and_quantiles(db: duckdb.DuckDBPyConnection) -> None:
    z = np.linspace(0, 20, 81)
    put(db, "normal", z=z)
    tail = sql("normal_tail('z')")
    found = db.execute(f"select {tail} from normal order by z").fetchall()
    assert [p for (p,) in found] == pytest.approx(list(stats.norm.sf(z)), rel=1e-11)
    # Student's t from eight degrees on, as far out as one in a thousand: the series is off by a fiftieth at most
    for degrees in (8, 20, 60):
        quantile = sql(f"student_quantile('3.09', {degrees})")
        ((told,),) = db.execute(f"select {quantile}").fetchall()
        assert float(told) == pytest.approx(stats.t.isf(stats.norm.sf(3.09), degrees), rel=0.02)


def test_cochran_mantel_and_haenszel(db: duckdb.DuckDBPyConnection, chance: np.random.Generator) -> None:
    """Two sellers over six lines: the mean and variance of a stratum are those of the hypergeometric distribution."""
    give_rules(db)
    closed = chance.integers(10, 90, (6, 2))
    won = chance.binomial(closed, [[0.3, 0.4]] * 6)
    put(
        db, "crossed", line=np.repeat(np.arange(6), 2), rep=np.tile([0, 1], 6), closed_count=closed.ravel(),
        won_count=won.ravel(),
    )  # fmt: skip
    db.execute("""
        create table int_deals_crossed as
        select 'rep' || rep as rep_key, 'line' || line as product_line, 'unknown' as industry, 'unknown' as region_key,
            'r' as rep_region_key, closed_count, won_count
        from crossed""")
    ((difference, p),) = rows_of(db, "int_deal_reversals", "adjusted_difference, adjusted_p_value")
    strata = [stats.hypergeom(n.sum(), hits.sum(), n[0]) for n, hits in zip(closed, won, strict=True)]
    z = (won[:, 0].sum() - sum(s.mean() for s in strata)) / np.sqrt(sum(s.var() for s in strata))
    weights = closed[:, 0] * closed[:, 1] / closed.sum(1)
    shares = won / closed
    assert difference == pytest.approx(np.average(shares[:, 0] - shares[:, 1], weights=weights), rel=1e-12)
    assert p == pytest.approx(2 * stats.norm.sf(abs(z)), abs=2e-7)
