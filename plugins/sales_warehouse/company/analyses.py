"""analyses.yml: how sure, and how large, something has to be for an analysis to name it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sales_warehouse.company.base import Model

Factor = Annotated[float, Field(ge=1, le=100, allow_inf_nan=False)]
Share = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]


class AnalysesFile(Model):
    """The thresholds of the analyses; each has a default, the same as in dbt_project.yml."""

    false_discovery_rate: float = Field(
        default=0.05, gt=0, le=0.25, description="of what is named, at most so much is chance"
    )
    trait_sales_factor: Factor = Field(
        default=2.0,
        description="what has a trait of the hits sells so many times what has not; of the slow movers, the inverse",
    )
    contribution_index: Factor = Field(default=1.25, description="share of the repurchases over share of the customers")
    return_spike_factor: Factor = Field(default=1.5, description="times the return rate of the half year before")
    return_maturity_days: int = Field(default=30, ge=0, le=365, description="after so long no more comes back")
    concentration_cr3_rate: Share = Field(default=0.8, description="the three largest customers buy so much")
    white_space_index: Share = Field(default=0.8, description="buyers over those that the region would have")
