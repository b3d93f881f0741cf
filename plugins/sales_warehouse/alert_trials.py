"""How often the rules of alerts.yml would have fired in the last two years, for people: what kpi_alert_trials says."""

from __future__ import annotations

import datetime
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.table import Table

from sales_warehouse import publish
from sales_warehouse.company.load import suggestion
from sales_warehouse.home import Home
from sales_warehouse.publish.reading import look

COLUMNS = (
    "rule_id", "rule_state", "kind", "dimension_name", "dimension_value", "member", "period_count", "judged_count",
    "alert_count", "muted_count", "expected_false_count", "first_judged_date", "last_judged_date", "last_alert_dates",
    "reason",
)  # fmt: skip
HEADS = {
    "en": ("rule", "state", "of", "judged", "alerts", "a year", "by chance", "latest"),
    "zh": ("规则", "状态", "成员", "判定周期", "预警", "每年", "预期误报", "最近"),
}


class NothingTried(LookupError):
    """There is no such rule in what is published; the message says what there is, and what to do."""


@dataclass(frozen=True)
class Trial:
    """A rule on one member: complete periods, those judged, alerts opened, and why nothing, or not the newest, was."""

    rule_id: str
    rule_state: str
    kind: str
    dimension_name: str
    dimension_value: str
    member: str
    period_count: int
    judged_count: int
    alert_count: int
    muted_count: int
    expected_false_count: Decimal | None
    first_judged_date: datetime.date | None
    last_judged_date: datetime.date | None
    last_alert_dates: str | None
    reason: str | None

    @property
    def days(self) -> int:
        """Days from the first period judged to the last."""
        if self.first_judged_date is None or self.last_judged_date is None:
            return 0
        return (self.last_judged_date - self.first_judged_date).days + 1


def read_trials(home: Home, rule_ids: Sequence[str], rule: str | None = None, *, language: str = "en") -> list[Trial]:
    """Return the trials of the published version, in the order of the file, most alerts first.

    `rule_ids` are those of alerts.yml now. Raises NothingTried.
    """
    folder = publish.current_folder(home)
    if folder is None:
        raise NothingTried("nothing has been published yet: run a refresh (make run)")
    if rule is not None and rule not in rule_ids:
        raise NothingTried(f"unknown rule{suggestion(rule, rule_ids)}")
    name = "zh" if language == "zh" else "en"
    renamed = {"member": f"dimension_value_{name}", "reason": f"not_judged_reason_{name}"}
    columns = ", ".join(f"{renamed[column]} as {column}" if column in renamed else column for column in COLUMNS)
    with look(home, folder) as db:
        rows = db.execute(
            f"select {columns} from marts.kpi_alert_trials where $rule is null or rule_id = $rule "
            "order by rule_order, alert_count desc, dimension_value",
            {"rule": rule},
        ).fetchall()
    if rule is not None and not rows:
        raise NothingTried(
            f"{rule} is in alerts.yml and not in what is published: give it `state: trial` and run a refresh"
        )
    return [Trial(*row) for row in rows]


def to_json(trials: Sequence[Trial]) -> str:
    """Return the trials as a list of objects; dates are ISO text, counts numbers."""

    def plain(value: Any) -> Any:
        return float(value) if isinstance(value, Decimal) else str(value)

    return json.dumps([vars(trial) for trial in trials], default=plain, ensure_ascii=False, indent=2)


def show_trials(trials: Sequence[Trial], console: Console, *, members: bool, language: str) -> None:
    """Print a line for each rule, or with `members` for each of its members."""
    table = Table(*HEADS["zh" if language == "zh" else "en"], box=None, pad_edge=False)
    for lines in _by_rule(trials).values():
        for line in map(_row, lines) if members else [_together(lines)]:
            table.add_row(*line)
    console.print(table)


def _by_rule(trials: Sequence[Trial]) -> dict[str, list[Trial]]:
    found: dict[str, list[Trial]] = {}
    for trial in trials:
        found.setdefault(trial.rule_id, []).append(trial)
    return found


def _row(trial: Trial) -> tuple[str, ...]:
    told = "; ".join(filter(None, (trial.last_alert_dates, trial.reason)))
    return _cells(trial, trial.member, trial.judged_count, trial.alert_count, trial.expected_false_count, told)


def _together(trials: Sequence[Trial]) -> tuple[str, ...]:
    """A rule over all of its members; the latest alert with the member that had it, and why most of those whose newest
    period is not judged are not, with how many of how many they are.
    """
    first = max(trials, key=lambda trial: trial.days)
    latest = max(trials, key=lambda trial: (trial.last_alert_dates or "")[:10])
    alerted = f"{latest.last_alert_dates[:10]} {latest.member}" if latest.last_alert_dates else None
    told = "; ".join(filter(None, (alerted, _unjudged(trials))))
    chance = [trial.expected_false_count for trial in trials if trial.expected_false_count is not None]
    judged = sum(trial.judged_count for trial in trials)
    alerts = sum(trial.alert_count for trial in trials)
    of = f"{first.dimension_name} × {sum(1 for trial in trials if trial.judged_count)}"
    return _cells(first, of, judged, alerts, sum(chance, Decimal(0)) if chance else None, told)


def _unjudged(trials: Sequence[Trial]) -> str | None:
    reasons = Counter(trial.reason for trial in trials if trial.reason)
    if not reasons:
        return None
    reason, count = reasons.most_common(1)[0]
    return reason if count == len(trials) else f"{reason} ({count}/{len(trials)})"


def _cells(trial: Trial, of: str, judged: int, alerts: int, chance: Decimal | None, told: str) -> tuple[str, ...]:
    yearly = f"{alerts * 365 / trial.days:.1f}" if trial.days else ""
    expected = "" if chance is None else f"{chance:.1f}"
    return trial.rule_id, trial.rule_state, of, f"{judged:,}", f"{alerts:,}", yearly, expected, told
