"""Suites: rules kept as YAML, one file per entity (the door) and per mart (what goes out).

    suite: orders
    rules:
      - type: expect_column_values_to_be_in_set
        column: currency
        value_set: ${currencies}          # a parameter of the run
        severity: critical                # critical (default) | warning | info
        reason: {en: ..., zh: ...}        # for people; each kind has a sensible default
        id: currency_known                # default: the kind and its columns

A critical rule sends its rows into the quarantine, or refuses the publish; a warning is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from sales_warehouse.guard.errors import SuiteError
from sales_warehouse.guard.placeholders import as_on_disk, resolve
from sales_warehouse.guard.rules import KINDS, SQL_ARGUMENTS, Kind
from sales_warehouse.urgency import SEVERITIES

COMMON_KEYS = ("type", "id", "severity", "reason")


@dataclass(frozen=True)
class Rule:
    """One rule of a suite, ready to run: the placeholders are replaced."""

    id: str
    type: str
    arguments: Mapping[str, Any]
    severity: str
    reason_en: str
    reason_zh: str

    @property
    def kind(self) -> Kind:
        return KINDS[self.type]

    @property
    def column(self) -> str | None:
        """The column whose value is to blame, for rules about rows."""
        return self.columns[0] if self.columns else None

    @property
    def columns(self) -> list[str]:
        """Every column that the rule names outside its SQL."""
        return _columns(self.arguments)


@dataclass(frozen=True)
class Suite:
    """The rules of one entity or mart."""

    name: str
    rules: tuple[Rule, ...]


def load_suite(folder: Path, name: str, parameters: Mapping[str, object]) -> Suite:
    """Read `<folder>/<name>.yml` and replace its placeholders.

    Raises SuiteError, with file, line, what is wrong and what is allowed.
    """
    file = folder / f"{name}.yml"
    data = _read(file)
    if set(data) != {"suite", "rules"} or data["suite"] != name:
        raise SuiteError(f"{file}: must have the keys 'suite: {name}' and 'rules', nothing else; has {list(data)}")
    values = {key: as_on_disk(value) for key, value in parameters.items()}
    rules = [_rule(_Place(file, index, entry), values) for index, entry in enumerate(data["rules"] or [], start=1)]
    _refuse_doubles(file, rules)
    return Suite(name, tuple(rules))


@dataclass(frozen=True)
class _Place:
    """A rule as it stands in the file; knows how to say where."""

    file: Path
    number: int
    entry: Any

    def error(self, message: str) -> SuiteError:
        line = getattr(getattr(self.entry, "lc", None), "line", None)
        where = f"{self.file}:{line + 1}" if line is not None else str(self.file)
        return SuiteError(f"{where}: rule {self.number}: {message}")


def _read(file: Path) -> dict:
    if not file.is_file():
        known = sorted(path.stem for path in file.parent.glob("*.yml"))
        raise SuiteError(f"{file}: there is no such suite; this folder has: {', '.join(known) or 'none'}")
    try:
        data = YAML(typ="rt").load(file.read_text(encoding="utf-8"))
    except MarkedYAMLError as error:
        raise SuiteError(f"{file}: not valid YAML: {error.problem} {error.problem_mark}") from error
    if not isinstance(data, dict):
        raise SuiteError(f"{file}: must be a mapping with the keys 'suite' and 'rules'")
    return data


def _rule(place: _Place, values: Mapping[str, object]) -> Rule:
    entry = place.entry
    if not isinstance(entry, dict) or entry.get("type") not in KINDS:
        given = entry.get("type") if isinstance(entry, dict) else entry
        raise place.error(f"unknown expectation type {given!r}; allowed: {', '.join(sorted(KINDS))}")
    kind = KINDS[entry["type"]]
    _check_keys(place, kind)
    arguments = _arguments(place, values)
    reason_en, reason_zh = _reasons(place, kind, arguments)
    return Rule(
        id=str(entry.get("id") or _default_id(entry["type"], arguments)),
        type=entry["type"],
        arguments=arguments,
        severity=entry.get("severity", "critical"),
        reason_en=reason_en,
        reason_zh=reason_zh,
    )


def _check_keys(place: _Place, kind: Kind) -> None:
    entry = place.entry
    missing = [key for key in kind.required if key not in entry]
    if missing:
        raise place.error(f"{entry['type']} needs {', '.join(missing)}")
    allowed = (*COMMON_KEYS, *kind.required, *kind.optional)
    unknown = [key for key in entry if key not in allowed]
    if unknown:
        raise place.error(f"{entry['type']} does not take {', '.join(unknown)}; allowed: {', '.join(allowed)}")
    if "min_value" in kind.optional and not {"min_value", "max_value"} & set(entry):
        raise place.error(f"{entry['type']} needs min_value, max_value or both")
    if entry.get("severity", "critical") not in SEVERITIES:
        raise place.error(f"severity {entry['severity']!r} is unknown; allowed: {', '.join(SEVERITIES)}")


def _arguments(place: _Place, values: Mapping[str, object]) -> dict[str, Any]:
    arguments = {}
    for key, value in place.entry.items():
        if key not in COMMON_KEYS:
            try:
                arguments[key] = resolve(_plain(value), values, within_sql=key in SQL_ARGUMENTS)
            except ValueError as error:
                raise place.error(f"{key}: {error}") from error
    if arguments.get("value_set", True) in ([], None):
        raise place.error("value_set is empty: every row would fail")
    return arguments


def _reasons(place: _Place, kind: Kind, arguments: Mapping[str, Any]) -> tuple[str, str]:
    reason = place.entry.get("reason")
    if reason is not None and (not isinstance(reason, dict) or set(reason) != {"en", "zh"}):
        raise place.error("reason must have exactly the keys en and zh")
    words = {key: ", ".join(map(str, value)) if isinstance(value, list) else value for key, value in arguments.items()}
    templates = (reason["en"], reason["zh"]) if reason else (kind.reason_en, kind.reason_zh)
    return templates if reason else (templates[0].format(**words), templates[1].format(**words))


def _refuse_doubles(file: Path, rules: Iterable[Rule]) -> None:
    seen: set[str] = set()
    for rule in rules:
        if rule.id in seen:
            raise SuiteError(f"{file}: two rules are called {rule.id!r}; give one of them an id of its own")
        seen.add(rule.id)


def _default_id(kind: str, arguments: Mapping[str, Any]) -> str:
    return ".".join([kind, *_columns(arguments)])


def _columns(arguments: Mapping[str, Any]) -> list[str]:
    named = [arguments[key] for key in ("column", "column_A", "column_B") if key in arguments]
    return named or list(arguments.get("column_list", []))


def _plain(value: Any) -> Any:
    """Python's own types from the YAML reader's."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    return value
