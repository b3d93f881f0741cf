"""needs.yml: what is written down about a customer's needs, and the words and facts that tell it."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, model_validator

from sales_warehouse.company.base import Label, Model
from sales_warehouse.company.lifecycle import Name

Texts = Literal["chats", "visits"]
StructuredFact = Literal["quoted_product_line", "white_paper_read", "contact_role", "chat_intent"]


class NeedRule(Model):
    """Where a value comes from: words or a pattern in what the customer wrote and the seller noted, or a fact."""

    id: Name
    words: tuple[str, ...] | None = Field(default=None, min_length=1, description="any of them is enough")
    find: str | None = Field(default=None, description="regular expression (RE2), with at most one group")
    value: str | None = Field(default=None, description="what is written down; absent: the group, else what was found")
    texts: tuple[Texts, ...] = Field(default=("chats", "visits"), min_length=1)
    fact: StructuredFact | None = None

    @model_validator(mode="after")
    def _one_way(self) -> NeedRule:
        if sum(way is not None for way in (self.words, self.find, self.fact)) != 1:
            raise ValueError("give exactly one of words, find and fact")
        if self.fact and (self.value or "texts" in self.model_fields_set):
            raise ValueError("a fact says its own value and has no texts")
        if self.words and not all(word.strip() for word in self.words):
            raise ValueError("an empty word is found in every text")
        return self

    @property
    def pattern(self) -> str | None:
        """The regular expression; None where the rule is a fact."""
        return "|".join(map(re.escape, self.words)) if self.words else self.find


class NeedField(Model):
    """Something to know about a customer. The first of its rules that finds something in a text speaks."""

    id: Name
    name: Label
    several: bool = Field(default=False, description="each value stands for itself, as product lines do; else the last")
    rules: tuple[NeedRule, ...] = Field(min_length=1)


class NeedsFile(Model):
    """needs.yml: the profile of needs."""

    fields: tuple[NeedField, ...] = ()
