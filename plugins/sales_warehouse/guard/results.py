"""What a validation found: counts, reasons and SQL, never a value of the data."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class RuleResult:
    """What one rule found. `failing_rows_sql` selects the row ids of all failing rows, without a cap."""

    rule: str
    column: str | None
    severity: str
    success: bool
    element_count: int | None
    unexpected_count: int | None
    failing_rows_sql: str | None
    reason_en: str
    reason_zh: str
    observed: str | None


@dataclass(frozen=True)
class Validation:
    """The results of a suite over a relation, in the order of the suite; `gx_result` is Great Expectations' own.

    `about` says which batch it was, for people: the source and the load, for instance.
    """

    suite: str
    relation: str
    results: list[RuleResult]
    gx_result: dict[str, Any] = field(repr=False)
    about: str = ""

    def failed(self, severity: str = "critical") -> list[RuleResult]:
        """Failed rules of a severity."""
        return [result for result in self.results if not result.success and result.severity == severity]

    def save(self, file: Path) -> None:
        """Keep the validation as JSON, complete or not at all."""
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary = file.with_name(f".{file.name}.{os.getpid()}.tmp")
        temporary.write_text(json.dumps(asdict(self), ensure_ascii=False, indent=1), encoding="utf-8")
        temporary.replace(file)

    @classmethod
    def load(cls, file: Path) -> Validation:
        """Read what `save` wrote."""
        data = json.loads(file.read_text(encoding="utf-8"))
        return cls(**{**data, "results": [RuleResult(**result) for result in data["results"]]})
