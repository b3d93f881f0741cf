"""What is certain is mended, counted and shown before and after; what is not is refused."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from written_company import write_company

from sales_warehouse import conformed, gate, mended
from sales_warehouse.company.load import load_company
from sales_warehouse.company.models import Company
from sales_warehouse.home import Home
from sales_warehouse.landing import land, loads
from sales_warehouse.sql import read_loads, read_parquet

READ_AT = datetime.datetime(2026, 3, 1, 1)
SHOP = """\
source: shop
label: {en: Shop, zh: 商城}
owner: data-team
expected_within_hours: 24
connection: {type: files, path: shop}
tables:
  buyers: {files: "*.csv", format: csv, columns: [no, name, phone, email, code, place, price, changed]}
mappings:
  - entity: customers
    from: buyers
    columns:
      customer_id: no
      name: name
      uscc: {from: code, normalise: uscc}
      region: {from: place, normalise: region}
      updated_at: changed
  - entity: contacts
    from: buyers
    columns:
      contact_id: no
      name: name
      phone: {from: phone, normalise: phone}
      email: {from: email, normalise: email}
  - entity: products
    from: buyers
    columns:
      product_id: no
      name: name
      list_price_amount: {from: price, normalise: money}
"""
REGIONS = """\
regions:
  - {id: 华东, name: {en: East China, zh: 华东}, provinces: [CN-SH], aliases: [华东区, 上海, Großraum Shanghai]}
"""
COLUMNS = {
    "name": ("customers", "name"), "place": ("customers", "region"), "code": ("customers", "uscc"),
    "phone": ("contacts", "phone"), "email": ("contacts", "email"), "price": ("products", "list_price_amount"),
}  # fmt: skip
HEADER = "no,name,phone,email,code,place,price,changed\n"


def line(number: int, **other: str) -> str:
    """A row in which nothing has to be mended, but for what is said."""
    cells = {
        "no": str(number), "name": f"公司{number}", "phone": f"138{number:08d}", "email": f"b{number}@a.com",
        "code": "91350100M000100Y43", "place": "华东", "price": "12.50", "changed": "2026-02-01 09:00:00",
    }  # fmt: skip
    return ",".join((cells | other).values()) + "\n"


@dataclass
class Judged:
    home: Home
    company: Company
    outcomes: dict[str, gate.Gated]

    def accepted(self, entity: str, column: str) -> list[str]:
        files = f"{self.home.accepted}/{entity}/_load_id=2*/*.parquet"
        return [row[0] for row in duckdb.sql(f"select {column} from read_parquet('{files}') order by 1").fetchall()]


def judge(folder: Path, *lines: str) -> Judged:
    root = folder / "company"
    (root / "shop").mkdir(parents=True)
    write_company(root, shop=SHOP)
    (root / "regions.yml").write_text(REGIONS, encoding="utf-8")
    (root / "shop" / "one.csv").write_text(HEADER + "".join(lines), encoding="utf-8")
    company, home = load_company(root), Home(folder / "var", "small")
    source = company.sources["shop"]
    land(
        home, source, company_folder=root, extracted_at=READ_AT, latest_moment=READ_AT, environment={},
        on_progress=lambda _: None,
    )  # fmt: skip
    (load,) = loads(home, "shop")
    conformed.conform_load(home, company, source, load, lambda _: None)
    outcomes, _ = gate.gate_load(home, company, source, load, lambda _: None, at=READ_AT)
    return Judged(home, company, {item.batch.entity: item for item in outcomes})


@pytest.mark.parametrize(
    ("cell", "text", "repair", "value"),
    [
        pytest.param("name", "  公司\u3000", "white_space", "公司", id="wide spaces around a name"),
        pytest.param("name", "\u00a0公司", "white_space", "公司", id="a no-break space"),
        pytest.param("place", "华东区", "alias", "华东", id="another name of a region"),
        pytest.param("place", "GROßRAUM SHANGHAI", "alias", "华东", id="one with a letter that has no capital"),
        pytest.param("place", "上海", None, "华东", id="a province is no mistake"),
        pytest.param("place", "east china", None, "华东", id="a name in English is none either"),
        pytest.param("code", "91350100m000100y43", "letter_case", "91350100M000100Y43", id="a code in small letters"),
        pytest.param("phone", "１３８００１３８０００", "full_width", "+8613800138000", id="digits in full width"),
        pytest.param("phone", "138-0013-8000", "phone_form", "+8613800138000", id="hyphens"),
        pytest.param("phone", "+86 138 0013 8000", "phone_form", "+8613800138000", id="+86 and spaces"),
        pytest.param("phone", "+8613800138000", None, "+8613800138000", id="E.164 as it is"),
        pytest.param("email", "Li.Na@A.com", "letter_case", "li.na@a.com", id="an address in capitals"),
        pytest.param("price", "¥12.50元", None, "12.5000", id="money with signs is declared"),
        pytest.param("price", "１２.５", "full_width", "12.5000", id="money in full width"),
    ],
)
def test_what_is_certain_is_mended_and_said(
    tmp_path: Path, cell: str, text: str, repair: str | None, value: str
) -> None:
    entity, name = COLUMNS[cell]
    judged = judge(tmp_path, line(1, **{cell: text}))
    assert judged.accepted(entity, f"cast({name} as varchar)") == [value]
    told = [(item["column_name"], item["repair"], item["row_count"]) for item in judged.outcomes[entity].repairs]
    assert told == ([(name, repair, 1)] if repair else [])
    shown = [item for item in mended.summary(judged.home, ["shop"]) if item.entity == entity]
    assert [item.examples for item in shown] == ([[f"{text} → {value}"]] if repair else [])


def test_the_dirty_rate_counts_each_dirty_row_once(tmp_path: Path) -> None:
    """100 rows, 32 of them dirty: 20 mended (3 of these in two columns), 7 refused, 5 said again."""
    clean = [line(number) for number in range(1, 69)]
    two = [line(number, name=f" 公司{number}", place="华东区") for number in range(69, 72)]
    mendable = [line(number, place="华东区") for number in range(72, 89)]
    refused = [line(number, code="91350100M000100Y44") for number in range(89, 96)]
    again = [line(number) for number in range(1, 6)]
    found = judge(tmp_path, *clean, *two, *mendable, *refused, *again).outcomes["customers"]
    assert (found.batch.conformed, found.dirty) == (100, 32)
    assert (found.repaired, found.quarantined, found.repeated, found.accepted) == (20, 7, 5, 93)
    told = {(item["column_name"], item["repair"]): item["row_count"] for item in found.repairs}
    assert told == {("region", "alias"): 20, ("name", "white_space"): 3}


def test_a_mended_copy_of_a_clean_row_is_one_dirty_row(tmp_path: Path) -> None:
    found = judge(tmp_path, line(1), line(1, place="华东区"), line(2, place="华东区"), line(2, place="华东区"))
    assert (found.outcomes["customers"].dirty, found.outcomes["customers"].repeated) == (3, 2)


def test_rows_without_a_fault_are_clean_and_a_warning_is_doubt(tmp_path: Path) -> None:
    found = judge(tmp_path, line(1), line(2, name="")).outcomes
    assert (found["customers"].dirty, found["customers"].doubtful, found["customers"].accepted) == (0, 1, 2)


def test_the_folder_of_a_file_alone_says_of_which_load_its_rows_are(tmp_path: Path) -> None:
    """Written in each row, too, it would cost time with every load."""
    judged = judge(tmp_path, line(1))
    (file,) = judged.home.accepted.glob("customers/_load_id=2*/*.parquet")
    assert "_load_id" not in duckdb.sql(f"from {read_parquet([file])}").columns
    told = f"select _load_id from {read_loads([file])}"
    assert duckdb.sql(told).fetchall() == [(loads(judged.home, "shop")[0].load_id,)]


def test_every_repair_is_written_with_its_place(tmp_path: Path) -> None:
    judged = judge(tmp_path, line(1), line(2, name="公司\u3000", code="bad"), line(3, place="华东区"))
    assert mended.write(judged.home, ["shop"], tmp_path / "out" / "repairs.parquet") == 3
    rows = duckdb.sql(
        f"select entity, file, row_number, column_name, repair, before, after "
        f"from read_parquet('{tmp_path}/out/repairs.parquet') order by entity, row_number"
    ).fetchall()
    assert rows == [
        ("contacts", "one.csv", 2, "name", "white_space", "公司\u3000", "公司"),
        ("customers", "one.csv", 3, "region", "alias", "华东区", "华东"),
        ("products", "one.csv", 2, "name", "white_space", "公司\u3000", "公司"),
    ]
