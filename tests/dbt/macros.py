"""The project's macros as SQL for DuckDB, without a dbt of their own: what a property needs a hundred times."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from types import SimpleNamespace

from jinja2 import Environment

from sales_warehouse.transform import PROJECT

ENVIRONMENT = Environment(extensions=["jinja2.ext.do"], autoescape=False)


@cache
def _macros() -> str:
    files = sorted((PROJECT / "macros").rglob("*.sql"))
    files.remove(PROJECT / "macros" / "engine" / "materializations.sql")  # a tag that only dbt knows
    return "\n".join(file.read_text(encoding="utf-8") for file in files)


def rendered(call: str, variables: Mapping[str, object] | None = None) -> str:
    """Return what dbt makes of a piece of SQL that calls macros."""
    context: dict[str, object] = {}
    macros = ENVIRONMENT.from_string(_macros())

    def dispatch(name: str) -> Callable[..., object]:
        if "module" not in made:
            made["module"] = macros.make_module(context)
        found: Callable[..., object] = getattr(made["module"], f"duckdb__{name}")
        return found

    made: dict[str, object] = {}
    context |= {
        "adapter": SimpleNamespace(dispatch=dispatch),
        "return": lambda value: value,
        "ref": lambda name: name,
        "var": (variables or {}).__getitem__,
        "dbt": SimpleNamespace(
            type_string=lambda: "varchar",
            datediff=lambda first, second, part: f"date_diff('{part}', {first}, {second})",
        ),
    }
    return ENVIRONMENT.from_string(_macros() + call).render(context).strip()
