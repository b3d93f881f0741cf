"""A run: one refresh of one company, with its moment and its business date."""

from __future__ import annotations

import datetime
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from sales_warehouse.company.load import load_for_a_night
from sales_warehouse.company.models import Company
from sales_warehouse.home import Home
from sales_warehouse.identity.contact_hash import check_key

NIGHT = datetime.time(2, 0)  # local time at which a refresh of a past business date is taken to have run


class FutureDate(ValueError):
    """The business date has not come yet."""


@dataclass(frozen=True)
class Run:
    """What every step is given. `as_of` is a UTC moment without a zone; `business_date` is a day in company time."""

    home: Home
    company: Company
    run_id: str
    as_of: datetime.datetime
    business_date: datetime.date
    full_refresh: bool = False

    @property
    def folder(self) -> Path:
        return self.home.runs / self.run_id

    @property
    def source_clock(self) -> datetime.datetime:
        """What time it is where the sources are, UTC: now, even when the marts are asked for as of a past night.

        The demo company's systems live in a time of their own.
        """
        now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
        return self.as_of if self.company.demo else max(self.as_of, now)

    @property
    def today(self) -> datetime.date:
        """What day it is where the company is; in the demo's world, the one after its business date."""
        if self.company.demo:
            return self.business_date + datetime.timedelta(days=1)
        return datetime.datetime.now(ZoneInfo(self.company.about.time_zone)).date()

    @property
    def company_folder(self) -> Path:
        return Path(self.company.folder)

    @property
    def environment(self) -> Mapping[str, str]:
        """What `${NAME}` may name in a source: the environment, the demo's data, and what the collector received."""
        known = {"SOURCE_DATA": str(self.home.source_data), "WEBHOOK_SPOOL": str(self.home.spool)}
        return {**known, **os.environ}


def make_run(
    company_folder: Path,
    *,
    as_of: datetime.datetime | None = None,
    business_date: datetime.date | None = None,
    run_id: str | None = None,
    full_refresh: bool = False,
) -> Run:
    """Check the company's folder and return a run.

    Rules of alerts that have mistakes are left out, and the watch step says so. Raises CompanyError when the folder has
    other mistakes, ContactKeyError when the key of the contact hashes is gone, and FutureDate for a business date after
    today. What is not given follows: the business date from the company's setting (or the demo world's clock), and the
    moment from the night after the business date.
    """
    company = _checked(company_folder, _state_of(company_folder))
    home = Home.of(company.company_id)
    check_key(home)
    zone = ZoneInfo(company.about.time_zone)
    now = datetime.datetime.now(datetime.UTC)
    business_date = business_date or _business_date(company, home, zone, as_of or now)
    moment = as_of or _night_after(business_date, zone, now)
    utc = moment.astimezone(datetime.UTC).replace(tzinfo=None) if moment.tzinfo else moment
    run = Run(home, company, run_id or f"{now:%Y%m%dT%H%M%S_%f}", utc, business_date, full_refresh)
    if not company.demo and business_date > run.today:  # nights before it would be taken for old ones
        raise FutureDate(
            f"business date {business_date} has not come yet: it is {run.today} in {company.about.time_zone}; give a "
            "day that is over, or none (option or parameter, or `business_date` of company.yml); nothing was run"
        )
    return run


@lru_cache(maxsize=4)
def _checked(folder: Path, state: tuple) -> Company:
    """Check a folder once for as long as its files stay as they are: every step of a run asks for it."""
    return load_for_a_night(folder)


def _state_of(folder: Path) -> tuple:
    files = sorted(folder.glob("**/*.yml"))
    return tuple((str(file), file.stat().st_mtime_ns, file.stat().st_size) for file in files)


def _business_date(company: Company, home: Home, zone: ZoneInfo, moment: datetime.datetime) -> datetime.date:
    if company.demo:
        from sales_warehouse.demo import world_date  # the demo keeps a clock of its own, so that every night is new

        return world_date(home.source_data) or company.demo.business_date
    if isinstance(company.about.business_date, datetime.date):
        return company.about.business_date
    aware = moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
    return aware.astimezone(zone).date() - datetime.timedelta(days=1)


def night_after(date: datetime.date, zone: ZoneInfo) -> datetime.datetime:
    """Return the moment of the night after a business date, UTC without a zone."""
    night = datetime.datetime.combine(date + datetime.timedelta(days=1), NIGHT, zone)
    return night.astimezone(datetime.UTC).replace(tzinfo=None)


def _night_after(date: datetime.date, zone: ZoneInfo, now: datetime.datetime) -> datetime.datetime:
    """Return the moment of a refresh: the night after a past business date, now when that night has not come yet."""
    night = night_after(date, zone).replace(tzinfo=datetime.UTC)
    return min(night, now) if date >= now.astimezone(zone).date() - datetime.timedelta(days=1) else night
