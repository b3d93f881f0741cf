"""Tiers that leave a gap, that nobody can reach or that contradict themselves are refused before a run."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import chain

from sales_warehouse.company.bounds import Fact, Span, is_covered, span
from sales_warehouse.company.lifecycle import Condition, LifecycleFile, TierRule
from sales_warehouse.company.load import Document, Problem, suggestion

NOBODY = "unknown"  # in dim_customers


def check_lifecycle(file: LifecycleFile, document: Document, facts: dict[str, Fact]) -> list[Problem]:
    """Return the mistakes of lifecycle.yml; what rules mean is judged when all their facts are known."""
    problems = [*_tiers(file, document), *_retention(file, document)]
    conditions = list(_conditions(file, document, facts))
    return problems + (conditions or list(_rules(file, document, facts)))


def _tiers(file: LifecycleFile, document: Document) -> Iterator[Problem]:
    seen: set[str] = set()
    ids: set[str] = set()
    last = len(file.tiers) - 1
    for t, tier in enumerate(file.tiers):
        if tier.tier in seen:
            text = f"there are two tiers {tier.tier!r}; a customer would be in both: give one of them another name"
            yield document.problem(text, "tiers", t, "tier")
        seen.add(tier.tier)
        if tier.tier == NOBODY:
            text = f"{NOBODY!r} is the tier of what belongs to no customer that is known; give this one another name"
            yield document.problem(text, "tiers", t, "tier")
        if t == last and tier.rules:
            text = (
                f"the last tier ({tier.tier}) must have no rules: it takes everybody who is left; add a tier after it"
            )
            yield document.problem(text, "tiers", t, "rules")
        if t < last and not tier.rules:
            text = f"tier {tier.tier} has no rules, so no customer would reach the tiers after it; give it rules"
            yield document.problem(text, "tiers", t)
        for r, rule in enumerate(tier.rules):
            if rule.id in ids:
                text = f"there are two rules {rule.id!r}; the history could not tell them apart: rename one"
                yield document.problem(text, "tiers", t, "rules", r, "id")
            ids.add(rule.id)


def _retention(file: LifecycleFile, document: Document) -> Iterator[Problem]:
    classes = {tier.retention_class for tier in file.tiers}
    for name in file.retention:
        if name not in classes:
            text = f"no tier has this retention class{suggestion(name, classes)}"
            yield document.problem(text, "retention", name)
        elif name == file.tiers[0].retention_class:
            text = (
                f"tier {file.tiers[0].tier} keeps its conversations and quotes for ever, so its class can have no age; "
                "give the other tiers another retention_class"
            )
            yield document.problem(text, "retention", name)


def _conditions(file: LifecycleFile, document: Document, facts: dict[str, Fact]) -> Iterator[Problem]:
    for t, tier in enumerate(file.tiers):
        for r, rule in enumerate(tier.rules):
            for c, condition in enumerate(rule.when):
                place = ("tiers", t, "rules", r, "when", c)
                if condition.fact not in facts:
                    yield document.problem(f"unknown fact{suggestion(condition.fact, facts)}", *place, "fact")
                elif problem := never_holds(facts[condition.fact], condition.bounds):
                    yield document.problem(problem, *place)


def never_holds(fact: Fact, bounds: list[tuple[str, float]]) -> str | None:
    """Say why no customer can meet the bounds on one fact, or None."""
    if not span(fact, bounds).is_empty:
        return None
    limits = f"lies between {fact.minimum:g} and {fact.maximum:g}".replace("between -inf and inf", "anywhere")
    limits = limits.replace("lies between 0 and inf", "is never below 0")
    whole = ", in whole numbers" if fact.is_whole else ""
    written = " and ".join(f"{operator} {value:g}" for operator, value in bounds)
    return f"can never hold: {fact.name} {limits}{whole}; {written} leaves nothing"


def _rules(file: LifecycleFile, document: Document, facts: dict[str, Fact]) -> Iterator[Problem]:
    earlier: list[tuple[str, TierRule]] = []
    for t, tier in enumerate(file.tiers):
        places = [("tiers", t, "rules", r) for r in range(len(tier.rules))]
        problems = [
            problem
            for rule, place in zip(tier.rules, places, strict=True)
            for problem in _rule(rule, tier.tier, earlier, document, place, facts)
        ]
        yield from problems
        earlier += [(tier.tier, rule) for rule in tier.rules]
        if not problems and is_covered({}, [_spans(rule, facts) for _, rule in earlier], facts):
            text = (
                f"these rules and those of the tiers before hold for every customer together, so nobody would be in "
                f"the tiers after {tier.tier}; make one of them narrower"
            )
            yield document.problem(text, "tiers", t, "rules")
            return


def _rule(
    rule: TierRule,
    tier: str,
    earlier: list[tuple[str, TierRule]],
    document: Document,
    place: tuple[str | int, ...],
    facts: dict[str, Fact],
) -> Iterator[Problem]:
    spans = _spans(rule, facts)
    for fact, conditions in _by_fact(rule.when).items():
        if problem := never_holds(facts[fact], list(chain.from_iterable(c.bounds for c in conditions))):
            yield document.problem(f"its conditions contradict each other: {problem}", *place, "when")
            return
    if all(facts[name].is_always_known and spans[name].covers(span(facts[name], ())) for name in spans):
        text = f"holds for every customer, so all would be in tier {tier}; leave the rule out or make it narrower"
        yield document.problem(text, *place, "when")
        return
    for taken, other in earlier:
        if all(name in spans and wider.covers(spans[name]) for name, wider in _spans(other, facts).items()):
            text = (
                f"is never reached: whoever meets it meets rule {other.id!r} of tier {taken} first; "
                "make that rule narrower or leave this one out"
            )
            yield document.problem(text, *place)
            return
    if is_covered(spans, [_spans(other, facts) for _, other in earlier], facts):
        text = (
            "is never reached: whoever meets it meets one of the rules of the tiers before first, each of which takes "
            "a part; make one of them narrower or leave this one out"
        )
        yield document.problem(text, *place)


def _by_fact(conditions: tuple[Condition, ...]) -> dict[str, list[Condition]]:
    found: dict[str, list[Condition]] = defaultdict(list)
    for condition in conditions:
        found[condition.fact].append(condition)
    return found


def _spans(rule: TierRule, facts: dict[str, Fact]) -> dict[str, Span]:
    """What a rule leaves of each of its facts."""
    grouped = _by_fact(rule.when)
    return {name: span(facts[name], chain.from_iterable(c.bounds for c in found)) for name, found in grouped.items()}
