"""The English world is the Chinese one in other words, and its configuration reads it."""

from __future__ import annotations

import datetime
import re
from pathlib import Path

import pytest
from demo_reading import handed_over
from demo_settings import small

from sales_warehouse.company.load import load_company
from sales_warehouse.company.models import Company
from sales_warehouse.demo import advance, tables
from sales_warehouse.demo.answers import answers
from sales_warehouse.demo.generator import open_generator
from sales_warehouse.demo.words import Words

CHINESE = re.compile("[\u3400-\u9fff]")
WORDS = Words("en")
EVERY = [WORDS.table(table) for table in tables.EVERY]


@pytest.fixture(scope="module")
def english(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("english")
    advance(folder, small(customers=100, dirty_rate=0.1, language="en"))
    return folder


@pytest.fixture(scope="module")
def chinese(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("chinese")
    advance(folder, small(customers=100, dirty_rate=0.1))
    return folder


@pytest.fixture(scope="module")
def company() -> Company:
    return load_company(Path("config/demo-en"))


@pytest.mark.parametrize("table", tables.EVERY, ids=lambda table: f"{table.system}-{table.name}")
def test_no_chinese_is_left_and_no_row_is_lost(english: Path, chinese: Path, table: tables.SourceTable) -> None:
    rows = handed_over(english, table.system, table.name)
    assert len(rows) == len(handed_over(chinese, table.system, table.name))
    assert [row for row in rows if CHINESE.search(repr(row))] == []


def test_files_have_english_names(english: Path, chinese: Path) -> None:
    names = [file.name for file in english.rglob("*") if file.is_file()]
    assert len(names) == sum(file.is_file() for file in chinese.rglob("*"))
    assert [name for name in names if CHINESE.search(name)] == []


def test_what_is_no_word_is_the_same_in_both(english: Path, chinese: Path) -> None:
    for system, table, columns in (
        ("crm", "t_dd", ("ddbh", "khbh", "xdsj", "fksj")),
        ("shop", "order_lines", ("order_no", "seq", "sku", "qty", "price")),
        ("dealers", "store_sales", ("sale_no", "store_id", "quantity", "batch_id")),
    ):
        told = [
            [tuple(row[column] for column in columns) for row in handed_over(world, system, table)]
            for world in (english, chinese)
        ]
        assert told[0] == told[1]


def test_the_english_company_reads_what_its_systems_hand_over(company: Company, english: Path) -> None:
    for table in EVERY:
        source = company.sources[table.system]
        handed = set(handed_over(english, table.system, table.name)[0])
        promised = [{column.split(".")[0] for column in known.columns} for known in source.tables.values()]
        assert any(columns <= handed for columns in promised), table.name


def test_words_of_the_english_world_are_known_to_the_mappings(company: Company, tmp_path: Path) -> None:
    advance(tmp_path, small(customers=60, dirty_rate=0, language="en"))
    for mapping in company.sources["crm"].mappings:
        rows = handed_over(tmp_path, "crm", mapping.table)
        for column in mapping.columns.values():
            if column.values and column.otherwise is None:
                known = set(column.values)
                assert {row[column.expression] for row in rows} - {None} <= known, (
                    f"{mapping.table}.{column.expression}"
                )


def test_both_companies_map_the_same() -> None:
    english, chinese = (load_company(Path("config") / name) for name in ("demo-en", "demo"))
    assert english.sources.keys() == chinese.sources.keys()
    for name, source in english.sources.items():
        other = chinese.sources[name]
        assert [(m.entity, m.table, list(m.columns)) for m in source.mappings] == [
            (m.entity, m.table, list(m.columns)) for m in other.mappings
        ]
    assert {target.id for target in english.targets.targets} == {target.id for target in chinese.targets.targets}
    assert english.demo
    assert chinese.demo
    assert english.demo.model_dump(exclude={"language", "situations"}) == chinese.demo.model_dump(
        exclude={"language", "situations"}
    )


@pytest.mark.slow
def test_what_is_planted_is_found_in_english_too(company: Company, tmp_path: Path) -> None:
    assert company.demo
    chinese = load_company(Path("config/demo")).demo
    assert chinese
    told = []
    for settings in (company.demo, chinese):
        with open_generator(settings, tmp_path) as world:
            world.unfold(world.start, datetime.date(2026, 6, 28))
            told.append({name: item["measured"] for name, item in answers(world).items()})
    english, other = told
    assert english["hits_and_slow_movers"] == {"hit_trait": "prebiotics", "slow_trait": "portable"}
    for name, measured in english.items():
        if name != "hits_and_slow_movers":
            assert measured == other[name], name
