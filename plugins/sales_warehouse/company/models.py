"""What a company's folder may say: one model for each of its files.

Field descriptions are what the documentation and the error messages print.
"""

from __future__ import annotations

import datetime
import re
from decimal import Decimal
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, StringConstraints, ValidationInfo, field_validator, model_validator

from sales_warehouse.company.alerts import AlertsFile, LeftOutRule
from sales_warehouse.company.analyses import AnalysesFile
from sales_warehouse.company.base import Label, Model
from sales_warehouse.company.calendar import CalendarFile, clock_time
from sales_warehouse.company.comparisons import ComparisonsFile
from sales_warehouse.company.dealers import DealersFile
from sales_warehouse.company.funnel import FunnelFile
from sales_warehouse.company.lifecycle import LifecycleFile, Name
from sales_warehouse.company.needs import NeedsFile
from sales_warehouse.company.playbooks import PlaybooksFile
from sales_warehouse.company.segments import SegmentsFile
from sales_warehouse.company.situations import Situations
from sales_warehouse.company.targets import TargetsFile
from sales_warehouse.company.webhooks import WebhooksFile
from sales_warehouse.contracts import UNREAD, VERSION
from sales_warehouse.metrics.registry import MetricsFile

Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Normaliser = Literal[
    "text", "integer", "money", "boolean", "date", "timestamp", "phone", "email", "uscc", "region", "province"
]


# --- company.yml -----------------------------------------------------------------------------------------------


class CompanyFile(Model):
    """company.yml: who the company is and how it counts."""

    company_id: Name = Field(description="short name; its state lives in a folder of this name")
    name: Label
    currency: Currency = Field(description="reporting currency, ISO 4217")
    time_zone: str = Field(description="IANA time zone of the business day, e.g. Asia/Shanghai")
    country: str = Field(pattern=r"^[A-Z]{2}$", description="ISO 3166-1 alpha-2, for phones and holidays")
    language: Literal["en", "zh"] = "en"
    business_date: Literal["yesterday"] | datetime.date = Field(
        default="yesterday", description="`yesterday` in the time zone of the company, or a fixed date"
    )
    earliest_date: datetime.date = Field(
        default=datetime.date(2000, 1, 1), description="events before this day are refused as impossible"
    )
    exchange_rates: dict[Currency, Annotated[float, Field(ge=1e-8, lt=1e8)]] = Field(
        default_factory=dict,
        description="units of the reporting currency for one unit of another, of which twelve decimals count",
    )
    channels: dict[str, Label] = Field(default_factory=dict, description="names of the sales channels")
    teams: dict[str, Label] = Field(default_factory=dict, description="teams of sellers, as their records call them")
    keep_versions: int = Field(default=3, ge=2, description="published versions kept for rollback")
    keep_nights: int | None = Field(default=None, ge=1, description="days that a night can be run again; default: all")
    pages_address: str | None = Field(
        default=None, description="address of Airflow's UI as people reach it, for links in messages; default: no links"
    )

    @field_validator("pages_address")
    @classmethod
    def _reachable(cls, value: str | None) -> str | None:
        parts = urlsplit(value) if value else None
        if parts and (parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.username):
            raise ValueError("not an address of pages, e.g. https://airflow.example.com; no password, no `?`")
        return value

    @field_validator("exchange_rates")
    @classmethod
    def _of_others(cls, value: dict[str, float], info: ValidationInfo) -> dict[str, float]:
        if (own := info.data.get("currency")) in value:
            raise ValueError(f"{own} is the reporting currency, which counts as it is: take it out")
        return value

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except Exception as error:
            raise ValueError("not a time zone of the IANA database, e.g. Asia/Shanghai or Europe/London") from error
        return value


# --- regions.yml ------------------------------------------------------------------------------------------------


class Region(Model):
    """A sales region, the provinces in it and the other ways people write it."""

    id: str = Field(min_length=1)
    name: Label
    provinces: tuple[str, ...] = Field(default=(), description="ISO 3166-2 codes, e.g. CN-SH")
    aliases: tuple[str, ...] = ()


class RegionsFile(Model):
    """regions.yml: the sales regions."""

    regions: tuple[Region, ...] = ()


# --- reconciliation.yml ----------------------------------------------------------------------------------------


class ReconciledSide(Model):
    """One of two systems that tell of the same orders."""

    source: Name
    number: Literal["order_id", "order_number", "opportunity_id"] = Field(
        default="order_number", description="column of the orders contract that both systems fill with the same number"
    )
    orders: Literal["all", "numbered", "named"] = Field(
        default="all",
        description="which of its orders are looked at: all, those with a number, or those that the other side names",
    )


class OrderReconciliation(Model):
    """Two systems that tell of the same orders, and what counts as telling the same."""

    id: Name
    name: Label
    left: ReconciledSide
    right: ReconciledSide
    amount_tolerance: Decimal = Field(default=Decimal("0.01"), ge=0, description="in the reporting currency")
    date_tolerance_days: int = Field(default=0, ge=0)
    since: datetime.date | None = Field(default=None, description="orders before this day on both sides are left out")

    @model_validator(mode="after")
    def _two_systems(self) -> OrderReconciliation:
        if self.left.source == self.right.source:
            raise ValueError("left and right are the same source; an order is reconciled between two systems")
        if self.left.orders == self.right.orders == "named":
            raise ValueError("`orders: named` on both sides leaves out what one of them misses; name it on one")
        return self


class ReconciliationFile(Model):
    """reconciliation.yml: what two systems should both know."""

    orders: tuple[OrderReconciliation, ...] = ()

    @model_validator(mode="after")
    def _unique(self) -> ReconciliationFile:
        names = [rule.id for rule in self.orders]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"the id {twice[0]!r} is there twice; each rule needs one of its own")
        return self


# --- sources/<name>.yml ----------------------------------------------------------------------------------------


class FilesConnection(Model):
    """A folder of files."""

    type: Literal["files"]
    path: str = Field(description="folder; relative to the company's folder; ${NAME} is an environment variable")


class BucketConnection(Model):
    """A bucket of an S3-compatible store; keys in the environment: ${NAME}. Without keys, those of the machine."""

    type: Literal["bucket"]
    bucket: str
    prefix: str = Field(default="", description="folder in the bucket that `files` starts from")
    endpoint: str | None = Field(default=None, description="e.g. https://oss-cn-shanghai.aliyuncs.com; absent: AWS")
    region: str | None = None
    access_key: str | None = None
    secret_key: str | None = None


class DatabaseConnection(Model):
    """A SQL database that SQLAlchemy can reach."""

    type: Literal["database"]
    url: str = Field(description="SQLAlchemy URL; keep passwords in the environment: ${NAME}")
    schema_name: str | None = Field(default=None, alias="schema")


class BearerAuth(Model):
    """A bearer token."""

    type: Literal["bearer"]
    token: str


class ApiKeyAuth(Model):
    """An API key in a header or in the query."""

    type: Literal["api_key"]
    name: str = "X-API-Key"
    value: str
    location: Literal["header", "query"] = "header"


class ClientCredentialsAuth(Model):
    """OAuth2 client credentials: a token is fetched with an id and a secret, and renewed when it ends."""

    type: Literal["oauth2_client_credentials"]
    token_url: str
    client_id: str
    client_secret: str
    scope: str | None = None
    params: dict[str, str] = Field(default_factory=dict, description="further fields of the request, e.g. audience")
    send_secret_in: Literal["body", "header"] = Field(default="body", description="header: HTTP Basic")
    timeout_seconds: float = Field(default=30, gt=0)
    attempts: int = Field(default=5, ge=1, le=20)


class RestConnection(Model):
    """A REST API that answers JSON."""

    type: Literal["rest"]
    base_url: str
    auth: Annotated[BearerAuth | ApiKeyAuth | ClientCredentialsAuth, Field(discriminator="type")] | None = None
    headers: dict[str, str] = Field(default_factory=dict)
    timeout_seconds: float = Field(default=30, gt=0)
    attempts: int = Field(default=5, ge=1, le=20, description="tries of one request before the source counts as down")
    requests_per_second: float | None = Field(
        default=None, gt=0, description="never faster; absent: as fast as it goes"
    )
    largest_page_megabytes: float = Field(default=100, gt=0, description="an answer that is larger is refused")


class DltConnection(Model):
    """Any dlt source that is installed; its resources are the tables, by name."""

    type: Literal["dlt"]
    source: str = Field(
        pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*$",
        description="package.module:function of a function with @dlt.source or @dlt.resource",
    )
    arguments: dict[str, Any] = Field(default_factory=dict, description="what it is called with; ${NAME} in any text")


Connection = Annotated[
    FilesConnection | BucketConnection | DatabaseConnection | RestConnection | DltConnection,
    Field(discriminator="type"),
]


class Pagination(Model):
    """How a REST API cuts its answers into pages."""

    type: Literal["none", "page", "offset", "cursor", "link"] = "none"
    parameter: str | None = Field(default=None, description="query parameter of the page, offset or cursor")
    first: int = Field(default=1, description="number of the first page")
    size_parameter: str | None = None
    size: int = Field(default=100, ge=1)
    cursor_path: str | None = Field(default=None, description="JSON path of the next cursor or link in the answer")
    total_path: str | None = Field(default=None, description="JSON path of the total, where the answer has one")
    reread: bool | None = Field(
        default=None,
        description="read again until nothing new comes, because records may shift while pages are read; "
        "absent: for pages and offsets whose total does not prove that nothing moved",
    )


CustomerAttribute = Literal[
    "name", "uscc", "industry", "region", "province", "city", "size_band", "owner_rep_id", "addressable"
]

ContactAttribute = Literal["contact_name", "contact_employer", "contact_title", "contact_role"]
Attribute = Literal[CustomerAttribute, ContactAttribute]  # one list, so that a mistake is told once


class CustomerEvidence(Model):
    """From which probability on two customer records are one company."""

    merge_above: float = Field(default=0.95, strict=True, gt=0.5, lt=1, description="two records are one")
    review_above: float = Field(
        default=0.5, strict=True, gt=0, lt=1, description="from here to `merge_above` a person decides"
    )
    shared_limit: int = Field(
        default=5, strict=True, ge=1, description="customers, or people, that may have one address or code"
    )

    @model_validator(mode="after")
    def _ordered(self) -> CustomerEvidence:
        if self.review_above > self.merge_above:
            raise ValueError("review_above lies above merge_above: there would be nothing to review")
        return self


class Survivorship(Model):
    """Which of several records of one customer or person says what counts; deleted records speak last."""

    rule: Literal["newest", "oldest", "most_common"] = "newest"
    prefer: tuple[str, ...] = Field(default=(), description="sources that speak before all others, in this order")


class GoldenRecord(Survivorship):
    """Where the values of a customer or person come from, and for which attributes another rule holds."""

    attributes: dict[Attribute, Survivorship] = Field(default={}, description="attributes of their own rule")

    def of(self, attribute: Attribute) -> Survivorship:
        """Return the rule of an attribute."""
        return self.attributes.get(attribute, self)


class IdentityFile(Model):
    """identity.yml: how records of one company or one person are told, and which of them speaks for a customer."""

    customers: CustomerEvidence = CustomerEvidence()
    golden_record: GoldenRecord = GoldenRecord()


class Table(Model):
    """A table of a source: files of one shape, a database table, or a REST resource."""

    columns: tuple[str, ...] = Field(min_length=1, description="the columns as the source promises them")
    # files
    files: str | None = Field(default=None, description="glob below the connection's path")
    format: Literal["csv", "tsv", "jsonl", "json", "excel", "parquet"] | None = None
    encoding: Literal["utf-8", "utf-16", "gb18030", "windows-1252", "auto"] = "utf-8"
    delimiter: str = Field(default=",", min_length=1, max_length=1, description="of csv; tsv has a tab")
    quote: str = Field(default='"', min_length=1, max_length=1)
    drift: Literal["refuse", "known", "adopt"] = Field(
        default="adopt",
        description="a header that differs: refuse the file; take what is known and leave missing columns empty; or "
        "take new columns too and refuse only what lacks a promised one",
    )
    sheet: int | str = 0
    header_row: int = Field(default=1, ge=1, description="row of the header in an Excel sheet, 1-based")
    # databases
    table: str | None = None
    cursor: str | None = Field(default=None, description="column that grows with every change; absent: whole table")
    overlap_minutes: int = Field(default=60, ge=0, description="how far to look back behind the cursor")
    overlap_numbers: int = Field(
        default=1_000, ge=0, description="the same for a cursor that is a number: numbers are committed late, too"
    )
    deletes: Literal["full_key_comparison"] | None = Field(
        default=None, description="how rows that were removed are noticed: every visit compares all keys; needs `key`"
    )
    most_deletes_share: float = Field(
        default=0.2, gt=0, le=1, description="more of the known records gone at once is refused, as a mistake"
    )
    # REST
    path: str | None = None
    records: str | None = Field(
        default=None, description="JSON path of the records in an answer or a JSON document; absent: the root"
    )
    params: dict[str, str] = Field(default_factory=dict)
    cursor_parameter: str | None = Field(default=None, description="query parameter that takes the cursor")
    until_parameter: str | None = Field(
        default=None, description="query parameter that takes the moment of the visit, so that the pages have an end"
    )
    pagination: Pagination = Pagination()
    # dlt
    cursor_type: Literal["text", "integer", "decimal", "moment", "date"] | None = Field(
        default=None, description="of the cursor, as the dlt source gives it; absent: like its own initial_value"
    )
    # any
    key: tuple[str, ...] = Field(default=(), description="columns that say which rows are versions of one record")

    @model_validator(mode="before")
    @classmethod
    def _separated_by_tabs(cls, data: object) -> object:
        is_tsv = isinstance(data, dict) and data.get("format") == "tsv"
        return {"delimiter": "\t", **data, "format": "csv"} if is_tsv and isinstance(data, dict) else data

    @model_validator(mode="after")
    def _keyed(self) -> Table:
        if self.deletes and not (self.key and set(self.key) <= set(self.columns)):
            raise ValueError(
                "deletes: full_key_comparison needs `key`, the columns that identify a row, among `columns`"
            )
        return self

    @field_validator("columns")
    @classmethod
    def _distinct(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        folded = [name.casefold() for name in value]
        twice = sorted({name for name in value if folded.count(name.casefold()) > 1})
        if twice:
            raise ValueError(f"named twice: {', '.join(twice)} (upper and lower case do not differ)")
        return value


_NUMBER, _NO_ZEROS = "%-?[YymdejHIMSfgn]", "(%-[ymdjHIMS]|%e)"  # parts of a format of a date or time


class ColumnMapping(Model):
    """How a column of the contract is made."""

    expression: str = Field(alias="from", description="SQL expression over the landed columns")
    normalise: Normaliser | None = None
    format: str | None = Field(default=None, description="strptime format of a date or timestamp")
    zone: str | None = Field(default=None, description="IANA zone of a timestamp without one; default: the company's")
    values: dict[str, str] = Field(default_factory=dict, description="source value → contract value")
    otherwise: str | None = Field(default=None, description="what a value outside `values` becomes; absent: refused")
    of: str | None = Field(default=None, description="source whose ids these are; default: this source")

    @field_validator("format")
    @classmethod
    def _known_format(cls, value: str | None) -> str | None:
        told = set(format_specifiers(value or ""))
        if unknown := sorted(told - set("YymbBdejHIMSfgnpzZaAq%")):
            raise ValueError(f"%{unknown[0]} is no part of a date or time; say %Y-%m-%d %H:%M:%S, for example")
        if value and not (told & set("Yy") and ("j" in told or (told & set("mbB") and told & set("de")))):
            raise ValueError("a year, a month and a day are needed")
        if re.search(f"{_NO_ZEROS}{_NUMBER}|{_NUMBER}{_NO_ZEROS}", value or ""):
            raise ValueError("a part without zeros (%-d, %e) touches another one: nobody can tell where it ends")
        if "I" in told and "p" not in told:
            raise ValueError("%I is an hour of twelve and needs %p; %H is one of twenty-four")
        return value

    @property
    def has_zone(self) -> bool:
        """Tell whether the format says the zone of a moment."""
        return bool(set(format_specifiers(self.format or "")) & {"z", "Z"})


def format_specifiers(text: str) -> list[str]:
    """Return the letters after the percent signs of a strptime format; a doubled sign is one."""
    return re.findall("%-?(.)", text, re.DOTALL)


class Join(Model):
    """A table of the same source, joined by its latest row per key."""

    table: str
    key: tuple[str, ...] = Field(min_length=1)
    on: str


class Mapping(Model):
    """How rows of a source become rows of a contract."""

    entity: str
    table: str = Field(alias="from")
    each: str | None = Field(
        default=None,
        description="column that holds a JSON list; every element is a row with `item` (JSON) and `item_number`",
    )
    joins: tuple[Join, ...] = ()
    where: str | None = Field(default=None, description="rows that do not satisfy it are counted as excluded")
    deleted: str | None = Field(
        default=None, description="rows that satisfy it say that their record is gone; only their key has to be right"
    )
    version: ColumnMapping | None = Field(
        default=None,
        description="moment that tells how new a row is, such as a day in the name of its file; absent: the column of "
        "the contract that tells it, such as updated_at; then as they land",
    )
    distinct: bool = Field(default=False, description="equal rows become one, and are counted as folded")
    columns: dict[str, ColumnMapping]

    @field_validator("columns", mode="before")
    @classmethod
    def _short_form(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        return {name: {"from": item} if isinstance(item, str) else item for name, item in value.items()}

    @field_validator("version", mode="before")
    @classmethod
    def _short_version(cls, value: object) -> object:
        return {"from": value} if isinstance(value, str) else value

    @property
    def made(self) -> dict[str, ColumnMapping]:
        """The columns that the mapping makes, the version of the row among them."""
        return self.columns | ({VERSION.name: self.version} if self.version else {})


NEEDED_FIELDS = {
    "files": ("files", "format"), "bucket": ("files", "format"), "database": ("table",), "rest": ("path",), "dlt": (),
}  # fmt: skip


class Source(Model):
    """sources/<name>.yml: one system of the company."""

    source: Name
    label: Label
    owner: str
    expected_within_hours: float = Field(gt=0, description="older than this, the source counts as stale")
    deadline: Annotated[datetime.time | Literal["closing"] | None, BeforeValidator(clock_time)] = Field(
        default=None,
        description="on workdays, the events of the day have to be in by then: 18:00 on the spot, or `closing`, when "
        "the company closes by its calendar",
    )
    micro_batch: bool = Field(default=False, description="also read between the nights, by the DAG `micro_batch`")
    keep_originals: bool = Field(
        default=True, description="keep the bytes of files beside what was read of them (compressed), for quarantine"
    )
    connection: Connection
    tables: dict[str, Table] = Field(min_length=1)
    mappings: tuple[Mapping, ...] = Field(min_length=1)

    @property
    def is_in_files(self) -> bool:
        """Tell a source that hands over files from one that is asked, and tells what it has by then."""
        return self.connection.type in ("files", "bucket")

    @property
    def is_read_often(self) -> bool:
        """Tell a source that is read between the nights, or asked, from one whose files come once a day."""
        return self.micro_batch or not self.is_in_files

    @property
    def tells_payments(self) -> bool:
        """Tell a source that says when its orders were paid: of its mappings of orders one gives `paid_at`, and each
        that gives a status does; beside one that does not, a missing moment says nothing.
        """
        orders = [mapping.columns.keys() for mapping in self.mappings if mapping.entity == "orders"]
        return any("paid_at" in given for given in orders) and all(
            "paid_at" in given for given in orders if "status" in given
        )

    @property
    def readings(self) -> tuple[Mapping, ...]:
        """The mappings, and for each table that none reads one that lets nothing in: its rows are counted, too."""
        read = {mapping.table for mapping in self.mappings}
        unread = [name for name in self.tables if name not in read]
        nothing = [{"entity": UNREAD + name, "from": name, "where": "false", "columns": {}} for name in unread]
        return (*self.mappings, *map(Mapping.model_validate, nothing))

    @model_validator(mode="after")
    def _tables_fit_connection(self) -> Source:
        needed = NEEDED_FIELDS[self.connection.type]
        for name, table in self.tables.items():
            if table.deletes and self.connection.type != "database":
                raise ValueError(f"table {name}: deletes: {table.deletes} is for databases; elsewhere map `deleted`")
            missing = [field for field in needed if getattr(table, field) is None]
            if missing:
                raise ValueError(f"table {name}: {' and '.join(missing)} is needed for a {self.connection.type} source")
        return self


# --- demo.yml --------------------------------------------------------------------------------------------------


class DemoFile(Model):
    """demo.yml: the size and the faults of the generated company."""

    seed: int = 20260101
    language: Literal["zh", "en"] = Field(default="zh", description="of names, words and columns in the systems")
    customers: int = Field(default=300, ge=10)
    days: int = Field(default=180, ge=30)
    business_date: datetime.date = datetime.date(2026, 6, 28)
    orders_per_day: float = Field(default=60, gt=0)
    scale: float = Field(default=1, gt=0, description="multiplies customers and orders_per_day")
    dirty_rate: float = Field(default=0.05, ge=0, le=0.9)
    situations: Situations = Field(
        default_factory=Situations, description="what is planted; nothing makes a quiet world"
    )

    @property
    def customer_count(self) -> int:
        """Customers of the CRM when the history begins."""
        return max(10, round(self.customers * self.scale))

    @property
    def daily_orders(self) -> float:
        """Orders of the web shop on an ordinary working day."""
        return self.orders_per_day * self.scale

    @property
    def dirty_share(self) -> float:
        """Share of the rows that people spoil, the situation included."""
        return self.situations.dirty_rows.rate if self.situations.dirty_rows else self.dirty_rate


# --- all together ----------------------------------------------------------------------------------------------


class Company(Model):
    """The whole folder, checked."""

    folder: str
    about: CompanyFile
    calendar: CalendarFile
    lifecycle: LifecycleFile
    segments: SegmentsFile = SegmentsFile()
    needs: NeedsFile = NeedsFile()
    dealers: DealersFile = DealersFile()
    comparisons: ComparisonsFile = ComparisonsFile()
    analyses: AnalysesFile = AnalysesFile()
    funnel: FunnelFile = FunnelFile()
    alerts: AlertsFile
    left_out_rules: tuple[LeftOutRule, ...] = ()
    left_out: tuple[str, ...] = ()  # what a night does without, rules and all else: a sentence each
    metrics: MetricsFile = MetricsFile()
    targets: TargetsFile
    playbooks: PlaybooksFile
    regions: RegionsFile
    sources: dict[str, Source]
    identity: IdentityFile = IdentityFile()
    webhooks: WebhooksFile = WebhooksFile()
    reconciliation: ReconciliationFile = ReconciliationFile()
    demo: DemoFile | None = None

    @property
    def company_id(self) -> str:
        return self.about.company_id
