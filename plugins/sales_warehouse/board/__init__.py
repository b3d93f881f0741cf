"""The board: one self-contained page, made from the published marts."""

from __future__ import annotations

from sales_warehouse.board.build import build_board
from sales_warehouse.board.bundle import BundleError, ensure_bundle

__all__ = ["BundleError", "build_board", "ensure_bundle"]
