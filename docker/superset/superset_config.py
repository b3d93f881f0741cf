"""Settings of Superset: its secrets come from files, and its pages load nothing from outside."""

from __future__ import annotations

from pathlib import Path

SECRETS = Path("/run/secrets")


def secret(name: str) -> str:
    return (SECRETS / name).read_text(encoding="utf-8").strip()


SECRET_KEY = secret("superset_secret_key")
SQLALCHEMY_DATABASE_URI = secret("superset_database_url")
FEATURE_FLAGS = {"ALERT_REPORTS": False}

# The pixel that counts installations would be an outside request: images come from here alone.
TALISMAN_ENABLED = True
TALISMAN_CONFIG = {
    "content_security_policy": {
        "base-uri": ["'self'"],
        "default-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:"],
        "worker-src": ["'self'", "blob:"],
        "connect-src": ["'self'"],
        "object-src": "'none'",
        "style-src": ["'self'", "'unsafe-inline'"],
        "script-src": ["'self'", "'strict-dynamic'"],
    },
    "content_security_policy_nonce_in": ["script-src"],
    "force_https": False,
    "session_cookie_secure": False,
}
