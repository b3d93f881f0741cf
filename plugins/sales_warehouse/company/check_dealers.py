"""Stock that would be stale before the next count is due is refused before a run."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from sales_warehouse.company.load import Document, Problem
from sales_warehouse.company.models import Company


def check_dealers(company: Company, documents: Mapping[str, Document]) -> Iterator[Problem]:
    """Yield the mistakes of dealers.yml; where it is not there, of its defaults, at the source that they do not fit."""
    days = company.dealers.stale_after_days
    for name, source in company.sources.items():
        counts = any(mapping.entity == "dealer_inventory" for mapping in source.mappings)
        if counts and source.expected_within_hours > 24 * days:
            text = (
                f"counts of {name!r} are expected within {source.expected_within_hours:g} hours, so after {days} days "
                "every dealer would be stale before its next one; dealers.yml must say stale_after_days: "
                f"{math.ceil(source.expected_within_hours / 24)} or more"
            )
            if "dealers" in documents:
                yield documents["dealers"].problem(text, "stale_after_days")
            else:
                yield documents[f"sources/{name}"].problem(text, "expected_within_hours")
