"""Telephone numbers in E.164 form, as `phonenumbers` reads them; a text that may hold two of them holds none."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

import duckdb
from duckdb.func import FunctionNullHandling

EXTENSION = re.compile(r"\s*(?:转|分机|ext\.?|x|#)\s*[0-9]{1,6}$", re.IGNORECASE)
# Digits, letters and signs as wide as a Chinese character; ① or ² is no digit of a number for certain.
HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
# The library itself takes letters for the digits of their keys, and of two numbers the first.
FORM = re.compile(r"(?:(?:tel|phone|mobile|电话|手机)[.:]?\s*)?\+?[(]?\+?[0-9][0-9\s().·/-]*", re.IGNORECASE)


def phone(text: str, country: str) -> str | None:
    """Return a phone number in E.164 form, None when it cannot be one. `country` reads numbers without a prefix.

    An extension is left out: the number is that of the line.
    """
    import phonenumbers  # loaded on the first phone number: its tables take time

    plain = EXTENSION.sub("", text.translate(HALF_WIDTH))
    if not FORM.fullmatch(plain):
        return None
    try:
        number = phonenumbers.parse(plain, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@dataclass(frozen=True)
class PlainMobile:
    """Digits that are a mobile number of a country as they stand; `prefix` finds those that begin with another one."""

    code: int
    pattern: str
    prefix: str


@cache
def plain_mobile(country: str) -> PlainMobile | None:
    """Take the patterns from the library, None for countries where digits alone do not tell."""
    import phonenumbers

    known = phonenumbers.PhoneMetadata.metadata_for_region(country)
    if known is None or known.mobile is None or known.country_code is None or known.leading_digits:
        return None
    if not known.mobile.national_number_pattern:
        return None
    prefixes = [text for text in (known.national_prefix_for_parsing, known.international_prefix, "0") if text]
    return PlainMobile(
        known.country_code, known.mobile.national_number_pattern, f"^({'|'.join(f'(?:{p})' for p in prefixes)})"
    )


HOME = "CN"  # most numbers are of here


def register_mobile(connection: duckdb.DuckDBPyConnection) -> None:
    """Give the connection `is_mobile`: whether an E.164 number can belong to a mobile phone; NULL for NULL.

    Where the digits alone tell, they do (`plain_mobile`); the library is slow and asked for the others.
    """
    special = FunctionNullHandling.SPECIAL
    connection.create_function("is_mobile_by_library", _is_mobile, ["VARCHAR"], "BOOLEAN", null_handling=special)
    plain = plain_mobile(HOME)
    assert plain is not None
    connection.execute(
        f"create or replace temp macro is_mobile(text) as case when regexp_full_match(text, "
        f"'[+]{plain.code}(?:{plain.pattern})') then true else is_mobile_by_library(text) end"
    )


def _is_mobile(text: str | None) -> bool | None:
    if text is None:
        return None
    import phonenumbers

    kinds = {phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE}
    try:
        return phonenumbers.number_type(phonenumbers.parse(text)) in kinds
    except phonenumbers.NumberParseException:  # of the form of E.164, and of a country that there is not: +999…
        return False
