"""Secrets of the endpoints: `${NAME}` is the environment variable NAME, or the content of the file in NAME_FILE."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from pathlib import Path

SMALLEST, LARGEST = 24, 64  # bytes, Standard Webhooks 1.0


class SecretMissing(Exception):
    """A secret is not there or has the wrong form. The message never holds its value."""


def secret(reference: str, environment: Mapping[str, str]) -> str:
    """Return the secret behind `${NAME}`; raise SecretMissing."""
    name = reference.removeprefix("${").removesuffix("}")
    if value := environment.get(name):
        return value.strip()
    if not (file := environment.get(f"{name}_FILE")):
        raise SecretMissing(f"{reference}: the environment has neither {name} nor {name}_FILE; set one of them")
    try:
        value = Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SecretMissing(f"{reference}: the file that {name}_FILE names cannot be read") from error
    if not value:
        raise SecretMissing(f"{reference}: the file that {name}_FILE names is empty")
    return value


def signing_key(reference: str, environment: Mapping[str, str]) -> bytes:
    """Return the bytes of a secret in the form of Standard Webhooks: `whsec_` and base64 of 24 to 64 bytes."""
    text = secret(reference, environment)
    try:
        key = base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not text.startswith("whsec_") or not SMALLEST <= len(key) <= LARGEST:
        raise SecretMissing(
            f"{reference}: must be whsec_ and base64 of {SMALLEST} to {LARGEST} bytes; "
            "make one with: echo whsec_$(openssl rand -base64 32)"
        )
    return key


def aes_key(reference: str, environment: Mapping[str, str]) -> bytes:
    """Return the 32 bytes of an EncodingAESKey, 43 letters and digits."""
    text = secret(reference, environment)
    if not re.fullmatch(r"[A-Za-z0-9]{43}", text):
        raise SecretMissing(f"{reference}: an EncodingAESKey has 43 letters and digits")
    return base64.b64decode(text + "=")


def token(reference: str, environment: Mapping[str, str]) -> str:
    """Return a token as WeChat allows it: 3 to 32 letters and digits."""
    text = secret(reference, environment)
    if not re.fullmatch(r"[A-Za-z0-9]{3,32}", text):
        raise SecretMissing(f"{reference}: a token of WeChat has 3 to 32 letters and digits")
    return text
