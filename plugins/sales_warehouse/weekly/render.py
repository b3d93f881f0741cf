"""A pack as Markdown or as a page of its own, in English or Chinese."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from jinja2 import Environment, PackageLoader, StrictUndefined

from sales_warehouse.watch.wording import NAMES
from sales_warehouse.weekly.pack import Pack, Row
from sales_warehouse.weekly.words import words

Say = dict[str, str]
PAGES = Environment(
    loader=PackageLoader("sales_warehouse.weekly", "templates"), autoescape=True, undefined=StrictUndefined
)


@dataclass(frozen=True)
class Section:
    """A table of the review; `columns` are its headings."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def markdown(pack: Pack, language: str) -> str:
    """The pack as Markdown with tables."""
    say = words(language)
    blocks = [f"# {_escaped(_title(pack, language, say))}", _lead(pack, say)]
    for section in sections(pack, language):
        blocks.append(f"## {section.title}")
        lines = [section.columns, tuple("---" for _ in section.columns), *section.rows]
        table = "\n".join("| " + " | ".join(_escaped(cell) for cell in line) + " |" for line in lines)
        blocks.append(table if section.rows else say["none"])
    return "\n\n".join(blocks) + "\n"


def html(pack: Pack, language: str) -> str:
    """The pack as one page without scripts, for a browser or a mail."""
    say = words(language)
    page = PAGES.get_template("review.html.j2")
    return page.render(
        language="zh-Hans" if language == "zh" else "en", title=_title(pack, language, say), lead=_lead(pack, say),
        sections=sections(pack, language), none=say["none"],
    )  # fmt: skip


def sections(pack: Pack, language: str) -> list[Section]:
    """The tables of a review in their order."""
    say, tongue = words(language), "zh" if language == "zh" else "en"
    currency = pack["company"].get("currency") or ""

    def table(name: str, columns: Sequence[str], cells: Callable[[Row], tuple[str, ...]]) -> Section:
        return Section(say[name], tuple(say[column] for column in columns), tuple(map(cells, pack[name])))

    return [
        table("targets", ("target", "goal", "actual", "progress", "expected", "finish", "status", "due", "owner"),
              lambda row: _target(row, tongue, say, currency)),
        table("movers", ("metric", "where", "period", "value", "before", "change", "what"),
              lambda row: _mover(row, tongue, say, currency)),
        *(_of_alerts(pack, tongue, say) if "alerts" in pack else [
            table("incidents", ("severity", "status", "incident", "what", "opened", "closed", "owner", "playbook"),
                  lambda row: _incident(row, tongue, say)),
            table("actions", ("action", "incident", "department", "owner", "accepted", "due", "status", "closed",
                              "outcome"),
                  lambda row: _action(row, tongue, say)),
            _playbooks(pack["incidents"], tongue, say),
        ]),
        table("lints", ("severity", "subject", "letter", "what"),
              lambda row: (say[f"{row['severity']}"], row["subject_id"] or "", row["smart_letter"] or "",
                           row[f"message_{tongue}"] or "")),
    ]  # fmt: skip


def _of_alerts(pack: Pack, tongue: str, say: Say) -> list[Section]:
    """Alerts and their playbooks, of packs that were kept before there were incidents and actions in them."""
    alerts = tuple(
        (say.get(row["severity"] or "", row["severity"] or ""), row[f"reason_{tongue}"] or "", row["owner"] or "")
        for row in pack["alerts"]
    )
    books = tuple(
        (row[f"name_{tongue}"] or "", row["department"] or "", _steps(row[f"steps_{tongue}"]))
        for row in pack["actions"]
    )
    return [
        Section(say["alerts"], (say["severity"], say["what"], say["owner"]), alerts),
        Section(say["playbooks"], (say["playbook"], say["department"], say["steps"]), books),
    ]


def _playbooks(incidents: Sequence[Row], tongue: str, say: Say) -> Section:
    """The playbooks of what still stands, each once, with what it is for."""
    offered: dict[str, list[Row]] = {}
    for row in incidents:
        if row["playbook_department"] and not row["closed_date"]:
            offered.setdefault(row["playbook_id"] or "", []).append(row)
    rows = tuple(
        (of[0][f"playbook_name_{tongue}"] or name, of[0]["playbook_department"] or "",
         "; ".join(_subject(row, tongue) for row in of), _steps(of[0][f"playbook_steps_{tongue}"]))
        for name, of in offered.items()
    )  # fmt: skip
    return Section(say["playbooks"], (say["playbook"], say["department"], say["incident"], say["steps"]), rows)


def _subject(incident: Row, tongue: str) -> str:
    return incident[f"title_{tongue}"] or incident["incident_key"] or ""


def _incident(row: Row, tongue: str, say: Say) -> tuple[str, ...]:
    count = int(row["subject_count"] or 1)
    several = say["several"].format(count=count) if count > 1 else ""
    book = row[f"playbook_name_{tongue}"] or row["playbook_id"] or ""
    return (
        say.get(row["severity"] or "", row["severity"] or ""), _status(row["incident_status"], tongue),
        _subject(row, tongue) + several, row[f"reason_{tongue}"] or "", row["opened_date"] or "",
        row["closed_date"] or "", row["owner"] or "",
        say["of_department"].format(book=book, department=row["playbook_department"]) if row["playbook_department"]
        else book,
    )  # fmt: skip


def _status(status: str | None, tongue: str) -> str:
    """As the pages on incidents call it."""
    return NAMES[status][tongue == "zh"] if status in NAMES else status or ""


def _action(row: Row, tongue: str, say: Say) -> tuple[str, ...]:
    return (
        row[f"playbook_name_{tongue}"] or row["playbook_id"] or "",
        row[f"incident_title_{tongue}"] or row["incident_key"] or "", row["department"] or "", row["owner"] or "",
        row["accepted_date"] or "", row["due_date"] or "", say[f"action_{row['action_status']}"],
        row["closed_date"] or "", _outcome(row, tongue, say),
    )  # fmt: skip


def _outcome(row: Row, tongue: str, say: Say) -> str:
    """What an action did, with its interval, or why nobody knows."""
    if row["effect_value"] is None:
        return row[f"outcome_reason_{tongue}"] or say[f"outcome_{row['outcome_status']}"]
    unit = say["points"] if row["effect_type"] == "points" else "%"
    value, lower, upper = (
        f"{_signed(Decimal(row[name] or 0) * 100)} {unit}" for name in ("effect_value", "lower_value", "upper_value")
    )
    return f"{value} ({lower} – {upper})" if row["lower_value"] else value


def _title(pack: Pack, language: str, say: Say) -> str:
    about = pack["company"]
    return say["title"].format(company=about.get("name_zh" if language == "zh" else "name_en") or "")


def _lead(pack: Pack, say: Say) -> str:
    return say["lead"].format(
        start=pack["week_start_date"], end=pack["week_end_date"], version=pack["version"], date=pack["business_date"]
    )


def _target(row: Row, tongue: str, say: Say, currency: str) -> tuple[str, ...]:
    def shown(name: str) -> str:
        return amount(row[name], row["unit"], say, currency)

    goal = shown("target_value") + (f" – {shown('upper_value')}" if row["upper_value"] else "")
    verdict = say[row["projected_status"] or "unknown"]
    finish = f"{shown('projected_value')} ({verdict})" if row["projected_value"] else ""
    progress, expected = (amount(row[name], "rate", say, "") for name in ("progress_rate", "expected_progress_rate"))
    return (
        row[f"target_name_{tongue}"] or row["target_id"] or "", goal, shown("actual_value"), progress, expected, finish,
        say[row["status"] or "no_data"], row["due_on"] or "", row["owner"] or "",
    )  # fmt: skip


def _mover(row: Row, tongue: str, say: Say, currency: str) -> tuple[str, ...]:
    dimension = row["dimension_name"] or ""
    member = "" if dimension == "total" else f" {row[f'member_{tongue}']}"
    return (
        row[f"metric_name_{tongue}"] or "", say.get(dimension, dimension) + member,
        f"{row['period_start_date']} – {row['period_end_date']}",
        amount(row["value"], row["unit"], say, currency), _before(row, say, currency), _change(row, say, currency),
        say[row["change_type"] or "neutral"],
    )  # fmt: skip


def _before(row: Row, say: Say, currency: str) -> str:
    """The value of the period before, and what it would have been with the workdays of this one."""
    before = amount(row["previous_value"], row["unit"], say, currency)
    if not _is_scaled(row):
        return before
    days = say["workdays"].format(before=row["previous_workday_count"], now=row["workday_count"])
    return f"{before} ({days}: {amount(row['comparable_value'], row['unit'], say, currency) or '–'})"


def _is_scaled(row: Row) -> bool:
    """Whether the periods had not the same days; packs of before that was looked at do not say."""
    return "comparison_rate" in row and (row["comparison_rate"] is None or Decimal(row["comparison_rate"]) != 1)


def _change(row: Row, say: Say, currency: str) -> str:
    is_scaled = _is_scaled(row) and row["comparable_value"] is not None
    change = Decimal(row["comparable_change_value" if is_scaled else "change_value"] or 0)
    rate = row["comparable_change_rate" if is_scaled else "change_rate"]
    if row["unit"] == "rate":
        return f"{_signed(change * 100)} {say['points']}"
    sign = "+" if change > 0 else "−"
    relative = f" ({_signed(Decimal(rate) * 100)} %)" if rate else ""
    return sign + amount(f"{abs(change)}", row["unit"], say, currency) + relative


def _signed(value: Decimal) -> str:
    return f"{value:+,.1f}".replace("-", "−")


def amount(text: str | None, unit: str | None, say: Say, currency: str) -> str:
    """A value of a metric for people: rates in percent, money without cents; nothing where there is none."""
    if text is None:
        return ""
    value = Decimal(text)
    if unit == "rate":
        written = f"{value * 100:,.1f} %"
    elif unit == "money":
        written = f"{value:,.0f} {currency}".strip()
    elif unit in ("day", "hour"):
        written = f"{value:,.1f} {say[unit]}"
    else:
        written = f"{value:,.0f}" if value == value.to_integral_value() else f"{value:,.2f}"
    return written.replace("-", "−")


def _steps(text: str | None) -> str:
    return "; ".join(f"{number}. {step}" for number, step in enumerate((text or "").splitlines(), start=1))


def _escaped(text: str) -> str:
    """Text in a cell: a name from a source must neither end the cell nor become markup."""
    flat = " ".join(text.split())
    for mark in "\\|<>`*_[]":
        flat = flat.replace(mark, f"\\{mark}")
    return flat
