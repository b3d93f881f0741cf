"""Builds the board: marts in, one HTML file out. The same data and bundle give the same bytes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from sales_warehouse.board.marts import read_marts
from sales_warehouse.board.page import render
from sales_warehouse.board.payload import pack

DEFAULT_LANGUAGE = "en"
LANGUAGES = ("en", "zh")


def build_board(warehouse: Path, target: Path, *, bundle: Path, settings: Path | None = None) -> Path:
    """Write the board of the marts in `warehouse` to `target`, in one step, and return `target`.

    `bundle` is the folder that `ensure_bundle` gives. `settings` is the folder of the company's settings tables
    (company, lifecycle_tiers, playbooks), read where the marts do not publish them.
    Raises duckdb.IOException when the warehouse cannot be read, FileNotFoundError when the bundle is not there.
    """
    payload = read_marts(warehouse, settings)
    payload["licences"] = _part(bundle, "licences.txt")
    company = _first_row(payload["tables"].get("company"))
    language = company.get("language") or DEFAULT_LANGUAGE
    language = "zh" if str(language).lower().startswith("zh") else DEFAULT_LANGUAGE
    page = render(
        title=_title(company, language),
        language=language,
        styles=_part(bundle, "board.css"),
        script=_part(bundle, "board.js"),
        data=pack({**payload, "language": language}),
    )
    return _write_whole(target, page)


def _part(bundle: Path, name: str) -> str:
    path = bundle / name
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not there: build the board's bundle first (ensure_bundle)")
    return path.read_text(encoding="utf-8")


def _first_row(table: dict[str, Any] | None) -> dict[str, str | None]:
    """The text columns of an encoded table's first row."""
    if not table or not table["rows"]:
        return {}
    text = {name: column for name, column in table["columns"].items() if column[0] == "t"}
    return {name: (words[codes[0]] if codes[0] >= 0 else None) for name, (_, words, codes) in text.items()}


def _title(company: dict[str, str | None], language: str) -> str:
    board = {"en": "Sales board", "zh": "销售看板"}[language]
    name = company.get(f"name_{language}") or company.get("name_en") or company.get("name_zh")
    return f"{name} · {board}" if name else board


def _write_whole(target: Path, page: str) -> Path:
    """Readers see the old file or the new one, never half of one."""
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        with unfinished.open("w", encoding="utf-8", newline="\n") as file:
            file.write(page)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    return target
