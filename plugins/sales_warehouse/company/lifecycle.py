"""lifecycle.yml: tiers of customers from the first choice to the last, and how long their conversations are kept."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from sales_warehouse.company.base import Label, Model
from sales_warehouse.company.bounds import OPERATORS, Bounded

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]


class Condition(Bounded):
    """A fact about a customer that must reach, or not pass, a number."""

    fact: str

    @model_validator(mode="after")
    def _bounded(self) -> Condition:
        if not self.bounds:
            raise ValueError(f"give exactly one of {', '.join(OPERATORS)}")
        return self


class TierRule(Model):
    """A rule of a tier: it holds when all of its conditions hold."""

    id: Name
    reason: Label
    when: tuple[Condition, ...] = Field(min_length=1)


class Tier(Model):
    """A tier of customers; any one of its rules is enough. The last tier takes whoever is left."""

    tier: str = Field(min_length=1)
    name: Label
    retention_class: Name = "standard"
    rules: tuple[TierRule, ...] = ()


class Retention(Model):
    """How long the conversations of a class are kept; for ever when nothing is said."""

    keep_conversation_days: int = Field(
        strict=True, ge=1, le=365_000, description="older texts may be purged; leave the class out to keep them all"
    )


class LifecycleFile(Model):
    """lifecycle.yml: tiers from the first choice to the last."""

    tiers: tuple[Tier, ...] = Field(min_length=1)
    retention: dict[Name, Retention] = Field(
        default_factory=dict, description="by retention class; a class that is not listed is kept for ever"
    )
