"""The page's data block, read back in Python."""

from __future__ import annotations

import base64
import gzip
import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any


def read_payload(board: Path) -> dict[str, Any]:
    packed = re.search(r'id="payload">([^<]+)</script>', board.read_text(encoding="utf-8"))
    assert packed, "the page has no data block"
    return json.loads(gzip.decompress(base64.b64decode(packed[1])))


def rows(payload: dict[str, Any], table: str) -> list[dict[str, Any]]:
    encoded = payload["tables"][table]
    columns = {name: _decode(column) for name, column in encoded["columns"].items()}
    return [{name: values[i] for name, values in columns.items()} for i in range(encoded["rows"])]


def _decode(column: list[Any]) -> list[Any]:
    if column[0] == "t":
        return [None if code < 0 else column[1][code] for code in column[2]]
    if column[0] == "n":
        return [None if unit is None else Decimal(unit).scaleb(-column[1]) for unit in column[2]]
    return [None if bit is None else bool(bit) for bit in column[1]]
