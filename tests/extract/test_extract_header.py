"""Headers: drift is named, never guessed."""

from __future__ import annotations

import pytest
from extract_sources import Desk, reason, rows

CHANGED = "; change `columns` (and the mapping) if the source changed, or ask for the old header"


def test_another_order_is_fine(desk: Desk) -> None:
    desk.put("1.csv", "id,amount,day\n1,2,3\n")
    desk.put("2.csv", "day,id,amount\n6,4,5\n")
    done = desk.extract_files("id,amount,day")
    assert rows(done) == [("1", "2", "3"), ("4", "5", "6")]


def test_additional_columns_land_and_are_noted(desk: Desk) -> None:
    desk.put("1.csv", "id,coupon,amount\n1,X,2\n")
    done = desk.extract_files("id,amount")
    assert rows(done, columns="id, amount, coupon") == [("1", "2", "X")]
    assert done.notes == ["orders: 1.csv: columns that are not promised landed too: coupon"]


@pytest.mark.parametrize(
    ("header", "message"),
    [
        pytest.param("id,amount", f"missing: 'order_date'{CHANGED}", id="a column is missing"),
        pytest.param(
            "id,amount,orderdate",
            f"missing: 'order_date' (looks like 'orderdate'); found beside the promised: 'orderdate'{CHANGED}",
            id="a column is renamed",
        ),
        pytest.param(
            "ID,amount,order_date",
            f"missing: 'id' (looks like 'ID'); found beside the promised: 'ID'{CHANGED}",
            id="upper case is another name",
        ),
        pytest.param(
            "id,amount, order_date",
            f"missing: 'order_date' (looks like ' order_date'); found beside the promised: ' order_date'{CHANGED}",
            id="a space is part of a name",
        ),
        pytest.param(
            "id,amount,order_date,id,ID",
            "the same name twice: 'id' at 1 and 'id' at 4 and 'ID' at 5; ask the source to rename one",
            id="the same name twice",
        ),
        pytest.param(
            "id,amount,order_date,", "column 4 has no usable name; ask the source to name it", id="a name is missing"
        ),
        pytest.param(
            "id,amount,order_date,_file", "'_file' is a name that the warehouse keeps for itself", id="a reserved name"
        ),
        pytest.param(
            "560776,20726,12345678901",
            "missing: 'id', 'amount', 'order_date'; none of its 3 fields is a promised column: "
            "is the header line there?",
            id="no header, and no values in the message",
        ),
        pytest.param(
            "id;amount;order_date",
            "there is no ',' in it; with ';' it is the promised header: set `delimiter: ';'` for this table",
            id="another delimiter",
        ),
        pytest.param("\nid,amount", "the line is empty; the header has to be the first line", id="an empty first line"),
        pytest.param(
            '"id,amount',
            "cannot be read (unexpected end of data); ask for the file again",
            id="an unclosed quote in the header",
        ),
        pytest.param(
            ",".join(f"c{n}" for n in range(100_000)), "100000 columns, at most 1000 are taken", id="100,000 columns"
        ),
    ],
)
def test_refused_headers(desk: Desk, header: str, message: str) -> None:
    desk.put("a.csv", f"{header}\n")
    assert reason(desk.extract_files("id,amount,order_date")) == f"a.csv: header (line 1): {message}"


def test_a_refused_file_does_not_stop_the_others(desk: Desk) -> None:
    desk.put("1.csv", "id,amount\n1,2\n")
    desk.put("2.csv", "id\n3\n")
    done = desk.extract_files("id,amount")
    assert [item.origin for item in done.landed] == ["1.csv"]
    assert [item.origin for item in done.refused] == ["2.csv"]
