"""The public csv-spectrum set: 12 files and what they have to be read as."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import pytest
from extract_sources import Desk, rows

DATA = Path(os.environ.get("SALES_WAREHOUSE_TEST_DATA", "/nonexistent")) / "csv_spectrum"
NAMES = [
    "comma_in_quotes",
    "empty",
    "empty_crlf",
    "escaped_quotes",
    "json",
    "location_coordinates",
    "newlines",
    "newlines_crlf",
    "quotes_and_newlines",
    "simple",
    "simple_crlf",
    "utf8",
]
# The answer for this file has another phone number than the file (2095257564): the file is right.
WRONG_ANSWERS = {"location_coordinates": {"Contact Phone Number": "2095257564"}}

pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(
        not DATA.is_dir(), reason="set SALES_WAREHOUSE_TEST_DATA to the folder that has csv_spectrum/ to run this"
    ),
]


@pytest.mark.parametrize("name", NAMES)
def test_reads_as_promised(desk: Desk, name: str) -> None:
    content = (DATA / "csvs" / f"{name}.csv").read_bytes()
    answer = json.loads((DATA / "json" / f"{name}.json").read_text(encoding="utf-8"))
    answer = [row | WRONG_ANSWERS.get(name, {}) for row in (answer if isinstance(answer, list) else [answer])]
    header = next(csv.reader([content.decode().splitlines()[0]]))
    desk.put("a.csv", content)
    found = [dict(zip(header, row, strict=True)) for row in rows(desk.extract_files(",".join(header)))]
    assert found == answer


def test_all_twelve_are_there() -> None:
    assert sorted(file.stem for file in (DATA / "csvs").iterdir()) == NAMES
