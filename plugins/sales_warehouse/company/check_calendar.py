"""Hours of an unknown region or team, days without hours and files of days with gaps are refused before a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sales_warehouse.business_calendar import DaysFileMistake, days, days_file, read_days
from sales_warehouse.company.load import Document, Problem, suggestion
from sales_warehouse.company.models import Company


def check_calendar(company: Company, document: Document) -> list[Problem]:
    """Return the mistakes of calendar.yml and of the file of days that it names."""
    problems = [*_schedules(company, document), *_country(company, document)]
    if company.calendar.days_file:
        try:
            read_days(days_file(company))
        except DaysFileMistake as error:
            problems.append(Problem(days_file(company), error.line, "", str(error)))
    return problems or list(_dates(company, document))


def _schedules(company: Company, document: Document) -> Iterator[Problem]:
    regions, teams = [region.id for region in company.regions.regions], list(company.about.teams)
    ids: set[str] = set()
    kept: dict[tuple[str, str], str] = {}
    for number, schedule in enumerate(company.calendar.schedules):
        place = ("schedules", number)
        if schedule.id in ids:
            yield document.problem(f"{schedule.id!r} is there twice; rename one", *place, "id")
        ids.add(schedule.id)
        yield from _members("region", schedule.regions, regions, "regions.yml", document, place)
        yield from _members("team", schedule.teams, teams, "`teams` of company.yml", document, place)
        for kind, names in (("regions", schedule.regions), ("teams", schedule.teams)):
            for at, name in enumerate(names):
                if (kind, name) in kept:
                    text = f"{name!r} keeps the hours of {kept[kind, name]!r} already; take it out of one of them"
                    yield document.problem(text, *place, kind, at)
                kept.setdefault((kind, name), schedule.id)


def _members(
    kind: str, names: Sequence[str], known: list[str], where: str, document: Document, place: tuple[str, int]
) -> Iterator[Problem]:
    for at, name in enumerate(names):
        if name not in known:
            text = f"unknown {kind}{suggestion(name, known)}" if known else f"{name!r}: {where} lists no {kind}; add it"
            yield document.problem(text, *place, f"{kind}s", at)


def _country(company: Company, document: Document) -> Iterator[Problem]:
    """Ask for a day, so that a country or province without known holidays is named."""
    day = company.about.earliest_date
    calendar = company.calendar.model_copy(update={"days_file": None})
    try:
        next(days(company.model_copy(update={"calendar": calendar}), day, day))
    except NotImplementedError as error:
        yield document.problem(
            f"no public holidays are known: {error}", "subdivision" if calendar.subdivision else "country"
        )


def _dates(company: Company, document: Document) -> Iterator[Problem]:
    """Hours of one day change a worked day; a day off is made one by `workdays`."""
    for date, hours in company.calendar.dates.items():
        (day,) = days(company, date, date)
        if not hours:
            yield document.problem("has no hours; put the day into `holidays` instead", "dates", date)
        elif not day.is_workday:
            yield document.problem("is a day off; put it into `workdays`, too, or leave it out", "dates", date)
