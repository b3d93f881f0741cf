"""The version that readers see: a symbolic link, swapped in one step."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

from sales_warehouse import durable
from sales_warehouse.home import Home

VERSION = re.compile(r"(\d{6})_\d{8}")


def folder(home: Home, version: str) -> Path:
    """Where a version lies."""
    return home.published / "versions" / version


def names(home: Home) -> list[str]:
    """Every complete version, oldest first."""
    return sorted(path.name for path in home.published.glob("versions/*") if VERSION.fullmatch(path.name))


def current(home: Home) -> str | None:
    """The name of the version that readers see, None before the first publish."""
    return home.current.readlink().name if home.current.is_symlink() else None


def current_folder(home: Home) -> Path | None:
    """The folder of the version that readers see, resolved: files opened below it belong together."""
    name = current(home)
    return folder(home, name) if name else None


def next_name(home: Home, business_date: date) -> str:
    """A name that sorts after every version that ever was, for example 000042_20260701.

    Also after those that are gone from `published/` and known by what nights kept of them: what a period was said to
    be is read in the order of these names.
    """
    last = max((int(name.split("_")[0]) for name in {*names(home), *_told(home)}), default=0)
    return f"{last + 1:06d}_{business_date:%Y%m%d}"


def _told(home: Home) -> list[str]:
    """Every version that a recipe or the history of closed periods names."""
    places = (home.nights / "recipes", home.nights / "expired", home.history / "kpi_values")
    return [file.stem for place in places for file in place.glob("*") if VERSION.fullmatch(file.stem)]


def swap(home: Home, version: str) -> None:
    """Let readers see `version` from now on."""
    link = home.published / f".current{durable.TEMPORARY}"
    link.unlink(missing_ok=True)
    link.symlink_to(Path("versions", version))
    link.replace(home.current)
    durable.sync_folder(home.published)
