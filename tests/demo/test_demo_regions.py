"""Places of the demo are real ones, as a package that others keep up to date knows them (python-stdnum, GB/T 2260)."""

from __future__ import annotations

import csv
import unicodedata
from importlib import resources

import pytest
from stdnum import numdb

from sales_warehouse.normalise import provinces

CODES = numdb.get("cn/loc")
CITIES = (resources.files("sales_warehouse.demo") / "lists" / "cities.csv").read_text(encoding="utf-8")


def place(code: str, level: str) -> str | None:
    """Name of the province (level `province`) or of what the code itself means (level `county`)."""
    found = [about[level] for _, about in CODES.info(code) if level in about]
    return found[0] if found else None


@pytest.mark.parametrize("city", list(csv.DictReader(CITIES.splitlines())), ids=lambda city: city["city"])
def test_the_code_of_a_city_is_a_district_of_that_city(city: dict[str, str]) -> None:
    assert place(city["area_code"], "province") == city["province"]
    assert place(city["area_code"], "county")
    is_municipality = city["province"].startswith(city["city"])
    assert is_municipality or city["city"] in (place(city["area_code"][:4] + "00", "county") or "")


def test_the_provinces_are_all_there() -> None:
    known = {place(f"{number:02}0000", "province") for number in range(10, 90)} - {None}
    simple = str.maketrans("門別區", "门别区")
    named = {unicodedata.normalize("NFKC", name or "").translate(simple) for name in known}
    assert {province.full_name_zh for province in provinces()} == named
