"""A mistake in a company's folder is answered with file, line, key, what was found and what is allowed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sales_warehouse.company.load import CompanyError, load_company

COMPANY = """\
company_id: small
name: {en: Small, zh: 小公司}
currency: CNY
time_zone: Asia/Shanghai
country: CN
"""
LIFECYCLE = """\
tiers:
  - tier: A
    name: {en: Active, zh: 活跃}
    rules:
      - id: recent
        reason: {en: Bought lately, zh: 近期购买}
        when: [{fact: days_since_last_order, at_most: 90}]
  - tier: C
    name: {en: Asleep, zh: 休眠}
"""
SHOP = """\
source: shop
label: {en: Shop, zh: 商城}
owner: data
expected_within_hours: 24
connection: {type: files, path: "${SOURCE_DATA}/shop"}
tables:
  orders: {files: "*.csv", format: csv, columns: [no, created, state]}
mappings:
  - entity: orders
    from: orders
    columns:
      order_id: no
      ordered_at: {from: created, normalise: timestamp}
      status: {from: state, values: {paid: paid}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sources").mkdir()
    (tmp_path / "company.yml").write_text(COMPANY, encoding="utf-8")
    (tmp_path / "lifecycle.yml").write_text(LIFECYCLE, encoding="utf-8")
    (tmp_path / "sources" / "shop.yml").write_text(SHOP, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("name", ["../../orders", "/orders", "a/b", "id=5", "orders*", ".orders"])
def test_a_table_is_called_as_a_folder_may_be(folder: Path, name: str) -> None:
    shop = folder / "sources" / "shop.yml"
    shop.write_text(SHOP.replace("  orders: {", f"  {name!r}: {{").replace("from: orders", f"from: {name!r}"))
    with pytest.raises(CompanyError) as error:
        load_company(folder)
    assert f"shop.yml:7: tables.{name}: {name!r} is no name of a table: it begins with" in str(error.value)


@pytest.mark.parametrize("name", ["订单 2026-v1.0", "订单（一月）", "R&D orders (2), it's $#+%@:"])
def test_a_table_may_be_called_in_chinese_or_as_people_call_sheets(folder: Path, name: str) -> None:
    shop, quoted = folder / "sources" / "shop.yml", json.dumps(name)
    shop.write_text(SHOP.replace("  orders: {", f"  {quoted}: {{").replace("from: orders", f"from: {quoted}"))
    assert list(load_company(folder).sources["shop"].tables) == [name]


def test_a_complete_folder_is_taken(folder: Path) -> None:
    company = load_company(folder)
    assert company.company_id == "small"
    assert list(company.sources) == ["shop"]
    assert company.sources["shop"].mappings[0].columns["order_id"].expression == "no"


CASES = {
    "an unknown key": ("company.yml", "country: CN", "contry: CN", [":5:", "contry", "did you mean 'country'"]),
    "an unknown time zone": ("company.yml", "Asia/Shanghai", "Asia/Shanghi", [":4: time_zone", "Asia/Shanghai"]),
    "a rate of the reporting currency": (
        "company.yml", "country: CN", "country: CN\nexchange_rates: {USD: 7.1, CNY: 1}",
        [":6: exchange_rates", "CNY is the reporting currency", "take it out"],
    ),
    "a rate that leaves nothing of an amount": (
        "company.yml", "country: CN", "country: CN\nexchange_rates: {VND: 0.000000001}",
        [":6: exchange_rates.VND", "greater than or equal to 0.00000001"],
    ),
    "a rate that no amount has room for": (
        "company.yml", "country: CN", "country: CN\nexchange_rates: {USD: 123456789}",
        [":6: exchange_rates.USD", "less than 100000000"],
    ),
    "a value of the wrong type": (
        "sources/shop.yml", "expected_within_hours: 24", "expected_within_hours: soon",
        [":4: expected_within_hours", "'soon'"],
    ),
    "an unknown channel entity": (
        "sources/shop.yml", "entity: orders", "entity: ordes",
        [":9: mappings.0.entity", "did you mean 'orders'", "Allowed: calls"],
    ),
    "an unknown column of the contract": (
        "sources/shop.yml", "status: {from", "state: {from",
        [":14: mappings.0.columns.state", "did you mean 'status'"],
    ),
    "a column that the source does not have": (
        "sources/shop.yml", "order_id: no", "order_id: numero",
        [":12: mappings.0.columns.order_id", "numero", "Candidate"],
    ),
    "an unknown table": (
        "sources/shop.yml", "    from: orders", "    from: order", [":10: mappings.0.from", "'orders'"],
    ),
    "a key column that is not mapped": (
        "sources/shop.yml", "      order_id: no\n", "", [":11: mappings.0.columns", "order_id"],
    ),
    "more than one statement": (
        "sources/shop.yml", "order_id: no", "order_id: '1); drop table orders; --'",
        [":12:", "mappings.0.columns.order_id"],
    ),
    "an expression that reads files": (
        "sources/shop.yml", "order_id: no", "order_id: (select content from read_text('/etc/hostname'))",
        [":12:", "disabled"],
    ),
    "an id of an unknown source": (
        "sources/shop.yml", "order_id: no\n", "order_id: no\n      owner_rep_id: {from: no, of: shpo}\n",
        [":13: mappings.0.columns.owner_rep_id.of", "unknown source 'shpo'; did you mean 'shop'? Allowed: shop"],
    ),
    "a key that is said to come from a source": (
        "sources/shop.yml", "order_id: no", "order_id: {from: no, of: shop}",
        [":12: mappings.0.columns.order_id.of", "names no record", "customer_id, contact_id, opportunity_id"],
    ),
    "a value that is said to come from a source": (
        "sources/shop.yml", "values: {paid: paid}}", "of: shop}", [":14: mappings.0.columns.status.of", "owner_rep_id"],
    ),
    "a day for a moment": (
        "sources/shop.yml", "normalise: timestamp", "normalise: date",
        [":13: mappings.0.columns.ordered_at.normalise", "holds TIMESTAMP, which 'date' does not make", "timestamp"],
    ),
    "a day for the version": (
        "sources/shop.yml", "    columns:\n", "    version: {from: created, normalise: date}\n    columns:\n",
        [":11: mappings.0.version.normalise", "allowed: timestamp"],
    ),
    "an amount for a whole number": (
        "sources/shop.yml", "mappings:\n",
        "mappings:\n  - entity: order_lines\n    from: orders\n    columns:\n"
        "      {order_id: no, line_number: no, quantity: {from: state, normalise: money}}\n",
        [":12: mappings.0.columns.quantity.normalise", "holds BIGINT, which 'money' does not make; allowed: integer"],
    ),
    "an unknown fact in a lifecycle rule": (
        "lifecycle.yml", "days_since_last_order", "days_since_order", [":7:", "did you mean 'days_since_last_order'"],
    ),
    "two bounds in a condition": ("lifecycle.yml", "at_most: 90", "at_most: 90, at_least: 3", [":7:", "exactly one"]),
    "a source named unlike its file": ("sources/shop.yml", "source: shop", "source: store", [":1: source", "'shop'"]),
    "the same key twice": ("company.yml", "country: CN", "currency: USD", ["company.yml:5", "duplicate"]),
    "no valid YAML": ("company.yml", "name: {en: Small", "name: {en: [Small", ["company.yml:2", "not valid YAML"]),
    "a column promised twice": ("sources/shop.yml", "[no, created, state]", "[no, No, state]", [":7:", "named twice"]),
    "a column with a name of the warehouse's own": (
        "sources/shop.yml", "[no, created, state]", "[no, created, state, _Deleted]",
        [":7: tables.orders.columns", "'_Deleted' is a name that the warehouse keeps for itself"],
    ),
    "a dlt source that is no name": (
        "sources/shop.yml", "{type: files, path:", "{type: dlt, source: 'os.system(1)', path:",
        ["should match pattern"],
    ),
    "a table without what its connection needs": (
        "sources/shop.yml", 'files: "*.csv", ', "", ["files is needed for a files source"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("file", "found", "wrong", "said"), CASES.values(), ids=CASES.keys())
def test_a_mistake_is_named_with_its_place(folder: Path, file: str, found: str, wrong: str, said: list[str]) -> None:
    text = (folder / file).read_text(encoding="utf-8")
    assert found in text
    (folder / file).write_text(text.replace(found, wrong, 1), encoding="utf-8")
    with pytest.raises(CompanyError) as error:
        load_company(folder)
    assert str(folder / file) in str(error.value)
    for part in said:
        assert part in str(error.value)


RECONCILIATION = """\
orders:
  - id: shop_in_erp
    name: {en: Shop orders in the ERP, zh: 商城订单在ERP中}
    left: {source: shop, number: order_id}
    right: {source: erp, number: order_number, orders: numbered}
"""
RECONCILIATIONS = {
    "a source that is not there": ("source: erp", "source: epr", [":5: orders.0.right.source", "did you mean 'erp'"]),
    "a source without orders": (
        "source: erp", "source: till", [":5: orders.0.right.source", "'till' maps no orders"],
    ),
    "a number that nobody maps": (
        "number: order_id", "number: order_number",
        [":4: orders.0.left.number", "sources/shop.yml fills 'order_number'"],
    ),
    "the same system twice": ("source: erp, number: order_number", "source: shop, number: order_id", ["two systems"]),
    "an unknown column": ("number: order_id", "number: customer_id", [":4:", "'customer_id'"]),
    "both sides only named": (
        "order_id}\n    right: {source: erp, number: order_number, orders: numbered}",
        "order_id, orders: named}\n    right: {source: erp, number: order_number, orders: named}",
        ["`orders: named` on both sides"],
    ),
}  # fmt: skip


@pytest.fixture
def reconciled(folder: Path) -> Path:
    erp = SHOP.replace("source: shop", "source: erp").replace(
        "order_id: no", "order_id: no\n      order_number: created"
    )
    (folder / "sources" / "erp.yml").write_text(erp, encoding="utf-8")
    products = "mappings: [{entity: products, from: orders, columns: {product_id: no}}]\n"
    till = SHOP.replace("source: shop", "source: till").partition("mappings:")[0] + products
    (folder / "sources" / "till.yml").write_text(till, encoding="utf-8")
    (folder / "reconciliation.yml").write_text(RECONCILIATION, encoding="utf-8")
    return folder


def test_a_reconciliation_is_taken(reconciled: Path) -> None:
    (rule,) = load_company(reconciled).reconciliation.orders
    assert (rule.left.number, rule.right.orders, str(rule.amount_tolerance)) == ("order_id", "numbered", "0.01")


@pytest.mark.parametrize(("found", "wrong", "said"), RECONCILIATIONS.values(), ids=RECONCILIATIONS.keys())
def test_a_mistake_in_a_reconciliation_is_named(reconciled: Path, found: str, wrong: str, said: list[str]) -> None:
    assert found in RECONCILIATION
    (reconciled / "reconciliation.yml").write_text(RECONCILIATION.replace(found, wrong, 1), encoding="utf-8")
    with pytest.raises(CompanyError) as error:
        load_company(reconciled)
    assert "reconciliation.yml" in str(error.value)
    for part in said:
        assert part in str(error.value)


IDENTITY = """\
golden_record:
  prefer: [shop]
  attributes:
    industry: {rule: most_common}
    city: {prefer: [shop]}
"""


@pytest.mark.parametrize(
    ("found", "wrong", "said"),
    [
        ("city: {prefer: [shop]}", "city: {prefer: [shpo]}", [":5:", "unknown source 'shpo'; did you mean 'shop'"]),
        ("prefer: [shop]\n  attr", "prefer: [erp]\n  attr", [":2:", "unknown source 'erp'"]),
        ("rule: most_common", "rule: longest", [":4:", "longest"]),
        ("industry:", "industri:", ["1 mistake in", ":4:", "industri"]),
        ("golden", "customers: {shared_limit: true}\ngolden", [":1: customers.shared_limit", "True"]),
        ("golden", "customers: {merge_above: '0.9'}\ngolden", [":1: customers.merge_above", "'0.9'"]),
        ("golden", "customers: {review_above: '0.4'}\ngolden", [":1: customers.review_above", "'0.4'"]),
    ],
)
def test_a_mistake_in_the_golden_record_is_named(folder: Path, found: str, wrong: str, said: list[str]) -> None:
    file = folder / "identity.yml"
    file.write_text(IDENTITY, encoding="utf-8")
    golden = load_company(folder).identity.golden_record
    assert (golden.of("city").prefer, golden.of("name").prefer, golden.of("industry").prefer) == (
        ("shop",),
        ("shop",),
        (),
    )
    assert found in IDENTITY
    file.write_text(IDENTITY.replace(found, wrong), encoding="utf-8")
    with pytest.raises(CompanyError) as error:
        load_company(folder)
    for part in (str(file.name), *said):
        assert part in str(error.value)


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "lifecycle.yml").unlink()
    with pytest.raises(CompanyError, match=r"lifecycle\.yml: this file is missing"):
        load_company(folder)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CompanyError, match="does not exist"):
        load_company(tmp_path / "nowhere")


def test_every_mistake_is_said_at_once(folder: Path) -> None:
    (folder / "company.yml").write_text(COMPANY.replace("currency: CNY", "currency: yuan"), encoding="utf-8")
    shop = SHOP.replace("owner: data\n", "")
    (folder / "sources" / "shop.yml").write_text(shop, encoding="utf-8")
    with pytest.raises(CompanyError) as error:
        load_company(folder)
    assert len(error.value.problems) == 2
