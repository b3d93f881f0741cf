"""Whose pages these are: the home of the company that this Airflow serves."""

from __future__ import annotations

from ruamel.yaml import YAML

from sales_warehouse import settings
from sales_warehouse.airflow.sources import NAME
from sales_warehouse.home import Home


def home() -> Home:
    """Return the company's home, read from its name alone: a mistake elsewhere in its folder must not hide the board.

    Raises ValueError when company.yml names no company.
    """
    file = settings.company_folder() / "company.yml"
    company_id = YAML(typ="safe").load(file.read_text(encoding="utf-8")).get("company_id")
    if not NAME.fullmatch(str(company_id)):
        raise ValueError(f"{file}: company_id: {company_id!r} is not a name of small letters, digits and underscores")
    return Home.of(company_id)
