"""The examples of docs/sources let honest rows in: their tables and mappings as they stand on the page, run whole."""

from __future__ import annotations

import datetime
import gzip
import json
import re
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import duckdb
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from api_server import Answer, serving
from test_documented_sources import EXAMPLES
from written_company import write_company

from sales_warehouse import conformed, gate
from sales_warehouse.company.load import load_company
from sales_warehouse.home import Home
from sales_warehouse.landing import land


def as_files(connection: str) -> Callable[[str, Path], str]:
    """Return how an example reads files of a folder of its name, whatever it is connected to."""
    return lambda text, _: re.sub(r"connection:.*\n(  .*\n)*", f"connection: {connection}\n", text, count=1)


def to_deals(text: str, folder: Path) -> str:
    """Make the database of an example one of SQLite with a table of deals; it has no schemas."""
    with closing(sqlite3.connect(folder / "crm.db")) as database:
        database.execute(
            "create table deals (id integer primary key, customer_no text, amount text, state text, created_at text, "
            "changed_at text)"
        )
        rows = [(n, "C1", "5", state, f"{DAY} 09:00:00", f"{DAY} 10:00:00") for n, state in enumerate(DEAL_STATES)]
        database.executemany("insert into deals values (?, ?, ?, ?, ?, ?)", rows)
        database.commit()
    where = f"sqlite:///{folder / 'crm.db'}"
    return text.replace("postgresql://reader:${CRM_PASSWORD}@crm-db.example/crm", where).replace(
        "  schema: sales\n", ""
    )


def to_tickets(text: str, folder: Path) -> str:
    """Write the module of the example, which asks nobody."""
    records = [
        {"id": n, "requester": {"id": "C1"}, "status": "open", "created_at": f"{DAY}T09:00:00Z",
         "updated_at": f"{DAY}T10:00:00Z"}
        for n in range(3)
    ]  # fmt: skip
    (folder / "company_sources.py").write_text(
        f"import dlt\n\n\n@dlt.resource\ndef tickets(token):\n    yield {records!r}\n", encoding="utf-8"
    )
    return text


def csv_file(name: str, text: str, encoding: str) -> Callable[[str, Path], str]:
    def write(example: str, folder: Path) -> str:
        content = text.encode(encoding)
        path = folder / "delivered" / name
        path.parent.mkdir()
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return as_files("{type: files, path: delivered}")(example, folder)

    return write


def in_every_format(example: str, folder: Path) -> str:
    """Write a file of each format that an office sends, with one row in it."""
    place = folder / "delivered"
    (place / "leads" / "2026").mkdir(parents=True)
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "拜访"
    for row in (["十一月"], ["拜访编号", "客户编号", "业务员", "开始时间"], ["V1", "C1", "R1", f"{DAY} 09:00:00"]):
        sheet.append(row)
    book.save(place / "拜访_2026-11.xlsx")
    scores = f"id\tcustomer\tscore\tbest\tat\nS1\tC1\t4\t5\t{DAY} 09:00:00\n"
    (place / "scores_1.tsv").write_text(scores, encoding="utf-16")
    pq.write_table(pa.table({"sku": [1], "name": ["茶"], "line": ["饮品"], "price": [1.5]}), place / "products.parquet")
    stock = {"data": {"items": [{"dealer": {"id": "D1"}, "sku": "1", "day": DAY, "units": 7}]}}
    (place / "stock_1.json").write_text(json.dumps(stock))
    with zipfile.ZipFile(place / "leads" / "2026" / "11.zip", "w") as archive:
        lead = {"id": "L1", "contact": {"phone": "13800000000"}, "created_at": f"{DAY}T09:00:00Z"}
        archive.writestr("leads.jsonl", json.dumps(lead))
    return as_files("{type: files, path: delivered}")(example, folder)


DAY, DEAL_STATES = "2026-11-02", ("open", "won", "lost")
CALLS = """\
通话编号,方向,客户编号,坐席工号,开始时间,通话秒数,通话结果
T1,inbound,C1,R1,2026/11/02 09:00:00,60,新咨询
T2,inbound,C2,R1,2026/11/02 10:00:00,0,未接通
T3,outbound,C2,R1,2026/11/02 11:00:00,30,已回复
"""
SALES = """\
sale_no,store_id,product_id,sold_on,quantity,amount
S1,ST1,P1,2026-11-02,3,30.00
S2,ST1,P1,2026-11-02,1,10.00
S3,ST1,P2,2026-11-02,-1,-5.00
"""
HONEST_ROWS = {
    "files 1": csv_file("calls_2026-11-02.csv", CALLS, "gb18030"),
    "files 2": csv_file("sales_1.csv.gz", SALES, "utf-8"),
    "databases 1": to_deals,
    "dlt 1": to_tickets,
}


@pytest.mark.parametrize("example", [*HONEST_ROWS, pytest.param("dlt 2", marks=pytest.mark.long)])
def test_an_example_lets_honest_rows_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, example: str) -> None:
    """Three rows through landing, conform and gate, with the tables and mappings as they stand on the page."""
    monkeypatch.syspath_prepend(str(tmp_path))
    connected = HONEST_ROWS.get(example, to_deals)(EXAMPLES[example][1], tmp_path)
    assert judged(tmp_path, connected, {"DESK_TOKEN": "x"}) == (3, 3, [])


def test_the_example_of_every_format_lets_honest_rows_in(tmp_path: Path) -> None:
    connected = in_every_format(EXAMPLES["files 3"][1], tmp_path)
    assert judged(tmp_path, connected, {}) == (5, 5, [])


def test_the_example_of_an_api_lets_honest_rows_in(tmp_path: Path) -> None:
    moments = {"created": f"{DAY}T09:00:00Z", "updated": f"{DAY}T10:00:00Z"}
    orders = [
        {"id": n, "customer": {"id": "C1"}, "amount": 5, "state": state, **moments}
        for n, state in enumerate(["open", "paid", "void"])
    ]
    with serving() as api:
        token = Answer({"access_token": "t", "token_type": "bearer", "expires_in": 3600})
        page = Answer({"data": {"items": orders, "next": None, "total": 3}})
        api.answer = lambda request: token if request.method == "POST" else page
        text = EXAMPLES["rest 1"][1].replace("https://api.shop.example/v2", api.url)
        text = text.replace("https://login.shop.example/oauth/token", f"{api.url}/token")
        assert judged(tmp_path, text, {"SHOP_CLIENT_ID": "x", "SHOP_CLIENT_SECRET": "y"}) == (3, 3, [])


def judged(folder: Path, text: str, environment: dict[str, str]) -> tuple[int, int, list[str]]:
    """Return how many rows of a source landed and were let in, and the rules that kept the others out."""
    name = text.split("\n", 1)[0].removeprefix("source: ")
    (folder / "company").mkdir()
    place = write_company(folder / "company", **{name: text})
    company, home = load_company(place), Home(folder / "var", "small")
    at = datetime.datetime(2026, 11, 3, 18)
    report = land(
        home, company.sources[name], company_folder=folder, extracted_at=at, latest_moment=at,
        environment=environment, on_progress=lambda _: None,
    )  # fmt: skip
    assert (report.refused, report.load is not None) == ([], True)
    assert report.load
    gate.ensure_schemas(home)
    conformed.conform_load(home, company, company.sources[name], report.load, lambda _: None)
    gate.gate_load(home, company, company.sources[name], report.load, lambda _: None, at=at)
    kept_out = sorted(str(path) for path in home.quarantine.rglob("*.parquet"))
    let_in = sorted(str(path) for path in home.accepted.rglob("*.parquet"))
    rules = duckdb.sql(f"select rule from read_parquet({kept_out})").fetchall() if kept_out else []
    rows = duckdb.sql(f"select count(*) from read_parquet({let_in})").fetchall()[0][0] if let_in else 0
    return report.load.rows, rows, [rule for (rule,) in rules]
