"""Segments and tags that name something unknown, go in a circle or can have no member are refused before a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from sales_warehouse.company.bounds import Fact
from sales_warehouse.company.check_lifecycle import never_holds
from sales_warehouse.company.clauses import TooManyClauses, clauses, named_conditions, possible, values_of
from sales_warehouse.company.load import Document, Problem, suggestion
from sales_warehouse.company.models import Company
from sales_warehouse.company.segments import Node, SegmentsFile
from sales_warehouse.normalise import province_code

Place = tuple[str | int, ...]


def check_segments(
    company: Company, document: Document, facts: dict[str, Fact], attributes: Mapping[str, str]
) -> list[Problem]:
    """Return the mistakes of segments.yml; `attributes` are the columns that may be asked for, with their types."""
    file = company.segments
    problems = list(_ids(file, document))
    for place, _, node in _conditions(file):
        for inner, part in _walk(node, place):
            problems += _part(company, part, document, inner, facts, attributes)
    problems += [
        document.problem(f"{source!r} is no source{suggestion(source, company.sources)}", "tags", t, "customers", c)
        for t, tag in enumerate(file.tags)
        for c, key in enumerate(tag.customers or ())
        if (source := key.partition(":")[0]) not in company.sources
    ]
    problems = problems or list(_circles(file, document))
    return problems or list(_members(company, document, facts))


def _ids(file: SegmentsFile, document: Document) -> Iterator[Problem]:
    seen: set[str] = set()
    for kind, items in file.kinds.items():
        for number, item in enumerate(items):
            if item.id in seen:
                yield document.problem(f"{item.id!r} is there twice; rename one", f"{kind}s", number, "id")
            seen.add(item.id)


def _conditions(file: SegmentsFile) -> Iterator[tuple[Place, tuple[str, str], Node]]:
    """Yield every condition with its place, and its kind and id."""
    for kind, items in file.kinds.items():
        for number, item in enumerate(items):
            if item.when:
                yield (f"{kind}s", number, "when"), (kind, item.id), item.when


def _walk(node: Node, place: Place) -> Iterator[tuple[Place, Node]]:
    """Yield every part of a condition with its place in the file."""
    yield place, node
    for key, inner in (("all", node.all_of), ("any", node.any_of)):
        for number, child in enumerate(inner or ()):
            yield from _walk(child, (*place, key, number))
    if node.not_:
        yield from _walk(node.not_, (*place, "not"))


def _part(
    company: Company,
    part: Node,
    document: Document,
    place: Place,
    facts: dict[str, Fact],
    attributes: Mapping[str, str],
) -> Iterator[Problem]:
    kind = part.kinds[0]
    named = {name: [item.id for item in items] for name, items in company.segments.kinds.items()}
    known: Mapping[str, Iterable[str]] = {"fact": facts, "attribute": attributes, **named}
    if kind in known and part.name not in known[kind]:
        yield document.problem(f"unknown {kind}{suggestion(part.name, known[kind])}", *place, kind)
        return
    if part.fact and (problem := never_holds(facts[part.fact], part.bounds)):
        yield document.problem(problem, *place)
    if part.attribute:
        yield from _values(company, part, document, place, attributes[part.attribute])


def _values(company: Company, part: Node, document: Document, place: Place, kind: str) -> Iterator[Problem]:
    is_truth = isinstance(part.is_, bool)
    if is_truth != (kind == "boolean"):
        wanted = "`is: true` or `is: false`" if kind == "boolean" else "a text, such as `is: x` or `in: [x, y]`"
        key = "is" if part.is_ is not None else "in"
        yield document.problem(f"{part.attribute} takes {wanted}", *place, key)
        return
    listed = _listed(company, part.attribute or "")
    for number, value in enumerate(part.values):
        at = (*place, "is") if part.is_ is not None else (*place, "in", number)
        if listed and value not in listed:
            yield document.problem(f"no {part.attribute} of this company{suggestion(value, listed)}", *at)
        elif problem := _no_key(company, part.attribute or "", value):
            yield document.problem(problem, *at)


def _no_key(company: Company, attribute: str, value: str) -> str | None:
    """Say what to write in the place of a name, where an attribute has keys; None where the value may be one."""
    if attribute == "province_key" and (code := province_code(value)) not in (None, value):
        return f"provinces go by their codes; write {code} for {value!r}"
    source = value.partition(":")[0]
    if attribute == "owner_rep_key" and value != "unknown" and (source == value or source not in company.sources):
        wanted = "sellers are written <source>:<their id>, as in dim_sales_reps.rep_key"
        return f"no seller{suggestion(source, company.sources)}; {wanted}"
    return None


def _listed(company: Company, attribute: str) -> list[str]:
    """What an attribute can be where the settings list it; empty where every text is possible."""
    if attribute == "tier":
        return [tier.tier for tier in company.lifecycle.tiers]
    if attribute == "region_key" and company.regions.regions:
        return [*(region.id for region in company.regions.regions), "unknown"]
    return []


def _circles(file: SegmentsFile, document: Document) -> Iterator[Problem]:
    """Report each segment or tag that comes back to itself, with the way."""
    places = {key: (place, node) for place, key, node in _conditions(file)}
    for start, (place, _) in places.items():
        if way := _way_back(start, places):
            shown = " → ".join(f"{kind} {name}" for kind, name in [start, *way])
            yield document.problem(f"refers to itself: {shown}; leave one of these out", *place)


def _way_back(
    start: tuple[str, str], places: Mapping[tuple[str, str], tuple[Place, Node]]
) -> list[tuple[str, str]] | None:
    """Return the shortest way from a condition to itself, or None."""
    ways = [[start]]
    seen = {start}
    while ways:
        way = ways.pop(0)
        for _, part in _walk(places[way[-1]][1], ()):
            step = part.kinds[0], part.name
            if step == start:
                return [*way[1:], step]
            if step in places and step not in seen:
                seen.add(step)
                ways.append([*way, step])
    return None


def _members(company: Company, document: Document, facts: dict[str, Fact]) -> Iterator[Problem]:
    """A condition without a possible clause can have no member."""
    named, values = named_conditions(company.segments), values_of(company.lifecycle)
    for place, _, node in _conditions(company.segments):
        try:
            found = possible(clauses(node, named), facts, values)
        except TooManyClauses as error:
            yield document.problem(f"{error}", *place)
            continue
        if not found:
            yield document.problem("contradicts itself: no customer could be in it", *place)
