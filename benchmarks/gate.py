"""Measure the gate's judge: a batch and twelve expectations, beside one hand-written SQL statement for the same.

`python benchmarks/gate.py --rows 5000000`. Both find the same failing rows; each is a process of its own, so
the import of Great Expectations is in its time, and told apart.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Annotated

import typer
from measured import machine, run

from sales_warehouse import settings

SUITE = """\
suite: bench
rules:
  - {type: expect_column_values_to_not_be_null, column: order_id, reason: {en: a, zh: a}}
  - {type: expect_column_values_to_not_be_null, column: line_number, reason: {en: a, zh: a}}
  - {type: expect_column_values_to_not_be_null, column: product_id, reason: {en: a, zh: a}}
  - {type: expect_column_values_to_not_be_null, column: status, reason: {en: a, zh: a}}
  - {type: expect_column_values_to_not_be_null, column: ordered_at, reason: {en: a, zh: a}}
  - {type: expect_column_values_to_be_between, id: b1, column: quantity, min_value: 1, reason: {en: a, zh: a}}
  - {type: expect_column_values_to_be_between, id: b2, column: price, min_value: 0, reason: {en: a, zh: a}}
  - {type: expect_column_values_to_be_between, id: b3, column: discount, min_value: 0, reason: {en: a, zh: a}}
  - {type: expect_column_values_to_be_in_set, column: status, value_set: [paid, placed, sent], reason: {en: a, zh: a}}
  - {type: expect_column_values_to_match_regex, column: product_id, regex: "^P[0-9]+$", reason: {en: a, zh: a}}
  - {type: expect_column_pair_values_a_to_be_greater_than_b, column_A: sent_at, column_B: ordered_at, or_equal: true,
     reason: {en: a, zh: a}}
  - {type: expect_column_values_to_be_between, id: b4, column: ordered_at, max_value: "2026-07-01 00:00:00",
     reason: {en: a, zh: a}}
"""
MADE = """
import sys, duckdb
db = duckdb.connect(sys.argv[1])
db.execute(f'''create table bench as select
    i as _row_id, case when i % 100000 <> 7 then 'O' || i // 4 end as order_id, i % 4 + 1 as line_number,
    case when i % 50000 = 3 then 'X' else 'P' end || i % 500 as product_id,
    case when i % 70000 = 9 then 'odd' else 'paid' end as status,
    case when i % 30000 = 1 then -1 else i % 9 + 1 end as quantity, (i % 1000)::decimal(18, 2) as price,
    (i % 10)::decimal(18, 2) as discount, timestamp '2026-01-01' + to_seconds(i // 4) as ordered_at,
    timestamp '2026-01-01' + to_seconds(i // 4 + case when i % 90000 = 5 then -1 else 86400 end) as sent_at
    from range({sys.argv[2]}) as t(i)''')
"""
OURS = """
import sys, time
from pathlib import Path
from sales_warehouse.guard.suites import load_suite
from sales_warehouse.guard.validate import validate
import sales_warehouse.guard.validate as v
v._great_expectations()
from sales_warehouse.sql import connect
started = time.monotonic()
found = validate(Path(sys.argv[1]), "bench", load_suite(Path(sys.argv[2]), "bench", {}))
with connect(Path(sys.argv[1]), temp=Path(sys.argv[2]), read_only=True) as db:
    rows = set()
    for result in found.failed("critical"):
        rows |= {row for (row,) in db.execute(result.failing_rows_sql).fetchall()}
print(time.monotonic() - started, len(rows))
"""
FLOOR = """
import sys, time, duckdb
db = duckdb.connect(sys.argv[1], config={"memory_limit": sys.argv[2]})
started = time.monotonic()
rows = db.execute('''select _row_id from bench where order_id is null or line_number is null or product_id is null
    or status is null or ordered_at is null or quantity < 1 or price < 0 or discount < 0
    or status not in ('paid', 'placed', 'sent') or not regexp_matches(product_id, '^P[0-9]+$') or sent_at < ordered_at
    or ordered_at > timestamp '2026-07-01 00:00:00' ''').fetchall()
print(time.monotonic() - started, len(rows))
"""


def main(
    rows: Annotated[int, typer.Option(help="Rows of the batch.")] = 5_000_000,
    folder: Annotated[Path | None, typer.Option(help="Where the batch goes; default: var/benchmark.")] = None,
) -> None:
    """Print Markdown: seconds of the judging alone, of the whole process, and peak memory."""
    place = (folder or settings.state_folder() / "benchmark").resolve() / "gate"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    (place / "bench.yml").write_text(SUITE, encoding="utf-8")
    batch, output = place / "batch.duckdb", place / "output.txt"
    run([sys.executable, "-c", MADE, str(batch), str(rows)], output)
    print(f"{machine()}\n\n| {rows:,} rows × 12 expectations | seconds | with the imports | peak MiB | failing rows |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for name, program, argument in (("the gate", OURS, str(place)), ("one statement", FLOOR, settings.memory_limit())):
        whole, memory = run([sys.executable, "-c", program, str(batch), argument], output)
        seconds, failing = output.read_text().split()[-2:]
        print(f"| {name} | {float(seconds):.1f} | {whole:.1f} | {memory.peak():,.0f} | {int(failing):,} |")
    shutil.rmtree(place)


if __name__ == "__main__":
    typer.run(main)
