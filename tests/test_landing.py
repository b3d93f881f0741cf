"""Landing: what was kept stays readable, and what does not add up is not kept."""

from __future__ import annotations

import dataclasses
import datetime
import json
from pathlib import Path

import duckdb
import pytest
from written_company import files_source, write_company

from sales_warehouse import conformed, conservation, landing
from sales_warehouse.company.load import load_company
from sales_warehouse.company.models import Source
from sales_warehouse.extract import Extraction, Landed
from sales_warehouse.home import Home


def test_a_load_of_an_older_version_can_be_read(tmp_path: Path) -> None:
    home = Home(tmp_path, "small")
    folder = home.landing / "crm" / "20260301T010000_000000-crm"
    folder.mkdir(parents=True)
    item = {
        "table": "calls",
        "file": "calls/1.parquet",
        "origin": "1.csv",
        "rows": 3,
        "fingerprint": "a",
        "cursor": None,
    }
    moments = {"extracted_at": "2026-03-01T01:00:00", "latest_moment": "2026-03-01T01:00:00"}
    manifest = {"source": "crm", "load_id": folder.name, **moments, "files": [item]}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (load,) = landing.loads(home, "crm")
    assert (load.rows, load.extracted_at) == (3, datetime.datetime(2026, 3, 1, 1))


def landed(folder: Path, name: str, held: dict[str, int], **counts: tuple[int, int]) -> list[Landed]:
    """Write a Parquet file with so many rows of each origin; `counts` are what its reader and its source say."""
    path = folder / name
    rows = " union all ".join(f"select '{origin}' as _file from range({count})" for origin, count in held.items())
    duckdb.sql(f"copy ({rows}) to '{path}' (format parquet)")
    return [Landed("calls", path, origin, read, reported, "f") for origin, (read, reported) in counts.items()]


def test_files_whose_rows_add_up_are_kept(tmp_path: Path) -> None:
    found = Extraction(landed=landed(tmp_path, "1", {"a": 3, "b": 2}, a=(3, 3), b=(2, 2), empty=(0, 0)))
    conservation.hold_back_what_does_not_add_up(found, tmp_path)
    assert len(found.landed) == 3
    assert found.refused == []


def test_a_lost_row_refuses_its_file_and_those_that_share_its_parquet(tmp_path: Path) -> None:
    fine = landed(tmp_path, "1", {"c": 5}, c=(5, 5))
    found = Extraction(landed=[*landed(tmp_path, "2", {"a": 9_999, "b": 2}, a=(9_999, 10_000), b=(2, 2)), *fine])
    conservation.hold_back_what_does_not_add_up(found, tmp_path)
    assert found.landed == fine
    assert [item.reason for item in found.refused] == [
        "a: the source has 10,000 rows, the reader counted 9,999 and wrote 9,999; nothing of it was taken: rows would "
        "be lost or doubled. Please report this with the file",
        "b: read together with a file whose rows do not add up; nothing of it was taken, it is tried again",
    ]
    assert not (tmp_path / "2").exists()


def test_a_reader_that_counts_right_and_writes_wrong_is_caught(tmp_path: Path) -> None:
    for held in ({"a": 9}, {"a": 11}, {"a": 10, "stranger": 1}):
        found = Extraction(landed=landed(tmp_path, "1", held, a=(10, 10)))
        conservation.hold_back_what_does_not_add_up(found, tmp_path)
        assert found.landed == []
        assert len(found.refused) == 1


def test_an_origin_that_comes_twice_is_refused_for_its_rows_would_share_their_places(tmp_path: Path) -> None:
    twice = [*landed(tmp_path, "1", {"a": 2}, a=(2, 2)), *landed(tmp_path, "2", {"a": 1}, a=(1, 1))]
    fine = [dataclasses.replace(item, table="orders") for item in landed(tmp_path, "3", {"a": 5}, a=(5, 5))]
    found = Extraction(landed=[*twice, *fine])
    conservation.hold_back_what_does_not_add_up(found, tmp_path)
    assert found.landed == fine
    assert {item.reason for item in found.refused} == {
        "a: it came 2 times at once, so two rows would have one place and a correction of one would change the other; "
        "nothing of it was taken. Please report this with the configuration of the source"
    }


def test_any_error_is_a_failed_visit_and_its_text_is_nobodys_business(tmp_path: Path) -> None:
    home, moment = Home(tmp_path, "small"), datetime.datetime(2026, 3, 1, 1)
    home.tmp.parent.mkdir(parents=True, exist_ok=True)
    home.tmp.write_text("a file where a folder should be")
    source = Source.model_validate(
        {
            "source": "crm",
            "label": {"en": "CRM", "zh": "客户"},
            "owner": "sales",
            "expected_within_hours": 24,
            "connection": {"type": "files", "path": str(tmp_path)},
            "tables": {"calls": {"files": "*.csv", "format": "csv", "columns": ["id"]}},
            "mappings": [{"entity": "calls", "from": "calls", "columns": {"call_id": "id"}}],
        }
    )
    with pytest.raises(FileExistsError):
        landing.land(
            home, source, company_folder=tmp_path, extracted_at=moment, latest_moment=moment, environment={},
            on_progress=print,
        )  # fmt: skip
    assert landing.status(home, "crm") == {
        "checked_at": "2026-03-01T01:00:00",
        "status": "failed",
        "error": "crm: the reader failed (FileExistsError); nothing was taken. The log says where",
        "refused": [],
    }


def test_a_folder_on_the_way_to_the_warehouse_fills_no_column(tmp_path: Path) -> None:
    """DuckDB takes `id=prod` in a path for a partition, and its value for that of every row."""
    place = tmp_path / "id=prod"
    (place / "shop").mkdir(parents=True)
    (place / "shop" / "1.csv").write_text("id,at\nO1,2026-01-01 09:00:00\nO2,2026-01-01 10:00:00\n")
    described = (
        "tables: {orders: {files: '*.csv', format: csv, columns: [id, at]}}\n"
        "mappings: [{entity: orders, from: orders, columns: {order_id: id, ordered_at: at}}]\n"
    )
    company, home = load_company(write_company(place, shop=files_source("shop", described))), Home(place, "small")
    moment = datetime.datetime(2026, 1, 2)
    report = landing.land(
        home, company.sources["shop"], company_folder=place, extracted_at=moment, latest_moment=moment,
        environment={}, on_progress=lambda _: None,
    )  # fmt: skip
    assert report.load
    conformed.conform_load(home, company, company.sources["shop"], report.load, lambda _: None)
    (file,) = [
        file for file in home.conformed.rglob("*.parquet") if "orders" in str(file) and "places" not in file.name
    ]
    found = duckdb.sql(
        f"select order_id from read_parquet('{file}', hive_partitioning = false) order by all"
    ).fetchall()
    assert found == [("O1",), ("O2",)]
