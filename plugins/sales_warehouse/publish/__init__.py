"""Step 8: publish what passed the audit, so that readers see a whole version and never wait."""

from __future__ import annotations

from sales_warehouse.publish.catalog import Unpublishable
from sales_warehouse.publish.database import Mismatch
from sales_warehouse.publish.pointer import current_folder
from sales_warehouse.publish.versions import NoSuchVersion, Published, Version, publish, rollback

__all__ = [
    "Mismatch",
    "NoSuchVersion",
    "Published",
    "Unpublishable",
    "Version",
    "current_folder",
    "publish",
    "rollback",
]
