"""Files that are made to fill the memory: each lands or is refused with its reason, and the memory stays bounded."""

from __future__ import annotations

import ast
import gzip
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

BOMB = 300_000_000  # bytes
FIELD = 5_000_000  # characters
MOST_GROWTH = 250_000  # kilobytes; less than the bomb has, and than a million keys take

# Of a table in a folder of its own: what became of it, and by how many kilobytes it let the process grow.
CHILD = """
import json, resource, sys
sys.path.insert(0, {here!r})
from pathlib import Path
from extract_sources import Desk
desk, table = Desk(Path({folder!r})), json.loads({table!r})
desk.put("small.csv" if table["format"] == "csv" else "small.jsonl", {small!r})
desk.extract_files("a,b", pattern="small.*", **table)
Path({file!r}).rename(desk.files / Path({file!r}).name)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
done = desk.extract_files("a,b", pattern="hostile*", **table)
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print((grown, [item.reason for item in done.refused], [(item.rows, item.malformed) for item in done.landed]))
"""


def _read(folder: Path, name: str, content: bytes, **table: str) -> tuple[int, list[str], list[tuple[int, int]]]:
    """Read a file in a process of its own, after a small one; return its growth, what is refused and what landed."""
    (folder / "desk").mkdir()
    (folder / name).write_bytes(content)
    small = "a,b\n1,2\n" if table["format"] == "csv" else '{"a": 1, "b": 2}\n'
    here = str(Path(__file__).parent)
    script = CHILD.format(
        here=here, folder=str(folder / "desk"), file=str(folder / name), table=json.dumps(table), small=small
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return ast.literal_eval(done.stdout.strip().split("\n")[-1])


@pytest.mark.parametrize("kind", ["zip", "csv.gz"])
def test_a_bomb_is_refused_and_fills_no_memory(tmp_path: Path, kind: str) -> None:
    bomb, unpacked = tmp_path / "bomb", b"a,b\n" + b"0" * BOMB
    if kind == "zip":
        with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            archive.writestr("1.csv", unpacked)
    else:
        bomb.write_bytes(gzip.compress(unpacked, compresslevel=6))
    grown, (refused,), landed = _read(tmp_path, f"hostile.{kind}", bomb.read_bytes(), format="csv")
    assert "more than 200 times its size" in refused
    assert (landed, grown < MOST_GROWTH) == ([], True), grown


def test_a_field_of_five_megabytes_lands_in_bounded_memory(tmp_path: Path) -> None:
    lines = b"".join(b"%d,%s\n" % (number, b"x" * FIELD) for number in range(3))
    grown, refused, landed = _read(tmp_path, "hostile.csv", b"a,b\n" + lines, format="csv")
    assert (refused, landed, grown < MOST_GROWTH) == ([], [(3, 0)], True), grown


def test_a_million_columns_are_refused_in_bounded_memory(tmp_path: Path) -> None:
    header = ",".join(["a", "b", *(f"c{number}" for number in range(1_000_000))])
    content = f"{header}\n1,2{',x' * 1_000_000}\n".encode()
    grown, (refused,), landed = _read(tmp_path, "hostile.csv", content, format="csv")
    assert "1000002 columns, at most 1000 are taken" in refused
    assert (landed, grown < MOST_GROWTH) == ([], True), grown


def test_a_record_of_a_million_keys_is_malformed_in_bounded_memory(tmp_path: Path) -> None:
    """On the record itself, and in an object of it; the records beside them land."""
    keys = ", ".join(f'"c{number}": 1' for number in range(1_000_000))
    lines = ['{"a": 1, "b": 2}', f'{{"a": 2, {keys}}}', f'{{"a": 3, "b": {{{keys}}}}}', '{"a": 4, "b": 5}']
    content = "\n".join([*lines, ""]).encode()
    grown, refused, landed = _read(tmp_path, "hostile.jsonl", content, format="jsonl")
    assert (refused, landed, grown < MOST_GROWTH) == ([], [(4, 2)], True), grown
