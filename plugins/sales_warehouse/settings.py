"""Settings of the machine, from environment variables; what belongs to a company lives in its folder instead."""

from __future__ import annotations

import os
import re
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


def state_folder() -> Path:
    """Folder of all runtime state: SALES_WAREHOUSE_VAR, else `var/` of the project."""
    return Path(os.environ.get("SALES_WAREHOUSE_VAR", PROJECT / "var")).resolve()


def cache_folder() -> Path:
    """Folder of what can be made again at any time: SALES_WAREHOUSE_CACHE, else `cache/` in the folder of state."""
    return Path(os.environ.get("SALES_WAREHOUSE_CACHE", state_folder() / "cache")).resolve()


def company_folder() -> Path:
    """Folder of the company's configuration: SALES_WAREHOUSE_COMPANY, else `config/demo`."""
    return Path(os.environ.get("SALES_WAREHOUSE_COMPANY", PROJECT / "config" / "demo")).resolve()


def memory_limit() -> str:
    """DuckDB's memory limit, e.g. `2GB`: SALES_WAREHOUSE_MEMORY."""
    return os.environ.get("SALES_WAREHOUSE_MEMORY", "2GB")


def memory_below(mib: int) -> str:
    """The memory limit, but no more than so many MiB: for what would fill it and loses no time by spilling."""
    asked = re.fullmatch(r"\s*([0-9.]+)\s*([kmgt])i?b?\s*", memory_limit().lower())
    limit = float(asked[1]) * 1024 ** " kmgt".index(asked[2]) / 2**20 if asked else mib
    return f"{min(mib, max(1, int(limit)))}MiB"


def threads() -> int:
    """Threads for DuckDB: SALES_WAREHOUSE_THREADS, else every core."""
    return int(os.environ.get("SALES_WAREHOUSE_THREADS", os.cpu_count() or 1))


def duckdb_config(temp: Path) -> dict[str, str | bool | int | float | list[str]]:
    """Configuration given to every DuckDB connection."""
    return {
        "memory_limit": memory_limit(),
        "threads": threads(),
        "temp_directory": str(temp),
        "autoinstall_known_extensions": False,
    }
