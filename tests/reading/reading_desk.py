"""A desk to read one file at."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sales_warehouse.reading import Given, Report, read_file


@dataclass
class Desk:
    """Reads text or bytes; `table`, `rejects` and `mended` are what the last reading wrote."""

    folder: Path
    out: str = "table.csv"

    def read(self, content: str | bytes, *, strict: bool = False, **given: Any) -> Report:
        file = self.folder / "in.csv"
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        where = (self.folder / name for name in (self.out, "rejects.csv", "mended.csv"))
        return read_file(file, *where, Given(**given), strict=strict)

    @property
    def table(self) -> list[list[str]]:
        return self._rows(self.out)

    @property
    def rejects(self) -> list[list[str]]:
        return self._rows("rejects.csv")[1:]

    @property
    def mended(self) -> list[list[str]]:
        return self._rows("mended.csv")[1:]

    def _rows(self, name: str) -> list[list[str]]:
        with (self.folder / name).open(encoding="utf-8", newline="") as text:
            return list(csv.reader(text))
