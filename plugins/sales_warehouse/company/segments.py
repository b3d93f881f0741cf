"""segments.yml: tags of customers, and segments: AND, OR and NOT over tags, attributes and numbers."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints, field_validator, model_validator

from sales_warehouse.company.base import Label, Model
from sales_warehouse.company.bounds import OPERATORS, Bounded
from sales_warehouse.company.lifecycle import Name

Value = Annotated[str, StringConstraints(min_length=1, strict=True)]
RecordKey = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*:.+$", strict=True)]
KINDS = ("all", "any", "not", "fact", "attribute", "tag", "segment")


class Node(Bounded):
    """One of: all of, any of, not; a fact with a bound; an attribute with a value; a tag; another segment."""

    all_of: tuple[Node, ...] | None = Field(default=None, alias="all", min_length=1)
    any_of: tuple[Node, ...] | None = Field(default=None, alias="any", min_length=1)
    not_: Node | None = Field(default=None, alias="not")
    fact: str | None = None
    attribute: str | None = None
    tag: str | None = None
    segment: str | None = None
    is_: str | bool | None = Field(default=None, alias="is")
    in_: tuple[Value, ...] | None = Field(default=None, alias="in", min_length=1)

    @field_validator("is_", mode="plain")
    @classmethod
    def _text_or_truth(cls, value: object) -> object:
        if isinstance(value, bool) or (isinstance(value, str) and value):
            return value
        raise ValueError(f"is a text, or true or false; found {value!r}")

    @model_validator(mode="after")
    def _one_thing(self) -> Node:
        if len(self.kinds) != 1:
            raise ValueError(f"give exactly one of {', '.join(KINDS)}")
        kind = self.kinds[0]
        if (len(self.bounds) == 1) != (kind == "fact"):
            raise ValueError(f"a fact has exactly one of {', '.join(OPERATORS)}, and nothing else has")
        if ((self.is_ is not None) + (self.in_ is not None) == 1) != (kind == "attribute"):
            raise ValueError("an attribute has exactly one of is and in, and nothing else has")
        return self

    @property
    def kinds(self) -> list[str]:
        """Which of the seven it is; one when it is right."""
        given = (self.all_of, self.any_of, self.not_, self.fact, self.attribute, self.tag, self.segment)
        return [kind for kind, value in zip(KINDS, given, strict=True) if value is not None]

    @property
    def values(self) -> tuple[str, ...]:
        """What an attribute may be, as text."""
        if isinstance(self.is_, bool):
            return (str(self.is_).lower(),)
        return self.in_ or ((self.is_,) if self.is_ is not None else ())

    @property
    def name(self) -> str:
        """What a fact, an attribute, a tag or a segment is called."""
        return self.fact or self.attribute or self.tag or self.segment or ""


class Segment(Model):
    """Customers for whom a condition holds."""

    id: Name
    name: Label
    when: Node


class Tag(Model):
    """A word that customers carry: those for whom a condition holds, or those on a list."""

    id: Name
    name: Label
    when: Node | None = None
    customers: tuple[RecordKey, ...] | None = Field(
        default=None, min_length=1, description="records as <source>:<customer id>; the tag follows the customer"
    )

    @model_validator(mode="after")
    def _one_way(self) -> Tag:
        if (self.when is None) == (self.customers is None):
            raise ValueError("give exactly one of when and customers")
        return self


class SegmentsFile(Model):
    """segments.yml: tags and segments of customers."""

    tags: tuple[Tag, ...] = ()
    segments: tuple[Segment, ...] = ()

    @property
    def kinds(self) -> dict[str, tuple[Segment | Tag, ...]]:
        """Both, by what they are."""
        return {"tag": self.tags, "segment": self.segments}
