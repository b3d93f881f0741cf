"""The login to Airflow's own UI: one user, a random password, kept where only the owner of the machine reads it."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

USER = "admin"


def password(file: Path) -> str:
    """Return the password of the user, making one the first time. The file has mode 0600 from its first byte."""
    if file.exists():
        file.chmod(0o600)
        return json.loads(file.read_text(encoding="utf-8"))[USER]
    made = secrets.token_urlsafe(18)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as target:
        json.dump({USER: made}, target)
    return made
