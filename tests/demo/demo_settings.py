"""Settings of the small worlds that the tests make."""

from __future__ import annotations

import datetime

from sales_warehouse.company.models import DemoFile

LAST_DAY = datetime.date(2026, 6, 28)


def small(**changes: object) -> DemoFile:
    """Settings of a world that is made in about a second."""
    given = {"customers": 40, "days": 30, "orders_per_day": 25, "business_date": LAST_DAY, "seed": 7, **changes}
    return DemoFile.model_validate(given)
