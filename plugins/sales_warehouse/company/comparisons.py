"""comparisons.yml: when a difference counts, who sells, and how heads may be moved."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from sales_warehouse.company.base import Model

Share = Annotated[float, Field(gt=0, lt=1)]


class Differences(Model):
    """What two numbers have to differ by, and of how many, before the marts say that they do."""

    significance: Share = Field(default=0.05, le=0.2, description="expected share of chance among what is flagged")
    least_change_rate: Share = Field(default=0.1, description="relative; a smaller difference is not worth a word")
    least_count: int = Field(default=30, ge=10, description="customers, enquiries or deals on either side")
    least_segment_count: int = Field(default=10, ge=5, description="deals of either side within a segment")


class Sellers(Model):
    """Whose time is selling time. Everybody of the sales_reps who is not named here sells."""

    managers: bool = Field(default=True, description="false: who manages somebody sells nothing")
    teams_without: tuple[str, ...] = Field(default=(), description="teams that sell nothing, as the source writes them")
    departments_without: tuple[str, ...] = ()


class Reallocation(Model):
    """What a proposal to move heads between regions keeps to."""

    minimum_heads: int = Field(default=1, ge=0, description="no region is left with fewer")
    returns_rate: Share = Field(
        default=0.5, le=0.9, description="sales grow with heads to this power: at 0.5, four times the heads sell twice"
    )
    most_moved_rate: Share = Field(
        default=0.1, description="share of all heads that one proposal may move; at least one"
    )
    least_gain_rate: float = Field(
        default=0.1, ge=0, le=10, description="a move has to bring so much more than it costs, relatively"
    )


class ComparisonsFile(Model):
    """comparisons.yml: what is compared with what, and when it counts."""

    differences: Differences = Differences()
    sellers: Sellers = Sellers()
    reallocation: Reallocation = Reallocation()

    @model_validator(mode="after")
    def _segments_are_parts(self) -> ComparisonsFile:
        if self.differences.least_segment_count > self.differences.least_count:
            raise ValueError(
                "differences: least_segment_count is more than least_count, but a segment is a part of the whole"
            )
        return self
