"""What is unwise in goals and boards, as far as the configuration alone shows it: said, never refused.

What takes data to see (history, what sources sent) is found by int_goals_linted and published in kpi_goal_lints,
these lints among them.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sales_warehouse.company.base import Label
from sales_warehouse.company.targets import GoalSet, Iteration, Target, TargetsFile, in_digits
from sales_warehouse.metrics import Metric

Metrics = Mapping[str, Metric]

FEWEST, MOST = 5, 7
GRAINS = ("day", "week", "month", "quarter", "year")
HOW_OFTEN = {"day": "daily", "week": "weekly", "month": "monthly", "quarter": "quarterly"}
GRAIN_WORDS = {"day": "日", "week": "周", "month": "月度", "quarter": "季度", "year": "年度"}
LONGEST = {"day": 1, "week": 7, "month": 31, "quarter": 92, "year": 366}
BOARD = "board"
PERCENT = 10  # so many times as much is rarely meant, and 10 % often
# By what a sales goal can be held against open deals; the macro is_of_deals says the same.
OF_DEALS = ("total", "region", "product_line", "team", "rep")


@dataclass(frozen=True)
class Lint:
    """Something unwise: where (`goal`, `goal_set`, `iteration` or `board`, and which), of what kind, in words."""

    subject_type: str
    subject_id: str
    lint_type: str
    message: Label


def lint_targets(file: TargetsFile, metrics: Metrics) -> Iterator[Lint]:
    """Yield what is unwise; `metrics` is the registry by metric."""
    for target in file.targets:
        yield from _uncovered(target)
        yield from _without_period(target, metrics[target.metric])
        yield from _in_percent(target, metrics[target.metric])
    for group in file.goal_sets:
        yield from _focus(group, metrics)
        yield from _coarse(group, metrics)
    for iteration in file.iterations:
        yield from _too_short(iteration, file, metrics)
    shown = [name for name, metric in metrics.items() if metric.board]
    yield from _single("board", BOARD, shown, metrics)


def _uncovered(target: Target) -> Iterator[Lint]:
    for dimension in target.scope if target.metric == "net_sales" else ():
        if dimension not in OF_DEALS:
            yield Lint("goal", target.id, "no_coverage", Label(
                en=f"It has no pipeline coverage and is left out of that of all goals: no deal has a {dimension}",
                zh=f"该目标没有管道覆盖倍数，也不计入合计：商机没有 {dimension} 这一维度",
            ))  # fmt: skip


def _without_period(target: Target, metric: Metric) -> Iterator[Lint]:
    grain = finest_grain(metric)
    if grain and period_start(grain, target.due_on) < target.starts_on:
        yield Lint("goal", target.id, "no_period", Label(
            en=f"{metric.name.en} is measured by {grain}, and none begins within the goal: it will never have a value",
            zh=f"「{metric.name.zh}」按{GRAIN_WORDS[grain]}统计，目标期内没有任何周期开始，将始终没有取值",
        ))  # fmt: skip


def _in_percent(target: Target, metric: Metric) -> Iterator[Lint]:
    """What may truly be so much, and is more probably a number in percent; a share that cannot is refused."""
    is_change = target.mode == "relative_rate"
    told = [target.baseline] * (metric.unit == "rate") + [target.target] * (metric.unit == "rate" or is_change)
    for value in told:
        if abs(value) >= PERCENT:
            meant = in_digits(value)
            yield Lint("goal", target.id, "in_percent", Label(
                en=f"{meant} is {in_digits(value * 100)} %; if {meant} % is meant, write {in_digits(value / 100)}",
                zh=f"{meant} 即 {in_digits(value * 100)}%；若要表达 {meant}%，请写 {in_digits(value / 100)}",
            ))  # fmt: skip
            return


def period_start(grain: str, day: datetime.date) -> datetime.date:
    """Return the first day of the period (`day`, `week`, `month`, `quarter` or `year`) in which a day lies."""
    if grain == "week":
        return day - datetime.timedelta(days=day.weekday())
    months = {"month": 1, "quarter": 3, "year": 12}.get(grain)
    return day if months is None else day.replace(month=day.month - (day.month - 1) % months, day=1)


def _focus(group: GoalSet, metrics: Metrics) -> Iterator[Lint]:
    listed = list(dict.fromkeys(group.metrics))
    if len(listed) > MOST:
        beyond = listed[MOST:]
        en, zh = _names(beyond, metrics)
        verb = "is" if len(beyond) == 1 else "are"
        yield Lint("goal_set", group.id, "many_metrics", Label(
            en=f"{len(listed)} metrics; people can watch {FEWEST} to {MOST}. Beyond the {MOST}th {verb}: {en}",
            zh=f"共 {len(listed)} 个指标，建议控制在 {FEWEST}-{MOST} 个；超出的是：{zh}",
        ))  # fmt: skip
    elif 1 < len(listed) < FEWEST:
        yield Lint("goal_set", group.id, "few_metrics", Label(
            en=f"{len(listed)} metrics; {FEWEST} to {MOST} show more than one side of the business",
            zh=f"仅 {len(listed)} 个指标，建议 {FEWEST}-{MOST} 个，以反映业务的不同侧面",
        ))  # fmt: skip
    yield from _single("goal_set", group.id, listed, metrics)


def _single(subject_type: str, subject_id: str, listed: Sequence[str], metrics: Metrics) -> Iterator[Lint]:
    if len(listed) == 1:
        en, zh = _names(listed, metrics)
        yield Lint(subject_type, subject_id, "single_metric", Label(
            en=f"{en} alone: a single metric says that something changed and not why; add what drives it",
            zh=f"过度依赖单一指标「{zh}」：只能看到变化，看不到原因，请补充驱动指标",
        ))  # fmt: skip


def _coarse(group: GoalSet, metrics: Metrics) -> Iterator[Lint]:
    for metric in dict.fromkeys(group.metrics):
        grain = finest_grain(metrics[metric])
        if grain and GRAINS.index(grain) > GRAINS.index(group.decides):
            en, zh = _names([metric], metrics)
            how, often = HOW_OFTEN[group.decides], GRAIN_WORDS[group.decides]
            yield Lint("goal_set", group.id, f"coarse_metric:{metric}", Label(
                en=f"{en} is measured by {grain} and decisions are {how}: between two decisions it says nothing new",
                zh=f"「{zh}」按{GRAIN_WORDS[grain]}统计，却用于{often}决策：粒度粗于决策周期",
            ))  # fmt: skip


def _too_short(iteration: Iteration, file: TargetsFile, metrics: Metrics) -> Iterator[Lint]:
    goals = {target.id: target for target in file.targets}
    for name in iteration.targets:
        goal, metric = goals[name], metrics[goals[name].metric]
        first, last = max(iteration.starts_on, goal.starts_on), min(iteration.ends_on, goal.due_on)
        grains = [
            grain for grain in metric.grains
            if grain in GRAINS and (grain in ("month", "quarter") or not set(goal.scope) & set(metric.by_month))
        ]  # fmt: skip
        if any(_fits(grain, first, last, metric) for grain in grains) or not grains:
            continue
        en, zh = _unfit(metric, grains, (last - first).days + 1)
        yield Lint("iteration", iteration.id, f"coarse_metric:{name}", Label(
            en=f"{metric.name.en} is measured by {en}", zh=f"「{metric.name.zh}」按{zh}",
        ))  # fmt: skip


def _unfit(metric: Metric, grains: Sequence[str], days: int) -> tuple[str, str]:
    """Return why none of the periods of a metric tells so many days, in English and in Chinese."""
    if metric.aggregation in ("ratio", "latest"):
        grain = min(grains, key=GRAINS.index)
        return (
            f"{grain}: {days} days may pass without a value of it",
            f"{GRAIN_WORDS[grain]}统计：{days} 天的周期内可能没有取值",
        )
    en, zh = ", ".join(grains), "、".join(GRAIN_WORDS[grain] for grain in grains)
    if metric.aggregation == "median":
        return (
            f"{en}, and no whole one of these lies in the {days} days: it has no value in them",
            f"{zh}统计，这 {days} 天内没有一个完整的统计周期，将没有取值",
        )
    return (
        f"{en}, and the {days} days are no whole one of these: it has no value in them",
        f"{zh}统计，而这 {days} 天并非完整的统计周期，将没有取值",
    )


def _fits(grain: str, first: datetime.date, last: datetime.date, metric: Metric) -> bool:
    """Whether the days of an iteration can be told by periods; the macro followed_periods chooses among them."""
    after = last + datetime.timedelta(days=1)
    if metric.aggregation == "median":
        return period_start(grain, period_start(grain, after) - datetime.timedelta(days=1)) >= first
    if metric.aggregation in ("ratio", "latest"):
        return LONGEST[grain] <= (after - first).days
    is_whole = period_start(grain, first) == first and period_start(grain, after) == after
    is_one = period_start(grain, last) == first
    return is_whole and (is_one or metric.aggregation == "sum" or metric.decomposition == "additive")


def finest_grain(metric: Metric) -> str | None:
    """Return the finest period that the registry measures a metric by; None where it has none."""
    return min((grain for grain in metric.grains if grain in GRAINS), key=GRAINS.index, default=None)


def _names(listed: Sequence[str], metrics: Metrics) -> tuple[str, str]:
    return (
        ", ".join(metrics[name].name.en for name in listed),
        "、".join(metrics[name].name.zh for name in listed),
    )
