"""The smallest company that the configuration allows, with two sources."""

from __future__ import annotations

from pathlib import Path

SOURCES = ("crm", "shop")

COMPANY_YML = """
company_id: tiny
name: {en: Tiny, zh: 小公司}
currency: CNY
time_zone: Asia/Shanghai
country: CN
"""
LIFECYCLE_YML = "tiers: [{tier: A, name: {en: Everybody, zh: 全部}}]"
SOURCE_YML = """
source: NAME
label: {en: NAME, zh: NAME}
owner: data-team
expected_within_hours: 36
connection: {type: files, path: "${SOURCE_DATA}/NAME"}
tables:
  customers: {files: "*.csv", format: csv, columns: [id, name]}
mappings:
  - entity: customers
    from: customers
    columns: {customer_id: id, name: name}
"""


def write(folder: Path) -> Path:
    """Write the company's folder and return it."""
    (folder / "sources").mkdir(parents=True)
    (folder / "company.yml").write_text(COMPANY_YML, encoding="utf-8")
    (folder / "lifecycle.yml").write_text(LIFECYCLE_YML, encoding="utf-8")
    for name in SOURCES:
        text = SOURCE_YML.replace("NAME", name) + ("micro_batch: true\n" if name == "shop" else "")
        (folder / "sources" / f"{name}.yml").write_text(text, encoding="utf-8")
    return folder
