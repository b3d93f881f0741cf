"""What metrics are measured on: facts with the days and names of their rows, and aggregates of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from pydantic import Field, model_validator

from sales_warehouse.company.base import Label, Model
from sales_warehouse.company.lifecycle import Name

OF_ROWS = "_of_rows"  # how a metric is called that is made of what is added and what is taken off
Aggregate = Literal["sum", "count", "count_distinct", "median"]


class Fact(Model):
    """A mart that is measured, or that tells more of what others name; `key` is the column of one row of it."""

    id: Name
    mart: Name
    key: Name | None = None
    days: tuple[Name, ...] = ()
    names: Mapping[Name, Name] = Field(default={}, description="what its rows name → the column that does")
    attributes: tuple[Name, ...] = Field(default=(), description="columns that describe it")


class Measure(Model):
    """An aggregate of the rows of a fact, by one of its days; the expression is SQL that every engine knows."""

    fact: Name
    day: Name
    sum: str | None = None
    count: str | None = None
    count_distinct: str | None = None
    median: str | None = None

    @model_validator(mode="after")
    def _one(self) -> Measure:
        if len(self._given()) != 1:
            raise ValueError("a measure is one of sum, count, count_distinct and median")
        return self

    def _given(self) -> list[tuple[Aggregate, str]]:
        kinds: tuple[Aggregate, ...] = ("sum", "count", "count_distinct", "median")
        return [(kind, text) for kind in kinds if (text := getattr(self, kind))]

    @property
    def aggregate(self) -> Aggregate:
        return self._given()[0][0]

    @property
    def expression(self) -> str:
        return self._given()[0][1]


class Semantic(Model):
    """A metric in the semantic layer: a value, a ratio of two, or the reason why it cannot be said there."""

    value: Measure | None = None
    added: Measure | None = Field(default=None, description="with `taken`: the value from rows that are cut by more")
    taken: Measure | None = Field(default=None, description="what is taken off what is added")
    numerator: Measure | Name | None = Field(default=None, description="a measure, or the id of another metric")
    denominator: Measure | None = None
    reason: Label | None = None

    @model_validator(mode="after")
    def _whole(self) -> Semantic:
        given = {name for name in ("value", "numerator", "denominator", "reason") if getattr(self, name) is not None}
        if given not in ({"value"}, {"value", "added", "taken"}, {"numerator", "denominator"}, {"reason"}):
            raise ValueError("a metric is a value, a numerator and a denominator, or a reason why it is neither")
        return self

    @property
    def measures(self) -> dict[str, Measure]:
        """The measures of its own, by the end of their names: '', '_added', '_taken', or of a ratio."""
        ends = {
            "": self.value, "_added": self.added, "_taken": self.taken, "_numerator": self.numerator,
            "_denominator": self.denominator,
        }  # fmt: skip
        return {end: measure for end, measure in ends.items() if isinstance(measure, Measure)}


def cuts_of(fact: Fact, facts: Mapping[str, Fact]) -> tuple[str, ...]:
    """Return what a fact can be cut by, as the semantic layer calls it: `region`, or `rep__team` by way of the rep."""
    told = [f"{name}__{more}" for name in fact.names if name in facts for more in _told_by(facts[name])]
    return (*fact.names, *told)


def cuts_called(fact: Fact, dimension: str, facts: Mapping[str, Fact]) -> list[str]:
    """Return what a dimension of a metric (`team`) may mean for a fact (`rep__team`): nothing, one cut, or several."""
    cuts = cuts_of(fact, facts)
    return [dimension] if dimension in cuts else [cut for cut in cuts if cut.endswith(f"__{dimension}")]


def wrong_measure(measure: Measure, dimensions: Iterable[str], facts: Mapping[str, Fact]) -> str:
    """Return what is wrong with a measure of a metric that is cut by these dimensions; '' when nothing is."""
    fact = facts.get(measure.fact)
    if fact is None:
        return f"there is no fact {measure.fact}; there are {', '.join(facts)}"
    if measure.day not in fact.days:
        return f"{fact.id} has no day {measure.day}; its days are {', '.join(fact.days) or 'none'}"
    unclear = [name for name in dimensions if len(cuts_called(fact, name, facts)) != 1]
    return f"{fact.id} does not say, or not once, what {', '.join(unclear)} is" if unclear else ""


def _told_by(fact: Fact) -> tuple[str, ...]:
    return (*fact.names, *fact.attributes) if fact.key else ()
