"""Conform: every element of a list in a cell can be a row of its own, and nothing that is no list is lost."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from written_company import files_source, write_company

from sales_warehouse import conformed, elements
from sales_warehouse.company.load import CompanyError, load_company
from sales_warehouse.conformed import Batch
from sales_warehouse.home import Home
from sales_warehouse.landing import land

CHATS = files_source(
    "talks",
    """\
tables:
  talks: {files: "*.jsonl", format: jsonl, columns: [no, said]}
mappings:
  - entity: chat_messages
    from: talks
    each: said
    columns:
      chat_id: no
      message_number: item_number
      sender_type: {from: "item ->> 'by'", values: {guest: customer, staff: rep}}
      sent_at: "item ->> 'at'"
      text: "item ->> 'text'"
""",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_company(tmp_path, talks=CHATS)


@pytest.fixture
def talks(folder: Path) -> Callable[[str], Batch]:
    """Conform conversations that are given as lines of JSON, and return the counts of the one batch."""
    loaded = load_company(folder)
    home = Home(folder / "var", "small")

    def conform(lines: str) -> Batch:
        (folder / "talks").mkdir()
        (folder / "talks" / "one.jsonl").write_text(lines, encoding="utf-8")
        moment = datetime.datetime(2026, 6, 28)
        source = loaded.sources["talks"]
        report = land(
            home, source, company_folder=folder, extracted_at=moment, latest_moment=moment,
            environment={}, on_progress=lambda _: None,
        )  # fmt: skip
        assert report.load
        (batch,) = conformed.conform_load(home, loaded, source, report.load, lambda _: None)
        return replace(batch, source=str(conformed.file_of(home, batch)))

    return conform


def test_every_message_of_a_conversation_is_a_row(talks: Callable[[str], Batch]) -> None:
    batch = talks(
        '{"no": "a", "said": [{"by": "guest", "at": "2026-06-01 09:00:00", "text": "Hi"}, {"by": "staff"}]}\n'
        '{"no": "b", "said": []}\n'
        '{"no": "c"}\n'
        '{"no": "d", "said": null}\n'
    )
    assert (batch.landed, batch.excluded, batch.conformed) == (2, 0, 2)
    columns = "chat_id, message_number, sender_type, strftime(sent_at, '%d %H:%M'), text, _faults"
    rows = duckdb.sql(f"select {columns} from read_parquet('{batch.source}') order by 2").fetchall()
    assert rows == [("a", 1, "customer", "01 01:00", "Hi", None), ("a", 2, "rep", None, None, None)]


def test_what_is_no_list_is_kept_as_a_malformed_row(talks: Callable[[str], Batch]) -> None:
    batch = talks('{"no": "a", "said": "Hi"}\n{"no": "b", "said": {"by": "guest"}}\n{"no": "c", "said": [{}]}\n')
    assert (batch.landed, batch.conformed) == (3, 3)
    faults = duckdb.sql(f"select _faults from read_parquet('{batch.source}') where chat_id is null").fetchall()
    assert [fault["value"] for (row,) in faults for fault in row] == [
        "said holds no list: a list in JSON is expected"
    ] * 2


def test_a_number_in_an_element_keeps_its_text_as_in_a_column(talks: Callable[[str], Batch]) -> None:
    said = '[{"by": "guest", "text": 1E5}, {"text": 0.10, "n": {"x": [1.0]}}, {"text": 202601020000000000012345}]'
    batch = talks(f'{{"no": 1.10, "said": {said}}}\n')
    rows = duckdb.sql(f"select chat_id, text from read_parquet('{batch.source}') order by message_number").fetchall()
    assert rows == [("1.10", "1E5"), ("1.10", "0.10"), ("1.10", "202601020000000000012345")]


@pytest.mark.parametrize(
    ("text", "asked", "values"),
    [
        ('[{"a": "1.10", "b": 1.10}]', "item ->> 'b'", ["1.10"]),
        ('[{"a": "x, 1.10, \\"2.50\\" \\\\", "b": -0.50e-7}]', "item ->> 'a'", ['x, 1.10, "2.50" \\']),
        ('[{"a": "x\\\\", "b": -0.50e-7}]', "item ->> 'b'", ["-0.50e-7"]),
        ('[{"a": {"b": [7, 1.10]}}, null]', "item ->> '$.a.b[1]'", ["1.10", None]),
        ('[{"a": 18446744073709551616123, "b": 1.0}]', "item ->> 'a'", ["18446744073709551616123"]),
        ('[{"a": 5, "b": true}]', "cast(item as varchar)", ['{"a":5,"b":true}']),
        ("[ 1.10 , 1E5,null, -0 ]", "cast(item as varchar)", ["1.10", "1E5", None, "-0"]),
        ('["1.10", 1.10]', "item ->> '$'", ["1.10", "1.10"]),
        ("[[1.10], [2]]", "item ->> '$[0]'", ["1.10", "2"]),
        (" [ ] ", "cast(item as varchar)", []),
    ],
)
def test_every_element_has_the_text_it_came_with(text: str, asked: str, values: list[str | None]) -> None:
    query = f"select {asked} from (select unnest({elements.items('said')}) as item from (select ?::varchar as said))"
    assert [value for (value,) in duckdb.execute(query, [text]).fetchall()] == values


@pytest.mark.parametrize(
    ("written", "instead", "said"),
    [
        ("each: said", "each: sayd", "did you mean 'said'"),
        ("columns: [no, said]", "columns: [no, said, item]", "has a column 'item' of its own"),
        ("item ->> 'by'", "itm ->> 'by'", "itm"),
    ],
)
def test_a_list_that_cannot_be_read_is_named_before_anything_runs(
    folder: Path, written: str, instead: str, said: str
) -> None:
    (folder / "sources" / "talks.yml").write_text(CHATS.replace(written, instead), encoding="utf-8")
    with pytest.raises(CompanyError, match=said):
        load_company(folder)
