"""Regions that are there twice, or that share a province or a way of writing them, are refused before a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sales_warehouse.company.load import Document, Problem
from sales_warehouse.company.models import Company, RegionsFile
from sales_warehouse.normalise import lowered

# What marts call rows of no region, of all together, and events that are everywhere.
TAKEN = ("unknown", "total", "all")


def check_regions(company: Company, documents: Mapping[str, Document]) -> Iterator[Problem]:
    """Yield the mistakes of regions.yml."""
    if document := documents.get("regions"):
        yield from _keys(company.regions, document)
        yield from _spellings(company.regions, document)


def _keys(file: RegionsFile, document: Document) -> Iterator[Problem]:
    """A region and a province are members of one dimension, so each has a key of its own."""
    known = {region.id for region in file.regions}
    ids: set[str] = set()
    provinces: dict[str, str] = {}
    for at, region in enumerate(file.regions):
        if region.id in ids:
            yield document.problem(f"{region.id!r} is there twice; rename one", "regions", at, "id")
        elif region.id in TAKEN:
            text = f"{region.id!r} is what the marts call something else; give the region another id"
            yield document.problem(text, "regions", at, "id")
        ids.add(region.id)
        for place, code in enumerate(region.provinces):
            if code in known:
                text = f"{code!r} is the id of a region; give the region another id"
                yield document.problem(text, "regions", at, "provinces", place)
            elif code in provinces:
                text = f"{code!r} lies in {provinces[code]!r} already; take it out of one of them"
                yield document.problem(text, "regions", at, "provinces", place)
            provinces.setdefault(code, region.id)


def _spellings(file: RegionsFile, document: Document) -> Iterator[Problem]:
    """What a source writes means one region."""
    meant: dict[str, str] = {}
    for at, region in enumerate(file.regions):
        names = (("id", region.id), ("name", region.name.en), ("name", region.name.zh))
        places: list[tuple[str, tuple[str | int, ...]]] = [(text, (key,)) for key, text in names]
        places += [(alias, ("aliases", place)) for place, alias in enumerate(region.aliases)]
        for text, place_of in places:
            other = meant.setdefault(lowered(text), region.id)
            if other != region.id:
                said = f"{text!r} means {other!r} already; a source that writes it would mean both"
                yield document.problem(said, "regions", at, *place_of)
