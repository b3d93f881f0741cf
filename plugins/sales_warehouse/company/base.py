"""What every part of a company's configuration is made of."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """A strict part of the configuration: an unknown key is a mistake, never ignored, and a number is finite."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, allow_inf_nan=False)


class Label(Model):
    """A text in English and Chinese."""

    en: str
    zh: str
