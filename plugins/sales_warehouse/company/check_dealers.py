"""Stock that would be stale before the next count is due is refused before a run."""

from __future__ import annotations

import math
from collections.abc import Iterator

from sales_warehouse.company.load import Document, Problem
from sales_warehouse.company.models import Company


def check_dealers(company: Company, document: Document) -> Iterator[Problem]:
    """Yield the mistakes of dealers.yml."""
    for source in company.sources.values():
        counts = any(mapping.entity == "dealer_inventory" for mapping in source.mappings)
        if counts and source.expected_within_hours > 24 * company.dealers.stale_after_days:
            yield document.problem(
                f"counts of {source.source!r} are expected within {source.expected_within_hours:g} hours, so after "
                f"{company.dealers.stale_after_days} days every dealer would be stale before its next one; give at "
                f"least {math.ceil(source.expected_within_hours / 24)}",
                "stale_after_days",
            )
