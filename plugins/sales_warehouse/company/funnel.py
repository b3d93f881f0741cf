"""funnel.yml: when a deal stands still, how long a cohort needs, and from when on a step of the funnel is odd."""

from __future__ import annotations

from pydantic import Field, model_validator

from sales_warehouse.company.base import Model


class StallLimit(Model):
    """Days in a stage that are not yet too many: of the calendar, or those on which the deal's owner works."""

    after_days: int | None = Field(default=None, ge=1)
    after_workdays: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _one(self) -> StallLimit:
        if (self.after_days is None) == (self.after_workdays is None):
            raise ValueError("give after_days or after_workdays, one of the two")
        return self

    @property
    def days(self) -> tuple[str, int]:
        """Return which days are counted, and how many are not yet too many."""
        if self.after_days is not None:
            return "calendar", self.after_days
        assert self.after_workdays is not None
        return "business", self.after_workdays


class Stalled(Model):
    """Deals that stand still. A stage of its own limit is not measured by the one of the others."""

    limit: StallLimit = StallLimit(after_days=30)
    stages: dict[str, StallLimit] = Field(default_factory=dict, description="limits by name of the stage")


class OddStep(Model):
    """From when on a step converts so much less than it used to that it is not chance."""

    score: float = Field(default=3.5, gt=0, description="robust standard deviations below its own history")
    minimum_entered: int = Field(default=50, ge=5, description="periods in which fewer entered are not judged")


class FunnelFile(Model):
    """funnel.yml: how the way from lead to cash is judged."""

    maturity_days: int = Field(
        default=90, ge=1, description="within so many days a step leads on, or does not; a cohort is mature after them"
    )
    stalled: Stalled = Stalled()
    odd_step: OddStep = OddStep()
