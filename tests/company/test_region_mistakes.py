"""A region that two lines of regions.yml mean differently is refused, with its place."""

from __future__ import annotations

from pathlib import Path

import pytest
from written_company import files_source, write_company

from sales_warehouse.company.load import CompanyError, load_company

SHOP = """\
tables: {orders: {files: "*.csv", format: csv, columns: [no]}}
mappings: [{entity: orders, from: orders, columns: {order_id: no}}]
"""
REGIONS = """\
regions:
  - {id: 华东, name: {en: East, zh: 华东}, provinces: [CN-SH, CN-JS], aliases: [上海, 华东区]}
  - {id: 华北, name: {en: North, zh: 华北}, provinces: [CN-BJ], aliases: [北京]}
"""
CASES = {
    "a region that is there twice": ("id: 华北", "id: 华东", [":3: regions.1.id", "'华东' is there twice", "rename"]),
    "a province in two regions": ("[CN-BJ]", "[CN-BJ, CN-SH]", [":3: regions.1.provinces.1", "'CN-SH' lies in '华东'"]),
    "a region that is called as a province": ("id: 华北", "id: CN-JS", [":2: regions.0.provinces.1", "another id"]),
    "an alias of two regions": ("[北京]", "[北京, 上海]", [":3: regions.1.aliases.1", "'上海' means '华东' already"]),
    "an alias that is the name of another": ("[北京]", "[EAST]", [":3: regions.1.aliases.0", "'EAST' means '华东'"]),
    "a name of two regions": ("en: North", "en: East", [":3: regions.1.name", "'East' means '华东' already"]),
    "what marts call all together": ("id: 华北", "id: total", [":3: regions.1.id", "'total'", "another id"]),
    "no id at all": ("id: 华北", "id: ''", [":3: regions.1.id", "at least 1 character"]),
}


def folder_with(folder: Path, regions: str) -> Path:
    write_company(folder, shop=files_source("shop", SHOP))
    (folder / "regions.yml").write_text(regions, encoding="utf-8")
    return folder


@pytest.mark.parametrize(("found", "wrong", "said"), CASES.values(), ids=CASES.keys())
def test_a_mistake_is_named_with_its_place(tmp_path: Path, found: str, wrong: str, said: list[str]) -> None:
    assert found in REGIONS
    with pytest.raises(CompanyError) as error:
        load_company(folder_with(tmp_path, REGIONS.replace(found, wrong, 1)))
    for part in said:
        assert part in str(error.value)


def test_regions_that_differ_are_taken_however_often_one_is_written_alike(tmp_path: Path) -> None:
    repeated = REGIONS.replace("[北京]", "[北京, 北京, north]")
    assert [region.id for region in load_company(folder_with(tmp_path, repeated)).regions.regions] == ["华东", "华北"]
