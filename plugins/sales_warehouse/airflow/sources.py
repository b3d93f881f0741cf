"""The one list that is read when DAGs are parsed: the names of a company's source files."""

from __future__ import annotations

import re
from pathlib import Path

NAME = re.compile(r"[a-z][a-z0-9_]*")


def source_list(company: Path) -> list[str]:
    """Return the sources of a company folder, sorted: one for each `sources/<name>.yml`.

    Looks at file names alone, so that parsing stays cheap and a mistake inside a file cannot take the DAGs down.
    Raises ValueError for a file whose name cannot be a source.
    """
    names = sorted(path.stem for path in (company / "sources").glob("*.yml"))
    for name in names:
        if not NAME.fullmatch(name):
            raise ValueError(
                f"{company / 'sources' / name}.yml: {name!r} cannot be the name of a source. "
                "Rename the file: a small letter first, then small letters, digits and underscores."
            )
    return names
