"""The demo's folder is complete, and what it promises about the sources is what they hand over."""

from __future__ import annotations

from pathlib import Path

import pytest
from demo_reading import crm, filed, held, visits
from demo_settings import small

from sales_warehouse.company.load import load_company
from sales_warehouse.company.models import Company
from sales_warehouse.contracts import load_contracts
from sales_warehouse.demo import tables

DEMO = Path("config/demo")


@pytest.fixture(scope="module")
def company() -> Company:
    return load_company(DEMO)


def test_every_channel_is_fed_and_orders_come_from_two_sources(company: Company) -> None:
    fed = [(mapping.entity, name) for name, source in company.sources.items() for mapping in source.mappings]
    assert {entity for entity, _ in fed} == set(load_contracts())
    assert {source for entity, source in fed if entity == "orders"} == {"crm", "shop"}


def test_each_record_has_one_home_and_visits_and_chats_name_those_of_the_crm(company: Company) -> None:
    fed = {(mapping.entity, name) for name, source in company.sources.items() for mapping in source.mappings}
    assert {source for entity, source in fed if entity == "sales_reps"} == {"crm"}
    for name in ("visits", "chats"):
        mapping = company.sources[name].mappings[0]
        named = set(load_contracts()[mapping.entity].references) & set(mapping.columns)
        assert named >= {"customer_id", "contact_id", "rep_id"}
        assert {mapping.columns[column].of for column in named} == {"crm"}


def test_sources_hand_over_the_columns_that_the_configuration_promises(company: Company, clean_world: Path) -> None:
    for system in ("crm", "shop"):
        for name, table in company.sources[system].tables.items():
            assert set(table.columns) <= set(held(clean_world, system, name)[0])
    for system, listed in tables.FILES.items():
        promised = list(company.sources[system].tables.values())
        assert len(promised) == len(listed)
        for table, known in zip(listed, promised, strict=True):
            names = list(dict.fromkeys(name.split(".")[0] for name in known.columns))
            assert names == list(filed(clean_world, system, table.name)[0]), (system, table.name)
            assert known.encoding == table.encoding
    for table in company.sources["visits"].tables.values():
        assert list(table.columns) == list(visits(clean_world)[0])
        assert list((clean_world / "visits").glob(str(table.files)))


def test_values_of_the_clean_world_are_all_known_to_the_mappings(company: Company, clean_world: Path) -> None:
    listed = {
        (mapping.table, column.expression): set(column.values)
        for mapping in company.sources["crm"].mappings
        for column in mapping.columns.values()
        if column.values and column.otherwise is None
    }
    assert listed
    for (table, column), known in listed.items():
        assert {row[column] for row in crm(clean_world, table)} - {None} <= known, f"{table}.{column}"


def test_the_demo_begins_on_a_sunday_with_what_a_manager_should_find(company: Company) -> None:
    assert company.demo is not None
    assert company.demo.business_date.isoweekday() == 7
    active = {name for name, _ in company.demo.situations.active()}
    assert active >= {
        "region_fall", "competitor_promotion", "stage_loss", "regional_gap", "white_papers", "weekend_enquiries",
        "capture_loss",
    }  # fmt: skip
    assert 4 <= len(company.targets.targets) <= 20
    assert company.demo != small()
