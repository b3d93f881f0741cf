"""Settings of the machine, from environment variables; what belongs to a company lives in its folder instead."""

from __future__ import annotations

import math
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


def memory_mib() -> float:
    """The memory limit in MiB; infinite where it is not a size, such as `80%`."""
    asked = re.fullmatch(r"\s*([0-9.]+)\s*([kmgt])i?b?\s*", memory_limit().lower())
    return float(asked[1]) * 1024 ** " kmgt".index(asked[2]) / 2**20 if asked else math.inf


def memory_below(mib: int) -> str:
    """The memory limit, but no more than so many MiB: for what would fill it and loses no time by spilling."""
    return f"{int(min(mib, max(1, memory_mib())))}MiB"


def threads() -> int:
    """Threads for DuckDB: SALES_WAREHOUSE_THREADS, else every core."""
    return int(os.environ.get("SALES_WAREHOUSE_THREADS", os.cpu_count() or 1))


def duckdb_config(temp: Path, one_of: int = 1) -> dict[str, str | bool | int | float | list[str]]:
    """Configuration given to every DuckDB connection, one of so many that share memory and threads."""
    return {
        "memory_limit": re.sub(r"[0-9.]+", lambda size: str(float(size[0]) / one_of), memory_limit(), count=1),
        "threads": max(1, threads() // one_of),
        "temp_directory": str(temp),
        "autoinstall_known_extensions": False,
    }
