"""Why nothing is told of an alert, or of what is behind it no cell: in words, in English and Chinese."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from sales_warehouse.causes.measured import Span
from sales_warehouse.causes.words import plain
from sales_warehouse.metrics import registry


@dataclass(frozen=True)
class Untold:
    """A reason in both languages."""

    en: str
    zh: str


UNCUT = Untold("The metric has no facts that can be cut.", "该指标的明细无法按维度拆分。")
UNLIKE = Untold(
    "The facts of the metric do not give its figure: it was not looked into.", "明细汇总与指标值不一致，未做归因。"
)
UNLIKE_BEFORE = Untold(
    "The facts of the metric do not give what it was in the period before: it was not looked into.",
    "明细汇总与基期指标值不一致，未做归因。",
)
UNPUBLISHED = Untold(
    "The rows behind the figure are not in this file; the night that raised it has its cells in alert_causes.",
    "该指标的明细不在此文件中；当晚得出的单元格见 alert_causes。",
)
INCOMPARABLE = Untold("There is nothing to compare with.", "没有可对比的数据。")
STANDING = Untold(
    "It was no better in the comparable period before: no cell made it what it is.",
    "上一可比周期并不更好，并非由某个单元格的变化所致。",
)
BROKEN = Untold("It could not be looked into; the log of the night says why.", "未能归因，原因见当晚日志。")
BY_MONTH = Untold(
    "The metric has this dimension by month alone: one member of it is not cut further.",
    "该指标的这一维度仅按月统计，其单个成员不再拆分。",
)
# What a metric says instead of UNCUT, of all of its alerts or of those on one member.
OF_METRICS: Mapping[str, Untold] = {
    "source_freshness_hours": Untold(
        "The age of one source is the time since its last load: there is nothing in it to cut.",
        "单一来源的时效即距其最近一次加载的时间，没有可拆分的部分。",
    ),
    "quota_attainment": Untold(
        "A band, or a goal without a baseline where lower is better, is no quotient of what was reached and what was "
        "aimed at: how near it is does not divide into parts.",
        "区间型目标，或越低越好而没有基线的目标，不是实际与目标之商，接近程度无法拆分。",
    ),
    "clv_12m": Untold(
        "What was expected of each customer on an earlier night is kept by region alone, and this is one region.",
        "以往各晚的客户预期价值仅按大区留存，而本预警即为单一大区。",
    ),
    "weighted_pipeline_amount": Untold(
        "What deals were thought to be worth on an earlier day is kept by region, line, team and seller, one at a "
        "time, and this is one of them.",
        "以往各日的预测金额按大区、产品线、团队、销售分别留存，而本预警即为其中之一。",
    ),
    "dormant_rate": Untold(
        "The customers of one region are dormant or not: what is kept of earlier months is not cut further.",
        "以往各月的休眠占比仅按大区留存，而本预警即为单一大区。",
    ),
}


def uncut(metric_id: str, dimension: str) -> Untold:
    """Return why a figure of a metric, of all or of one member of a dimension, is not cut into cells."""
    return BY_MONTH if dimension in registry()[metric_id].by_month else OF_METRICS.get(metric_id, UNCUT)


_NEARER = Untold(
    "It is no further from its goal than in the comparable period before, as goals fill up whatever is sold: no cell "
    "made it what it is. Which cells sold less than before is told by alerts on the metric of the goal.",
    "与上一可比周期相比并未离目标更远（目标完成随销售累积），并非由某个单元格的变化所致；哪些单元格卖得更少，见目标所用指标的预警。",
)


_NO_EARLIER = Untold(
    "There is no earlier figure to compare it with, and how far a goal is behind what was due is no change: no cell "
    "made it. Which cells sold less than before is told by alerts on the metric of the goal.",
    "没有可对比的以往数值，而落后于应有进度本身不是变化，并非由某个单元格所致；哪些单元格卖得更少，见目标所用指标的预警。",
)


def incomparable(metric_id: str) -> Untold:
    """Return what is said of a figure without one to compare it with."""
    return _NO_EARLIER if metric_id == "quota_attainment" else INCOMPARABLE


def standing(metric_id: str) -> Untold:
    """Return what is said of a figure that was no better before."""
    return _NEARER if metric_id == "quota_attainment" else STANDING


def too_many(most: int) -> Untold:
    """Return what is said of an alert that comes after so many others."""
    return Untold(
        f"More than {most} alerts at once: this one was not looked into.", f"同时超过 {most} 条预警，未对本条做归因。"
    )


def no_denominator(span: Span, numerator: Fraction, now: Sequence[Fraction]) -> Untold:
    """Return why a ratio has no change: there was nothing to divide by."""
    above, (now_above, now_below) = plain(numerator), map(plain, now)
    return Untold(
        f"There was nothing to divide by {_days(span, 'en')}: {above} / 0, which is no figure, so there is no change "
        f"to share out. Now it is {now_above} / {now_below}.",
        f"{_days(span, 'zh')}没有分母（{above} ÷ 0），当时没有数值，因此没有可分摊的变化。"
        f"本期为 {now_above} ÷ {now_below}。",
    )


def no_sales(span: Span) -> Untold:
    """Return why a share of the largest has no change: nobody bought anything."""
    return Untold(
        f"No customer bought anything in the year up to {span.ends_on}, so there is no change to share out.",
        f"截至 {span.ends_on} 的一年内没有客户购买，因此没有可分摊的变化。",
    )


def no_median(span: Span, count: int) -> Untold:
    """Return why a median has no change: there was nothing, or too much of it had not ended."""
    if not count:
        return Untold(
            f"There was nothing to take a median of {_days(span, 'en')}, so there is no change to share out.",
            f"{_days(span, 'zh')}没有可取中位数的记录，因此没有可分摊的变化。",
        )
    return Untold(
        f"More than half of the {count:,} {_days(span, 'en')} have not ended, so they have no median and there is no "
        "change to share out.",
        f"{_days(span, 'zh')}的 {count:,} 条记录有半数以上尚未结束，没有中位数，因此没有可分摊的变化。",
    )


def gone_before(span: Span, base: Fraction) -> Untold:
    """Return what is said where the facts of the period before are not there any more, or are of another sign."""
    return Untold(
        f"The facts {_days(span, 'en')} do not give the {plain(base)} that is published of it: it was not looked into.",
        f"{_days(span, 'zh')}的明细与已发布的 {plain(base)} 不符，未做归因。",
    )


def _days(span: Span, language: str) -> str:
    first, last = span.starts_on, span.ends_on
    if language == "zh":
        return f"基期（{_range(first, last, ' 至 ')}）"
    return f"{'on' if first == last else 'in the period'} {_range(first, last, ' to ')}"


def _range(first: datetime.date, last: datetime.date, to: str) -> str:
    return f"{first}" if first == last else f"{first}{to}{last}"
