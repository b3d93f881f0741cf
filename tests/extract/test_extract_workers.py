"""Files are read side by side, and come out as if they had been read one after the other."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import duckdb
import pytest
from extract_sources import Desk, rows

from sales_warehouse.extract import delimited
from sales_warehouse.extract.workers import side_by_side


@pytest.fixture(autouse=True)
def four_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALES_WAREHOUSE_THREADS", "4")
    monkeypatch.setenv("SALES_WAREHOUSE_MEMORY", "2GB")


def settings_of(connection: duckdb.DuckDBPyConnection) -> tuple[int, str]:
    found = connection.execute("select current_setting('threads'), current_setting('memory_limit')").fetchone()
    assert found is not None
    return found


def test_results_keep_the_order_of_the_items_whoever_ends_first(tmp_path: Path) -> None:
    second_is_done = threading.Event()

    def work(connection: duckdb.DuckDBPyConnection, item: int) -> int:
        if item == 0:
            assert second_is_done.wait(10), "the items ran one after the other"
        if item == 1:
            second_is_done.set()
        return item * item

    assert list(side_by_side(work, range(20), spill=tmp_path)) == [item * item for item in range(20)]


def test_connections_share_threads_and_memory(tmp_path: Path) -> None:
    def work(connection: duckdb.DuckDBPyConnection, item: int) -> tuple[int, str]:
        return settings_of(connection)

    whole = "1.8 GiB"  # 2 GB
    assert set(side_by_side(work, range(3), spill=tmp_path)) == {(4, whole)}
    assert set(side_by_side(work, range(8), spill=tmp_path)) == {(1, "476.8 MiB")}


def test_little_memory_is_not_shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALES_WAREHOUSE_MEMORY", "600MB")
    found = list(side_by_side(lambda connection, item: settings_of(connection)[0], range(8), spill=tmp_path))
    assert found == [4] * 8


def test_an_error_is_raised_and_stops_what_has_not_begun(tmp_path: Path) -> None:
    begun = []

    def work(connection: duckdb.DuckDBPyConnection, item: int) -> None:
        begun.append(item)
        if item == 3:
            connection.execute("select nothing")
        time.sleep(0.005)  # who has nothing to do is through before anybody can be stopped

    with pytest.raises(duckdb.BinderException):
        list(side_by_side(work, range(1000), spill=tmp_path))
    assert len(begun) < 1000


@pytest.mark.parametrize("size", [600, 1 << 20], ids=["in batches", "in one"])
def test_every_row_of_many_files_keeps_its_place(desk: Desk, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(delimited, "BIG_BYTES", size)
    for file in range(12):
        desk.put(f"{file:02}.csv", "a,b\n" + "".join(f"{file},{row}\n" for row in range(20 * file)))
    done = desk.extract_files("a,b")
    assert (len({item.path for item in done.landed}) > 6) == (size == 600)
    assert {(item.origin, item.rows, item.reported) for item in done.landed} == {
        (f"{file:02}.csv", 20 * file, 20 * file) for file in range(12)
    }
    expected = [(f"{file:02}.csv", row + 1, str(file), str(row)) for file in range(12) for row in range(20 * file)]
    assert sorted(rows(done, columns="_file, _row_number, a, b")) == expected


def test_one_file_that_cannot_be_read_does_not_touch_those_beside_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delimited, "BIG_BYTES", 10)  # each file alone
    for file in range(12):
        odd = {5: "3\n", 7: "3,4,5\n"}
        desk.put(f"{file:02}.csv", f"a,b\n1,{file}\n" + odd.get(file, "3,4\n"))
    desk.put("bad.csv", b"a,b\n1,\xff\n")
    done = desk.extract_files("a,b")
    assert [item.origin for item in done.refused] == ["bad.csv"]
    assert sorted(item.origin for item in done.landed) == [f"{file:02}.csv" for file in range(12)]
    assert {item.origin: item.malformed for item in done.landed if item.malformed} == {"05.csv": 1, "07.csv": 1}
