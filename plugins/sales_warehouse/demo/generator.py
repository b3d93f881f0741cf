"""The world as SQL: every row is a function of the seed and its own key, so any stretch of days can be made alone."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path

import duckdb
import holidays

from sales_warehouse.company.models import DemoFile
from sales_warehouse.demo import chances
from sales_warehouse.demo.words import CHINESE, Words
from sales_warehouse.sql import connect, ident, literal, literals

# The CRM was there before the web shop, so that deals of every age are open on the first day of the history.
CRM_AGE_DAYS = 120
# From an enquiry to the last entry about it: 25 days to the deal, at most 7 stages of 30 days of which one stalls,
# a second try of five stages after six weeks, call-offs, delivery, terms and late payment.
LONGEST_LIFE_DAYS = 720
# From a shop order, visit or chat to the last entry about it, the latest files included.
LONGEST_ERRAND_DAYS = 75
USUAL_HOUR = 17.0  # when the files of a day are delivered
LISTS = ("cities", "industries", "products", "teams", "surnames", "given_names", "brands")
UNFOLDING = (
    *(
        "days",
        "companies",
        "leads",
        "accounts",
        "deals",
        "field_orders",
        "shop",
        "told_twice",
        "enquiries",
        "touches",
        "quotes",
    ),
    *("phone", "reading", "web", "dealers", "surveys", "planning"),
    *("crm_rows", "file_rows", "channel_rows"),
)


class Generator:
    """A DuckDB connection in which the world of one demo company can be unfolded for any stretch of days."""

    def __init__(self, settings: DemoFile, connection: duckdb.DuckDBPyConnection) -> None:
        self.settings = settings
        self.words = Words(settings.language)
        self.connection = connection
        self.start = first_day(settings)
        self.crm_start = self.start - datetime.timedelta(days=CRM_AGE_DAYS)
        self._set(
            seed=settings.seed,
            customers=settings.customer_count,
            orders_per_day=settings.daily_orders,
            start_date=self.start,
            crm_start=self.crm_start,
            business_date=settings.business_date,
            gap=self.words.gap,
        )
        connection.execute("set enable_progress_bar = false")
        self._lay_ground()

    def unfold(self, first: datetime.date, last: datetime.date) -> None:
        """Make everything that is seen for the first time, or changes, from `first` to `last`."""
        self._set(
            first_birth=first - datetime.timedelta(days=LONGEST_LIFE_DAYS),
            first_recent=self._first_recent(first),
            last_day=last,
        )
        self._run(UNFOLDING)

    def delivery_hour(self, system: str, day: datetime.date) -> float:
        """The hour of a day at which a system's files are there: the end of the day's work, or later where planted."""
        late, end = self.settings.situations.late_files, self.settings.business_date
        is_late = late is not None and system == late.system and late.first_date(end) <= day <= end
        return late.hour if late and is_late else USUAL_HOUR

    def _first_recent(self, first: datetime.date) -> datetime.date:
        """The first day whose orders, visits and chats are made again: what is new depends on nothing before it.

        One situation is an exception: whether somebody buys again depends on a year of orders.
        """
        recent = first - datetime.timedelta(days=LONGEST_ERRAND_DAYS)
        habit = self.settings.situations.price_band_repurchase
        return min(recent, habit.first_date(self.settings.business_date)) if habit else recent

    def _lay_ground(self) -> None:
        load_lists(self.connection, self.words)
        self._lay_calendar()
        self._plant()
        self._run(("macros", "lists", "situations", "rhythm", "reps"))

    def _lay_calendar(self) -> None:
        years = range(self.crm_start.year, self.settings.business_date.year + 20)
        calendar = holidays.country_holidays("CN", years=years)
        self._table("holidays (day date)", ((day,) for day in sorted(calendar)))
        self._table("makeup_workdays (day date)", ((day,) for day in sorted(calendar.weekend_workdays)))

    def _plant(self) -> None:
        """Give the scripts the parameters of every situation that is on; the variables of the others stay NULL."""
        for name, situation in self.settings.situations.active():
            variables = situation.variables(self.settings.business_date)
            self._set(**{f"{name}_{parameter}": self.words.cell(value) for parameter, value in variables.items()})
        self._set(**chances.variables(self.settings.situations, self.words))

    def _table(self, definition: str, rows: Iterable[tuple[object, ...]]) -> None:
        self.connection.execute(f"create table {definition}")
        values = ", ".join(f"({', '.join(map(literal, row))})" for row in rows)
        if values:
            self.connection.execute(f"insert into {definition.split(' ')[0]} values {values}")

    def _set(self, **variables: object) -> None:
        for name, value in variables.items():
            written = literals(value) if isinstance(value, list) else literal(value)
            self.connection.execute(f"set variable {name} = {written}")

    def _run(self, scripts: Iterable[str]) -> None:
        run_scripts(self.connection, scripts, self.words)


def load_lists(connection: duckdb.DuckDBPyConnection, words: Words = CHINESE) -> None:
    """Load the fixed lists as tables `list_<name>`, rows numbered as in their files."""
    folder = resources.files(__package__) / "lists"
    for name in LISTS:
        table, source = ident(f"list_{name}"), literal(str(folder / f"{name}.csv"))
        connection.execute(
            f"create table {table} as select row_number() over () as row_no, * from read_csv({source}, header = true)"
        )
        if words is not CHINESE:
            _translate(connection, name, table, words)


def _translate(connection: duckdb.DuckDBPyConnection, name: str, table: str, words: Words) -> None:
    found = connection.execute(f"from {table} order by row_no")
    columns = [column for column, *_ in found.description or ()]
    rows = [words.row(name, dict(zip(columns, row, strict=True))) for row in found.fetchall()]
    connection.execute(f"delete from {table}")
    marks = ", ".join("?" for _ in columns)
    connection.executemany(f"insert into {table} values ({marks})", [list(row.values()) for row in rows])


def run_scripts(connection: duckdb.DuckDBPyConnection, scripts: Iterable[str], words: Words = CHINESE) -> None:
    """Run SQL scripts of this package by name."""
    for script in scripts:
        sql = (resources.files(__package__) / "sql" / f"{script}.sql").read_text(encoding="utf-8")
        connection.execute(words.script(sql))


@contextmanager
def open_generator(settings: DemoFile, temp: Path) -> Iterator[Generator]:
    """Open a generator that spills below `temp`."""
    connection = connect(temp=temp)
    try:
        yield Generator(settings, connection)
    finally:
        connection.close()


def first_day(settings: DemoFile) -> datetime.date:
    """First day of the history: `days` days that end on the first business date."""
    return settings.business_date - datetime.timedelta(days=settings.days - 1)
