"""The keyed hash of an address: HMAC-SHA-256 (RFC 2104) with a key that is kept outside of the warehouse.

A bare hash of a phone number can be reversed by trying all numbers.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path

from sales_warehouse import durable
from sales_warehouse.home import Home

BLOCK = 64  # bytes of a SHA-256 block, RFC 2104
VARIABLE = "SALES_WAREHOUSE_CONTACT_KEY"
SHORTEST = 16  # characters of a key


class ContactKeyError(Exception):
    """There is no key that the contact hashes can be made with."""


def check_key(home: Home) -> None:
    """Raise ContactKeyError when the key is too short, or the one of before is gone."""
    given, file = _given(), _file(home)
    was_used = (home.identity / "contact_xref.parquet").exists()
    if given is not None:
        if len(given) < SHORTEST:
            raise ContactKeyError(
                f"{VARIABLE} has {len(given)} characters, {SHORTEST} are the least: set it to a long random text "
                "(`openssl rand -hex 32`), or unset it, and a key is made and kept"
            )
    elif file.exists():
        if (length := len(_read(file))) < SHORTEST:
            mend = (
                f"Restore it from your backup. For a new one, `openssl rand -hex 32 > {file}`: codes of contacts stay, "
                "their hashes change"
                if was_used
                else "No hash was made with it yet: remove the file, and a key is made and kept"
            )
            raise ContactKeyError(
                f"the key of the contact hashes in {file} has {length} characters, {SHORTEST} are the least. {mend}"
            )
    elif was_used:
        raise ContactKeyError(
            f"the key of the contact hashes is gone: {file} is not there and {VARIABLE} is not set. Restore it from "
            f"your backup. For a new one, `openssl rand -hex 32 > {file}`: codes of contacts stay, their hashes change"
        )


def contact_key(home: Home) -> bytes:
    """Return the key of the contact hashes: SALES_WAREHOUSE_CONTACT_KEY, else a file of mode 0600 made once.

    Raises ContactKeyError as `check_key` does.
    """
    check_key(home)
    if given := _given():
        return given.encode()
    file = _file(home)
    if not file.exists():
        _make(file)
    return _read(file).encode()


def _make(file: Path) -> None:
    """Write a new key, whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    scratch = file.with_name(f".{file.name}.{secrets.token_hex(4)}{durable.TEMPORARY}")
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
        handle.write(secrets.token_hex(32))
    durable.move(scratch, file)


def _given() -> str | None:
    given = os.environ.get(VARIABLE)
    if given is None:
        return None
    try:
        given.encode()
    except UnicodeEncodeError as error:  # bytes that are no text, PEP 383
        raise ContactKeyError(
            f"{VARIABLE} is not text in UTF-8: set it to a long random text (`openssl rand -hex 32`); with another key "
            "codes of contacts stay, their hashes change"
        ) from error
    return given.strip()


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (UnicodeDecodeError, OSError) as error:
        found = f"cannot be read ({error.strerror})" if isinstance(error, OSError) else "is not text in UTF-8"
        raise ContactKeyError(
            f"the key of the contact hashes in {file} {found}. Put a file of one line of text there, of {SHORTEST} "
            f"characters at least (`openssl rand -hex 32 > {file}`), or the one of your backup, if hashes were made "
            "with it: codes of contacts stay with another one, their hashes change"
        ) from error


def _file(home: Home) -> Path:
    return home.secrets / "contact.key"


def key_id(key: bytes) -> str:
    """Name a key without telling it, so that values made with an old key can be found when it is rotated."""
    return hashlib.sha256(b"key id\x00" + key).hexdigest()[:8]


def hmac_sql(expression: str, key: bytes) -> str:
    """Return the SQL of HMAC-SHA-256 (RFC 2104) of a text, in hexadecimal digits."""
    padded = (hashlib.sha256(key).digest() if len(key) > BLOCK else key).ljust(BLOCK, b"\x00")
    inner, outer = (f"unhex('{bytes(byte ^ pad for byte in padded).hex()}')" for pad in (0x36, 0x5C))
    return f"sha256({outer} || unhex(sha256({inner} || encode({expression}))))"
