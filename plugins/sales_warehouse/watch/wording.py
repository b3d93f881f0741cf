"""The words, numbers and dates of messages in English and Chinese."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Wording:
    """How one language says it; every text is a format string."""

    language: str
    severities: Mapping[str, str]
    labels: Mapping[str, str]
    texts: Mapping[str, str]

    def of(self, row: Mapping, name: str) -> str:
        """The column of a row in this language, empty when there is none."""
        return row.get(f"{name}_{self.language}") or ""

    def headline(self, severity: str, rule: str, row: Row) -> str:
        """Severity, rule, where, and by how much, as far as the row says."""
        place = self.of(row, "dimension_value") if row.get("dimension_name") != "total" else ""
        change = row.get("change_rate") if row.get("kind") == "percent_change" else None
        details = [part for part in (place, percent(change, self) if change else "") if part]
        joined = self.texts["joint"].join(details)
        text = self.texts["headline"] if joined else self.texts["headline_alone"]
        return text.format(severity=self.severities.get(severity, severity), rule=rule, details=joined)

    def many(self, severities: Sequence[str]) -> str:
        """The title of a digest."""
        counts = Counter(severities)
        parts = [
            self.texts["counted"].format(count=count, severity=self.severities.get(name, name))
            for name, count in counts.most_common()
        ]
        return self.texts["many"].format(count=len(severities), parts=self.texts["joint"].join(parts))

    def more(self, count: int) -> str:
        return self.texts["more"].format(count=count)

    def action(self, name: str, department: str | None) -> str:
        return self.texts["action" if department else "action_alone"].format(name=name, department=department)

    def facts(self, row: Row) -> tuple[tuple[str, str], ...]:
        """What a person wants to know first; only what the row has."""
        facts = {}
        if row.get("period_start_date") and row.get("period_end_date"):
            text = self.texts["period"] if row["period_start_date"] != row["period_end_date"] else "{start}"
            facts["period"] = text.format(start=row["period_start_date"], end=row["period_end_date"])
        if row.get("owner"):
            facts["owner"] = str(row["owner"])
        return tuple((self.labels[name], value) for name, value in facts.items())


def percent(rate: str | Decimal, words: Wording) -> str:
    """A rate of 0–1 as per cent with one decimal."""
    shown = (Decimal(rate) * 100).quantize(Decimal("0.1"), ROUND_HALF_UP)
    return words.texts["percent"].format(shown=shown).replace("-", "−")


ENGLISH = Wording(
    language="en",
    severities={"critical": "critical", "warning": "warning", "info": "note"},
    labels={
        "period": "Period",
        "owner": "Owner",
        "reference": "Reference",
    },
    texts={
        "headline": "[{severity}] {rule}: {details}",
        "headline_alone": "[{severity}] {rule}",
        "joint": ", ",
        "many": "{count} sales alerts: {parts}",
        "counted": "{count} {severity}",
        "more": "{count} more are on the board.",
        "action": "What to do: {name} ({department})",
        "action_alone": "What to do: {name}",
        "period": "{start} to {end}",
        "percent": "{shown} %",
        "label": "{label}: {value}",
    },
)

CHINESE = Wording(
    language="zh",
    severities={"critical": "严重", "warning": "警告", "info": "提示"},
    labels={
        "period": "统计周期",
        "owner": "负责人",
        "reference": "编号",
    },
    texts={
        "headline": "【{severity}】{rule}：{details}",
        "headline_alone": "【{severity}】{rule}",
        "joint": "，",
        "many": "{count} 条销售预警：{parts}",
        "counted": "{severity} {count} 条",
        "more": "另有 {count} 条，请查看看板。",
        "action": "应对措施：{name}（{department}）",
        "action_alone": "应对措施：{name}",
        "period": "{start} 至 {end}",
        "percent": "{shown}%",
        "label": "{label}：{value}",
    },
)


def wording(language: str) -> Wording:
    """The words of a language; English where it is not one that we speak."""
    return CHINESE if language == "zh" else ENGLISH
