"""match.yml: which columns of a table tell who a record is, and from which probability on two records are one."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from sales_warehouse.company.base import Model
from sales_warehouse.company.load import suggestion
from sales_warehouse.identity.kinds import KINDS

CLUSTER = "cluster_id"


def _known(kind: str) -> str:
    if kind not in KINDS:
        raise ValueError(f"unknown kind{suggestion(kind, KINDS)}")
    return kind


class MatchSettings(Model):
    """Columns by their kinds, and two thresholds."""

    id: str = Field(description="the column that names a record")
    fields: dict[str, Annotated[str, AfterValidator(_known)]] = Field(min_length=1, description="column → kind")
    merge_above: float = Field(default=0.5, gt=0, lt=1, description="from here on records are one")
    review_above: float = Field(default=0.1, gt=0, lt=1, description="from here on a pair is told")

    @model_validator(mode="after")
    def _sensible(self) -> MatchSettings:
        if self.review_above > self.merge_above:
            raise ValueError("review_above lies above merge_above: pairs that are joined would not be told")
        if self.id in self.fields:
            raise ValueError(
                f"the id {self.id!r} names a record and tells nothing of who it is: leave it out of fields"
            )
        if self.id.casefold() == CLUSTER:
            raise ValueError(f"the id {self.id!r} is what the result calls the cluster: give the column another name")
        return self
