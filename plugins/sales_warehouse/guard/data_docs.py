"""Data Docs: the validation results of a run as one page that needs nothing from outside.

Great Expectations' own pages take styles, scripts and an image from seven hosts: offline they
are unstyled, and every opening tells the outside that somebody looked. Its results are shown
on a page of ours instead: in English and Chinese, light and dark, printable, without a script,
so that it also works in the sandboxed frame of the Airflow UI. It shows counts and reasons,
never a value of the data.
"""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterable, Mapping
from importlib import metadata, resources
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from sales_warehouse.guard.validate import RuleResult, Validation
from sales_warehouse.urgency import SEVERITIES

PASSED = "passed"


def build(
    validations: Iterable[Validation],
    folder: Path,
    *,
    title: str = "",
    at: datetime.datetime | None = None,
    language: str = "en",
) -> Path:
    """Write `<folder>/index.html`, complete or not at all, and return it.

    `title` names the run, `at` is its moment (UTC), `language` (en or zh) is shown first.
    The same input gives the same bytes.
    """
    shown = sorted(validations, key=lambda validation: (_rank(validation), validation.suite, validation.about))
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = resources.files(__package__).joinpath("data_docs.html.j2").read_text(encoding="utf-8")
    page = environment.from_string(template).render(
        title=title,
        language=language,
        at=f"{at:%Y-%m-%d %H:%M} UTC" if at else "",
        version=metadata.version("great-expectations"),
        sections=[_section(validation) for validation in shown],
        totals=_totals(shown),
    )
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".index.html.{os.getpid()}.tmp"
    temporary.write_text(page, encoding="utf-8")
    return temporary.replace(folder / "index.html")


def _section(validation: Validation) -> dict[str, Any]:
    checks = [_check(result, _configuration(validation, result)) for result in validation.results]
    return {
        "suite": validation.suite,
        "about": validation.about,
        "outcome": (*SEVERITIES, PASSED)[_rank(validation)],
        "rows": max((result.element_count or 0 for result in validation.results), default=0),
        "checks": checks,
        "failed": sum(check["outcome"] != PASSED for check in checks),
    }


def _check(result: RuleResult, configuration: Mapping[str, Any]) -> dict[str, Any]:
    share = (result.unexpected_count or 0) / result.element_count if result.element_count else None
    return {
        "rule": result.rule,
        "column": result.column or "",
        "severity": result.severity,
        "outcome": PASSED if result.success else result.severity,
        "reason_en": result.reason_en,
        "reason_zh": result.reason_zh,
        "count": result.unexpected_count,
        "share": _percent(share) if result.unexpected_count and share is not None else "",
        "observed": result.observed or "",
        "detail": _detail(configuration),
    }


def _detail(configuration: Mapping[str, Any]) -> str:
    """The kind of rule and its arguments, without what Great Expectations adds by itself."""
    kwargs = configuration.get("kwargs", {})
    shown = {key: value for key, value in kwargs.items() if key not in ("batch_id", "ignore_row_if", "column")}
    words = [
        f"{key} {', '.join(map(str, value)) if isinstance(value, list) else value}" for key, value in shown.items()
    ]
    return " · ".join([configuration.get("type", ""), *words])


def _percent(share: float) -> str:
    """A share of something never reads as 0 %, and a share of less than all never as 100 %."""
    if share == 1:
        return "100 %"
    return f"{min(max(share * 100, 0.01), 99.99):.2f} %"


def _configuration(validation: Validation, result: RuleResult) -> Mapping[str, Any]:
    """What Great Expectations was asked for this rule."""
    asked = (entry["expectation_config"] for entry in validation.gx_result["results"])
    return next((config for config in asked if config["meta"]["rule"] == result.rule), {})


def _rank(validation: Validation) -> int:
    """Place of the worst finding: 0 critical, 1 warning, 2 info, 3 all passed."""
    failed = [SEVERITIES.index(result.severity) for result in validation.results if not result.success]
    return min(failed, default=len(SEVERITIES))


def _totals(validations: list[Validation]) -> dict[str, int]:
    results = [result for validation in validations for result in validation.results]
    totals = {level: sum(not r.success and r.severity == level for r in results) for level in SEVERITIES}
    return {**totals, PASSED: sum(r.success for r in results), "suites": len(validations)}
