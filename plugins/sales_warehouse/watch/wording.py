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
    dimensions: Mapping[str, str]
    labels: Mapping[str, str]
    texts: Mapping[str, str]

    def of(self, row: Mapping, name: str) -> str:
        """The column of a row in this language, empty when there is none."""
        return row.get(f"{name}_{self.language}") or ""

    def headline(self, severity: str, rule: str, row: Row) -> str:
        """Severity, rule, where, and by how much, as far as the row says."""
        place, change = self.of(row, "region_name"), row.get("change_rate")
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

    def facts(self, kind: str, row: Row, currency: str) -> tuple[tuple[str, str], ...]:
        """What a person wants to know first; only what the row has, and only of kinds that are known."""
        facts = _fall_facts(self, row, currency) if kind == "alert_net_sales_fall" else {}
        if row.get("owner"):
            facts["owner"] = str(row["owner"])
        return tuple((self.labels[name], value) for name, value in facts.items())


def _fall_facts(words: Wording, row: Row, currency: str) -> dict[str, str]:
    change = Decimal(row["current_amount"]) - Decimal(row["previous_amount"])
    texts = {
        "currency": currency,
        "week_start": row["week_start_date"],
        "week_end": row["week_end_date"],
        "current": amount(row["current_amount"]),
        "previous": amount(row["previous_amount"]),
        "change": amount(change),
        "rate": percent(row["change_rate"], words),
        "threshold": percent(-Decimal(row["threshold_rate"]), words),
    }
    facts = {name: words.texts[name].format(**texts) for name in ("week", "net_sales", "change")}
    if row.get("top_value"):
        dimension = words.dimensions.get(row["top_dimension"], row["top_dimension"])
        contribution = amount(row["top_contribution_amount"])
        facts["top"] = words.texts["top"].format(
            dimension=dimension, value=row["top_value"], amount=contribution, currency=currency
        )
    return facts


def amount(value: str | Decimal) -> str:
    """Money with two decimals, thousands apart, and a true minus sign."""
    return f"{Decimal(value).quantize(Decimal('0.01'), ROUND_HALF_UP):,}".replace("-", "−")


def percent(rate: str | Decimal, words: Wording) -> str:
    """A rate of 0–1 as per cent with one decimal."""
    shown = (Decimal(rate) * 100).quantize(Decimal("0.1"), ROUND_HALF_UP)
    return words.texts["percent"].format(shown=shown).replace("-", "−")


ENGLISH = Wording(
    language="en",
    severities={"critical": "critical", "warning": "warning", "info": "note"},
    dimensions={"product_line": "product line", "channel": "channel"},
    labels={
        "week": "Week",
        "net_sales": "Net sales",
        "change": "Change",
        "top": "Largest part",
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
        "week": "{week_start} to {week_end}",
        "net_sales": "{current} {currency}, the week before {previous} {currency}",
        "change": "{change} {currency} ({rate}; alert from {threshold} on)",
        "top": "{dimension} {value}, {amount} {currency}",
        "percent": "{shown} %",
        "label": "{label}: {value}",
    },
)

CHINESE = Wording(
    language="zh",
    severities={"critical": "严重", "warning": "警告", "info": "提示"},
    dimensions={"product_line": "产品线", "channel": "渠道"},
    labels={
        "week": "统计周",
        "net_sales": "净销售额",
        "change": "变化",
        "top": "主要来源",
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
        "week": "{week_start} 至 {week_end}",
        "net_sales": "{current} {currency}，上周 {previous} {currency}",
        "change": "{change} {currency}（{rate}，预警阈值 {threshold}）",
        "top": "{dimension}「{value}」，{amount} {currency}",
        "percent": "{shown}%",
        "label": "{label}：{value}",
    },
)


def wording(language: str) -> Wording:
    """The words of a language; English where it is not one that we speak."""
    return CHINESE if language == "zh" else ENGLISH
