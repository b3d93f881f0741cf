"""What the dialect is for: results that outlive their connection, and tables that can be described."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from sales_warehouse.guard.dialect import DRIVER

BATCH = """
    create table orders (id varchar not null, price decimal(18, 4), "at" timestamp);
    insert into orders select i::varchar, i, timestamp '2026-01-01' from range(5000) t(i);
    create view seen as select id, price * 2 as "Double" from orders;
    create schema other; create table other.orders as select 1 as x;
"""


def _engine(file: Path, driver: str = DRIVER) -> sa.Engine:
    return sa.create_engine(sa.URL.create(driver, database=str(file)), connect_args={"read_only": True})


def _read_after_giving_back(engine: sa.Engine) -> list:
    with engine.connect() as connection:
        result = connection.execute(sa.text("select id from orders"))
    return result.fetchall()


def test_a_result_can_be_read_after_its_connection_was_given_back(database: Callable[[str], Path]) -> None:
    engine = _engine(database(BATCH))
    assert len(_read_after_giving_back(engine)) == 5000
    engine.dispose()


def test_the_plain_engine_loses_such_a_result(database: Callable[[str], Path]) -> None:
    engine = _engine(database(BATCH), "duckdb")
    lost: object
    try:
        lost = _read_after_giving_back(engine)
    except Exception as error:  # what is raised differs between versions
        lost = error
    engine.dispose()
    assert not isinstance(lost, list) or len(lost) < 5000, "the dialect of ours is no longer needed for this"


def test_tables_and_views_are_described(database: Callable[[str], Path]) -> None:
    engine = _engine(database(BATCH))
    inspector = sa.inspect(engine)
    types = {column["name"]: type(column["type"]) for column in inspector.get_columns("orders")}
    assert types == {"id": sa.String, "price": sa.Numeric, "at": sa.DateTime}
    assert [column["name"] for column in inspector.get_columns("seen")] == ["id", "Double"]
    assert [column["name"] for column in inspector.get_columns("orders", schema="other")] == ["x"]
    assert (inspector.get_table_names(), inspector.get_view_names()) == (["orders"], ["seen"])
    assert inspector.has_table("seen") and not inspector.has_table("none")
    with pytest.raises(sa.exc.NoSuchTableError):
        inspector.get_columns("none")
    engine.dispose()


@pytest.mark.parametrize("value", ["it's", "100%", "a:b", "back\\slash", "$1", "?", "中"])
def test_values_are_written_as_literals(value: str, database: Callable[[str], Path]) -> None:
    engine = _engine(database(BATCH))
    statement = sa.select(sa.literal(value), sa.column("x").in_([value, "other"]).is_(None))
    assert "$" not in str(statement.compile(engine)).replace(value, "")
    with engine.connect() as connection:
        assert connection.execute(sa.select(sa.literal(value))).scalar() == value
    engine.dispose()
