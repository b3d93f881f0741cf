"""A load that a night had begun to write when it ended, and that is judged otherwise before the next one."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
import small_project
from nights_world import World, day
from written_company import files_source

from sales_warehouse import failpoint, ledger, steps, transform

pytestmark = pytest.mark.slow

TRUCK = """\
tables:
  sales: {files: "sales_*.csv", format: csv, columns: [no, ticket, state, at, price]}
mappings:
  - entity: orders
    from: sales
    where: WHERE
    columns:
      order_id: KEY
      status: state
      channel: "'phone'"
      currency: "'CNY'"
      ordered_at: at
  - entity: order_lines
    from: sales
    where: WHERE
    columns: {order_id: KEY, line_number: "1", product_id: "'P1'", quantity: "1", unit_price_amount: price}
"""


def truck(world: World, *, key: str, where: str) -> None:
    text = files_source("truck", TRUCK.replace("KEY", key).replace("WHERE", where))
    (world.folder / "sources" / "truck.yml").write_text(text, encoding="utf-8")
    (world.folder / "truck").mkdir(exist_ok=True)


class Ended(Exception):
    """Stands for a night that ends without a word."""


def end_after_dbt(name: str) -> None:
    if name == "transform.after_dbt":
        raise Ended


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world after its first night."""
    folder = tmp_path_factory.mktemp("ended")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SALES_WAREHOUSE_VAR", str(folder / "var"))
        patch.setenv("SALES_WAREHOUSE_CONTACT_KEY", "a key for the tests of nights")
        patch.setattr(transform, "PROJECT", small_project.write(folder / "dbt_project"))
        patch.setattr(transform, "document", lambda home: home.dir)
        world = World(folder / "company")
        world.live()
        yield world


@pytest.fixture
def ended(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """The world after one more night, which brought two orders of the truck and got as far as the end of dbt."""
    truck(world, key="no", where="'true'")
    world.night += 1
    at, n = f"{world.date} 09:00:00", world.night
    sold = [(f"N{n}1", f"T{n}1", "paid", at, "5"), (f"N{n}2", f"T{n}2", "shipped", at, "900")]
    world.write("truck", "sales", ["no", "ticket", "state", "at", "price"], sold)
    with monkeypatch.context() as patch:
        patch.setattr(failpoint, "reach", end_after_dbt)
        with pytest.raises(Ended):
            world.refresh()
    return world


def of_the_truck(run: steps.Run, file: Path) -> list[str]:
    query = "select order_key from marts.fct_order_lines where order_key like 'truck:%' order by 1"
    with duckdb.connect(str(file), read_only=True) as connection:
        return [key for (key,) in connection.execute(query).fetchall()]


def test_what_an_ended_night_wrote_is_gone_when_its_load_is_judged_otherwise(ended: World) -> None:
    run = ended.run()
    before = ledger.read_applied(run.home)
    assert of_the_truck(run, run.home.warehouse_file) == ["truck:N21", "truck:N22"]
    [item] = [item for item in ledger.gated(run.home, ["truck"]) if item.batch.entity == "orders"]
    assert list(before.begun) == [item.batch.load_id] and item.batch.load_id not in before.loads
    assert steps.has_news(run) and not steps._plan(run).full, "repeated as it is, it is an increment"
    with pytest.raises(steps.AuditFailed, match="did not come to its end"):
        steps.audit(
            replace(run, business_date=day(1), as_of=run.as_of - datetime.timedelta(days=1))
        )  # of the night before
    # one that was held up before it would be told before what it may have beaten already
    held_up = replace(item, batch=replace(item.batch, load_id="20200101T000000000000Z"))
    assert ledger.overtaken([item, held_up], before) == [held_up.batch.load_id]

    truck(ended, key="ticket", where="state = 'paid'")
    run = ended.refresh()
    assert of_the_truck(run, run.home.current / "warehouse.duckdb") == ["truck:T21"]
    assert ledger.read_applied(run.home).begun == {} and not steps.has_news(run)


def test_what_an_ended_night_wrote_is_gone_with_its_source(ended: World) -> None:
    (ended.folder / "sources" / "truck.yml").unlink()
    assert steps.has_news(ended.run()), "the tables hold rows that no load gives"
    run = ended.refresh()
    assert of_the_truck(run, run.home.current / "warehouse.duckdb") == []
    assert not steps.has_news(run)
