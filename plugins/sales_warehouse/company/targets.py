"""targets.yml: goals that are SMART, the sets that people look at, and the short cycles that goals are cut into."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from sales_warehouse.company.base import Label, Model
from sales_warehouse.company.lifecycle import Name
from sales_warehouse.contracts import VALUE_DIGITS

Decision = Literal["day", "week", "month", "quarter"]
# A letter, what it asks for, and the keys without which a goal does not have it. Achievable is judged by history.
LETTERS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("Specific", "what is measured, and where: scope when it is not the whole company", ("metric",)),
    ("Measurable", "from which number to which", ("baseline", "target")),
    ("Relevant", "why it matters", ("relevance",)),
    ("Time-bound", "from when until when", ("starts_on", "due_on")),
)
EXAMPLE = (
    "metric: first_order_cycle_days, baseline: 45, target: 30, starts_on: 2026-07-01, due_on: 2026-09-30, "
    "relevance: new customers that buy sooner stay longer"
)
SHORTEST_DAYS, LONGEST_DAYS = 14, 28
MOST = 10**VALUE_DIGITS
Figure = Annotated[Decimal, Field(gt=-MOST, lt=MOST)]  # as much as a source may send, digit by digit


def in_digits(value: Decimal) -> str:
    """Write a figure as people do: 2,300 and 0.2, whatever zeros it came with."""
    return f"{value.normalize():,f}"


def not_smart(given: Mapping[str, Any]) -> str | None:
    """Say which letters of SMART a goal does not have, and what they ask for; None where it has them."""
    lacking = [
        f"{letter} ({', '.join(absent)}: {asks})"
        for letter, asks, keys in LETTERS
        if (absent := [key for key in keys if not _is_given(given.get(key))])
    ]
    if not lacking:
        return None
    name = given.get("name")
    named = f"「{name.get('zh') or name.get('en')}」" if isinstance(name, Mapping) else f"{given.get('id', 'it')!r}"
    return f"{named} is no SMART goal; missing: {'; '.join(lacking)}. For example: {EXAMPLE}"


def _is_given(value: Any) -> bool:
    return value is not None and (not isinstance(value, str) or bool(value.strip()))


class Target(Model):
    """A goal on a metric."""

    id: Name
    name: Label
    metric: str
    scope: dict[str, str] = Field(default_factory=dict, max_length=1, description="one dimension and its value")
    baseline: Figure
    target: Figure
    upper: Figure | None = Field(
        default=None, description="for a metric that belongs into a band: its upper end, `target` is the lower one"
    )
    mode: Literal["absolute", "relative_rate"] = "absolute"
    starts_on: datetime.date
    due_on: datetime.date
    owner: str
    relevance: str = Field(min_length=1, description="why the goal matters")
    parent: Name | None = None
    weight: float | None = Field(default=None, gt=0, le=1, description="share in the goal above; of what adds up only")

    @model_validator(mode="before")
    @classmethod
    def _smart(cls, given: Any) -> Any:
        if isinstance(given, Mapping) and (text := not_smart(given)):
            raise ValueError(text)
        return given

    @model_validator(mode="after")
    def _possible(self) -> Target:
        if self.due_on <= self.starts_on:
            raise ValueError("due_on must be later than starts_on")
        if self.target == self.baseline and self.mode == "absolute" and self.upper is None:
            raise ValueError("target equals baseline: there is nothing to reach")
        if self.upper is not None and (self.upper < self.target or self.mode == "relative_rate"):
            raise ValueError("upper is the upper end of a band from target on: it is not smaller, and mode is absolute")
        return self


class GoalSet(Model):
    """The metrics that some people steer by, the most important first."""

    id: Name
    name: Label
    owner: str
    decides: Decision = Field(description="how often something is decided by them: day, week, month or quarter")
    metrics: tuple[str, ...] = Field(min_length=1)


class Iteration(Model):
    """A short cycle in which goals are worked on: two to four weeks."""

    id: Name
    name: Label
    starts_on: datetime.date
    ends_on: datetime.date
    targets: tuple[Name, ...] = Field(min_length=1, description="goals that are cut into it")

    @property
    def days(self) -> int:
        return (self.ends_on - self.starts_on).days + 1

    @model_validator(mode="after")
    def _short(self) -> Iteration:
        if not SHORTEST_DAYS <= self.days <= LONGEST_DAYS:
            raise ValueError(
                f"{self.starts_on} to {self.ends_on} is {self.days} days; an iteration has {SHORTEST_DAYS} to "
                f"{LONGEST_DAYS} (two to four weeks): cut it into several"
            )
        return self


class TargetsFile(Model):
    """targets.yml: the goals of the company."""

    targets: tuple[Target, ...] = ()
    goal_sets: tuple[GoalSet, ...] = ()
    iterations: tuple[Iteration, ...] = ()
