"""dealers.yml: how the stock of dealers is read."""

from __future__ import annotations

from pydantic import Field

from sales_warehouse.company.base import Model


class DealersFile(Model):
    """dealers.yml: when a count is too old, and over how long sales are averaged."""

    stale_after_days: int = Field(
        default=14, ge=1, le=3650, description="a count older than this is stale: its stock is left out of totals"
    )
    supply_window_days: int = Field(
        default=28, ge=1, le=3650, description="days over which sales are averaged to say how long stock lasts"
    )
