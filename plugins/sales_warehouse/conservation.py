"""What a source reported has landed, row for row, or the load is refused.

A row is known by its table, its origin and its number in it, so a table has every origin once in a load, too.

Three counts that know nothing of each other have to agree for every file, table and resource: what its reader says
that it wrote, what the source itself holds (counted without the parser), and what the Parquet files hold.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path

from sales_warehouse.extract import Extraction, Landed, Refused
from sales_warehouse.extract.parquet import FILE
from sales_warehouse.sql import connect, read_parquet


def hold_back_what_does_not_add_up(extraction: Extraction, temp: Path) -> None:
    """Take every Parquet file whose counts disagree, or whose origin came twice, out of an extraction.

    Its origins are refused, with the counts.

    Small files share a Parquet file, so one that lost a row takes the others of it along; all are tried again.
    """
    groups: dict[Path, list[Landed]] = defaultdict(list)
    for item in extraction.landed:
        groups[item.path].append(item)
    came = Counter((item.table, item.origin) for item in extraction.landed)
    for path, items in groups.items():
        held = _held(path, temp)
        wrong = [
            item
            for item in items
            if came[item.table, item.origin] > 1 or not item.rows == item.reported == held.get(item.origin, 0)
        ]
        if wrong or sum(held.values()) != sum(item.rows for item in items):
            extraction.landed = [item for item in extraction.landed if item.path != path]
            extraction.refused += [
                _refusal(item, held.get(item.origin, 0), item in wrong, came[item.table, item.origin]) for item in items
            ]
            path.unlink()
    _take_archives_out(extraction)


def _take_archives_out(extraction: Extraction) -> None:
    """Book no archive whose member was refused: it would never be unpacked again."""
    refused = {(item.table, item.fingerprint) for item in extraction.refused}
    booked = extraction.landed
    extraction.landed = [item for item in booked if refused.isdisjoint((item.table, inner) for inner in item.inside)]
    for path in {item.path for item in booked} - {item.path for item in extraction.landed}:
        path.unlink()  # one without rows


def _held(path: Path, temp: Path) -> dict[str, int]:
    """Rows by origin, as the Parquet file has them."""
    with connect(temp=temp) as connection:
        query = f"select {FILE}, count(*) from {read_parquet([path])} group by all"
        return dict(connection.execute(query).fetchall())


def _refusal(item: Landed, held: int, is_wrong: bool, came: int) -> Refused:
    if not is_wrong:
        reason = "read together with a file whose rows do not add up; nothing of it was taken, it is tried again"
    elif came > 1:
        reason = (
            f"it came {came} times at once, so two rows would have one place and a correction of one would change the "
            "other; nothing of it was taken. Please report this with the configuration of the source"
        )
    else:
        reason = (
            f"the source has {item.reported:,} rows, the reader counted {item.rows:,} and wrote {held:,}; nothing of "
            "it was taken: rows would be lost or doubled. Please report this with the file"
        )
    return Refused(item.table, item.origin, item.fingerprint, f"{item.origin}: {reason}")
