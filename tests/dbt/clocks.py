"""Where a model would read the clock or draw by chance, so that a past night run again would give something else."""

from __future__ import annotations

import ast
import itertools
import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from portability import without_comments

# As DuckDB, Spark and dbt call them; of one moment alone `age` and `unix_timestamp` ask the clock for the other.
CLOCK = re.compile(
    r"\b(?:current_(?:date|time|timestamp|localtime|localtimestamp)|local(?:time|timestamp)|sysdate|curdate|getdate"
    r"|get_current_time(?:stamp)?|(?:transaction|statement|clock)_timestamp|run_started_at)\b"
    r"|\b(?:now|today|utcnow)\s*\(|\bmodules\s*\.\s*datetime\b|\bunix_timestamp\s*\(\s*\)|\bage\s*\([^,()]*\)",
    re.I,
)
CHANCE = re.compile(r"\b(?:random|rand|randn|uuid|uuidv4|uuidv7|gen_random_uuid|shuffle|invocation_id)\s*\(", re.I)
OF_PYTHON = {"now", "today", "utcnow"}  # methods of datetime, and of what others build on it
MODULES = {"time", "random", "secrets", "uuid"}
HOUSE = "sales_warehouse"
APART = f"{HOUSE}.company"  # reads what a user wrote, no figure; what it imports is half the house


def in_sql(name: str, text: str) -> Iterator[str]:
    """Yield each place of a query, or of a macro, that reads the clock or draws by chance."""
    written = without_comments(text)
    for found in itertools.chain(CLOCK.finditer(written), CHANCE.finditer(written)):
        line = written.count("\n", 0, found.start()) + 1
        yield f"{name}, line {line}: {found[0]} → write business_date() or as_of(), and an order by for chance"


def in_python(name: str, text: str) -> Iterator[str]:
    """Yield each place of a module that reads the clock or draws by chance, its queries included."""
    tree = ast.parse(text)
    said = {id(found) for found in _docstrings(tree)}
    for node in ast.walk(tree):
        wrong: list[str] = []
        if isinstance(node, ast.Import | ast.ImportFrom):
            wrong = [module for module in _imported(node) if module.split(".")[0] in MODULES]
        elif isinstance(node, ast.Attribute) and node.attr in OF_PYTHON | {"random"}:
            wrong = [node.attr]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in said:
            wrong = [found.partition(": ")[2] for found in in_sql("", node.value)]
        yield from (f"{name}, line {node.lineno}: {each}" for each in wrong)


def behind(model: Path) -> Iterator[Path]:
    """Yield a model in Python, and every module of this house that it imports, or that one of those does."""
    seen, waiting = {model}, [model]
    while waiting:
        file = waiting.pop()
        yield file
        nodes = ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        modules = {name for node in nodes if isinstance(node, ast.Import | ast.ImportFrom) for name in _imported(node)}
        of_house = {name for name in modules if name.split(".")[0] == HOUSE and not name.startswith(APART)}
        found = {path for name in of_house if (path := _file_of(name))}
        waiting += sorted(found - seen)
        seen |= found


def _imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    """Return the modules that a statement names; what is taken of one may be a module too."""
    if isinstance(node, ast.Import):
        return [each.name for each in node.names]
    return [node.module or "", *(f"{node.module}.{each.name}" for each in node.names)]


def _file_of(module: str) -> Path | None:
    try:
        spec = find_spec(module)
    except ModuleNotFoundError:  # a name of a module that is no module itself
        return None
    return Path(spec.origin) if spec and spec.origin else None


def _docstrings(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                yield first.value
