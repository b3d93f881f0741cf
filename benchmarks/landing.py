"""Measure the way in: files to landing, conform and gate, beside DuckDB's COPY and dlt's filesystem source.

`python benchmarks/landing.py --lines 1000000 --lines 10000000`. Every measurement is a process of its own. The floor is
`COPY (FROM read_csv or read_parquet) TO … (FORMAT parquet, COMPRESSION zstd)` of the same files, which counts nothing
twice and knows no refusal. dlt and sling write Parquet as well; they are left out above `--peers-until` lines. sling is
a program that pip can put into a folder, with the DuckDB that it writes Parquet with:

    pip install --target DIR sling-linux-amd64==1.4.11 duckdb-cli==1.5.5 duckdb-extension-json==1.5.5 \\
        duckdb-extension-httpfs==1.5.5
    python benchmarks/landing.py --sling DIR
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Annotated

import duckdb
import typer
from measured import machine, run

from sales_warehouse import settings
from sales_warehouse.demo.volume import Kind, Volume, write_volume

SOURCE = """\
source: bulk
label: {{en: Bulk, zh: 批量}}
owner: benchmark
expected_within_hours: 48
connection: {{type: files, path: "{data}"}}
tables:
  order_lines:
    files: "order_lines_*.{kind}"
    format: {kind}
    columns: [order_id, line_number, product_id, quantity, price, discount, tax]
mappings:
  - entity: order_lines
    from: order_lines
    columns:
      order_id: order_id
      line_number: line_number
      product_id: product_id
      quantity: quantity
      unit_price_amount: price
      discount_amount: discount
      tax_amount: tax
"""
COMPANY = "company_id: bench\nname: {en: B, zh: B}\ncurrency: CNY\ntime_zone: Asia/Shanghai\ncountry: CN\n"
LIFECYCLE = "tiers: [{tier: A, name: {en: All, zh: 全部}}]\n"
OURS = """
import sys
from pathlib import Path
from sales_warehouse import steps
run = steps.make_run(Path(sys.argv[1]), business_date=None)
for name in sys.argv[2:]:
    getattr(steps, name)(run, "bulk")
"""
FLOOR = """
import sys, duckdb
db = duckdb.connect(config={"memory_limit": sys.argv[4]})
db.execute("set preserve_insertion_order = false")
reader = {"csv": "read_csv(?, header = true, all_varchar = true)", "parquet": "read_parquet(?)"}[sys.argv[2]]
db.execute(f"copy (from {reader}) to '{sys.argv[3]}' (format parquet, compression zstd)", [sys.argv[1]])
"""
DLT = """
import sys, dlt
from dlt.sources.filesystem import filesystem, read_csv_duckdb, read_parquet
folder, kind, target = sys.argv[1:4]
reader = read_csv_duckdb(header=True, all_varchar=True) if kind == "csv" else read_parquet()
rows = (filesystem(bucket_url=folder, file_glob=f"order_lines_*.{kind}") | reader).with_name("order_lines")
pipeline = dlt.pipeline(
    "landing", pipelines_dir=target + "/state", destination=dlt.destinations.filesystem(bucket_url=target + "/out"),
    dataset_name="landed",
)
pipeline.run(rows, loader_file_format="parquet")
"""


def main(
    lines: Annotated[list[int], typer.Option(help="Order lines; may be given more than once.")] = [1_000_000],  # noqa: B006
    kind: Annotated[list[str], typer.Option(help="csv, parquet or both.")] = ["csv", "parquet"],  # noqa: B006
    folder: Annotated[Path | None, typer.Option(help="Where data and state go; default: var/benchmark.")] = None,
    peers_until: Annotated[int, typer.Option(help="dlt and sling are measured up to so many lines.")] = 1_000_000,
    sling: Annotated[Path | None, typer.Option(help="Folder with sling; default: without it.")] = None,
) -> None:
    """Print Markdown: seconds, rows a second and peak memory of each way in."""
    folder = (folder or settings.state_folder() / "benchmark").resolve()
    print(f"{machine()}\n")
    print("| lines | files | way in | seconds | rows/s | peak MiB | × COPY |")
    print("| ---: | --- | --- | ---: | ---: | ---: | ---: |")
    for count in lines:
        for form in kind:
            place = folder / f"landing-{form}-{count}"
            shutil.rmtree(place, ignore_errors=True)
            floor = _measure(count, form, place)
            if count <= peers_until:
                _measure_peers(count, form, place, sling, floor)
            shutil.rmtree(place, ignore_errors=True)


def _measure(count: int, form: str, place: Path) -> float:
    """Measure our way and the floor; return the seconds of the floor."""
    data = place / "data"
    written: Kind = "csv" if form == "csv" else "parquet"
    write_volume(data, Volume(lines=count, customers=1000, kind=written))
    company = place / "company"
    (company / "sources").mkdir(parents=True)
    (company / "sources" / "bulk.yml").write_text(SOURCE.format(data=data, kind=form), encoding="utf-8")
    (company / "company.yml").write_text(COMPANY, encoding="utf-8")
    (company / "lifecycle.yml").write_text(LIFECYCLE, encoding="utf-8")
    files, limit = str(data / f"order_lines_*.{form}"), settings.memory_limit()
    state, output = {"SALES_WAREHOUSE_VAR": str(place / "var")}, place / "output.txt"
    floor, memory = run([sys.executable, "-c", FLOOR, files, form, str(place / "floor.parquet"), limit], output)
    _tell(count, form, "DuckDB COPY (the floor)", floor, memory.peak(), floor)
    landing, memory = run([sys.executable, "-c", OURS, str(company), "extract"], output, **state)
    _tell(count, form, "landing", landing, memory.peak(), floor)
    rest, memory = run([sys.executable, "-c", OURS, str(company), "conform", "gate"], output, **state)
    _tell(count, form, "landing, conform and gate", landing + rest, memory.peak(), floor)
    return floor


def _measure_peers(count: int, form: str, place: Path, sling: Path | None, floor: float) -> None:
    data, output = place / "data", place / "output.txt"
    (place / "dlt").mkdir()
    seconds, memory = run([sys.executable, "-c", DLT, str(data), form, str(place / "dlt")], output)
    _tell(count, form, "dlt, filesystem source", seconds, memory.peak(), floor)
    if sling is None:
        return
    target, options = place / "sling", "{format: parquet, file_max_rows: 1000000}"  # into one file it lost rows
    given = ("--src-stream", f"file://{data}/order_lines_*.{form}", "--tgt-object", f"file://{target}/")
    program = sling / "sling_linux_amd64" / "bin" / "sling-linux-amd64"
    command = [str(program), "run", *given, "--tgt-options", options]
    seconds, memory = run(command, output, **_sling_home(sling, place / "home"))
    (rows,) = duckdb.sql(f"select count(*) from '{target}/*.parquet'").fetchone() or (0,)
    assert rows == count, f"sling wrote {rows} rows"
    _tell(count, form, "sling", seconds, memory.peak(), floor)


def _sling_home(sling: Path, home: Path) -> dict[str, str]:
    """Put DuckDB's extensions where its program looks for them; return the environment of sling."""
    for extension in sling.glob("duckdb_extension_*/extensions/*/*.duckdb_extension"):
        place = home / ".duckdb" / "extensions" / extension.parent.name / "linux_amd64"
        place.mkdir(parents=True, exist_ok=True)
        shutil.copy(extension, place)
    programs = [sling / "sling_linux_amd64" / "bin" / "sling-linux-amd64", sling / "duckdb_cli" / "duckdb"]
    for program in programs:
        program.chmod(0o755)
    own = {"HOME": str(home), "SLING_HOME_DIR": str(home), "SLING_DISABLE_TELEMETRY": "TRUE"}
    return own | {"DUCKDB_PATH": str(programs[1])}


def _tell(count: int, form: str, way: str, seconds: float, mib: float, floor: float) -> None:
    shown = f"{seconds:.1f} | {count / seconds:,.0f} | {mib:,.0f} | {seconds / floor:.1f}"
    print(f"| {count:,} | {form} | {way} | {shown} |", flush=True)


if __name__ == "__main__":
    typer.run(main)
