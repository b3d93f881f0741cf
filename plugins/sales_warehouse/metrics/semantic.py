"""The registry as dbt semantic models and metrics, and what docs/metrics.md says of those that cannot be among them."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from sales_warehouse import settings
from sales_warehouse.company.base import Label
from sales_warehouse.metrics.facts import OF_ROWS, Fact, Measure
from sales_warehouse.metrics.registry import Metric, facts, registry

FOLDER = settings.PROJECT / "dbt_project" / "models" / "semantic"
PAGE = settings.PROJECT / "docs" / "metrics.md"
HEADER = (
    "# Made from plugins/sales_warehouse/metrics/registry.yml by `sales-warehouse metrics write`; edit that file.\n"
)
TABLE = re.compile(r"(?<=<!-- made from the registry: sales-warehouse metrics write -->\n).*?(?=<!-- end -->)", re.S)
PARTS = {
    "": Label(en="", zh=""),
    "_added": Label(en=", before what is taken off", zh="（扣减前）"),
    "_taken": Label(en=", what is taken off", zh="（扣减项）"),
    OF_ROWS: Label(en=", of lines and returns", zh="（按订单行与退货）"),
    "_numerator": Label(en=", numerator", zh="（分子）"),
    "_denominator": Label(en=", denominator", zh="（分母）"),
}

Yaml = dict[str, Any]


def written() -> dict[Path, str]:
    """Return the files that the registry decides, and what they have to say."""
    return {
        FOLDER / "semantic_models.yml": _dumped("semantic_models", [_model(fact) for fact in facts().values()]),
        FOLDER / "metrics.yml": _dumped("metrics", list(_metrics())),
        PAGE: TABLE.sub(lambda _: _table(), PAGE.read_text(encoding="utf-8")),
    }


def write() -> list[Path]:
    """Write the files that say something else than the registry; return them."""
    stale = {path: text for path, text in written().items() if not path.exists() or path.read_text("utf-8") != text}
    for path, text in stale.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(stale)


def _model(fact: Fact) -> Yaml:
    key = [{"name": fact.id, "type": "primary", "expr": fact.key}] if fact.key else []
    names = [{"name": name, "type": "foreign", "expr": column} for name, column in fact.names.items()]
    days = [{"name": day, "type": "time", "type_params": {"time_granularity": "day"}} for day in fact.days]
    attributes = [{"name": column, "type": "categorical"} for column in fact.attributes]
    measures = [_measure(name, measure) for name, measure in _measures() if measure.fact == fact.id]
    return {
        "name": fact.id,
        "model": f"ref('{fact.mart}')",
        **({"defaults": {"agg_time_dimension": fact.days[0]}} if fact.days else {}),
        **({} if fact.key else {"primary_entity": fact.id}),
        "entities": key + names,
        **({"dimensions": days + attributes} if days or attributes else {}),
        **({"measures": measures} if measures else {}),
    }


def _measures() -> Iterator[tuple[str, Measure]]:
    for metric in registry().values():
        for end, measure in metric.semantic.measures.items():
            yield metric.id + end, measure


def _measure(name: str, measure: Measure) -> Yaml:
    return {
        "name": name,
        "agg": measure.aggregate,
        "expr": measure.expression,
        "agg_time_dimension": measure.day,
    }


def _metrics() -> Iterator[Yaml]:
    """Metrics that can be said; those that divide with what they divide, under the names of kpi_values' columns."""
    for metric in registry().values():
        said = metric.semantic
        for end in said.measures:
            yield _described(metric, end) | {"type": "simple", "type_params": {"measure": _filled(metric, end)}}
        if said.added:
            parts = [{"name": metric.id + end} for end in ("_added", "_taken")]
            expression = " - ".join(part["name"] for part in parts)
            params = {"expr": expression, "metrics": parts}
            yield _described(metric, OF_ROWS) | {"type": "derived", "type_params": params}
        if said.numerator:
            above = said.numerator if isinstance(said.numerator, str) else f"{metric.id}_numerator"
            divided = {"numerator": above, "denominator": f"{metric.id}_denominator"}
            yield _described(metric) | {"type": "ratio", "type_params": divided}


def _filled(metric: Metric, end: str) -> str | Yaml:
    """A measure of a metric; one that is put beside those of another fact is 0 where it has no rows and they have."""
    is_joined = len({measure.fact for measure in metric.semantic.measures.values()}) > 1
    is_left_out = is_joined and end in ("_added", "_taken", "_numerator")
    return {"name": metric.id + end, "fill_nulls_with": 0} if is_left_out else metric.id + end


def _described(metric: Metric, end: str = "") -> Yaml:
    part = PARTS[end]
    return {
        "name": metric.id + end,
        "label": f"{metric.name.en}{part.en} · {metric.name.zh}{part.zh}",
        "description": f"{metric.formula.en}\n{metric.formula.zh}",
    }


def _table() -> str:
    said = [f"`{metric.id}`" for metric in registry().values() if not metric.semantic.reason]
    rows = [(metric.id, reason) for metric in registry().values() if (reason := metric.semantic.reason)]
    lines = [f"In it: {', '.join(said)}.", "", "| not in it | because |", "| --- | --- |"]
    return "\n".join(lines + [f"| `{name}` | {reason.en} · {reason.zh} |" for name, reason in rows]) + "\n"


def _dumped(kind: str, nodes: list[Yaml]) -> str:
    yaml, stream = YAML(), io.StringIO()
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.dump({"version": 2, kind: nodes}, stream)
    return HEADER + stream.getvalue()
