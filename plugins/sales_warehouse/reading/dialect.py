"""What somebody says of a file: `delimiter=; quote=" encoding=gb18030 header=1 skip=3`, or the same as JSON."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from typing import Any

from sales_warehouse.extract.encoding import DECLARABLE

MOST_LINES = 10_000  # before the rows
NAMES = {
    "tab": "\t", "\\t": "\t", "space": " ", "comma": ",", "semicolon": ";", "pipe": "|", "colon": ":",
    "none": "", "double": '"', "single": "'", "backslash": "\\",
}  # fmt: skip


class GivenError(ValueError):
    """What cannot be, of a dialect or of names of files; the message says what is wrong and what may be said."""


@dataclass(frozen=True)
class Given:
    """What is known of a file; None is found out.

    `header` is the number of its lines of names, `skip` the number of lines before them.
    """

    encoding: str | None = None
    delimiter: str | None = None
    quote: str | None = None
    escape: str | None = None
    header: int | None = None
    skip: int | None = None


def parse_given(text: str) -> Given:
    """Return what a text says; raise GivenError for what it may not say."""
    try:
        said = json.loads(text) if text.lstrip().startswith("{") else dict(_pairs(text))
    except ValueError as error:
        raise GivenError(f"--dialect {text!r}: {error}; write it as delimiter=; quote=double, or as JSON") from error
    unknown = sorted(set(said) - set(Given.__dataclass_fields__))
    if unknown:
        raise GivenError(f"--dialect: {', '.join(unknown)}: not known; say {', '.join(Given.__dataclass_fields__)}")
    return Given(**{name: _checked(name, value) for name, value in said.items()})


def _pairs(text: str) -> list[tuple[str, str]]:
    lexer = shlex.shlex(text, posix=False)  # a quote may be a value
    lexer.whitespace_split, lexer.quotes, lexer.commenters = True, "", ""
    pairs = [part.partition("=") for part in lexer]
    wrong = [name for name, sign, _ in pairs if not sign]
    if wrong:
        raise ValueError(f"{wrong[0]!r} has no value")
    return [(name, value) for name, _, value in pairs]


def _checked(name: str, value: Any) -> Any:
    if name in ("header", "skip"):
        if not str(value).isdecimal() or int(value) > MOST_LINES:
            raise GivenError(f"--dialect: {name}: {value!r} is no number of lines; it may be 0 to {MOST_LINES:,}")
        return int(value)
    if name == "encoding":
        if value not in DECLARABLE:
            raise GivenError(f"--dialect: encoding: {value!r}; it can be {', '.join(DECLARABLE)}")
        return value
    sign = NAMES.get(str(value), str(value))
    longest = 2 if name == "delimiter" else 1
    if len(sign) > longest or set(sign) & {"\r", "\n"} or (name == "delimiter" and (not sign or sign[1:].strip())):
        raise GivenError(f"--dialect: {name}: {value!r} is no {name}; one character, or one of {', '.join(NAMES)}")
    return sign
