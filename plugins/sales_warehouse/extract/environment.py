"""`${NAME}` in the configuration: taken from the environment, so that no secret is written in a file."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sales_warehouse.extract.outcome import SourceMisconfigured

NAME = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def expand(text: str, environment: Mapping[str, str], *, where: str) -> str:
    """Replace every `${NAME}`; raise SourceMisconfigured when the environment has no such name."""
    missing = sorted({name for name in NAME.findall(text) if name not in environment})
    if missing:
        names = ", ".join(missing)
        raise SourceMisconfigured(f"{where}: the environment variable {names} is not set; set it and run again")
    return NAME.sub(lambda match: environment[match.group(1)], text)
