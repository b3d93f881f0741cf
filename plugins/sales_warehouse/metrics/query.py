"""Metrics by any period and any cut, from a published warehouse: MetricFlow writes the query, DuckDB answers it.

MetricFlow reads the semantic manifest that dbt writes each night (Apache-2.0; its command line, which asks for newer
versions of itself, is not used).
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

from sales_warehouse import sql
from sales_warehouse.company.load import suggestion
from sales_warehouse.home import Home
from sales_warehouse.metrics.facts import OF_ROWS, Fact, Measure, cuts_called, cuts_of
from sales_warehouse.metrics.registry import Metric, facts, registry
from sales_warehouse.publish import current_folder, manifest

if TYPE_CHECKING:
    from metricflow.engine.metricflow_engine import MetricFlowEngine

FILE = "warehouse.duckdb"
DATABASE = "working"  # as dbt calls the file in which it built what was published
GRAINS = ("day", "week", "month", "quarter", "year", "fiscal_quarter", "fiscal_year")


class Unanswerable(ValueError):
    """The question cannot be answered; the message says why and what could be asked."""


@dataclass(frozen=True)
class Answer:
    """Rows of period, cuts and values of metrics, as asked for and in that order; with the SQL that made them."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    query: str


def ask(home: Home, metrics: Sequence[str], *, by: Sequence[str] = (), grain: str | None = None) -> Answer:
    """Return metrics from the version that readers see, up to its business date; without a grain over all days.

    Values are those of kpi_values. A period or a member without any row has none here, where kpi_values says 0 of 0.
    Raises Unanswerable.
    """
    folder = current_folder(home)
    if folder is None:
        raise Unanswerable("nothing has been published yet: run a refresh (make run)")
    last_day = datetime.date.fromisoformat(manifest.read(folder).business_date)
    return ask_file(home, folder / FILE, last_day, metrics, by=by, grain=grain)


def ask_file(
    home: Home,
    warehouse: Path,
    last_day: datetime.date,
    metrics: Sequence[str],
    *,
    by: Sequence[str] = (),
    grain: str | None = None,
) -> Answer:
    """Return metrics up to a day from one file with the marts of a company. Raises Unanswerable."""
    asked = list(dict.fromkeys(metrics))
    found, cuts = _found(asked, by)
    if grain is not None and grain not in GRAINS:
        raise Unanswerable(f"{grain} is no grain; there are {', '.join(GRAINS)}")
    periods = {f"metric_time__{grain}": "period_start_date"} if grain else {}
    query = _cast(_query(home, found, [*periods, *cuts], last_day), list(periods), list(cuts), found)
    with sql.connect(temp=home.tmp) as connection:
        connection.execute(f"ATTACH {sql.literal(str(warehouse))} AS {DATABASE} (READ_ONLY)")
        _refuse_absent(connection, {_metric(name)[0].id for name in asked})
        rows = connection.execute(query).fetchall()
    return Answer((*periods.values(), *cuts.values(), *asked), rows, query)


def _metric(name: str) -> tuple[Metric, list[Measure]]:
    """Return a metric and the measures that make it, or its `_numerator` or `_denominator`. Raises Unanswerable."""
    parts = {metric.id + end: metric for metric in registry().values() for end in metric.semantic.measures}
    whole = {metric.id + OF_ROWS: metric for metric in registry().values() if metric.semantic.added}
    known = {**registry(), **parts, **whole}
    if name not in known:
        raise Unanswerable(f"unknown metric{suggestion(name, registry())}")
    metric = known[name]
    said, end = metric.semantic, name.removeprefix(metric.id)
    if said.reason:
        raise Unanswerable(f"{name} cannot be cut freely: {said.reason.en}; kpi_values has it")
    if end == OF_ROWS:
        return metric, [said.measures["_added"], said.measures["_taken"]]
    if end:
        return metric, [said.measures[end]]
    above = _metric(said.numerator)[1] if isinstance(said.numerator, str) else []
    own = [measure for part, measure in said.measures.items() if part not in ("_added", "_taken")]
    return metric, [*above, *own]


def _found(asked: Sequence[str], by: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Metrics under names by which they can be cut together, and their cuts. Raises Unanswerable.

    A sum of days is cut by fewer things, and by some under other names, than the rows it is made of: both are tried.
    """
    usual = [_of_rows(name, by) for name in asked]
    has_rows = {name for name, metric in registry().items() if metric.semantic.added}
    for found in (usual, [name + OF_ROWS if name in has_rows else name for name in asked]):
        with suppress(Unanswerable):
            return found, _cuts(found, by)
    return usual, _cuts(usual, by)


def _of_rows(name: str, by: Sequence[str]) -> str:
    """A metric under the name by which it can be cut by all of this: that of its rows, where they alone can be."""
    metric = registry().get(name)
    if metric is None or metric.semantic.added is None:
        return name
    said = metric.semantic
    has_all = {
        end: all(cuts_called(facts()[measure.fact], dimension, facts()) for dimension in by)
        for end, measure in said.measures.items()
    }
    return name + OF_ROWS if has_all["_added"] and has_all["_taken"] and not has_all[""] else name


def shared_cuts(metrics: Iterable[str]) -> list[str]:
    """Return what all of some metrics can be cut by, as the semantic layer calls it. Raises Unanswerable.

    What only the rows of a metric have is among it where the metric is alone.
    """
    names = list(metrics)
    metric = registry().get(names[0]) if len(names) == 1 else None
    more = _shared([names[0] + OF_ROWS]) if metric and metric.semantic.added else []
    return list(dict.fromkeys([*_shared(names), *more]))


def _shared(metrics: Iterable[str]) -> list[str]:
    every = [cuts_of(fact, facts()) for fact in _facts_of(metrics)]
    return [cut for cut in every[0] if all(cut in cuts for cuts in every)] if every else []


def _facts_of(metrics: Iterable[str]) -> list[Fact]:
    return list({measure.fact: facts()[measure.fact] for name in metrics for measure in _metric(name)[1]}.values())


def _cuts(metrics: Sequence[str], by: Sequence[str]) -> dict[str, str]:
    """Cuts with what they were called; raises Unanswerable for one that is not one thing in all facts of metrics."""
    used, found = _facts_of(metrics), dict[str, str]()
    if not used:
        raise Unanswerable("no metric was asked for")
    for dimension in by:
        called = [set(cuts_called(fact, dimension, facts())) for fact in used]
        if any(len(cuts) != 1 or cuts != called[0] for cuts in called):
            meant = " or ".join(sorted(set.union(*called)))
            shared = ", ".join(shared_cuts(metrics)) or "nothing that they share"
            unclear = f" ({meant}?)" if meant else ""
            raise Unanswerable(f"{', '.join(metrics)} cannot be cut by {dimension}{unclear}, but by {shared}")
        found.setdefault(called[0].pop(), dimension)
    return found


def _query(home: Home, metrics: list[str], group_by: list[str], last_day: datetime.date) -> str:
    said = home.warehouse / "dbt_target" / "semantic_manifest.json"
    engine, known = _engine(said, said.stat().st_mtime_ns) if said.is_file() else (None, frozenset[str]())
    if engine is None or not known.issuperset(metrics):
        raise Unanswerable("the last refresh knew no such metrics: run one (make run)")
    from metricflow.engine.metricflow_engine import MetricFlowQueryRequest

    until = f"{{{{ TimeDimension('metric_time', 'day') }}}} <= {sql.literal(last_day)}"
    request = MetricFlowQueryRequest.create(metric_names=metrics, group_by_names=group_by, where_constraints=[until])
    return engine.explain(request).sql_statement.without_descriptions.sql


def _cast(query: str, periods: list[str], cuts: list[str], metrics: Sequence[str]) -> str:
    """The query with the types of kpi_values, its rows in the order of their periods and members."""
    columns = [f"cast({sql.ident(name)} as date)" for name in periods] + [sql.ident(name) for name in cuts]
    values = [f"cast({sql.ident(name)} as decimal(28, 8))" for name in metrics]
    order = f"\norder by {', '.join(str(place + 1) for place in range(len(columns)))}" if columns else ""
    return f"select {', '.join(columns + values)}\nfrom (\n{query}\n) as answered{order}"


def _refuse_absent(connection: Any, metrics: set[str]) -> None:
    absent = connection.execute(
        f"SELECT metric_id, absent_reason_en FROM {DATABASE}.marts.kpi_metrics WHERE NOT is_available "
        f"AND list_contains({sql.literals(sorted(metrics))}, metric_id)"
    ).fetchone()
    if absent:
        raise Unanswerable(f"{absent[0]} is absent: {absent[1]}")


@lru_cache(maxsize=1)
def _engine(said: Path, changed_ns: int) -> tuple[MetricFlowEngine | None, frozenset[str]]:
    """MetricFlow on what dbt wrote, with the metrics that it knows; no engine where there is none."""
    from metricflow.engine.metricflow_engine import MetricFlowEngine
    from metricflow.protocols.sql_client import SqlEngine
    from metricflow.sql.render.duckdb_renderer import DuckDbSqlPlanRenderer
    from metricflow_semantics.model.dbt_manifest_parser import parse_manifest_from_dbt_generated_manifest
    from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup

    class Dialect:
        """As much of MetricFlow's client as writing queries takes."""

        sql_engine_type: ClassVar = SqlEngine.DUCKDB
        sql_plan_renderer: ClassVar = DuckDbSqlPlanRenderer()

    parsed = parse_manifest_from_dbt_generated_manifest(manifest_json_string=said.read_text(encoding="utf-8"))
    known = frozenset(metric.name for metric in parsed.metrics)
    return MetricFlowEngine(SemanticManifestLookup(parsed), cast("Any", Dialect())) if known else None, known
