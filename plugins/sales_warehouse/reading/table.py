"""Where the table of a file begins: lines before it, lines of names, width and kinds of its columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sales_warehouse.extract.rows import Dialect
from sales_warehouse.extract.text import shown
from sales_warehouse.reading.detect import Record, common_width, records_of
from sales_warehouse.reading.kinds import Profile
from sales_warehouse.reading.mend import header_of

MOST_SKIPPED = 50
MOST_NAME_LINES = 5
PROFILED_ROWS = 50  # the first ones: another table may follow


@dataclass(frozen=True)
class Head:
    """What stands before the rows: `skipped` physical lines that are no table, then `name_lines` lines of names.

    `names` is None when the file has none. `mended` says how its line of names was put right, `refused` why it could
    not be: the columns are numbered then.
    """

    skipped: int
    name_lines: int
    names: tuple[str, ...] | None
    width: int
    profile: Profile
    mended: str | None = None
    refused: str | None = None

    @property
    def lines(self) -> int:
        return self.skipped + self.name_lines

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, each once; numbered where the file gives none."""
        names: dict[str, str] = {}
        for place, name in enumerate(self.names or ("",) * self.width, 1):
            plain = name.strip() or f"column_{place}"
            while plain.casefold() in names:
                plain = f"{plain}_{place}"
            names[plain.casefold()] = plain
        return tuple(names.values())


def find_head(lines: Sequence[str], dialect: Dialect, header: int | None, skip: int | None) -> Head:
    """Return how the table in a sample of whole lines begins; `header` and `skip` are taken as they are given."""
    records = [record for record in records_of(lines, dialect) if record.line >= (skip or 0)]
    width = common_width([record.fields for record in records])
    regular = [record for record in records if len(record.fields) == width]
    profile = _profile(regular[min(len(regular) // 2, MOST_NAME_LINES) :], width)  # without what may be no row
    first = _skipped(records, profile, header) if skip is None else skip
    rows = [record for record in records if record.line >= first]
    count = _name_lines(rows, profile) if header is None else header
    if not count or not rows:
        return Head(first, 0, None, width, _profile(rows, width))
    last = rows[:count][-1]
    head = Head(first, last.end - first, None, width, _profile(rows[count:], width))
    if all(len(row.fields) == width for row in rows[:count]):
        parts = zip(*(row.fields for row in rows[:count]), strict=True)
        return replace(head, names=tuple(shown(" ".join(filter(None, names))) for names in parts))
    if found := header_of("".join(lines[last.line : last.end]).rstrip("\r\n"), dialect, width):
        return replace(head, names=tuple(map(shown, found[0])), mended=found[1])
    given = f"{len(last.fields)} names where the rows have {width} fields"
    return replace(head, refused=f"{given}: which of them is missing cannot be told, so the columns are numbered")


def _profile(records: Sequence[Record], width: int) -> Profile:
    rows = [record.fields for record in records if len(record.fields) == width]
    return Profile.of(rows[:PROFILED_ROWS], width)


def _skipped(records: Sequence[Record], profile: Profile, header: int | None) -> int:
    """Return how many lines stand before the table: of another width, or hardly filled.

    A line of another width right above the first row is its broken line of names.
    """
    width = len(profile.kinds)
    before = None
    for record in records[:MOST_SKIPPED]:
        filled = sum(bool(cell.strip()) for cell in record.fields)
        if len(record.fields) == width and 2 * filled > width:
            is_broken = before and len(before.fields) != width and before.line == record.line - 1
            if before and is_broken and header != 0 and not _are_names(record.fields, profile):
                return before.line
            return record.line
        before = record
    return records[0].line if records else 0


def _are_names(fields: Sequence[str], profile: Profile) -> bool:
    if profile.typed:
        return profile.is_foreign(fields)
    return all(name.strip() for name in fields) and len({name.casefold() for name in fields}) == len(fields)


def _name_lines(rows: Sequence[Record], profile: Profile) -> int:
    """Return how many lines of names there are: the first, and those below that are as foreign to the columns."""
    width = len(profile.kinds)
    if rows and len(rows[0].fields) == width and profile.typed and not profile.is_foreign(rows[0].fields):
        return 0
    count = 1
    for row in rows[1:MOST_NAME_LINES]:
        is_foreign = len(row.fields) == width and len(profile.typed) > 1 and profile.is_foreign(row.fields)
        if not is_foreign and row.fields != rows[0].fields:
            break
        count += 1
    return count
