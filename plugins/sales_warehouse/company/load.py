"""Read a company's folder and refuse mistakes with file, line, key, what was found and what is allowed."""

from __future__ import annotations

import datetime
import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.constructor import RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.nodes import ScalarNode

from sales_warehouse.company import models
from sales_warehouse.company.alerts import STATES

FILES: dict[str, type[BaseModel]] = {
    "company": models.CompanyFile,
    "calendar": models.CalendarFile,
    "lifecycle": models.LifecycleFile,
    "segments": models.SegmentsFile,
    "needs": models.NeedsFile,
    "dealers": models.DealersFile,
    "comparisons": models.ComparisonsFile,
    "analyses": models.AnalysesFile,
    "funnel": models.FunnelFile,
    "alerts": models.AlertsFile,
    "metrics": models.MetricsFile,
    "targets": models.TargetsFile,
    "playbooks": models.PlaybooksFile,
    "regions": models.RegionsFile,
    "identity": models.IdentityFile,
    "reconciliation": models.ReconciliationFile,
    "webhooks": models.WebhooksFile,
    "demo": models.DemoFile,
}
REQUIRED = ("company", "lifecycle")
OPTIONAL_WHEN_ABSENT = ("demo",)
ALLOWED = " Allowed: "  # what follows it in a message helps to mend, and need not be known to see what is wrong
# Lists of which a night does without the entries that have mistakes, by file, and what it calls one of them.
LISTS = {
    ("alerts", "rules"): "a rule", ("alerts", "carriers"): "a carrier", ("alerts", "required_actions"): "a severity",
    ("playbooks", "playbooks"): "a playbook",
}  # fmt: skip
NAMELESS = {"name": {"en": "-", "zh": "-"}, "owner": "-"}

M = TypeVar("M", bound=BaseModel)
Entry = tuple[str, str, int]  # file, list and place from 0


class Constructor(RoundTripConstructor):
    """Reads a day or a number that is none, 2026-02-30 for instance, as text, so that it is refused in its place."""


def _or_text(read: Any) -> Callable[[Constructor, ScalarNode], Any]:
    def construct(constructor: Constructor, node: ScalarNode) -> Any:
        try:
            return read(constructor, node)
        except ValueError:
            return node.value

    return construct


for _tag, _read in {
    "timestamp": RoundTripConstructor.construct_yaml_timestamp,
    "int": RoundTripConstructor.construct_yaml_int,
    "float": RoundTripConstructor.construct_yaml_float,
}.items():
    Constructor.add_constructor(f"tag:yaml.org,2002:{_tag}", _or_text(_read))


@dataclass(frozen=True)
class Problem:
    """One mistake in one file; `line` is 1-based, None when the file as a whole is meant."""

    file: Path
    line: int | None
    key: str
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else str(self.file)
        return f"{where}: {self.key}: {self.message}" if self.key else f"{where}: {self.message}"


class CompanyError(Exception):
    """The folder has mistakes; nothing was run."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(problems, key=lambda p: (str(p.file), p.line or 0))
        count = len(self.problems)
        title = f"{count} mistake{'s' if count > 1 else ''} in the configuration; nothing was run"
        super().__init__("\n".join([title, *(f"  {problem}" for problem in self.problems)]))


@dataclass(frozen=True)
class Document:
    """A parsed YAML file that still knows its lines."""

    file: Path
    data: Any

    def line(self, *location: str | int | datetime.date) -> int | None:
        """Return the line of the deepest part of `location` that is written in the file."""
        node, line = self.data, getattr(getattr(self.data, "lc", None), "line", None)
        for part in location:
            found = _line_in(node, part)
            if found is None:
                continue
            node, line = node[part], found
        return None if line is None else line + 1

    def problem(self, message: str, *location: str | int | datetime.date) -> Problem:
        """Return a problem at a place of this file."""
        return Problem(self.file, self.line(*location), ".".join(str(part) for part in location), message)


def _line_in(node: Any, part: str | int | datetime.date) -> int | None:
    if isinstance(node, dict) and part in node:
        return node.lc.key(part)[0] if hasattr(node, "lc") else None
    if isinstance(node, list) and isinstance(part, int) and part < len(node):
        return node.lc.item(part)[0] if hasattr(node, "lc") else None
    return None


def load_company(folder: Path) -> models.Company:
    """Return the checked configuration of a company.

    Raises CompanyError with every mistake that was found, each with its file and line.
    """
    return _load(folder, {})


def load_for_a_night(folder: Path) -> models.Company:
    """Return the checked configuration without the entries of LISTS that have mistakes, which it names.

    A night in which nobody looks is not lost for one rule, playbook or carrier. Raises CompanyError for mistakes
    anywhere else.
    """
    broken: dict[Entry, Problem] = {}
    rules: dict[int, models.LeftOutRule] = {}
    while True:
        documents: dict[str, Document] = {}
        try:
            company = _load(folder, broken, documents)
        except CompanyError as error:
            found = {_entry_of(problem): problem for problem in reversed(error.problems)}
            new = {entry: problem for entry, problem in found.items() if entry is not None and entry not in broken}
            if None in found or not new:
                raise
            rules |= {
                place: _left_out(place, problem, documents["alerts"])
                for (_, name, place), problem in new.items()
                if name == "rules"
            }
            broken |= new
        else:
            break
    return _without(company, broken, rules)


def _without(
    company: models.Company, broken: Mapping[Entry, Problem], rules: Mapping[int, models.LeftOutRule]
) -> models.Company:
    parts: dict[str, Any] = {}
    for file in dict.fromkeys(file for file, _ in LISTS):
        part = getattr(company, file)
        kept = {
            name: tuple(each for at, each in enumerate(getattr(part, name)) if (file, name, at) not in broken)
            for in_file, name in LISTS
            if in_file == file
        }
        parts[file] = part.model_copy(update=kept)
    said = tuple(
        f"{LISTS[file, name]} was left out, mend it: {problem}" for (file, name, _), problem in sorted(broken.items())
    )
    left_out = {"left_out_rules": tuple(rules[place] for place in sorted(rules)), "left_out": said}
    return company.model_copy(update=parts | left_out)


def _entry_of(problem: Problem) -> Entry | None:
    """Return the entry of one of LISTS that a problem is of; None when it is of anything else."""
    parts = problem.key.split(".")
    file, name = problem.file.stem, parts[0]
    is_one = (file, name) in LISTS and problem.file.suffix == ".yml" and len(parts) > 1 and parts[1].isdigit()
    return (file, name, int(parts[1])) if is_one else None


def _harmless(entry: Entry, written: Any, problem: Problem) -> Any:
    """What stands where an entry with a mistake is, so that the others keep their places and lines.

    A playbook keeps its id where that can be read, for rules that name it have no mistake.
    """
    _, name, place = entry
    nameless = NAMELESS | {"id": f"left_out_{place}"}
    if name == "playbooks":
        is_known = problem.key != f"{name}.{place}.id" and (known := _written_text(written, "id"))
        own = {"id": known} if is_known else {}
        return nameless | own | {"department": "-", "steps": [NAMELESS["name"]]}
    others = {"carriers": {"type": "file"}, "required_actions": "critical"}
    return others.get(name, nameless | {"kind": "stalled_deals", "state": "off"})


def _left_out(place: int, problem: Problem, document: Document) -> models.LeftOutRule:
    rule = document.data["rules"][place]
    state = _written_text(rule, "state")
    return models.LeftOutRule(
        place=place,
        line=problem.line,
        part=problem.key.removeprefix(f"rules.{place}").removeprefix("."),
        mistake=problem.message.partition(ALLOWED)[0],
        why=str(problem),
        rule_id=_written_text(rule, "id"),
        name_en=_written_text(rule, "name", "en"),
        name_zh=_written_text(rule, "name", "zh"),
        owner=_written_text(rule, "owner"),
        state=state if state in STATES else None,  # a word that is none switches nothing off
    )


def _written_text(node: Any, *keys: str) -> str | None:
    """Return the text that stands below these keys; None where there is none, or something that is no text."""
    for key in keys:
        node = node.get(key) if isinstance(node, dict) else None
    return node.strip() or None if isinstance(node, str) else None


def _load(
    folder: Path, without: Mapping[Entry, Problem], documents: dict[str, Document] | None = None
) -> models.Company:
    """Return the checked configuration; `documents` gets the files as they were read, mistakes or not."""
    from sales_warehouse.company.check import check_company  # the checks need the parsed parts of this module

    if not folder.is_dir():
        raise CompanyError([Problem(folder, None, "", "this folder does not exist; give the folder of a company")])
    problems: list[Problem] = []
    documents = {} if documents is None else documents
    parts: dict[str, Any] = {
        name: _load_part(folder, name, model, documents, problems, without) for name, model in FILES.items()
    }
    sources = _load_sources(folder / "sources", documents, problems)
    if problems:
        raise CompanyError(problems)
    company = models.Company(folder=str(folder.resolve()), about=parts.pop("company"), sources=sources, **parts)
    problems = check_company(company, documents)
    if problems:
        raise CompanyError(problems)
    return company


def load_file(file: Path, model: type[M]) -> M:
    """Return the checked content of one file of configuration that stands alone; raises CompanyError."""
    problems: list[Problem] = []
    if not file.is_file():
        raise CompanyError([Problem(file, None, "", "this file does not exist")])
    found = _parse(file, file.stem, model, {}, problems)
    if found is None:
        raise CompanyError(problems)
    return found


def _load_part(
    folder: Path,
    name: str,
    model: type[BaseModel],
    documents: dict,
    problems: list[Problem],
    without: Mapping[Entry, Problem],
) -> BaseModel | None:
    file = folder / f"{name}.yml"
    if file.exists():
        return _parse(file, name, model, documents, problems, without)
    if name in REQUIRED:
        problems.append(Problem(file, None, "", "this file is missing; see docs/connect-your-data.md"))
    return None if name in REQUIRED or name in OPTIONAL_WHEN_ABSENT else model()


def _load_sources(folder: Path, documents: dict, problems: list[Problem]) -> dict[str, models.Source]:
    sources = {}
    files = sorted(folder.glob("*.yml"))
    if not files:
        problems.append(Problem(folder, None, "", "no source is configured; put one .yml file here for each system"))
    for file in files:
        source = _parse(file, f"sources/{file.stem}", models.Source, documents, problems)
        if source is None:
            continue
        if source.source != file.stem:
            document = documents[f"sources/{file.stem}"]
            problems.append(document.problem(f"is {source.source!r} but the file is named {file.stem!r}", "source"))
        sources[file.stem] = source
    return sources


def _parse(
    file: Path,
    name: str,
    model: type[M],
    documents: dict[str, Document],
    problems: list[Problem],
    without: Mapping[Entry, Problem] | None = None,
) -> M | None:
    try:
        yaml = YAML(typ="rt")
        yaml.Constructor = Constructor
        data = yaml.load(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        problems.append(Problem(file, None, "", f"not UTF-8 at byte {error.start}; save the file as UTF-8"))
        return None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else None
        problems.append(Problem(file, line, "", f"not valid YAML: {error.problem or error}"))
        return None
    for entry, problem in (without or {}).items():
        if entry[0] == name:
            data[entry[1]][entry[2]] = _harmless(entry, data[entry[1]][entry[2]], problem)
    document = Document(file, {} if data is None else data)
    documents[name] = document
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        problems.extend(_explain(document, model, item) for item in _causes(error.errors()))
        return None


def _causes(errors: list[Any]) -> list[Any]:
    """Leave out "too short" where the list is only short because its items were refused."""
    places = [error["loc"] for error in errors]
    return [
        error
        for error in errors
        if error["type"] != "too_short"
        or not any(place != error["loc"] and place[: len(error["loc"])] == error["loc"] for place in places)
    ]


def _explain(document: Document, model: type[BaseModel], error: dict) -> Problem:
    location = _written(document, error["loc"])
    if error["type"] == "extra_forbidden":
        allowed = _allowed_keys(document, model, location[:-1])
        message = f"unknown key{suggestion(str(location[-1]), allowed)}"
    elif error["type"] == "missing":
        message = "is missing"
    else:
        found = error.get("input")
        shown = "" if isinstance(found, (dict, list)) or error["type"] == "value_error" else f"; found {found!r}"
        message = error["msg"].removeprefix("Value error, ") + shown
    return document.problem(message, *location)


def _written(document: Document, location: tuple) -> tuple:
    """Drop the tags that Pydantic puts into a location for a choice between models."""
    node, kept = document.data, []
    for position, part in enumerate(location):
        if _line_in(node, part) is not None:
            node = node[part]
        elif position < len(location) - 1:
            continue
        kept.append(part)
    return tuple(kept)


def _allowed_keys(document: Document, model: type[BaseModel], location: tuple) -> list[str]:
    """Return the keys allowed at a place, by walking the JSON schema along the file."""
    schema = model.model_json_schema(by_alias=True)
    node, data = schema, document.data
    for part in location:
        node = _resolve(schema, node, data)
        node = node.get("properties", {}).get(part) or node.get("items") or node.get("additionalProperties") or {}
        data = data[part] if _line_in(data, part) is not None else data
    return sorted(_resolve(schema, node, data).get("properties", {}))


def _resolve(schema: dict, node: dict, data: Any) -> dict:
    if "discriminator" in node:
        chosen = data.get(node["discriminator"]["propertyName"]) if isinstance(data, dict) else None
        node = {"$ref": node["discriminator"]["mapping"].get(chosen)} if chosen else node
    for option in node.get("anyOf", ()):
        if "$ref" in option or "discriminator" in option:
            node = _resolve(schema, option, data)
            break
    if node.get("$ref"):
        return _resolve(schema, schema["$defs"][node["$ref"].rsplit("/", 1)[-1]], data)
    return node


def suggestion(found: str, allowed: Iterable[str]) -> str:
    """Say what is allowed, and what was probably meant."""
    allowed = sorted(allowed)
    close = difflib.get_close_matches(found, allowed, n=1, cutoff=0.6)
    meant = f"; did you mean {close[0]!r}?" if close else ""
    return f" {found!r}{meant}{ALLOWED}{', '.join(allowed)}" if allowed else f" {found!r}{meant}"
