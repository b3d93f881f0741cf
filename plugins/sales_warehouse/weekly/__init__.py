"""The weekly review: one pack for each business week, made from the version that is published when the week is over."""

from __future__ import annotations

from sales_warehouse.weekly.pack import NoPack, kept_weeks, pack_of
from sales_warehouse.weekly.render import html, markdown

__all__ = ["NoPack", "html", "kept_weeks", "markdown", "pack_of"]
