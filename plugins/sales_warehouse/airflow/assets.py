"""The assets that tie the DAGs together: one for each arrow in the way of the data."""

from __future__ import annotations

from airflow.sdk import Asset

GROUP = "sales-warehouse"


def _asset(name: str) -> Asset:
    return Asset(name=name, uri=f"sales-warehouse://{name}", group=GROUP)


def landing(source: str) -> Asset:
    """Loads of one source exactly as they came."""
    return _asset(f"landing/{source}")


def conformed(source: str) -> Asset:
    """Rows of one source on the contracts, typed."""
    return _asset(f"conformed/{source}")


def accepted(source: str) -> Asset:
    """Rows of one source that passed the gate; its event says whether the load is fresh."""
    return _asset(f"accepted/{source}")


IDENTITY = _asset("identity")
MARTS = _asset("marts")
AUDITED = _asset("audited")
PUBLISHED = _asset("published")
IN_POSTGRES = _asset("postgres")
ALERTS = _asset("alerts")
