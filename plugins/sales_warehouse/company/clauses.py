"""A condition over a customer as a list of clauses: it holds when any clause does, a clause when all its parts do.

This is the disjunctive normal form, so that SQL joins with it as a table whatever the nesting was.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import reduce
from itertools import product

from sales_warehouse.company.bounds import Fact, span
from sales_warehouse.company.lifecycle import LifecycleFile
from sales_warehouse.company.segments import Node, SegmentsFile

MOST_CLAUSES = 64
OPPOSITES = {"at_least": "under", "over": "at_most", "at_most": "over", "under": "at_least"}


@dataclass(frozen=True, order=True)
class Part:
    """A fact with a bound, an attribute with the values it may have, or a tag that is a list of customers."""

    kind: str
    name: str
    operator: str
    number: float | None = None
    values: tuple[str, ...] = ()
    is_negated: bool = False


Clause = frozenset[Part]


class TooManyClauses(ValueError):
    """The condition is AND over OR so often that it would be hundreds of clauses."""


def named_conditions(file: SegmentsFile) -> dict[tuple[str, str], Node]:
    """Return the conditions that others may refer to, by kind and id; a tag that is a list has none."""
    named = {("tag", tag.id): tag.when for tag in file.tags if tag.when}
    return named | {("segment", segment.id): segment.when for segment in file.segments}


def clauses_by_id(file: SegmentsFile) -> dict[str, list[Clause]]:
    """Return the clauses of every tag and segment; the names in it must exist and not go in a circle."""
    named = named_conditions(file)
    made: dict[str, list[Clause]] = {key: clauses(node, named) for (_, key), node in named.items()}
    return made | {tag.id: [frozenset([_listed(tag.id)])] for tag in file.tags if tag.customers}


def clauses(node: Node, named: Mapping[tuple[str, str], Node], is_negated: bool = False) -> list[Clause]:
    """Return the clauses of a condition, in a fixed order. Raises TooManyClauses."""
    kind = node.kinds[0]
    if kind == "not":
        assert node.not_
        return clauses(node.not_, named, not is_negated)
    if kind in ("all", "any"):
        inner = [clauses(child, named, is_negated) for child in (node.all_of or node.any_of or ())]
        is_and = (kind == "all") != is_negated
        return _kept(_every(inner) if is_and else [clause for each in inner for clause in each])
    if (kind, node.name) in named:
        return clauses(named[kind, node.name], named, is_negated)
    return [frozenset([_part(node, kind, is_negated)])]


def possible(
    clauses: Iterable[Clause], facts: Mapping[str, Fact], values: Mapping[str, Collection[str]]
) -> list[Clause]:
    """Return the clauses that a customer could meet: no number above 5 and below 3, no industry that is two.

    `values` are all that an attribute can be, of those that every customer has.
    """
    return [clause for clause in clauses if not _contradicts(clause, facts, values)]


def values_of(lifecycle: LifecycleFile) -> dict[str, tuple[str, ...]]:
    """Return what an attribute can be, of those that every customer has."""
    return {"tier": tuple(tier.tier for tier in lifecycle.tiers), "is_addressable": ("true", "false")}


def _every(inner: list[list[Clause]]) -> list[Clause]:
    """One clause of each, together."""
    return reduce(lambda left, right: _kept(a | b for a, b in product(left, right)), inner)


def _kept(clauses: Iterable[Clause]) -> list[Clause]:
    """Without clauses that say no more than another; many of them end here."""
    distinct = sorted(set(clauses), key=lambda clause: (len(clause), sorted(map(repr, clause))))
    kept: list[Clause] = []
    for clause in distinct:
        if not any(other <= clause for other in kept):
            kept.append(clause)
    if len(kept) > MOST_CLAUSES:
        raise TooManyClauses(
            f"comes to more than {MOST_CLAUSES} alternatives when AND is worked out over OR; use `in` for several "
            "values of an attribute, or make several segments of it"
        )
    return kept


def _part(node: Node, kind: str, is_negated: bool) -> Part:
    if kind == "fact":
        [(operator, number)] = node.bounds
        return Part("fact", node.name, operator, number, (), is_negated)
    if kind == "attribute":
        return Part("attribute", node.name, "in", None, node.values, is_negated)
    return _listed(node.name, is_negated)


def _listed(tag: str, is_negated: bool = False) -> Part:
    return Part("tag", tag, "in", None, (), is_negated)


def _contradicts(clause: Clause, facts: Mapping[str, Fact], values: Mapping[str, Collection[str]]) -> bool:
    if any(replace(part, is_negated=not part.is_negated) in clause for part in clause):
        return True
    by_name: dict[tuple[str, str], list[Part]] = defaultdict(list)
    for part in clause:
        by_name[part.kind, part.name].append(part)
    return any(
        (kind == "fact" and _has_no_number(parts, facts[name]))
        or (kind == "attribute" and _has_no_value(parts, values.get(name)))
        for (kind, name), parts in by_name.items()
    )


def _has_no_number(parts: list[Part], fact: Fact) -> bool:
    """Who is known not to be over 5 is at most 5; who has no such number is neither."""
    is_known = fact.is_always_known or not all(part.is_negated for part in parts)
    bounds = [
        (OPPOSITES[part.operator] if part.is_negated else part.operator, part.number)
        for part in parts
        if part.number is not None
    ]
    return is_known and span(fact, bounds).is_empty


def _has_no_value(parts: list[Part], every: Collection[str] | None) -> bool:
    wanted = [set(part.values) for part in parts if not part.is_negated]
    if every is not None:
        wanted.append(set(every))
    refused = {value for part in parts if part.is_negated for value in part.values}
    return bool(wanted) and not set.intersection(*wanted) - refused
