"""What a table of a source has landed before: what a reader needs to know to bring only what is new."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class EarlierTable:
    """The earlier loads of one table.

    `seen` has the fingerprints of everything that landed: a file is picked up once, by its content. `latest` has the
    newest fingerprint of each origin: with it a file that went back to older content counts as new, and a whole table
    that did not change is skipped. `states` tells of a file that looks as it did when it landed, so that it need not be
    read to know that. `cursor` is the highest that landed. `history` has the Parquet files in the order of their loads.
    Where the source has types, `schema` has those that the columns had last, `first_schema` those of the first load.
    """

    seen: frozenset[str] = frozenset()
    latest: Mapping[str, str] = field(default_factory=dict)
    states: Mapping[str, str] = field(default_factory=dict)
    cursor: str | None = None
    history: Sequence[Path] = ()
    schema: Mapping[str, str] | None = None
    first_schema: Mapping[str, str] | None = None


NOTHING = EarlierTable()
Earlier = Mapping[str, EarlierTable]
