"""Whose pages these are: the home of the company that this Airflow serves."""

from __future__ import annotations

from dataclasses import dataclass

from ruamel.yaml import YAML

from sales_warehouse import settings
from sales_warehouse.airflow.sources import NAME
from sales_warehouse.customer.words import Language
from sales_warehouse.home import Home


@dataclass(frozen=True)
class Manner:
    """How a company reads: `language` of its texts and `zone` of its business day."""

    language: Language
    zone: str


def manner(asked: str | None) -> Manner:
    """Return the language that was asked for, else the company's, and the zone of its wall clocks."""
    about = _about()
    language = asked if asked in ("en", "zh") else about.get("language")
    return Manner("zh" if language == "zh" else "en", str(about["time_zone"]))


def home() -> Home:
    """Return the company's home, read from its name alone: a mistake elsewhere in its folder must not hide the board.

    Raises ValueError when company.yml names no company.
    """
    company_id = str(_about().get("company_id"))
    if not NAME.fullmatch(company_id):
        file = settings.company_folder() / "company.yml"
        raise ValueError(f"{file}: company_id: {company_id!r} is not a name of small letters, digits and underscores")
    return Home.of(company_id)


def _about() -> dict[str, str]:
    file = settings.company_folder() / "company.yml"
    return YAML(typ="safe").load(file.read_text(encoding="utf-8"))
