"""A merge and a split that are taken back leave the files of who is who, and what is published of it, as they were."""

from __future__ import annotations

import datetime
from pathlib import Path

import duckdb
import pytest
from few_marts import only
from refreshes import environment
from written_company import files_source, write_company

from sales_warehouse import steps
from sales_warehouse.identity import decisions
from sales_warehouse.identity.records import CONTACTS, CUSTOMERS
from sales_warehouse.publish import publish

CRM = files_source(
    "crm",
    """\
tables:
  customers: {files: "customers.csv", format: csv, columns: [no, name, code, city]}
  people: {files: "people.csv", format: csv, columns: [no, customer, name, mail]}
  orders: {files: "orders.csv", format: csv, columns: [no, customer, person]}
mappings:
  - entity: customers
    from: customers
    columns: {customer_id: no, name: name, uscc: code, city: city}
  - entity: contacts
    from: people
    columns: {contact_id: no, customer_id: customer, name: name, email: mail}
  - entity: orders
    from: orders
    columns:
      order_id: no
      customer_id: customer
      contact_id: person
      status: "'paid'"
      channel: "'phone'"
      currency: "'CNY'"
      ordered_at: "'2026-06-01 09:00:00'"
  - entity: order_lines
    from: orders
    columns: {order_id: no, line_number: "1", product_id: "'tea'", quantity: "1", unit_price_amount: "5"}
""",
)
ROWS = {
    "customers": "no,name,code,city\n1,甲有限公司,,北京\n2,乙有限公司,,上海\n"
    "3,丙有限公司,91110000802100433B,武汉\n4,丁有限公司,91110000802100433B,成都\n",
    "people": "no,customer,name,mail\na,1,王伟,w@a.cn\nb,2,Wang Wei,v@a.cn\nc,3,李娜,n@a.cn\nd,4,李娜,n@a.cn\n",
    "orders": "no,customer,person\nO1,1,a\nO2,2,b\nO3,3,c\nO4,4,d\n",
}
MARTS = (
    "dim_customers", "dim_customer_values", "dim_customer_records", "dim_contacts", "dim_contact_values",
    "dim_contact_records", "fct_order_lines",
)  # fmt: skip
FILES = [f"{entity.one}_{name}" for entity in (CUSTOMERS, CONTACTS) for name in ("xref", "left", "review")]
NIGHT = datetime.date(2026, 6, 25)


class Company:
    """A company whose nights run in this process, all on one day."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.nights = write_company(folder, crm=CRM), 0
        (folder / "crm").mkdir()
        for name, rows in ROWS.items():
            (folder / "crm" / f"{name}.csv").write_text(rows, encoding="utf-8")
        self.home = self.run().home

    def run(self) -> steps.Run:
        return steps.make_run(self.folder, business_date=NIGHT)

    def refresh(self) -> list[str]:
        """Take what is new, bring the marts up to date and publish them; return what the transform notes."""
        run, self.nights = self.run(), self.nights + 1
        for step in (steps.extract, steps.conform, steps.gate):
            step(run, "crm")
        with only(*MARTS):
            report = steps.transform(run)
        publish(run.home, run_id=f"night {self.nights}", business_date=NIGHT, as_of=run.as_of)
        return report.notes

    def files(self) -> dict[str, bytes]:
        """Return the bytes of who is who, and of what is published."""
        kept = {name: (self.home.identity / f"{name}.parquet").read_bytes() for name in FILES}
        published = self.home.published / "current" / "parquet"
        return kept | {name: (published / f"{name}.parquet").read_bytes() for name in MARTS}

    def rows(self) -> dict[str, list[tuple]]:
        file = self.home.published / "current" / "warehouse.duckdb"
        with duckdb.connect(str(file), read_only=True) as connection:
            return {name: connection.execute(f"from marts.{name} order by all").fetchall() for name in MARTS}

    def customers_of_orders(self) -> list[str]:
        """Return which customer each order is of, as numbers in the order in which they come."""
        rows = "select customer_key from marts.fct_order_lines order by order_key"
        with duckdb.connect(str(self.home.published / "current" / "warehouse.duckdb"), read_only=True) as connection:
            found = [key for (key,) in connection.execute(rows).fetchall()]
        return "".join(str(1 + list(dict.fromkeys(found)).index(key)) for key in found)

    def logged(self) -> int:
        logs = [str(self.home.identity / f"{entity.one}_log.parquet") for entity in (CUSTOMERS, CONTACTS)]
        return sum(duckdb.sql(f"from read_parquet('{log}')").count("*").fetchone()[0] for log in logs)


@pytest.mark.slow
@pytest.mark.long  # tests/identity has the files of identity, tests/publish that the same rows give the same files
def test_what_was_decided_and_taken_back_leaves_the_same_files_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A merge and a split of customers and of people at once; the facts that stand on them follow each time."""
    for name, value in environment(tmp_path / "var").items():
        monkeypatch.setenv(name, value)
    company = Company(tmp_path)
    company.refresh()
    files, rows = company.files(), company.rows()
    assert company.customers_of_orders() == "1233"
    said = {"by": "Li Na", "why": "asked them", "at": datetime.datetime(2026, 6, 25, 9)}
    made = [
        (entity, decision.decision_id)
        for entity, merged, off in ((CUSTOMERS, ["crm:1", "crm:2"], "crm:4"), (CONTACTS, ["crm:a", "crm:b"], "crm:d"))
        for decision in (
            decisions.merge(company.home, merged, entity=entity, **said),
            decisions.split(company.home, [off], entity=entity, **said),
        )
    ]
    assert company.refresh() == ["only what changed"]
    assert company.customers_of_orders() == "1123"
    decided = company.files()
    assert {name for name in files if decided[name] == files[name]} == {
        "customer_left", "customer_review", "contact_left", "contact_review"
    }  # fmt: skip
    for entity, decision in made:
        decisions.undo(company.home, decision, entity=entity, **said)
    assert company.refresh() == ["only what changed"]
    again = company.files()
    assert [name for name in files if again[name] != files[name]] == []
    assert company.rows() == rows
    assert company.logged() == 8
