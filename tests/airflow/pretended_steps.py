"""Steps that only pretend: they record themselves like real ones, and fail or wait when the plan says so."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from sales_warehouse import steps
from sales_warehouse.run import Run
from sales_warehouse.runlog import StepReport, recorded

STEPS = (
    "extract", "conform", "gate", "identify", "transform", "audit", "publish", "publish_postgres", "watch", "rerun"
)  # fmt: skip

calls: list[str] = []
runs: list[Run] = []


def replace(plan: dict[str, dict[str, Any]], setattr_: Callable[[Any, str, Any], None]) -> None:
    """Put a pretended step in place of each real one.

    A plan says by `<step> <source>` how often to `fail`, with which `error` of the steps module, and how long to
    `sleep`.
    """
    for step in STEPS:
        setattr_(steps, step, _pretended(step, plan))


def _pretended(step: str, plan: dict[str, dict[str, Any]]) -> Callable[..., StepReport]:
    def pretended(run: Run, source: str | None = None, **_: Any) -> StepReport:
        name = f"{step} {source}" if source else step
        calls.append(name)
        runs.append(run)
        wanted = plan.get(name, {})
        with recorded(run.folder, step, source) as (_, report):
            time.sleep(wanted.get("sleep", 0))
            if calls.count(name) <= wanted.get("fail", 0):
                raise getattr(steps, wanted.get("error", ""), RuntimeError)(f"{name} is broken on purpose")
            report.rows = {"landed": 1200, "accepted": 1000}
        return report

    return pretended
