"""Goals that name what there is not, hang together in a ring, or average what cannot be averaged are refused."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from decimal import Decimal

from sales_warehouse.company.load import Document, Problem, suggestion
from sales_warehouse.company.targets import Target, TargetsFile, in_digits
from sales_warehouse.metrics import Metric


def check_targets(file: TargetsFile, document: Document, metrics: Mapping[str, Metric]) -> Iterator[Problem]:
    """Yield the mistakes of targets.yml; `metrics` is the registry by metric."""
    goals = {target.id: target for target in file.targets}
    yield from _unique(file, document)
    for at, target in enumerate(file.targets):
        if target.metric not in metrics:
            yield document.problem(f"unknown metric{suggestion(target.metric, metrics)}", "targets", at, "metric")
            continue
        yield from _scope(target, document, at, metrics[target.metric])
        yield from _band(target, document, at, metrics[target.metric])
        yield from _share(target, document, at, metrics[target.metric])
        yield from _one_period(target, document, at, metrics[target.metric])
        if target.parent is not None:
            yield from _parent(target, goals, document, at, metrics[target.metric])
    for at, group in enumerate(file.goal_sets):
        for place, metric in enumerate(group.metrics):
            if metric not in metrics:
                text = f"unknown metric{suggestion(metric, metrics)}"
                yield document.problem(text, "goal_sets", at, "metrics", place)
    yield from _iterations(file, goals, document)


def _iterations(file: TargetsFile, goals: Mapping[str, Target], document: Document) -> Iterator[Problem]:
    for at, iteration in enumerate(file.iterations):
        for place, name in enumerate(iteration.targets):
            goal = goals.get(name)
            if goal is None:
                yield document.problem(f"unknown target{suggestion(name, goals)}", "iterations", at, "targets", place)
            elif iteration.starts_on > goal.due_on or iteration.ends_on < goal.starts_on:
                text = f"no day of it lies in the goal {name!r}, which runs from {goal.starts_on} to {goal.due_on}"
                yield document.problem(text, "iterations", at, "targets", place)


def _unique(file: TargetsFile, document: Document) -> Iterator[Problem]:
    for kind in ("targets", "goal_sets", "iterations"):
        seen: set[str] = set()
        for at, item in enumerate(getattr(file, kind)):
            if item.id in seen:
                yield document.problem(f"{item.id!r} is there twice; rename one", kind, at, "id")
            seen.add(item.id)


def _scope(target: Target, document: Document, at: int, metric: Metric) -> Iterator[Problem]:
    """A goal is for a dimension that its metric is measured by."""
    for dimension in target.scope:
        if dimension not in ("total", *metric.dimensions):
            text = f"{target.metric} is not measured by{suggestion(dimension, metric.dimensions)}"
            yield document.problem(text, "targets", at, "scope")


def _band(target: Target, document: Document, at: int, metric: Metric) -> Iterator[Problem]:
    is_band = metric.direction == "band"
    if is_band and target.upper is None:
        text = f"{target.metric} belongs into a band, so a goal of it has two ends: give `upper` beside `target`"
        yield document.problem(text, "targets", at, "target")
    elif target.upper is not None and not is_band:
        better = "higher" if metric.direction == "up" else "lower"
        text = f"of {target.metric} {better} is better, so a goal of it has one end: leave `upper` out"
        yield document.problem(text, "targets", at, "upper")


def _share(target: Target, document: Document, at: int, metric: Metric) -> Iterator[Problem]:
    """A share is written from 0 to 1: in percent, or below 0, it is a number that no figure comes near."""
    if not metric.is_share:
        return
    told = {"baseline": target.baseline} | ({"target": target.target} if target.mode == "absolute" else {})
    for key, value in told.items():
        if not 0 <= value <= 1:
            hint = _percent(value) if value > 1 else "give 0 or more"
            text = f"{metric.id} is a rate from 0 to 1, so {in_digits(value)} is never reached; {hint}"
            yield document.problem(text, "targets", at, key)
    reached = target.baseline * (1 + target.target)
    if target.mode == "relative_rate" and 0 <= target.baseline <= 1 and not 0 <= reached <= 1:
        hint = _percent(target.target) if abs(target.target) > 1 else "it counts from the baseline"
        change = f"{in_digits(target.baseline)} changed by {in_digits(target.target)} to {in_digits(reached)}"
        text = f"{metric.id} is a rate from 0 to 1, so {change} is never reached; {hint}"
        yield document.problem(text, "targets", at, "target")


def _percent(value: Decimal) -> str:
    return f"{in_digits(value)} % is {in_digits(value / 100)}"


def _one_period(target: Target, document: Document, at: int, metric: Metric) -> Iterator[Problem]:
    """What is counted again in each period cannot be put together from parts of one, or from several."""
    if metric.aggregation in ("distinct", "average") and not any(
        _is_whole(grain, target.starts_on, target.due_on) for grain in metric.grains
    ):
        grains = ", ".join(metric.grains)
        text = f"{target.metric} is counted again in each period, so a goal of it runs over exactly one of: {grains}"
        yield document.problem(text, "targets", at, "due_on")


def _is_whole(grain: str, first: datetime.date, last: datetime.date) -> bool:
    """Whether two days are the first and the last of one period."""
    after = last + datetime.timedelta(days=1)
    if grain == "day":
        return first == last
    if grain == "week":
        return first.weekday() == 0 and after - first == datetime.timedelta(days=7)
    months = {"month": 1, "quarter": 3}.get(grain, 0)
    begun = first.day == 1 and (first.month - 1) % (months or 1) == 0
    return (
        bool(months)
        and begun
        and after.day == 1
        and (after.year - first.year) * 12 + after.month - first.month == months
    )


def _parent(
    target: Target, goals: Mapping[str, Target], document: Document, at: int, metric: Metric
) -> Iterator[Problem]:
    above = goals.get(target.parent or "")
    if above is None:
        text = f"unknown target{suggestion(target.parent or '', goals)}"
        yield document.problem(text, "targets", at, "parent")
        return
    if _is_in_ring(target, goals):
        yield document.problem(f"{target.id!r} is a part of itself, over {above.id!r}", "targets", at, "parent")
    if target.weight is not None and metric.aggregation != "sum":
        text = (
            f"{target.metric} does not add up: weights would average rates. Leave it out; the goal above is measured "
            "by all numerators over all denominators of its parts"
        )
        yield document.problem(text, "targets", at, "weight")


def _is_in_ring(target: Target, goals: Mapping[str, Target]) -> bool:
    seen: set[str] = set()
    node: Target | None = target
    while node is not None and node.id not in seen:
        seen.add(node.id)
        node = goals.get(node.parent or "")
    return node is not None and node.id == target.id
