from __future__ import annotations

from pathlib import Path

import pytest
from board_warehouse import write_warehouse

from sales_warehouse import settings
from sales_warehouse.board import ensure_bundle


@pytest.fixture
def plain_bundle(tmp_path: Path) -> Path:
    """A bundle without any of the page's code, for what is tested without a browser."""
    folder = tmp_path / "bundle"
    folder.mkdir()
    (folder / "board.js").write_text('console.log("</script><!--");\n')
    (folder / "board.css").write_text("body { color: black }\n")
    (folder / "licences.txt").write_text("=== a licence ===\n")
    return folder


@pytest.fixture(scope="session")
def bundle() -> Path:
    return ensure_bundle(settings.state_folder())


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_warehouse(tmp_path_factory.mktemp("board") / "warehouse.duckdb", days=420, reps=3, alerts=2)
